/** Sixteen bytes of text at once, in plain C that compilers turn into vector code. */
#ifndef LM_TEXT_BLOCKS_H
#define LM_TEXT_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LM_BLOCK = 16 };

/** Are all of text[0..LM_BLOCK) ASCII? */
static inline bool lm_block_is_ascii(const uint8_t *text)
{
    uint64_t a, b;
    memcpy(&a, text, sizeof a);
    memcpy(&b, text + sizeof a, sizeof b);
    return ((a | b) & 0x8080808080808080u) == 0;
}

/** The same, and none is a control character but newline and tab? */
static inline bool lm_block_is_plain(const uint8_t *text)
{
    uint8_t odd[LM_BLOCK];
    uint64_t a, b;
    for (size_t i = 0; i < LM_BLOCK; i++) {
        uint8_t c = text[i];
        odd[i] = (uint8_t)((uint8_t)(c - 0x20) >= 0x5F) & (c != '\n') & (c != '\t');
    }
    memcpy(&a, odd, sizeof a);
    memcpy(&b, odd + sizeof a, sizeof b);
    return (a | b) == 0;
}

/** Eight bytes of text, the first being the lowest. */
static inline uint64_t lm_eight(const uint8_t *text)
{
    uint64_t eight;
    memcpy(&eight, text, sizeof eight);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    eight = __builtin_bswap64(eight);
#endif
    return eight;
}

#define LM_EIGHT_ONES 0x0101010101010101u
#define LM_EIGHT_TOPS 0x8080808080808080u /* what says true, in a byte */

/** Which of eight bytes of ASCII lie from `first` to `last`? */
static inline uint64_t lm_eight_within(uint64_t eight, uint8_t first, uint8_t last)
{
    return (eight + (0x80u - first) * LM_EIGHT_ONES) & ~(eight + (0x7Fu - last) * LM_EIGHT_ONES) &
           LM_EIGHT_TOPS;
}

/** Which of eight bytes of ASCII are white space? */
static inline uint64_t lm_eight_spaces(uint64_t eight)
{
    return lm_eight_within(eight, '\t', '\r') | lm_eight_within(eight, ' ', ' ');
}

/** Does "..." begin in one of the LM_BLOCK bytes? Two more are read. */
static inline bool lm_block_has_dots(const uint8_t *text)
{
    uint8_t odd[LM_BLOCK];
    uint64_t a, b;
    for (size_t i = 0; i < LM_BLOCK; i++)
        odd[i] = (uint8_t)((text[i] == '.') & (text[i + 1] == '.') & (text[i + 2] == '.'));
    memcpy(&a, odd, sizeof a);
    memcpy(&b, odd + sizeof a, sizeof b);
    return (a | b) != 0;
}

#endif
