#include <math.h>
#include <string.h>

#include <lmpipe/tokens.h>

#include "page/markdown.h"
#include "page/numtext.h"
#include "page/sparkline.h"

#include "page/curve.h"
#include "report_changes.h"
#include "report_files.h"
#include "report_input.h"
#include "report_markdown.h"
#include "report_objective.h"
#include "report_page.h"
#include "report_settings.h"
#include "report_summary.h"
#include "report_tasks.h"
#include "report_tokenizer.h"

enum { SPARKS = 32, COLUMNS = 8 };

/* Bytes of texts; what becomes of one in Markdown may be twelve times as long. */
enum { TITLE_MAX = 200, TEXT_MAX = 1000, SUMMARY_MAX = 2000, HISTORY_MAX = 4000 };

enum { GATES_MAX = 20000, TASKS_MAX = 8000 }; /* bytes of Markdown */

/* A text, ours or foreign, cut between characters when it is long. */
static void put_cut(struct lm_buf *out, const char *text, size_t most)
{
    size_t size = strlen(text), shown = size < most ? size : most;
    while (shown < size && shown > most - 4 && ((unsigned char)text[shown] & 0xc0) == 0x80)
        shown--;
    lm_markdown_text(out, text, shown);
    if (shown < size)
        lm_buf_puts(out, "\xe2\x80\xa6");
}

void report_markdown_text(struct lm_buf *out, const char *text)
{
    put_cut(out, text, TEXT_MAX);
}

void report_markdown_head(struct lm_buf *out, const struct report *report,
                          const enum report_text *heads, size_t count, size_t numbers)
{
    lm_buf_puts(out, "|");
    for (size_t i = 0; i < count; i++) {
        lm_buf_putc(out, ' ');
        report_markdown_text(out, report_say(report, heads[i]));
        lm_buf_puts(out, " |");
    }
    lm_buf_puts(out, "\n|");
    for (size_t i = 0; i < count; i++)
        lm_buf_puts(out, i < numbers ? "---|" : "---:|");
    lm_buf_putc(out, '\n');
}

static void put_gate(struct lm_buf *out, const struct report *report,
                     const struct report_gate *gate)
{
    static const char *const signs[REPORT_OUTCOMES] = {"\xe2\x9c\x93", "\xe2\x9c\x97", "?", "-"};
    lm_buf_puts(out, "| ");
    report_markdown_text(out, gate->title);
    lm_buf_printf(out, " | %s %s | ", signs[gate->outcome],
                  report_outcome_text(report, gate->outcome));
    report_markdown_text(out, gate->told);
    lm_buf_puts(out, " |\n");
}

/* Gates of an outcome while they fit; returns how many were left out. */
static size_t put_outcome(struct lm_buf *out, const struct report *report,
                          enum report_outcome outcome)
{
    struct lm_buf row;
    size_t left_out = 0;
    lm_buf_init(&row, 0);
    for (size_t i = 0; i < report->gate_count; i++) {
        if (report->gates[i].outcome != outcome)
            continue;
        lm_buf_clear(&row);
        put_gate(&row, report, &report->gates[i]);
        if (out->size + row.size <= GATES_MAX)
            lm_buf_append(out, row.data, row.size);
        else
            left_out++;
        out->failed = out->failed || row.failed;
    }
    lm_buf_release(&row);
    return left_out;
}

/* What fails first, so that it is not what is left out. */
static void put_gates(struct lm_buf *out, const struct report *report)
{
    static const enum report_text heads[] = {TEXT_GATE, TEXT_RESULT, TEXT_WHY};

    static const enum report_outcome order[] = {REPORT_FAIL, REPORT_UNDECIDED, REPORT_PASS,
                                                REPORT_SKIPPED};

    size_t left_out = 0;
    if (report->gate_count == 0)
        return;
    report_markdown_head(out, report, heads, 3, 3);
    for (size_t i = 0; i < REPORT_OUTCOMES; i++)
        left_out += put_outcome(out, report, order[i]);
    lm_buf_putc(out, '\n');
    if (left_out > 0) {
        report_markdown_text(
            out, report_say(report, TEXT_MD_MORE_GATES, lm_num_count((int64_t)left_out).text));
        lm_buf_puts(out, "\n\n");
    }
}

