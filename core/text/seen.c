#include "text/seen.h"

#include <stdlib.h>
#include <string.h>

static bool grow(struct lm_seen *seen, size_t capacity)
{
    lm_seen_release(seen);
    seen->keys = malloc(capacity * sizeof *seen->keys);
    seen->counts = malloc(capacity * sizeof *seen->counts);
    seen->capacity = capacity;
    return seen->keys != NULL && seen->counts != NULL;
}

enum lm_status lm_seen_begin(struct lm_seen *seen, size_t count, struct lm_err *err)
{
    size_t used = 16;
    unsigned shift = 60;
    for (; used < 2 * count; used *= 2)
        shift--;
    if (used > seen->capacity && !grow(seen, used)) {
        lm_seen_release(seen);
        return lm_fail(err, LM_NOMEM, "no memory for %zu parts of a text; free some", count);
    }
    seen->shift = shift;
    memset(seen->keys, 0, used * sizeof *seen->keys);
    return LM_OK;
}

/* Where the key is, or belongs. */
static inline size_t find(const struct lm_seen *seen, uint64_t key)
{
    size_t mask = ((size_t)1 << (64 - seen->shift)) - 1;
    size_t at = (size_t)((key * 0x9E3779B97F4A7C15u) >> seen->shift);
    while (seen->keys[at] != 0 && seen->keys[at] != key)
        at = (at + 1) & mask;
    return at;
}

bool lm_seen_add(struct lm_seen *seen, uint64_t key)
{
    key += key == 0;
    size_t at = find(seen, key);
    bool is_there = seen->keys[at] != 0;
    seen->keys[at] = key;
    return is_there;
}

const struct lm_seen_count *lm_seen_count(struct lm_seen *seen, uint64_t key, size_t place)
{
    key += key == 0;
    size_t at = find(seen, key);
    if (seen->keys[at] == 0)
        seen->counts[at] = (struct lm_seen_count){.first = place};
    seen->keys[at] = key;
    seen->counts[at].count++;
    return &seen->counts[at];
}

void lm_seen_release(struct lm_seen *seen)
{
    free(seen->keys);
    free(seen->counts);
    *seen = (struct lm_seen){0};
}
