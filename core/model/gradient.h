/**
 * Gradients of micro-batches are the leaves of a tree, each computed from zero. n leaves are split
 * at the largest power of two below n, so that what is added to what depends on n alone: any number
 * of threads, or of processes, gives the same bits.
 *
 * Leaves come in order, and sums that can be made are made at once, as a counter in base two
 * carries: with n leaves gathered there is a sum for each bit of n, the largest first, in places
 * 0, 1, … of layout.grads. A whole gradient lies in place 0, where the tensors' `grad` point to.
 */
#ifndef LM_MODEL_GRADIENT_H
#define LM_MODEL_GRADIENT_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

struct lm_model;

/** Places that up to `leaves` of them need (0 counts as 1): 1 + ⌊log₂ leaves⌋. */
static inline size_t lm_gradient_places(int64_t leaves)
{
    size_t places = 1;
    for (; leaves > 1; leaves /= 2)
        places++;
    return places;
}

/** Sets model->leaf to where the next leaf is to be written. LM_RANGE: options.leaves allows no
 *  further one. */
enum lm_status lm_gradient_open(struct lm_model *model, struct lm_err *err);
/** That leaf is there: adds what can be added. */
void lm_gradient_add(struct lm_model *model);
/** Adds up what is left, from the last to the first: the tensors' `grad` is the whole gradient.
 *  Leaves that come nevertheless are put beside its sum. */
void lm_gradient_close(struct lm_model *model);
/** Drops all leaves. */
void lm_gradient_drop(struct lm_model *model);

#endif
