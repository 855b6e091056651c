#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page/html.h"
#include "page/numtext.h"

#include "report_page.h"

enum { DEEPEST = 6, CELLS = 24 };

/* Where a value stands, and how its numbers are written: for reading, or so that they can be typed
 * again. */
struct nesting {
    const struct report *report;
    int depth;
    bool is_exact;
};

static void put_value(struct lm_buf *out, const struct lm_json *value, struct nesting at);

static struct nesting deeper(struct nesting at)
{
    return (struct nesting){at.report, at.depth + 1, at.is_exact};
}

struct lm_num report_exact_text(const struct lm_json *value)
{
    struct lm_num out;
    double v = lm_json_double(value, (double)NAN);
    if (v == floor(v) && fabs(v) < 9.3e18)
        snprintf(out.text, sizeof out.text, "%lld", (long long)lm_json_int(value, (int64_t)v));
    else
        lm_format_double(out.text, v);
    return out;
}

/* ---- arrays of objects become tables ---- */

struct heads {
    const char *names[CELLS];
    bool is_number[CELLS];
    size_t count;
};

static bool add_head(void *user, const char *key, const struct lm_json *value)
{
    struct heads *heads = user;
    for (size_t i = 0; i < heads->count; i++) {
        if (strcmp(heads->names[i], key) == 0)
            return true;
    }
    if (heads->count < CELLS) {
        heads->is_number[heads->count] = lm_json_is_number(value);
        heads->names[heads->count++] = key;
    }
    return true;
}

/* A key in words; of parameters as it is typed. */
static void put_key(struct lm_buf *out, const char *key, struct nesting at)
{
    lm_html_printf(out, at.is_exact ? "<code>%s</code>" : "%s",
                   at.is_exact ? key : report_key(at.report, key));
}

static void put_heads(struct lm_buf *out, const struct heads *heads, struct nesting at)
{
    for (size_t c = 0; c < heads->count; c++) {
        lm_buf_puts(out, heads->is_number[c] ? "<th scope=\"col\" class=\"n cap\">"
                                             : "<th scope=\"col\" class=\"cap\">");
        put_key(out, heads->names[c], at);
        lm_buf_puts(out, "</th>");
    }
}

static void put_cells(struct lm_buf *out, const struct heads *heads, const struct lm_json *row,
                      struct nesting at)
{
    for (size_t c = 0; c < heads->count; c++) {
        lm_buf_puts(out, heads->is_number[c] ? "<td class=\"n\">" : "<td>");
        put_value(out, lm_json_get(row, heads->names[c]), deeper(at));
        lm_buf_puts(out, "</td>");
    }
}

static void put_records(struct lm_buf *out, const struct lm_json *rows, struct nesting at)
{
    struct heads heads = {.count = 0};
    for (size_t i = 0; i < lm_json_count(rows); i++)
        lm_json_each(lm_json_at(rows, i), add_head, &heads);
    lm_buf_puts(out, "<div class=\"wide\" tabindex=\"0\"><table><thead><tr>");
    put_heads(out, &heads, at);
    lm_buf_puts(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < lm_json_count(rows); i++) {
        lm_buf_puts(out, "<tr>");
        put_cells(out, &heads, lm_json_at(rows, i), at);
        lm_buf_puts(out, "</tr>\n");
    }
    lm_buf_puts(out, "</tbody></table></div>");
}

/* ---- objects of objects become tables with a name column ---- */

static bool is_record(void *user, const char *key, const struct lm_json *value)
{
    bool *is_all = user;
    (void)key;
    *is_all = *is_all && lm_json_is_object(value);
    return *is_all;
}

static bool collect_heads(void *user, const char *key, const struct lm_json *value)
{
    (void)key;
    lm_json_each(value, add_head, user);
    return true;
}

struct row_writer {
    struct lm_buf *out;
    const struct heads *heads;
    struct nesting at;
};

static bool put_named_row(void *user, const char *key, const struct lm_json *value)
{
    struct row_writer *writer = user;
    lm_buf_puts(writer->out, "<tr><th scope=\"row\">");
    put_key(writer->out, key, writer->at);
    lm_buf_puts(writer->out, "</th>");
    put_cells(writer->out, writer->heads, value, writer->at);
    lm_buf_puts(writer->out, "</tr>\n");
    return true;
}

