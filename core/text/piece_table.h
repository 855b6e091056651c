/** Distinct pieces of text with how often each was met (64-bit counts); open addressing. */
#ifndef LM_TEXT_PIECE_TABLE_H
#define LM_TEXT_PIECE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lm_piece {
    uint64_t hash;
    int64_t count;
    size_t offset; /**< into lm_piece_table.bytes */
    size_t size;
};

/** Zero-initialise. Pieces lie in the order they were first met. */
struct lm_piece_table {
    struct lm_piece *pieces;
    size_t count, capacity;
    uint8_t *bytes;
    size_t bytes_size, bytes_capacity;
    uint32_t *slots; /**< index of a piece + 1; 0 is empty */
    size_t slot_mask;
};

/** Counts a piece of size ≥ 1 `times` more; false when memory is out (or 2^32 - 1 pieces are
 * there). */
bool lm_piece_table_add(struct lm_piece_table *table, const uint8_t *piece, size_t size,
                        int64_t times);
void lm_piece_table_release(struct lm_piece_table *table);

#endif
