#include <math.h>
#include <string.h>

#include <lmpipe/tokens.h>

#include "page/markdown.h"
#include "page/numtext.h"
#include "page/sparkline.h"

#include "page/curve.h"
#include "report_files.h"
#include "report_input.h"
#include "report_objective.h"
#include "report_page.h"
#include "report_settings.h"
#include "report_summary.h"
#include "report_tokenizer.h"

enum { SPARKS = 32 };

static void put_string(struct lm_buf *out, const char *text)
{
    lm_markdown_text(out, text, strlen(text));
}

static void put_gates(struct lm_buf *out, const struct report *report)
{
    static const char *const signs[REPORT_OUTCOMES] = {"\xe2\x9c\x93", "\xe2\x9c\x97", "?", "-"};
    if (report->gate_count == 0)
        return;
    lm_buf_puts(out, "| gate | result | why |\n|---|---|---|\n");
    for (size_t i = 0; i < report->gate_count; i++) {
        const struct report_gate *gate = &report->gates[i];
        lm_buf_puts(out, "| ");
        put_string(out, gate->name);
        lm_buf_printf(out, " | %s %s | ", signs[gate->outcome],
                      report_outcome_words[gate->outcome]);
        put_string(out, gate->reason);
        lm_buf_puts(out, " |\n");
    }
    lm_buf_putc(out, '\n');
}

/* "95 % confidence interval of the bits per byte on test: 1.95–2.06" */
static void put_interval(struct lm_buf *out, const struct report *report, const char *split)
{
    double low = report_score(report, split, "bpb.lo");
    double high = report_score(report, split, "bpb.hi");
    struct lm_num from = lm_num_fixed(low, 3), to = lm_num_fixed(high, 3);
    if (!isnan(low) && !isnan(high))
        lm_buf_printf(out,
                      "- 95 %% confidence interval over documents of the bits per byte on %s: "
                      "%s\xe2\x80\x93%s\n",
                      split, from.text, to.text);
}

/* In bits per byte, or in the unit of the objective's headline. */
static struct lm_num difference_text(const struct report *report, double value)
{
    bool is_text = !isnan(report_score(report, report->split, "bpb"));
    const struct report_objective *objective = report_objective_of(report);
    return is_text || objective == NULL ? lm_num_fixed(value, 3)
                                        : report_metric_text(&objective->headline, value);
}

/* The paired differences behind the summary. */
static void put_comparisons(struct lm_buf *out, const struct report *report)
{
    const struct report_summary *summary = &report->summary;
    for (size_t i = 0; i < summary->comparison_count; i++) {
        const struct report_comparison *comparison = &summary->comparisons[i];
        struct lm_num diff = difference_text(report, comparison->diff);
        struct lm_num low = difference_text(report, comparison->low);
        struct lm_num high = difference_text(report, comparison->high);
        if (comparison->standing == REPORT_NOT_COMPARED)
            continue;
        lm_buf_printf(out, "- difference from %s on %s, paired: %s (%s to %s), %s\n",
                      comparison->label, summary->split, diff.text, low.text, high.text,
                      report_standing_words[comparison->standing]);
    }
}

static void put_scores(struct lm_buf *out, const struct report *report)
{
    static const struct {
        const char *key, *label;
    } rows[] = {
        {"bpb", "**this model**, bits/byte"}, {"bigram.bpb", "bigram (Kneser\xe2\x80\x93Ney)"},
        {"unigram.bpb", "unigram"},           {"untrained.bpb", "untrained"},
        {"ppl", "perplexity per token"},      {"acc", "next-token accuracy, share"}};

    lm_buf_puts(out, "| | validation | test |\n|---|---:|---:|\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double valid = report_score(report, "valid", rows[i].key);
        double test = report_score(report, "test", rows[i].key);
        struct lm_num left = lm_num_fixed(valid, 3), right = lm_num_fixed(test, 3);
        if (isnan(valid) && isnan(test))
            continue;
        lm_buf_printf(out, "| %s | %s | %s |\n", rows[i].label, left.text, right.text);
    }
    lm_buf_putc(out, '\n');
    put_interval(out, report, "valid");
    put_interval(out, report, "test");
    put_comparisons(out, report);
    lm_buf_putc(out, '\n');
}

static void put_label(struct lm_buf *out, const struct report *report, size_t index)
{
    size_t size;
    const char *label = report_label(report, (int64_t)index, &size);
    lm_markdown_text(out, label, size);
}

