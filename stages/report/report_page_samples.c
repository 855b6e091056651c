#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page/html.h"
#include "page/numtext.h"

#include "report_page.h"

enum { METHODS = 8, GRID_ROWS = 8, GLIMPSE = 120 /* bytes */ };

bool report_is_kind(const struct lm_json *line, const char *kind)
{
    const char *text = lm_json_string(lm_json_get(line, "kind"), NULL);
    return text != NULL && strcmp(text, kind) == 0;
}

bool report_has_samples(const struct report *report)
{
    for (size_t i = 0; i < report->samples.count; i++) {
        if (report_is_kind(report->samples.items[i], "sample"))
            return true;
    }
    return false;
}

/* ---- samples ---- */

/* How tokens are chosen: by a search, greedily, at a temperature. */
static const char *choice_text(const struct report *report, const struct lm_json *method)
{
    double temperature = lm_json_double(lm_json_get(method, "temperature"), 0);
    int64_t beams = lm_json_int(lm_json_get(method, "beams"), 0);
    int64_t k = lm_json_int(lm_json_get(method, "contrastive_k"), 0);
    if (beams > 0)
        return report_say(report, TEXT_BEAMS, lm_num_count(beams).text);
    if (k > 0)
        return report_say(report, TEXT_CONTRASTIVE_K, lm_num_count(k).text);
    return temperature > 0 ? report_say(report, TEXT_TEMPERATURE, lm_num_short(temperature, 4).text)
                           : report_say(report, TEXT_GREEDY);
}

/* "temperature 0.8, top-p 0.95" in words; greedy when the temperature is 0. */
static const char *method_text(const struct report *report, const struct lm_json *method)
{
    static const struct {
        const char *key;
        enum report_text words;
        double off;
    } rules[] = {{"top_k", TEXT_TOP_K, 0},
                 {"top_p", TEXT_TOP_P, 0},
                 {"min_p", TEXT_MIN_P, 0},
                 {"typical_p", TEXT_TYPICAL_P, 0},
                 {"eta", TEXT_ETA, 0},
                 {"length_penalty", TEXT_LENGTH_PENALTY, 0},
                 {"contrastive_alpha", TEXT_CONTRASTIVE_ALPHA, 0},
                 {"repetition_penalty", TEXT_REPETITION_PENALTY, 1}};

    const char *text = choice_text(report, method);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        double value = lm_json_double(lm_json_get(method, rules[i].key), rules[i].off);
        if (value == rules[i].off)
            continue;
        struct lm_num number = lm_num_short(value, 4);
        text = report_say(report, TEXT_LIST, text, report_say(report, rules[i].words, number.text));
    }
    return text;
}

static const char *source_words(const struct report *report, const char *source)
{
    static const struct {
        const char *source;
        enum report_text words;
    } table[] = {{"spec", TEXT_PROMPT_OF_SPEC},
                 {"valid", TEXT_START_OF_DOCUMENT},
                 {"test", TEXT_START_OF_DOCUMENT},
                 {"unconditional", TEXT_UNCONDITIONAL}};

    for (size_t i = 0; source != NULL && i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(source, table[i].source) == 0)
            return report_say(report, table[i].words);
    }
    return "";
}

static void put_plain(struct lm_buf *out, const struct lm_json *text)
{
    size_t size = 0;
    const char *bytes = lm_json_string(text, &size);
    if (bytes != NULL)
        lm_html_text(out, bytes, size);
}

static void put_reference(struct lm_buf *out, const struct report *report,
                          const struct lm_json *sample)
{
    const struct lm_json *reference = lm_json_get(sample, "reference");
    if (reference == NULL)
        return;
    lm_html_printf(out,
                   "<details><summary>%s</summary>"
                   "<div class=\"text\" tabindex=\"0\" dir=\"auto\">",
                   report_say(report, TEXT_REAL_CONTINUATION));
    struct report_tokens tokens = {NULL, lm_json_get(reference, "ids"), NULL};
    if (report->vocab != NULL)
        report_tokens_write(out, report, &tokens);
    else
        put_plain(out, lm_json_get(reference, "text"));
    lm_buf_puts(out, "</div></details>\n");
}

