#include "base/json_text.h"

#include <string.h>

#include "base/utf8.h"

/* ---- escapes ---- */

/* Four hex digits at text[0..4), or -1. */
static long hex4(const char *text)
{
    long value = 0;
    for (int i = 0; i < 4; i++) {
        char c = text[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* \uXXXX (or a surrogate pair) at text; its bytes go to out. Returns what it took, 0 when bad. */
static size_t unescape_unicode(uint8_t *out, size_t *out_size, const char *text, size_t size)
{
    long unit = size >= 6 ? hex4(text + 2) : -1;
    size_t taken = 6;
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        long low = size >= 12 && text[6] == '\\' && text[7] == 'u' ? hex4(text + 8) : -1;
        if (low < 0xDC00 || low > 0xDFFF)
            return 0;
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        taken = 12;
    }
    *out_size = unit < 0 ? 0 : lm_utf8_encode(out, (uint32_t)unit);
    return *out_size > 0 ? taken : 0;
}

size_t lm_json_unescape(uint8_t out[4], size_t *out_size, const char *text, size_t size)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (size < 2)
        return 0;
    if (text[1] == 'u')
        return unescape_unicode(out, out_size, text, size);
    const char *hit = text[1] ? strchr(from, text[1]) : NULL;
    if (hit == NULL)
        return 0;
    out[0] = (uint8_t)to[hit - from];
    *out_size = 1;
    return 2;
}

static bool is_half(const char *text, size_t size)
{
    long unit = size >= 6 && text[1] == 'u' ? hex4(text + 2) : -1;
    return unit >= 0xD800 && unit <= 0xDFFF;
}

size_t lm_json_unescape_all(char *to, const char *text, size_t size, size_t *halves, size_t *bad)
{
    static const uint8_t replacement[] = {0xEF, 0xBF, 0xBD}; /* U+FFFD */
    size_t out = 0;
    for (size_t at = 0; at < size;) {
        const char *slash = memchr(text + at, '\\', size - at);
        size_t run = slash == NULL ? size - at : (size_t)(slash - text) - at;
        memmove(to + out, text + at, run);
        out += run;
        at += run;
        if (at == size)
            break;
        uint8_t bytes[4];
        size_t count = 0, taken = lm_json_unescape(bytes, &count, text + at, size - at);
        if (taken == 0 && is_half(text + at, size - at)) {
            taken = 6;
            count = sizeof replacement;
            memcpy(bytes, replacement, sizeof replacement);
            ++*halves;
        }
        if (taken == 0) {
            *bad = at;
            return SIZE_MAX;
        }
        memcpy(to + out, bytes, count);
        out += count;
        at += taken;
    }
    return out;
}

/* ---- the walk ---- */

static bool fail(struct lm_json_walk *walk, const char *wrong)
{
    walk->wrong = walk->at < walk->size ? wrong : "it ends within a value";
    return false;
}

void lm_json_walk_space(struct lm_json_walk *walk)
{
    while (walk->at < walk->size && (walk->text[walk->at] == ' ' || walk->text[walk->at] == '\n' ||
                                     walk->text[walk->at] == '\t' || walk->text[walk->at] == '\r'))
        walk->at++;
}

char lm_json_walk_peek(struct lm_json_walk *walk)
{
    lm_json_walk_space(walk);
    return walk->at < walk->size ? walk->text[walk->at] : '\0';
}

const char *lm_json_text_end(const char *at, const char *end)
{
    const char *start = at, *quote;
    while (at < end && (quote = memchr(at, '"', (size_t)(end - at))) != NULL) {
        const char *slash = quote;
        while (slash > start && slash[-1] == '\\')
            slash--;
        if ((quote - slash) % 2 == 0)
            return quote;
        at = quote + 1;
    }
    return NULL;
}

/* A string from its quote on. */
static bool take_string(struct lm_json_walk *walk, struct lm_json_span *out)
{
    const char *start = walk->text + walk->at + 1;
    const char *quote = lm_json_text_end(start, walk->text + walk->size);
    if (quote == NULL) {
        walk->wrong = "a string is not closed";
        return false;
    }
    const size_t size = (size_t)(quote - start);
    *out = (struct lm_json_span){.kind = '"',
                                 .at = walk->at + 1,
                                 .size = size,
                                 .has_escapes = memchr(start, '\\', size) != NULL};
    walk->at += size + 2;
    return true;
}

/* A number or a word. */
static bool take_word(struct lm_json_walk *walk, struct lm_json_span *out)
{
    static const struct {
        const char *word;
        char kind;
    } words[] = {{"true", 't'}, {"false", 't'},    {"null", 'n'},
                 {"NaN", '0'},  {"Infinity", '0'}, {"-Infinity", '0'}};

    size_t start = walk->at;
    const char *text = walk->text + start;
    size_t left = walk->size - start;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t length = strlen(words[i].word);
        if (left < length || memcmp(text, words[i].word, length) != 0)
            continue;
        walk->at += length;
        *out = (struct lm_json_span){.kind = words[i].kind, .at = start, .size = length};
        return true;
    }
    size_t length = 0;
    while (length < left && text[length] != '\0' && strchr("+-.0123456789eE", text[length]) != NULL)
        length++;
    bool is_number = length > 0 && (text[0] == '-' || (text[0] >= '0' && text[0] <= '9')) &&
                     text[length - 1] >= '0' && text[length - 1] <= '9';
    if (!is_number)
        return fail(walk, "no JSON value");
    walk->at += length;
    *out = (struct lm_json_span){.kind = '0', .at = start, .size = length};
    return true;
}

