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

static void put_flow(struct lm_buf *out, const struct lm_json *card)
{
    const struct lm_json *in = lm_json_get(card, "in"), *kept = lm_json_get(card, "out");
    if (!lm_json_is_object(in) || !lm_json_is_object(kept))
        return;
    struct lm_num all = lm_num_count(lm_json_int(lm_json_get(in, "documents"), 0));
    struct lm_num size = lm_num_bytes((uint64_t)lm_json_int(lm_json_get(in, "bytes"), 0));
    struct lm_num left = lm_num_count(lm_json_int(lm_json_get(kept, "documents"), 0));
    struct lm_num rest = lm_num_bytes((uint64_t)lm_json_int(lm_json_get(kept, "bytes"), 0));
    const char *language = lm_json_string(lm_json_get(card, "language"), NULL);
    lm_html_printf(out, "<p>Of %s documents (%s) cleaning kept %s (%s).", all.text, size.text,
                   left.text, rest.text);
    if (language != NULL && strncmp(language, "not ", 4) != 0)
        lm_html_printf(out, " Language: %s.", language);
    lm_buf_puts(out, "</p>\n");
}

/* ---- dropped documents, with examples ---- */

static void put_rules(struct lm_buf *out, const struct lm_json *rules)
{
    lm_buf_puts(out, "<div class=\"wide\" tabindex=\"0\"><table><thead><tr><th>Rule</th>"
                     "<th class=\"n\">Documents</th><th class=\"n\">Bytes</th></tr></thead>"
                     "<tbody>\n");
    for (size_t i = 0; i < lm_json_count(rules); i++) {
        const struct lm_json *rule = lm_json_at(rules, i);
        const char *name = lm_json_string(lm_json_get(rule, "rule"), NULL);
        struct lm_num documents = lm_num_count(lm_json_int(lm_json_get(rule, "documents"), 0));
        struct lm_num bytes = lm_num_count(lm_json_int(lm_json_get(rule, "bytes"), 0));
        lm_html_printf(out,
                       "<tr><th scope=\"row\">%s</th><td class=\"n\">%s</td>"
                       "<td class=\"n\">%s</td></tr>\n",
                       name != NULL ? name : "?", documents.text, bytes.text);
    }
    lm_buf_puts(out, "</tbody></table></div>\n");
}

