#include "base/url.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/** Where an address's parts lie. */
struct parts {
    size_t authority; /**< behind the scheme and its slashes */
    size_t host;      /**< behind the '@'; == authority when there is no user information */
    size_t query;     /**< of the '?' or '#' */
};

/** A colon in a host that no port follows: what looks like a host may be a name and a password in
 *  which a '/' or '?' was not escaped. */
static bool has_odd_port(const char *host, size_t length)
{
    const char *colon = length > 0 && host[0] != '[' ? memchr(host, ':', length) : NULL;
    for (const char *p = colon ? colon + 1 : NULL; p != NULL && p < host + length; p++)
        if (*p < '0' || *p > '9')
            return true;
    return false;
}

static struct parts take_apart(const char *url)
{
    const char *scheme = strstr(url, "://");
    struct parts parts = {.authority = scheme != NULL ? (size_t)(scheme - url) + 3 : 0};
    const char *authority = url + parts.authority;
    size_t length = strcspn(authority, "/?#\\");
    const char *at = memrchr(authority, '@', length), *host = at != NULL ? at + 1 : authority;
    parts.host = parts.authority;
    /* Without "://", all of it is suspect. */
    if (scheme == NULL || has_odd_port(host, length - (size_t)(host - authority)))
        at = strrchr(authority, '@');
    if (at != NULL)
        parts.host = (size_t)(at + 1 - url);
    bool is_file = strncasecmp(url, "file://", 7) == 0;
    parts.query =
        parts.host + (is_file ? strlen(url + parts.host) : strcspn(url + parts.host, "?#"));
    return parts;
}

const char *lm_url_query(const char *url)
{
    const char *query = url + take_apart(url).query;
    return *query == '?' ? query : url + strlen(url);
}

const char *lm_url_show(struct lm_arena *arena, const char *url)
{
    struct parts parts = take_apart(url);
    bool has_user = parts.host > parts.authority, has_query = url[parts.query] == '?';
    const char *shown =
        lm_arena_printf(arena, "%.*s%s%.*s%s", (int)parts.authority, url, has_user ? "***@" : "",
                        (int)(parts.query - parts.host), url + parts.host, has_query ? "?***" : "");
    return shown != NULL ? shown : "***";
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
    return found ? (int)(found - digits) : -1;
}

const char *lm_url_file(struct lm_arena *arena, const char *url)
{
    const char *p = url + strlen("file://");
    if (strncasecmp(url, "file://", 7) != 0)
        return NULL;
    if (strncasecmp(p, "localhost/", 10) == 0)
        p += 9;
    char *out = p[0] == '/' ? lm_arena_strdup(arena, p) : NULL, *to = out;
    for (; out != NULL && *p != '\0'; p++) {
        int high = *p == '%' ? hex_digit(p[1]) : -1, low = high >= 0 ? hex_digit(p[2]) : -1;
        *to++ = low >= 0 ? (char)(high * 16 + low) : *p;
        p += low >= 0 ? 2 : 0;
    }
    if (out != NULL)
        *to = '\0';
    return out;
}

bool lm_url_is_masked(const char *url)
{
    struct parts parts = take_apart(url);
    const char *user = url + parts.authority, *query = url + parts.query;
    return (parts.host == parts.authority + 4 && strncmp(user, "***@", 4) == 0) ||
           strcmp(query, "?***") == 0;
}

/** Does text[0..length) consist of ${env.NAME} alone? */
static bool is_reference(const char *text, size_t length)
{
    const char *end = text + length, *close = text;
    for (; text < end; text = close + 1) {
        close = memchr(text, '}', (size_t)(end - text));
        if (close == NULL || strncmp(text, "${env.", 6) != 0)
            return false;
    }
    return true;
}

/** The same for every part between `separators`; `named`: behind its "name=". */
static bool are_references(const char *text, size_t length, const char *separators, bool named)
{
    for (const char *end = text + length; text < end;) {
        size_t span = strcspn(text, separators), room = (size_t)(end - text);
        size_t part = span < room ? span : room;
        const char *equals = named ? memchr(text, '=', part) : NULL;
        size_t name = equals != NULL ? (size_t)(equals + 1 - text) : 0;
        if (!is_reference(text + name, part - name))
            return false;
        text += part < room ? part + 1 : room;
    }
    return true;
}

bool lm_url_is_by_reference(const char *written)
{
    struct parts parts = take_apart(written);
    size_t user = parts.host - parts.authority;
    const char *query = written + parts.query;
    return are_references(written + parts.authority, user > 0 ? user - 1 : 0, ":", false) &&
           are_references(query, strcspn(query, "#"), "?&;", true);
}
