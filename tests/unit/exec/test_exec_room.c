#include "exec/exec.h"

#include "tap.h"

/** One that takes eight times all the others waits; nobody does when something is not known. */
static void test_long_one(struct tap *tap)
{
    static const struct {
        double work[4];
        size_t count;
        double beside;
        size_t longest;
    } rows[] = {
        {{6.5, 0.1}, 2, 0, 0},
        {{0.1, 6.5}, 2, 0, 1},
        {{8, 1}, 2, 0, 0},
        {{8, 1.01}, 2, 0, SIZE_MAX},
        {{5, 5}, 2, 0, SIZE_MAX},
        {{1, 100, 1, 10}, 4, 0, 1},
        {{1, 100, 2, 10}, 4, 0, SIZE_MAX},
        {{10}, 1, 1, 0}, /* a short one runs */
        {{10}, 1, 0, 0}, /* and should have ended */
        {{10}, 1, 2, SIZE_MAX},
        {{10}, 1, -1, SIZE_MAX},
        {{10, 0}, 2, 0, SIZE_MAX},
        {{0}, 0, 0, SIZE_MAX},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_INT(lm_room_long_one(rows[i].work, rows[i].count, rows[i].beside), rows[i].longest);
}

static const struct tap_test tests[] = {TAP_ROW(test_long_one)};
LM_TEST_FILE(tests)
