#include <math.h>
#include <string.h>

#include "page/html.h"
#include "page/numtext.h"

#include "report_page.h"

bool report_has_card(const struct report *report)
{
    return lm_json_is_object(report->card);
}

/* ---- what became of the documents ---- */

static const char *count_text(const struct report *report, const struct lm_json *value)
{
    return report_number(report, lm_num_count(lm_json_int(value, 0)));
}

static void put_flow(struct lm_buf *out, const struct report *report)
{
    const struct lm_json *card = report->card, *in = lm_json_get(card, "in"),
                         *kept = lm_json_get(card, "out");
    const char *language = lm_json_string(lm_json_get(card, "language"), NULL);
    if (!lm_json_is_object(in) || !lm_json_is_object(kept))
        return;
    struct lm_num size = lm_num_bytes((uint64_t)lm_json_int(lm_json_get(in, "bytes"), 0));
    struct lm_num rest = lm_num_bytes((uint64_t)lm_json_int(lm_json_get(kept, "bytes"), 0));
    const char *text =
        report_say(report, TEXT_CLEANING_KEPT, count_text(report, lm_json_get(in, "documents")),
                   size.text, count_text(report, lm_json_get(kept, "documents")), rest.text);
    if (language != NULL && strncmp(language, "not ", 4) != 0)
        text = report_join(report, text,
                           report_say(report, TEXT_LANGUAGE_IS, report_key(report, language)));
    lm_html_printf(out, "<p>%s</p>\n", text);
}

/* ---- dropped documents, with examples ---- */

static const char *rule_name(const struct lm_json *rule)
{
    const char *name = lm_json_string(lm_json_get(rule, "rule"), NULL);
    return name != NULL ? name : "?";
}

/* Did it take anything? */
static bool has_fired(const struct lm_json *rule)
{
    return lm_json_int(lm_json_get(rule, "documents"), 0) > 0 ||
           lm_json_int(lm_json_get(rule, "bytes"), 0) > 0;
}

static void put_rule(struct lm_buf *out, const struct report *report, const struct lm_json *rule)
{
    static const char *const members[] = {"documents", "lines", "bytes", "words"};
    const struct lm_json *passed = lm_json_get(lm_json_get(rule, "out"), "documents");
    lm_html_printf(out, "<tr><th scope=\"row\"><code>%s</code></th>", rule_name(rule));
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const struct lm_json *value = lm_json_get(rule, members[i]);
        lm_html_printf(out, "<td class=\"n\">%s</td>",
                       value != NULL ? count_text(report, value) : "");
    }
    lm_html_printf(out, "<td class=\"n\">%s</td></tr>\n",
                   passed != NULL ? count_text(report, passed) : "");
}

/* Rules that took nothing, and those that were not asked everywhere. */
static void put_silent(struct lm_buf *out, const struct report *report, const struct lm_json *rules)
{
    const char *names = "";
    for (size_t i = 0; i < lm_json_count(rules); i++) {
        const struct lm_json *rule = lm_json_at(rules, i);
        if (!has_fired(rule))
            names = names[0] != '\0' ? report_say(report, TEXT_LIST, names, rule_name(rule))
                                     : rule_name(rule);
        if (lm_json_int(lm_json_get(rule, "not_asked"), 0) > 0)
            lm_html_printf(out, "<p>%s</p>\n",
                           report_say(report, TEXT_NOT_ASKED, rule_name(rule),
                                      count_text(report, lm_json_get(rule, "not_asked"))));
    }
    if (names[0] != '\0')
        lm_html_printf(out, "<p>%s</p>\n", report_say(report, TEXT_NEVER_FIRED, names));
}

static void put_rules(struct lm_buf *out, const struct report *report, const struct lm_json *rules)
{
    static const struct report_column columns[] = {{TEXT_RULE},
                                                   {TEXT_DOCUMENTS_HEAD, true},
                                                   {TEXT_LINES_HEAD, true},
                                                   {TEXT_BYTES_HEAD, true},
                                                   {TEXT_WORDS_HEAD, true},
                                                   {TEXT_PASSED_HEAD, true}};
    report_table(out, report, NULL, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < lm_json_count(rules); i++)
        if (has_fired(lm_json_at(rules, i)))
            put_rule(out, report, lm_json_at(rules, i));
    report_table_end(out);
    put_silent(out, report, rules);
}

static void put_examples(struct lm_buf *out, const struct report *report,
                         const struct lm_json *rule)
{
    const struct lm_json *examples = lm_json_get(rule, "examples");
    if (lm_json_count(examples) == 0)
        return;
    lm_html_printf(out, "<details><summary>%s</summary>\n",
                   report_say(report, TEXT_DROPPED_BY, rule_name(rule)));
    for (size_t i = 0; i < lm_json_count(examples); i++) {
        size_t size = 0;
        const char *text = lm_json_string(lm_json_at(examples, i), &size);
        lm_buf_puts(out, "<div class=\"sample text\" tabindex=\"0\" dir=\"auto\">");
        if (text != NULL)
            lm_html_text(out, text, size);
        lm_buf_puts(out, "</div>\n");
    }
    lm_buf_puts(out, "</details>\n");
}

