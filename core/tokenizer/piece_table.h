/**
 * Distinct pieces of text with how often each was met (64-bit counts); open addressing.
 *
 * A piece of up to 15 bytes, as nearly all are, lies in its slot: two words to compare, no second
 * place to look. Pieces come many at a time, so that their slots are on the way from memory
 * before they are looked at.
 */
#ifndef LM_TOKENIZER_PIECE_TABLE_H
#define LM_TOKENIZER_PIECE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define LM_PIECE_BATCH 64 /**< pieces that are added at once */

/** A piece as one slot holds it.
 *  Up to 15 bytes: the bytes, little-endian, zeros behind them, the size in the highest byte.
 *  Longer: the hash; 255 in the highest byte over where its size (8 bytes) and bytes lie. */
struct lm_piece {
    uint64_t key[2];
    int64_t count; /**< 0: an empty slot */
};

/** Zero-initialise. */
struct lm_piece_table {
    struct lm_piece *slots;
    size_t count, capacity; /**< pieces, slots (a power of two) */
    unsigned shift;         /**< a search starts at hash >> shift */
    struct lm_buf longs;    /**< sizes and bytes of pieces that do not fit a slot */
};

void lm_piece_table_release(struct lm_piece_table *table);

/** Counts pieces of the document text[0..size): piece i ends at ends[i] and starts where piece
 *  i - 1 ends, the first at `start`; count ≤ LM_PIECE_BATCH. Those of one byte, which hold no pair,
 *  and of more than `longest` are left out. False when memory is out. */
bool lm_piece_table_add(struct lm_piece_table *table, const uint8_t *text, size_t size,
                        size_t start, const size_t *ends, size_t count, size_t longest);

/** Adds `times` ≥ 1 to the count of one piece of any size ≥ 1. False when memory is out. */
bool lm_piece_table_put(struct lm_piece_table *table, const uint8_t *piece, size_t size,
                        int64_t times);

/** Bytes the table may take while another batch is added. */
size_t lm_piece_table_need(const struct lm_piece_table *table);

/** Packs the pieces to slots[0..count), ascending by lm_piece_compare. Then only clear or release
 * it. */
void lm_piece_table_sort(struct lm_piece_table *table);

/** Forgets the pieces, keeps the memory. */
void lm_piece_table_clear(struct lm_piece_table *table);

/** Bytes of a piece and their number; small ones are written to `small`. `longs` is the buffer
 *  that its key points into. */
const uint8_t *lm_piece_bytes(const struct lm_piece *piece, const char *longs, uint8_t small[16],
                              size_t *size);

/** Total order of pieces, by hash first, that depends on their bytes alone: <0, 0, >0. */
int lm_piece_compare(const struct lm_piece *a, const char *longs_of_a, const struct lm_piece *b,
                     const char *longs_of_b);

static inline bool lm_piece_is_long(const struct lm_piece *piece)
{
    return piece->key[1] >> 56 == 255;
}

#endif
