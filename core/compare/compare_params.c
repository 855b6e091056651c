/* Parameters that differ: those the caller gives, and what the scores tell of model and text. */
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/name_map.h"

#include "compare/comparison.h"

static const char *const prefixes[] = {"model.", "train."};

enum { PREFIXES = sizeof prefixes / sizeof prefixes[0] };

static bool is_shape(const char *key)
{
    for (size_t i = 0; i < PREFIXES; i++)
        if (strncmp(key, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

/* Names of parameters in the order in which they are first seen. */
struct names {
    struct lm_arena *arena;
    struct lm_name_map seen;
    const char **items;
    size_t count, capacity;
    bool failed; /* memory is out */
};

static bool add_name(struct names *names, const char *name)
{
    if (lm_name_map_find(&names->seen, name) != SIZE_MAX)
        return true;
    const char **items =
        lm_arena_grow(names->arena, names->items, names->count, &names->capacity, sizeof *items);
    names->failed = items == NULL || !lm_name_map_put(&names->seen, name, names->count);
    if (names->failed)
        return false;
    names->items = items;
    items[names->count++] = name;
    return true;
}

static bool add_shape(void *user, const char *key)
{
    return !is_shape(key) || add_name(user, key);
}

static const char *number_text(struct lm_arena *arena, double value)
{
    char text[32];
    return lm_arena_strdup(arena, lm_format_double(text, value));
}

const char *lm_compare_param_of(const struct lm_comparison *comparison,
                                const struct lm_compare_row *row, const char *name)
{
    for (size_t i = 0; i < row->run->param_count; i++)
        if (strcmp(row->run->params[i].name, name) == 0)
            return row->run->params[i].value;
    double value = is_shape(name) ? lm_compare_score(row, name, "") : (double)NAN;
    if (!isnan(value))
        return number_text(comparison->arena, value);
    return is_shape(name) ? lm_json_string(lm_json_get(row->run->scores, name), NULL) : NULL;
}

static bool is_same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Says a parameter only what an axis says already? */
static bool is_of_axis(const struct lm_comparison *out, const char *name)
{
    for (size_t a = 0; a < out->axis_count; a++) {
        bool all = true;
        for (size_t i = 0; i < out->count && all; i++) {
            size_t place = out->rows[i].places[a];
            const char *text = place != SIZE_MAX ? out->axes[a].texts[place] : NULL;
            const char *own = lm_compare_param_of(out, &out->rows[i], name);
            all = own == NULL || is_same(text, own);
        }
        if (all)
            return true;
    }
    return false;
}

static bool differs(const struct lm_comparison *out, const char *name)
{
    const char *first = NULL;
    for (size_t i = 0; i < out->count; i++) {
        const char *own = lm_compare_param_of(out, &out->rows[i], name);
        if (out->rows[i].state == LM_RUN_FAILED && own == NULL)
            continue;
        if (first != NULL && !is_same(first, own))
            return !is_of_axis(out, name);
        first = own != NULL ? own : "";
    }
    return false;
}

enum lm_status lm_compare_params(struct lm_comparison *out, struct lm_err *err)
{
    struct names names = {.arena = out->arena};
    lm_name_map_init(&names.seen, out->arena);
    for (size_t i = 0; i < out->count && !names.failed; i++) {
        const struct lm_compare_run *run = out->rows[i].run;
        for (size_t k = 0; k < run->param_count && !names.failed; k++)
            add_name(&names, run->params[k].name);
        if (!names.failed)
            lm_compare_each_score(run, add_shape, &names);
    }
    if (names.failed)
        return lm_fail(err, LM_NOMEM, "no memory for parameters; free some");
    out->params = names.items;
    for (size_t i = 0; i < names.count; i++)
        if (differs(out, names.items[i]))
            out->params[out->param_count++] = names.items[i];
    return LM_OK;
}
