#include "compare/compare_page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "page/html.h"

static const struct {
    const char *id, *nav;
    bool (*has)(const struct lm_comparison *comparison);
    void (*write)(struct lm_buf *out, const struct lm_comparison *comparison);
} sections[] = {
    {"runs", "Runs", lm_compare_has_runs, lm_compare_page_runs},
    {"left-out", "Not compared", lm_compare_has_left_out, lm_compare_page_left_out},
    {"axes", "By axis", lm_compare_has_axes, lm_compare_page_axes},
    {"parallel", "All axes", lm_compare_has_parallel, lm_compare_page_parallel},
    {"repeats", "Repeats", lm_compare_has_groups, lm_compare_page_groups},
    {"differences", "Differences", lm_compare_has_differences, lm_compare_page_differences},
    {"curves", "Curves", lm_compare_has_curves, lm_compare_page_curves},
    {"cost", "Cost", lm_compare_has_cost, lm_compare_page_cost},
    {"method", "Method", lm_compare_has_method, lm_compare_page_method},
};

enum { SECTIONS = sizeof sections / sizeof sections[0] };

/* Behind the shared sheet: what only a comparison draws. */
static const char style[] =
    ".line.dim{stroke:var(--mute);stroke-width:1;opacity:.5}.dots.dim{stroke:var(--mute);"
    "stroke-width:4;opacity:.6}.key.dim::before{border-color:var(--mute)}"
    ".zero{position:absolute;top:-.3rem;bottom:-.3rem;width:0;border-left:1px dashed var(--soft)}"
    ".mark{position:absolute;top:.2rem;width:.62rem;height:.62rem;margin-left:-.31rem;"
    "border-radius:50%;background:var(--mute)}.us .mark{background:var(--a)}"
    "@media print{table.bars{break-inside:auto}.margin{break-inside:avoid}}"
    ".bars td.bar.forest{width:15%;min-width:6rem;padding-right:.9rem}"
    ".rail{position:relative;display:inline-block;vertical-align:middle;height:1.05rem;width:55%;"
    "min-width:3.5rem;margin-right:.6rem}.railed{white-space:nowrap}"
    ".rail::before{content:'';position:absolute;left:0;right:0;top:.5rem;border-top:1px solid "
    "var(--rule)}.tile b.name{font-size:1.15rem;line-height:1.5;overflow-wrap:anywhere}\n";

/* ---- shared ---- */

struct lm_num lm_compare_value(double value)
{
    return isfinite(value) ? lm_num_short(value, 4) : (struct lm_num){"\xe2\x80\x93"};
}

struct lm_num lm_compare_signed(double value)
{
    struct lm_num out = lm_num_short(value, 3), plus = {"+"};
    if (!(value > 0) || !isfinite(value))
        return isfinite(value) ? out : lm_compare_value(value);
    snprintf(plus.text + 1, sizeof plus.text - 1, "%.60s", out.text);
    return plus;
}

