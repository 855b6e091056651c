#include "model/block.h"

#include <stdint.h>

#include "tests/tap.h"

static void test_blocks(struct tap *tap)
{
    static const size_t sizes[] = {1, 4096, (1 << 21) - 1, 1 << 21, (5 << 20) + 3};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char *block = lm_block_map(sizes[i]);
        REQUIRE(block != NULL);
        CHECK_INT((uintptr_t)block % (sizes[i] >= 1 << 21 ? 1 << 21 : 64), 0);
        size_t sum = 0;
        for (size_t at = 0; at < sizes[i]; at++)
            sum += block[at];
        CHECK_INT(sum, 0);
        memset(block, 1, sizes[i]);
        lm_block_unmap(block, sizes[i]);
    }
    lm_block_unmap(NULL, 5);
    CHECK(lm_block_map(SIZE_MAX - 100) == NULL);
    CHECK(lm_block_map((size_t)1 << 60) == NULL);
}

static const struct tap_test tests[] = {TAP_ROW(test_blocks)};
LM_TEST_FILE(tests)
