#include "base/lines.h"

#include <string.h>

struct lm_line_walk lm_line_walk_of(const char *text, size_t size)
{
    return (struct lm_line_walk){text, text + size, 0};
}

bool lm_line_walk_next(struct lm_line_walk *lines, const char **line, size_t *size)
{
    if (lines->at == lines->end)
        return false;
    size_t left = (size_t)(lines->end - lines->at);
    const char *newline = memchr(lines->at, '\n', left);
    *line = lines->at;
    *size = newline != NULL ? (size_t)(newline - lines->at) : left;
    lines->at += *size + (newline != NULL);
    lines->number++;
    return true;
}

size_t lm_line_walk_count(const char *text, size_t size)
{
    struct lm_line_walk lines = lm_line_walk_of(text, size);
    const char *line;
    size_t length;
    while (lm_line_walk_next(&lines, &line, &length)) {
    }
    return lines.number;
}
