/**
 * Who needs which results of a store (docs/formats/store.md): specs as they are now, results that
 * specs had last, tagged runs, runs that were exported, the last runs of each spec.
 */
#ifndef LM_RUNS_NEEDED_H
#define LM_RUNS_NEEDED_H

#include <lmpipe/cache.h>

#include "runs/history.h"
#include "runs/run_keys.h"
#include "store/gc.h"

/** A recorded run, and what it is to gc. */
struct lm_needed_run {
    struct lm_run_head head;
    bool is_needed;  /**< its results are */
    bool is_expired; /**< nobody needs its record */
};

struct lm_needed {
    struct lm_arena *arena;
    struct lm_store *store;
    const struct lm_cache_options *options;
    int64_t now; /**< unix seconds */
    bool is_naming;
    struct lm_key_uses uses;
    struct lm_history history;
    struct lm_root *roots;
    bool *is_forgotten; /**< parallel to roots */
    size_t root_count;
    struct lm_needed_run *runs; /**< oldest first */
    size_t run_count;
    struct lm_run_keys keys;
    const char **notes; /**< what people should know, a sentence each */
    size_t note_count, note_capacity;
    uint64_t specs, baselines, tags, last_runs; /**< that need something */
};

/** What is to be found out. */
enum lm_needed_wish {
    LM_NEEDED_ONLY,  /**< what is needed */
    LM_NEEDED_TIMES, /**< of every key that a run had when that was, too */
    LM_NEEDED_NAMES  /**< and which stages it was of */
};

/** Finds out. Release in every case. LM_INVALID: a path to forget is no root; LM_FORMAT: a root or
 *  the record of a tagged run is damaged, so that nobody knows what it needs; LM_IO, LM_NOMEM. */
enum lm_status lm_needed_find(struct lm_needed *out, struct lm_arena *arena, struct lm_store *store,
                              const struct lm_cache_options *options, enum lm_needed_wish wish,
                              struct lm_err *err);
void lm_needed_release(struct lm_needed *needed);
/** Adds a note. LM_NOMEM. */
enum lm_status lm_needed_note(struct lm_needed *needed, const char *text);

#endif
