#include "live_line.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "human.h"

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
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double low = INFINITY, high = -INFINITY;
    if (spark->count < 2)
        return;
    for (size_t i = 0; i < spark->count; i++) {
        low = fmin(low, spark->points[i]);
        high = fmax(high, spark->points[i]);
    }
    size_t shown = spark->count < LM_SPARK_POINTS ? spark->count : LM_SPARK_POINTS;
    for (size_t i = 0; i < shown; i++) {
        size_t first = i * spark->count / shown, last = (i + 1) * spark->count / shown;
        double sum = 0;
        for (size_t j = first; j < last; j++)
            sum += spark->points[j];
        double height = high > low ? (sum / (double)(last - first) - low) / (high - low) : 0;
        lm_buf_puts(out, blocks[(size_t)(height * 7.0 + 0.5)]);
    }
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
    if (stage->first_ns == 0 || done < stage->first_done || total != stage->total) {
        stage->first_ns = now_ns;
        stage->first_done = done;
    }
    stage->done = done;
    stage->total = total;
    snprintf(stage->unit, sizeof stage->unit, "%s", unit != NULL ? unit : "");
}

/* The change a second, smoothed: half of the past and half of what is at least a second. */
static void follow_rate(struct lm_live_gauge *gauge, double value, uint64_t now_ns)
{
    double seconds = (double)(now_ns - gauge->marked_ns) / 1e9;
    if (gauge->marked_ns == 0 || value < gauge->marked) {
        gauge->rate = 0;
    } else if (seconds < 1) {
        return;
    } else {
        double rate = (value - gauge->marked) / seconds;
        gauge->rate = gauge->rate > 0 ? (gauge->rate + rate) / 2 : rate;
    }
    gauge->marked = value;
    gauge->marked_ns = now_ns;
}

void lm_live_stage_gauge(struct lm_live_stage *stage, const char *name, double value,
                         uint64_t now_ns)
{
    size_t i = 0;
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
    follow_rate(&stage->gauges[i], value, now_ns);
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

enum gauge_form { FIXED3, FIXED2, EXPONENT, RATE, SHORT, HIDDEN };

/* How well-known gauges are shown; any other: its name and four digits. RATE: the change a second
 * of what only grows. Bytes and operations are for the run's record. */
static const struct gauge_style {
    const char *name, *before, *after;
    enum gauge_form form;
    bool spark;
} styles[] = {
    {"loss", "loss ", "", FIXED3, true},   {"valid_loss", "valid ", "", FIXED3, false},
    {"lr", "lr ", "", EXPONENT, false},    {"grad_norm", "gn ", "", FIXED2, false},
    {"tokens", "", " tok/s", RATE, false}, {"flops", "", "", HIDDEN, false},
    {"memory", "", "", HIDDEN, false},
};

static void print_value(struct lm_buf *out, enum gauge_form form, const struct lm_live_gauge *gauge)
{
    char text[32];
    double value = gauge->value;
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
    case RATE:
        lm_buf_puts(out, lm_human_si(text, gauge->rate));
        break;
    case SHORT:
        lm_buf_printf(out, "%.4g", value);
        break;
    case HIDDEN:
        break;
    }
}

static void print_gauge(struct lm_buf *out, const struct lm_live_gauge *gauge,
                        const struct gauge_style *style, bool utf8)
{
    if (style->form == HIDDEN || (style->form == RATE && gauge->rate <= 0))
        return;
    lm_buf_printf(out, " %s", style->before);
    print_value(out, style->form, gauge);
    lm_buf_puts(out, style->after);
    if (style->spark && utf8 && gauge->history.count >= 2) {
        lm_buf_putc(out, ' ');
        lm_spark_print(out, &gauge->history);
    }
}

/* Well-known gauges in the order of the table, then the others as they came. */
static void print_gauges(struct lm_buf *out, const struct lm_live_stage *stage, bool utf8)
{
    bool known[LM_GAUGES] = {false};
    for (size_t i = 0; i < sizeof styles / sizeof styles[0]; i++) {
        for (size_t j = 0; j < stage->gauge_count; j++) {
            if (strcmp(styles[i].name, stage->gauges[j].name) != 0)
                continue;
            print_gauge(out, &stage->gauges[j], &styles[i], utf8);
            known[j] = true;
        }
    }
    for (size_t j = 0; j < stage->gauge_count; j++) {
        if (known[j])
            continue;
        lm_buf_printf(out, " %s ", stage->gauges[j].name);
        print_value(out, SHORT, &stage->gauges[j]);
    }
}

static void print_amount(struct lm_buf *out, const struct lm_live_stage *stage)
{
    char done[32], total[32];
    bool bytes = strcmp(stage->unit, "bytes") == 0;
    char *(*human)(char *, uint64_t) = bytes ? lm_human_bytes : lm_human_count;
    if (stage->total > 0) {
        double part = (double)stage->done / (double)stage->total;
        lm_buf_printf(out, " %s/%s %d%%", human(done, stage->done), human(total, stage->total),
                      (int)(100 * fmin(part, 1)));
    } else if (stage->done > 0) {
        lm_buf_printf(out, " %s%s%s", human(done, stage->done), bytes ? "" : " ",
                      bytes ? "" : stage->unit);
    }
}

void lm_live_stage_print(struct lm_buf *out, const struct lm_live_stage *stage, uint64_t now_ns,
                         bool utf8)
{
    char clock[32];
    double left = lm_live_stage_left(stage, now_ns);
    print_amount(out, stage);
    print_gauges(out, stage, utf8);
    if (left >= 0)
        lm_buf_printf(out, " eta %s", lm_human_clock(clock, left));
    else
        lm_buf_printf(out, " %s", lm_human_clock(clock, (double)(now_ns - stage->began_ns) / 1e9));
}