static void put_dropped(struct lm_buf *out, const struct report *report,
                        const struct lm_json *rules)
{
    bool is_dropped = false;
    struct lm_num count = lm_num_count((int64_t)lm_json_count(rules));
    for (size_t i = 0; i < lm_json_count(rules); i++)
        is_dropped = is_dropped || has_fired(lm_json_at(rules, i));
    if (!is_dropped) {
        lm_html_printf(out, "<p>%s</p>\n", report_say(report, TEXT_NOTHING_DROPPED, count.text));
        return;
    }
    put_rules(out, report, rules);
    for (size_t i = 0; i < lm_json_count(rules); i++)
        put_examples(out, report, lm_json_at(rules, i));
}

/* ---- objects of numbers ---- */

/* A list "a, b, c" that leaves out what is not worth a word. */
struct list {
    const struct report *report;
    const char *text;
};

static void add(struct list *list, const char *text)
{
    list->text =
        list->text[0] != '\0' ? report_say(list->report, TEXT_LIST, list->text, text) : text;
}

static bool add_share(void *user, const char *key, const struct lm_json *value)
{
    struct list *list = user;
    double share = lm_json_double(value, 0);
    if (share >= 0.00005)
        add(list, report_say(list->report, TEXT_IS, report_key(list->report, key),
                             report_share(list->report, share, 2).text));
    return true;
}

static void put_scripts(struct lm_buf *out, const struct report *report,
                        const struct lm_json *scripts)
{
    struct list list = {report, ""};
    lm_json_each(scripts, add_share, &list);
    lm_html_printf(out, "<p>%s</p>\n", report_say(report, TEXT_OF_THE_LETTERS, list.text));
}

static bool add_count(void *user, const char *key, const struct lm_json *value)
{
    struct list *list = user;
    if (lm_json_int(value, 0) != 0)
        add(list, report_say(list->report, TEXT_COUNT_OF, count_text(list->report, value),
                             report_key(list->report, key)));
    return true;
}

static void put_repairs(struct lm_buf *out, const struct report *report,
                        const struct lm_json *repairs)
{
    struct list list = {report, ""};
    lm_json_each(repairs, add_count, &list);
    lm_html_printf(out, "<p>%s</p>\n",
                   list.text[0] != '\0' ? report_say(report, TEXT_SENTENCE, list.text)
                                        : report_say(report, TEXT_NO_REPAIR));
}

/* One row of numbers below their names. */
struct row {
    struct lm_buf *out;
    const struct report *report;
};

static bool put_head(void *user, const char *key, const struct lm_json *value)
{
    const struct row *row = user;
    (void)value;
    lm_html_printf(row->out, "<th scope=\"col\" class=\"n cap\">%s</th>",
                   report_key(row->report, key));
    return true;
}

static bool put_number(void *user, const char *key, const struct lm_json *value)
{
    const struct row *row = user;
    (void)key;
    lm_html_printf(row->out, "<td class=\"n\">%s</td>",
                   report_fixed(lm_json_double(value, (double)NAN), 0).text);
    return true;
}

static void put_sizes(struct lm_buf *out, const struct report *report, const struct lm_json *sizes)
{
    struct row row = {out, report};
    lm_buf_puts(out, "<div class=\"wide\" tabindex=\"0\"><table><thead><tr>");
    lm_json_each(sizes, put_head, &row);
    lm_buf_puts(out, "</tr></thead><tbody><tr>");
    lm_json_each(sizes, put_number, &row);
    lm_buf_puts(out, "</tr>\n");
    report_table_end(out);
}

/* Documents by length: a column for each power of two. */
static void put_histogram(struct lm_buf *out, const struct report *report,
                          const struct lm_json *lengths)
{
    lm_buf_puts(out, "<div class=\"wide\" tabindex=\"0\"><table><thead><tr>");
    for (size_t i = 0; i < lm_json_count(lengths); i++)
        lm_html_printf(out, "<th scope=\"col\" class=\"n\">&lt; %s</th>",
                       count_text(report, lm_json_get(lm_json_at(lengths, i), "below")));
    lm_buf_puts(out, "</tr></thead><tbody><tr>");
    for (size_t i = 0; i < lm_json_count(lengths); i++)
        lm_html_printf(out, "<td class=\"n\">%s</td>",
                       count_text(report, lm_json_get(lm_json_at(lengths, i), "documents")));
    lm_buf_puts(out, "</tr>\n");
    report_table_end(out);
}

