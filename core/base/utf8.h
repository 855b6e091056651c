/** UTF-8 by the Unicode Standard, table 3-7 (no overlongs, no surrogates, ≤ U+10FFFF). */
#ifndef LM_BASE_UTF8_H
#define LM_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Decodes one code point of data[0..size), size ≥ 1; returns its length 1..4, or 0 for an
 *  ill-formed sequence (then *code_point is the lone byte's value). */
size_t lm_utf8_decode(uint32_t *code_point, const uint8_t *data, size_t size);

/** The same, quick where text is plain: ASCII and most characters of three bytes at once. */
static inline size_t lm_utf8_read(uint32_t *code_point, const uint8_t *data, size_t size)
{
    if (data[0] < 0x80) {
        *code_point = data[0];
        return 1;
    }
    if (size > 2 && data[0] > 0xE0 && data[0] < 0xED && (data[1] & 0xC0) == 0x80 &&
        (data[2] & 0xC0) == 0x80) {
        *code_point = (data[0] & 0xFU) << 12 | (data[1] & 0x3FU) << 6 | (data[2] & 0x3FU);
        return 3;
    }
    return lm_utf8_decode(code_point, data, size);
}

/** Encodes a scalar value (≤ 0x10FFFF, no surrogate); returns 1..4, 0 when it is neither. */
size_t lm_utf8_encode(uint8_t out[4], uint32_t code_point);
/** Length of the longest well-formed prefix; == size when all is well-formed. */
size_t lm_utf8_valid_prefix(const uint8_t *data, size_t size);
/** Length of the maximal subpart (Unicode 3.9, U+FFFD substitution) of the ill-formed sequence at
 * data[0]; ≥ 1. */
size_t lm_utf8_bad_length(const uint8_t *data, size_t size);
/** Is this code point invisible, or does it change how its neighbours are laid out? Newline and tab
 *  are not. */
bool lm_utf8_is_hidden(uint32_t code_point);

#endif
