#include "param/metrics.h"

#include <stdio.h>
#include <string.h>

#include "param/param_rows.h"

enum { LONGEST = 256 };

static const char digits[] = "0123456789";

const char *lm_better_name(enum lm_better better)
{
    static const char *const names[] = {
        [LM_BETTER_NONE] = NULL, [LM_BETTER_LOWER] = "lower", [LM_BETTER_HIGHER] = "higher"};

    return names[better];
}

/* ---- braces ---- */

/** Calls `visit` with every text that the braces of `pattern` stand for, until it returns true. */
static bool expand(const char *pattern, bool (*visit)(void *user, const char *text), void *user)
{
    const char *open = strchr(pattern, '{'), *close = open ? strchr(open, '}') : NULL;
    if (close == NULL)
        return visit(user, pattern);
    for (const char *part = open + 1;;) {
        char text[LONGEST];
        size_t length = strcspn(part, ",}");
        snprintf(text, sizeof text, "%.*s%.*s%s", (int)(open - pattern), pattern, (int)length, part,
                 close + 1);
        if (expand(text, visit, user))
            return true;
        if (part + length == close)
            return false;
        part += length + 1;
    }
}

/* ---- values of parameters ---- */

struct values {
    const char *path; /* "methods.name>…" */
    bool (*visit)(void *user, const char *value);
    void *user;
    bool found;
};

/** Is "methods.0.name" an item of "methods.name"? */
static bool is_item_of(const char *name, const char *path, size_t length)
{
    const char *end = path + length;
    for (;;) {
        size_t own = strcspn(name, "."), wanted = 0;
        while (path + wanted < end && path[wanted] != '.')
            wanted++;
        if (own != wanted || memcmp(name, path, own) != 0)
            return false;
        name += own;
        path += wanted;
        if (*name == '.' && strspn(name + 1, digits) > 0 &&
            strchr(".", name[1 + strspn(name + 1, digits)]) != NULL)
            name += 1 + strspn(name + 1, digits);
        if (*name == '\0' || path == end)
            return *name == '\0' && path == end;
        name++;
        path++;
    }
}

static void visit_leaf(void *user, const struct lm_param_leaf *leaf)
{
    struct values *values = user;
    const char *text;
    bool is_text = leaf->type == LM_P_STR || leaf->type == LM_P_ENUM;
    if (values->found || !is_text ||
        !is_item_of(leaf->name, values->path, strcspn(values->path, ">")))
        return;
    memcpy(&text, leaf->value, sizeof text);
    values->found = text != NULL && values->visit(values->user, text);
}

/** Calls `visit` with the values of the parameters `path`, until it returns true. */
static bool visit_values(const struct lm_stage *type, const void *params, const char *path,
                         bool (*visit)(void *user, const char *value), void *user)
{
    struct values values = {.path = path, .visit = visit, .user = user};
    if (path[0] == '>') {
        struct lm_list names =
            type->names != NULL ? type->names(params) : (struct lm_list){NULL, 0};
        const char *const *items = names.items;
        for (size_t i = 0; i < names.count; i++)
            if (visit(user, items[i]))
                return true;
        return false;
    }
    lm_params_walk(type->params, params, visit_leaf, &values);
    return values.found;
}

/* ---- matching ---- */

struct match {
    const struct lm_stage *type;
    const void *params;
    const char *name; /* what is left to match */
    const char *rest; /* of the pattern, while values are tried */
};

static bool fits(const struct match *match, const char *pattern, const char *name);

static bool fits_value(void *user, const char *value)
{
    const struct match *match = user;
    size_t length = strlen(value);
    return strncmp(match->name, value, length) == 0 &&
           fits(match, match->rest, match->name + length);
}

/** One or more bytes that are not dots (or, `only` given, that are of these), then the rest. */
static bool fits_run(const struct match *match, const char *rest, const char *name,
                     const char *only)
{
    size_t most = only != NULL ? strspn(name, only) : strcspn(name, ".");
    for (size_t length = most; length > 0; length--)
        if (fits(match, rest, name + length))
            return true;
    return false;
}

