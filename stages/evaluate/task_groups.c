#include "task_groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/name_map.h"

enum { MOST = 10000, LONGEST = 100 };

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for the groups of a task; give it a limit");
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '+' || c == '-';
}

struct finding {
    struct lm_arena *arena;
    struct lm_name_map map; /* of names as in scores, by the order of the items */
    const char **names;
    size_t count, capacity;
};

/* The place of the group that `text` names. */
static enum lm_status find_group(size_t *place, struct finding *finding, const char *text,
                                 struct lm_err *err)
{
    char name[LONGEST + 1];
    size_t length = strlen(text);
    if (length > LONGEST)
        return lm_fail(err, LM_INVALID,
                       "group: '%.40s' goes on for %zu bytes, more than %d; "
                       "shorten it",
                       text, length, LONGEST);
    for (size_t i = 0; i <= length; i++)
        name[i] = is_plain(text[i]) || i == length ? text[i] : '_';
    *place = lm_name_map_find(&finding->map, name);
    if (*place != SIZE_MAX)
        return LM_OK;
    if (finding->count >= MOST)
        return lm_fail(err, LM_INVALID, "group: more than %d; is it the right field?", MOST);
    const char **names = lm_arena_grow(finding->arena, finding->names, finding->count,
                                       &finding->capacity, sizeof *names);
    const char *copy = lm_arena_strdup(finding->arena, name);
    if (names == NULL || copy == NULL || !lm_name_map_put(&finding->map, copy, finding->count))
        return no_memory(err);
    finding->names = names;
    names[finding->count] = copy;
    *place = finding->count++;
    return LM_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Puts the groups into the order of their names, and tells the items. */
static enum lm_status sort_level(struct task_level *level, struct finding *finding, size_t items,
                                 struct lm_err *err)
{
    size_t *place = LM_NEW_ARRAY(finding->arena, size_t, finding->count + 1);
    level->names = LM_NEW_ARRAY(finding->arena, const char *, finding->count + 1);
    level->count = finding->count;
    if (place == NULL || level->names == NULL)
        return no_memory(err);
    memcpy(level->names, finding->names, finding->count * sizeof *level->names);
    qsort(level->names, finding->count, sizeof *level->names, by_name);
    for (size_t i = 0; i < finding->count; i++)
        place[lm_name_map_find(&finding->map, level->names[i])] = i;
    for (size_t i = 0; i < items; i++)
        level->of[i] = place[level->of[i]];
    return LM_OK;
}

static enum lm_status find_level(struct task_level *level, struct lm_arena *arena, size_t which,
                                 const struct lm_task_items *items, struct lm_err *err)
{
    struct finding finding = {.arena = arena};
    lm_name_map_init(&finding.map, arena);
    level->of = LM_NEW_ARRAY(arena, size_t, items->count);
    if (level->of == NULL)
        return no_memory(err);
    for (size_t i = 0; i < items->count; i++)
        LM_TRY(find_group(&level->of[i], &finding, items->items[i].groups[which], err));
    return sort_level(level, &finding, items->count, err);
}

/* Names stand for groups whatever their level. */
static enum lm_status check_levels(const struct task_groups *groups, struct lm_arena *arena,
                                   struct lm_err *err)
{
    struct lm_name_map map;
    lm_name_map_init(&map, arena);
    for (size_t l = 0; l < groups->level_count; l++)
        for (size_t i = 0; i < groups->levels[l].count; i++) {
            const char *name = groups->levels[l].names[i];
            if (lm_name_map_find(&map, name) != SIZE_MAX)
                return lm_fail(err, LM_INVALID,
                               "group: two levels have a group '%s'; tell them apart, as "
                               "\"field {field}\"",
                               name);
            if (!lm_name_map_put(&map, name, i))
                return no_memory(err);
        }
    return LM_OK;
}

enum lm_status task_groups_find(struct task_groups *out, struct lm_arena *arena,
                                const struct lm_task *task, const struct lm_task_items *items,
                                struct lm_err *err)
{
    out->level_count = task->group_count;
    for (size_t l = 0; l < task->group_count; l++)
        LM_TRY(find_level(&out->levels[l], arena, l, items, err));
    return check_levels(out, arena, err);
}

enum lm_status task_groups_sum(double **sums, double **weights, struct lm_arena *arena,
                               const struct task_level *level, const double *over,
                               const double *under, size_t items, struct lm_err *err)
{
    *sums = LM_NEW_ARRAY(arena, double, level->count);
    *weights = LM_NEW_ARRAY(arena, double, level->count);
    if (*sums == NULL || *weights == NULL)
        return no_memory(err);
    for (size_t i = 0; i < items; i++) {
        (*sums)[level->of[i]] += over[i];
        (*weights)[level->of[i]] += under != NULL ? under[i] : 1;
    }
    return LM_OK;
}
