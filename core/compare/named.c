#include "compare/named.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum lm_status lm_named_text(const char **out, struct lm_arena *arena, const struct lm_json *value)
{
    const char *text = lm_json_string(value, NULL);
    const char *copy = text != NULL ? lm_arena_strdup(arena, text) : NULL;
    if (copy == NULL)
        return text == NULL ? LM_FORMAT : LM_NOMEM;
    *out = copy;
    return LM_OK;
}

/** Rows that are filled in by the members of an object. */
struct reading {
    struct lm_arena *arena;
    struct lm_named_digest *digests; /**< these … */
    struct lm_named_value *values;   /**< … or those */
    size_t count;
    enum lm_status status;
};

static bool take(void *user, const char *key, const struct lm_json *value)
{
    struct reading *reading = user;
    const char *name = lm_arena_strdup(reading->arena, key), *digest = NULL;
    reading->status = name != NULL ? LM_OK : LM_NOMEM;
    if (reading->digests != NULL && reading->status == LM_OK)
        reading->status = lm_named_text(&digest, reading->arena, value);
    else if (reading->status == LM_OK && !lm_json_is_number(value) && !lm_json_is_null(value))
        reading->status = LM_FORMAT;
    if (reading->status != LM_OK)
        return false;
    if (reading->digests != NULL)
        reading->digests[reading->count++] = (struct lm_named_digest){name, digest};
    else
        reading->values[reading->count++] =
            (struct lm_named_value){name, lm_json_double(value, (double)NAN)};
    return true;
}

enum lm_status lm_named_digests(struct lm_named_digest **out, size_t *count, struct lm_arena *arena,
                                const struct lm_json *object)
{
    struct reading reading = {
        .arena = arena,
        .digests = LM_NEW_ARRAY(arena, struct lm_named_digest, lm_json_count(object))};
    if (!lm_json_is_object(object))
        return LM_FORMAT;
    if (reading.digests == NULL)
        return LM_NOMEM;
    lm_json_each(object, take, &reading);
    *out = reading.digests;
    *count = reading.count;
    return reading.status;
}

enum lm_status lm_named_values(struct lm_named_value **out, size_t *count, struct lm_arena *arena,
                               const struct lm_json *object)
{
    struct reading reading = {
        .arena = arena,
        .values = LM_NEW_ARRAY(arena, struct lm_named_value, lm_json_count(object))};
    if (!lm_json_is_object(object))
        return LM_FORMAT;
    if (reading.values == NULL)
        return LM_NOMEM;
    lm_json_each(object, take, &reading);
    *out = reading.values;
    *count = reading.count;
    return reading.status;
}

/* ---- anything ---- */

static bool put_member(void *user, const char *key, const struct lm_json *value)
{
    struct lm_json_writer *writer = user;
    lm_json_key(writer, key);
    lm_named_put(writer, value);
    return true;
}

void lm_named_put(struct lm_json_writer *writer, const struct lm_json *value)
{
    size_t size = 0;
    bool is_list = lm_json_is_array(value), is_bool = lm_json_bool(value, false);
    if (lm_json_is_object(value) || is_list) {
        lm_json_open(writer, is_list ? '[' : '{');
        for (size_t i = 0; is_list && i < lm_json_count(value); i++)
            lm_named_put(writer, lm_json_at(value, i));
        if (!is_list)
            lm_json_each(value, put_member, writer);
        lm_json_close(writer, is_list ? ']' : '}');
    } else if (lm_json_is_string(value)) {
        const char *text = lm_json_string(value, &size);
        lm_json_put_bytes(writer, text, size);
    } else if (lm_json_int(value, 0) == lm_json_int(value, 1)) {
        lm_json_put_int(writer, lm_json_int(value, 0));
    } else if (lm_json_is_number(value)) {
        lm_json_put_double(writer, lm_json_double(value, 0));
    } else if (is_bool == lm_json_bool(value, true)) {
        lm_json_put_bool(writer, is_bool);
    } else {
        lm_json_put_null(writer);
    }
}

