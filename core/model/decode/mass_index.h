/**
 * How the weights of many logits lie, found without sorting them: ranges of logits from the largest
 * down, and what each holds. A draw far down the list, or a rule that keeps thousands, looks into
 * one range alone.
 *
 * Its sums are of the same numbers as those of the list in its order, but added up in another one.
 * So they are bounds: where these leave open what the list would say there is no answer, and the
 * list is to be asked. An answer is the list's.
 */
#ifndef LM_MODEL_MASS_INDEX_H
#define LM_MODEL_MASS_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/kernels/kernels.h"

enum { LM_MASS_RANGES = 1024 };

struct lm_mass_index {
    const float *logits;
    size_t size;
    double largest, temperature;
    double mass[LM_MASS_RANGES + 1];    /**< of all ranges before */
    uint32_t count[LM_MASS_RANGES + 1]; /**< the logits in them */
    double slack;                       /**< how far a sum in any order may be off */
    uint16_t *places;                   /**< (size) the range of each logit */
    uint64_t *keys, *spare;             /**< (size) of one range */
    const struct lm_kernels *kernels;
};

/** How many of the first logits, and the last of them. */
struct lm_mass_place {
    size_t count;
    int32_t id;
};

/** A sum that may be off by so much. */
struct lm_mass {
    double value, slack;
};

/** Logits of the list, without those before `from` and those from `to` on. */
struct lm_mass_slice {
    size_t from, to;
};

/** Bytes of `room` for a vocabulary. */
size_t lm_mass_index_bytes(size_t size);
/** Of logits (size; none above `largest`; borrowed), weighed by exp((logit − largest) /
 *  temperature). keys (size) and `room` (lm_mass_index_bytes, aligned as doubles are) are the
 *  index's as long as it is used. */
void lm_mass_index_build(struct lm_mass_index *index, const struct lm_kernels *kernels,
                         const float *logits, size_t size, double largest, double temperature,
                         uint64_t *keys, void *room);
/** The mass of the first `count` logits. */
struct lm_mass lm_mass_index_sum(struct lm_mass_index *index, size_t count);
/** The first ones whose mass reaches a goal. False: the bounds leave it open. */
bool lm_mass_index_reach(struct lm_mass_index *index, struct lm_mass goal,
                         struct lm_mass_place *out);
/** The logits whose ln weights are nearest to `middle` ≤ 0, of equally near ones the more likely
 * first, until their mass reaches a goal. False: the bounds leave it open, or equals are parted. */
bool lm_mass_index_nearest(struct lm_mass_index *index, double middle, double goal,
                           struct lm_mass_slice *out);
/** How many have at least a weight, > 0. */
size_t lm_mass_index_above(struct lm_mass_index *index, double least);

#endif
