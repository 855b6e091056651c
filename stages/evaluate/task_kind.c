/* What kinds of tasks share: probes, accuracies, intervals, counts, texts of item lines. */
#include "task_kind.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/bootstrap.h"
#include "stats/paired_shares.h"
#include "stats/wilson.h"

enum { SHOWN = 200 /* bytes of a text in an item's line */ };

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for the results of a task; give it a limit");
}

enum lm_status
task_run_probes(struct task_run *run, size_t (*count)(const struct task_run *, size_t),
                void (*fill)(const struct task_run *, size_t item, struct task_probe *probes),
                struct lm_err *err)
{
    struct lm_arena *arena = run->evaluation->arena;
    size_t items = run->items.count;
    run->first = LM_NEW_ARRAY(arena, size_t, items + 1);
    if (run->first == NULL)
        return no_memory(err);
    for (size_t i = 0; i < items; i++)
        run->first[i + 1] = run->first[i] + count(run, i);
    run->probes = LM_NEW_ARRAY(arena, struct task_probe, run->first[items]);
    if (run->probes == NULL)
        return no_memory(err);
    for (size_t i = 0; i < items; i++) {
        fill(run, i, run->probes + run->first[i]);
        for (size_t p = run->first[i]; p < run->first[i + 1]; p++)
            run->probes[p].id = run->items.items[i].id;
    }
    return task_score(run->scorer, run->probes, run->first[items], err);
}

/* ---- intervals ---- */

struct lm_rng task_stream_of(const struct task_run *run, const char *what)
{
    char name[LM_TASK_NAME + 40];
    snprintf(name, sizeof name, "task.%s.%s", run->task.name, what);
    return lm_rng_stream(lm_ctx_seed(run->evaluation->ctx), name);
}

static double *ones(struct lm_arena *arena, size_t count)
{
    double *out = LM_NEW_ARRAY(arena, double, count);
    for (size_t i = 0; out != NULL && i < count; i++)
        out[i] = 1;
    return out;
}

enum lm_status task_put_ratio(struct scores *scores, const struct task_run *run, const char *name,
                              const double *over, const double *under, double (*scale)(double),
                              struct lm_err *err)
{
    const struct evaluation *evaluation = run->evaluation;
    double sum = 0, weight = 0;
    if (under == NULL)
        under = ones(evaluation->arena, run->items.count);
    if (under == NULL)
        return no_memory(err);
    for (size_t i = 0; i < run->items.count; i++) {
        sum += over[i];
        weight += under[i];
    }
    struct lm_bootstrap_ratio ratio = {.over = over, .under = under};
    const struct lm_resampling how = evaluate_resampling(evaluation, task_stream_of(run, "items"));
    LM_TRY(lm_bootstrap_run(&ratio, 1, run->items.count, &how, evaluation->arena, err));
    scores_put_interval(scores, name, scale(sum / weight), scale(ratio.low), scale(ratio.high));
    return LM_OK;
}

/* ---- accuracy ---- */

void task_put_wilson(struct scores *scores, const char *name, double hits, double count)
{
    double low, high;
    lm_wilson(&low, &high, hits, count);
    scores_put_interval(scores, name, hits / count, low, high);
}

/* Of each group, and over new groups of the first level. */
static enum lm_status put_groups(struct scores *scores, struct task_run *run, struct lm_err *err)
{
    struct evaluation *evaluation = run->evaluation;
    for (size_t l = 0; l < run->groups.level_count; l++) {
        const struct task_level *level = &run->groups.levels[l];
        double *hits, *counts, mean = 0;
        LM_TRY(task_groups_sum(&hits, &counts, evaluation->arena, level, run->score, NULL,
                               run->items.count, err));
        for (size_t g = 0; g < level->count; g++) {
            char name[160];
            snprintf(name, sizeof name, "%s.acc", level->names[g]);
            task_put_wilson(scores, name, hits[g], counts[g]);
            mean += hits[g] / counts[g] / (double)level->count;
        }
        if (l > 0)
            continue;
        struct lm_bootstrap_ratio ratio = {.over = hits, .under = counts};
        const struct lm_resampling how =
            evaluate_resampling(evaluation, task_stream_of(run, "groups"));
        LM_TRY(lm_bootstrap_run(&ratio, 1, level->count, &how, evaluation->arena, err));
        scores_put(scores, "acc.clustered.lo", ratio.low);
        scores_put(scores, "acc.clustered.hi", ratio.high);
        scores_put(scores, "macro", mean);
    }
    return LM_OK;
}

