#include "text/piece_table.h"

#include <stdlib.h>
#include <string.h>

#include <lmpipe/hash.h>

void lm_piece_table_release(struct lm_piece_table *table)
{
    free(table->pieces);
    free(table->bytes);
    free(table->slots);
    *table = (struct lm_piece_table){0};
}

static bool grow_slots(struct lm_piece_table *table)
{
    size_t count = table->slots == NULL ? 1u << 12 : (table->slot_mask + 1) * 2;
    uint32_t *slots = calloc(count, sizeof *slots);
    if (slots == NULL)
        return false;
    free(table->slots);
    table->slots = slots;
    table->slot_mask = count - 1;
    for (size_t i = 0; i < table->count; i++) {
        size_t at = table->pieces[i].hash & table->slot_mask;
        while (slots[at] != 0)
            at = (at + 1) & table->slot_mask;
        slots[at] = (uint32_t)i + 1;
    }
    return true;
}

static bool grow_pieces(struct lm_piece_table *table)
{
    if (table->count < table->capacity)
        return true;
    size_t capacity = table->capacity ? table->capacity * 2 : 1024;
    struct lm_piece *pieces = realloc(table->pieces, capacity * sizeof *pieces);
    if (pieces == NULL)
        return false;
    table->pieces = pieces;
    table->capacity = capacity;
    return true;
}

static bool grow_bytes(struct lm_piece_table *table, size_t size)
{
    if (size <= table->bytes_capacity - table->bytes_size)
        return true;
    size_t capacity = (table->bytes_size + size) * 2;
    uint8_t *bytes = realloc(table->bytes, capacity);
    if (bytes == NULL)
        return false;
    table->bytes = bytes;
    table->bytes_capacity = capacity;
    return true;
}

bool lm_piece_table_add(struct lm_piece_table *table, const uint8_t *piece, size_t size,
                        int64_t times)
{
    bool is_full = table->slots == NULL || table->count * 2 > table->slot_mask;
    if (is_full && !grow_slots(table))
        return false;
    uint64_t hash = lm_hash64(piece, size, 0);
    size_t at = hash & table->slot_mask;
    for (; table->slots[at] != 0; at = (at + 1) & table->slot_mask) {
        struct lm_piece *known = &table->pieces[table->slots[at] - 1];
        if (known->hash == hash && known->size == size &&
            memcmp(table->bytes + known->offset, piece, size) == 0) {
            known->count += times;
            return true;
        }
    }
    if (table->count == UINT32_MAX - 1 || !grow_pieces(table) || !grow_bytes(table, size))
        return false;
    memcpy(table->bytes + table->bytes_size, piece, size);
    table->pieces[table->count++] = (struct lm_piece){hash, times, table->bytes_size, size};
    table->bytes_size += size;
    table->slots[at] = (uint32_t)table->count;
    return true;
}
