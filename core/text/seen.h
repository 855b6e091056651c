/** Which 64-bit keys were met before, and how often: a table that is emptied at no cost, for the
 *  lines, paragraphs and n-grams of one document after the other. */
#ifndef LM_TEXT_SEEN_H
#define LM_TEXT_SEEN_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

struct lm_seen_slot {
    uint64_t key;
    uint32_t round, count; /**< count: how often it was added */
    size_t first;          /**< place of the first one */
};

/** Zero-initialise. */
struct lm_seen {
    struct lm_seen_slot *slots;
    size_t capacity; /**< a power of two */
    unsigned shift;
    uint32_t round;
};

/** Empties it, with room for `count` keys. LM_NOMEM. */
enum lm_status lm_seen_begin(struct lm_seen *seen, size_t count, struct lm_err *err);
/** Adds a key that stands at `place`; what is known of it now, borrowed until the next begin. */
const struct lm_seen_slot *lm_seen_add(struct lm_seen *seen, uint64_t key, size_t place);
void lm_seen_release(struct lm_seen *seen);

#endif
