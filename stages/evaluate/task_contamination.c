#include "task_contamination.h"

#include <math.h>
#include <string.h>

#include "contamination.h"

enum { CHUNK = 1 << 16, OVERLAP = CONTAMINATION_GRAM - 1 };

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to look for contamination; give the tasks a limit");
}

/* The tokens of an item's text with its answer. */
static enum lm_status encode(const struct task_run *run, size_t item, struct lm_buf *text,
                             const int32_t **ids, size_t *count, struct lm_err *err)
{
    const struct lm_task_item *own = &run->items.items[item];
    size_t right = run->task.kind == LM_TASK_CHOICE ? (size_t)own->answer : 0;
    const struct task_probe *probe = &run->probes[run->first[item] + right];
    lm_buf_clear(text);
    for (size_t p = 0; p < TASK_PARTS; p++)
        lm_buf_append(text, probe->parts[p].data, probe->parts[p].size);
    LM_TRY(lm_buf_status(text, err));
    return task_scorer_encode(run->scorer, text->data != NULL ? text->data : "", text->size, ids,
                              count, err);
}

/* One walk over the items' texts: what is done with each. */
typedef void visit_fn(struct task_run *run, struct contamination *set, size_t item,
                      const int32_t *ids, size_t count);

static enum lm_status each_text(struct task_run *run, struct contamination *set, visit_fn *visit,
                                struct lm_err *err)
{
    struct lm_buf text;
    enum lm_status status = LM_OK;
    lm_buf_init(&text, 0);
    for (size_t i = 0; i < run->items.count && status == LM_OK; i++) {
        const int32_t *ids;
        size_t count;
        status = encode(run, i, &text, &ids, &count, err);
        if (status == LM_OK)
            visit(run, set, i, ids, count);
        if (status == LM_OK && i % 1024 == 0)
            status = evaluate_poll(run->evaluation, err);
    }
    lm_buf_release(&text);
    return status;
}

static void count_grams(struct task_run *run, struct contamination *set, size_t item,
                        const int32_t *ids, size_t count)
{
    (void)item;
    (void)ids;
    set->capacity += contamination_grams(count);
    run->untested += contamination_grams(count) == 0;
}

static void add_text(struct task_run *run, struct contamination *set, size_t item,
                     const int32_t *ids, size_t count)
{
    (void)run;
    (void)item;
    contamination_add(set, ids, count);
}

static void look_up(struct task_run *run, struct contamination *set, size_t item,
                    const int32_t *ids, size_t count)
{
    run->touched[item] = contamination_has(set, ids, count);
}

static enum lm_status scan_training(struct contamination *set, const struct evaluation *evaluation,
                                    struct lm_err *err)
{
    uint64_t total = lm_tokens_count(evaluation->tokens, LM_TRAIN);
    int32_t *ids = LM_NEW_ARRAY(evaluation->arena, int32_t, CHUNK + OVERLAP);
    if (ids == NULL)
        return no_memory(err);
    for (uint64_t first = 0; first < total; first += CHUNK) {
        uint64_t from = first > OVERLAP ? first - OVERLAP : 0;
        uint64_t end = first + CHUNK < total ? first + CHUNK : total;
        LM_TRY(evaluate_poll(evaluation, err));
        LM_TRY(lm_tokens_read(evaluation->tokens, LM_TRAIN, from, (size_t)(end - from), ids, err));
        contamination_scan(set, ids, (size_t)(end - from));
    }
    return LM_OK;
}

enum lm_status task_contamination_find(struct task_run *run, struct lm_err *err)
{
    struct evaluation *evaluation = run->evaluation;
    struct contamination set = {0};
    if (!evaluation->params->contamination || evaluation->tokens == NULL || run->probes == NULL)
        return LM_OK;
    run->touched = LM_NEW_ARRAY(evaluation->arena, bool, run->items.count);
    if (run->touched == NULL)
        return no_memory(err);
    LM_TRY(each_text(run, &set, count_grams, err));
    LM_TRY(contamination_init(&set, evaluation->arena, set.capacity, err));
    LM_TRY(each_text(run, &set, add_text, err));
    LM_TRY(scan_training(&set, evaluation, err));
    return each_text(run, &set, look_up, err);
}

/* ---- both parts ---- */

static double bits(double nats)
{
    return nats / 0.69314718055994530942;
}

/* The metric of the items that are touched, or of those that are not. */
static enum lm_status put_part(struct scores *scores, const struct task_run *run, bool is_touched,
                               struct lm_err *err)
{
    struct lm_arena *arena = run->evaluation->arena;
    double *over = LM_NEW_ARRAY(arena, double, run->items.count);
    double *under = LM_NEW_ARRAY(arena, double, run->items.count);
    double sum = 0, count = 0;
    if (over == NULL || under == NULL)
        return no_memory(err);
    bool is_bits = run->task.kind == LM_TASK_STREAM;
    for (size_t i = 0; i < run->items.count; i++) {
        if (run->touched[i] != is_touched)
            continue;
        over[i] = is_bits ? run->nll[i] : run->score[i];
        under[i] = is_bits ? (double)run->items.items[i].target.size : 1;
        sum += over[i];
        count += under[i];
    }
    if (count == 0)
        return LM_OK;
    if (is_bits)
        return task_put_ratio(scores, run, is_touched ? "bpb_dirty" : "bpb_clean", over, under,
                              bits, err);
    task_put_wilson(scores, is_touched ? "acc_dirty" : "acc_clean", sum, count);
    return LM_OK;
}

enum lm_status task_contamination_put(struct scores *scores, const struct task_run *run,
                                      struct lm_err *err)
{
    double touched = 0;
    if (run->touched == NULL)
        return LM_OK;
    for (size_t i = 0; i < run->items.count; i++)
        touched += run->touched[i];
    scores_put(scores, "contamination", touched / (double)run->items.count);
    scores_put_count(scores, "contamination.untested", run->untested);
    if (run->task.kind == LM_TASK_GENERATE)
        return LM_OK;
    LM_TRY(put_part(scores, run, false, err));
    return put_part(scores, run, true, err);
}
