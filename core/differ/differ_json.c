/* JSON: the first member, in the order of the stored document, that differs. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"
#include "differ/differ_inside.h"

#define LARGEST (UINT64_C(64) << 20)

/* ---- values in words ---- */

static bool is_whole(const struct lm_json *value)
{
    return lm_json_is_number(value) && lm_json_int(value, 0) == lm_json_int(value, 1);
}

/** `at`: where a string differs from its counterpart. */
static void put_value(char out[LM_DIFFER_VALUE], const struct lm_json *value, size_t at)
{
    char number[32];
    size_t size = 0;
    const char *text = lm_json_string(value, &size);
    if (value == NULL)
        snprintf(out, LM_DIFFER_VALUE, "absent");
    else if (text != NULL)
        lm_differ_excerpt(out, text, size, at);
    else if (is_whole(value))
        snprintf(out, LM_DIFFER_VALUE, "%" PRId64, lm_json_int(value, 0));
    else if (lm_json_is_number(value))
        snprintf(out, LM_DIFFER_VALUE, "%s", lm_format_double(number, lm_json_double(value, 0)));
    else if (lm_json_is_null(value))
        snprintf(out, LM_DIFFER_VALUE, "null");
    else if (lm_json_is_object(value) || lm_json_is_array(value))
        snprintf(out, LM_DIFFER_VALUE, "%s of %zu",
                 lm_json_is_object(value) ? "a mapping" : "a list", lm_json_count(value));
    else
        snprintf(out, LM_DIFFER_VALUE, "%s", lm_json_bool(value, false) ? "true" : "false");
}

/* ---- comparing ---- */

/** Two values at one place. */
struct level {
    struct lm_differ *out;
    const struct lm_json *stored, *now;
    bool found;
};

static bool compare(struct lm_differ *out, const struct lm_json *a, const struct lm_json *b);

/** False: they look alike to people (1 and 1.0), so that another finder shall tell. */
static bool tell(struct lm_differ *out, const struct lm_json *a, const struct lm_json *b)
{
    size_t x = 0, y = 0, at = 0;
    const char *s = lm_json_string(a, &x), *t = lm_json_string(b, &y);
    while (s != NULL && t != NULL && at < x && at < y && s[at] == t[at])
        at++;
    put_value(out->stored, a, at);
    put_value(out->now, b, at);
    return strcmp(out->stored, out->now) != 0;
}

/** Is it a name that can stand behind a dot? */
static bool is_plain(const char *key)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return key[0] != '\0' && key[strspn(key, plain)] == '\0';
}

static void push_key(struct lm_differ *out, const char *key)
{
    char shown[LM_DIFFER_VALUE];
    size_t used = strlen(out->place);
    lm_differ_excerpt(shown, key, strlen(key), 0);
    snprintf(out->place + used, sizeof out->place - used, is_plain(key) ? ".%s" : "[\"%s\"]",
             shown);
}

static bool compare_member(void *user, const char *key, const struct lm_json *value)
{
    struct level *level = user;
    size_t used = strlen(level->out->place);
    push_key(level->out, key);
    level->found = compare(level->out, value, lm_json_get(level->now, key));
    if (!level->found)
        level->out->place[used] = '\0';
    return !level->found;
}

static bool find_added(void *user, const char *key, const struct lm_json *value)
{
    struct level *level = user;
    level->found = lm_json_get(level->stored, key) == NULL;
    if (level->found) {
        push_key(level->out, key);
        (void)tell(level->out, NULL, value);
    }
    return !level->found;
}

static bool compare_objects(struct lm_differ *out, const struct lm_json *a, const struct lm_json *b)
{
    struct level level = {out, a, b, false};
    lm_json_each(a, compare_member, &level);
    if (!level.found)
        lm_json_each(b, find_added, &level);
    return level.found;
}

static bool compare_arrays(struct lm_differ *out, const struct lm_json *a, const struct lm_json *b)
{
    size_t used = strlen(out->place), x = lm_json_count(a), y = lm_json_count(b);
    for (size_t i = 0; i < x || i < y; i++) {
        snprintf(out->place + used, sizeof out->place - used, "[%zu]", i);
        if (compare(out, lm_json_at(a, i), lm_json_at(b, i)))
            return true;
    }
    out->place[used] = '\0';
    return false;
}

static bool are_equal(const struct lm_json *a, const struct lm_json *b)
{
    size_t x = 0, y = 0;
    const char *s = lm_json_string(a, &x), *t = lm_json_string(b, &y);
    if (s != NULL || t != NULL)
        return s != NULL && t != NULL && x == y && memcmp(s, t, x) == 0;
    if (lm_json_is_number(a) || lm_json_is_number(b))
        return is_whole(a) == is_whole(b) && lm_json_int(a, 0) == lm_json_int(b, 0) &&
               lm_json_double(a, (double)NAN) == lm_json_double(b, (double)NAN);
    return lm_json_is_null(a) == lm_json_is_null(b) &&
           lm_json_bool(a, false) == lm_json_bool(b, false);
}

static bool is_nested(const struct lm_json *value)
{
    return lm_json_is_object(value) || lm_json_is_array(value);
}

/** NULL: it is absent. */
static bool compare(struct lm_differ *out, const struct lm_json *a, const struct lm_json *b)
{
    if (a == NULL || b == NULL)
        return tell(out, a, b);
    if (lm_json_is_object(a) && lm_json_is_object(b))
        return compare_objects(out, a, b);
    if (lm_json_is_array(a) && lm_json_is_array(b))
        return compare_arrays(out, a, b);
    return is_nested(a) || is_nested(b) || !are_equal(a, b) ? tell(out, a, b) : false;
}

bool lm_differ_json_texts(struct lm_differ *out, const char *stored, size_t stored_size,
                          const char *now, size_t now_size)
{
    struct lm_json *a = NULL, *b = NULL;
    out->place[0] = '\0';
    bool found = lm_json_parse(&a, stored, stored_size, NULL) == LM_OK &&
                 lm_json_parse(&b, now, now_size, NULL) == LM_OK && compare(out, a, b);
    lm_json_free(a);
    lm_json_free(b);
    if (out->place[0] == '.')
        memmove(out->place, out->place + 1, strlen(out->place));
    return found;
}

/* ---- documents ---- */

static char *read_all(const struct lm_differ_pair *pair, int side)
{
    char *text = malloc((size_t)pair->sizes[side] + 1);
    if (text != NULL && lm_read_at(pair->fds[side], text, (size_t)pair->sizes[side], 0) !=
                            (size_t)pair->sizes[side]) {
        free(text);
        text = NULL;
    }
    return text;
}

bool lm_differ_json(struct lm_differ *out, const struct lm_differ_pair *pair)
{
    char first = '\0';
    bool fits = pair->sizes[0] <= LARGEST && pair->sizes[1] <= LARGEST &&
                lm_read_at(pair->fds[0], &first, 1, 0) == 1 && (first == '{' || first == '[');
    char *a = fits ? read_all(pair, 0) : NULL, *b = fits ? read_all(pair, 1) : NULL;
    bool found = a != NULL && b != NULL &&
                 lm_differ_json_texts(out, a, (size_t)pair->sizes[0], b, (size_t)pair->sizes[1]);
    free(a);
    free(b);
    return found;
}