static void put_sample(struct lm_buf *out, const struct report *report,
                       const struct lm_json *sample)
{
    const struct lm_json *prompt = lm_json_get(sample, "prompt");
    const char *source = lm_json_string(lm_json_get(prompt, "source"), NULL);
    const char *end = lm_json_string(lm_json_get(sample, "end"), NULL);
    struct report_tokens tokens = {lm_json_get(prompt, "ids"), lm_json_get(sample, "ids"),
                                   lm_json_get(sample, "nll")};
    bool has_ended = end != NULL && strcmp(end, "end-of-text") == 0;
    struct lm_num count = lm_num_count((int64_t)lm_json_count(tokens.ids));
    const char *facts =
        report_say(report, has_ended ? TEXT_TOKENS_ENDED : TEXT_COUNT_TOKENS, count.text);
    const struct lm_json *copy = lm_json_get(lm_json_get(sample, "copy"), "tokens");
    if (copy != NULL)
        facts = report_say(
            report, TEXT_LIST, facts,
            report_say(report, TEXT_LONGEST_COPY_IS, lm_num_count(lm_json_int(copy, 0)).text));
    lm_html_printf(out,
                   "<article class=\"sample\"><h4>%s <span>%s</span></h4>\n"
                   "<div class=\"text\" tabindex=\"0\" dir=\"auto\">",
                   source_words(report, source), facts);
    if (report->vocab != NULL) {
        report_tokens_write(out, report, &tokens);
    } else {
        put_plain(out, lm_json_get(prompt, "text"));
        put_plain(out, lm_json_get(sample, "text"));
    }
    lm_buf_puts(out, "</div>\n");
    put_reference(out, report, sample);
    lm_buf_puts(out, "</article>\n");
}

static bool is_of_method(const struct lm_json *line, const char *name)
{
    const char *method = lm_json_string(lm_json_get(line, "method"), NULL);
    return report_is_kind(line, "sample") && method != NULL && strcmp(method, name) == 0;
}

static void put_method(struct lm_buf *out, const struct report *report,
                       const struct lm_json *method)
{
    const char *name = lm_json_string(lm_json_get(method, "name"), NULL);
    int64_t shown = 0;
    bool is_folded = false;
    if (name == NULL)
        return;
    const char *signature = lm_json_string(lm_json_get(method, "signature"), NULL);
    lm_html_printf(out, "<h3>%s <small>%s", name, method_text(report, method));
    if (signature != NULL)
        lm_html_printf(out, " <code>%s</code>", signature);
    lm_buf_puts(out, "</small></h3>\n");
    for (size_t i = 0; i < report->samples.count; i++) {
        if (!is_of_method(report->samples.items[i], name))
            continue;
        if (shown++ == report->params->samples_shown) {
            lm_html_printf(out, "<details><summary>%s</summary>\n",
                           report_say(report, TEXT_MORE_SAMPLES));
            is_folded = true;
        }
        put_sample(out, report, report->samples.items[i]);
    }
    if (is_folded)
        lm_buf_puts(out, "</details>\n");
}

/* ---- the grid ---- */

/* Is it the first sample of its prompt by a method? */
static bool is_first_of(const struct report *report, size_t line, const char *method)
{
    const struct lm_json *sample = report->samples.items[line];
    const struct lm_json *ids = lm_json_get(lm_json_get(sample, "prompt"), "ids");
    return is_of_method(sample, method) && lm_json_int(lm_json_get(sample, "sample"), 0) == 0 &&
           ids != NULL;
}

/* Do two samples continue the same prompt? */
static bool has_prompt_of(const struct lm_json *a, const struct lm_json *b)
{
    const struct lm_json *x = lm_json_get(lm_json_get(a, "prompt"), "ids");
    const struct lm_json *y = lm_json_get(lm_json_get(b, "prompt"), "ids");
    bool is_same = lm_json_count(x) == lm_json_count(y);
    for (size_t i = 0; i < lm_json_count(x) && is_same; i++)
        is_same = lm_json_int(lm_json_at(x, i), -1) == lm_json_int(lm_json_at(y, i), -1);
    return is_same;
}

/* The first bytes of a text (or the last), cut between characters. */
static void put_glimpse(struct lm_buf *out, const struct lm_json *text, bool is_end)
{
    size_t size = 0, from = 0;
    const char *bytes = lm_json_string(text, &size);
    size_t to = size < GLIMPSE ? size : GLIMPSE;
    if (bytes == NULL)
        return;
    if (is_end)
        for (from = size - to, to = size; from > 0 && from < to && (bytes[from] & 0xc0) == 0x80;)
            from++;
    else
        while (to < size && to > 0 && (bytes[to] & 0xc0) == 0x80)
            to--;
    lm_buf_puts(out, from > 0 ? "\xe2\x80\xa6" : "");
    lm_html_text(out, bytes + from, to - from);
    lm_buf_puts(out, to < size ? "\xe2\x80\xa6" : "");
}

