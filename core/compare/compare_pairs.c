/* Runs on the same items, and their differences, paired by item. */
#include <math.h>
#include <string.h>

#include "base/io.h"
#include "stats/bootstrap.h"
#include "stats/distributions.h"

#include "compare/comparison.h"

/* Runs whose differences are resampled: to the best of n there are n (n - 1) / 2 of them. */
enum { MOST_TO_BEST = 300, MOST_TO_ONE = 2000 };

/* The ranked rows, and which of them were scored on the same items. */
struct pairs {
    struct lm_comparison *out;
    size_t *class_of; /* (ranked) the first row of its class; SIZE_MAX: of none */
};

static enum lm_status no_memory(size_t runs, struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for the items of %zu runs; compare fewer", runs);
}

/* ---- items ---- */

static enum lm_status read_items(struct lm_comparison *out, struct lm_compare_row *row,
                                 struct lm_err *err)
{
    const struct lm_compare_run *run = row->run;
    for (size_t k = 0; k < run->given_count; k++)
        if (strcmp(run->given[k].file, out->pairing.file) == 0) {
            row->items = &run->given[k].items;
            return LM_OK;
        }
    if (run->items == NULL)
        return LM_OK;
    const char *path = lm_path_join(out->arena, run->items, out->pairing.file);
    struct lm_items *items = LM_NEW(out->arena, struct lm_items);
    if (path == NULL || items == NULL)
        return no_memory(out->ranked, err);
    if (!lm_path_exists(path))
        return LM_OK;
    enum lm_status status = lm_items_read(items, out->arena, path, err);
    row->items = items;
    return status == LM_OK ? LM_OK
                           : lm_wrap(err, status, "items of %s, %s", row->label, out->pairing.file);
}

static enum lm_status read_all(struct lm_comparison *out, struct lm_err *err)
{
    const struct lm_items *first = NULL;
    for (size_t i = 0; i < out->ranked; i++) {
        LM_TRY(read_items(out, &out->rows[i], err));
        first = first != NULL ? first : out->rows[i].items;
    }
    if (first != NULL)
        out->pairing = lm_pairing_for(out->options->metric, first);
    return LM_OK;
}

/* ---- classes of runs on the same items ---- */

