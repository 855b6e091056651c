/* Runs that differ in their repeats alone, as one: how seeds vary, beside what items leave open. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "stats/bootstrap.h"

#include "compare/comparison.h"

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for groups of runs; compare fewer");
}

static bool has_repeats(const struct lm_comparison *out)
{
    for (size_t a = 0; a < out->axis_count; a++)
        if (out->axes[a].is_repeat && out->axes[a].count > 1)
            return true;
    return false;
}

static bool are_repeats(const struct lm_comparison *out, const size_t *x, const size_t *y)
{
    for (size_t a = 0; a < out->axis_count; a++)
        if (!out->axes[a].is_repeat && x[a] != y[a])
            return false;
    return true;
}

/* "lr=0.001,width=64": the values but for the repeats; "all" when there are no others. */
static const char *label_of(const struct lm_comparison *out, const size_t *places)
{
    struct lm_buf text;
    lm_buf_init(&text, 0);
    for (size_t a = 0; a < out->axis_count; a++)
        if (!out->axes[a].is_repeat && places[a] != SIZE_MAX)
            lm_buf_printf(&text, "%s%s=%s", text.size > 0 ? "," : "", out->axes[a].name,
                          out->axes[a].texts[places[a]]);
    const char *label =
        text.failed ? NULL : lm_arena_strdup(out->arena, text.size > 0 ? text.data : "all");
    lm_buf_release(&text);
    return label;
}

