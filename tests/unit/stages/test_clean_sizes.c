#include "stages/clean/clean_sizes.h"

#include <stdlib.h>

#include "tap.h"

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void ranks_are_those_of_a_sorted_list(struct tap *tap)
{
    enum { MANY = 5000 };

    static int64_t list[MANY];
    struct clean_sizes sizes = {.items = NULL};
    for (size_t i = 0; i < MANY; i++) {
        list[i] = (int64_t)(i * 7919 % 3001 * (i % 3 == 0 ? 1000003 : 1));
        REQUIRE(clean_sizes_add(&sizes, list[i], NULL) == LM_OK);
    }
    qsort(list, MANY, sizeof list[0], compare);
    clean_sizes_sort(&sizes);
    for (size_t i = 0; i < MANY; i++)
        CHECK_INT(clean_sizes_at(&sizes, (int64_t)i), list[i]);
    CHECK_INT(clean_sizes_at(&sizes, MANY), 0);
    clean_sizes_release(&sizes);
}

static const struct tap_test tests[] = {TAP_ROW(ranks_are_those_of_a_sorted_list)};

LM_TEST_FILE(tests)
