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

#endif
