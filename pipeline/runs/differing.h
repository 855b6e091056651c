/**
 * Results that were seen to differ: two executions of one key gave other bytes. The store's file
 * runs/differing holds a checksummed line for each time (docs/formats/store.md); the stored result
 * stays, and so does the memory.
 */
#ifndef LM_RUNS_DIFFERING_H
#define LM_RUNS_DIFFERING_H

#include <lmpipe/verify.h>

/** One time that it was seen. */
struct lm_differing {
    struct lm_digest key;
    const char *experiment, *stage, *type;
    const char *found; /**< by what: "run", "verify" */
    const char *host;
    int64_t when; /**< unix seconds */
    struct lm_difference difference;
};

/** All that is remembered, oldest first, in an arena. */
struct lm_differings {
    struct lm_differing *rows;
    size_t count;
};

/** Adds a line. LM_IO, LM_NOMEM. */
enum lm_status lm_differing_note(const struct lm_store *store, const struct lm_differing *differing,
                                 struct lm_err *err);
/** Reads what is remembered; a store without the file has nothing. LM_IO, LM_NOMEM. */
enum lm_status lm_differing_load(struct lm_differings *out, struct lm_arena *arena,
                                 const struct lm_store *store, struct lm_err *err);
/** The last time that results of a key were seen to differ, or NULL; *times (may be NULL): how
 *  often. */
const struct lm_differing *lm_differing_find(const struct lm_differings *all,
                                             const struct lm_digest *key, size_t *times);

#endif
