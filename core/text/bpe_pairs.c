#include "text/bpe_pairs.h"

#include <stdlib.h>
#include <string.h>

bool lm_pair_set_init(struct lm_pair_set *set)
{
    *set = (struct lm_pair_set){.free_places = LM_NO_PLACE, .slot_mask = (1u << 14) - 1};
    set->slots = calloc(set->slot_mask + 1, sizeof *set->slots);
    return set->slots != NULL;
}

void lm_pair_set_release(struct lm_pair_set *set)
{
    free(set->pairs);
    free(set->slots);
    free(set->places);
    free(set->heap);
    *set = (struct lm_pair_set){0};
}

/* Room for one more of `size` bytes each; false, and the set failed, when memory is out. */
static bool reserve(struct lm_pair_set *set, void **items, size_t count, size_t *capacity,
                    size_t size)
{
    if (count < *capacity)
        return true;
    size_t grown = *capacity ? *capacity * 2 : 4096;
    void *moved = count < UINT32_MAX - 1 ? realloc(*items, grown * size) : NULL;
    if (moved == NULL) {
        set->failed = true;
        return false;
    }
    *items = moved;
    *capacity = grown;
    return true;
}

/* ---- counts ---- */

static bool grow_slots(struct lm_pair_set *set)
{
    size_t count = (set->slot_mask + 1) * 2;
    uint32_t *slots = calloc(count, sizeof *slots);
    if (slots == NULL) {
        set->failed = true;
        return false;
    }
    free(set->slots);
    set->slots = slots;
    set->slot_mask = count - 1;
    for (size_t i = 0; i < set->count; i++) {
        size_t at = lm_pair_hash(set->pairs[i].key) & set->slot_mask;
        while (slots[at] != 0)
            at = (at + 1) & set->slot_mask;
        slots[at] = (uint32_t)i + 1;
    }
    return true;
}

static struct lm_pair_count *find_or_make(struct lm_pair_set *set, uint64_t key)
{
    size_t at = lm_pair_hash(key) & set->slot_mask;
    for (; set->slots[at] != 0; at = (at + 1) & set->slot_mask) {
        struct lm_pair_count *known = &set->pairs[set->slots[at] - 1];
        if (known->key == key)
            return known;
    }
    void *items = set->pairs;
    if (!reserve(set, &items, set->count, &set->capacity, sizeof *set->pairs))
        return NULL;
    set->pairs = items;
    set->pairs[set->count] = (struct lm_pair_count){key, 0, LM_NO_PLACE};
    set->slots[at] = (uint32_t)++set->count;
    if (set->count * 2 > set->slot_mask && !grow_slots(set))
        return NULL;
    return &set->pairs[set->count - 1];
}

static void add_place(struct lm_pair_set *set, struct lm_pair_count *pair, uint32_t word)
{
    /* Occurrences in one word come one after the other. */
    if (pair->places != LM_NO_PLACE && set->places[pair->places].word == word)
        return;
    uint32_t at = set->free_places;
    if (at != LM_NO_PLACE) {
        set->free_places = set->places[at].next;
    } else {
        void *items = set->places;
        if (!reserve(set, &items, set->place_count, &set->place_capacity, sizeof *set->places))
            return;
        set->places = items;
        at = (uint32_t)set->place_count++;
    }
    set->places[at] = (struct lm_pair_place){word, pair->places};
    pair->places = at;
}

void lm_pair_set_add(struct lm_pair_set *set, int32_t left, int32_t right, int64_t by,
                     uint32_t word)
{
    struct lm_pair_count *pair = find_or_make(set, lm_pair_key(left, right));
    if (pair == NULL)
        return;
    pair->count += by;
    if (by > 0)
        add_place(set, pair, word);
}

bool lm_pair_set_take(struct lm_pair_set *set, uint32_t pair, uint32_t *word)
{
    uint32_t at = set->pairs[pair].places;
    if (at == LM_NO_PLACE)
        return false;
    *word = set->places[at].word;
    set->pairs[pair].places = set->places[at].next;
    set->places[at].next = set->free_places;
    set->free_places = at;
    return true;
}

/* ---- order ---- */

static bool is_before(const struct lm_pair_entry *a, const struct lm_pair_entry *b)
{
    return a->count != b->count ? a->count > b->count : a->key < b->key;
}

enum { ARITY = 4 };

static void sift_up(struct lm_pair_set *set, struct lm_pair_entry entry)
{
    void *items = set->heap;
    if (!reserve(set, &items, set->heap_count, &set->heap_capacity, sizeof *set->heap))
        return;
    set->heap = items;
    size_t at = set->heap_count++;
    for (; at > 0 && is_before(&entry, &set->heap[(at - 1) / ARITY]); at = (at - 1) / ARITY)
        set->heap[at] = set->heap[(at - 1) / ARITY];
    set->heap[at] = entry;
}

/* Puts `entry` in the place of the top. */
static void sift_down(struct lm_pair_set *set, struct lm_pair_entry entry)
{
    struct lm_pair_entry *heap = set->heap;
    size_t at = 0, count = set->heap_count;
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

void lm_pair_set_queue(struct lm_pair_set *set)
{
    for (; set->queued < set->count; set->queued++) {
        const struct lm_pair_count *pair = &set->pairs[set->queued];
        if (pair->count > 0)
            sift_up(set, (struct lm_pair_entry){pair->count, pair->key, (uint32_t)set->queued});
    }
}

static void remove_top(struct lm_pair_set *set)
{
    struct lm_pair_entry last = set->heap[--set->heap_count];
    if (set->heap_count > 0)
        sift_down(set, last);
}

uint32_t lm_pair_set_pop(struct lm_pair_set *set)
{
    while (set->heap_count > 0) {
        struct lm_pair_entry top = set->heap[0];
        int64_t count = set->pairs[top.pair].count;
        if (count == top.count) {
            remove_top(set);
            return top.pair;
        }
        if (count <= 0) {
            remove_top(set);
            continue;
        }
        top.count = count;
        sift_down(set, top);
    }
    return LM_NO_PLACE;
}
