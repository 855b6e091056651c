/** The lines of a text: what stands between newlines; behind the last newline only what is not
 *  empty is one more. */
#ifndef LM_BASE_LINES_H
#define LM_BASE_LINES_H

#include <stdbool.h>
#include <stddef.h>

/** A walk; owns nothing. */
struct lm_line_walk {
    const char *at, *end; /**< what is left */
    size_t number;        /**< of the line that was given last, from 1 on */
};

struct lm_line_walk lm_line_walk_of(const char *text, size_t size);
/** The next line without its newline, not ended by NUL; false at the end. */
bool lm_line_walk_next(struct lm_line_walk *lines, const char **line, size_t *size);
/** How many a text has. */
size_t lm_line_walk_count(const char *text, size_t size);

#endif
