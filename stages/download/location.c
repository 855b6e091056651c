#include "location.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/url.h"

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
    return found ? (int)(found - digits) : -1;
}

/** Decodes escapes in place; false: one is no escape, or is a NUL. *bad: where. */
static bool decode(char *text, const char **bad)
{
    char *to = text;
    for (const char *p = text; *p != '\0'; p++) {
        int high = *p == '%' ? hex_digit(p[1]) : -1, low = high >= 0 ? hex_digit(p[2]) : -1;
        *bad = p;
        if (*p == '%' && (low < 0 || high * 16 + low == 0))
            return false;
        *to++ = low >= 0 ? (char)(high * 16 + low) : *p;
        p += low >= 0 ? 2 : 0;
    }
    *to = '\0';
    return true;
}

enum lm_status lm_location_of_url(struct lm_location *out, struct lm_arena *arena, const char *url,
                                  struct lm_err *err)
{
    const char *bad = NULL;
    *out = (struct lm_location){.url = url, .shown = lm_url_show(arena, url)};
    if (strncmp(url, "file://", 7) != 0)
        return LM_OK;
    const char *from = strchr(url + 7, '/');
    char *path = lm_arena_strdup(arena, from != NULL ? from : "/");
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a download");
    if (!decode(path, &bad))
        return strncmp(bad, "%00", 3) == 0
                   ? lm_fail(err, LM_INVALID, "%s: holds %%00; remove it", out->shown)
                   : lm_fail(err, LM_INVALID,
                             "%s: %% must be followed by two hex digits; write %%25 for a percent "
                             "sign",
                             out->shown);
    *out = lm_location_of_path(path);
    return LM_OK;
}

struct lm_location lm_location_of_path(const char *path)
{
    return (struct lm_location){.path = path, .shown = path};
}

/** Where host and port begin, and how many bytes they have. */
static const char *authority(const char *url, size_t *size)
{
    const char *scheme = strstr(url, "://");
    const char *begin = scheme != NULL ? scheme + 3 : url;
    size_t length = strcspn(begin, "/?#\\");
    const char *at = memrchr(begin, '@', length);
    const char *host = at != NULL ? at + 1 : begin;
    *size = length - (size_t)(host - begin);
    return host;
}

char *lm_url_host(char out[LM_HOST_MAX], const char *url)
{
    size_t size = 0;
    const char *host = authority(url, &size);
    size = size < LM_HOST_MAX - 1 ? size : LM_HOST_MAX - 1;
    for (size_t i = 0; i < size; i++)
        out[i] = host[i] >= 'A' && host[i] <= 'Z' ? (char)(host[i] - 'A' + 'a') : host[i];
    out[size] = '\0';
    return out;
}

bool lm_url_keeps_secrets(const char *url)
{
    static const char *const here[] = {"127.0.0.1", "localhost", "[::1]"};
    char host[LM_HOST_MAX];
    if (strncmp(url, "https://", 8) == 0)
        return true;
    lm_url_host(host, url);
    for (size_t i = 0; i < sizeof here / sizeof here[0]; i++) {
        size_t n = strlen(here[i]);
        if (strncmp(host, here[i], n) == 0 && (host[n] == '\0' || host[n] == ':'))
            return true;
    }
    return false;
}

const char *lm_url_join(struct lm_arena *arena, const char *base, const char *name)
{
    static const char hex[] = "0123456789ABCDEF";
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._~/!$&'()*+,;=:@";
    size_t path = strcspn(base, "?#"), room = strlen(name) * 3 + 1, n = 0;
    char *escaped = lm_arena_alloc(arena, room);
    if (escaped == NULL)
        return NULL;
    for (const char *p = name; *p != '\0'; p++) {
        if (strchr(plain, *p) != NULL) {
            escaped[n++] = *p;
            continue;
        }
        escaped[n++] = '%';
        escaped[n++] = hex[(unsigned char)*p >> 4];
        escaped[n++] = hex[(unsigned char)*p & 15];
    }
    escaped[n] = '\0';
    bool ends = path > 0 && base[path - 1] == '/';
    return lm_arena_printf(arena, "%.*s%s%s%s", (int)path, base, ends ? "" : "/", escaped,
                           base + path);
}

const char *lm_url_path(struct lm_arena *arena, const char *url)
{
    const char *bad = NULL;
    size_t size = 0;
    const char *host = authority(url, &size);
    char *path = lm_arena_strndup(arena, host + size, strcspn(host + size, "?#"));
    return path != NULL && decode(path, &bad) ? path : NULL;
}
