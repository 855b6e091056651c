/** Documents of words that are drawn, and copies of them with some words changed. */
#ifndef LM_TESTS_CORPUS_PLANTED_H
#define LM_TESTS_CORPUS_PLANTED_H

#include <lmpipe/rng.h>

#include "base/buf.h"

/** Appends `words` words of document `seed`; every `step`-th one, from `from` on, is another one of
 *  `version`. step 0: none. */
static inline void plant(struct lm_buf *out, uint64_t seed, size_t words, size_t step, size_t from,
                         uint64_t version)
{
    const struct lm_rng rng = lm_rng_stream(1, "planted");
    for (size_t i = 0; i < words; i++) {
        bool is_other = step > 0 && i % step == from;
        uint64_t word = lm_rng_below(rng, seed, i, 1 << 20) + (is_other ? (version + 1) << 20 : 0);
        lm_buf_printf(out, "%s%llu", i > 0 ? " " : "", (unsigned long long)word);
    }
}

#endif
