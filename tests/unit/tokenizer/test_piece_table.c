#include <lmpipe/hash.h>

#include "tap.h"
#include "text_samples.h"
#include "tokenizer/piece_table.h"

/* Count of a piece, 0 when it is not there. */
static int64_t count_of(const struct lm_piece_table *table, const void *bytes, size_t size)
{
    for (size_t i = 0; i < table->capacity; i++) {
        uint8_t small[16];
        size_t found;
        if (table->slots[i].count == 0)
            continue;
        const uint8_t *piece = lm_piece_bytes(&table->slots[i], table->longs.data, small, &found);
        if (found == size && memcmp(piece, bytes, size) == 0)
            return table->slots[i].count;
    }
    return 0;
}

static void every_size(struct tap *tap)
{
    struct lm_piece_table table = {0};
    uint8_t bytes[40];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(0x80 + i);
    for (int64_t round = 1; round <= 2; round++)
        for (size_t size = 1; size <= sizeof bytes; size++)
            REQUIRE(lm_piece_table_put(&table, bytes, size, round));
    CHECK_INT(table.count, sizeof bytes);
    for (size_t size = 1; size <= sizeof bytes; size++)
        CHECK_INT(count_of(&table, bytes, size), 3);
    lm_piece_table_release(&table);
}

static void zeros_are_bytes(struct tap *tap)
{
    struct lm_piece_table table = {0};
    static const uint8_t zeros[20] = {'a'};
    for (size_t size = 1; size <= sizeof zeros; size++)
        REQUIRE(lm_piece_table_put(&table, zeros, size, (int64_t)size));
    CHECK_INT(table.count, sizeof zeros);
    for (size_t size = 1; size <= sizeof zeros; size++)
        CHECK_INT(count_of(&table, zeros, size), size);
    lm_piece_table_release(&table);
}

static void counts_are_64_bit(struct tap *tap)
{
    struct lm_piece_table table = {0};
    const uint8_t word[] = "word";
    REQUIRE(lm_piece_table_put(&table, word, 4, INT64_C(1) << 31));
    REQUIRE(lm_piece_table_put(&table, word, 4, INT64_C(1) << 33));
    CHECK_INT(table.count, 1);
    CHECK_INT(count_of(&table, word, 4), (INT64_C(1) << 31) + (INT64_C(1) << 33));
    lm_piece_table_release(&table);
}

/* A document in memory of its very size, so that a read beyond it is found. */
static void ends_of_documents(struct tap *tap)
{
    for (size_t size = 2; size < 40; size++) {
        struct lm_piece_table table = {0};
        uint8_t *text = malloc(size);
        size_t ends[] = {size / 2, size};
        REQUIRE(text != NULL);
        for (size_t i = 0; i < size; i++)
            text[i] = (uint8_t)(i + 1);
        REQUIRE(lm_piece_table_add(&table, text, size, 0, ends, 2, 18));
        size_t first = size / 2, second = size - first;
        CHECK_INT(count_of(&table, text, first), first >= 2 && first <= 18);
        CHECK_INT(count_of(&table, text + first, second), second >= 2 && second <= 18);
        CHECK_INT(table.count, (first >= 2 && first <= 18) + (second >= 2 && second <= 18));
        free(text);
        lm_piece_table_release(&table);
    }
}

/* Random pieces in two orders: the same sorted table, and never more memory than it said. */
static void order_is_of_bytes_alone(struct tap *tap)
{
    enum { PIECES = 20000 };

    struct lm_piece_table tables[2] = {{0}, {0}};
    struct lm_rng rng = lm_rng_stream(7, "pieces");
    for (size_t t = 0; t < 2; t++)
        for (size_t i = 0; i < LM_REPEAT(PIECES); i++) {
            uint8_t piece[24];
            size_t index = t == 0 ? i : LM_REPEAT(PIECES) - 1 - i;
            size_t size = 1 + (size_t)lm_rng_below(rng, index, 0, sizeof piece);
            for (size_t k = 0; k < size; k++)
                piece[k] = (uint8_t)lm_rng_below(rng, index, 1 + k, 5);
            size_t need = lm_piece_table_need(&tables[t]);
            REQUIRE(lm_piece_table_put(&tables[t], piece, size, 1));
            CHECK(tables[t].capacity * sizeof *tables[t].slots <= need);
        }
    lm_piece_table_sort(&tables[0]);
    lm_piece_table_sort(&tables[1]);
    REQUIRE(tables[0].count == tables[1].count && tables[0].count > LM_REPEAT(PIECES) / 3);
    for (size_t i = 0; i < tables[0].count; i++) {
        const struct lm_piece *a = &tables[0].slots[i], *b = &tables[1].slots[i];
        CHECK(lm_piece_compare(a, tables[0].longs.data, b, tables[1].longs.data) == 0);
        CHECK(a->count == b->count);
        if (i > 0)
            CHECK(lm_piece_compare(a - 1, tables[0].longs.data, a, tables[0].longs.data) < 0);
    }
    lm_piece_table_clear(&tables[0]);
    CHECK_INT(tables[0].count, 0);
    REQUIRE(lm_piece_table_put(&tables[0], (const uint8_t *)"again", 5, 4));
    CHECK_INT(count_of(&tables[0], "again", 5), 4);
    for (size_t t = 0; t < 2; t++)
        lm_piece_table_release(&tables[t]);
}

static const struct tap_test tests[] = {TAP_ROW(every_size) TAP_ROW(zeros_are_bytes) TAP_ROW(
    counts_are_64_bit) TAP_ROW(ends_of_documents) TAP_ROW(order_is_of_bytes_alone)};

LM_TEST_FILE(tests)
