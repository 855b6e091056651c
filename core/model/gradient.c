#include "model/gradient.h"

#include "model/core.h"

/* Bits of a count. */
static size_t sums_of(uint64_t leaves)
{
    size_t sums = 0;
    for (; leaves > 0; leaves &= leaves - 1)
        sums++;
    return sums;
}

/* Sums in places to … from become one in place `to`. */
struct merge {
    struct lm_model *model;
    size_t from, to;
};

static void merge_task(void *user, size_t task, size_t worker)
{
    (void)worker;
    const struct merge *merge = user;
    const struct lm_model *model = merge->model;
    size_t all = model->layout.param_floats, first = task * lm_update_block(), rest = all - first;
    size_t count = rest < lm_update_block() ? rest : lm_update_block();
    for (size_t place = merge->from; place > merge->to; place--) {
        float *right = lm_at(model, model->layout.grads + place * all) + first;
        model->kernels->add(right - all, right, count);
    }
}

static void merge(struct lm_model *model, size_t from, size_t to)
{
    struct merge call = {model, from, to};
    if (from > to)
        lm_phase_run(model, LM_PHASE_BACKWARD, 0, lm_update_blocks(model->layout.param_floats),
                     merge_task, &call);
}

enum lm_status lm_gradient_open(struct lm_model *model, struct lm_err *err)
{
    size_t place = sums_of(model->leaves);
    if (place >= lm_gradient_places(model->options.leaves))
        return lm_fail(err, LM_RANGE,
                       "there is no room for a gradient behind %llu others of a step; raise leaves",
                       (unsigned long long)model->leaves);
    model->leaf = place * model->layout.param_floats;
    return LM_OK;
}

void lm_gradient_add(struct lm_model *model)
{
    size_t sums = sums_of(model->leaves);
    model->leaves++;
    model->leaf = 0;
    merge(model, sums, sums_of(model->leaves) - 1);
}

void lm_gradient_close(struct lm_model *model)
{
    size_t sums = sums_of(model->leaves);
    if (sums < 2)
        return;
    merge(model, sums - 1, 0);
    while (sums_of(model->leaves) > 1)
        model->leaves &= model->leaves - 1;
}

void lm_gradient_drop(struct lm_model *model)
{
    model->leaves = 0;
    model->leaf = 0;
}
