/** Many blocks of a stream at once, for those who take all their words. */
#ifndef LM_BASE_RNG_BLOCKS_H
#define LM_BASE_RNG_BLOCKS_H

#include <stddef.h>

#include <lmpipe/rng.h>

/** lm_rng_block of `count` minors from `minor` on, behind one another in 4·count words: the same
 *  words in less time. */
void lm_rng_blocks(uint32_t *out, struct lm_rng rng, uint64_t major, uint64_t minor, size_t count);

#endif