struct lm_num lm_compare_confidence(const struct lm_comparison *comparison)
{
    struct lm_num out = lm_num_short(100 * comparison->options->confidence, 4), whole;
    snprintf(whole.text, sizeof whole.text, "%.40s\xc2\xa0%%", out.text);
    return whole;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void lm_compare_range(const struct lm_comparison *comparison, double *low, double *high)
{
    size_t n = comparison->ranked;
    double *values = LM_NEW_ARRAY(comparison->arena, double, n);
    *low = *high = (double)NAN;
    if (values == NULL || n == 0)
        return;
    for (size_t i = 0; i < n; i++)
        values[i] = comparison->rows[i].value;
    qsort(values, n, sizeof *values, by_size);
    double middle = values[n / 2];
    *low = values[0];
    *high = values[n - 1];
    if (comparison->better == LM_BETTER_LOWER && middle > *low)
        *high = fmin(*high, middle + 5 * (middle - *low));
    if (comparison->better == LM_BETTER_HIGHER && middle < *high)
        *low = fmax(*low, middle - 5 * (*high - middle));
}

const char *lm_compare_items_word(const struct lm_comparison *comparison)
{
    return strcmp(comparison->pairing.item, "example") == 0    ? "examples"
           : strcmp(comparison->pairing.item, "document") == 0 ? "documents"
                                                               : "items";
}

const char *lm_compare_verdict_class(enum lm_compare_verdict verdict)
{
    static const char *const classes[LM_VERDICTS] = {"pass", "fail", "und", "w", "w"};
    return classes[verdict];
}

/* ---- the top ---- */

/* A label, which may break behind its commas. */
static void put_name(struct lm_buf *out, const char *name)
{
    for (size_t length; *name != '\0'; name += length) {
        length = strcspn(name, ",");
        length += name[length] == ',';
        lm_html_text(out, name, length);
        lm_buf_puts(out, name[length] != '\0' ? "<wbr/>" : "");
    }
}

/* label and small may be NULL: memory is out. */
static void put_tile(struct lm_buf *out, const char *label, const char *value, bool is_name,
                     const char *small)
{
    lm_html_printf(out, "<div class=\"tile\"><span class=\"k\">%s</span>",
                   label != NULL ? label : "");
    lm_buf_puts(out, is_name ? "<b class=\"name\">" : "<b>");
    if (is_name)
        put_name(out, value);
    else
        lm_html_printf(out, "%s", value);
    lm_html_printf(out, "</b><span class=\"s\">%s</span></div>\n", small != NULL ? small : "");
}

static void put_best(struct lm_buf *out, const struct lm_comparison *comparison)
{
    const struct lm_compare_row *best = &comparison->rows[0];
    struct lm_num value = lm_compare_value(best->value), low = lm_compare_value(best->low),
                  high = lm_compare_value(best->high);
    const char *small =
        isnan(best->low)
            ? lm_arena_printf(comparison->arena, "%s", comparison->pairing.unit)
            : lm_arena_printf(comparison->arena, "%s, 95\xc2\xa0%% interval %s\xe2\x80\x93%s",
                              comparison->pairing.unit, low.text, high.text);
    put_tile(out, lm_arena_printf(comparison->arena, "Best %s", comparison->options->metric),
             value.text, false, small);
    put_tile(out, "Best run", best->label, true,
             isnan(best->best_share)
                 ? ""
                 : lm_arena_printf(comparison->arena, "the best in %s of resamples",
                                   lm_num_percent(best->best_share, 0).text));
}

static void put_tiles(struct lm_buf *out, const struct lm_comparison *comparison)
{
    struct lm_num runs = lm_num_count((int64_t)comparison->count),
                  compared = lm_num_count((int64_t)comparison->compared),
                  items = lm_num_count((int64_t)comparison->items);
    const char *ranked = lm_arena_printf(comparison->arena, "%zu with a finite %s",
                                         comparison->ranked, comparison->options->metric);
    const char *pairs =
        comparison->unpaired != NULL
            ? lm_arena_printf(comparison->arena, "no paired differences: %s", comparison->unpaired)
            : lm_arena_printf(comparison->arena, "%s behind the paired differences of %s runs",
                              lm_compare_items_word(comparison), compared.text);
    lm_buf_puts(out, "<div class=\"tiles\">\n");
    if (comparison->ranked > 0)
        put_best(out, comparison);
    put_tile(out, "Runs", runs.text, false, ranked);
    put_tile(out, comparison->unpaired != NULL ? "Paired" : "Paired by item",
             comparison->unpaired != NULL ? "\xe2\x80\x93" : items.text, false, pairs);
    lm_buf_puts(out, "</div>\n");
}

void lm_compare_page_write(struct lm_buf *out, const struct lm_comparison *comparison)
{
    const char *title = comparison->options->title;
    lm_html_begin_styled(out, title, comparison->summary, style);
    lm_html_printf(out,
                   "<header class=\"top\">\n<p class=\"over\">lmpipe compare \xc2\xb7 %s</p>\n"
                   "<h1>%s</h1>\n<nav aria-label=\"Sections\">",
                   title, comparison->summary);
    for (size_t i = 0; i < SECTIONS; i++)
        if (sections[i].has(comparison))
            lm_html_printf(out, "<a href=\"#%s\">%s</a>\n", sections[i].id, sections[i].nav);
    lm_buf_puts(out, "</nav>\n</header>\n");
    put_tiles(out, comparison);
    for (size_t i = 0; i < SECTIONS; i++)
        if (sections[i].has(comparison))
            sections[i].write(out, comparison);
    lm_html_end(out, "Written by lmpipe: a function of the inputs alone. Times and machine are on "
                     "the page of the run.");
}
