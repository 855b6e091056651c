/* Text: the first line that differs, and of JSON lines the member. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/utf8.h"
#include "differ/differ_inside.h"

enum { CHUNK = 1 << 20, LONGEST = 1 << 22 /**< bytes of a line that are looked at */ };

/** Where a line begins. */
struct place {
    uint64_t line, begin; /**< its number from 1, its first byte */
};

static struct place find_line(const struct lm_differ_pair *pair, char *chunk)
{
    struct place place = {1, 0};
    for (uint64_t at = 0; at < pair->at;) {
        uint64_t left = pair->at - at;
        size_t got = lm_read_at(pair->fds[0], chunk, left < CHUNK ? (size_t)left : CHUNK, at);
        const char *end = chunk + got;
        for (const char *p = chunk; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++) {
            place.line++;
            place.begin = at + (uint64_t)(p - chunk) + 1;
        }
        if (got == 0)
            break;
        at += got;
    }
    return place;
}

/** A line without its end; *size SIZE_MAX: there is none. */
static char *read_line(const struct lm_differ_pair *pair, int side, uint64_t begin, size_t *size)
{
    uint64_t left = pair->sizes[side] > begin ? pair->sizes[side] - begin : 0;
    size_t want = left < LONGEST ? (size_t)left : LONGEST;
    char *text = malloc(want + 1);
    if (text == NULL)
        return NULL;
    *size = lm_read_at(pair->fds[side], text, want, begin);
    const char *end = memchr(text, '\n', *size);
    *size = end != NULL ? (size_t)(end - text) : left == 0 ? SIZE_MAX : *size;
    return text;
}

/** No NUL, and no ill-formed UTF-8 but where a line of LONGEST bytes was cut. */
static bool is_text(const char *line, size_t size)
{
    if (size == SIZE_MAX)
        return true;
    size_t cut = size == LONGEST ? 3 : 0;
    return memchr(line, '\0', size) == NULL &&
           lm_utf8_valid_prefix((const uint8_t *)line, size) + cut >= size;
}

/** Number of the character that byte `at` belongs to, from 1. */
static size_t column_of(const char *line, size_t size, size_t at)
{
    size_t column = at == size || ((unsigned char)line[at] & 0xC0) != 0x80;
    for (size_t i = 0; i < at; i++)
        column += ((unsigned char)line[i] & 0xC0) != 0x80;
    return column;
}

static void put_line(char out[LM_DIFFER_VALUE], const char *line, size_t size, size_t at)
{
    if (size == SIZE_MAX)
        snprintf(out, LM_DIFFER_VALUE, "the end of the file");
    else
        lm_differ_excerpt(out, line, size, at);
}

static bool tell_member(struct lm_differ *out, uint64_t line, const char *a, size_t x,
                        const char *b, size_t y)
{
    if (x == SIZE_MAX || y == SIZE_MAX || x == 0 || (a[0] != '{' && a[0] != '[') ||
        !lm_differ_json_texts(out, a, x, b, y))
        return false;
    char member[LM_DIFFER_PLACE];
    memcpy(member, out->place, sizeof member);
    snprintf(out->place, sizeof out->place, "line %" PRIu64 "%s%.500s", line,
             member[0] != '\0' ? ", " : "", member);
    return true;
}

static bool tell(struct lm_differ *out, uint64_t line, const char *a, size_t x, const char *b,
                 size_t y)
{
    size_t at = 0;
    if (!is_text(a, x) || !is_text(b, y))
        return false;
    if (tell_member(out, line, a, x, b, y))
        return true;
    while (x != SIZE_MAX && y != SIZE_MAX && at < x && at < y && a[at] == b[at])
        at++;
    snprintf(out->place, sizeof out->place, "line %" PRIu64, line);
    if (at > 0) {
        size_t used = strlen(out->place);
        snprintf(out->place + used, sizeof out->place - used, ", column %zu", column_of(a, x, at));
    }
    put_line(out->stored, a, x, at);
    put_line(out->now, b, y, at);
    /* the lines are equal: one of them lacks its end */
    return strcmp(out->stored, out->now) != 0;
}

bool lm_differ_lines(struct lm_differ *out, const struct lm_differ_pair *pair)
{
    size_t x = 0, y = 0;
    bool found = false;
    char *chunk = malloc(CHUNK), *a = NULL, *b = NULL;
    if (chunk != NULL) {
        struct place place = find_line(pair, chunk);
        a = read_line(pair, 0, place.begin, &x);
        b = read_line(pair, 1, place.begin, &y);
        found = a != NULL && b != NULL && tell(out, place.line, a, x, b, y);
    }
    free(chunk);
    free(a);
    free(b);
    return found;
}
