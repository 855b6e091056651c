#include <dlfcn.h>
#include <stdio.h>

#include <lmpipe/model.h>

#include "programs.h"
#include "text/encoding.h"
#include "text/language.h"
#include "text/nfc.h"
#include "tokenizer/regex.h"
#include "web/html_tree.h"

/* Its plugin may be absent: then why, instead of a version. The path is a condition of the answer
 * either way, so that it holds until the plugin comes or goes. */
static void probe_language(void)
{
    struct lm_language *language = NULL;
    struct lm_err err = {0};
    char path[LM_LANGUAGE_PATH];
    lm_language_place(path);
    printf("library %s\n", path);
    if (lm_language_open(&language, &err) != LM_OK) {
        printf("lacks cld2 %s\n", err.text);
        return;
    }
    printf("library %s\n", lm_language_library(language));
    printf("tables cld2 %s\n", lm_language_version(language));
    lm_language_close(language);
}

int lm_program_probe(int argc, char **argv)
{
    static const enum lm_numerics profiles[] = {LM_NUMERICS_BLAS, LM_NUMERICS_PORTABLE};

    /* By name: the headers of these libraries have one door each, elsewhere. */
    static const char *const symbols[] = {"cblas_sgemm", "utf8proc_version", "pcre2_config_8",
                                          "gnu_get_libc_version", "xmlCheckVersion"};

    char text[128];
    Dl_info info = {0};
    (void)argc;
    (void)argv;
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        lm_numerics_describe(text, profiles[i]);
        printf("numerics %s\n", text);
    }
    lm_nfc_version(text);
    printf("tables utf8proc %s\n", text);
    lm_encoding_version(text);
    printf("tables glibc %s\n", text);
    lm_html_version(text);
    printf("tables libxml2 %s\n", text);
    lm_regex_version(text);
    printf("tables pcre2 %s\n", text);
    probe_language();
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        void *symbol = dlsym(RTLD_DEFAULT, symbols[i]);
        if (symbol != NULL && dladdr(symbol, &info) != 0 && info.dli_fname != NULL)
            printf("library %s\n", info.dli_fname);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
