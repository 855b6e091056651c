#include "live_line.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "human.h"
#include "page/sparkline.h"
#include "width.h"

/* ---- sparkline ---- */

void lm_spark_add(struct lm_spark *spark, double value)
{
    if (!isfinite(value))
        return;
    if (spark->span == 0)
        spark->span = 1;
    spark->sum += value;
    spark->filled++;
    if (spark->filled < spark->span)
        return;
    spark->points[spark->count++] = spark->sum / (double)spark->filled;
    spark->sum = 0;
    spark->filled = 0;
    if (spark->count < 2 * LM_SPARK_POINTS)
        return;
    for (size_t i = 0; i < LM_SPARK_POINTS; i++)
        spark->points[i] = (spark->points[2 * i] + spark->points[2 * i + 1]) / 2;
    spark->count = LM_SPARK_POINTS;
    spark->span *= 2;
}

void lm_spark_print(struct lm_buf *out, const struct lm_spark *spark)
{
    if (spark->count >= 2)
        lm_sparkline_put(out, spark->points, spark->count, LM_SPARK_POINTS);
}

/* ---- well-known gauges ---- */

enum gauge_form { FIXED3, FIXED2, EXPONENT, WHOLE, SI, HIDDEN };

/* Fields in the order in which a narrow terminal loses them. */
enum field { NONE, GRAD_NORM, RATE, SPARK, VALID, MFU, SPEED, LOSS };

/* How well-known gauges are shown, in this order; any other: its name and four digits. What only
 * grows, bytes and operations are for the run's record. */
static const struct gauge_style {
    const char *name, *before, *after;
    enum gauge_form form;
    enum field field;
    bool spark;
} styles[] = {
    {"loss", "loss ", "", FIXED3, LOSS, true},
    {"valid_loss", "valid ", "", FIXED3, VALID, false},
    {"lr", "lr ", "", EXPONENT, RATE, false},
    {"grad_norm", "gn ", "", FIXED2, GRAD_NORM, false},
    {"tokens_per_second", "", " tok/s", SI, SPEED, false},
    {"megabytes_per_second", "", " MB/s", FIXED2, SPEED, false},
    {"mfu", "", "% mfu", WHOLE, MFU, false},
    {"tokens", "", "", HIDDEN, NONE, false},
    {"flops", "", "", HIDDEN, NONE, false},
    {"memory", "", "", HIDDEN, NONE, false},
};

enum { STYLES = sizeof styles / sizeof styles[0] };

static const struct gauge_style *style_of(const char *name)
{
    for (size_t i = 0; i < STYLES; i++)
        if (strcmp(styles[i].name, name) == 0)
            return &styles[i];
    return NULL;
}

/* ---- facts ---- */

void lm_live_stage_begin(struct lm_live_stage *stage, uint64_t now_ns)
{
    const char *id = stage->id;
    memset(stage, 0, sizeof *stage);
    stage->id = id;
    stage->running = true;
    stage->began_ns = stage->said_ns = now_ns;
}

void lm_live_stage_progress(struct lm_live_stage *stage, uint64_t done, uint64_t total,
                            const char *unit, uint64_t now_ns)
{
    if (stage->first_ns == 0 || done < stage->done ||
        (unit != NULL && strcmp(unit, stage->unit) != 0)) {
        stage->first_ns = now_ns;
        stage->first_done = done;
    }
    stage->done = done;
    stage->total = total;
    snprintf(stage->unit, sizeof stage->unit, "%s", unit != NULL ? unit : "");
}

void lm_live_stage_doing(struct lm_live_stage *stage, const char *what)
{
    snprintf(stage->doing, sizeof stage->doing, "%s", what != NULL ? what : "");
}

void lm_live_stage_gauge(struct lm_live_stage *stage, const char *name, double value)
{
    const struct gauge_style *style = style_of(name);
    size_t i = 0;
    if (strchr(name, '.') != NULL || (style != NULL && style->form == HIDDEN))
        return;
    while (i < stage->gauge_count && strcmp(stage->gauges[i].name, name) != 0)
        i++;
    if (i == LM_GAUGES || strlen(name) >= LM_GAUGE_NAME)
        return;
    if (i == stage->gauge_count) {
        stage->gauge_count++;
        snprintf(stage->gauges[i].name, LM_GAUGE_NAME, "%s", name);
    }
    stage->gauges[i].value = value;
    lm_spark_add(&stage->gauges[i].history, value);
}

double lm_live_stage_left(const struct lm_live_stage *stage, uint64_t now_ns)
{
    double elapsed = (double)(now_ns - stage->first_ns) / 1e9;
    if (stage->first_ns == 0 || stage->total == 0 || stage->done <= stage->first_done ||
        stage->done > stage->total || elapsed < 1)
        return -1;
    double speed = (double)(stage->done - stage->first_done) / elapsed;
    return (double)(stage->total - stage->done) / speed;
}

/* ---- the line ---- */

