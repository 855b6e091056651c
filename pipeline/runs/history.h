/** The runs of a store, and what they are called on the command line. */
#ifndef LM_RUNS_HISTORY_H
#define LM_RUNS_HISTORY_H

#include "runs/recorded.h"

struct lm_history {
    struct lm_arena *arena;
    const struct lm_store *store;
    char **ids; /**< oldest first */
    size_t count;
};

/** Does a name of the folder runs/ look like a run's id? */
bool lm_run_id_is_one(const char *name);
/** Lists the runs of a store. LM_IO, LM_NOMEM. */
enum lm_status lm_history_load(struct lm_history *out, struct lm_arena *arena,
                               const struct lm_store *store, struct lm_err *err);
/** The run that a name means: an id or a unique beginning of one, "last", "last~2" (the third
 * last), or a spec's path (its last run). *id lies in the arena. LM_INVALID: there is no such run,
 * or there are several; the text names the nearest. LM_IO, LM_NOMEM. */
enum lm_status lm_history_find(const char **id, const struct lm_history *history, const char *name,
                               struct lm_err *err);

#endif
