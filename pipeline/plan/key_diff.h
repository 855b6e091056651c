/** What differs between two key texts, in words. */
#ifndef LM_PLAN_KEY_DIFF_H
#define LM_PLAN_KEY_DIFF_H

#include "spec/spec.h"

/** One fact that differs; texts in the arena. */
struct lm_key_change {
    const char *kind; /**< "stage", "param", "file", "input", "seed", "numerics", "experiment" … */
    const char *name; /**< "lr", "tokens", "param model.lr"; "" where a kind has one fact only */
    const char *before, *now; /**< values; NULL: the fact is not there */
    struct lm_origin origin;  /**< of the value now; file NULL: a default or nothing in the spec */
    size_t upstream;          /**< input: index of the producing stage; else SIZE_MAX */
};

/** Differences in the order of the new text, then facts that are gone. *out in the arena; the
 * count, or SIZE_MAX when memory is out. `inputs` false: input lines are passed over. */
size_t lm_key_diff(struct lm_key_change **out, struct lm_arena *arena, const struct lm_spec *spec,
                   size_t stage, const char *before, const char *now, bool inputs);
/** "param lr 0.0003 → 0.001 (spec.yaml:14)". In the arena; never NULL. */
const char *lm_key_change_text(struct lm_arena *arena, const struct lm_spec *spec, size_t stage,
                               const struct lm_key_change *change);

#endif
