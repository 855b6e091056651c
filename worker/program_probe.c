#include <dlfcn.h>
#include <stdio.h>

#include <lmpipe/model.h>

#include "programs.h"
#include "text/encoding.h"
#include "text/nfc.h"
#include "tokenizer/regex.h"
#include "web/html_tree.h"

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
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        void *symbol = dlsym(RTLD_DEFAULT, symbols[i]);
        if (symbol != NULL && dladdr(symbol, &info) != 0 && info.dli_fname != NULL)
            printf("library %s\n", info.dli_fname);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
