/** Is a text well-formed XML, as far as our own writers go? Tags balance, attributes are quoted
 *  and unique enough, only the five entities and numeric references occur, no control characters.
 */
#ifndef LM_TESTS_WELLFORMED_H
#define LM_TESTS_WELLFORMED_H

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { WELLFORMED_DEPTH = 64 };

struct wellformed {
    const char *at;
    const char *names[WELLFORMED_DEPTH];
    size_t lengths[WELLFORMED_DEPTH], depth, elements;
};

static inline bool wellformed_entity(struct wellformed *x)
{
    static const char *const names[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strncmp(x->at, names[i], strlen(names[i])) == 0) {
            x->at += strlen(names[i]);
            return true;
        }
    }
    return false;
}

/* Characters up to one of `ends`, none of them '<' or a control character. */
static inline bool wellformed_text(struct wellformed *x, const char *ends)
{
    while (*x->at != '\0' && strchr(ends, *x->at) == NULL) {
        unsigned char c = (unsigned char)*x->at;
        if (c == '&') {
            if (!wellformed_entity(x))
                return false;
            continue;
        }
        if (c == '<' || c == 0x7f || (c < 0x20 && c != '\n' && c != '\t'))
            return false;
        x->at++;
    }
    return true;
}

static inline size_t wellformed_name(struct wellformed *x)
{
    const char *start = x->at;
    while (isalnum((unsigned char)*x->at) || strchr(":-_", *x->at) != NULL) {
        if (*x->at == '\0')
            break;
        x->at++;
    }
    return (size_t)(x->at - start);
}

static inline bool wellformed_attributes(struct wellformed *x)
{
    while (isspace((unsigned char)*x->at)) {
        while (isspace((unsigned char)*x->at))
            x->at++;
        if (*x->at == '/' || *x->at == '>')
            break;
        if (wellformed_name(x) == 0 || strncmp(x->at, "=\"", 2) != 0)
            return false;
        x->at += 2;
        if (!wellformed_text(x, "\"") || *x->at++ != '"')
            return false;
    }
    return true;
}

static inline bool wellformed_close(struct wellformed *x)
{
    const char *name = x->at;
    size_t length = wellformed_name(x);
    if (x->depth == 0 || *x->at++ != '>')
        return false;
    x->depth--;
    return length == x->lengths[x->depth] && memcmp(name, x->names[x->depth], length) == 0;
}

static inline bool wellformed_open(struct wellformed *x)
{
    const char *name = x->at;
    size_t length = wellformed_name(x);
    x->elements++;
    if (length == 0 || !wellformed_attributes(x) || x->depth == WELLFORMED_DEPTH)
        return false;
    if (strncmp(x->at, "/>", 2) == 0) {
        x->at += 2;
        return true;
    }
    x->names[x->depth] = name;
    x->lengths[x->depth++] = length;
    return *x->at++ == '>';
}

/** True when all of `text` is well-formed; *elements counts them. On failure *where points at it.
 */
static inline bool is_wellformed(const char *text, size_t *elements, const char **where)
{
    struct wellformed x = {.at = text};
    bool is_good = true;
    if (strncmp(x.at, "<!DOCTYPE html>", 15) == 0)
        x.at += 15;
    if (strncmp(x.at, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>", 38) == 0)
        x.at += 38;
    while (is_good && *x.at != '\0') {
        is_good = wellformed_text(&x, "<");
        if (is_good && *x.at == '<') {
            x.at++;
            bool is_close = *x.at == '/';
            x.at += is_close;
            is_good = is_close ? wellformed_close(&x) : wellformed_open(&x);
        }
    }
    *elements = x.elements;
    *where = x.at;
    return is_good && x.depth == 0;
}

#endif
