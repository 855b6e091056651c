#include "compare/comparison.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const lm_compare_verdict_words[LM_VERDICTS] = {"better", "worse", "no difference shown",
                                                           "the reference", "not compared"};

double lm_compare_score(const struct lm_compare_row *row, const char *name, const char *suffix)
{
    char key[256];
    int length = snprintf(key, sizeof key, "%s%s", name, suffix);
    if (length < 0 || (size_t)length >= sizeof key)
        return (double)NAN;
    for (size_t i = 0; i < row->run->value_count; i++)
        if (strcmp(row->run->values[i].name, key) == 0)
            return row->run->values[i].value;
    return lm_json_double(lm_json_get(row->run->scores, key), (double)NAN);
}

struct visiting {
    bool (*visit)(void *user, const char *name);
    void *user;
};

static bool visit_member(void *user, const char *key, const struct lm_json *value)
{
    struct visiting *visiting = user;
    (void)value;
    return visiting->visit(visiting->user, key);
}

void lm_compare_each_score(const struct lm_compare_run *run,
                           bool (*visit)(void *user, const char *name), void *user)
{
    struct visiting visiting = {visit, user};
    for (size_t i = 0; i < run->value_count; i++)
        if (!visit(user, run->values[i].name))
            return;
    lm_json_each(run->scores, visit_member, &visiting);
}

enum lm_compare_verdict lm_compare_verdict(enum lm_better better, double low, double high)
{
    bool lower = better == LM_BETTER_LOWER;
    if (isnan(low) || isnan(high))
        return LM_VERDICT_NOT_COMPARED;
    if (low > 0)
        return lower ? LM_VERDICT_WORSE : LM_VERDICT_BETTER;
    if (high < 0)
        return lower ? LM_VERDICT_BETTER : LM_VERDICT_WORSE;
    return LM_VERDICT_NO_DIFFERENCE;
}

/* ---- rows ---- */

static void find_state(struct lm_compare_row *row, const char *metric)
{
    const struct lm_compare_run *run = row->run;
    row->value = lm_compare_score(row, metric, "");
    row->low = lm_compare_score(row, metric, ".lo");
    row->high = lm_compare_score(row, metric, ".hi");
    row->state = LM_RUN_RANKED;
    if (run->failed != NULL || (run->scores == NULL && run->value_count == 0)) {
        row->state = LM_RUN_FAILED;
        row->why = run->failed != NULL ? run->failed : "it has no scores";
    } else if (lm_compare_score(row, "diverged", "") > 0) {
        row->state = LM_RUN_DIVERGED;
        row->why = "its training diverged";
    } else if (!isfinite(row->value)) {
        row->state = LM_RUN_UNRANKED;
        row->why = "its scores lack the metric";
    }
}