/* Groups of the ranked rows, in their order. */
static enum lm_status gather(struct lm_comparison *out, struct lm_err *err)
{
    out->groups = LM_NEW_ARRAY(out->arena, struct lm_compare_group, out->ranked);
    if (out->groups == NULL)
        return no_memory(err);
    for (size_t i = 0; i < out->ranked; i++) {
        struct lm_compare_group *group = out->groups;
        struct lm_compare_group *end = out->groups + out->group_count;
        while (group < end && !are_repeats(out, group->places, out->rows[i].places))
            group++;
        if (group == end) {
            *group = (struct lm_compare_group){
                .label = label_of(out, out->rows[i].places),
                .places = out->rows[i].places,
                .rows = LM_NEW_ARRAY(out->arena, size_t, out->ranked - i),
                .low = (double)NAN,
                .high = (double)NAN,
                .items = {(double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN},
                .items_verdict = LM_VERDICT_NOT_COMPARED,
            };
            if (group->label == NULL || group->rows == NULL)
                return no_memory(err);
            out->group_count++;
        }
        group->rows[group->count++] = i;
    }
    return LM_OK;
}

static enum lm_status spread(struct lm_comparison *out, double confidence, struct lm_err *err)
{
    double *values = LM_NEW_ARRAY(out->arena, double, out->ranked);
    if (values == NULL)
        return no_memory(err);
    for (size_t g = 0; g < out->group_count; g++) {
        struct lm_compare_group *group = &out->groups[g];
        for (size_t k = 0; k < group->count; k++)
            values[k] = out->rows[group->rows[k]].value;
        group->spread = lm_spread_of(values, group->count, confidence);
    }
    return LM_OK;
}

static int lowest_first(const void *a, const void *b)
{
    const struct lm_compare_group *x = a, *y = b;
    if (x->spread.mean != y->spread.mean)
        return x->spread.mean < y->spread.mean ? -1 : 1;
    return strcmp(x->label, y->label);
}

static int highest_first(const void *a, const void *b)
{
    const struct lm_compare_group *x = a, *y = b;
    if (x->spread.mean != y->spread.mean)
        return x->spread.mean > y->spread.mean ? -1 : 1;
    return strcmp(x->label, y->label);
}

/* The group of the reference run; the best group when the reference is picked. */
static void find_reference(struct lm_comparison *out)
{
    out->reference_group = out->group_count > 0 ? 0 : SIZE_MAX;
    for (size_t g = 0; !out->is_best_reference && g < out->group_count; g++)
        for (size_t k = 0; k < out->groups[g].count; k++)
            if (out->groups[g].rows[k] == out->reference)
                out->reference_group = g;
}

/* The covariance of two groups' means: the mean over all pairs of their runs. */
static double covariance_of(const struct lm_paired_resamples *runs,
                            const struct lm_compare_group *g, const struct lm_compare_group *h)
{
    double sum = 0;
    for (size_t k = 0; k < g->count; k++)
        for (size_t l = 0; l < h->count; l++)
            sum += runs->covariance[g->rows[k] * runs->runs + h->rows[l]];
    return sum / ((double)g->count * (double)h->count);
}

/* The mean of a group's runs in a row of `runs` values. */
static double mean_of(const struct lm_compare_group *group, const double *values)
{
    double sum = 0;
    for (size_t k = 0; k < group->count; k++)
        sum += values[group->rows[k]];
    return sum / (double)group->count;
}

/* Means over repeats, from the resamples of the runs: the same draws, so nothing is drawn again. */
static enum lm_status average(struct lm_paired_resamples *means, const struct lm_comparison *out,
                              const struct lm_paired_resamples *runs, struct lm_err *err)
{
    size_t groups = out->group_count;
    *means = (struct lm_paired_resamples){
        .runs = groups,
        .items = runs->items,
        .resamples = runs->resamples,
        .value = LM_NEW_ARRAY(out->arena, double, groups),
        .resampled = LM_NEW_ARRAY(out->arena, double, runs->resamples *groups),
        .covariance = LM_NEW_ARRAY(out->arena, double, groups *groups)};
    if (means->value == NULL || means->resampled == NULL || means->covariance == NULL)
        return no_memory(err);
    for (size_t g = 0; g < groups; g++) {
        means->value[g] = mean_of(&out->groups[g], runs->value);
        for (size_t h = 0; h < groups; h++)
            means->covariance[g * groups + h] =
                covariance_of(runs, &out->groups[g], &out->groups[h]);
        for (size_t r = 0; r < runs->resamples; r++)
            means->resampled[r * groups + g] =
                mean_of(&out->groups[g], runs->resampled + r * runs->runs);
    }
    return LM_OK;
}

static void interval_of(struct lm_compare_group *group, size_t g,
                        const struct lm_paired_resamples *means, double *drawn, double confidence)
{
    for (size_t r = 0; r < means->resamples; r++)
        drawn[r] = means->resampled[r * means->runs + g];
    size_t kept = lm_bootstrap_sort(drawn, means->resamples);
    if (kept == 0 || means->items < LM_BOOTSTRAP_LEAST)
        return;
    group->low = lm_bootstrap_quantile(drawn, kept, (1 - confidence) / 2);
    group->high = lm_bootstrap_quantile(drawn, kept, 1 - (1 - confidence) / 2);
}

static enum lm_status compare_items(struct lm_comparison *out,
                                    const struct lm_paired_resamples *runs, struct lm_err *err)
{
    struct lm_paired_resamples means;
    double confidence = out->options->confidence;
    LM_TRY(average(&means, out, runs, err));
    struct lm_difference *all = LM_NEW_ARRAY(out->arena, struct lm_difference, out->group_count);
    double *drawn = LM_NEW_ARRAY(out->arena, double, runs->resamples);
    if (all == NULL || drawn == NULL)
        return no_memory(err);
    LM_TRY(lm_simultaneous(all, &means, out->reference_group,
                           out->is_best_reference ? LM_REFERENCE_BEST : LM_REFERENCE_FIXED,
                           confidence, out->arena, err));
    for (size_t g = 0; g < out->group_count; g++) {
        struct lm_compare_group *group = &out->groups[g];
        interval_of(group, g, &means, drawn, confidence);
        group->items = all[g];
        group->items_verdict = lm_compare_verdict(out->better, all[g].low, all[g].high);
    }
    return LM_OK;
}

/* Each at a confidence that pays for as many comparisons as are made (Bonferroni). */
static void compare_repeats(struct lm_comparison *out)
{
    size_t n = out->group_count, tests = out->is_best_reference ? n * (n - 1) / 2 : n - 1;
    double confidence = 1 - (1 - out->options->confidence) / (double)(tests > 0 ? tests : 1);
    const struct lm_compare_group *reference = &out->groups[out->reference_group];
    for (size_t g = 0; g < n; g++) {
        struct lm_compare_group *group = &out->groups[g];
        group->repeats = lm_spread_subtract(&group->spread, &reference->spread, confidence);
        group->repeats_verdict =
            lm_compare_verdict(out->better, group->repeats.low, group->repeats.high);
    }
    out->groups[out->reference_group].items_verdict = LM_VERDICT_REFERENCE;
    out->groups[out->reference_group].repeats_verdict = LM_VERDICT_REFERENCE;
}

enum lm_status lm_compare_groups(struct lm_comparison *out, const struct lm_paired_resamples *runs,
                                 struct lm_err *err)
{
    if (!has_repeats(out) || out->ranked == 0)
        return LM_OK;
    LM_TRY(gather(out, err));
    LM_TRY(spread(out, out->options->confidence, err));
    if (out->group_count > 0)
        qsort(out->groups, out->group_count, sizeof *out->groups,
              out->better == LM_BETTER_LOWER ? lowest_first : highest_first);
    find_reference(out);
    if (out->reference_group == SIZE_MAX)
        return LM_OK;
    if (runs != NULL)
        LM_TRY(compare_items(out, runs, err));
    compare_repeats(out);
    return LM_OK;
}
