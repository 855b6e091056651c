#include "text/language.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct lm_language {
    void *handle;
    const struct lm_language_plugin *plugin;
    char version[64];
};

/* Where it may lie, seen from the running program: installed and in a build; beside a test. */
static const char *const places[] = {"lmpipe-language.so", "../worker/lmpipe-language.so"};

void lm_language_place(char path[LM_LANGUAGE_PATH])
{
    char self[LM_LANGUAGE_PATH];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    size_t count = sizeof places / sizeof places[0];
    self[length > 0 ? length : 0] = '\0';
    const char *slash = strrchr(self, '/');
    for (size_t i = 0; i <= count; i++) { /* at last the first once more, which is named */
        int folder = slash != NULL ? (int)(slash + 1 - self) : 0;
        int size = snprintf(path, LM_LANGUAGE_PATH, "%.*s%s", folder, self, places[i % count]);
        if (size > 0 && size < LM_LANGUAGE_PATH && access(path, R_OK) == 0)
            return;
    }
}

static enum lm_status load(struct lm_language *out, struct lm_err *err)
{
    char path[LM_LANGUAGE_PATH];
    lm_language_place(path);
    if (access(path, R_OK) != 0)
        return lm_fail(err, LM_UNSUPPORTED,
                       "languages are told by CLD2, which this build lacks; install the package "
                       "libcld2-dev and build lmpipe again");
    out->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (out->handle == NULL)
        return lm_fail(err, LM_UNSUPPORTED,
                       "languages are told by CLD2, which cannot be loaded (%s); install the "
                       "package libcld2-0",
                       dlerror());
    lm_language_plugin_fn *plugin;
    void *symbol = dlsym(out->handle, LM_LANGUAGE_SYMBOL);
    memcpy(&plugin, &symbol, sizeof plugin);
    out->plugin = plugin != NULL ? plugin() : NULL;
    if (out->plugin == NULL || out->plugin->version != LM_LANGUAGE_PLUGIN)
        return lm_fail(err, LM_UNSUPPORTED, "%s is of another lmpipe; install lmpipe again", path);
    return LM_OK;
}

/* Without spaces, so that it is one word of a key. */
static void put_version(struct lm_language *language)
{
    size_t size = 0;
    for (const char *from = language->plugin->upstream();
         *from != '\0' && size + 1 < sizeof language->version; from++)
        if (*from > ' ')
            language->version[size++] = *from;
}

enum lm_status lm_language_open(struct lm_language **out, struct lm_err *err)
{
    struct lm_language *made = calloc(1, sizeof *made);
    if (made == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to tell languages; free some");
    enum lm_status status = load(made, err);
    if (status != LM_OK) {
        lm_language_close(made);
        return status;
    }
    put_version(made);
    *out = made;
    return LM_OK;
}

const char *lm_language_version(const struct lm_language *language)
{
    return language->version;
}

const char *lm_language_library(const struct lm_language *language)
{
    return language->plugin->library();
}

void lm_language_tell(struct lm_language_told *out, const struct lm_language *language,
                      const void *text, size_t size)
{
    language->plugin->tell(out, text, size);
}

/* "zh" is "zh" and "zh-Hant". */
static bool is_within(const char *code, const char *kept)
{
    size_t length = strlen(kept);
    return strncmp(code, kept, length) == 0 && (code[length] == '\0' || code[length] == '-');
}

double lm_language_share(const struct lm_language_told *told, const char *const *keep, size_t count)
{
    int hundredths = 0; /* whole numbers, so that sums are exact */
    for (size_t i = 0; i < LM_LANGUAGES_TOLD; i++)
        for (size_t k = 0; k < count; k++)
            if (told->codes[i][0] != '\0' && is_within(told->codes[i], keep[k])) {
                hundredths += (int)(told->shares[i] * 100 + 0.5);
                break;
            }
    return hundredths / 100.0;
}

void lm_language_close(struct lm_language *language)
{
    if (language == NULL)
        return;
    if (language->handle != NULL)
        dlclose(language->handle);
    free(language);
}
