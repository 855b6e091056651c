/** Records in order, whatever memory there is. */
#include "base/sorter.h"

#include <stdlib.h>
#include <string.h>

#include <lmpipe/rng.h>

#include "tests/tap.h"

enum { RECORD = 5, COUNT = 5000 };

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, RECORD);
}

static void fill(uint8_t *items, uint32_t values)
{
    for (size_t i = 0; i < COUNT; i++) {
        uint64_t word = lm_rng_below(lm_rng_stream(7, "sorter"), values, i, values);
        for (size_t k = 0; k < RECORD; k++)
            items[i * RECORD + k] = (uint8_t)(word >> 8 * k);
    }
}

static void check(struct tap *tap, const uint8_t *items, size_t count, size_t memory)
{
    struct lm_sorter sorter;
    struct lm_err err;
    const uint8_t *record;
    uint8_t *sorted = malloc(count * RECORD + 1);
    size_t wrong = 0;
    lm_sorter_init(&sorter, RECORD, memory, "/tmp");
    if (count > 0)
        memcpy(sorted, items, count * RECORD);
    qsort(sorted, count, RECORD, compare);
    for (size_t i = 0; i < count; i++)
        REQUIRE(lm_sorter_add(&sorter, items + i * RECORD, &err) == LM_OK);
    CHECK((sorter.fd >= 0) == (count * RECORD > memory && count > 64));
    REQUIRE(lm_sorter_sort(&sorter, &err) == LM_OK);
    for (size_t i = 0; i < count; i++) {
        REQUIRE(lm_sorter_next(&sorter, &record, &err) == LM_OK && record != NULL);
        wrong += memcmp(record, sorted + i * RECORD, RECORD) != 0;
    }
    CHECK_INT(wrong, 0);
    for (int i = 0; i < 2; i++)
        CHECK(lm_sorter_next(&sorter, &record, &err) == LM_OK && record == NULL);
    lm_sorter_release(&sorter);
    lm_sorter_release(&sorter);
    free(sorted);
}

static void sorts(struct tap *tap)
{
    static const size_t memories[] = {1, 4096, 50000, COUNT * RECORD, 1 << 20};
    static const size_t counts[] = {0, 1, 24, 25, 64, 65, 1000, COUNT};
    static const uint32_t values[] = {3, 1000, UINT32_MAX};
    uint8_t *items = malloc(COUNT * RECORD);
    for (size_t v = 0; v < 3; v++) {
        fill(items, values[v]);
        for (size_t m = 0; m < 5; m++)
            for (size_t c = 0; c < 8; c++)
                check(tap, items, counts[c], memories[m]);
    }
    free(items);
}

static void says_where(struct tap *tap)
{
    struct lm_sorter sorter;
    struct lm_err err;
    enum lm_status status = LM_OK;
    lm_sorter_init(&sorter, 1, 1, "/nonexistent");
    for (int i = 0; i < 100 && status == LM_OK; i++)
        status = lm_sorter_add(&sorter, "x", &err);
    CHECK(status != LM_OK && strstr(err.text, "/nonexistent") != NULL);
    lm_sorter_release(&sorter);
}

static const struct tap_test tests[] = {TAP_ROW(sorts) TAP_ROW(says_where)};
LM_TEST_FILE(tests)
