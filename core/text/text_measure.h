/**
 * What can be counted in a text, in one pass and a sort of its lines: the raw material of rules and
 * data cards. A word is a run of characters that are not white space, except that every letter of a
 * script written without spaces (Han, Kana, Thai …) is a word by itself.
 */
#ifndef LM_TEXT_TEXT_MEASURE_H
#define LM_TEXT_TEXT_MEASURE_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "text/unicode.h"

/** Counts; characters are code points, lines are lines that are not blank. */
struct lm_text_measure {
    int64_t chars;
    int64_t visible; /**< characters that are not white space */
    int64_t letters; /**< letters and marks */
    int64_t numbers;
    int64_t replaced; /**< U+FFFD */
    int64_t symbols;  /**< '#', "..." and U+2026 */
    int64_t words;
    int64_t lines;
    int64_t line_chars;           /**< characters of all lines */
    int64_t longest_line;         /**< characters */
    int64_t short_lines;          /**< lines of at most 30 characters */
    int64_t ended_lines;          /**< lines that end in terminal punctuation */
    int64_t bullet_lines;         /**< lines that begin with a bullet, '-' or '*' */
    int64_t ellipsis_lines;       /**< lines that end in "..." or U+2026 */
    int64_t duplicate_lines;      /**< lines equal to an earlier one */
    int64_t duplicate_line_chars; /**< characters of these */
    int64_t scripts[LM_SCRIPTS];  /**< letters by script */
};

/** Adds b's counts to a's; longest_line is the larger. */
void lm_text_measure_add(struct lm_text_measure *a, const struct lm_text_measure *b);

/** Words alone, of well-formed UTF-8: what lm_text_measure counts, without its memory. */
int64_t lm_text_words(const uint8_t *text, size_t size);

/** How often "..." stands in a text, each dot counted once. */
int64_t lm_count_dots(const uint8_t *text, size_t size);

/** What can be counted without a look at each line: chars to lines, and scripts; the rest is 0. Of
 *  well-formed UTF-8. */
void lm_text_count(struct lm_text_measure *out, const uint8_t *text, size_t size);

/** Measures well-formed UTF-8. LM_NOMEM. */
enum lm_status lm_text_measure(struct lm_text_measure *out, const uint8_t *text, size_t size,
                               struct lm_err *err);

#endif
