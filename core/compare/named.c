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