/* "95 % confidence interval of the bits per byte on test: 1.95–2.06" */
static void put_interval(struct lm_buf *out, const struct report *report, const char *split)
{
    double low = report_score(report, split, "bpb.lo");
    double high = report_score(report, split, "bpb.hi");
    if (isnan(low) || isnan(high))
        return;
    lm_buf_puts(out, "- ");
    report_markdown_text(
        out, report_say(report, TEXT_MD_INTERVAL, report_split_text(report, split),
                        report_range(report, report_fixed(low, 3), report_fixed(high, 3))));
    lm_buf_putc(out, '\n');
}

/* In bits per byte, or in the unit of the objective's headline. */
static const char *difference_text(const struct report *report, double value)
{
    bool is_text = !isnan(report_score(report, report->split, "bpb"));
    const struct report_objective *objective = report_objective_of(report);
    return report_number(report, is_text || objective == NULL
                                     ? report_fixed(value, 3)
                                     : report_metric_text(report, &objective->headline, value));
}

/* The paired differences behind the summary. */
static void put_comparisons(struct lm_buf *out, const struct report *report)
{
    const struct report_summary *summary = &report->summary;
    for (size_t i = 0; i < summary->comparison_count; i++) {
        const struct report_comparison *comparison = &summary->comparisons[i];
        if (comparison->standing == REPORT_NOT_COMPARED)
            continue;
        lm_buf_puts(out, "- ");
        report_markdown_text(out, report_say(report, TEXT_MD_DIFFERENCE, comparison->label,
                                             report_split_text(report, summary->split),
                                             difference_text(report, comparison->diff),
                                             difference_text(report, comparison->low),
                                             difference_text(report, comparison->high),
                                             report_standing_text(report, comparison->standing)));
        lm_buf_putc(out, '\n');
    }
}

static struct lm_num score_text(const struct report *report, double value, bool is_share)
{
    return is_share ? report_share(report, value, 1) : report_fixed(value, 3);
}

