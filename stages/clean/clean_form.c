#include "clean_way.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clean_meta.h"
#include "text/markup.h"

#define LARGEST_RECORD ((size_t)512 << 20) /* of a container of texts; a file may be larger */

enum { NAMES_SHOWN = 300 };

/* ---- places ---- */

static size_t count_lines(const uint8_t *text, size_t size)
{
    size_t count = 0;
    for (const uint8_t *at = text, *end = text + size;
         at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        count++;
    return count;
}

/* The line of a byte. Bytes are asked for in order, before tasks may change what lies before them.
 */
static size_t line_of(struct clean_form *form, size_t at)
{
    form->line += count_lines(form->text + form->counted, at - form->counted);
    form->counted = at;
    return form->line;
}

/* Where a piece lies in the file. */
static void place(struct clean_form *form, struct clean_piece *piece, size_t at)
{
    piece->raw = form->text + at;
    piece->line = line_of(form, at);
    (void)line_of(form, at + piece->size);
}

/* Column of text[at], from 1. */
static size_t column_of(const uint8_t *text, size_t at)
{
    const uint8_t *newline = at > 0 ? memrchr(text, '\n', at) : NULL;
    return newline == NULL ? at + 1 : at - (size_t)(newline - text);
}

/* ---- hosts ---- */

/* Behind the address's user, before its port: the host with what surrounds it in *text. */
static size_t strip_authority(const char **text, size_t size)
{
    const char *at = size > 0 ? memrchr(*text, '@', size) : NULL;
    size -= at != NULL ? (size_t)(at + 1 - *text) : 0;
    *text = at != NULL ? at + 1 : *text;
    bool is_literal = size > 0 && (*text)[0] == '[';
    const char *end = size > 0 ? memchr(*text, is_literal ? ']' : ':', size) : NULL;
    if (end != NULL)
        size = (size_t)(end - *text) + is_literal;
    while (size > 0 && (*text)[size - 1] == '.')
        size--;
    return size;
}

/* Where the host stands in an address; false when there is none. */
static bool find_host(const char *text, size_t size, const char **host, size_t *length)
{
    const char *start = size > 3 ? memmem(text, size, "://", 3) : NULL;
    if (start == NULL)
        return false;
    start += 3;
    const char *stop = start;
    while (stop < text + size && strchr("/?#", *stop) == NULL)
        stop++;
    *host = start;
    *length = strip_authority(host, (size_t)(stop - start));
    return *length > 0 && *length < CLEAN_HOST_SIZE;
}

enum lm_status clean_take_host(struct clean_extract *out, const struct clean_form *form,
                               const struct clean_piece *piece, const void *url, size_t size,
                               struct lm_err *err)
{
    const char *host = NULL;
    size_t length = 0;
    if (!find_host(url, size, &host, &length))
        return lm_fail(err, LM_FORMAT,
                       "%s, %s %zu: has no address with a host, which split.group: host needs; add "
                       "one as url, or use another group",
                       form->label, form->by == LM_BY_WARC ? "record" : "line", piece->line);
    for (size_t i = 0; i < length; i++)
        out->host[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] + 'a' - 'A' : host[i]);
    out->host[length] = '\0';
    return LM_OK;
}

/* ---- text ---- */

static enum lm_status open_text(struct clean_form *form, struct lm_err *err)
{
    (void)err;
    form->documents = (struct lm_documents){
        .text = form->text,
        .size = form->size,
        .by = clean_form_is_plain(form->by) && form->by != LM_BY_CODE ? form->by : LM_BY_FILE,
        .separator = form->options->separator};
    return LM_OK;
}

static enum lm_status next_text(struct clean_form *form, struct clean_piece *piece, bool *is_end,
                                struct lm_err *err)
{
    const uint8_t *text;
    (void)err;
    *is_end = !lm_documents_next(&form->documents, &text, &piece->size);
    piece->raw = *is_end ? NULL : form->text + (text - form->text);
    return LM_OK;
}

static enum lm_status whole_piece(const struct clean_form *form, const struct clean_piece *piece,
                                  struct clean_extract *out, struct lm_err *err)
{
    out->text = piece->raw;
    out->size = piece->size;
    LM_TRY(clean_meta_make(out, form, NULL, NULL, err));
    return form->reading->needs_host ? clean_take_host(out, form, piece, NULL, 0, err) : LM_OK;
}

