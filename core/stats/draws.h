/** Which items a bootstrap resample holds: shared by all that is compared on the same items. */
#ifndef LM_STATS_DRAWS_H
#define LM_STATS_DRAWS_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/rng.h>

/** How often each of `count` items (at most 2^32 − 1) is in resample r: draw i is word i % 4 of
 *  lm_rng_block(rng, r, i / 4), scaled to [0, count). */
void lm_draw_counts(uint32_t *counts, size_t count, struct lm_rng rng, size_t resample);

#endif
