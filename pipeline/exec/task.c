#include "exec/task.h"

#include <string.h>

/* ---- order ---- */

/** Calls `visit` for each stage that must have finished before `stage`: once an input, and once a
 *  stage whose gates it shows. */
static void each_before(const struct lm_spec *spec, size_t stage,
                        void (*visit)(struct lm_task *tasks, size_t before, size_t stage),
                        struct lm_task *tasks)
{
    for (size_t i = 0; i < spec->stages[stage].input_count; i++)
        visit(tasks, spec->stages[stage].inputs[i].stage, stage);
    for (size_t i = 0; i < spec->stages[stage].after_count; i++)
        visit(tasks, spec->stages[stage].after[i], stage);
}

static void count_edge(struct lm_task *tasks, size_t before, size_t stage)
{
    tasks[before].dependent_count++;
    tasks[stage].awaits++;
}

static void add_edge(struct lm_task *tasks, size_t before, size_t stage)
{
    tasks[before].dependents[tasks[before].dependent_count++] = stage;
}

struct lm_task *lm_tasks_create(struct lm_arena *arena, const struct lm_spec *spec)
{
    size_t edges = 0;
    struct lm_task *tasks = LM_NEW_ARRAY(arena, struct lm_task, spec->stage_count);
    if (tasks == NULL)
        return NULL;
    for (size_t i = 0; i < spec->stage_count; i++) {
        tasks[i].index = i;
        each_before(spec, i, count_edge, tasks);
    }
    for (size_t i = 0; i < spec->stage_count; i++)
        edges += tasks[i].dependent_count;
    size_t *places = LM_NEW_ARRAY(arena, size_t, edges + 1);
    if (places == NULL)
        return NULL;
    for (size_t i = 0; i < spec->stage_count; i++) {
        tasks[i].dependents = places;
        places += tasks[i].dependent_count;
        tasks[i].dependent_count = 0;
    }
    for (size_t i = 0; i < spec->stage_count; i++)
        each_before(spec, i, add_edge, tasks);
    return tasks;
}

/* ---- sets ---- */

bool lm_task_set_init(struct lm_task_set *set, struct lm_arena *arena, size_t tasks)
{
    size_t words = tasks / 64 + 1;
    *set = (struct lm_task_set){.words = LM_NEW_ARRAY(arena, uint64_t, words), .word_count = words};
    return set->words != NULL;
}

static bool is_member(const struct lm_task_set *set, size_t index)
{
    return set->words[index / 64] >> (index % 64) & 1;
}

void lm_task_set_add(struct lm_task_set *set, size_t index)
{
    set->count += !is_member(set, index);
    set->words[index / 64] |= UINT64_C(1) << (index % 64);
}

void lm_task_set_remove(struct lm_task_set *set, size_t index)
{
    set->count -= is_member(set, index);
    set->words[index / 64] &= ~(UINT64_C(1) << (index % 64));
}

size_t lm_task_set_next(const struct lm_task_set *set, size_t from)
{
    for (size_t word = from / 64; word < set->word_count && set->count > 0; word++) {
        uint64_t bits = set->words[word];
        if (word == from / 64)
            bits &= ~UINT64_C(0) << (from % 64);
        if (bits != 0)
            return word * 64 + (size_t)__builtin_ctzll(bits);
    }
    return SIZE_MAX;
}
