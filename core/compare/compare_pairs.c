/* Runs on the same items, and their differences, paired by item. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "stats/bootstrap.h"
#include "stats/distributions.h"

#include "compare/comparison.h"

/* The ranked rows with their items, and which of them were scored on the same. */
struct pairs {
    struct lm_comparison *out;
    struct lm_items *items; /* (ranked) */
    bool *has;              /* (ranked) */
    size_t *class_of;       /* (ranked) the first row of its class; SIZE_MAX: of none */
    size_t *members;        /* (compared) rows */
};

static enum lm_status no_memory(size_t runs, struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for the items of %zu runs; compare fewer", runs);
}

/* ---- items ---- */

static enum lm_status read_items(struct pairs *pairs, size_t i, struct lm_err *err)
{
    struct lm_comparison *out = pairs->out;
    const struct lm_compare_run *run = out->rows[i].run;
    for (size_t k = 0; k < run->given_count; k++)
        if (strcmp(run->given[k].file, out->pairing.file) == 0) {
            pairs->items[i] = run->given[k].items;
            pairs->has[i] = true;
            return LM_OK;
        }
    if (run->items == NULL)
        return LM_OK;
    const char *path = lm_path_join(out->arena, run->items, out->pairing.file);
    if (path == NULL)
        return no_memory(out->ranked, err);
    if (!lm_path_exists(path))
        return LM_OK;
    enum lm_status status = lm_items_read(&pairs->items[i], out->arena, path, err);
    pairs->has[i] = status == LM_OK;
    return status == LM_OK
               ? LM_OK
               : lm_wrap(err, status, "items of %s, %s", out->rows[i].label, out->pairing.file);
}

static enum lm_status read_all(struct pairs *pairs, struct lm_err *err)
{
    struct lm_comparison *out = pairs->out;
    bool is_found = false;
    pairs->items = LM_NEW_ARRAY(out->arena, struct lm_items, out->ranked);
    pairs->has = LM_NEW_ARRAY(out->arena, bool, out->ranked);
    pairs->class_of = LM_NEW_ARRAY(out->arena, size_t, out->ranked);
    pairs->members = LM_NEW_ARRAY(out->arena, size_t, out->ranked);
    if (pairs->items == NULL || pairs->has == NULL || pairs->class_of == NULL ||
        pairs->members == NULL)
        return no_memory(out->ranked, err);
    for (size_t i = 0; i < out->ranked; i++) {
        LM_TRY(read_items(pairs, i, err));
        if (pairs->has[i] && !is_found)
            out->pairing = lm_pairing_for(out->options->metric, &pairs->items[i]);
        is_found = is_found || pairs->has[i];
    }
    return LM_OK;
}

/* ---- classes of runs on the same items ---- */

static void find_classes(struct pairs *pairs)
{
    struct lm_comparison *out = pairs->out;
    for (size_t i = 0; i < out->ranked; i++) {
        pairs->class_of[i] = SIZE_MAX;
        for (size_t k = 0; k <= i && pairs->has[i] && pairs->class_of[i] == SIZE_MAX; k++) {
            bool is_first = pairs->has[k] && (k == i || pairs->class_of[k] == k);
            if (is_first && lm_pairing_check(&out->pairing, &pairs->items[k], "", &pairs->items[i],
                                             "", NULL) == LM_OK)
                pairs->class_of[i] = k;
        }
    }
}

static size_t count_class(const struct pairs *pairs, size_t class)
{
    size_t count = 0;
    for (size_t i = 0; i < pairs->out->ranked; i++)
        count += pairs->class_of[i] == class;
    return count;
}

/* The class of the reference, or the largest; of several, the one with the best run. */
static size_t pick_class(const struct pairs *pairs)
{
    const struct lm_comparison *out = pairs->out;
    size_t best = SIZE_MAX, most = 0;
    if (!out->is_best_reference)
        return pairs->class_of[out->reference];
    for (size_t i = 0; i < out->ranked; i++)
        if (pairs->class_of[i] == i && count_class(pairs, i) > most) {
            most = count_class(pairs, i);
            best = i;
        }
    return best;
}

static enum lm_status say_why(struct pairs *pairs, size_t i, size_t class, struct lm_err *err)
{
    struct lm_comparison *out = pairs->out;
    struct lm_compare_row *row = &out->rows[i];
    struct lm_err why = {0};
    if (!pairs->has[i]) {
        row->why = "it has no items to compare";
        return LM_OK;
    }
    lm_pairing_check(&out->pairing, &pairs->items[class], out->rows[class].label, &pairs->items[i],
                     row->label, &why);
    row->why = lm_arena_strdup(out->arena, why.text);
    return row->why != NULL ? LM_OK : no_memory(out->ranked, err);
}

/* Those that are compared, in the order of the table; the others are told why they are not. */
static enum lm_status list_members(struct pairs *pairs, size_t class, struct lm_err *err)
{
    struct lm_comparison *out = pairs->out;
    for (size_t i = 0; i < out->ranked; i++) {
        if (pairs->class_of[i] != class) {
            LM_TRY(say_why(pairs, i, class, err));
            continue;
        }
        out->rows[i].paired = out->compared;
        pairs->members[out->compared++] = i;
    }
    if (out->is_best_reference)
        out->reference = pairs->members[0];
    return LM_OK;
}

