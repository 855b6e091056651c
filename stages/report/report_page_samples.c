#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page/html.h"
#include "page/numtext.h"

#include "report_page.h"

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
                 {"repetition_penalty", TEXT_REPETITION_PENALTY, 1}};

    double temperature = lm_json_double(lm_json_get(method, "temperature"), 0);
    struct lm_num number = lm_num_short(temperature, 4);
    const char *text = temperature > 0 ? report_say(report, TEXT_TEMPERATURE, number.text)
                                       : report_say(report, TEXT_GREEDY);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        double value = lm_json_double(lm_json_get(method, rules[i].key), rules[i].off);
        if (value == rules[i].off)
            continue;
        number = lm_num_short(value, 4);
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
    lm_html_printf(
        out,
        "<article class=\"sample\"><h4>%s <span>%s</span></h4>\n"
        "<div class=\"text\" tabindex=\"0\" dir=\"auto\">",
        source_words(report, source),
        report_say(report, has_ended ? TEXT_TOKENS_ENDED : TEXT_COUNT_TOKENS, count.text));
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
    lm_html_printf(out, "<h3>%s <small>%s</small></h3>\n", name, method_text(report, method));
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

void report_page_samples(struct lm_buf *out, const struct report *report)
{
    report_section(out, report, "samples", TEXT_SAMPLES, TEXT_SAMPLES_NOTE);
    if (report->vocab != NULL)
        report_ramp_write(out, report);
    for (size_t i = 0; i < report->samples.count; i++) {
        if (report_is_kind(report->samples.items[i], "method"))
            put_method(out, report, report->samples.items[i]);
    }
    report_section_end(out);
}
