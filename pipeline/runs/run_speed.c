/* The part of run.html that says where the time of a training went. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page/html.h"
#include "page/numtext.h"
#include "page/svg.h"
#include "runs/run_files.h"

#define PHASE_SECONDS ".seconds"
#define PHASE_FLOPS ".flops"

/** A stage that told how its time was spent. */
struct speed {
    struct lm_buf *out;
    const struct lm_run_facts *facts;
    size_t stage;
    const struct lm_execution *execution;
    double wall; /**< seconds of the last attempt */
    double peak; /**< operations a second; 0: not known */
};

/** What the machine could do with the precision of the stage's products. */
static double peak_of(const struct lm_telemetry *told)
{
    double bf16 = lm_telemetry_value(told, "peak.bf16");
    return bf16 > 0 ? bf16 : lm_telemetry_value(told, "peak.fp32");
}

/** Length of the name of a phase, when the gauge holds the seconds of one; else 0. */
static size_t phase_length(const char *gauge)
{
    size_t length = strlen(gauge), tail = strlen(PHASE_SECONDS);
    bool is_phase = length > tail && strcmp(gauge + length - tail, PHASE_SECONDS) == 0;
    return is_phase ? length - tail : 0;
}

static bool has_phases(const struct lm_execution *execution)
{
    for (size_t i = 0; execution != NULL && i < execution->telemetry.count; i++)
        if (phase_length(execution->telemetry.gauges[i].name) > 0)
            return true;
    return false;
}

/* ---- the table ---- */

/** flops < 0: this row has none. */
static void put_row(const struct speed *speed, const char *name, double seconds, double flops,
                    bool is_total)
{
    double rate = seconds > 0 ? flops / seconds : 0;
    lm_html_printf(
        speed->out,
        "<tr class=\"%s\"><th scope=\"row\">%s</th><td class=\"n\">%s</td><td class=\"n\">%s</td>",
        is_total ? "us" : "", name, lm_num_fixed(seconds, 1).text,
        speed->wall > 0 ? lm_num_percent(seconds / speed->wall, 0).text : "");
    lm_html_printf(speed->out, "<td class=\"n\">%s</td><td class=\"n\">%s</td></tr>\n",
                   flops >= 0 ? lm_num_short(rate / 1e9, 3).text : "",
                   flops >= 0 && speed->peak > 0 ? lm_num_percent(rate / speed->peak, 0).text : "");
}

static void put_table(const struct speed *speed)
{
    const struct lm_telemetry *told = &speed->execution->telemetry;
    double seconds = 0, flops = 0;
    lm_buf_puts(speed->out,
                "<div class=\"wide\" tabindex=\"0\"><table><thead><tr><th>phase</th><th "
                "class=\"n\">seconds</th>"
                "<th class=\"n\">share</th>"
                "<th class=\"n\">GFLOP/s</th><th class=\"n\">of the peak</th></tr></thead>"
                "<tbody>\n");
    for (size_t i = 0; i < told->count; i++) {
        char phase[64], other[80];
        size_t length = phase_length(told->gauges[i].name);
        if (length == 0 || length >= sizeof phase)
            continue;
        snprintf(phase, sizeof phase, "%.*s", (int)length, told->gauges[i].name);
        snprintf(other, sizeof other, "%s" PHASE_FLOPS, phase);
        double work = lm_telemetry_value(told, other);
        put_row(speed, phase, told->gauges[i].value, work > 0 ? work : -1, false);
        seconds += told->gauges[i].value;
        flops += work;
    }
    put_row(speed, "everything else", fmax(speed->wall - seconds, 0), -1, false);
    put_row(speed, "the stage", speed->wall, flops, true);
    lm_buf_puts(speed->out, "</tbody></table></div>");
}

/* ---- the numbers ---- */

static void put_fact(const struct speed *speed, const char *name, const char *value,
                     const char *small)
{
    lm_html_printf(speed->out, "<tr><th scope=\"row\">%s</th><td>%s <small>%s</small></td></tr>\n",
                   name, value, small);
}

