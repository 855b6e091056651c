#include <string.h>

#include "page/html.h"

#include "report_page.h"

void report_section(struct lm_buf *out, const struct report *report, const char *id,
                    enum report_text heading, enum report_text note)
{
    lm_html_printf(out,
                   "<section id=\"%s\" aria-labelledby=\"%s-h\">\n<div class=\"margin\">"
                   "<h2 id=\"%s-h\">%s</h2>\n<p>%s</p>\n</div>\n<div class=\"matter\">\n",
                   id, id, id, report_say(report, heading), report_say(report, note));
}

void report_section_end(struct lm_buf *out)
{
    lm_html_section_end(out);
}

void report_table(struct lm_buf *out, const struct report *report, const char *caption,
                  const struct report_column *columns, size_t count)
{
    lm_buf_puts(out, "<div class=\"wide\" tabindex=\"0\"><table>");
    if (caption != NULL)
        lm_html_printf(out, "<caption>%s</caption>", caption);
    lm_buf_puts(out, "<thead><tr>");
    for (size_t i = 0; i < count; i++)
        lm_html_printf(out,
                       columns[i].is_number ? "<th scope=\"col\" class=\"n\">%s</th>"
                                            : "<th scope=\"col\">%s</th>",
                       report_say(report, columns[i].head));
    lm_buf_puts(out, "</tr></thead><tbody>\n");
}

void report_table_end(struct lm_buf *out)
{
    lm_buf_puts(out, "</tbody></table></div>\n");
}

void report_fact_write(struct lm_buf *out, const char *label, const char *value)
{
    lm_html_printf(out, "<tr><th scope=\"row\">%s</th><td>%s</td></tr>\n", label, value);
}

const char *report_split_text(const struct report *report, const char *split)
{
    static const struct {
        const char *split;
        enum report_text text;
    } table[] = {{"train", TEXT_TRAINING_SPLIT}, {"valid", TEXT_VALIDATION}, {"test", TEXT_TEST}};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(split, table[i].split) == 0)
            return report_say(report, table[i].text);
    return split;
}