static void put_examples(struct lm_buf *out, const struct lm_json *rule)
{
    const struct lm_json *examples = lm_json_get(rule, "examples");
    const char *name = lm_json_string(lm_json_get(rule, "rule"), NULL);
    if (lm_json_count(examples) == 0)
        return;
    lm_html_printf(out, "<details><summary>Dropped by %s, for example</summary>\n",
                   name != NULL ? name : "?");
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

static void put_dropped(struct lm_buf *out, const struct lm_json *rules)
{
    int64_t dropped = 0;
    for (size_t i = 0; i < lm_json_count(rules); i++)
        dropped += lm_json_int(lm_json_get(lm_json_at(rules, i), "documents"), 0);
    if (dropped == 0) {
        lm_html_printf(out, "<p>Nothing, by %zu rules.</p>\n", lm_json_count(rules));
        return;
    }
    put_rules(out, rules);
    for (size_t i = 0; i < lm_json_count(rules); i++)
        put_examples(out, lm_json_at(rules, i));
}

/* ---- objects of numbers ---- */

/* Key in words: underscores become spaces. */
static void put_key(struct lm_buf *out, const char *key)
{
    for (size_t length; *key != '\0'; key += length) {
        length = strcspn(key, "_");
        lm_html_text(out, key, length);
        if (key[length] == '_') {
            lm_buf_putc(out, ' ');
            length++;
        }
    }
}

/* A list "a, b, c" that leaves out what is not worth a word. */
struct list {
    struct lm_buf *out;
    size_t count;
};

static bool put_share(void *user, const char *key, const struct lm_json *value)
{
    struct list *list = user;
    double share = lm_json_double(value, 0);
    struct lm_num text = lm_num_percent(share, 2);
    if (share < 0.00005)
        return true;
    lm_html_printf(list->out, "%s%s %s", list->count++ > 0 ? ", " : "", key, text.text);
    return true;
}

static void put_scripts(struct lm_buf *out, const struct lm_json *scripts)
{
    struct list list = {out, 0};
    lm_buf_puts(out, "<p>");
    lm_json_each(scripts, put_share, &list);
    lm_buf_puts(out, " of the letters.</p>\n");
}

static bool put_count(void *user, const char *key, const struct lm_json *value)
{
    struct list *list = user;
    struct lm_num count = lm_num_count(lm_json_int(value, 0));
    if (lm_json_int(value, 0) == 0)
        return true;
    lm_html_printf(list->out, "%s%s ", list->count++ > 0 ? ", " : "", count.text);
    put_key(list->out, key);
    return true;
}

static void put_repairs(struct lm_buf *out, const struct lm_json *repairs)
{
    struct list list = {out, 0};
    lm_buf_puts(out, "<p>");
    lm_json_each(repairs, put_count, &list);
    lm_buf_puts(out, list.count > 0 ? ".</p>\n" : "Nothing needed repair.</p>\n");
}

static bool put_head(void *user, const char *key, const struct lm_json *value)
{
    struct lm_buf *out = user;
    (void)value;
    lm_buf_puts(out, "<th class=\"n cap\">");
    put_key(out, key);
    lm_buf_puts(out, "</th>");
    return true;
}

static bool put_number(void *user, const char *key, const struct lm_json *value)
{
    struct lm_num text = lm_num_fixed(lm_json_double(value, (double)NAN), 0);
    (void)key;
    lm_html_printf(user, "<td class=\"n\">%s</td>", text.text);
    return true;
}

static void put_sizes(struct lm_buf *out, const struct lm_json *sizes)
{
    lm_buf_puts(out, "<div class=\"wide\" tabindex=\"0\"><table><thead><tr>");
    lm_json_each(sizes, put_head, out);
    lm_buf_puts(out, "</tr></thead><tbody><tr>");
    lm_json_each(sizes, put_number, out);
    lm_buf_puts(out, "</tr></tbody></table></div>\n");
}

/* ---- the card ---- */

static void put_plain(struct lm_buf *out, const struct lm_json *value)
{
    report_value_write(out, value);
}

static const struct {
    const char *key, *heading;
    void (*write)(struct lm_buf *out, const struct lm_json *value);
} parts[] = {
    {"sources", "Sources", put_plain},   {"splits", "Splits", put_plain},
    {"dropped", "Dropped", put_dropped}, {"document_bytes", "Bytes of a document", put_sizes},
    {"scripts", "Scripts", put_scripts}, {"repairs", "Repairs", put_repairs},
};

enum { PARTS = sizeof parts / sizeof parts[0] };

/* Members that have a place of their own, or are in the sentence. */
static bool is_placed(const char *key)
{
    static const char *const said[] = {"lmpipe_card", "in", "out", "language"};
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
    struct lm_buf *out = user;
    if (is_placed(key))
        return true;
    lm_html_printf(out, "<h3 class=\"cap\">%s</h3>\n", key);
    report_value_write(out, value);
    lm_buf_putc(out, '\n');
    return true;
}

void report_page_card(struct lm_buf *out, const struct report *report)
{
    lm_html_section(out, "data", "Data", "What went in, what cleaning kept and what it dropped.");
    put_flow(out, report->card);
    if (report->summary.data[0] != '\0')
        lm_html_printf(out, "<p><strong class=\"alarm\">%s</strong></p>\n", report->summary.data);
    for (size_t i = 0; i < PARTS; i++) {
        const struct lm_json *value = lm_json_get(report->card, parts[i].key);
        if (value == NULL)
            continue;
        lm_html_printf(out, "<h3>%s</h3>\n", parts[i].heading);
        parts[i].write(out, value);
    }
    lm_json_each(report->card, put_other, out);
    lm_html_section_end(out);
}
