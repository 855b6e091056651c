#include "tokenizer/formats/text_lines.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The end of the line, and the start of the next. */
static const char *end_of_line(const char **next, const char *at, const char *end)
{
    const char *stop = at;
    while (stop < end && *stop != '\n' && *stop != '\r')
        stop++;
    *next = stop < end ? stop + 1 : end;
    if (*next < end && *stop == '\r' && **next == '\n')
        (*next)++;
    return stop;
}

static void split(struct lm_words *words, const char *at, const char *end)
{
    words->count = 0;
    while (words->count < LM_WORDS) {
        while (at < end && is_blank(*at))
            at++;
        if (at == end)
            return;
        const char *start = at;
        while (at < end && !is_blank(*at))
            at++;
        words->at[words->count] = start;
        words->size[words->count++] = (size_t)(at - start);
    }
}

bool lm_lines_next(struct lm_lines *lines, struct lm_words *words)
{
    words->count = 0;
    while (lines->at < lines->end && words->count == 0) {
        const char *start = lines->at, *stop = end_of_line(&lines->at, start, lines->end);
        split(words, start, stop);
        lines->number++;
    }
    return words->count > 0;
}
