/** How wide text is on a terminal, without locales. */
#ifndef LM_CLI_WIDTH_H
#define LM_CLI_WIDTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** Columns of a code point: 0 for combining marks and joiners, 2 for East Asian wide and emoji
 *  (Unicode Standard Annex 11, blocks), else 1. */
size_t lm_char_width(uint32_t code_point);
/** Columns of UTF-8 text; an ill-formed byte counts 1. */
size_t lm_text_width(const char *text);
/** Bytes of the longest prefix that fits into `columns`; never cuts a character. */
size_t lm_text_fit(const char *text, size_t columns);
/** Rows and columns of the terminal that `out` is, as it is now: it may have been resized. false,
 * and neither is set: it is none, or does not say. */
bool lm_screen_size(FILE *out, size_t *rows, size_t *columns);

#endif
