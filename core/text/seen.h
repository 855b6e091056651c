/** Which 64-bit keys were met before, and how often: for the lines, paragraphs and n-grams of one
 *  document after the other. */
#ifndef LM_TEXT_SEEN_H
#define LM_TEXT_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

/** How often a key was added, and the place of the first one. */
struct lm_seen_count {
    size_t first, count;
};

/** Zero-initialise. */
struct lm_seen {
    uint64_t *keys; /**< 0: free */
    struct lm_seen_count *counts;
    size_t capacity;
    unsigned shift; /**< of the part that is in use, a power of two: so that it stays in cache */
};

/** Empties it, with room for `count` keys. LM_NOMEM. */
enum lm_status lm_seen_begin(struct lm_seen *seen, size_t count, struct lm_err *err);

/** Where the key is, or belongs. Here, since it is asked of every word many times over. */
static inline size_t lm_seen_find(const struct lm_seen *seen, uint64_t key)
{
    size_t mask = ((size_t)1 << (64 - seen->shift)) - 1;
    size_t at = (size_t)((key * 0x9E3779B97F4A7C15u) >> seen->shift);
    while (seen->keys[at] != 0 && seen->keys[at] != key)
        at = (at + 1) & mask;
    return at;
}

/** Adds a key; was it there? Not to be mixed with lm_seen_count. */
static inline bool lm_seen_add(struct lm_seen *seen, uint64_t key)
{
    key += key == 0;
    size_t at = lm_seen_find(seen, key);
    bool is_there = seen->keys[at] != 0;
    seen->keys[at] = key;
    return is_there;
}

/** Adds a key that stands at `place`; what is known of it now, borrowed until the next begin. */
static inline const struct lm_seen_count *lm_seen_count(struct lm_seen *seen, uint64_t key,
                                                        size_t place)
{
    key += key == 0;
    size_t at = lm_seen_find(seen, key);
    if (seen->keys[at] == 0)
        seen->counts[at] = (struct lm_seen_count){.first = place};
    seen->keys[at] = key;
    seen->counts[at].count++;
    return &seen->counts[at];
}

void lm_seen_release(struct lm_seen *seen);

#endif