static void put_facts(const struct speed *speed)
{
    char text[300];
    const struct lm_execution *execution = speed->execution;
    const struct lm_telemetry *told = &execution->telemetry;
    double tokens = lm_gauge_rate(lm_telemetry_find(told, "tokens"));
    double flops = lm_gauge_rate(lm_telemetry_find(told, "flops"));
    uint64_t estimate = speed->facts->plan->stages[speed->stage].estimate.memory;
    lm_buf_puts(speed->out, "<div class=\"wide\" tabindex=\"0\"><table class=\"facts\"><tbody>\n");
    if (tokens > 0)
        put_fact(speed, "tokens/s", lm_num_large(tokens).text, "mean by the wall clock");
    if (flops > 0 && speed->peak > 0) {
        snprintf(text, sizeof text, "useful work of %s GFLOP/s, peak %s GFLOP/s on %zu thread%s",
                 lm_num_short(flops / 1e9, 3).text, lm_num_short(speed->peak / 1e9, 3).text,
                 execution->threads, execution->threads == 1 ? "" : "s");
        put_fact(speed, "MFU", lm_num_percent(flops / speed->peak, 1).text, text);
    }
    snprintf(text, sizeof text, "the model holds %s, the estimate was %s",
             lm_num_bytes((uint64_t)lm_telemetry_value(told, "memory")).text,
             lm_num_bytes(estimate).text);
    if (execution->memory > 0)
        put_fact(speed, "peak memory", lm_num_bytes(execution->memory).text, text);
    lm_buf_puts(speed->out, "</tbody></table></div>");
}

/* ---- the curve ---- */

/** The first of them that was told is drawn: the two differ by a factor alone. */
static const struct curve {
    const char *gauge, *title, *label, *unit;
} curves[] = {{"mfu", "MFU over time", "% of the peak", "\xc2\xa0%"},
              {"tokens_per_second", "Speed over time", "tokens/s", " tokens/s"}};

/** False: there is too little of it. */
static bool put_curve(const struct speed *speed, const struct curve *curve, const char *id)
{
    const struct lm_gauge *gauge = lm_telemetry_find(&speed->execution->telemetry, curve->gauge);
    const struct lm_series *course = gauge != NULL ? gauge->course : NULL;
    double low = INFINITY, high = 0, sum = 0;
    char summary[300];
    if (course == NULL || course->count < 3)
        return false;
    for (size_t i = 0; i < course->count; i++) {
        low = fmin(low, course->values[i]);
        high = fmax(high, course->values[i]);
        sum += course->values[i];
    }
    snprintf(summary, sizeof summary, "From %s to %s%s, mean %s.", lm_num_short(low, 3).text,
             lm_num_short(high, 3).text, curve->unit,
             lm_num_short(sum / (double)course->count, 3).text);
    struct lm_plot plot = {
        .out = speed->out, .id = id, .title = curve->title, .summary = summary, .height = 170};
    lm_axis_linear(&plot.x, "seconds since the stage began", 0, course->times[course->count - 1], 6,
                   false);
    lm_axis_linear(&plot.y, curve->label, 0, high, 4, true);
    lm_plot_begin(&plot);
    lm_plot_line(&plot, "a", course->times, course->values, course->count);
    lm_plot_end(&plot);
    return true;
}

static void put_stage(const struct speed *speed)
{
    char id[48];
    lm_html_printf(speed->out, "<h3>%s</h3>", speed->facts->spec->stages[speed->stage].id);
    put_facts(speed);
    put_table(speed);
    snprintf(id, sizeof id, "speed-%zu", speed->stage);
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++)
        if (put_curve(speed, &curves[i], id))
            break;
}

void lm_run_speed_write(struct lm_buf *out, const struct lm_run_facts *facts)
{
    bool begun = false;
    for (size_t i = 0; i < facts->spec->stage_count; i++) {
        const struct lm_execution *execution = facts->stages[i].execution;
        if (!has_phases(execution))
            continue;
        const struct speed speed = {.out = out,
                                    .facts = facts,
                                    .stage = i,
                                    .execution = execution,
                                    .wall = execution->attempt_seconds,
                                    .peak = peak_of(&execution->telemetry)};
        if (!begun)
            lm_html_section(out, "speed", "Where the time went",
                            "Operations are the useful ones: six for each matrix parameter and "
                            "token, and those of attention. The peak is what the arithmetic units "
                            "did in registers, measured before the first step.");
        begun = true;
        put_stage(&speed);
    }
    if (begun)
        lm_html_section_end(out);
}
