/* The Jansson door. A struct lm_json is a json_t. */
#include "base/json.h"

#include <jansson.h>
#include <string.h>

enum { DEEPEST = 64 };

static const json_t *inner(const struct lm_json *value)
{
    return (const json_t *)(const void *)value;
}

static const struct lm_json *outer(const json_t *value)
{
    return (const struct lm_json *)(const void *)value;
}

/* Jansson itself allows 2,048 levels; looking before parsing keeps the tree's recursion short. */
static enum lm_status check_depth(const char *text, size_t size, struct lm_err *err)
{
    size_t line = 1, line_start = 0, depth = 0;
    bool is_string = false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '\n') {
            line++;
            line_start = i + 1;
        } else if (is_string && c == '\\')
            i++;
        else if (c == '"')
            is_string = !is_string;
        else if (!is_string && (c == '[' || c == '{')) {
            if (++depth > DEEPEST)
                return lm_fail(err, LM_FORMAT,
                               "line %zu, column %zu: more than %d levels; flatten it", line,
                               i - line_start + 1, DEEPEST);
        } else if (!is_string && (c == ']' || c == '}') && depth > 0)
            depth--;
    }
    return LM_OK;
}

/* The message quotes the text, which may hold anything. */
static void make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 127)
            *text = '?';
}

enum lm_status lm_json_parse(struct lm_json **out, const char *text, size_t size,
                             struct lm_err *err)
{
    LM_TRY(check_depth(text, size, err));
    json_error_t error;
    size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL;
    json_t *root = json_loadb(text, size, flags, &error);
    if (root == NULL) {
        bool is_memory = json_error_code(&error) == json_error_out_of_memory;
        make_printable(error.text);
        return lm_fail(err, is_memory ? LM_NOMEM : LM_FORMAT, "line %d, column %d: %s", error.line,
                       error.column, error.text);
    }
    *out = (struct lm_json *)(void *)root;
    return LM_OK;
}

void lm_json_free(struct lm_json *root)
{
    json_decref((json_t *)(void *)root);
}

const struct lm_json *lm_json_get(const struct lm_json *value, const char *key)
{
    return outer(json_object_get(inner(value), key));
}

size_t lm_json_count(const struct lm_json *value)
{
    const json_t *json = inner(value);
    return json_is_array(json) ? json_array_size(json) : json_object_size(json);
}

const struct lm_json *lm_json_at(const struct lm_json *value, size_t index)
{
    return outer(json_array_get(inner(value), index));
}

void lm_json_each(const struct lm_json *object,
                  bool (*visit)(void *user, const char *key, const struct lm_json *value),
                  void *user)
{
    json_t *json = (json_t *)(void *)object; /* Jansson's iterators take no const */
    for (void *at = json_object_iter(json); at != NULL; at = json_object_iter_next(json, at))
        if (!visit(user, json_object_iter_key(at), outer(json_object_iter_value(at))))
            return;
}

bool lm_json_is_object(const struct lm_json *value)
{
    return json_is_object(inner(value));
}

bool lm_json_is_array(const struct lm_json *value)
{
    return json_is_array(inner(value));
}

bool lm_json_is_string(const struct lm_json *value)
{
    return json_is_string(inner(value));
}

bool lm_json_is_number(const struct lm_json *value)
{
    return json_is_number(inner(value));
}

bool lm_json_is_null(const struct lm_json *value)
{
    return json_is_null(inner(value));
}

int64_t lm_json_int(const struct lm_json *value, int64_t fallback)
{
    return json_is_integer(inner(value)) ? json_integer_value(inner(value)) : fallback;
}

double lm_json_double(const struct lm_json *value, double fallback)
{
    return json_is_number(inner(value)) ? json_number_value(inner(value)) : fallback;
}

bool lm_json_bool(const struct lm_json *value, bool fallback)
{
    return json_is_boolean(inner(value)) ? json_is_true(inner(value)) : fallback;
}

const char *lm_json_string(const struct lm_json *value, size_t *size)
{
    const char *text = json_string_value(inner(value));
    if (text != NULL && size != NULL)
        *size = json_string_length(inner(value));
    return text;
}
