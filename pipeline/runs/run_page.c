#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/url.h"
#include "page/html.h"
#include "page/numtext.h"
#include "param/param_rows.h"
#include "runs/run_files.h"

/** A page under way. */
struct page {
    struct lm_buf *out;
    const struct lm_run_facts *facts;
};

/* ---- words ---- */

static const char *state_word(enum lm_state state)
{
    static const char *const words[] = {[LM_HIT] = "hit",
                                        [LM_DONE] = "done",
                                        [LM_FAILED] = "failed",
                                        [LM_SKIPPED] = "skipped",
                                        [LM_STOPPED] = "stopped"};
    return words[state];
}

static const char *state_class(enum lm_state state)
{
    return state == LM_FAILED ? "fail" : lm_state_is_fine(state) ? "pass" : "und";
}

/** Time a stage took here, else when its result was made. */
static double seconds_of(const struct page *page, size_t i)
{
    const struct lm_execution *execution = page->facts->stages[i].execution;
    const struct lm_record *record = page->facts->plan->stages[i].record;
    if (execution != NULL)
        return execution->seconds;
    return record != NULL ? record->seconds : 0;
}

static bool is_selected(const struct page *page, size_t i)
{
    return page->facts->plan->stages[i].selected;
}

/* ---- head ---- */

static void put_head(struct page *page)
{
    char started[32];
    lm_html_printf(page->out,
                   "<header class=\"top\"><p class=\"over\">Run %s</p><h1>%s: %s in %s</h1>",
                   page->facts->id, page->facts->spec->experiment, page->facts->state,
                   lm_num_seconds(page->facts->seconds).text);
    lm_html_printf(page->out,
                   "<p class=\"lead\">%s, %zu stages executed. What depends on time and machine "
                   "stands here; the report itself depends on neither.</p></header>",
                   lm_clock_format(started, page->facts->started), page->facts->executed);
}

static void put_tile(struct page *page, const char *label, const char *value, const char *small)
{
    lm_html_printf(page->out,
                   "<div class=\"tile\"><span class=\"k\">%s</span><b>%s</b><span class=\"s\">%s"
                   "</span></div>",
                   label, value, small);
}

static void put_tiles(struct page *page)
{
    double cpu_seconds = 0;
    uint64_t peak = 0;
    const char *peak_stage = "nothing ran";
    for (size_t i = 0; i < page->facts->spec->stage_count; i++) {
        const struct lm_execution *execution = page->facts->stages[i].execution;
        if (execution == NULL)
            continue;
        cpu_seconds += execution->cpu_seconds;
        if (execution->memory > peak) {
            peak = execution->memory;
            peak_stage = page->facts->spec->stages[i].id;
        }
    }
    lm_buf_puts(page->out, "<div class=\"tiles\">");
    put_tile(page, "wall time", lm_num_seconds(page->facts->seconds).text, "of this run");
    put_tile(page, "CPU time", lm_num_seconds(cpu_seconds).text, "of all stages");
    put_tile(page, "peak memory", lm_num_bytes(peak).text, peak_stage);
    put_tile(page, "executed", lm_num_count((int64_t)page->facts->executed).text,
             "stages; the others were hits");
    lm_buf_puts(page->out, "</div>");
}

/* ---- when ---- */

/** One bar of the chart, in percent of the run. */
static void put_bar(struct page *page, size_t i)
{
    const struct lm_run_stage *ran = &page->facts->stages[i];
    double total = page->facts->seconds > 0 ? page->facts->seconds : 1;
    double left = 0, width = 0;
    if (ran->execution != NULL) {
        left = ran->execution->begin / total * 1000;
        width = seconds_of(page, i) / total * 1000;
    }
    lm_html_printf(page->out, "<tr%s><th scope=\"row\">%s</th><td class=\"n\">%s</td>",
                   ran->execution != NULL ? " class=us" : "", page->facts->spec->stages[i].id,
                   ran->execution != NULL ? lm_num_seconds(seconds_of(page, i)).text : "hit");
    lm_buf_printf(page->out,
                  "<td class=\"bar\"><svg viewBox=\"0 0 1000 20\" preserveAspectRatio=\"none\" "
                  "width=\"100%%\" height=\"17\" aria-hidden=\"true\"><path d=\"M0 19.5H1000\" "
                  "stroke=\"var(--grid)\"/><rect x=\"%.1f\" y=\"3\" width=\"%.1f\" height=\"13\" "
                  "fill=\"var(--%s)\"/></svg></td></tr>\n",
                  left, ran->execution != NULL && width < 2 ? 2 : width,
                  ran->state == LM_FAILED ? "fail" : "a");
}

