/* A comparison for machines and for pull requests: CSV, JSON, Markdown. */
#include <math.h>
#include <string.h>

#include "base/csv_field.h"
#include "page/markdown.h"

#include "compare/compare_page.h"

static const char *const state_names[] = {[LM_RUN_RANKED] = "ranked",
                                          [LM_RUN_OTHER] = "not comparable",
                                          [LM_RUN_UNRANKED] = "no metric",
                                          [LM_RUN_DIVERGED] = "diverged",
                                          [LM_RUN_FAILED] = "failed"};

static const char *text_at(const struct lm_comparison *comparison, const struct lm_compare_row *row,
                           size_t axis)
{
    size_t place = row->places[axis];
    return place != SIZE_MAX ? comparison->axes[axis].texts[place] : NULL;
}

/* ---- CSV ---- */

static void put_text(struct lm_buf *out, const char *text)
{
    lm_buf_putc(out, ',');
    lm_csv_put(out, text != NULL ? text : "");
}

static void put_number(struct lm_buf *out, double value)
{
    lm_buf_putc(out, ',');
    if (isfinite(value))
        lm_buf_put_double(out, value);
}

static void put_csv_head(struct lm_buf *out, const struct lm_comparison *comparison)
{
    lm_buf_puts(out, "run,state");
    for (size_t a = 0; a < comparison->axis_count; a++)
        put_text(out, comparison->axes[a].name);
    for (size_t i = 0; i < comparison->param_count; i++)
        put_text(out, comparison->params[i]);
    for (size_t i = 0; i < comparison->column_count; i++) {
        const char *name = comparison->columns[i].name;
        put_text(out, name);
        put_text(out, lm_arena_printf(comparison->arena, "%s.lo", name));
        put_text(out, lm_arena_printf(comparison->arena, "%s.hi", name));
    }
    lm_buf_puts(out, ",diff,diff.lo,diff.hi,verdict,detectable,best_share,mcnemar,tokens,flops,"
                     "why\r\n");
}

void lm_compare_csv_write(struct lm_buf *out, const struct lm_comparison *comparison)
{
    put_csv_head(out, comparison);
    for (size_t i = 0; i < comparison->count; i++) {
        const struct lm_compare_row *row = &comparison->rows[i];
        lm_csv_put(out, row->label);
        put_text(out, state_names[row->state]);
        for (size_t a = 0; a < comparison->axis_count; a++)
            put_text(out, text_at(comparison, row, a));
        for (size_t k = 0; k < comparison->param_count; k++)
            put_text(out, lm_compare_param_of(comparison, row, comparison->params[k]));
        for (size_t k = 0; k < comparison->column_count; k++) {
            put_number(out, lm_compare_score(row, comparison->columns[k].name, ""));
            put_number(out, lm_compare_score(row, comparison->columns[k].name, ".lo"));
            put_number(out, lm_compare_score(row, comparison->columns[k].name, ".hi"));
        }
        put_number(out, row->difference.value);
        put_number(out, row->difference.low);
        put_number(out, row->difference.high);
        put_text(out, lm_compare_verdict_words[row->verdict]);
        put_number(out, row->difference.detectable);
        put_number(out, row->best_share);
        put_number(out, row->mcnemar);
        put_number(out, row->curve.tokens);
        put_number(out, row->flops);
        put_text(out, row->why);
        lm_buf_puts(out, "\r\n");
    }
}

/* ---- JSON ---- */

static void put_string(struct lm_json_writer *writer, const char *key, const char *text)
{
    lm_json_key(writer, key);
    if (text != NULL)
        lm_json_put_bytes(writer, text, strlen(text));
    else
        lm_json_put_null(writer);
}

static void put_difference(struct lm_json_writer *writer, const char *key,
                           const struct lm_difference *difference, enum lm_compare_verdict verdict)
{
    lm_json_key(writer, key);
    lm_json_open(writer, '{');
    lm_json_member_double(writer, "value", difference->value);
    lm_json_member_double(writer, "lo", difference->low);
    lm_json_member_double(writer, "hi", difference->high);
    lm_json_member_double(writer, "error", difference->error);
    lm_json_member_double(writer, "detectable", difference->detectable);
    lm_json_member_string(writer, "verdict", lm_compare_verdict_words[verdict]);
    lm_json_close(writer, '}');
}

