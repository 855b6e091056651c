/**
 * The candidates of a draw in the order (logit descending, id ascending), found no further than
 * they are asked for: bands of logits below the largest, each sorted when it is looked into. So a
 * choice among the first hundreds of 50,257 costs a few passes over the logits, and one far down an
 * index of them (mass_index.h).
 */
#ifndef LM_MODEL_CANDIDATES_H
#define LM_MODEL_CANDIDATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/decode/mass_index.h"
#include "model/kernels/kernels.h"

struct lm_candidate {
    double weight; /**< exp((logit − the largest) / temperature) */
    float logit;
    int32_t id;
};

/** What a draw chooses from: all ids, or closed, behind a filter, the first `limit`. `items` are
 * the first of them, as far as they have been asked for. */
struct lm_candidates {
    const struct lm_kernels *kernels;
    float *logits, *peaks; /**< (size) finite; of each LM_PEAK_LOGITS in a row */
    size_t size;
    struct lm_candidate *items; /**< room for `size` */
    size_t count, limit;
    size_t skip;    /**< of a slice: so many of the first are not among them */
    uint64_t *keys; /**< room for `size` */
    int band;
    double temperature, largest;
    double total, moment; /**< of all ids, when has_total */
    bool is_closed, is_slice, has_index, has_total;
    struct lm_mass_index
        *index; /**< the caller's, for a draw's time; NULL: lists are all there is */
};

/** Bytes for a vocabulary. */
size_t lm_candidates_bytes(size_t vocab);
/** All of the logits (size), at temperature 1; `scratch` as above. The index is to be set behind
 *  it. */
void lm_candidates_open(struct lm_candidates *out, const struct lm_kernels *kernels,
                        const float *logits, size_t size, void *scratch);
/** Ids that already occurred (their logits divided by the penalty when positive, else multiplied),
 * once each; `seen`: a byte an id. */
void lm_candidates_penalise(struct lm_candidates *candidates, const int32_t *history, int64_t count,
                            double penalty, unsigned char *seen);
/** Divides logits by `factor` (> 0; may be infinite) once more. */
void lm_candidates_heat(struct lm_candidates *candidates, double factor);
/** The i-th one; NULL when there are fewer. */
const struct lm_candidate *lm_candidates_at(struct lm_candidates *candidates, size_t i);
/** How the weights of all candidates lie, the closed ones being the first of them; not to be had
 *  (NULL) of few, and when much of the list is known: it uses the room of what is not. */
struct lm_mass_index *lm_candidates_index(struct lm_candidates *candidates);
/** Keeps the first `count` alone: no more can be asked for. */
void lm_candidates_close(struct lm_candidates *candidates, size_t count);
/** Keeps those from `from` up to `to` > from of open ones: a slice, which is not listed before it
 * is asked for. */
void lm_candidates_slice(struct lm_candidates *candidates, size_t from, size_t to);
/** Keeps `count` ≥ 1 that now stand at the front of `items`, in order, among them perhaps not the
 * largest one; weights are of the largest one kept. */
void lm_candidates_keep(struct lm_candidates *candidates, size_t count);
/** Sum of all weights, and of weight · ln weight (NULL: not wanted). */
double lm_candidates_total(struct lm_candidates *candidates, double *moment);
/** At least so many open candidates have more than a weight: stretches that hold one. */
size_t lm_candidates_peaks(const struct lm_candidates *candidates, double weight);
/** The first one of all: no list is made. */
int32_t lm_candidates_first(const struct lm_candidates *candidates);

#endif
