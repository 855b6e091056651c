/* The Jansson door. A struct lm_json is a json_t. */
#include "base/json.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/c_locale.h"

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

/* Jansson reads numbers by the C library. */
static json_t *load(const char *text, size_t size, json_error_t *error)
{
    size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL;
    locale_t before = lm_c_locale_enter();
    json_t *root = json_loadb(text, size, flags, error);
    lm_c_locale_leave(before);
    return root;
}

static enum lm_status take_root(struct lm_json **out, json_t *root, json_error_t *error,
                                struct lm_err *err)
{
    if (root == NULL) {
        bool is_memory = json_error_code(error) == json_error_out_of_memory;
        make_printable(error->text);
        return lm_fail(err, is_memory ? LM_NOMEM : LM_FORMAT, "line %d, column %d: %s", error->line,
                       error->column, error->text);
    }
    *out = (struct lm_json *)(void *)root;
    return LM_OK;
}

enum lm_status lm_json_parse(struct lm_json **out, const char *text, size_t size,
                             struct lm_err *err)
{
    json_error_t error;
    LM_TRY(check_depth(text, size, err));
    return take_root(out, load(text, size, &error), &error, err);
}

/* ---- numbers that do not fit ---- */

static size_t digits(const char *at)
{
    size_t count = 0;
    while (at[count] >= '0' && at[count] <= '9')
        count++;
    return count;
}

/* Length of the number at `at`, as JSON's grammar has it; 0: none. The text ends with a NUL. */
static size_t number_length(const char *at, bool *is_whole)
{
    size_t sign = *at == '-', whole = digits(at + sign), length = sign + whole, more;
    *is_whole = true;
    if (whole == 0 || (whole > 1 && at[sign] == '0'))
        return 0;
    if (at[length] == '.') {
        more = digits(at + length + 1);
        if (more == 0)
            return 0;
        *is_whole = false;
        length += 1 + more;
    }
    if (at[length] == 'e' || at[length] == 'E') {
        size_t mark = at[length + 1] == '+' || at[length + 1] == '-' ? 2 : 1;
        more = digits(at + length + mark);
        if (more == 0)
            return 0;
        *is_whole = false;
        length += mark + more;
    }
    return length;
}

static bool fits(const char *number, bool is_whole)
{
    errno = 0;
    if (!is_whole)
        return isfinite(lm_c_strtod(number, NULL));
    strtoll(number, NULL, 10);
    return errno != ERANGE;
}

/* A number that does not fit is longer than "null". */
static void blank_numbers(char *text, size_t size)
{
    bool is_string = false;
    for (size_t i = 0; i < size; i++) {
        bool is_whole;
        if (text[i] == '"')
            is_string = !is_string;
        else if (is_string && text[i] == '\\')
            i++;
        else if (!is_string && (text[i] == '-' || (text[i] >= '0' && text[i] <= '9'))) {
            size_t length = number_length(text + i, &is_whole);
            if (length > 4 && !fits(text + i, is_whole)) {
                memset(text + i, ' ', length);
                for (size_t k = 0; k < 4; k++)
                    text[i + k] = "null"[k];
            }
            i += length > 0 ? length - 1 : 0;
        }
    }
}

enum lm_status lm_json_parse_lenient(struct lm_json **out, const char *text, size_t size,
                                     struct lm_err *err)
{
    json_error_t error;
    LM_TRY(check_depth(text, size, err));
    json_t *root = load(text, size, &error);
    if (root != NULL || json_error_code(&error) != json_error_numeric_overflow)
        return take_root(out, root, &error, err);
    char *copy = malloc(size + 1);
    if (copy == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a line of JSON; free some");
    memcpy(copy, text, size);
    copy[size] = '\0';
    blank_numbers(copy, size);
    root = load(copy, size, &error);
    free(copy);
    return take_root(out, root, &error, err);
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