static void print_value(struct lm_buf *out, enum gauge_form form, double value)
{
    char text[32];
    switch (form) {
    case FIXED3:
        lm_buf_printf(out, "%.3f", value);
        break;
    case FIXED2:
        lm_buf_printf(out, "%.2f", value);
        break;
    case EXPONENT:
        lm_buf_puts(out, lm_human_exponent(text, value));
        break;
    case WHOLE:
        lm_buf_printf(out, "%.0f", value);
        break;
    case SI:
        lm_buf_puts(out, lm_human_si(text, value));
        break;
    case HIDDEN:
        break;
    }
}

static void print_gauge(struct lm_buf *out, const struct lm_live_gauge *gauge,
                        const struct gauge_style *style, bool spark)
{
    lm_buf_printf(out, " %s", style->before);
    print_value(out, style->form, gauge->value);
    lm_buf_puts(out, style->after);
    if (spark && style->spark && gauge->history.count >= 2) {
        lm_buf_putc(out, ' ');
        lm_spark_print(out, &gauge->history);
    }
}

/* Well-known gauges in the order of the table, without the fields up to `lost`, then up to `others`
 * others as they came. */
static void print_gauges(struct lm_buf *out, const struct lm_live_stage *stage, bool utf8,
                         enum field lost, size_t others)
{
    for (size_t i = 0; i < STYLES; i++)
        for (size_t j = 0; j < stage->gauge_count; j++)
            if (strcmp(styles[i].name, stage->gauges[j].name) == 0 && styles[i].field > lost)
                print_gauge(out, &stage->gauges[j], &styles[i], utf8 && lost < SPARK);
    for (size_t j = 0; j < stage->gauge_count && others > 0; j++) {
        if (style_of(stage->gauges[j].name) != NULL)
            continue;
        lm_buf_printf(out, " %s %.4g", stage->gauges[j].name, stage->gauges[j].value);
        others--;
    }
}

/* With the unit, which a line of bounded width does without. */
static void print_amount(struct lm_buf *out, const struct lm_live_stage *stage, bool unit)
{
    char done[32], total[32];
    bool bytes = strcmp(stage->unit, "bytes") == 0;
    char *(*human)(char *, uint64_t) = bytes ? lm_human_bytes : lm_human_count;
    if (stage->total > 0) {
        double part = (double)stage->done / (double)stage->total;
        lm_buf_printf(out, " %s/%s%s%s %d%%", human(done, stage->done), human(total, stage->total),
                      unit && !bytes ? " " : "", unit && !bytes ? stage->unit : "",
                      (int)(100 * fmin(part, 1)));
    } else if (stage->done > 0) {
        lm_buf_printf(out, " %s%s%s", human(done, stage->done), bytes ? "" : " ",
                      bytes ? "" : stage->unit);
    }
}

static void print_time(struct lm_buf *out, const struct lm_live_stage *stage, uint64_t now_ns)
{
    char clock[32];
    double left = lm_live_stage_left(stage, now_ns);
    if (left >= 0)
        lm_buf_printf(out, " eta %s", lm_human_clock(clock, left));
    else
        lm_buf_printf(out, " %s", lm_human_clock(clock, (double)(now_ns - stage->began_ns) / 1e9));
}

static void print_doing(struct lm_buf *out, const struct lm_live_stage *stage)
{
    if (stage->doing[0] != '\0')
        lm_buf_printf(out, ", %s", stage->doing);
}

static void print_facts(struct lm_buf *out, const struct lm_live_stage *stage)
{
    print_amount(out, stage, true);
    print_gauges(out, stage, false, NONE, stage->gauge_count);
}

void lm_live_stage_plain(struct lm_buf *out, const struct lm_live_stage *stage, uint64_t now_ns)
{
    char clock[32];
    size_t start = out->size;
    print_facts(out, stage);
    if (out->size == start)
        lm_buf_printf(out, " running for %s",
                      lm_human_clock(clock, (double)(now_ns - stage->began_ns) / 1e9));
    else
        print_time(out, stage, now_ns);
    print_doing(out, stage);
}

/* What fits into `columns` (0: any width); `now` NULL: no time. */
static void print_fitting(struct lm_buf *out, const struct lm_live_stage *stage,
                          const uint64_t *now, bool utf8, size_t columns)
{
    size_t start = out->size, others = stage->gauge_count, lost = NONE;
    for (;;) {
        out->size = start;
        print_amount(out, stage, false);
        print_gauges(out, stage, utf8, (enum field)lost, others);
        if (now != NULL)
            print_time(out, stage, *now);
        print_doing(out, stage);
        if (columns == 0 || out->failed || out->size == start ||
            lm_text_width(out->data + start) <= columns || lost == LOSS)
            return;
        if (others > 0)
            others--;
        else
            lost++;
    }
}

void lm_live_stage_print(struct lm_buf *out, const struct lm_live_stage *stage, uint64_t now_ns,
                         bool utf8, size_t columns)
{
    print_fitting(out, stage, &now_ns, utf8, columns);
}

void lm_live_stage_facts(struct lm_buf *out, const struct lm_live_stage *stage, size_t columns)
{
    if (columns > 0) {
        print_fitting(out, stage, NULL, false, columns);
        return;
    }
    print_facts(out, stage);
    print_doing(out, stage);
}