static bool fits(const struct match *match, const char *pattern, const char *name)
{
    for (;; pattern++, name++) {
        if (strncmp(pattern, "**", 2) == 0)
            return *name != '\0';
        if (*pattern == '*' || *pattern == '#')
            return fits_run(match, pattern + 1, name, *pattern == '#' ? digits : NULL);
        if (*pattern == '<') {
            struct match next = *match;
            next.name = name;
            next.rest = strchr(pattern, '>') + 1;
            if (match->params == NULL)
                return fits_run(match, next.rest, name, NULL);
            return visit_values(match->type, match->params, pattern + 1, fits_value, &next);
        }
        if (*pattern != *name || *name == '\0')
            return *pattern == *name;
    }
}

static bool fits_expanded(void *user, const char *text)
{
    const struct match *match = user;
    return fits(match, text, match->name);
}

const struct lm_metric_row *lm_metric_find(const struct lm_stage *type, const void *params,
                                           const char *name)
{
    struct match match = {.type = type, .params = params, .name = name};
    for (const struct lm_metric_row *row = type->metrics; row != NULL && row->name != NULL; row++)
        if (expand(row->name, fits_expanded, &match))
            return row;
    return NULL;
}

/* ---- what was meant ---- */

struct names {
    struct lm_arena *arena;
    const struct lm_stage *type;
    const void *params;
    const char *typed;
    const char **items;
    size_t count, capacity;
    const char *before, *rest; /* of the pattern, while values are tried */
    bool failed;
};

static bool fill(void *user, const char *pattern);

static bool fill_value(void *user, const char *value)
{
    struct names *names = user;
    struct names saved = *names;
    char text[LONGEST];
    if (value[strcspn(value, "<>*#{}")] != '\0')
        return false;
    snprintf(text, sizeof text, "%.*s%s%s", (int)(saved.rest - saved.before), saved.before, value,
             strchr(saved.rest, '>') + 1);
    fill(names, text);
    names->before = saved.before;
    names->rest = saved.rest;
    return false;
}

static size_t count_dots(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += *text == '.';
    return count;
}

/** The segment of `typed` that stands where `at` stands in `pattern`; length 0: they have not
 *  equally many. */
static const char *same_segment(const char *typed, const char *pattern, const char *at,
                                size_t *length)
{
    *length = 0;
    if (count_dots(typed) != count_dots(pattern))
        return typed;
    for (const char *p = pattern; p < at; p++)
        if (*p == '.')
            typed += strcspn(typed, ".") + 1;
    *length = strcspn(typed, ".");
    return typed;
}

static void keep(struct names *names, const char *text)
{
    const char **items =
        lm_arena_grow(names->arena, names->items, names->count, &names->capacity, sizeof *items);
    names->failed = names->failed || items == NULL;
    if (items == NULL)
        return;
    names->items = items;
    names->items[names->count] = lm_arena_strdup(names->arena, text);
    names->failed = names->failed || names->items[names->count] == NULL;
    names->count++;
}

/** Keeps the pattern, wildcards filled in: names that cannot be filled are left out. */
static bool fill(void *user, const char *pattern)
{
    struct names *names = user;
    size_t at = strcspn(pattern, "<*#"), length;
    char text[LONGEST];
    if (pattern[at] == '\0') {
        keep(names, pattern);
        return false;
    }
    if (strncmp(pattern + at, "**", 2) == 0)
        return false;
    if (pattern[at] == '<' && names->params != NULL) {
        names->before = pattern;
        names->rest = pattern + at;
        visit_values(names->type, names->params, pattern + at + 1, fill_value, names);
        return false;
    }
    const char *segment = same_segment(names->typed, pattern, pattern + at, &length);
    if (length == 0 || (pattern[at] == '#' && strspn(segment, digits) < length))
        return false;
    const char *rest = pattern[at] == '<' ? strchr(pattern + at, '>') + 1 : pattern + at + 1;
    snprintf(text, sizeof text, "%.*s%.*s%s", (int)at, pattern, (int)length, segment, rest);
    return fill(names, text);
}

const char **lm_metric_names(size_t *count, struct lm_arena *arena, const struct lm_stage *type,
                             const void *params, const char *typed)
{
    struct names names = {.arena = arena, .type = type, .params = params, .typed = typed};
    for (const struct lm_metric_row *row = type->metrics; row != NULL && row->name != NULL; row++)
        expand(row->name, fill, &names);
    *count = names.count;
    return names.failed ? NULL : names.items != NULL ? names.items : LM_NEW(arena, const char *);
}
