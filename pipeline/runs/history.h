/**
 * The runs of a store, and what they are called on the command line. One file, runs/index, holds a
 * line a run, so that ten thousand are listed at once; it only remembers: a run that it lacks, or
 * whose line is damaged, is read from its own folder, and its line is added again.
 */
#ifndef LM_RUNS_HISTORY_H
#define LM_RUNS_HISTORY_H

#include "base/buf.h"
#include "runs/recorded.h"

/** A name that a person gave a run. */
struct lm_tag {
    const char *name, *run;
};

struct lm_history {
    struct lm_arena *arena;
    const struct lm_store *store;
    char **ids;         /**< oldest first */
    const char **lines; /**< (count) of the index; NULL: it has none */
    size_t count;
    size_t indexed;        /**< lines of the index, of runs that are gone and damaged ones, too */
    struct lm_buf repairs; /**< lines that it lacks, as far as rows were asked for */
    struct lm_tag *tags;   /**< by name */
    size_t tag_count;
};

/** A run in a few words; texts in the history's arena. */
struct lm_history_row {
    const char *json; /**< all of it, an object on one line */
    const char *experiment, *home, *state, *started, *headline;
    const char *root; /**< of its spec in the store (store/roots.h), or "" */
    int64_t exit_code, selected, executed;
    double seconds;
};

/** Does a name of the folder runs/ look like a run's id? */
bool lm_run_id_is_one(const char *name);
/** Lists the runs and tags of a store (NULL: none). Release in every case. LM_IO, LM_NOMEM. */
enum lm_status lm_history_load(struct lm_history *out, struct lm_arena *arena,
                               const struct lm_store *store, struct lm_err *err);
void lm_history_release(struct lm_history *history);
/** Row of run i. A run without any record is "killed". LM_NOMEM. */
enum lm_status lm_history_read(struct lm_history_row *out, struct lm_history *history, size_t i,
                               struct lm_err *err);
/** The metrics that a row tells. LM_NOMEM. */
enum lm_status lm_history_metrics(struct lm_named_value **out, size_t *count,
                                  const struct lm_history *history,
                                  const struct lm_history_row *row, struct lm_err *err);
/** Adds what the index lacks, and writes it anew when most of it is of runs that are gone. A store
 *  that cannot be written stays as it is. */
void lm_history_repair(struct lm_history *history);
/** The run that a name means: an id or a unique beginning of one, a tag, "last", "last~2" (the
 * third last), or a spec's path (its last run). *place is among the ids. LM_INVALID: there is no
 * such run, or there are several; the text names the nearest. LM_IO, LM_NOMEM. */
enum lm_status lm_history_find(size_t *place, struct lm_history *history, const char *name,
                               struct lm_err *err);

/** A spec whose runs are asked for. */
struct lm_history_spec {
    const char *home; /**< its path below the root, as runs remember it; NULL: no such file */
    char root[LM_DIGEST_HEX];
    struct lm_name_map others; /**< roots of specs with the same path below theirs: 1 for those that
                                    are there, 0 for those that are gone */
};

/** Fills in what is to be known of the spec at `path`, in the arena. */
void lm_history_spec_init(struct lm_history_spec *out, struct lm_arena *arena, const char *path);
/** Is a run of this spec? Not when another project with this store has a spec of the same path
 * below its root; one that is gone is this one at another place. */
bool lm_history_is_of(const struct lm_history *history, struct lm_history_spec *spec,
                      const struct lm_history_row *row);
/** May a run be called so? It begins with a letter, holds letters, digits, . _ - (64 at most), and
 * is not "last". */
bool lm_tag_is_fine(const char *name);
/** File of a tag, in the arena; NULL: out of memory. */
const char *lm_tag_path(struct lm_arena *arena, const struct lm_store *store, const char *name);

#endif
