#include "text/json_field.h"

#include <stdio.h>
#include <string.h>

enum { DEEPEST_PATH = 32, LONGEST_NAME = 1024 };

/* ---- cutting ---- */

/* A line from an opening brace to a closing one; 0: no such line. */
static size_t line_size(const struct lm_json_walk *walk)
{
    const char *start = walk->text + walk->at;
    const char *newline = memchr(start, '\n', walk->size - walk->at);
    const char *end = newline != NULL ? newline : walk->text + walk->size;
    while (end > start && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    return start[0] == '{' && end[-1] == '}' ? (size_t)(end - start) : 0;
}

static bool take_record(struct lm_json_records *records, size_t *at, size_t *size)
{
    struct lm_json_walk *walk = &records->walk;
    lm_json_walk_space(walk);
    *at = walk->at;
    *size = records->is_in_array ? 0 : line_size(walk);
    walk->at += *size;
    if (*size > 0)
        return true;
    if (!lm_json_walk_value(walk, NULL))
        return false;
    *size = walk->at - *at;
    return true;
}

bool lm_json_records_next(struct lm_json_records *records, size_t *at, size_t *size, bool *is_end)
{
    struct lm_json_walk *walk = &records->walk;
    for (;;) {
        if (records->is_in_array) {
            bool is_closed = false;
            if (!lm_json_walk_next(walk, !records->is_past_first, NULL, &is_closed))
                return false;
            records->is_past_first = true;
            if (!is_closed)
                return take_record(records, at, size);
            records->is_in_array = false;
        }
        char c = lm_json_walk_peek(walk);
        *is_end = walk->at == walk->size;
        if (*is_end)
            return true;
        if (c != '[')
            return take_record(records, at, size);
        records->is_in_array = true;
        records->is_past_first = false;
    }
}

/* ---- paths ---- */

static const char *type_name(char kind)
{
    return kind == '{'   ? "is an object"
           : kind == '[' ? "is a list"
           : kind == '0' ? "is a number"
           : kind == 'n' ? "is null"
                         : "is true or false";
}

/** What is left of a path behind a member's name; NULL: it does not lead there. */
static const char *follow(const struct lm_json_walk *walk, const struct lm_json_span *key,
                          const char *path)
{
    char name[LONGEST_NAME];
    size_t halves = 0, bad = 0, size = key->size;
    const char *text = walk->text + key->at;
    if (key->has_escapes && size <= sizeof name) {
        size = lm_json_unescape_all(name, text, size, &halves, &bad);
        text = name;
    }
    if (size == SIZE_MAX || strncmp(path, text, size) != 0 || memchr(text, 0, size) != NULL)
        return NULL;
    return path[size] == '.' ? path + size + 1 : path[size] == '\0' ? path + size : NULL;
}

/** A search; what it finds is handed to `found`, which says whether it fits. */
struct search {
    struct lm_json_walk walk;
    struct lm_json_field *out;
    bool (*found)(struct search *search, const struct lm_json_span *span);
    void *user;
    bool is_joined; /**< a text was found before */
};

static bool look(struct search *search, const char *path, size_t depth);

static bool look_in_object(struct search *search, const char *path, size_t depth)
{
    struct lm_json_span key;
    bool is_end = false, is_met = false;
    for (bool is_first = true;; is_first = false) {
        size_t start = search->walk.at;
        if (!lm_json_walk_next(&search->walk, is_first, &key, &is_end))
            return false;
        if (is_end)
            return true;
        const char *rest = follow(&search->walk, &key, path);
        if (rest != NULL && is_met) {
            search->walk.wrong = "a member's name stands twice";
            search->walk.at = start;
            return false;
        }
        is_met = is_met || rest != NULL;
        if (!(rest != NULL ? look(search, rest, depth + 1)
                           : lm_json_walk_value(&search->walk, NULL)))
            return false;
    }
}

static bool look_in_list(struct search *search, const char *path, size_t depth)
{
    bool is_end = false;
    for (bool is_first = true;; is_first = false) {
        if (!lm_json_walk_next(&search->walk, is_first, NULL, &is_end))
            return false;
        if (is_end)
            return true;
        if (!look(search, path, depth + 1))
            return false;
    }
}

static bool look(struct search *search, const char *path, size_t depth)
{
    struct lm_json_span span;
    char c = lm_json_walk_peek(&search->walk);
    if (depth == DEEPEST_PATH) {
        search->walk.wrong = "it is nested too deeply";
        return false;
    }
    if (c == '[')
        return look_in_list(search, path, depth);
    if (c == '{' && path[0] != '\0')
        return look_in_object(search, path, depth);
    size_t start = search->walk.at;
    if (!lm_json_walk_value(&search->walk, &span))
        return false;
    bool is_there = path[0] == '\0' || (depth == 0 && span.kind == '"');
    if (!is_there || span.kind == 'n' || search->found(search, &span))
        return true;
    if (search->walk.wrong == NULL) {
        search->out->is_of_type = true;
        search->walk.wrong = type_name(span.kind);
        search->walk.at = start;
    }
    return false;
}

/* The whole record, and nothing behind it. */
static bool look_at_record(struct search *search, const char *path)
{
    char c = lm_json_walk_peek(&search->walk);
    if (c != '{' && c != '"') {
        search->walk.wrong = "a record must be an object or a text";
        return false;
    }
    if (!look(search, path, 0))
        return false;
    lm_json_walk_space(&search->walk);
    if (search->walk.at == search->walk.size)
        return true;
    search->walk.wrong = "something follows the record on its line";
    return false;
}

/* ---- the text ---- */

static bool append_text(struct search *search, const struct lm_json_span *span)
{
    struct lm_json_field *out = search->out;
    const char *text = search->walk.text + span->at;
    size_t bad = 0;
    if (span->kind != '"')
        return false;
    if (out->text == NULL)
        out->text = (const uint8_t *)text;
    /* A quote and a comma at the least lie between what was found so far and this. */
    char *record = search->user;
    char *to = record + (out->text - (const uint8_t *)record) + out->size;
    if (search->is_joined) {
        *to++ = '\n';
        out->size++;
    }
    size_t size = span->size;
    if (span->has_escapes)
        size = lm_json_unescape_all(to, text, span->size, &out->halves, &bad);
    else if (to != text)
        memmove(to, text, size);
    if (size == SIZE_MAX) {
        search->walk.wrong = "an escape is none of JSON's";
        search->walk.at = span->at + bad;
        return false;
    }
    search->is_joined = true;
    out->size += size;
    return true;
}

void lm_json_field_take(struct lm_json_field *out, uint8_t *record, size_t size, const char *path)
{
    *out = (struct lm_json_field){.text = NULL};
    struct search search = {
        .walk = {.text = (const char *)record, .size = size}, .out = out, .found = append_text};
    search.user = record;
    if (!look_at_record(&search, path)) {
        out->wrong = search.walk.wrong;
        out->at = search.walk.at;
    }
}

/* ---- values for others ---- */

/** A value on its way into another file. */
struct copy {
    struct lm_buf *text;
    char kind; /**< of the first one; 0: none */
};

static bool copy_value(struct search *search, const struct lm_json_span *span)
{
    struct copy *copy = search->user;
    size_t bad = 0, halves = 0, start;
    if (span->kind == '{' || (copy->kind != 0 && (copy->kind != '"' || span->kind != '"')))
        return false;
    if (copy->kind != 0)
        lm_buf_putc(copy->text, '\n');
    copy->kind = span->kind;
    start = copy->text->size;
    lm_buf_append(copy->text, search->walk.text + span->at, span->size);
    if (copy->text->failed || !span->has_escapes)
        return !copy->text->failed;
    size_t size = lm_json_unescape_all(copy->text->data + start, copy->text->data + start,
                                       span->size, &halves, &bad);
    copy->text->size = size == SIZE_MAX ? start : start + size;
    return true;
}

/* Passes digits; false when there are none. */
static bool pass_digits(const char *text, size_t size, size_t *at)
{
    size_t start = *at;
    while (*at < size && text[*at] >= '0' && text[*at] <= '9')
        ++*at;
    return *at > start;
}

/* The grammar's number: what a walk lets pass is more than that. */
static bool is_number(const char *text, size_t size)
{
    size_t at = size > 0 && text[0] == '-', start = at;
    if (!pass_digits(text, size, &at) || (text[start] == '0' && at > start + 1))
        return false;
    if (at < size && text[at] == '.') {
        at++;
        if (!pass_digits(text, size, &at))
            return false;
    }
    if (at < size && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        at += at < size && (text[at] == '+' || text[at] == '-');
        if (!pass_digits(text, size, &at))
            return false;
    }
    return at == size;
}

char lm_json_field_copy(struct lm_buf *out, const uint8_t *record, size_t size, const char *path)
{
    struct copy copy = {.text = out, .kind = 0};
    struct lm_json_field field = {.text = NULL};
    struct search search = {.walk = {.text = (const char *)record, .size = size},
                            .out = &field,
                            .found = copy_value,
                            .user = &copy};
    bool is_fine = look_at_record(&search, path) && copy.kind != 0;
    if (is_fine && copy.kind == '0')
        is_fine = is_number(out->data, out->size);
    return is_fine ? copy.kind : 0;
}

void lm_json_field_put(struct lm_json_writer *writer, const uint8_t *record, size_t size,
                       const char *path)
{
    struct lm_buf text;
    lm_buf_init(&text, 0);
    char kind = lm_json_field_copy(&text, record, size, path);
    if (kind == '"')
        lm_json_put_bytes(writer, text.data, text.size);
    else if (kind != 0)
        lm_json_put_raw(writer, text.data, text.size);
    else
        lm_json_put_null(writer);
    lm_buf_release(&text);
}

void lm_json_field_names(char *out, size_t size, const uint8_t *record, size_t record_size)
{
    struct lm_json_walk walk = {.text = (const char *)record, .size = record_size};
    struct lm_json_span key;
    bool is_end = false;
    size_t used = 0;
    out[0] = '\0';
    if (lm_json_walk_peek(&walk) != '{')
        return;
    for (bool is_first = true; lm_json_walk_next(&walk, is_first, &key, &is_end) && !is_end;
         is_first = false) {
        size_t wanted = key.size + (is_first ? 0 : 2);
        if (used + wanted + 1 > size || !lm_json_walk_value(&walk, NULL))
            return;
        snprintf(out + used, size - used, "%s%.*s", is_first ? "" : ", ", (int)key.size,
                 walk.text + key.at);
        used += wanted;
    }
}
