#include <math.h>
#include <string.h>

#include "page/html.h"
#include "page/numtext.h"

#include "report_page.h"

enum { DEEPEST = 6, CELLS = 24 };

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

/* A key in words: underscores become spaces. */
static void put_words(struct lm_buf *out, const char *key)
{
    while (*key != '\0') {
        size_t length = strcspn(key, "_");
        lm_html_text(out, key, length);
        key += length;
        if (*key == '_') {
            lm_buf_putc(out, ' ');
            key++;
        }
    }
}

static void put_heads(struct lm_buf *out, const struct heads *heads)
{
    for (size_t c = 0; c < heads->count; c++) {
        lm_buf_puts(out, heads->is_number[c] ? "<th class=\"n cap\">" : "<th class=\"cap\">");
        put_words(out, heads->names[c]);
        lm_buf_puts(out, "</th>");
    }
}

static void put_cells(struct lm_buf *out, const struct heads *heads, const struct lm_json *row,
                      int depth)
{
    for (size_t c = 0; c < heads->count; c++) {
        lm_buf_puts(out, heads->is_number[c] ? "<td class=\"n\">" : "<td>");
        report_value_write(out, lm_json_get(row, heads->names[c]), depth + 1);
        lm_buf_puts(out, "</td>");
    }
}

static void put_records(struct lm_buf *out, const struct lm_json *rows, int depth)
{
    struct heads heads = {.count = 0};
    for (size_t i = 0; i < lm_json_count(rows); i++)
        lm_json_each(lm_json_at(rows, i), add_head, &heads);
    lm_buf_puts(out, "<div class=\"wide\"><table><thead><tr>");
    put_heads(out, &heads);
    lm_buf_puts(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < lm_json_count(rows); i++) {
        lm_buf_puts(out, "<tr>");
        put_cells(out, &heads, lm_json_at(rows, i), depth);
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
    int depth;
};

static bool put_named_row(void *user, const char *key, const struct lm_json *value)
{
    struct row_writer *writer = user;
    lm_buf_puts(writer->out, "<tr><th scope=\"row\">");
    put_words(writer->out, key);
    lm_buf_puts(writer->out, "</th>");
    put_cells(writer->out, writer->heads, value, writer->depth);
    lm_buf_puts(writer->out, "</tr>\n");
    return true;
}

static void put_named_records(struct lm_buf *out, const struct lm_json *rows, int depth)
{
    struct heads heads = {.count = 0};
    struct row_writer writer = {out, &heads, depth};
    lm_json_each(rows, collect_heads, &heads);
    lm_buf_puts(out, "<div class=\"wide\"><table><thead><tr><th></th>");
    put_heads(out, &heads);
    lm_buf_puts(out, "</tr></thead><tbody>\n");
    lm_json_each(rows, put_named_row, &writer);
    lm_buf_puts(out, "</tbody></table></div>");
}

/* ---- other objects become two columns ---- */

struct member_writer {
    struct lm_buf *out;
    int depth;
};

static bool put_member(void *user, const char *key, const struct lm_json *value)
{
    struct member_writer *writer = user;
    lm_buf_puts(writer->out, "<tr><th scope=\"row\">");
    put_words(writer->out, key);
    lm_buf_puts(writer->out, "</th><td>");
    report_value_write(writer->out, value, writer->depth + 1);
    lm_buf_puts(writer->out, "</td></tr>\n");
    return true;
}

static void put_number(struct lm_buf *out, const struct lm_json *value)
{
    double v = lm_json_double(value, (double)NAN);
    bool is_whole = v == floor(v) && fabs(v) < 9e15;
    struct lm_num text = is_whole ? lm_num_count((int64_t)v) : lm_num_short(v, 6);
    lm_buf_puts(out, text.text);
}

static void put_list(struct lm_buf *out, const struct lm_json *value, int depth)
{
    size_t count = lm_json_count(value);
    if (count > 0 && lm_json_is_object(lm_json_at(value, 0))) {
        put_records(out, value, depth);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            lm_buf_puts(out, ", ");
        report_value_write(out, lm_json_at(value, i), depth + 1);
    }
}

static void put_object(struct lm_buf *out, const struct lm_json *value, int depth)
{
    struct member_writer writer = {out, depth};
    bool is_table = lm_json_count(value) > 0;
    lm_json_each(value, is_record, &is_table);
    if (is_table) {
        put_named_records(out, value, depth);
        return;
    }
    lm_buf_puts(out, "<table class=\"facts\"><tbody>\n");
    lm_json_each(value, put_member, &writer);
    lm_buf_puts(out, "</tbody></table>");
}

void report_value_write(struct lm_buf *out, const struct lm_json *value, int depth)
{
    size_t size = 0;
    if (value == NULL || lm_json_is_null(value) || depth > DEEPEST)
        return;
    if (lm_json_is_string(value)) {
        const char *text = lm_json_string(value, &size);
        lm_html_text(out, text, size);
    } else if (lm_json_is_number(value)) {
        put_number(out, value);
    } else if (lm_json_is_array(value)) {
        put_list(out, value, depth);
    } else if (lm_json_is_object(value)) {
        put_object(out, value, depth);
    } else {
        lm_buf_puts(out, lm_json_bool(value, false) ? "yes" : "no");
    }
}
