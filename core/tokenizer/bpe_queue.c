#include "tokenizer/bpe_queue.h"

#include <stdlib.h>

#include "base/grow.h"

enum { ARITY = 4 };

void lm_queue_init(struct lm_queue *queue)
{
    *queue = (struct lm_queue){.level = LM_QUEUE_LEVELS};
}

void lm_queue_release(struct lm_queue *queue)
{
    free(queue->heap);
    for (size_t i = 0; i < LM_QUEUE_LEVELS; i++)
        free(queue->levels[i].pairs);
    lm_queue_init(queue);
}

/* ---- the heap ---- */

static bool is_before(const struct lm_queue_entry *a, const struct lm_queue_entry *b)
{
    return a->count != b->count ? a->count > b->count : a->key < b->key;
}

static void sift_up(struct lm_queue *queue, struct lm_queue_entry entry)
{
    struct lm_queue_entry *heap =
        lm_grow(queue->heap, &queue->capacity, queue->count, sizeof *heap);
    queue->failed |= heap == NULL;
    if (heap == NULL)
        return;
    queue->heap = heap;
    size_t at = queue->count++;
    for (; at > 0 && is_before(&entry, &heap[(at - 1) / ARITY]); at = (at - 1) / ARITY)
        heap[at] = heap[(at - 1) / ARITY];
    heap[at] = entry;
}

/* Puts `entry` in the place of the top. */
static void sift_down(struct lm_queue *queue, struct lm_queue_entry entry)
{
    struct lm_queue_entry *heap = queue->heap;
    size_t at = 0, count = queue->count;
    for (;;) {
        size_t child = at * ARITY + 1, best = child;
        for (size_t i = child + 1; i < child + ARITY && i < count; i++)
            if (is_before(&heap[i], &heap[best]))
                best = i;
        if (child >= count || !is_before(&heap[best], &entry))
            break;
        heap[at] = heap[best];
        at = best;
    }
    heap[at] = entry;
}

static void remove_top(struct lm_queue *queue)
{
    struct lm_queue_entry last = queue->heap[--queue->count];
    if (queue->count > 0)
        sift_down(queue, last);
}

/* ---- the levels ---- */

static int level_of(int64_t count)
{
    return 63 - __builtin_clzll((unsigned long long)count);
}

static void append(struct lm_queue *queue, struct lm_queue_level *level, uint32_t pair)
{
    uint32_t *pairs = lm_grow(level->pairs, &level->capacity, level->count, sizeof *pairs);
    queue->failed |= pairs == NULL;
    if (pairs == NULL)
        return;
    level->pairs = pairs;
    level->pairs[level->count++] = pair;
}

void lm_queue_push(struct lm_queue *queue, const struct lm_pair_set *set, uint32_t pair)
{
    const struct lm_pair_count *known = &set->pairs[pair];
    int level = level_of(known->count);
    if (level < queue->level)
        append(queue, &queue->levels[level], pair);
    else
        sift_up(queue, (struct lm_queue_entry){known->count, known->key, pair});
}

/* Moves the highest level that has pairs into the empty heap; false when none has. */
static bool descend(struct lm_queue *queue, const struct lm_pair_set *set, int64_t least)
{
    while (queue->level > 0 && queue->levels[queue->level - 1].count == 0)
        queue->level--;
    if (queue->level == 0)
        return false;
    struct lm_queue_level level = queue->levels[--queue->level];
    queue->levels[queue->level] = (struct lm_queue_level){NULL, 0, 0};
    for (size_t i = 0; i < level.count; i++)
        if (set->pairs[level.pairs[i]].count >= least)
            lm_queue_push(queue, set, level.pairs[i]);
    free(level.pairs);
    return true;
}

uint32_t lm_queue_pop(struct lm_queue *queue, const struct lm_pair_set *set, int64_t least)
{
    for (;;) {
        if (queue->count == 0) {
            if (!descend(queue, set, least))
                return LM_NO_PAIR;
            continue;
        }
        struct lm_queue_entry top = queue->heap[0];
        int64_t count = set->pairs[top.pair].count;
        if (count == top.count && count >= least) {
            remove_top(queue);
            return top.pair;
        }
        if (count >= least && level_of(count) >= queue->level) {
            top.count = count;
            sift_down(queue, top);
            continue;
        }
        remove_top(queue);
        if (count >= least)
            lm_queue_push(queue, set, top.pair);
    }
}
