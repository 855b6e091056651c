#include "tokenizer/piece_table.h"

#include <stdlib.h>
#include <string.h>

#include <lmpipe/hash.h>

enum { SMALLEST = 1024, LONGEST_INSIDE = 15 };

#define LONG_TAG ((uint64_t)255 << 56)
#define LONG_PLACE (((uint64_t)1 << 56) - 1)

/* A piece on its way into the table. */
struct probe {
    uint64_t key[2]; /* of a long one without its place */
    size_t at;       /* slot where the search starts */
    const uint8_t *piece;
    size_t size;
};

void lm_piece_table_release(struct lm_piece_table *table)
{
    free(table->slots);
    lm_buf_release(&table->longs);
    *table = (struct lm_piece_table){0};
}

void lm_piece_table_clear(struct lm_piece_table *table)
{
    memset(table->slots, 0, table->capacity * sizeof *table->slots);
    lm_buf_clear(&table->longs);
    table->count = 0;
}

/* ---- keys ---- */

/* Eight bytes, little-endian; one load where that is the machine's order. */
static inline uint64_t load64(const uint8_t *b)
{
    return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 |
           (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 |
           (uint64_t)b[7] << 56;
}

/* Key of the 1 to 15 bytes at `bytes`, behind which 16 in all can be read. No branch: sizes are
 * hard to foresee. */
static inline void set_key(uint64_t key[2], const uint8_t *bytes, size_t size)
{
    static const uint64_t kept[9] = {0,
                                     0xFF,
                                     0xFFFF,
                                     0xFFFFFF,
                                     0xFFFFFFFF,
                                     0xFFFFFFFFFF,
                                     0xFFFFFFFFFFFF,
                                     0xFFFFFFFFFFFFFF,
                                     0xFFFFFFFFFFFFFFFF};
    size_t low = size < 8 ? size : 8;
    key[0] = load64(bytes) & kept[low];
    key[1] = (load64(bytes + 8) & kept[size - low]) | (uint64_t)size << 56;
}

/* The high bits count. */
static inline uint64_t mix(const uint64_t key[2])
{
    uint64_t second = key[1] * 0xD6E8FEB86659FD93u;
    return (key[0] ^ (second << 32 | second >> 32)) * 0x9E3779B97F4A7C15u;
}

static inline uint64_t hash_of(const struct lm_piece *piece)
{
    return lm_piece_is_long(piece) ? piece->key[0] : mix(piece->key);
}

/* `room`: bytes that can be read from `piece` on. */
static inline void set_probe(struct probe *probe, const uint8_t *piece, size_t size, size_t room)
{
    probe->piece = piece;
    probe->size = size;
    if (size > LONGEST_INSIDE) {
        probe->key[0] = lm_hash64(piece, size, 0);
        probe->key[1] = LONG_TAG;
    } else if (room >= 16) {
        set_key(probe->key, piece, size);
    } else {
        uint8_t padded[16] = {0};
        memcpy(padded, piece, size);
        set_key(probe->key, padded, size);
    }
}

static inline size_t home_of(const struct lm_piece_table *table, const struct probe *probe)
{
    return (probe->size > LONGEST_INSIDE ? probe->key[0] : mix(probe->key)) >> table->shift;
}

const uint8_t *lm_piece_bytes(const struct lm_piece *piece, const char *longs, uint8_t small[16],
                              size_t *size)
{
    if (lm_piece_is_long(piece)) {
        const uint8_t *place = (const uint8_t *)longs + (piece->key[1] & LONG_PLACE);
        *size = (size_t)load64(place);
        return place + 8;
    }
    for (unsigned i = 0; i < 16; i++)
        small[i] = (uint8_t)(piece->key[i / 8] >> (8 * (i % 8)));
    *size = (size_t)(piece->key[1] >> 56);
    return small;
}

/* ---- the table ---- */

static size_t most_pieces(size_t capacity)
{
    return capacity / 8 * 5;
}

/* Room for a batch: twice the slots when they might become more than 5/8 full. */
static bool make_room(struct lm_piece_table *table)
{
    if (table->count + LM_PIECE_BATCH <= most_pieces(table->capacity))
        return true;
    bool is_new = table->capacity == 0;
    size_t capacity = is_new ? SMALLEST : table->capacity * 2;
    /* Written before it is read: a page of zeros that is read first is mapped twice, and the second
     * time stops all threads. */
    struct lm_piece *slots = aligned_alloc(64, capacity * sizeof *slots);
    if (slots == NULL)
        return false;
    memset(slots, 0, capacity * sizeof *slots);
    if (is_new)
        lm_buf_init(&table->longs, 0);
    unsigned shift = 64 - (unsigned)__builtin_ctzll(capacity);
    for (size_t i = 0; i < table->capacity; i++) {
        if (table->slots[i].count == 0)
            continue;
        size_t at = hash_of(&table->slots[i]) >> shift;
        while (slots[at].count != 0)
            at = (at + 1) & (capacity - 1);
        slots[at] = table->slots[i];
    }
    free(table->slots);
    table->slots = slots;
    table->capacity = capacity;
    table->shift = shift;
    return true;
}

size_t lm_piece_table_need(const struct lm_piece_table *table)
{
    bool grows = table->count + LM_PIECE_BATCH > most_pieces(table->capacity);
    size_t slots = !grows ? table->capacity : table->capacity == 0 ? SMALLEST : table->capacity * 3;
    return slots * sizeof *table->slots + table->longs.size * 2;
}

static bool is_same(const struct lm_piece_table *table, const struct lm_piece *slot,
                    const struct probe *probe)
{
    if (probe->size <= LONGEST_INSIDE)
        return slot->key[0] == probe->key[0] && slot->key[1] == probe->key[1];
    if (slot->key[0] != probe->key[0] || !lm_piece_is_long(slot))
        return false;
    const char *place = table->longs.data + (slot->key[1] & LONG_PLACE);
    return load64((const uint8_t *)place) == probe->size &&
           memcmp(place + 8, probe->piece, probe->size) == 0;
}

static bool add_probe(struct lm_piece_table *table, const struct probe *probe, int64_t times)
{
    size_t at = probe->at;
    struct lm_piece *slot = &table->slots[at];
    for (; slot->count != 0; slot = &table->slots[at]) {
        if (is_same(table, slot, probe)) {
            slot->count += times;
            return true;
        }
        at = (at + 1) & (table->capacity - 1);
    }
    *slot = (struct lm_piece){{probe->key[0], probe->key[1]}, times};
    table->count++;
    if (probe->size <= LONGEST_INSIDE)
        return true;
    slot->key[1] |= table->longs.size;
    lm_buf_put_u64(&table->longs, probe->size);
    lm_buf_append(&table->longs, probe->piece, probe->size);
    return !table->longs.failed;
}

bool lm_piece_table_add(struct lm_piece_table *table, const uint8_t *text, size_t size,
                        size_t start, const size_t *ends, size_t count, size_t longest)
{
    struct probe probes[LM_PIECE_BATCH];
    size_t kept = 0;
    if (!make_room(table))
        return false;
    for (size_t i = 0; i < count; start = ends[i++]) {
        size_t length = ends[i] - start;
        struct probe *probe = &probes[kept];
        if (length < 2 || length > longest)
            continue;
        set_probe(probe, text + start, length, size - start);
        probe->at = home_of(table, probe);
        __builtin_prefetch(&table->slots[probe->at]);
        kept++;
    }
    bool is_fine = true;
    for (size_t i = 0; i < kept; i++)
        is_fine &= add_probe(table, &probes[i], 1);
    return is_fine;
}

bool lm_piece_table_put(struct lm_piece_table *table, const uint8_t *piece, size_t size,
                        int64_t times)
{
    struct probe probe;
    if (!make_room(table))
        return false;
    set_probe(&probe, piece, size, size);
    probe.at = home_of(table, &probe);
    return add_probe(table, &probe, times);
}

/* ---- order ---- */

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_long(const struct lm_piece *a, const char *longs_of_a, const struct lm_piece *b,
                        const char *longs_of_b)
{
    uint8_t unused[16];
    size_t size_a, size_b;
    const uint8_t *bytes_a = lm_piece_bytes(a, longs_of_a, unused, &size_a);
    const uint8_t *bytes_b = lm_piece_bytes(b, longs_of_b, unused, &size_b);
    return size_a != size_b ? compare_u64(size_a, size_b) : memcmp(bytes_a, bytes_b, size_a);
}

int lm_piece_compare(const struct lm_piece *a, const char *longs_of_a, const struct lm_piece *b,
                     const char *longs_of_b)
{
    uint64_t hash_a = hash_of(a), hash_b = hash_of(b);
    if (hash_a != hash_b)
        return hash_a < hash_b ? -1 : 1;
    if (lm_piece_is_long(a) && lm_piece_is_long(b))
        return compare_long(a, longs_of_a, b, longs_of_b);
    int by_tag = compare_u64(a->key[1], b->key[1]);
    return by_tag != 0 ? by_tag : compare_u64(a->key[0], b->key[0]);
}

void lm_piece_table_sort(struct lm_piece_table *table)
{
    struct lm_piece *slots = table->slots;
    const char *longs = table->longs.data;
    size_t kept = 0;
    for (size_t i = 0; i < table->capacity; i++)
        if (slots[i].count != 0)
            slots[kept++] = slots[i];
    /* Slots are in the order of hashes but for searches that had to step on: few are out of place,
     * and not far. */
    for (size_t i = 1; i < kept; i++) {
        struct lm_piece piece = slots[i];
        size_t at = i;
        for (; at > 0 && lm_piece_compare(&piece, longs, &slots[at - 1], longs) < 0; at--)
            slots[at] = slots[at - 1];
        slots[at] = piece;
    }
}