/* ---- JSON ---- */

static enum lm_status open_json(struct clean_form *form, struct lm_err *err)
{
    (void)err;
    form->json =
        (struct lm_json_records){.walk = {.text = (const char *)form->text, .size = form->size}};
    return LM_OK;
}

static enum lm_status fail_json(const struct clean_form *form, size_t line, size_t column,
                                const char *wrong, struct lm_err *err)
{
    return lm_fail(err, LM_FORMAT,
                   "%s, line %zu, column %zu: is no JSON: %s; fix it, or leave the file out by the "
                   "include of its source",
                   form->label, line, column, wrong);
}

static enum lm_status next_json(struct clean_form *form, struct clean_piece *piece, bool *is_end,
                                struct lm_err *err)
{
    size_t at = 0;
    const struct lm_json_walk *walk = &form->json.walk;
    if (!lm_json_records_next(&form->json, &at, &piece->size, is_end))
        return fail_json(form, line_of(form, walk->at), column_of(form->text, walk->at),
                         walk->wrong, err);
    if (!*is_end)
        place(form, piece, at);
    return LM_OK;
}

static enum lm_status json_host(const struct clean_form *form, const struct clean_piece *piece,
                                struct clean_extract *out, struct lm_err *err)
{
    struct lm_buf url;
    lm_buf_init(&url, 0);
    bool is_text = lm_json_field_copy(&url, piece->raw, piece->size, "url") == '"';
    enum lm_status status =
        clean_take_host(out, form, piece, url.data, is_text ? url.size : 0, err);
    lm_buf_release(&url);
    return status;
}

static enum lm_status extract_json(const struct clean_form *form, const struct clean_piece *piece,
                                   struct clean_extract *out, struct lm_err *err)
{
    struct lm_json_field field;
    const char *path = form->options->field;
    char names[NAMES_SHOWN];
    if (form->reading->needs_host)
        LM_TRY(json_host(form, piece, out, err));
    LM_TRY(clean_meta_make(out, form, clean_meta_of_json, piece, err));
    lm_json_field_take(&field, piece->raw, piece->size, path);
    out->text = field.text;
    out->size = field.size;
    out->counts.invalid_utf8 = (int64_t)field.halves;
    out->is_rejected = field.halves > 0 && form->reading->repair == LM_REPAIR_REJECT;
    if (field.wrong == NULL && field.text != NULL)
        return LM_OK;
    lm_json_field_names(names, sizeof names, piece->raw, piece->size);
    if (field.wrong == NULL) {
        lm_fail(err, LM_FORMAT, "no record has '%s'; the first one's members are: %s", path, names);
        return LM_OK;
    }
    size_t line = piece->line + count_lines(piece->raw, field.at);
    if (!field.is_of_type)
        return fail_json(form, line, column_of(piece->raw, field.at), field.wrong, err);
    return lm_fail(err, LM_FORMAT,
                   "%s, line %zu: '%s' %s, not text; name the member that holds the text by "
                   "documents.field (here are: %s)",
                   form->label, line, path, field.wrong, names);
}

/* ---- tables ---- */

static bool is_number(const char *name)
{
    return name[0] != '\0' && name[strspn(name, "0123456789")] == '\0';
}

static bool is_named(const uint8_t *name, size_t length, const char *wanted)
{
    return length == strlen(wanted) && memcmp(name, wanted, length) == 0;
}

static void find_kept(struct clean_form *form, const uint8_t *name, size_t length, size_t column)
{
    const char *const *keep = form->options->keep.items;
    for (size_t i = 0; i < form->options->keep.count; i++)
        if (form->kept[i] == SIZE_MAX && is_named(name, length, keep[i]))
            form->kept[i] = column;
}

/* Columns that are kept by their numbers, which no name is. */
static void find_kept_numbers(struct clean_form *form)
{
    const char *const *keep = form->options->keep.items;
    for (size_t i = 0; i < form->options->keep.count; i++) {
        size_t column = is_number(keep[i]) ? (size_t)strtoul(keep[i], NULL, 10) - 1 : SIZE_MAX;
        if (form->kept[i] == SIZE_MAX && column < form->csv.fields)
            form->kept[i] = column;
    }
}