static void find_classes(struct pairs *pairs)
{
    const struct lm_comparison *out = pairs->out;
    const struct lm_compare_row *rows = out->rows;
    for (size_t i = 0; i < out->ranked; i++) {
        pairs->class_of[i] = SIZE_MAX;
        for (size_t k = 0; k <= i && rows[i].items != NULL && pairs->class_of[i] == SIZE_MAX; k++) {
            bool is_first = rows[k].items != NULL && (k == i || pairs->class_of[k] == k);
            if (is_first &&
                lm_pairing_fits(NULL, &out->pairing, &(struct lm_paired_side){rows[k].items, ""},
                                &(struct lm_paired_side){rows[i].items, ""}, NULL))
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

static enum lm_status say_why(const struct lm_comparison *out, struct lm_compare_row *row,
                              const struct lm_compare_row *of_class, struct lm_err *err)
{
    struct lm_reason why = {0};
    row->state = LM_RUN_OTHER;
    row->why = "it has no items to compare";
    if (row->items == NULL)
        return LM_OK;
    lm_pairing_fits(&why, &out->pairing, &(struct lm_paired_side){of_class->items, of_class->label},
                    &(struct lm_paired_side){row->items, row->label}, out->arena);
    row->why = lm_reason_text(out->arena, &why);
    return row->why != NULL ? LM_OK : no_memory(out->ranked, err);
}

/* Runs on other items are told why they are not compared, and stand behind the others. */
static enum lm_status part(struct pairs *pairs, size_t class, struct lm_err *err)
{
    struct lm_comparison *out = pairs->out;
    for (size_t i = 0; i < out->ranked; i++)
        if (pairs->class_of[i] != class)
            LM_TRY(say_why(out, &out->rows[i], &out->rows[class], err));
    LM_TRY(lm_compare_order(out, err));
    size_t most = out->is_best_reference ? MOST_TO_BEST : MOST_TO_ONE;
    out->compared = out->ranked < most ? out->ranked : most;
    for (size_t i = out->compared; i < out->ranked; i++)
        out->rows[i].why = "beyond the best, which alone are resampled";
    return LM_OK;
}

/* The class that is compared; SIZE_MAX: there is none. */
static enum lm_status find_class(struct lm_comparison *out, size_t *class, struct lm_err *err)
{
    struct pairs pairs = {.out = out, .class_of = LM_NEW_ARRAY(out->arena, size_t, out->ranked)};
    if (pairs.class_of == NULL)
        return no_memory(out->ranked, err);
    LM_TRY(read_all(out, err));
    find_classes(&pairs);
    *class = pick_class(&pairs);
    return *class != SIZE_MAX ? part(&pairs, *class, err) : LM_OK;
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

static enum lm_status resample(struct lm_paired_resamples *runs, const struct lm_comparison *out,
                               struct lm_err *err)
{
    const struct lm_compare_options *options = out->options;
    const struct lm_items *first = out->rows[0].items;
    const double **over = LM_NEW_ARRAY(out->arena, const double *, out->compared);
    double *under = LM_NEW_ARRAY(out->arena, double, first->count);
    if (over == NULL || under == NULL)
        return no_memory(out->compared, err);
    for (size_t i = 0; i < first->count; i++)
        under[i] = lm_pairing_under(&out->pairing, first, i);
    for (size_t k = 0; k < out->compared; k++)
        over[k] = out->rows[k].items->columns[out->pairing.over];
    const struct lm_paired_items items = {out->compared, first->count, over, under};
    const struct lm_resampling how = {.resamples = options->resamples,
                                      .rng = lm_rng_stream(options->seed, "compare"),
                                      .is_cancelled = options->is_cancelled,
                                      .user = options->user,
                                      .pool = options->pool};
    LM_TRY(lm_paired_resample(runs, &items, &how, out->arena, err));
    scale_resamples(runs, &out->pairing);
    return LM_OK;
}

/* Items that one of both has right; the exact p, for as many tests as were made. */
static void count_right(const struct lm_comparison *out, struct lm_compare_row *row)
{
    const struct lm_items *own = row->items, *reference = out->rows[out->reference].items;
    size_t n = out->compared, tests = out->is_best_reference ? n * (n - 1) / 2 : n - 1;
    for (size_t i = 0; i < own->count; i++) {
        bool mine = own->columns[LM_ITEM_SCORE][i] > 0.5;
        bool other = reference->columns[LM_ITEM_SCORE][i] > 0.5;
        row->only_own += mine && !other;
        row->only_reference += other && !mine;
    }
    row->mcnemar = fmin(1, (double)tests * lm_mcnemar(row->only_own, row->only_reference));
}

static enum lm_status subtract(struct lm_comparison *out, const struct lm_paired_resamples *runs,
                               struct lm_err *err)
{
    struct lm_difference *differences = LM_NEW_ARRAY(out->arena, struct lm_difference, runs->runs);
    double *shares = LM_NEW_ARRAY(out->arena, double, runs->runs);
    if (differences == NULL || shares == NULL)
        return no_memory(out->compared, err);
    LM_TRY(lm_simultaneous(differences, runs, out->reference,
                           out->is_best_reference ? LM_REFERENCE_BEST : LM_REFERENCE_FIXED,
                           out->options->confidence, out->arena, err));
    lm_best_shares(shares, runs, out->better == LM_BETTER_LOWER);
    for (size_t k = 0; k < runs->runs; k++) {
        struct lm_compare_row *row = &out->rows[k];
        row->difference = differences[k];
        row->best_share = shares[k];
        row->verdict = k == out->reference ? LM_VERDICT_REFERENCE
                                           : lm_compare_verdict(out->better, differences[k].low,
                                                                differences[k].high);
        if (out->pairing.is_right_wrong && k != out->reference)
            count_right(out, row);
    }
    return LM_OK;
}

static const char *why_unpaired(const struct lm_comparison *out, size_t class)
{
    if (class == SIZE_MAX)
        return out->is_best_reference ? "no run has items" : "the reference has no items";
    if (out->rows[0].items->count == 0)
        return "there are no items";
    if (out->reference >= out->compared)
        return "the reference is not among the best 2,000";
    return NULL;
}

enum lm_status lm_compare_pairs(struct lm_comparison *out, struct lm_err *err)
{
    struct lm_paired_resamples runs = {0};
    size_t class = SIZE_MAX;
    if (out->pairing.file[0] != '\0' && out->ranked > 0)
        LM_TRY(find_class(out, &class, err));
    const struct lm_reason without = {.kind = out->pairing.without, .parts = {out->pairing.item}};
    out->unpaired = without.kind != LM_REASON_NONE ? lm_reason_text(out->arena, &without)
                                                   : why_unpaired(out, class);
    if (without.kind != LM_REASON_NONE && out->unpaired == NULL)
        return no_memory(out->ranked, err);
    if (out->unpaired == NULL) {
        out->items = out->rows[0].items->count;
        LM_TRY(resample(&runs, out, err));
        LM_TRY(subtract(out, &runs, err));
    }
    bool has_all = out->unpaired == NULL && out->compared == out->ranked;
    LM_TRY(lm_compare_groups(out, has_all ? &runs : NULL, err));
    if (out->unpaired == NULL && out->items < LM_BOOTSTRAP_LEAST)
        out->uncertain = "there are fewer than 20 items";
    return LM_OK;
}