static void put_row_values(struct lm_json_writer *writer, const struct lm_comparison *comparison,
                           const struct lm_compare_row *row)
{
    lm_json_key(writer, "axes");
    lm_json_open(writer, '{');
    for (size_t a = 0; a < comparison->axis_count; a++) {
        const char *text = text_at(comparison, row, a);
        if (text == NULL)
            continue;
        lm_json_key(writer, comparison->axes[a].name);
        if (isfinite(comparison->axes[a].numbers[row->places[a]]))
            lm_json_put_double(writer, comparison->axes[a].numbers[row->places[a]]);
        else
            lm_json_put_bytes(writer, text, strlen(text));
    }
    lm_json_close(writer, '}');
    lm_json_key(writer, "params");
    lm_json_open(writer, '{');
    for (size_t k = 0; k < comparison->param_count; k++)
        put_string(writer, comparison->params[k],
                   lm_compare_param_of(comparison, row, comparison->params[k]));
    lm_json_close(writer, '}');
    lm_json_key(writer, "metrics");
    lm_json_open(writer, '{');
    for (size_t k = 0; k < comparison->column_count; k++) {
        lm_json_key(writer, comparison->columns[k].name);
        lm_json_open(writer, '[');
        lm_json_put_double(writer, lm_compare_score(row, comparison->columns[k].name, ""));
        lm_json_put_double(writer, lm_compare_score(row, comparison->columns[k].name, ".lo"));
        lm_json_put_double(writer, lm_compare_score(row, comparison->columns[k].name, ".hi"));
        lm_json_close(writer, ']');
    }
    lm_json_close(writer, '}');
}

static void put_row(struct lm_json_writer *writer, const struct lm_comparison *comparison,
                    const struct lm_compare_row *row)
{
    lm_json_open(writer, '{');
    put_string(writer, "run", row->label);
    lm_json_member_string(writer, "state", state_names[row->state]);
    put_string(writer, "why", row->why);
    put_row_values(writer, comparison, row);
    put_difference(writer, "difference", &row->difference, row->verdict);
    lm_json_member_double(writer, "best_share", row->best_share);
    if (comparison->pairing.is_right_wrong) {
        lm_json_member_int(writer, "right_alone", (int64_t)row->only_own);
        lm_json_member_int(writer, "reference_right_alone", (int64_t)row->only_reference);
        lm_json_member_double(writer, "mcnemar", row->mcnemar);
    }
    lm_json_member_double(writer, "tokens", row->curve.tokens);
    lm_json_member_double(writer, "flops", row->flops);
    lm_json_close(writer, '}');
}

static void put_group(struct lm_json_writer *writer, const struct lm_comparison *comparison,
                      const struct lm_compare_group *group)
{
    const struct lm_difference repeats = {group->repeats.value, group->repeats.low,
                                          group->repeats.high, (double)NAN, (double)NAN};
    lm_json_open(writer, '{');
    put_string(writer, "setting", group->label);
    lm_json_key(writer, "runs");
    lm_json_open(writer, '[');
    for (size_t k = 0; k < group->count; k++)
        lm_json_put_string(writer, comparison->rows[group->rows[k]].label);
    lm_json_close(writer, ']');
    lm_json_member_double(writer, "mean", group->spread.mean);
    lm_json_member_double(writer, "deviation", group->spread.deviation);
    lm_json_member_double(writer, "repeats.lo", group->spread.low);
    lm_json_member_double(writer, "repeats.hi", group->spread.high);
    lm_json_member_double(writer, "items.lo", group->low);
    lm_json_member_double(writer, "items.hi", group->high);
    put_difference(writer, "over_items", &group->items, group->items_verdict);
    put_difference(writer, "over_repeats", &repeats, group->repeats_verdict);
    lm_json_close(writer, '}');
}

static void put_facts(struct lm_json_writer *writer, const struct lm_comparison *comparison)
{
    const struct lm_compare_options *options = comparison->options;
    bool has_reference = comparison->reference != SIZE_MAX;
    lm_json_member_int(writer, "lmpipe_compare", 1);
    lm_json_member_string(writer, "summary", comparison->summary);
    lm_json_member_string(writer, "metric", options->metric);
    lm_json_member_string(writer, "better",
                          comparison->better == LM_BETTER_LOWER ? "lower" : "higher");
    lm_json_member_string(writer, "unit", comparison->pairing.unit);
    put_string(writer, "reference",
               has_reference ? comparison->rows[comparison->reference].label : NULL);
    lm_json_member_bool(writer, "reference_is_best", comparison->is_best_reference);
    lm_json_member_double(writer, "confidence", options->confidence);
    lm_json_member_int(writer, "resamples", (int64_t)options->resamples);
    lm_json_member_int(writer, "items", (int64_t)comparison->items);
    put_string(writer, "unpaired", comparison->unpaired);
}

