/* What all stages of a plan come to, and whether the disk has room for them. */
#include <math.h>
#include <sys/stat.h>

#include "base/io.h"
#include "page/numtext.h"
#include "plan/plan.h"

static bool is_due(const struct lm_plan *plan, size_t i)
{
    return plan->stages[i].selected && plan->stages[i].state != LM_HIT;
}

/* ---- time ---- */

/** When a stage would end at the earliest, if it began when all before it had ended. */
static double end_of(const struct lm_plan *plan, const double *ends, size_t i)
{
    const struct lm_spec_stage *stage = &plan->spec->stages[i];
    double begin = 0;
    for (size_t k = 0; k < stage->input_count; k++)
        begin = fmax(begin, ends[stage->inputs[k].stage]);
    for (size_t k = 0; k < stage->after_count; k++)
        begin = fmax(begin, ends[stage->after[k]]);
    return begin + (is_due(plan, i) ? plan->stages[i].forecast.seconds : 0);
}

/** The longest chain; 0 without memory for it. */
static double longest_chain(const struct lm_plan *plan)
{
    struct lm_arena_mark mark = lm_arena_mark(plan->arena);
    size_t count = plan->spec->stage_count;
    double *ends = LM_NEW_ARRAY(plan->arena, double, count), last = 0;
    for (size_t i = 0; i < count && ends != NULL; i++) {
        ends[i] = end_of(plan, ends, i);
        last = fmax(last, ends[i]);
    }
    lm_arena_rewind(plan->arena, mark);
    return last;
}

/* ---- disk ---- */

/** Do published files lie on the disk of the store? What is not there yet will lie below the root.
 */
static bool is_one_disk(const struct lm_plan *plan)
{
    struct stat store, root;
    return stat(lm_store_path(plan->store), &store) == 0 && stat(plan->spec->root, &root) == 0 &&
           store.st_dev == root.st_dev;
}

static uint64_t published_bytes(const struct lm_plan *plan, size_t i)
{
    const struct lm_spec_stage *stage = &plan->spec->stages[i];
    uint64_t sum = 0;
    for (size_t k = 0; k < stage->publish_count; k++) {
        size_t place = (size_t)(stage->publish[k].port - stage->type->outputs);
        sum += place < LM_SIZES_MAX ? plan->stages[i].forecast.sizes[place] : 0;
    }
    return sum;
}

static void add_disk(struct lm_plan_totals *totals, const struct lm_plan *plan, size_t i,
                     bool copies)
{
    const struct lm_forecast *forecast = &plan->stages[i].forecast;
    uint64_t bytes = forecast->disk + (copies ? published_bytes(plan, i) : 0);
    totals->disk += bytes;
    /* A stage that may turn out to be up to date needs nothing for certain. */
    if (forecast->disk_from >= LM_BASIS_COMPUTED && plan->stages[i].state != LM_MAYBE)
        totals->disk_sure += bytes;
}

/* ---- all ---- */

void lm_forecast_total(struct lm_plan *plan)
{
    struct lm_plan_totals totals = {.threads = plan->totals.threads,
                                    .disk_free = plan->totals.disk_free};
    uint64_t scratch = 0, scratch_sure = 0;
    double busy = 0;
    bool copies = is_one_disk(plan);
    for (size_t i = 0; i < plan->spec->stage_count; i++) {
        const struct lm_plan_stage *s = &plan->stages[i];
        if (!is_due(plan, i))
            continue;
        bool may = s->state == LM_MAYBE;
        totals.run += !may;
        totals.maybe += may;
        totals.timeless += s->forecast.time_from == LM_BASIS_NONE;
        totals.guessed = totals.guessed || s->forecast.time_from == LM_BASIS_GUESS;
        totals.memory = s->forecast.memory > totals.memory ? s->forecast.memory : totals.memory;
        scratch = s->estimate.scratch > scratch ? s->estimate.scratch : scratch;
        if (!may && s->estimate.scratch > scratch_sure)
            scratch_sure = s->estimate.scratch;
        busy += s->forecast.busy;
        add_disk(&totals, plan, i, copies);
    }
    totals.disk += scratch;
    totals.disk_sure += scratch_sure;
    totals.seconds = fmax(longest_chain(plan), busy / (double)totals.threads);
    plan->totals = totals;
}

enum lm_status lm_plan_check_disk(struct lm_plan *plan, struct lm_err *err)
{
    struct lm_plan_totals *totals = &plan->totals;
    if (totals->run + totals->maybe == 0 || !lm_store_free(plan->store, &totals->disk_free))
        return LM_OK;
    bool sure = totals->disk_sure > totals->disk_free;
    if (totals->disk <= totals->disk_free)
        return LM_OK;
    const char *text =
        lm_arena_printf(plan->arena,
                        "needs about %s of disk%s, the store %s has %s free; make room, or name a "
                        "store on a larger disk with --store",
                        lm_num_plain(lm_num_bytes(sure ? totals->disk_sure : totals->disk)).text,
                        sure ? "" : " (a guess)", lm_store_path(plan->store),
                        lm_num_plain(lm_num_bytes(totals->disk_free)).text);
    if (text == NULL)
        return lm_fail(err, LM_NOMEM, "%s: no memory to estimate it; free some", plan->spec->path);
    const struct lm_origin nowhere = {.file = plan->spec->path};
    lm_diag_warn(&plan->warnings, &nowhere, "", "%s", text);
    plan->cramped = sure ? lm_arena_printf(plan->arena, "%s: %s", plan->spec->path, text) : NULL;
    return LM_OK;
}
