/* Kind cloze: is every token of the target the model's first choice? */
#include <math.h>

#include "base/elem.h"

#include "task_kind.h"

static size_t probe_count(const struct task_run *run, size_t item)
{
    (void)run;
    (void)item;
    return 1;
}

static void fill_probe(const struct task_run *run, size_t i, struct task_probe *probe)
{
    const struct lm_task_item *item = &run->items.items[i];
    *probe =
        (struct task_probe){.parts = {item->context, item->target}, .scored = 1, .is_greedy = true};
}

/* Tokens that others are as likely as leave a share of the item. */
static enum lm_status score(struct task_run *run, struct lm_err *err)
{
    LM_TRY(task_run_probes(run, probe_count, fill_probe, err));
    for (size_t i = 0; i < run->items.count; i++) {
        run->score[i] = run->probes[i].share;
        run->tie[i] = run->score[i] > 0 && run->score[i] < 1;
        run->nll[i] = run->probes[i].nll;
    }
    return LM_OK;
}

static double plain(double value)
{
    return value;
}

/* What counts of the training text would complete, and how much more the model has right. */
static enum lm_status put_counts(struct scores *scores, const struct task_run *run,
                                 struct lm_err *err)
{
    static const char *const floors[] = {"floor.unigram", "floor.bigram"};
    const size_t count = run->items.count;
    double *theirs = LM_NEW_ARRAY(run->evaluation->arena, double, count);
    if (theirs == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the floors of a task; give it a limit");
    for (size_t f = 0; f < 2; f++) {
        double sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += theirs[i] = run->probes[i].firsts[f];
        scores_put(scores, floors[f], sum / (double)count);
    }
    return task_put_over(scores, run, "bigram", theirs, err);
}

static enum lm_status put(struct scores *scores, struct task_run *run, struct lm_err *err)
{
    struct lm_arena *arena = run->evaluation->arena;
    struct lm_text *targets = LM_NEW_ARRAY(arena, struct lm_text, run->items.count);
    double share;
    if (targets == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the targets of a task; give it a limit");
    LM_TRY(task_put_accuracy(scores, run, err));
    LM_TRY(task_put_ratio(scores, run, "nll", run->nll, NULL, plain, err));
    LM_TRY(task_put_ratio(scores, run, "ppl", run->nll, NULL, lm_exp, err));
    task_put_ties(scores, run);
    task_put_counts(scores, run, true);
    for (size_t i = 0; i < run->items.count; i++)
        targets[i] = run->items.items[i].target;
    LM_TRY(task_majority(&share, arena, targets, run->items.count, err));
    scores_put(scores, "floor.majority", share);
    return run->evaluation->counts != NULL ? put_counts(scores, run, err) : LM_OK;
}

static void record(struct lm_item_record *out, const struct task_run *run, size_t i)
{
    out->score = run->score[i];
    out->nll = run->nll[i];
    out->bytes = (int64_t)run->items.items[i].target.size;
    out->tie = run->tie[i];
}

static void put_item(struct lm_json_writer *writer, const struct task_run *run, size_t i)
{
    task_put_text(writer, "context", run->items.items[i].context, true);
    task_put_text(writer, "expected", run->items.items[i].target, false);
}

static void sign(struct lm_buf *out, const struct task_run *run)
{
    (void)run;
    lm_buf_puts(out, "right when each token of the target is the most likely one (1/k for one of k "
                     "equals); ppl = e to the mean over items of a target's summed nll");
}

const struct task_kind task_cloze = {"acc", "accuracy", score, put, record, put_item, sign};