enum lm_status task_put_accuracy(struct scores *scores, struct task_run *run, struct lm_err *err)
{
    double hits = 0;
    for (size_t i = 0; i < run->items.count; i++)
        hits += run->score[i];
    run->headline = hits / (double)run->items.count;
    task_put_wilson(scores, "acc", hits, (double)run->items.count);
    return put_groups(scores, run, err);
}

/* The same over new groups of the first level. */
static enum lm_status put_over_groups(struct scores *scores, const struct task_run *run,
                                      const char *name, const double *differences,
                                      struct lm_err *err)
{
    const struct evaluation *evaluation = run->evaluation;
    double *sums, *counts;
    char end[48];
    if (run->groups.level_count == 0)
        return LM_OK;
    LM_TRY(task_groups_sum(&sums, &counts, evaluation->arena, &run->groups.levels[0], differences,
                           NULL, run->items.count, err));
    struct lm_bootstrap_ratio ratio = {.over = sums, .under = counts};
    const struct lm_resampling how = evaluate_resampling(evaluation, task_stream_of(run, "groups"));
    LM_TRY(lm_bootstrap_run(&ratio, 1, run->groups.levels[0].count, &how, evaluation->arena, err));
    snprintf(end, sizeof end, "%s.diff.clustered.lo", name);
    scores_put(scores, end, ratio.low);
    snprintf(end, sizeof end, "%s.diff.clustered.hi", name);
    scores_put(scores, end, ratio.high);
    return LM_OK;
}

enum lm_status task_put_over(struct scores *scores, const struct task_run *run, const char *name,
                             const double *theirs, struct lm_err *err)
{
    double gained = 0, lost = 0;
    char full[40];
    double *differences = LM_NEW_ARRAY(run->evaluation->arena, double, run->items.count);
    if (differences == NULL)
        return no_memory(err);
    for (size_t i = 0; i < run->items.count; i++) {
        differences[i] = run->score[i] - theirs[i];
        gained += fmax(differences[i], 0);
        lost += fmax(-differences[i], 0);
    }
    const struct lm_difference over =
        lm_paired_shares(gained, lost, (double)run->items.count, 0.95);
    snprintf(full, sizeof full, "%s.diff", name);
    scores_put_interval(scores, full, over.value, over.low, over.high);
    return put_over_groups(scores, run, name, differences, err);
}

/* ---- counts ---- */

void task_put_counts(struct scores *scores, const struct task_run *run, bool with_straddlers)
{
    uint64_t cut = 0, straddlers = 0;
    for (size_t i = 0; i < run->items.count; i++) {
        bool is_cut = false;
        for (size_t p = run->first[i]; p < run->first[i + 1]; p++) {
            is_cut = is_cut || run->probes[p].is_cut;
            straddlers += run->probes[p].straddles;
        }
        cut += is_cut;
    }
    scores_put_count(scores, "items", run->items.count);
    if (with_straddlers)
        scores_put_count(scores, "straddlers", straddlers);
    scores_put_count(scores, "cut", cut);
}

void task_put_ties(struct scores *scores, const struct task_run *run)
{
    uint64_t ties = 0;
    for (size_t i = 0; i < run->items.count; i++)
        ties += run->tie[i];
    scores_put_count(scores, "ties", ties);
}

static int by_text(const void *a, const void *b)
{
    const struct lm_text *x = a, *y = b;
    int order = memcmp(x->data, y->data, x->size < y->size ? x->size : y->size);
    return order != 0 ? order : (x->size > y->size) - (x->size < y->size);
}

enum lm_status task_majority(double *out, struct lm_arena *arena, const struct lm_text *texts,
                             size_t count, struct lm_err *err)
{
    struct lm_text *sorted = LM_NEW_ARRAY(arena, struct lm_text, count);
    size_t best = 0, run = 0;
    if (sorted == NULL)
        return no_memory(err);
    memcpy(sorted, texts, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_text);
    for (size_t i = 0; i < count; i++) {
        run = i > 0 && by_text(&sorted[i], &sorted[i - 1]) == 0 ? run + 1 : 1;
        best = run > best ? run : best;
    }
    *out = (double)best / (double)count;
    return LM_OK;
}

/* ---- texts ---- */

static bool is_inside(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

void task_put_text(struct lm_json_writer *writer, const char *key, struct lm_text text, bool is_end)
{
    size_t first = is_end && text.size > SHOWN ? text.size - SHOWN : 0;
    size_t last = !is_end && text.size > SHOWN ? SHOWN : text.size;
    while (first < text.size && first > 0 && is_inside(text.data[first]))
        first++;
    while (last < text.size && last > 0 && is_inside(text.data[last]))
        last--;
    lm_json_key(writer, key);
    lm_json_put_bytes(writer, text.data != NULL ? text.data + first : "", last - first);
}