static void put_confusion(struct lm_buf *out, const struct report *report)
{
    size_t labels = report_label_count(report);
    if (!report_has_confusion(report))
        return;
    lm_buf_printf(out, "| label, %s; predicted: |", report->examples_split);
    for (size_t k = 0; k < labels; k++) {
        lm_buf_putc(out, ' ');
        put_label(out, report, k);
        lm_buf_puts(out, " |");
    }
    lm_buf_puts(out, "\n|---|");
    for (size_t k = 0; k < labels; k++)
        lm_buf_puts(out, "---:|");
    for (size_t i = 0; i < labels; i++) {
        lm_buf_puts(out, "\n| ");
        put_label(out, report, i);
        lm_buf_puts(out, " |");
        for (size_t k = 0; k < labels; k++) {
            struct lm_num count = lm_num_fixed(report_confusion(report, i, k), 0);
            lm_buf_printf(out, " %s |", count.text);
        }
    }
    lm_buf_puts(out, "\n\n");
}

/* "71.2 % (66.8 %–75.3 %)" */
static void put_figure(struct lm_buf *out, const struct report *report, const char *split,
                       const struct report_metric *figure)
{
    double low = report_metric_end(report, split, figure, "lo");
    double high = report_metric_end(report, split, figure, "hi");
    struct lm_num value = report_metric_text(figure, report_score(report, split, figure->key));
    struct lm_num from = report_metric_text(figure, low), to = report_metric_text(figure, high);
    lm_buf_printf(out, " %s", value.text);
    if (!isnan(low) && !isnan(high))
        lm_buf_printf(out, " (%s\xe2\x80\x93%s)", from.text, to.text);
    lm_buf_puts(out, " |");
}

/* The headline of an objective beside its baseline, and what else is measured. */
static void put_objective(struct lm_buf *out, const struct report *report)
{
    const struct report_objective *objective = report_objective_of(report);
    if (objective == NULL)
        return;
    struct report_metric rows[2 + REPORT_METRICS] = {objective->headline, objective->baseline};
    for (size_t i = 0; i < REPORT_METRICS; i++)
        rows[2 + i] = objective->others[i];
    lm_buf_puts(out, "| (95 % interval) | validation | test |\n|---|---:|---:|\n");
    for (size_t i = 0; i < 2 + REPORT_METRICS && rows[i].key != NULL; i++) {
        lm_buf_printf(out, "| %s |", rows[i].label);
        put_figure(out, report, "valid", &rows[i]);
        put_figure(out, report, "test", &rows[i]);
        lm_buf_putc(out, '\n');
    }
    lm_buf_putc(out, '\n');
    if (isnan(report_score(report, report->split, "bpb"))) { /* else they are of the text */
        put_comparisons(out, report);
        lm_buf_putc(out, '\n');
    }
    put_confusion(out, report);
}

static void put_settings(struct lm_buf *out, const struct report *report)
{
    struct report_setting settings[REPORT_SETTINGS];
    size_t count = report_settings_list(settings, report);
    if (count == 0)
        return;
    lm_buf_puts(out, "| setting | |\n|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        const char *value = settings[i].value;
        lm_buf_printf(out, "| %s | ", settings[i].label);
        if (value[strspn(value, "0123456789.e+-")] == '\0')
            lm_buf_puts(out, value); /* a number, to be copied: as it is */
        else
            put_string(out, value);
        lm_buf_puts(out, " |\n");
    }
    lm_buf_putc(out, '\n');
}

static void put_model(struct lm_buf *out, const struct report *report)
{
    put_string(out, report->lineage.text);
    lm_buf_puts(out, "\n\n");
}

/* The tokenizer card by split. */
static void put_tokenizer(struct lm_buf *out, const struct report *report)
{
    const struct lm_json *splits = lm_json_get(report->tokenizer, "splits");
    const struct lm_json *held_out = lm_json_get(report->tokenizer, "held_out");
    struct lm_num unused =
        lm_num_percent(lm_json_double(lm_json_get(held_out, "unused_share"), (double)NAN), 1);
    if (splits == NULL)
        return;
    lm_buf_puts(out, "| tokenizer |");
    for (size_t i = 0; report_tokenizer_columns[i].key != NULL; i++)
        lm_buf_printf(out, " %s |", report_tokenizer_columns[i].label);
    lm_buf_puts(out, "\n|---|");
    for (size_t i = 0; report_tokenizer_columns[i].key != NULL; i++)
        lm_buf_puts(out, "---:|");
    for (size_t split = 0; split < LM_SPLITS; split++) {
        const struct lm_json *row = lm_json_get(splits, lm_split_names[split]);
        lm_buf_printf(out, "\n| %s |", lm_split_names[split]);
        for (size_t i = 0; report_tokenizer_columns[i].key != NULL; i++) {
            struct lm_num text = report_tokenizer_cell(row, i);
            lm_buf_printf(out, " %s |", text.text);
        }
    }
    lm_buf_printf(out, "\n\n%s of the tokens do not occur in held-out text.\n\n", unused.text);
}