bool lm_json_walk_next(struct lm_json_walk *walk, bool is_first, struct lm_json_span *key,
                       bool *is_end)
{
    char close = key != NULL ? '}' : ']';
    if (is_first)
        walk->at++;
    char c = lm_json_walk_peek(walk);
    *is_end = c == close;
    if (*is_end) {
        walk->at++;
        return true;
    }
    if (!is_first) {
        if (c != ',')
            return fail(walk, key != NULL ? "no comma or } follows" : "no comma or ] follows");
        walk->at++;
        c = lm_json_walk_peek(walk);
    }
    if (key == NULL)
        return walk->at < walk->size ? true : fail(walk, "");
    if (c != '"')
        return fail(walk, "a member's name must stand in quotes");
    if (!take_string(walk, key))
        return false;
    if (lm_json_walk_peek(walk) != ':')
        return fail(walk, "no colon follows a member's name");
    walk->at++;
    return true;
}

/* A container from its bracket on, without recursion: a bit a level says whether it is an object.
 */
static bool take_container(struct lm_json_walk *walk)
{
    uint64_t objects[LM_JSON_DEEPEST / 64];
    size_t depth = 0;
    bool is_first = true;
    struct lm_json_span key, inner;
    for (;;) {
        if (is_first) {
            uint64_t bit = (uint64_t)1 << depth % 64;
            objects[depth / 64] = (depth % 64 == 0 ? 0 : objects[depth / 64] & (bit - 1)) |
                                  (walk->text[walk->at] == '{' ? bit : 0);
            depth++;
        }
        bool is_end = false;
        bool is_object = (objects[(depth - 1) / 64] >> (depth - 1) % 64 & 1) != 0;
        if (!lm_json_walk_next(walk, is_first, is_object ? &key : NULL, &is_end))
            return false;
        is_first = false;
        if (is_end) {
            if (--depth == 0)
                return true;
            continue;
        }
        char c = lm_json_walk_peek(walk);
        is_first = c == '{' || c == '[';
        if (is_first && depth == LM_JSON_DEEPEST)
            return fail(walk, "it is nested too deeply");
        if (!is_first && !(c == '"' ? take_string(walk, &inner) : take_word(walk, &inner)))
            return false;
    }
}

bool lm_json_walk_value(struct lm_json_walk *walk, struct lm_json_span *out)
{
    struct lm_json_span span;
    char c = lm_json_walk_peek(walk);
    size_t start = walk->at;
    bool is_fine = true;
    if (c == '{' || c == '[') {
        is_fine = take_container(walk);
        span = (struct lm_json_span){.kind = c, .at = start, .size = walk->at - start};
    } else {
        is_fine = c == '"' ? take_string(walk, &span) : take_word(walk, &span);
    }
    if (is_fine && out != NULL)
        *out = span;
    return is_fine;
}