static bool put_format(void *user, const char *key, const struct lm_json *value)
{
    const struct row *row = user;
    lm_html_printf(row->out,
                   "<tr><th scope=\"row\"><code>%s</code></th><td class=\"n\">%s</td>"
                   "<td class=\"n\">%s</td></tr>\n",
                   key, count_text(row->report, lm_json_get(value, "documents")),
                   count_text(row->report, lm_json_get(value, "bytes")));
    return true;
}

static void put_formats(struct lm_buf *out, const struct report *report,
                        const struct lm_json *formats)
{
    static const struct report_column columns[] = {
        {TEXT_FORMAT}, {TEXT_DOCUMENTS_HEAD, true}, {TEXT_BYTES_HEAD, true}};
    struct row row = {out, report};
    report_table(out, report, NULL, columns, 3);
    lm_json_each(formats, put_format, &row);
    report_table_end(out);
}

/* Lines of held-out text that stand in another split. */
static void put_split_overlaps(struct lm_buf *out, const struct report *report,
                               const struct lm_json *overlaps)
{
    static const struct report_column columns[] = {
        {TEXT_SPLIT_HEAD},          {TEXT_OTHER_SPLIT_HEAD},       {TEXT_LONG_LINES_HEAD, true},
        {TEXT_COMPARED_HEAD, true}, {TEXT_STAND_THERE_HEAD, true}, {TEXT_LINE_SHARE_HEAD, true}};
    report_table(out, report, NULL, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < lm_json_count(overlaps); i++) {
        const struct lm_json *pair = lm_json_at(overlaps, i);
        const char *split = lm_json_string(lm_json_get(pair, "split"), NULL);
        const char *other = lm_json_string(lm_json_get(pair, "met_in"), NULL);
        lm_html_printf(out, "<tr><th scope=\"row\">%s</th><td>%s</td>",
                       report_key(report, split != NULL ? split : ""),
                       report_key(report, other != NULL ? other : ""));
        static const char *const counts[] = {"long_lines", "compared", "met"};
        for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++)
            lm_html_printf(out, "<td class=\"n\">%s</td>",
                           count_text(report, lm_json_get(pair, counts[k])));
        double share = lm_json_double(lm_json_get(pair, "share"), 0);
        lm_html_printf(out, "<td class=\"n\">%s %%</td></tr>\n", report_fixed(100 * share, 2).text);
    }
    report_table_end(out);
}

/* ---- the card ---- */

static const struct {
    const char *key;
    enum report_text heading;
    void (*write)(struct lm_buf *out, const struct report *report, const struct lm_json *value);
} parts[] = {
    {"sources", TEXT_SOURCES, report_value_write},
    {"splits", TEXT_SPLITS, report_value_write},
    {"split_overlaps", TEXT_SPLIT_OVERLAPS, put_split_overlaps},
    {"dropped", TEXT_DROPPED, put_dropped},
    {"formats", TEXT_FORMATS, put_formats},
    {"document_bytes", TEXT_BYTES_OF_A_DOCUMENT, put_sizes},
    {"lengths", TEXT_LENGTHS, put_histogram},
    {"scripts", TEXT_SCRIPTS, put_scripts},
    {"repairs", TEXT_REPAIRS, put_repairs},
};

enum { PARTS = sizeof parts / sizeof parts[0] };

/* Members that have a place of their own, or are in the sentence. */
static bool is_placed(const char *key)
{
    static const char *const said[] = {"lmpipe_card", "in", "out", "language", "cleaned"};
    for (size_t i = 0; i < PARTS; i++) {
        if (strcmp(parts[i].key, key) == 0)
            return true;
    }
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        if (strcmp(said[i], key) == 0)
            return true;
    }
    return false;
}

static bool put_other(void *user, const char *key, const struct lm_json *value)
{
    const struct row *row = user;
    if (is_placed(key))
        return true;
    lm_html_printf(row->out, "<h3 class=\"cap\">%s</h3>\n", report_key(row->report, key));
    report_value_write(row->out, row->report, value);
    lm_buf_putc(row->out, '\n');
    return true;
}

void report_page_card(struct lm_buf *out, const struct report *report)
{
    struct row row = {out, report};
    report_section(out, report, "data", TEXT_DATA, TEXT_DATA_NOTE);
    put_flow(out, report);
    if (report->summary.data[0] != '\0')
        lm_html_printf(out, "<p><strong class=\"alarm\">%s</strong></p>\n", report->summary.data);
    for (size_t i = 0; i < PARTS; i++) {
        const struct lm_json *value = lm_json_get(report->card, parts[i].key);
        if (value == NULL)
            continue;
        lm_html_printf(out, "<h3>%s</h3>\n", report_say(report, parts[i].heading));
        parts[i].write(out, report, value);
    }
    lm_json_each(report->card, put_other, &row);
    report_section_end(out);
}
