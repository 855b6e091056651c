/* The data card in Markdown: what cleaning kept, and what took the rest. */
#include <string.h>

#include "page/markdown.h"
#include "page/numtext.h"

#include "report_files.h"
#include "report_page.h"

static void put_string(struct lm_buf *out, const char *text)
{
    lm_markdown_text(out, text, strlen(text));
}

static int64_t number(const struct lm_json *object, const char *key)
{
    return lm_json_int(lm_json_get(object, key), 0);
}

static void put_row(struct lm_buf *out, const struct report *report, const struct lm_json *rule)
{
    static const char *const members[] = {"documents", "lines", "bytes"};
    const struct lm_json *passed = lm_json_get(lm_json_get(rule, "out"), "documents");
    const char *name = lm_json_string(lm_json_get(rule, "rule"), NULL);
    lm_buf_puts(out, "| ");
    put_string(out, name != NULL ? name : "?");
    lm_buf_puts(out, " |");
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        lm_buf_printf(out, " %s |",
                      lm_json_get(rule, members[i]) != NULL
                          ? report_number(report, lm_num_count(number(rule, members[i])))
                          : "");
    lm_buf_printf(out, " %s |\n",
                  passed != NULL ? report_number(report, lm_num_count(lm_json_int(passed, 0)))
                                 : "");
}

void report_markdown_card(struct lm_buf *out, const struct report *report)
{
    static const enum report_text heads[] = {TEXT_RULE, TEXT_DOCUMENTS_HEAD, TEXT_LINES_HEAD,
                                             TEXT_BYTES_HEAD, TEXT_PASSED_HEAD};
    const struct lm_json *rules = lm_json_get(report->card, "dropped");
    bool has_head = false;
    for (size_t i = 0; i < lm_json_count(rules); i++) {
        const struct lm_json *rule = lm_json_at(rules, i);
        if (number(rule, "documents") == 0 && number(rule, "bytes") == 0)
            continue;
        for (size_t k = 0; !has_head && k < sizeof heads / sizeof heads[0]; k++) {
            lm_buf_puts(out, k == 0 ? "| " : " ");
            put_string(out, report_say(report, heads[k]));
            lm_buf_puts(out, " |");
        }
        if (!has_head)
            lm_buf_puts(out, "\n|---|---:|---:|---:|---:|\n");
        has_head = true;
        put_row(out, report, rule);
    }
    if (has_head)
        lm_buf_putc(out, '\n');
}