void lm_compare_json_write(struct lm_buf *out, const struct lm_comparison *comparison)
{
    struct lm_json_writer writer;
    lm_json_begin(&writer, out, true);
    lm_json_open(&writer, '{');
    put_facts(&writer, comparison);
    lm_json_key(&writer, "runs");
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < comparison->count; i++)
        put_row(&writer, comparison, &comparison->rows[i]);
    lm_json_close(&writer, ']');
    lm_json_key(&writer, "groups");
    lm_json_open(&writer, '[');
    for (size_t g = 0; g < comparison->group_count; g++)
        put_group(&writer, comparison, &comparison->groups[g]);
    lm_json_close(&writer, ']');
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
}

/* ---- Markdown ---- */

enum { MOST_ROWS = 30 };

/** The same table for pull requests, and for terminals, which show text as it is. */
struct notation {
    struct lm_buf *out;
    void (*put)(struct lm_buf *out, const void *text, size_t size); /**< foreign text */
    const char *strong;                                             /**< around the summary */
};

static void put_foreign(const struct notation *to, const char *text)
{
    to->put(to->out, text, strlen(text));
}

static void put_cell(const struct notation *to, const char *text)
{
    put_foreign(to, text);
    lm_buf_puts(to->out, " | ");
}

static void put_interval(struct lm_buf *out, double low, double high)
{
    if (isnan(low) || isnan(high))
        lm_buf_puts(out, "\xe2\x80\x93 | ");
    else
        lm_buf_printf(out, "%s to %s | ", lm_compare_signed(low).text,
                      lm_compare_signed(high).text);
}

static void put_run(const struct notation *to, const struct lm_compare_row *row)
{
    struct lm_buf *out = to->out;
    lm_buf_puts(out, "| ");
    put_cell(to, row->label);
    if (row->state == LM_RUN_RANKED)
        lm_buf_printf(out, "%s | %s | ", lm_compare_value(row->value).text,
                      lm_compare_signed(row->difference.value).text);
    else
        lm_buf_printf(out, "%s | \xe2\x80\x93 | ", state_names[row->state]);
    put_interval(out, row->difference.low, row->difference.high);
    lm_buf_puts(out, lm_compare_verdict_words[row->verdict]);
    if (row->why != NULL) {
        lm_buf_puts(out, ": ");
        put_foreign(to, row->why);
    }
    lm_buf_puts(out, " |\n");
}

static void put_groups(const struct notation *to, const struct lm_comparison *comparison)
{
    struct lm_buf *out = to->out;
    const char *items = lm_compare_items_word(comparison);
    if (comparison->group_count == 0)
        return;
    lm_buf_printf(out,
                  "\n| setting | runs | mean | sd | difference | over %s | over repeats |\n"
                  "|---|---:|---:|---:|---:|---|---|\n",
                  items);
    for (size_t g = 0; g < comparison->group_count && g < MOST_ROWS; g++) {
        const struct lm_compare_group *group = &comparison->groups[g];
        lm_buf_puts(out, "| ");
        put_cell(to, group->label);
        lm_buf_printf(out, "%zu | %s | %s | %s | %s | %s |\n", group->count,
                      lm_compare_value(group->spread.mean).text,
                      lm_compare_value(group->spread.deviation).text,
                      lm_compare_signed(group->repeats.value).text,
                      lm_compare_verdict_words[group->items_verdict],
                      lm_compare_verdict_words[group->repeats_verdict]);
    }
}

static void put_table(const struct notation *to, const struct lm_comparison *comparison)
{
    struct lm_buf *out = to->out;
    lm_buf_puts(out, to->strong);
    put_foreign(to, comparison->summary);
    lm_buf_printf(out, "%s\n\n| run | ", to->strong);
    put_cell(to, comparison->options->metric);
    lm_buf_printf(out, "difference | %s interval | verdict |\n|---|---:|---:|---:|---|\n",
                  lm_compare_confidence(comparison).text);
    for (size_t i = 0; i < comparison->count && i < MOST_ROWS; i++)
        put_run(to, &comparison->rows[i]);
    if (comparison->count > MOST_ROWS)
        lm_buf_printf(out, "\n%d of %zu runs; all are in the CSV.\n", MOST_ROWS, comparison->count);
    if (comparison->unpaired != NULL) {
        lm_buf_puts(out, "\nNo paired differences: ");
        put_foreign(to, comparison->unpaired);
        lm_buf_puts(out, ".\n");
    }
    if (comparison->uncertain != NULL)
        lm_buf_printf(out, "\nNo intervals, no verdicts: %s.\n", comparison->uncertain);
    put_groups(to, comparison);
}

void lm_compare_markdown_write(struct lm_buf *out, const struct lm_comparison *comparison)
{
    const struct notation to = {out, lm_markdown_text, "**"};
    put_table(&to, comparison);
}

void lm_compare_text_write(struct lm_buf *out, const struct lm_comparison *comparison)
{
    const struct notation to = {out, lm_buf_append, ""};
    put_table(&to, comparison);
}
