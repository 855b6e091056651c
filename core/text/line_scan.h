/** The lines of a text: what stands between LF; behind the last LF of a text is no line. */
#ifndef LM_TEXT_LINE_SCAN_H
#define LM_TEXT_LINE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes text[at..at + size), without the LF. */
struct lm_line {
    size_t at, size;
};

/** A text being read; set text and size, the rest zero. */
struct lm_line_scan {
    const uint8_t *text;
    size_t size, at;
};

/** The next line; false after the last. */
bool lm_line_next(struct lm_line_scan *scan, struct lm_line *line);
/** A line without the white space at both ends (size 0: it is blank). */
struct lm_line lm_line_strip(const struct lm_line *line, const uint8_t *text);
/** Characters of well-formed UTF-8. */
int64_t lm_count_chars(const uint8_t *text, size_t size);

#endif