static void put_named_records(struct lm_buf *out, const struct lm_json *rows, struct nesting at)
{
    struct heads heads = {.count = 0};
    struct row_writer writer = {out, &heads, at};
    lm_json_each(rows, collect_heads, &heads);
    lm_buf_puts(out, "<div class=\"wide\" tabindex=\"0\"><table><thead><tr><td></td>");
    put_heads(out, &heads, at);
    lm_buf_puts(out, "</tr></thead><tbody>\n");
    lm_json_each(rows, put_named_row, &writer);
    lm_buf_puts(out, "</tbody></table></div>");
}

/* ---- other objects become two columns ---- */

struct member_writer {
    struct lm_buf *out;
    struct nesting at;
};

static bool put_member(void *user, const char *key, const struct lm_json *value)
{
    struct member_writer *writer = user;
    lm_buf_puts(writer->out, "<tr><th scope=\"row\">");
    put_key(writer->out, key, writer->at);
    lm_buf_puts(writer->out, "</th><td>");
    put_value(writer->out, value, deeper(writer->at));
    lm_buf_puts(writer->out, "</td></tr>\n");
    return true;
}

static void put_number(struct lm_buf *out, const struct lm_json *value, struct nesting at)
{
    double v = lm_json_double(value, (double)NAN);
    bool is_whole = v == floor(v) && fabs(v) < 9e15;
    struct lm_num text = at.is_exact ? report_exact_text(value)
                         : is_whole  ? lm_num_count((int64_t)v)
                                     : lm_num_short(v, 6);
    lm_buf_puts(out, text.text);
}

static void put_list(struct lm_buf *out, const struct lm_json *value, struct nesting at)
{
    size_t count = lm_json_count(value);
    if (count > 0 && lm_json_is_object(lm_json_at(value, 0))) {
        put_records(out, value, at);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            lm_buf_puts(out, ", ");
        put_value(out, lm_json_at(value, i), deeper(at));
    }
}

static void put_object(struct lm_buf *out, const struct lm_json *value, struct nesting at)
{
    struct member_writer writer = {out, at};
    bool is_table = lm_json_count(value) > 0;
    lm_json_each(value, is_record, &is_table);
    if (is_table) {
        put_named_records(out, value, at);
        return;
    }
    lm_buf_puts(out, "<table class=\"facts\"><tbody>\n");
    lm_json_each(value, put_member, &writer);
    lm_buf_puts(out, "</tbody></table>");
}

static void put_scalar(struct lm_buf *out, const struct lm_json *value, struct nesting at)
{
    size_t size = 0;
    const char *text = lm_json_string(value, &size);
    bool is_true = lm_json_bool(value, false);
    if (text != NULL)
        lm_html_text(out, text, size);
    else if (lm_json_is_number(value))
        put_number(out, value, at);
    else if (at.is_exact)
        lm_buf_puts(out, is_true ? "true" : "false");
    else
        lm_html_printf(out, "%s", report_say(at.report, is_true ? TEXT_YES : TEXT_NO));
}

static void put_value(struct lm_buf *out, const struct lm_json *value, struct nesting at)
{
    if (value == NULL || lm_json_is_null(value) || at.depth > DEEPEST)
        return;
    if (lm_json_is_array(value)) {
        put_list(out, value, at);
    } else if (lm_json_is_object(value)) {
        put_object(out, value, at);
    } else {
        lm_buf_puts(out, at.is_exact ? "<code>" : "");
        put_scalar(out, value, at);
        lm_buf_puts(out, at.is_exact ? "</code>" : "");
    }
}

void report_value_write(struct lm_buf *out, const struct report *report,
                        const struct lm_json *value)
{
    put_value(out, value, (struct nesting){report, 0, false});
}

void report_parameters_write(struct lm_buf *out, const struct report *report,
                             const struct lm_json *value)
{
    put_value(out, value, (struct nesting){report, 0, true});
}