static void put_chart(struct page *page)
{
    lm_html_section(page->out, "when", "When stages ran",
                    "A bar reaches from a stage's beginning to its end; the width of the column "
                    "is the whole run. Hit: the result was in the store already.");
    lm_html_printf(
        page->out,
        "<div class=\"wide\" tabindex=\"0\"><table class=\"bars\"><thead><tr><th>stage</th>"
        "<th class=\"n\">time</th><th>0 … %s</th></tr></thead><tbody>\n",
        lm_num_seconds(page->facts->seconds).text);
    for (size_t i = 0; i < page->facts->spec->stage_count; i++)
        if (is_selected(page, i))
            put_bar(page, i);
    lm_buf_puts(page->out, "</tbody></table></div>");
    lm_html_section_end(page->out);
}

/* ---- stages ---- */

static void put_stage_row(struct page *page, size_t i)
{
    char when[32] = "";
    const struct lm_run_stage *ran = &page->facts->stages[i];
    const struct lm_execution *execution = ran->execution;
    const struct lm_plan_stage *planned = &page->facts->plan->stages[i];
    const struct lm_record *record = planned->record;
    if (record != NULL)
        lm_clock_format(when, record->finished);
    lm_html_printf(page->out,
                   "<tr><th scope=\"row\">%s</th><td><b class=\"%s\">%s</b></td>"
                   "<td style=\"min-width:12rem\">%s</td><td class=\"n\">%s</td>",
                   page->facts->spec->stages[i].id, state_class(ran->state), state_word(ran->state),
                   ran->error != NULL        ? ran->error
                   : execution != NULL       ? execution->reason
                   : planned->reason != NULL ? planned->reason
                                             : "",
                   lm_num_seconds(seconds_of(page, i)).text);
    lm_html_printf(page->out,
                   "<td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"w\">%s</td></tr>\n",
                   execution != NULL ? lm_num_bytes(execution->memory).text : "",
                   execution != NULL ? lm_num_count((int64_t)execution->threads).text : "", when);
}

