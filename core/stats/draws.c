#include "stats/draws.h"

#include <string.h>

#include "base/rng_blocks.h"

enum { BLOCKS = 64, WORDS = 4 * BLOCKS };

void lm_draw_counts(uint32_t *counts, size_t count, struct lm_rng rng, size_t resample)
{
    uint32_t words[WORDS];
    memset(counts, 0, count * sizeof *counts);
    for (size_t first = 0; first < count; first += WORDS) {
        size_t some = count - first < WORDS ? count - first : WORDS;
        lm_rng_blocks(words, rng, resample, first / 4, (some + 3) / 4);
        for (size_t i = 0; i < some; i++)
            counts[(uint64_t)words[i] * count >> 32]++;
    }
}
