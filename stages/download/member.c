#include "member.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define NAME_MAX_BYTES 900
#define COMPONENT_MAX_BYTES 255

char *lm_member_show(char out[LM_MEMBER_SHOWN], const char *name)
{
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)name; *p != '\0'; p++) {
        if (n + 8 > LM_MEMBER_SHOWN) { /* room for \xHH, "..." and NUL */
            memcpy(out + n, "...", 3);
            n += 3;
            break;
        }
        if (*p >= 0x20 && *p < 0x7f && *p != '\\')
            out[n++] = (char)*p;
        else
            n += (size_t)snprintf(out + n, 5, "\\x%02x", *p);
    }
    out[n] = '\0';
    return out;
}

/** What is wrong with a whole name, or NULL. */
static const char *name_fault(const char *name, size_t length)
{
    if (name[0] == '/')
        return "is absolute";
    if (length > NAME_MAX_BYTES)
        return "is longer than 900 bytes";
    if (lm_utf8_valid_prefix((const uint8_t *)name, length) != length)
        return "is not UTF-8";
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c < 0x20 || c == 0x7f)
            return "holds a control character";
        if (c == '\\')
            return "holds a backslash";
    }
    return NULL;
}

static const char *component_fault(const char *component, size_t length)
{
    if (length == 2 && memcmp(component, "..", 2) == 0)
        return "holds \"..\"";
    if (length > COMPONENT_MAX_BYTES)
        return "has a part longer than 255 bytes";
    return NULL;
}

enum lm_status lm_member_clean(const char **out, struct lm_arena *arena, const char *name,
                               struct lm_err *err)
{
    char shown[LM_MEMBER_SHOWN];
    size_t length = strlen(name);
    const char *fault = name_fault(name, length);
    char *clean = lm_arena_alloc(arena, length + 1);
    if (clean == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for the names of members");
    size_t n = 0;
    for (const char *p = name; fault == NULL && *p != '\0';) {
        size_t part = strcspn(p, "/");
        bool skip = part == 0 || (part == 1 && *p == '.');
        fault = component_fault(p, part);
        if (!skip) {
            if (n > 0)
                clean[n++] = '/';
            memcpy(clean + n, p, part);
            n += part;
        }
        p += part + (p[part] == '/');
    }
    if (fault == NULL && n == 0)
        fault = "is empty";
    if (fault != NULL)
        return lm_fail(err, LM_FORMAT,
                       "the name of member \"%s\" %s; unpack and check the archive by hand",
                       lm_member_show(shown, name), fault);
    clean[n] = '\0';
    *out = clean;
    return LM_OK;
}

bool lm_member_is_hidden(const char *clean)
{
    return clean[0] == '.' || strstr(clean, "/.") != NULL;
}
