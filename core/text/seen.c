#include "text/seen.h"

#include <stdlib.h>

enum lm_status lm_seen_begin(struct lm_seen *seen, size_t count, struct lm_err *err)
{
    size_t capacity = seen->capacity > 0 ? seen->capacity : 1024;
    while (capacity < 2 * count)
        capacity *= 2;
    if (capacity > seen->capacity || seen->round == UINT32_MAX) {
        free(seen->slots);
        *seen = (struct lm_seen){.slots = calloc(capacity, sizeof *seen->slots)};
        if (seen->slots == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for %zu parts of a text; free some", count);
        seen->capacity = capacity;
    }
    seen->round++;
    /* As many slots as the text needs, so that a long one before does not cost cache. */
    seen->shift = 64;
    for (size_t used = 1; used < seen->capacity && used < 2 * count; used *= 2)
        seen->shift--;
    return LM_OK;
}

const struct lm_seen_slot *lm_seen_add(struct lm_seen *seen, uint64_t key, size_t place)
{
    size_t mask = seen->shift < 64 ? ((size_t)1 << (64 - seen->shift)) - 1 : 0;
    size_t at = seen->shift < 64 ? (size_t)((key * 0x9E3779B97F4A7C15u) >> seen->shift) : 0;
    struct lm_seen_slot *slot = &seen->slots[at];
    while (slot->round == seen->round && slot->key != key) {
        at = (at + 1) & mask;
        slot = &seen->slots[at];
    }
    if (slot->round != seen->round)
        *slot = (struct lm_seen_slot){.key = key, .round = seen->round, .first = place};
    slot->count++;
    return slot;
}

void lm_seen_release(struct lm_seen *seen)
{
    free(seen->slots);
    *seen = (struct lm_seen){0};
}
