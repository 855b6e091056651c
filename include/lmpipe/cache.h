/**
 * Care for a store over years: what costs what, and what nobody needs any more
 * (docs/formats/store.md).
 */
#ifndef LMPIPE_CACHE_H
#define LMPIPE_CACHE_H

#include <lmpipe/pipeline.h>

struct lm_cache_options {
    /** For specs that are planned anew, as in lm_spec_options and lm_plan_options. */
    const struct lm_stage *const *types;
    const char *worker;
    const char *(*env)(void *user, const char *name);
    void *env_user;
    int64_t keep_runs; /**< of each spec; runs with equal results count once */
    double keep_days;  /**< of all runs of so many days, and results made then; 0: of none */
    double grace;      /**< seconds: what is younger stays; negative: an hour, and of checkpoints
                            and states 14 days */
    int64_t max_size;  /**< bytes: what nobody needs stays up to this size; negative: it goes */
    bool is_dry;       /**< remove nothing */
    const char *const *forget; /**< paths of roots, absolute, or of folders above some */
    size_t forget_count;
    /** Told before anything is removed, a sentence each; NULL: nobody listens. */
    void (*note)(void *user, const char *text);
    void *user;
};

/** Numbers and bytes of one kind of things. */
struct lm_cache_count {
    uint64_t count, bytes;
};

/** What went, or would go, and what stays. */
struct lm_cache_result {
    struct lm_cache_count results, objects, checkpoints, states, runs, temporary, damaged;
    uint64_t freed;                             /**< bytes of all of it */
    struct lm_cache_count kept;                 /**< results, with their objects */
    struct lm_cache_count needed;               /**< of them those that somebody needs */
    uint64_t specs, baselines, tags, last_runs; /**< that need them */
    uint64_t forgotten;                         /**< roots */
};

/** Removes what nobody needs. LM_IO: at once when a run is going on; something cannot be read or
 *  removed; LM_FORMAT: nobody knows what is needed, since a root or the record of a tagged run is
 *  damaged; LM_INVALID: a path to forget is none of the roots. Nothing is removed then, but when
 *  removing fails on the way. LM_NOMEM. */
enum lm_status lm_cache_gc(struct lm_store *store, const struct lm_cache_options *options,
                           struct lm_cache_result *out, struct lm_err *err);

/** What the results of a stage (all its instances) cost. */
struct lm_cache_row {
    const char *experiment, *stage; /**< experiment "": nobody knows it, and stage is a type */
    uint64_t results;
    uint64_t bytes;            /**< of all that they name, and of checkpoints */
    uint64_t shared;           /**< of these: other rows name it, too */
    uint64_t checkpoint_bytes; /**< of these */
    int64_t oldest, newest; /**< when they were made, unix seconds; 0: there are only checkpoints */
    int64_t used;           /**< when a run last had one, or it was made */
};

struct lm_cache_root {
    const char *path, *experiment;
    bool is_baseline, is_there;
    uint64_t results, bytes; /**< that it keeps; what several roots keep counts for each */
};

struct lm_cache_list {
    struct lm_arena *arena;    /**< of all of it; free it */
    struct lm_cache_row *rows; /**< largest first */
    size_t row_count;
    struct lm_cache_root *roots; /**< by path */
    size_t root_count;
    uint64_t bytes;               /**< of all rows, what they share counted once */
    uint64_t shared;              /**< bytes that several rows name, counted once */
    uint64_t unused;              /**< bytes of objects that no result names */
    struct lm_cache_count states; /**< of trainings, for longer ones to start from; in no row */
    int64_t now;
};

/** What costs what. Changes nothing and takes no lock. LM_IO, LM_NOMEM. */
enum lm_status lm_cache_list(struct lm_store *store, struct lm_cache_list *out, struct lm_err *err);

#endif