static enum lm_status check_kept(const struct clean_form *form, const char *names,
                                 struct lm_err *err)
{
    const char *const *keep = form->options->keep.items;
    for (size_t i = 0; i < form->options->keep.count; i++)
        if (form->kept[i] == SIZE_MAX && strcmp(keep[i], "file") != 0 &&
            strcmp(keep[i], "source") != 0)
            return lm_fail(err, LM_FORMAT,
                           "%s: the table has no column '%s', which documents.keep names%s%s; name "
                           "others, or give their numbers when there is no header",
                           form->label, keep[i], names[0] != '\0' ? "; its first record is: " : "",
                           names);
    return LM_OK;
}

/* Finds the columns by the first record. */
static enum lm_status find_column(struct clean_form *form, uint8_t *record, size_t size,
                                  struct lm_err *err)
{
    const char *wanted = form->options->column;
    char names[NAMES_SHOWN] = "";
    const uint8_t *name;
    size_t at = 0, length, used = 0;
    bool is_found = false;
    for (size_t i = 0; lm_csv_take(&form->csv, record, size, &at, &name, &length); i++) {
        if (is_named(name, length, "url"))
            form->url_column = i;
        find_kept(form, name, length, i);
        if (!is_found && is_named(name, length, wanted)) {
            form->column = i;
            is_found = true;
        }
        if (used + length + 3 < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%.*s",
                                     used == 0 ? "" : ", ", (int)length, (const char *)name);
    }
    find_kept_numbers(form);
    if (is_found)
        return check_kept(form, names, err);
    return lm_fail(err, LM_FORMAT,
                   "%s: the table has no column '%s'; its first record is: %s. Name one by "
                   "documents.column, or give its number when there is no header",
                   form->label, wanted, names);
}

static enum lm_status fail_record(struct clean_form *form, struct lm_err *err)
{
    return lm_fail(err, LM_FORMAT,
                   "%s, line %zu, column %zu: is no record of this table: %s; fix it, or leave the "
                   "file out by the include of its source",
                   form->label, line_of(form, form->csv.wrong_at),
                   column_of(form->text, form->csv.wrong_at), form->csv.wrong);
}

static enum lm_status open_csv(struct clean_form *form, struct lm_err *err)
{
    const char *wanted = form->options->column;
    form->url_column = SIZE_MAX;
    for (size_t i = 0; i < form->options->keep.count; i++)
        form->kept[i] = SIZE_MAX;
    size_t at = 0, size = 0;
    bool is_end = false;
    lm_csv_open(&form->csv, form->text, form->size, form->by == LM_BY_TSV);
    struct lm_csv start = form->csv;
    if (!lm_csv_next(&form->csv, &at, &size, &is_end))
        return fail_record(form, err);
    if (is_end)
        return LM_OK;
    if (!is_number(wanted))
        return find_column(form, form->text + at, size, err);
    form->column = (size_t)strtoul(wanted, NULL, 10) - 1;
    if (form->column >= form->csv.fields)
        return lm_fail(err, LM_FORMAT,
                       "%s: the table has no column %s but %zu columns; documents.column counts "
                       "from 1",
                       form->label, wanted, form->csv.fields);
    size_t fields = form->csv.fields;
    form->csv = start;
    form->csv.fields = fields;
    find_kept_numbers(form);
    return check_kept(form, "", err);
}

static enum lm_status next_csv(struct clean_form *form, struct clean_piece *piece, bool *is_end,
                               struct lm_err *err)
{
    size_t at = 0;
    if (!lm_csv_next(&form->csv, &at, &piece->size, is_end))
        return fail_record(form, err);
    if (!*is_end)
        place(form, piece, at);
    return LM_OK;
}

