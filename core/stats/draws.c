#include "stats/draws.h"

#include <string.h>

void lm_draw_counts(uint32_t *counts, size_t count, struct lm_rng rng, size_t resample)
{
    uint32_t words[4] = {0};
    memset(counts, 0, count * sizeof *counts);
    for (size_t i = 0; i < count; i++) {
        if (i % 4 == 0)
            lm_rng_block(words, rng, resample, i / 4);
        counts[(uint64_t)words[i % 4] * count >> 32]++;
    }
}
