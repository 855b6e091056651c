#include "spec/upstream.h"

#include <stdint.h>
#include <string.h>

static void swap(size_t *a, size_t *b)
{
    size_t other = *a;
    *a = *b;
    *b = other;
}

static void push(struct lm_upstream_walk *walk, size_t stage)
{
    size_t *heap =
        lm_arena_grow(walk->arena, walk->heap, walk->count, &walk->capacity, sizeof *walk->heap);
    if (heap == NULL) {
        walk->failed = true;
        return;
    }
    walk->heap = heap;
    size_t at = walk->count++;
    heap[at] = stage;
    for (; at > 0 && heap[(at - 1) / 2] < heap[at]; at = (at - 1) / 2)
        swap(&heap[(at - 1) / 2], &heap[at]);
}

static size_t pop(struct lm_upstream_walk *walk)
{
    size_t *heap = walk->heap, top = heap[0];
    heap[0] = heap[--walk->count];
    for (size_t at = 0;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < walk->count && heap[child + 1] > heap[child])
            child++;
        if (child >= walk->count || heap[child] <= heap[at])
            return top;
        swap(&heap[child], &heap[at]);
        at = child;
    }
}

static void push_inputs(struct lm_upstream_walk *walk, size_t stage)
{
    const struct lm_spec_stage *s = &walk->spec->stages[stage];
    const struct lm_spec_input *rows = walk->taken != NULL ? walk->taken[stage].rows : s->inputs;
    size_t count = walk->taken != NULL ? walk->taken[stage].count : s->input_count;
    for (size_t i = 0; i < count && !walk->failed; i++)
        if (i == 0 || rows[i].stage != rows[i - 1].stage)
            push(walk, rows[i].stage);
}

void lm_upstream_begin(struct lm_upstream_walk *walk, const struct lm_spec *spec,
                       const struct lm_taken *taken, struct lm_arena *arena, size_t stage)
{
    *walk =
        (struct lm_upstream_walk){.spec = spec, .taken = taken, .arena = arena, .last = SIZE_MAX};
    push_inputs(walk, stage);
}

/* Inputs come before those who take them: nothing larger follows, and equal ones follow at once. */
size_t lm_upstream_next(struct lm_upstream_walk *walk)
{
    size_t stage = walk->last;
    while (walk->count > 0 && !walk->failed && stage == walk->last)
        stage = pop(walk);
    if (stage == walk->last || walk->failed)
        return SIZE_MAX;
    walk->last = stage;
    push_inputs(walk, stage);
    return stage;
}

static size_t count_types(const struct lm_spec *spec)
{
    size_t count = 0;
    while (spec->types[count] != NULL)
        count++;
    return count;
}

static void keep_nearer(size_t *nearest, size_t stage)
{
    if (*nearest == SIZE_MAX || *nearest < stage)
        *nearest = stage;
}

/* What is nearest by way of an input is that input or what is nearest to it: both are known. */
bool lm_upstream_bind(struct lm_spec *spec)
{
    size_t types = count_types(spec);
    size_t *rows = lm_arena_alloc_array(spec->arena, spec->stage_count, types * sizeof *rows, 16);
    for (size_t i = 0; rows != NULL && i < spec->stage_count; i++) {
        struct lm_spec_stage *stage = &spec->stages[i];
        size_t *nearest = &rows[i * types];
        for (size_t t = 0; t < types; t++)
            nearest[t] = SIZE_MAX;
        for (size_t k = 0; k < stage->input_count; k++) {
            const struct lm_spec_stage *from = &spec->stages[stage->inputs[k].stage];
            for (size_t t = 0; t < types; t++)
                if (strcmp(spec->types[t]->name, from->type->name) == 0)
                    keep_nearer(&nearest[t], stage->inputs[k].stage);
                else if (from->nearest != NULL && from->nearest[t] != SIZE_MAX)
                    keep_nearer(&nearest[t], from->nearest[t]);
        }
        stage->nearest = nearest;
    }
    return rows != NULL;
}

size_t lm_upstream_nearest(const struct lm_spec *spec, size_t stage, const char *type)
{
    const size_t *nearest = spec->stages[stage].nearest;
    for (size_t t = 0; nearest != NULL && spec->types[t] != NULL; t++)
        if (strcmp(spec->types[t]->name, type) == 0)
            return nearest[t];
    return SIZE_MAX;
}