/* Fields come one after the other, since unquoting one spoils those behind it. */
static enum lm_status extract_csv(const struct clean_form *form, const struct clean_piece *piece,
                                  struct clean_extract *out, struct lm_err *err)
{
    struct clean_meta_field fields[CLEAN_KEPT], url = {NULL, 0}, field;
    const struct clean_meta_fields kept = {form->kept, fields};
    size_t at = 0, keep = form->options->keep.count;
    for (size_t i = 0;
         lm_csv_take(&form->csv, piece->raw, piece->size, &at, &field.text, &field.size); i++) {
        if (i == form->column) {
            out->text = field.text;
            out->size = field.size;
        }
        if (i == form->url_column)
            url = field;
        for (size_t k = 0; k < keep; k++)
            if (i == form->kept[k])
                fields[k] = field;
    }
    if (out->text == NULL)
        return lm_fail(err, LM_INTERNAL, "lost a field of a table; report this");
    LM_TRY(clean_meta_make(out, form, clean_meta_of_fields, &kept, err));
    return form->reading->needs_host ? clean_take_host(out, form, piece, url.text, url.size, err)
                                     : LM_OK;
}

/* ---- light markup ---- */

static enum lm_status extract_markup(const struct clean_form *form, const struct clean_piece *piece,
                                     struct clean_extract *out, struct lm_err *err)
{
    bool drops_code = strcmp(form->options->code, "drop") == 0;
    out->text = piece->raw;
    out->size = form->by == LM_BY_RST ? lm_rst_strip(piece->raw, piece->size, drops_code)
                                      : lm_markdown_strip(piece->raw, piece->size, drops_code);
    return clean_meta_make(out, form, NULL, NULL, err);
}

/* ---- all of them ---- */

static const struct clean_way text_way = {open_text, next_text, whole_piece, true},
                              json_way = {open_json, next_json, extract_json, false},
                              csv_way = {open_csv, next_csv, extract_csv, true},
                              markup_way = {open_text, next_text, extract_markup, true};

static const struct clean_way *way_of(enum lm_documents_by by)
{
    static const struct {
        enum lm_documents_by by;
        const struct clean_way *way;
    } others[] = {{LM_BY_JSONL, &json_way},     {LM_BY_CSV, &csv_way},
                  {LM_BY_TSV, &csv_way},        {LM_BY_MARKDOWN, &markup_way},
                  {LM_BY_RST, &markup_way},     {LM_BY_HTML, &clean_way_html},
                  {LM_BY_WARC, &clean_way_warc}};

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (others[i].by == by)
            return others[i].way;
    return &text_way;
}

bool clean_form_is_text(enum lm_documents_by by)
{
    return way_of(by)->is_text;
}

bool clean_form_is_plain(enum lm_documents_by by)
{
    return by != LM_BY_AUTO && way_of(by) == &text_way;
}

enum lm_status clean_form_open(struct clean_form *form, uint8_t *text, size_t size,
                               struct lm_err *err)
{
    form->text = text;
    form->size = size;
    form->line = 1;
    form->counted = 0;
    const struct clean_way *way = way_of(form->by);
    return way->open != NULL ? way->open(form, err) : LM_OK;
}

enum lm_status clean_form_next(struct clean_form *form, struct clean_piece *piece, bool *is_end,
                               struct lm_err *err)
{
    *piece = (struct clean_piece){.raw = NULL};
    LM_TRY(way_of(form->by)->next(form, piece, is_end, err));
    if (piece->line > 0 && piece->size > LARGEST_RECORD)
        return lm_fail(err, LM_RANGE,
                       "%s, line %zu: a record of %zu bytes, more than %zu; cut it, or leave the "
                       "file out by the include of its source",
                       form->label, piece->line, piece->size, LARGEST_RECORD);
    return LM_OK;
}

enum lm_status clean_form_extract(const struct clean_form *form, const struct clean_piece *piece,
                                  struct clean_extract *out, struct lm_err *err)
{
    const struct clean_way *way = way_of(form->by);
    int64_t marks = 0, newlines = 0;
    *out = (struct clean_extract){.text = NULL};
    lm_buf_init(&out->made, 0);
    lm_buf_init(&out->meta, 0);
    LM_TRY(way->extract(form, piece, out, err));
    if (!way->is_text && out->size > 0) /* bytes of the piece, or of what was made */
        out->size =
            lm_newlines_normalise((uint8_t *)(uintptr_t)out->text, out->size, &marks, &newlines);
    return LM_OK;
}