/* ---- differences ---- */

/* From ratios of sums to the metric, each linear in its neighbourhood. */
static void scale_resamples(struct lm_paired_resamples *runs, const struct lm_pairing *pairing)
{
    size_t n = runs->runs;
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++)
            runs->covariance[a * n + b] *= lm_pairing_slope(pairing, runs->value[a]) *
                                           lm_pairing_slope(pairing, runs->value[b]);
    for (size_t a = 0; a < n; a++)
        runs->value[a] = lm_pairing_value(pairing, runs->value[a]);
    for (size_t i = 0; i < runs->resamples * n; i++)
        runs->resampled[i] = lm_pairing_value(pairing, runs->resampled[i]);
}

static enum lm_status resample(struct lm_paired_resamples *runs, const struct pairs *pairs,
                               struct lm_err *err)
{
    const struct lm_comparison *out = pairs->out;
    const struct lm_compare_options *options = out->options;
    const struct lm_items *first = &pairs->items[pairs->members[0]];
    const double **over = LM_NEW_ARRAY(out->arena, const double *, out->compared);
    double *under = LM_NEW_ARRAY(out->arena, double, first->count);
    if (over == NULL || under == NULL)
        return no_memory(out->compared, err);
    for (size_t i = 0; i < first->count; i++)
        under[i] = lm_pairing_under(&out->pairing, first, i);
    for (size_t k = 0; k < out->compared; k++)
        over[k] = pairs->items[pairs->members[k]].columns[out->pairing.over];
    const struct lm_paired_items items = {out->compared, first->count, over, under};
    const struct lm_resampling how = {options->resamples, lm_rng_stream(options->seed, "compare"),
                                      options->confidence, options->is_cancelled, options->user};
    LM_TRY(lm_paired_resample(runs, &items, &how, out->arena, err));
    scale_resamples(runs, &out->pairing);
    return LM_OK;
}

/* Items that one of both has right; the exact p, for as many tests as were made. */
static void count_right(struct pairs *pairs, struct lm_compare_row *row, const struct lm_items *own,
                        const struct lm_items *reference)
{
    const struct lm_comparison *out = pairs->out;
    size_t n = out->compared, tests = out->is_best_reference ? n * (n - 1) / 2 : n - 1;
    for (size_t i = 0; i < own->count; i++) {
        bool mine = own->columns[LM_ITEM_SCORE][i] > 0.5;
        bool other = reference->columns[LM_ITEM_SCORE][i] > 0.5;
        row->only_own += mine && !other;
        row->only_reference += other && !mine;
    }
    row->mcnemar = fmin(1, (double)tests * lm_mcnemar(row->only_own, row->only_reference));
}

static enum lm_status subtract(struct pairs *pairs, const struct lm_paired_resamples *runs,
                               struct lm_err *err)
{
    struct lm_comparison *out = pairs->out;
    struct lm_difference *differences = LM_NEW_ARRAY(out->arena, struct lm_difference, runs->runs);
    double *shares = LM_NEW_ARRAY(out->arena, double, runs->runs);
    size_t reference = out->rows[out->reference].paired;
    if (differences == NULL || shares == NULL)
        return no_memory(out->compared, err);
    LM_TRY(lm_simultaneous(differences, runs, reference,
                           out->is_best_reference ? LM_REFERENCE_BEST : LM_REFERENCE_FIXED,
                           out->options->confidence, out->arena, err));
    lm_best_shares(shares, runs, out->better == LM_BETTER_LOWER);
    for (size_t k = 0; k < runs->runs; k++) {
        struct lm_compare_row *row = &out->rows[pairs->members[k]];
        row->difference = differences[k];
        row->best_share = shares[k];
        row->verdict = k == reference ? LM_VERDICT_REFERENCE
                                      : lm_compare_verdict(out->better, differences[k].low,
                                                           differences[k].high);
        if (out->pairing.is_right_wrong && k != reference)
            count_right(pairs, row, &pairs->items[pairs->members[k]],
                        &pairs->items[pairs->members[reference]]);
    }
    return LM_OK;
}

static const char *why_unpaired(const struct pairs *pairs, size_t class)
{
    const struct lm_comparison *out = pairs->out;
    if (out->pairing.without != NULL)
        return out->pairing.without;
    if (class == SIZE_MAX)
        return out->is_best_reference ? "no run has items" : "the reference has no items";
    if (pairs->items[class].count == 0)
        return "there are no items";
    return NULL;
}

enum lm_status lm_compare_pairs(struct lm_comparison *out, struct lm_err *err)
{
    struct pairs pairs = {.out = out};
    struct lm_paired_resamples runs = {0};
    size_t class = SIZE_MAX;
    if (out->pairing.file[0] != '\0') {
        LM_TRY(read_all(&pairs, err));
        find_classes(&pairs);
        class = pick_class(&pairs);
        if (class != SIZE_MAX)
            LM_TRY(list_members(&pairs, class, err));
    }
    out->unpaired = why_unpaired(&pairs, class);
    if (out->unpaired == NULL) {
        out->items = pairs.items[class].count;
        LM_TRY(resample(&runs, &pairs, err));
        LM_TRY(subtract(&pairs, &runs, err));
    }
    return lm_compare_groups(out, out->unpaired == NULL ? &runs : NULL, err);
}