static enum lm_status make_rows(struct lm_comparison *out, const struct lm_compare_run *runs,
                                struct lm_err *err)
{
    const struct lm_difference none = {(double)NAN, (double)NAN, (double)NAN, (double)NAN,
                                       (double)NAN};
    out->rows = LM_NEW_ARRAY(out->arena, struct lm_compare_row, out->count);
    if (out->rows == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu runs; compare fewer", out->count);
    for (size_t i = 0; i < out->count; i++) {
        out->rows[i] = (struct lm_compare_row){.run = &runs[i],
                                               .label = runs[i].label,
                                               .difference = none,
                                               .verdict = LM_VERDICT_NOT_COMPARED,
                                               .best_share = (double)NAN,
                                               .mcnemar = (double)NAN,
                                               .flops = (double)NAN,
                                               .curve.tokens = (double)NAN};
        find_state(&out->rows[i], out->options->metric);
    }
    return LM_OK;
}

static bool is_known(const struct lm_comparison *out)
{
    for (size_t i = 0; i < out->count; i++)
        if (isfinite(out->rows[i].value))
            return true;
    return false;
}

/* Direction: what is asked for, else what is known of the metric. */
static enum lm_status find_better(struct lm_comparison *out, struct lm_err *err)
{
    const char *metric = out->options->metric;
    out->pairing = lm_pairing_find(metric);
    out->better =
        out->options->better != LM_BETTER_NONE ? out->options->better : out->pairing.better;
    if (!is_known(out))
        return lm_fail_field(err, LM_INVALID,
                             "metric: no run has a number %s; name one of its scores", metric);
    if (out->better == LM_BETTER_NONE)
        return lm_fail_field(err, LM_INVALID,
                             "mode: whether less or more of %s is better is not known; give min "
                             "or max",
                             metric);
    return LM_OK;
}

/* The best first; then by label, so that the order of the runs does not matter. */
static int by_metric(const struct lm_compare_row *x, const struct lm_compare_row *y, bool lower)
{
    if (x->state != y->state)
        return x->state < y->state ? -1 : 1;
    if (x->state == LM_RUN_RANKED && x->value != y->value)
        return (x->value < y->value) == lower ? -1 : 1;
    return strcmp(x->label, y->label);
}

static int lowest_first(const void *a, const void *b)
{
    return by_metric(a, b, true);
}

static int highest_first(const void *a, const void *b)
{
    return by_metric(a, b, false);
}

/* "scores@lr=0.001" as well as "lr=0.001": an instance's id, or its label. */
static bool is_called(const char *label, const char *wanted)
{
    const char *at = strchr(wanted, '@'), *own = strchr(label, '@');
    return strcmp(label, wanted) == 0 ||
           (at != NULL && strcmp(own != NULL ? own + 1 : label, at + 1) == 0) ||
           (own != NULL && strcmp(own + 1, wanted) == 0);
}

static enum lm_status find_reference(struct lm_comparison *out, struct lm_err *err)
{
    const char *wanted = out->options->reference;
    out->is_best_reference = wanted == NULL;
    out->reference = out->ranked > 0 ? 0 : SIZE_MAX;
    for (size_t i = 0; wanted != NULL && i < out->count; i++) {
        if (!is_called(out->rows[i].label, wanted))
            continue;
        if (out->rows[i].state != LM_RUN_RANKED)
            return lm_fail_field(err, LM_INVALID, "reference: %s cannot be one: %s; name another",
                                 wanted, out->rows[i].why);
        out->reference = i;
        return LM_OK;
    }
    return wanted == NULL
               ? LM_OK
               : lm_fail_field(err, LM_INVALID,
                               "reference: %s is none of the runs compared; name one of them, as "
                               "%s",
                               wanted, out->rows[0].label);
}

/* ---- metrics with intervals ---- */

struct finding {
    struct lm_comparison *out;
    bool failed; /* memory is out */
};

static bool add_column(struct lm_comparison *out, const char *name, bool has_interval)
{
    struct lm_compare_column *columns = lm_arena_grow(out->arena, out->columns, out->column_count,
                                                      &out->column_capacity, sizeof *columns);
    if (columns == NULL)
        return false;
    out->columns = columns;
    columns[out->column_count++] = (struct lm_compare_column){name, has_interval};
    return true;
}

/* One that some run has with an interval: its own, no difference to a baseline. */
static bool take_column(void *user, const char *key)
{
    struct finding *finding = user;
    struct lm_comparison *out = finding->out;
    size_t length = strlen(key);
    if (length < 4 || strcmp(key + length - 3, ".lo") != 0)
        return true;
    char *name = lm_arena_strndup(out->arena, key, length - 3);
    if (name == NULL)
        return !(finding->failed = true);
    if (strstr(name, ".diff") != NULL)
        return true;
    for (size_t i = 0; i < out->column_count; i++)
        if (strcmp(out->columns[i].name, name) == 0) {
            out->columns[i].has_interval = true;
            return true;
        }
    finding->failed = !add_column(out, name, true);
    return !finding->failed;
}

static enum lm_status find_columns(struct lm_comparison *out, struct lm_err *err)
{
    struct finding finding = {out, !add_column(out, out->options->metric, false)};
    for (size_t i = 0; i < out->ranked && !finding.failed; i++)
        lm_compare_each_score(out->rows[i].run, take_column, &finding);
    return finding.failed ? lm_fail(err, LM_NOMEM, "no memory for metrics; free some") : LM_OK;
}

static enum lm_status check_labels(const struct lm_comparison *out, struct lm_err *err)
{
    struct lm_name_map labels;
    lm_name_map_init(&labels, out->arena);
    for (size_t i = 0; i < out->count; i++) {
        if (lm_name_map_find(&labels, out->rows[i].label) != SIZE_MAX)
            return lm_fail(err, LM_INVALID, "two runs are called %s; give each once",
                           out->rows[i].label);
        if (!lm_name_map_put(&labels, out->rows[i].label, i))
            return lm_fail(err, LM_NOMEM, "no memory to compare so many runs; compare fewer");
    }
    return LM_OK;
}

enum lm_status lm_compare_order(struct lm_comparison *out, struct lm_err *err)
{
    qsort(out->rows, out->count, sizeof *out->rows,
          out->better == LM_BETTER_LOWER ? lowest_first : highest_first);
    out->ranked = 0;
    while (out->ranked < out->count && out->rows[out->ranked].state == LM_RUN_RANKED)
        out->ranked++;
    return find_reference(out, err);
}

enum lm_status lm_compare_runs(struct lm_comparison *out, struct lm_arena *arena,
                               const struct lm_compare_run *runs, size_t count,
                               const struct lm_compare_options *options, struct lm_err *err)
{
    *out = (struct lm_comparison){.arena = arena,
                                  .options = options,
                                  .count = count,
                                  .reference = SIZE_MAX,
                                  .reference_group = SIZE_MAX};
    LM_TRY(make_rows(out, runs, err));
    LM_TRY(check_labels(out, err));
    LM_TRY(find_better(out, err));
    LM_TRY(lm_compare_order(out, err));
    LM_TRY(find_columns(out, err));
    LM_TRY(lm_compare_axes(out, err));
    LM_TRY(lm_compare_params(out, err));
    LM_TRY(lm_compare_logs(out, err));
    LM_TRY(lm_compare_pairs(out, err));
    return lm_compare_summary(out, err);
}