/* A continuation's glimpse; of one that shows nothing, that it does. */
static void put_continuation(struct lm_buf *out, const struct report *report,
                             const struct lm_json *text)
{
    size_t size = 0;
    const char *bytes = lm_json_string(text, &size);
    if (bytes != NULL && size > 0 && strspn(bytes, " \t\r\n") == size)
        lm_html_printf(out, "<i>%s</i>", report_say(report, TEXT_WHITE_SPACE));
    else
        put_glimpse(out, text, false);
}

static bool has_references(const struct report *report)
{
    for (size_t i = 0; i < report->samples.count; i++)
        if (lm_json_get(report->samples.items[i], "reference") != NULL)
            return true;
    return false;
}

static void put_grid_row(struct lm_buf *out, const struct report *report,
                         const struct lm_json *first, const char *const *methods, size_t count)
{
    const struct lm_json *prompt = lm_json_get(first, "prompt");
    size_t size = 0;
    lm_buf_puts(out, "<tr><th scope=\"row\">");
    lm_json_string(lm_json_get(prompt, "text"), &size);
    if (size > 0)
        put_glimpse(out, lm_json_get(prompt, "text"), true);
    else
        lm_html_printf(out, "%s", report_say(report, TEXT_UNCONDITIONAL));
    lm_buf_puts(out, "</th>");
    for (size_t m = 0; m < count; m++) {
        lm_buf_puts(out, "<td dir=\"auto\">");
        for (size_t i = 0; i < report->samples.count; i++)
            if (is_first_of(report, i, methods[m]) &&
                has_prompt_of(report->samples.items[i], first)) {
                put_continuation(out, report, lm_json_get(report->samples.items[i], "text"));
                break;
            }
        lm_buf_puts(out, "</td>");
    }
    if (has_references(report)) {
        lm_buf_puts(out, "<td dir=\"auto\">");
        put_continuation(out, report, lm_json_get(lm_json_get(first, "reference"), "text"));
        lm_buf_puts(out, "</td>");
    }
    lm_buf_puts(out, "</tr>\n");
}

/* Prompts by methods, the beginning of the first sample of each: where there is something to
 * compare. */
static void put_grid(struct lm_buf *out, const struct report *report)
{
    const char *methods[METHODS];
    size_t count = 0, rows = 0;
    for (size_t i = 0; i < report->samples.count && count < METHODS; i++) {
        const struct lm_json *line = report->samples.items[i];
        const char *name = lm_json_string(lm_json_get(line, "name"), NULL);
        if (report_is_kind(line, "method") && name != NULL)
            methods[count++] = name;
    }
    if (count < 2)
        return;
    lm_html_printf(out,
                   "<div class=\"wide grid\" tabindex=\"0\"><table><caption>%s</caption><thead>"
                   "<tr><th scope=\"col\">%s</th>",
                   report_say(report, TEXT_GRID), report_say(report, TEXT_PROMPT));
    for (size_t m = 0; m < count; m++)
        lm_html_printf(out, "<th scope=\"col\">%s</th>", methods[m]);
    if (has_references(report))
        lm_html_printf(out, "<th scope=\"col\">%s</th>",
                       report_say(report, TEXT_REAL_CONTINUATION));
    lm_buf_puts(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < report->samples.count && rows < GRID_ROWS; i++)
        if (is_first_of(report, i, methods[0])) {
            put_grid_row(out, report, report->samples.items[i], methods, count);
            rows++;
        }
    report_table_end(out);
}

void report_page_samples(struct lm_buf *out, const struct report *report)
{
    report_section(out, report, "samples", TEXT_SAMPLES, TEXT_SAMPLES_NOTE);
    if (report->vocab != NULL)
        report_ramp_write(out, report);
    put_grid(out, report);
    for (size_t i = 0; i < report->samples.count; i++) {
        if (report_is_kind(report->samples.items[i], "method"))
            put_method(out, report, report->samples.items[i]);
    }
    report_section_end(out);
}
