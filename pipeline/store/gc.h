/**
 * What is needed of a store stays, the rest goes (docs/formats/store.md). This file knows keys, not
 * who needs them: runs/needed.h does.
 */
#ifndef LM_STORE_GC_H
#define LM_STORE_GC_H

#include "store/digest_map.h"
#include "store/store.h"

/** A stage (all its instances) of an experiment that a key is or was of. */
struct lm_key_owner {
    const char *experiment, *stage;
    const struct lm_key_owner *next;
};

/** What is known of a key, whether it has a result or not. */
struct lm_key_use {
    struct lm_digest key;
    bool is_needed;
    int64_t last; /**< unix seconds: when a run last had it; 0: not known */
    const struct lm_key_owner *owners;
};

struct lm_key_uses {
    struct lm_arena *arena;
    struct lm_key_use *rows;
    size_t count, capacity;
    struct lm_digest_map places;
};

/** The row of a key, which is added when there is none; NULL: out of memory. Valid until the next
 *  call. */
struct lm_key_use *lm_key_uses_add(struct lm_key_uses *uses, const struct lm_digest *key);
/** NULL: nothing is known of the key. */
const struct lm_key_use *lm_key_uses_find(const struct lm_key_uses *uses,
                                          const struct lm_digest *key);
void lm_key_uses_release(struct lm_key_uses *uses);

struct lm_gc_how {
    const struct lm_key_uses *uses;
    int64_t now;             /**< unix seconds */
    double grace;            /**< seconds: what is younger stays */
    double checkpoint_grace; /**< the same of checkpoints without a result, and of states */
    bool is_limited;         /**< only while the store is larger than: */
    uint64_t limit;          /**< bytes; last used, last to go */
    uint64_t size;           /**< of the store, all files */
    bool is_dry;             /**< only say what would go */
};

struct lm_gc_count {
    uint64_t count, bytes;
};

struct lm_gc_result {
    struct lm_gc_count results, objects, checkpoints, states, temporary, damaged; /**< that go */
    struct lm_gc_count kept, needed; /**< results that stay with their objects; that are needed */
};

/** Removes results that nobody needs, records durably before their objects, then objects of none,
 *  checkpoints of keys that have a result or that nobody needs, states, leftovers. While the store
 * is limited, states go before the first result: they only save time. A kill at any point leaves a
 * sound store. The caller has the store for itself (store/hold.h). LM_IO: something could not be
 * read, and nothing was removed, or not be removed; LM_NOMEM. */
enum lm_status lm_store_gc(struct lm_store *store, const struct lm_gc_how *how,
                           struct lm_gc_result *out, struct lm_err *err);

#endif
