#include "tokenizer/formats/import_shared.h"

#include <stdio.h>
#include <string.h>

enum lm_status lm_import_tell(struct lm_err *err, enum lm_status status, const char *path,
                              long line)
{
    struct lm_err inner;
    char number[24] = "";
    if (err == NULL)
        return status;
    inner = *err;
    if (line > 0)
        snprintf(number, sizeof number, ":%ld", line);
    bool says = strchr(inner.text, ';') != NULL;
    return lm_fail(err, status, "%s%s: %s%s", path, number, inner.text,
                   says ? "" : "; take the file from its source again");
}

enum lm_status lm_import_text(const char **text, size_t *size, struct lm_err *err)
{
    static const char utf8[] = "\xEF\xBB\xBF";
    const unsigned char *bytes = (const unsigned char *)*text;
    bool is_wide =
        *size >= 2 && ((bytes[0] == 0xFE && bytes[1] == 0xFF) ||
                       (bytes[0] == 0xFF && bytes[1] == 0xFE) || (bytes[0] == 0 && bytes[1] == 0));
    if (is_wide)
        return lm_fail(err, LM_UNSUPPORTED,
                       "it is UTF-16 or UTF-32; write it as UTF-8, as iconv does");
    if (*size >= 3 && memcmp(*text, utf8, 3) == 0) {
        *text += 3;
        *size -= 3;
    }
    return LM_OK;
}

bool lm_is_null(const struct lm_json *value)
{
    return value == NULL || lm_json_is_null(value);
}

bool lm_is_off(const struct lm_json *value)
{
    return lm_is_null(value) || !lm_json_bool(value, true);
}

const struct lm_must lm_added_musts[] = {
    {"single_word", lm_is_off, "so that it is read between word borders only"},
    {"lstrip", lm_is_off, "so that it takes the white space before it"},
    {"rstrip", lm_is_off, "so that it takes the white space behind it"},
    {NULL, NULL, NULL},
};

enum lm_status lm_import_check(const struct lm_json *object, const struct lm_must *musts,
                               const char *what, struct lm_err *err)
{
    for (; musts->key != NULL; musts++)
        if (!musts->accept(lm_json_get(object, musts->key)))
            return lm_fail(err, LM_UNSUPPORTED,
                           "%s has \"%s\", %s; it cannot be imported so that ids stay the same",
                           what, musts->key, musts->because);
    return LM_OK;
}