static void put_scores(struct lm_buf *out, const struct report *report)
{
    static const struct {
        const char *key;
        enum report_text label;
        bool is_share;
    } rows[] = {{"bpb", TEXT_BITS_PER_BYTE},        {"bigram.bpb", TEXT_BIGRAM},
                {"unigram.bpb", TEXT_UNIGRAM},      {"untrained.bpb", TEXT_UNTRAINED},
                {"ppl", TEXT_PERPLEXITY_PER_TOKEN}, {"acc", TEXT_NEXT_TOKEN_ACCURACY, true}};

    static const enum report_text heads[] = {TEXT_METRIC, TEXT_VALIDATION, TEXT_TEST};

    if (isnan(report_score(report, report->split, "bpb")))
        return;
    report_markdown_head(out, report, heads, 3, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double valid = report_score(report, "valid", rows[i].key);
        double test = report_score(report, "test", rows[i].key);
        if (isnan(valid) && isnan(test))
            continue;
        lm_buf_puts(out, i == 0 ? "| **" : "| ");
        report_markdown_text(out, report_say(report, rows[i].label));
        lm_buf_printf(out, i == 0 ? "** | **%s** | **%s** |\n" : " | %s | %s |\n",
                      score_text(report, valid, rows[i].is_share).text,
                      score_text(report, test, rows[i].is_share).text);
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
    lm_buf_puts(out, "| ");
    report_markdown_text(out, report_say(report, TEXT_MD_CONFUSION,
                                         report_split_text(report, report->examples_split)));
    lm_buf_puts(out, " |");
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
            lm_buf_printf(out, " %s |", report_fixed(report_confusion(report, i, k), 0).text);
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
    double value = report_score(report, split, figure->key);
    lm_buf_printf(out, " %s", report_metric_text(report, figure, value).text);
    if (!isnan(low) && !isnan(high))
        lm_buf_printf(out, " (%s)",
                      report_range(report, report_metric_text(report, figure, low),
                                   report_metric_text(report, figure, high)));
    lm_buf_puts(out, " |");
}

/* The headline of an objective beside its baseline, and what else is measured. */
static void put_objective(struct lm_buf *out, const struct report *report)
{
    static const enum report_text heads[] = {TEXT_INTERVAL_HEAD, TEXT_VALIDATION, TEXT_TEST};
    const struct report_objective *objective = report_objective_of(report);
    if (objective == NULL)
        return;
    struct report_metric rows[2 + REPORT_METRICS] = {objective->headline, objective->baseline};
    for (size_t i = 0; i < REPORT_METRICS; i++)
        rows[2 + i] = objective->others[i];
    report_markdown_head(out, report, heads, 3, 1);
    for (size_t i = 0; i < 2 + REPORT_METRICS && rows[i].key != NULL; i++) {
        lm_buf_puts(out, "| ");
        report_markdown_text(out, report_say(report, rows[i].label));
        lm_buf_puts(out, " |");
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

static void put_task(struct lm_buf *out, const struct report *report,
                     const struct report_task *task)
{
    const struct report_metric *metric = &task->metric;
    lm_buf_puts(out, "| ");
    report_markdown_text(out, task->name);
    lm_buf_puts(out, " | ");
    report_markdown_text(out, report_say(report, metric->label));
    lm_buf_puts(out, " | ");
    if (!isnan(task->best.value))
        report_markdown_text(out,
                             report_say(report, TEXT_IS, report_say(report, task->best.label),
                                        report_metric_text(report, metric, task->best.value).text));
    lm_buf_printf(out, " | %s | %s | %s | %s |\n",
                  report_metric_text(report, metric, task->value).text,
                  report_range(report, report_metric_text(report, metric, task->low),
                               report_metric_text(report, metric, task->high)),
                  report_share(report, task->chance, 1).text, report_fixed(task->items, 0).text);
}

/* Tasks while they fit. */
static void put_tasks(struct lm_buf *out, const struct report *report)
{
    static const enum report_text heads[] = {TEXT_TASK,  TEXT_METRIC,        TEXT_FLOORS,
                                             TEXT_SCORE, TEXT_INTERVAL_HEAD, TEXT_CHANCE,
                                             TEXT_ITEMS};

    size_t count, shown = 0;
    const struct report_task *tasks = report_tasks_list(report, &count);
    if (tasks == NULL)
        return;
    report_markdown_head(out, report, heads, 7, 3);
    for (; shown < count && out->size < TASKS_MAX; shown++)
        put_task(out, report, &tasks[shown]);
    lm_buf_putc(out, '\n');
    if (shown < count) {
        report_markdown_text(out, report_say(report, TEXT_MD_MORE_TASKS,
                                             lm_num_count((int64_t)(count - shown)).text));
        lm_buf_puts(out, "\n\n");
    }
}

static void put_settings(struct lm_buf *out, const struct report *report)
{
    static const enum report_text heads[] = {TEXT_SETTING, TEXT_VALUE};
    struct report_setting settings[REPORT_SETTINGS];
    size_t count = report_settings_list(settings, report);
    if (count == 0)
        return;
    report_markdown_head(out, report, heads, 2, 2);
    for (size_t i = 0; i < count; i++) {
        const char *value = settings[i].value;
        lm_buf_puts(out, "| ");
        report_markdown_text(out, settings[i].label);
        lm_buf_puts(out, " | ");
        if (value[strspn(value, "0123456789.e+-")] == '\0')
            lm_buf_puts(out, value); /* a number, to be copied: as it is */
        else
            report_markdown_text(out, value);
        lm_buf_puts(out, " |\n");
    }
    lm_buf_putc(out, '\n');
}

static void put_model(struct lm_buf *out, const struct report *report)
{
    put_cut(out, report->lineage.text, HISTORY_MAX);
    lm_buf_puts(out, "\n\n");
}

/* The tokenizer card by split. */
static void put_tokenizer(struct lm_buf *out, const struct report *report)
{
    const struct lm_json *splits = lm_json_get(report->tokenizer, "splits");
    const struct lm_json *held_out = lm_json_get(report->tokenizer, "held_out");
    double unused = lm_json_double(lm_json_get(held_out, "unused_share"), (double)NAN);

    enum report_text heads[COLUMNS] = {TEXT_TOKENIZER};

    size_t count = 1;
    if (splits == NULL)
        return;
    for (; count < COLUMNS && report_tokenizer_columns[count - 1].key != NULL; count++)
        heads[count] = report_tokenizer_columns[count - 1].label;
    report_markdown_head(out, report, heads, count, 1);
    for (size_t split = 0; split < LM_SPLITS; split++) {
        const struct lm_json *row = lm_json_get(splits, lm_split_names[split]);
        lm_buf_puts(out, "| ");
        report_markdown_text(out, report_split_text(report, lm_split_names[split]));
        lm_buf_puts(out, " |");
        for (size_t i = 0; i + 1 < count; i++)
            lm_buf_printf(out, " %s |", report_tokenizer_cell(report, row, i).text);
        lm_buf_putc(out, '\n');
    }
    lm_buf_putc(out, '\n');
    report_markdown_text(out,
                         report_say(report, TEXT_MD_UNUSED, report_share(report, unused, 1).text));
    lm_buf_puts(out, "\n\n");
}

static void put_sparks(struct lm_buf *out, const struct report *report, enum report_text label,
                       const double *values)
{
    struct lm_curve series =
        lm_curve_cut(report->arena, report->log.step, values, report->log.count, LM_CURVE_MOST);
    struct lm_num first = lm_num_short(series.first, 4), last = lm_num_short(series.last, 4);
    if (series.count == 0)
        return;
    lm_buf_puts(out, "- ");
    report_markdown_text(out, report_say(report, label));
    lm_buf_puts(out, " `");
    lm_sparkline_put(out, series.mean, series.count, SPARKS);
    lm_buf_printf(out, "` %s \xe2\x86\x92 %s\n", first.text, last.text);
}

static void put_training(struct lm_buf *out, const struct report *report)
{
    if (report->log.count == 0)
        return;
    put_sparks(out, report, TEXT_TRAINING_LOSS, report->log.loss);
    put_sparks(out, report, TEXT_VALIDATION_LOSS, report->log.valid);
    put_sparks(out, report, TEXT_LEARNING_RATE, report->log.lr);
    put_sparks(out, report, TEXT_GRADIENT_NORM, report->log.norm);
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
static void put_sample(struct lm_buf *out, const struct report *report, const struct lm_json *line)
{
    size_t prompt_size = 0, size = 0;
    const char *method = lm_json_string(lm_json_get(line, "method"), NULL);
    const char *prompt =
        lm_json_string(lm_json_get(lm_json_get(line, "prompt"), "text"), &prompt_size);
    const char *text = lm_json_string(lm_json_get(line, "text"), &size);
    lm_buf_puts(out, "<details><summary>");
    report_markdown_text(out, method != NULL ? method : report_say(report, TEXT_SAMPLES));
    if (prompt_size > 0) {
        report_markdown_text(out, report_say(report, TEXT_COLON));
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
        put_sample(&part, report, line);
        if (out->size + part.size + 100 <= REPORT_MARKDOWN_MAX)
            lm_buf_append(out, part.data, part.size);
        else
            left_out++;
        out->failed = out->failed || part.failed;
    }
    if (left_out > 0) {
        report_markdown_text(
            out, report_say(report, TEXT_MD_MORE, lm_num_count((int64_t)left_out).text));
        lm_buf_putc(out, '\n');
    }
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
    lm_buf_puts(out, "### ");
    put_cut(out, title, TITLE_MAX);
    lm_buf_puts(out, "\n\n**");
    put_cut(out, report->summary.text, SUMMARY_MAX);
    lm_buf_puts(out, "**\n\n");
}

void report_markdown_write(struct lm_buf *out, const struct report *report)
{
    put_head(out, report);
    put_if_fits(out, report, put_gates);
    put_if_fits(out, report, report_markdown_changes);
    put_if_fits(out, report, put_settings);
    put_if_fits(out, report, put_objective);
    if (!isnan(report_score(report, report->split, "bpb")))
        put_if_fits(out, report, put_scores);
    put_if_fits(out, report, put_tasks);
    put_if_fits(out, report, put_model);
    put_if_fits(out, report, report_markdown_card);
    put_if_fits(out, report, put_tokenizer);
    put_if_fits(out, report, put_training);
    put_samples(out, report);
}
