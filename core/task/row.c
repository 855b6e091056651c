#include "task/row.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

enum { MOST_COLUMNS = 10000 };

/* ---- what a field holds ---- */

enum lm_status lm_row_value_of(struct lm_row_value *out, struct lm_arena *arena,
                               const struct lm_json *json, struct lm_err *err)
{
    char number[40];
    *out = (struct lm_row_value){.kind = LM_VALUE_OTHER};
    if (json == NULL || lm_json_is_null(json)) {
        out->kind = LM_VALUE_NONE;
    } else if (lm_json_is_string(json)) {
        out->kind = LM_VALUE_TEXT;
        out->text.data = lm_json_string(json, &out->text.size);
    } else if (lm_json_is_array(json)) {
        out->kind = LM_VALUE_LIST;
        out->list = json;
    } else if (!lm_json_is_object(json)) {
        double v = lm_json_double(json, 0);
        if (!lm_json_is_number(json))
            snprintf(number, sizeof number, "%s", lm_json_bool(json, false) ? "true" : "false");
        else if (lm_json_double(json, 0) == (double)lm_json_int(json, INT64_MIN))
            snprintf(number, sizeof number, "%lld", (long long)lm_json_int(json, 0));
        else
            lm_format_double(number, v);
        out->kind = LM_VALUE_TEXT;
        out->text.data = lm_arena_strdup(arena, number);
        out->text.size = strlen(number);
        if (out->text.data == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for a field; free some");
    }
    return LM_OK;
}

/* Element "12" of a list; NULL when the name is no number of one. */
static const struct lm_json *element(const struct lm_json *list, const char *name, size_t size)
{
    size_t index = 0;
    for (size_t i = 0; i < size; i++) {
        if (name[i] < '0' || name[i] > '9' || index > SIZE_MAX / 20)
            return NULL;
        index = 10 * index + (size_t)(name[i] - '0');
    }
    return size > 0 && lm_json_is_array(list) ? lm_json_at(list, index) : NULL;
}

/* The value at "a.b.c" below `json`: a member of the whole name first. */
static const struct lm_json *descend(const struct lm_json *json, struct lm_arena *arena,
                                     const char *name)
{
    while (json != NULL) {
        const struct lm_json *whole = lm_json_get(json, name);
        const char *dot = strchr(name, '.');
        size_t size = dot != NULL ? (size_t)(dot - name) : strlen(name);
        if (whole != NULL)
            return whole;
        const char *first = lm_arena_strndup(arena, name, size);
        const struct lm_json *next = first != NULL ? lm_json_get(json, first) : NULL;
        json = next != NULL ? next : element(json, name, size);
        if (dot == NULL)
            return json;
        name = dot + 1;
    }
    return NULL;
}

enum lm_status lm_row_get(struct lm_row_value *out, struct lm_arena *arena,
                          const struct lm_row *row, const char *name, struct lm_err *err)
{
    *out = (struct lm_row_value){.kind = LM_VALUE_NONE};
    if (row->object != NULL)
        LM_TRY(lm_row_value_of(out, arena, descend(row->object, arena, name), err));
    for (size_t i = 0; i < row->count; i++)
        if (strcmp(row->names[i], name) == 0)
            *out = (struct lm_row_value){.kind = LM_VALUE_TEXT, .text = row->values[i]};
    if (out->kind == LM_VALUE_NONE && strcmp(name, "_file") == 0)
        *out = (struct lm_row_value){.kind = LM_VALUE_TEXT, .text = {row->file, strlen(row->file)}};
    return LM_OK;
}

struct listing {
    const char **names;
    size_t count, capacity;
};

static bool list_name(void *user, const char *key, const struct lm_json *value)
{
    struct listing *listing = user;
    (void)value;
    if (listing->count < listing->capacity)
        listing->names[listing->count++] = key;
    return true;
}

enum lm_status lm_row_names(const char *const **out, size_t *count, struct lm_arena *arena,
                            const struct lm_row *row, struct lm_err *err)
{
    *out = row->names;
    *count = row->count;
    if (row->object == NULL)
        return LM_OK;
    struct listing listing = {.capacity = lm_json_count(row->object)};
    listing.names = LM_NEW_ARRAY(arena, const char *, listing.capacity + 1);
    if (listing.names == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the names of fields; free some");
    lm_json_each(row->object, list_name, &listing);
    *out = listing.names;
    *count = listing.count;
    return LM_OK;
}

/* ---- reading ---- */

const char *const lm_row_formats[] = {"jsonl", "csv", "tsv", "lines", "text", NULL};

struct reading {
    const struct lm_row_source *source;
    struct lm_arena *arena; /* for what lives as long as the call */
    lm_row_fn *take;
    void *user;
    const char *data; /* without a byte order mark */
    size_t size, at;
    uint64_t line;
    const char *const *names;
    struct lm_text *values;
    size_t columns;
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for the rows of a task; free some");
}

static enum lm_status hand_over(struct reading *reading, struct lm_row *row, struct lm_err *err)
{
    struct lm_err inner = {.status = LM_OK};
    row->file = reading->source->file;
    enum lm_status status = reading->take(reading->user, row, &inner);
    if (status == LM_OK)
        return LM_OK;
    if (status == LM_CANCELLED || status == LM_NOMEM) {
        *err = inner;
        return status;
    }
    return lm_fail(err, status, "%s:%llu: %s", row->file, (unsigned long long)row->line,
                   inner.text);
}

/* The next line without its end; false at the end of the file. */
static bool next_line(struct reading *reading, struct lm_text *out)
{
    if (reading->at >= reading->size)
        return false;
    const char *start = reading->data + reading->at;
    const char *end = memchr(start, '\n', reading->size - reading->at);
    size_t size = end != NULL ? (size_t)(end - start) : reading->size - reading->at;
    reading->at += size + (end != NULL);
    reading->line++;
    size -= size > 0 && start[size - 1] == '\r';
    *out = (struct lm_text){start, size};
    return true;
}

static bool is_blank(const struct lm_text *line)
{
    for (size_t i = 0; i < line->size; i++)
        if (line->data[i] != ' ' && line->data[i] != '\t')
            return false;
    return true;
}

static enum lm_status read_jsonl(struct reading *reading, struct lm_err *err)
{
    struct lm_text line;
    while (next_line(reading, &line)) {
        struct lm_json *object = NULL;
        struct lm_err inner = {.status = LM_OK};
        if (is_blank(&line))
            continue;
        unsigned long long number = reading->line;
        enum lm_status status = lm_json_parse_lenient(&object, line.data, line.size, &inner);
        if (status == LM_NOMEM)
            return no_memory(err);
        if (status == LM_OK && !lm_json_is_object(object))
            status = lm_fail(&inner, LM_FORMAT, "no JSON object; each line is one: {\"field\": …}");
        else if (status != LM_OK) /* its "line 1, " is ours */
            memmove(inner.text,
                    strncmp(inner.text, "line 1, ", 8) == 0 ? inner.text + 8 : inner.text,
                    strlen(inner.text) + 1 - (strncmp(inner.text, "line 1, ", 8) == 0 ? 8 : 0));
        if (status != LM_OK)
            status =
                lm_fail(err, LM_FORMAT, "%s:%llu: %s", reading->source->file, number, inner.text);
        struct lm_row row = {.object = object, .line = reading->line};
        if (status == LM_OK)
            status = hand_over(reading, &row, err);
        lm_json_free(object);
        LM_TRY(status);
    }
    return LM_OK;
}

/* ---- tables ---- */

/* A quoted field from its first quote on; the text behind the last one is at *at. */
static enum lm_status read_quoted(struct reading *reading, struct lm_text *out, struct lm_err *err)
{
    unsigned long long first = reading->line + 1;
    char *text = NULL;
    size_t start = ++reading->at, end = start, quotes = 0;
    for (;; end++) {
        const char *found =
            end < reading->size ? memchr(reading->data + end, '"', reading->size - end) : NULL;
        if (found == NULL)
            return lm_fail(err, LM_FORMAT,
                           "%s:%llu: a quote is not closed; write a quote inside a field as \"\", "
                           "or say format: tsv or lines",
                           reading->source->file, first);
        end = (size_t)(found - reading->data);
        if (end + 1 >= reading->size || reading->data[end + 1] != '"')
            break;
        end++;
        quotes++;
    }
    for (size_t i = start; i < end; i++)
        reading->line += reading->data[i] == '\n';
    reading->at = end + 1;
    *out = (struct lm_text){reading->data + start, end - start};
    if (quotes == 0)
        return LM_OK;
    text = LM_NEW_ARRAY(reading->arena, char, out->size - quotes + 1);
    if (text == NULL)
        return no_memory(err);
    size_t size = 0;
    for (size_t i = start; i < end; i++, size++) {
        text[size] = reading->data[i];
        i += reading->data[i] == '"';
    }
    *out = (struct lm_text){text, size};
    return LM_OK;
}

/* One field; *is_last when its row ends behind it, and the place is then that of the next row. */
static enum lm_status read_field(struct reading *reading, char separator, bool quotes,
                                 struct lm_text *out, bool *is_last, struct lm_err *err)
{
    bool is_quoted = quotes && reading->at < reading->size && reading->data[reading->at] == '"';
    if (is_quoted)
        LM_TRY(read_quoted(reading, out, err));
    const char *start = reading->data + reading->at;
    size_t size = 0, rest = reading->size - reading->at;
    while (size < rest && start[size] != separator && start[size] != '\n')
        size++;
    *is_last = size == rest || start[size] == '\n';
    reading->at += size + (size < rest);
    size -= *is_last && size > 0 && start[size - 1] == '\r';
    if (is_quoted && size > 0)
        return lm_fail(err, LM_FORMAT,
                       "%s:%llu: text behind a closing quote; write a quote inside a field as \"\"",
                       reading->source->file, (unsigned long long)reading->line + 1);
    if (!is_quoted)
        *out = (struct lm_text){start, size};
    return LM_OK;
}

/* A row of fields into reading->values, which grows while the header is read; *count: how many. */
static enum lm_status read_fields(struct reading *reading, char separator, bool quotes,
                                  size_t *count, struct lm_err *err)
{
    size_t capacity = reading->columns;
    bool is_last = false;
    for (*count = 0; !is_last;) {
        struct lm_text field = {NULL, 0};
        LM_TRY(read_field(reading, separator, quotes, &field, &is_last, err));
        if (*count == capacity && reading->names == NULL) {
            reading->values = lm_arena_grow(reading->arena, reading->values, *count, &capacity,
                                            sizeof *reading->values);
            if (reading->values == NULL)
                return no_memory(err);
        }
        if (*count < capacity)
            reading->values[*count] = field;
        if (++*count > MOST_COLUMNS)
            return lm_fail(err, LM_FORMAT, "%s:%llu: more than %d columns; is this the format?",
                           reading->source->file, (unsigned long long)reading->line + 1,
                           MOST_COLUMNS);
    }
    reading->line++;
    return LM_OK;
}

static enum lm_status take_header(struct reading *reading, size_t count, struct lm_err *err)
{
    const char **names = LM_NEW_ARRAY(reading->arena, const char *, count);
    for (size_t i = 0; names != NULL && i < count; i++) {
        names[i] =
            lm_arena_strndup(reading->arena, reading->values[i].data, reading->values[i].size);
        if (names[i] == NULL)
            return no_memory(err);
        for (size_t k = 0; k < i; k++)
            if (strcmp(names[k], names[i]) == 0)
                return lm_fail(err, LM_FORMAT,
                               "%s:%llu: two columns are called '%.60s'; name them by columns: if "
                               "this is no header",
                               reading->source->file, (unsigned long long)reading->line, names[i]);
    }
    if (names == NULL)
        return no_memory(err);
    reading->names = names;
    reading->columns = count;
    return LM_OK;
}

static enum lm_status read_table(struct reading *reading, char separator, bool quotes,
                                 struct lm_err *err)
{
    struct lm_arena_mark mark = lm_arena_mark(reading->arena);
    while (reading->at < reading->size) {
        size_t count = 0, start = reading->at;
        unsigned long long line = reading->line + 1;
        LM_TRY(read_fields(reading, separator, quotes, &count, err));
        bool is_empty = count == 1 && reading->columns != 1 &&
                        (reading->data[start] == '\n' || reading->data[start] == '\r');
        if (is_empty)
            continue;
        if (reading->names == NULL) {
            LM_TRY(take_header(reading, count, err));
            mark = lm_arena_mark(reading->arena);
            continue;
        }
        if (count != reading->columns)
            return lm_fail(err, LM_FORMAT,
                           "%s:%llu: %zu fields where %zu columns are named; is a separator inside "
                           "a field, or the format another?",
                           reading->source->file, line, count, reading->columns);
        struct lm_row row = {.names = reading->names,
                             .values = reading->values,
                             .count = count,
                             .line = (uint64_t)line};
        LM_TRY(hand_over(reading, &row, err));
        lm_arena_rewind(reading->arena, mark);
    }
    return LM_OK;
}

static enum lm_status read_csv(struct reading *reading, struct lm_err *err)
{
    return read_table(reading, ',', true, err);
}

static enum lm_status read_tsv(struct reading *reading, struct lm_err *err)
{
    return read_table(reading, '\t', false, err);
}

static const char *const text_names[] = {"text"};

static enum lm_status read_lines(struct reading *reading, struct lm_err *err)
{
    struct lm_text line;
    while (next_line(reading, &line)) {
        struct lm_row row = {
            .names = text_names, .values = &line, .count = 1, .line = reading->line};
        if (!is_blank(&line))
            LM_TRY(hand_over(reading, &row, err));
    }
    return LM_OK;
}

static enum lm_status read_text(struct reading *reading, struct lm_err *err)
{
    struct lm_text whole = {reading->data, reading->size};
    struct lm_row row = {.names = text_names, .values = &whole, .count = 1, .line = 1};
    return reading->size > 0 ? hand_over(reading, &row, err) : LM_OK;
}

static enum lm_status (*const readers[])(struct reading *reading, struct lm_err *err) = {
    [LM_ROWS_JSONL] = read_jsonl, [LM_ROWS_CSV] = read_csv,   [LM_ROWS_TSV] = read_tsv,
    [LM_ROWS_LINES] = read_lines, [LM_ROWS_TEXT] = read_text,
};

/* ---- which format ---- */

static enum lm_status find_format(enum lm_row_format *out, const struct reading *reading,
                                  struct lm_err *err)
{
    static const struct {
        const char *ending;
        enum lm_row_format format;
    } endings[] = {{".jsonl", LM_ROWS_JSONL},
                   {".ndjson", LM_ROWS_JSONL},
                   {".csv", LM_ROWS_CSV},
                   {".tsv", LM_ROWS_TSV}};

    const char *file = reading->source->file;
    size_t length = strlen(file), first = 0;
    *out = reading->source->format;
    if (*out != LM_ROWS_AUTO)
        return LM_OK;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t own = strlen(endings[i].ending);
        *out = endings[i].format;
        if (length >= own && strcmp(file + length - own, endings[i].ending) == 0)
            return LM_OK;
    }
    while (first < reading->size && strchr(" \t\r\n", reading->data[first]) != NULL)
        first++;
    *out = LM_ROWS_JSONL;
    if (first < reading->size && reading->data[first] == '{')
        return LM_OK;
    return lm_fail(err, LM_INVALID,
                   "%s: its format cannot be told by its name; say format: jsonl, csv, tsv, lines "
                   "or text in data",
                   file);
}

static enum lm_status check_bytes(const struct reading *reading, struct lm_err *err)
{
    size_t valid = lm_utf8_valid_prefix((const uint8_t *)reading->data, reading->size);
    unsigned long long line = 1;
    if (valid == reading->size)
        return LM_OK;
    for (size_t i = 0; i < valid; i++)
        line += reading->data[i] == '\n';
    return lm_fail(err, LM_FORMAT, "%s:%llu: a byte that is not UTF-8; save the file as UTF-8",
                   reading->source->file, line);
}

enum lm_status lm_rows_read(const struct lm_row_source *source, struct lm_arena *arena,
                            lm_row_fn *take, void *user, struct lm_err *err)
{
    struct reading reading = {.source = source,
                              .arena = arena,
                              .take = take,
                              .user = user,
                              .data = source->data,
                              .size = source->size,
                              .names = source->columns,
                              .columns = source->column_count};
    enum lm_row_format format = LM_ROWS_AUTO;
    if (reading.size >= 3 && memcmp(reading.data, "\xef\xbb\xbf", 3) == 0) {
        reading.data += 3;
        reading.size -= 3;
    }
    LM_TRY(check_bytes(&reading, err));
    LM_TRY(find_format(&format, &reading, err));
    if (source->columns != NULL) {
        reading.values = LM_NEW_ARRAY(arena, struct lm_text, source->column_count);
        if (reading.values == NULL)
            return no_memory(err);
    }
    if (source->columns != NULL && format != LM_ROWS_CSV && format != LM_ROWS_TSV)
        return lm_fail(err, LM_INVALID, "%s: columns: is for csv and tsv, this is %s; leave it out",
                       source->file, lm_row_formats[format]);
    return readers[format](&reading, err);
}
