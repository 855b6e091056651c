/** Which keys a recorded run had, read without the rest of its record: what gc asks of many runs.
 */
#ifndef LM_RUNS_RUN_KEYS_H
#define LM_RUNS_RUN_KEYS_H

#include "base/name_map.h"
#include "store/digest_map.h"
#include "store/roots.h"

/** A run as its run.json begins. */
struct lm_run_head {
    const char *id;
    int64_t begun;          /**< unix seconds, by its id */
    const char *experiment; /**< "" when nothing is known of it */
    const char *home;       /**< of its spec, below the root; likewise */
    const char *root; /**< name of the root of its spec, or NULL: from before there were any */
    const char *parameters, *results; /**< names of files, or NULL: it did not end */
    bool is_damaged;                  /**< there is a run.json that tells nothing */
};

/** Keys by the names of what is known of them, of all files of runs/keys/ that were asked for. */
struct lm_run_keys {
    struct lm_arena *arena;
    const struct lm_store *store;
    struct lm_name_map files;    /**< that were read */
    struct lm_digest_map places; /**< of keys, by the name of what is known of them */
    struct lm_digest *keys;
    size_t count, capacity;
};

/** Unix seconds of the moment that a run's id tells; 0: it is no id. */
int64_t lm_run_id_time(const char *id);
/** Reads what a run is; one without a record has empty texts. LM_NOMEM. */
enum lm_status lm_run_head_read(struct lm_run_head *out, struct lm_arena *arena,
                                const struct lm_store *store, const char *id, struct lm_err *err);
void lm_run_keys_init(struct lm_run_keys *keys, struct lm_arena *arena,
                      const struct lm_store *store);
void lm_run_keys_release(struct lm_run_keys *keys);
/** The keys of a run with their stages, in the arena: of one that ended all that were known, with a
 *  result or without; of one that was killed those of the stages that it began. *is_whole: nothing
 *  of its record is missing or damaged. LM_NOMEM. */
enum lm_status lm_run_keys_read(struct lm_root_key **out, size_t *count, bool *is_whole,
                                struct lm_run_keys *keys, const struct lm_run_head *run,
                                struct lm_err *err);
/** Calls visit for the name of every file of runs/keys/ that a file of runs/results/ refers to,
 * once or more. LM_NOMEM. */
enum lm_status lm_run_results_files(struct lm_run_keys *keys, const char *results,
                                    bool (*visit)(void *user, const char *file), void *user);

#endif