void lm_named_put_text(struct lm_json_writer *writer, const char *key, const char *text)
{
    lm_json_key(writer, key);
    lm_buf_puts(writer->out, text);
    writer->is_key_done = false;
}

/** Rows that are filled in by the members of an object, whatever they are. */
struct text_reading {
    struct lm_arena *arena;
    struct lm_named_text *rows;
    size_t count;
    bool failed;
};

static bool take_text(void *user, const char *key, const struct lm_json *value)
{
    struct text_reading *reading = user;
    struct lm_json_writer writer;
    struct lm_buf text;
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, false);
    lm_named_put(&writer, value);
    struct lm_named_text *row = &reading->rows[reading->count++];
    row->name = lm_arena_strdup(reading->arena, key);
    row->text = text.failed ? NULL : lm_arena_strdup(reading->arena, text.data);
    reading->failed = row->name == NULL || row->text == NULL;
    lm_buf_release(&text);
    return !reading->failed;
}

enum lm_status lm_named_texts(struct lm_named_text **out, size_t *count, struct lm_arena *arena,
                              const struct lm_json *object)
{
    struct text_reading reading = {
        .arena = arena, .rows = LM_NEW_ARRAY(arena, struct lm_named_text, lm_json_count(object))};
    if (!lm_json_is_object(object))
        return LM_FORMAT;
    if (reading.rows == NULL)
        return LM_NOMEM;
    lm_json_each(object, take_text, &reading);
    *out = reading.rows;
    *count = reading.count;
    return reading.failed ? LM_NOMEM : LM_OK;
}

/* ---- writing ---- */

void lm_named_digests_put(struct lm_json_writer *writer, const char *key,
                          const struct lm_named_digest *rows, size_t count)
{
    lm_json_key(writer, key);
    lm_json_open(writer, '{');
    for (size_t i = 0; i < count; i++)
        lm_json_member_string(writer, rows[i].name, rows[i].digest);
    lm_json_close(writer, '}');
}

void lm_named_values_put(struct lm_json_writer *writer, const char *key,
                         const struct lm_named_value *rows, size_t count)
{
    lm_json_key(writer, key);
    lm_json_open(writer, '{');
    for (size_t i = 0; i < count; i++)
        lm_json_member_double(writer, rows[i].name, rows[i].value);
    lm_json_close(writer, '}');
}

void lm_named_texts_put(struct lm_json_writer *writer, const char *key,
                        const struct lm_named_text *rows, size_t count)
{
    lm_json_key(writer, key);
    lm_json_open(writer, '{');
    for (size_t i = 0; i < count; i++)
        lm_named_put_text(writer, rows[i].name, rows[i].text);
    lm_json_close(writer, '}');
}

/* ---- looking up ---- */

const char *lm_named_text_find(const struct lm_named_text *rows, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].text;
    return NULL;
}

const char *lm_named_digest_find(const struct lm_named_digest *rows, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].digest;
    return NULL;
}

double lm_named_value_find(const struct lm_named_value *rows, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].value;
    return (double)NAN;
}

static int digests_by_name(const void *a, const void *b)
{
    return strcmp(((const struct lm_named_digest *)a)->name,
                  ((const struct lm_named_digest *)b)->name);
}

static int values_by_name(const void *a, const void *b)
{
    return strcmp(((const struct lm_named_value *)a)->name,
                  ((const struct lm_named_value *)b)->name);
}

void lm_named_digests_sort(struct lm_named_digest *rows, size_t count)
{
    if (count > 1)
        qsort(rows, count, sizeof *rows, digests_by_name);
}

void lm_named_values_sort(struct lm_named_value *rows, size_t count)
{
    if (count > 1)
        qsort(rows, count, sizeof *rows, values_by_name);
}