static void put_stages(struct page *page)
{
    lm_html_section(page->out, "stages", "Stages",
                    "Times of hits are those of the run that produced them.");
    lm_buf_puts(page->out,
                "<div class=\"wide\" tabindex=\"0\"><table><thead><tr><th>stage</th><th>state</th>"
                "<th>why</th><th class=\"n\">took</th><th class=\"n\">peak memory</th>"
                "<th class=\"n\">threads</th><th>made</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < page->facts->spec->stage_count; i++)
        if (is_selected(page, i))
            put_stage_row(page, i);
    lm_buf_puts(page->out, "</tbody></table></div>");
    lm_html_section_end(page->out);
}

/** What counts up, so that its pace says something; other gauges are readings. */
static bool is_counter(const char *name)
{
    static const char *const names[] = {"tokens", "flops", "bytes", "documents"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void put_gauge(struct page *page, size_t stage, const struct lm_gauge *gauge)
{
    double rate = is_counter(gauge->name) ? lm_gauge_rate(gauge) : 0;
    struct lm_num value = strcmp(gauge->name, "memory") == 0 ? lm_num_bytes((uint64_t)gauge->value)
                          : is_counter(gauge->name)          ? lm_num_large(gauge->value)
                                                             : lm_num_short(gauge->value, 4);
    lm_html_printf(
        page->out,
        "<tr><td>%s</td><td>%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td></tr>\n",
        page->facts->spec->stages[stage].id, gauge->name, value.text,
        rate > 0 ? lm_num_large(rate).text : "");
}

/** Of names with a dot only the ratios of a training: the others are in tables of their own. */
static bool is_reading(const char *name)
{
    return strchr(name, '.') == NULL || strncmp(name, "ratio.", 6) == 0;
}

/** The last values of gauges, and throughput. */
static void put_gauges(struct page *page)
{
    bool any = false;
    for (size_t i = 0; i < page->facts->spec->stage_count; i++) {
        const struct lm_execution *execution = page->facts->stages[i].execution;
        any = any || (execution != NULL && execution->telemetry.count > 0);
    }
    if (!any)
        return;
    lm_html_section(page->out, "gauges", "Final values",
                    "What the live lines showed last; what counts up, with its rate in this run.");
    lm_buf_puts(page->out,
                "<div class=\"wide\" tabindex=\"0\"><table><thead><tr><th>stage</th><th>gauge</th>"
                "<th class=\"n\">value</th><th class=\"n\">per second</th></tr></thead>"
                "<tbody>\n");
    for (size_t i = 0; i < page->facts->spec->stage_count; i++) {
        const struct lm_execution *execution = page->facts->stages[i].execution;
        for (size_t k = 0; execution != NULL && k < execution->telemetry.count; k++)
            if (is_reading(execution->telemetry.gauges[k].name))
                put_gauge(page, i, &execution->telemetry.gauges[k]);
    }
    lm_buf_puts(page->out, "</tbody></table></div>");
    lm_html_section_end(page->out);
}

/* ---- provenance ---- */

/** The first 16 digits; all of them when it is pointed at. */
static void put_digest(struct page *page, const char *digest)
{
    const char *colon = strchr(digest, ':');
    size_t length = (colon != NULL ? (size_t)(colon + 1 - digest) : 0) + 16;
    lm_html_printf(page->out, "<code title=\"%s\">", digest);
    lm_html_text(page->out, digest, strlen(digest) < length ? strlen(digest) : length);
    lm_buf_puts(page->out, "</code>");
}

static void put_keys(struct page *page)
{
    lm_html_section(page->out, "keys", "Keys and results",
                    "A key is the SHA-256 of all that decides a result; an output is named by "
                    "what it holds.");
    lm_buf_puts(page->out,
                "<div class=\"wide\" tabindex=\"0\"><table><thead><tr><th>stage</th><th>type</th>"
                "<th>key</th><th>outputs</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < page->facts->spec->stage_count; i++) {
        const struct lm_plan_stage *planned = &page->facts->plan->stages[i];
        const struct lm_stage *type = page->facts->spec->stages[i].type;
        char hex[LM_DIGEST_HEX] = "";
        if (!is_selected(page, i))
            continue;
        if (planned->keyed)
            lm_digest_hex(hex, &planned->key);
        lm_html_printf(page->out, "<tr><th scope=\"row\">%s</th><td>%s %d</td><td>",
                       page->facts->spec->stages[i].id, type->name, (int)type->version);
        put_digest(page, hex);
        lm_buf_puts(page->out, "</td><td>");
        for (size_t k = 0; planned->record != NULL && k < planned->record->output_count; k++) {
            lm_html_printf(page->out, "%s%s ", k > 0 ? ", " : "", planned->record->outputs[k].port);
            put_digest(page, planned->record->outputs[k].digest);
        }
        lm_buf_puts(page->out, "</td></tr>\n");
    }
    lm_buf_puts(page->out, "</tbody></table></div>");
    lm_html_section_end(page->out);
}

/** Where the addresses of a stage go. */
struct addresses {
    struct page *page;
    size_t stage, count;
};

/** As the spec writes it: what ${env.NAME} stands for is nobody's business. */
static void put_address(void *user, const struct lm_param_leaf *leaf)
{
    struct addresses *addresses = user;
    const char *text = NULL;
    if (leaf->type != LM_P_URL)
        return;
    memcpy(&text, leaf->value, sizeof text);
    const struct lm_spec_value *given =
        lm_spec_value(addresses->page->facts->spec, addresses->stage, leaf->name);
    if (given != NULL && given->written != NULL)
        text = given->written;
    if (text == NULL || text[0] == '\0')
        return;
    text = lm_url_show(addresses->page->facts->spec->arena, text);
    addresses->count++;
    lm_html_printf(addresses->page->out, "<tr><th scope=\"row\">%s.%s</th><td>%s</td></tr>\n",
                   addresses->page->facts->spec->stages[addresses->stage].id, leaf->name, text);
}

static void put_fact(struct page *page, const char *name, const char *text)
{
    lm_html_printf(page->out, "<tr><th scope=\"row\">%s</th><td>%s</td></tr>\n", name, text);
}

static void put_machine(struct page *page)
{
    lm_html_section(page->out, "machine", "Machine, versions, sources", NULL);
    lm_buf_puts(page->out, "<div class=\"wide\" tabindex=\"0\"><table class=\"facts\"><tbody>\n");
    put_fact(page, "lmpipe", LM_VERSION);
    put_fact(page, "spec", page->facts->spec->home);
    put_fact(page, "host", page->facts->host);
    put_fact(page, "processor", page->facts->cpu);
    put_fact(page, "cores used", lm_num_count((int64_t)page->facts->budget).text);
    put_fact(page, "memory", lm_num_bytes(page->facts->memory).text);
    put_fact(page, "system", page->facts->kernel);
    if (page->facts->plan->numerics_blas != NULL)
        put_fact(page, "numerics", page->facts->plan->numerics_blas);
    for (size_t i = 0; i < page->facts->spec->stage_count; i++) {
        struct addresses addresses = {.page = page, .stage = i};
        if (is_selected(page, i))
            lm_params_walk(page->facts->spec->stages[i].type->params,
                           page->facts->spec->stages[i].params, put_address, &addresses);
    }
    lm_buf_puts(page->out, "</tbody></table></div>");
    lm_html_section_end(page->out);
}

static void put_gates(struct page *page)
{
    static const struct {
        const char *class_name, *word;
    } verdicts[] = {[LM_GATE_PASS] = {"pass", "passed"},
                    [LM_GATE_FAIL] = {"fail", "failed"},
                    [LM_GATE_UNDECIDED] = {"und", "undecided"},
                    [LM_GATE_UNSELECTED] = {"und", "not selected"}};
    const struct lm_run_result *result = page->facts->result;
    if (result->gate_count == 0)
        return;
    lm_html_section(page->out, "gates", "Gates", NULL);
    lm_buf_puts(page->out, "<div class=\"wide\" tabindex=\"0\"><table><tbody>\n");
    for (size_t i = 0; i < result->gate_count; i++) {
        size_t verdict = result->gates[i].verdict;
        lm_html_printf(page->out, "<tr><td>%s</td><td><b class=\"%s\">%s</b></td></tr>\n",
                       result->gates[i].text, verdicts[verdict].class_name, verdicts[verdict].word);
    }
    lm_buf_puts(page->out, "</tbody></table></div>");
    lm_html_section_end(page->out);
}

void lm_run_page_write(struct lm_buf *out, const struct lm_run_facts *facts)
{
    struct page page = {out, facts};
    char title[200];
    snprintf(title, sizeof title, "Run of %.100s", facts->spec->experiment);
    lm_html_begin(out, title, "Times, machine and provenance of one run.");
    put_head(&page);
    put_tiles(&page);
    put_chart(&page);
    put_stages(&page);
    put_gates(&page);
    lm_run_speed_write(page.out, facts);
    put_gauges(&page);
    put_keys(&page);
    put_machine(&page);
    lm_html_end(out, "Written by lmpipe run.");
}