static void put_sparks(struct lm_buf *out, const struct report *report, const char *label,
                       const double *values)
{
    struct lm_curve series =
        lm_curve_cut(report->arena, report->log.step, values, report->log.count, LM_CURVE_MOST);
    struct lm_num first = lm_num_short(series.first, 4), last = lm_num_short(series.last, 4);
    if (series.count == 0)
        return;
    lm_buf_printf(out, "- %s `", label);
    lm_sparkline_put(out, series.mean, series.count, SPARKS);
    lm_buf_printf(out, "` %s \xe2\x86\x92 %s\n", first.text, last.text);
}

static void put_training(struct lm_buf *out, const struct report *report)
{
    if (report->log.count == 0)
        return;
    put_sparks(out, report, "training loss", report->log.loss);
    put_sparks(out, report, "validation loss", report->log.valid);
    put_sparks(out, report, "learning rate", report->log.lr);
    put_sparks(out, report, "gradient norm", report->log.norm);
    lm_buf_putc(out, '\n');
}

/* Bytes of a text's head of at most 60, cut between characters. */
static size_t head_size(const char *text, size_t size)
{
    size_t head = size < 60 ? size : 60;
    while (head < size && head > 56 && ((unsigned char)text[head] & 0xc0) == 0x80)
        head--;
    return head;
}

/* One sample behind a fold: preformatted, escaped. */
static void put_sample(struct lm_buf *out, const struct lm_json *line)
{
    size_t prompt_size = 0, size = 0;
    const char *method = lm_json_string(lm_json_get(line, "method"), NULL);
    const char *prompt =
        lm_json_string(lm_json_get(lm_json_get(line, "prompt"), "text"), &prompt_size);
    const char *text = lm_json_string(lm_json_get(line, "text"), &size);
    lm_buf_puts(out, "<details><summary>");
    put_string(out, method != NULL ? method : "sample");
    if (prompt_size > 0) {
        lm_buf_puts(out, ": ");
        lm_markdown_text(out, prompt, head_size(prompt, prompt_size));
    }
    lm_buf_puts(out, "</summary>\n\n<pre>");
    if (prompt != NULL)
        lm_markdown_preformatted(out, prompt, prompt_size);
    if (text != NULL)
        lm_markdown_preformatted(out, text, size);
    lm_buf_puts(out, "</pre>\n\n</details>\n\n");
}

/* Samples one by one while they fit under the limit. */
static void put_samples(struct lm_buf *out, const struct report *report)
{
    struct lm_buf part;
    lm_buf_init(&part, 0);
    size_t left_out = 0;
    for (size_t i = 0; i < report->samples.count; i++) {
        const struct lm_json *line = report->samples.items[i];
        const char *kind = lm_json_string(lm_json_get(line, "kind"), NULL);
        if (kind == NULL || strcmp(kind, "sample") != 0)
            continue;
        lm_buf_clear(&part);
        put_sample(&part, line);
        if (out->size + part.size + 100 <= REPORT_MARKDOWN_MAX)
            lm_buf_append(out, part.data, part.size);
        else
            left_out++;
        out->failed = out->failed || part.failed;
    }
    if (left_out > 0)
        lm_buf_printf(out, "%zu more samples are on the page.\n", left_out);
    lm_buf_release(&part);
}

/* Appends what `put` writes when it fits under the limit, nothing otherwise. */
static void put_if_fits(struct lm_buf *out, const struct report *report,
                        void (*put)(struct lm_buf *out, const struct report *report))
{
    struct lm_buf part;
    lm_buf_init(&part, 0);
    put(&part, report);
    if (out->size + part.size + 100 <= REPORT_MARKDOWN_MAX && part.size > 0)
        lm_buf_append(out, part.data, part.size);
    out->failed = out->failed || part.failed;
    lm_buf_release(&part);
}

static void put_head(struct lm_buf *out, const struct report *report)
{
    const char *title = report->params->title[0] ? report->params->title : report->name;
    size_t size = strlen(title);
    lm_buf_puts(out, "### ");
    lm_markdown_text(out, title, size < 500 ? size : 500);
    lm_buf_puts(out, "\n\n**");
    put_string(out, report->summary.text);
    lm_buf_puts(out, "**\n\n");
}

void report_markdown_write(struct lm_buf *out, const struct report *report)
{
    put_head(out, report);
    put_if_fits(out, report, put_gates);
    put_if_fits(out, report, put_objective);
    if (!isnan(report_score(report, report->split, "bpb")))
        put_if_fits(out, report, put_scores);
    put_if_fits(out, report, put_model);
    put_if_fits(out, report, put_settings);
    put_if_fits(out, report, put_tokenizer);
    put_if_fits(out, report, put_training);
    put_samples(out, report);
}
