#include "model/region.h"

/* A region with its packing tasks. */
struct region {
    struct lm_pass *pass;
    size_t count;
    lm_task_fn *fn;
    void *user;
    const struct lm_right *rights;
};

bool lm_pass_stopped(struct lm_pass *pass)
{
    if (!pass->stopped)
        pass->stopped = lm_model_is_stopped(pass->model);
    return pass->stopped;
}

static void region_task(void *user, size_t task, size_t worker)
{
    const struct region *region = user;
    const struct lm_model *model = region->pass->model;
    if (task < region->count) {
        region->fn(region->user, task, worker);
        return;
    }
    const struct lm_right *right = region->rights;
    size_t part = task - region->count;
    for (; part >= lm_right_parts(model, right); right++)
        part -= lm_right_parts(model, right);
    lm_right_pack(model, right, part);
}

void lm_region_of(struct lm_pass *pass, enum lm_phase phase, size_t near, size_t count,
                  lm_task_fn *fn, void *user, const struct lm_right *rights, size_t right_count)
{
    struct lm_model *model = pass->model;
    if (lm_pass_stopped(pass))
        return;
    struct region region = {pass, count, fn, user, rights};
    size_t packing = 0;
    for (size_t i = 0; i < right_count; i++)
        packing += lm_right_parts(model, &rights[i]);
    lm_phase_run(model, phase, near, count + packing, region_task, &region);
}

void lm_region(struct lm_pass *pass, enum lm_phase phase, size_t count, lm_task_fn *fn,
               const struct lm_right *rights, size_t right_count)
{
    lm_region_of(pass, phase, count, count, fn, pass, rights, right_count);
}
