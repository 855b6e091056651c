/** A run under way: shared by the files exec*.c, publish.c and run_*.c alone. */
#ifndef LM_EXEC_EXEC_H
#define LM_EXEC_EXEC_H

#include "exec/child.h"
#include "plan/plan.h"
#include "runs/events.h"
#include "runs/series.h"
#include "store/lock.h"

enum lm_phase { LM_PENDING, LM_WAITING, LM_RUNNING, LM_FINISHED };

/** First and last value of a gauge, for run.json and run.html. */
struct lm_gauge_value {
    const char *name;
    double first, value;
    uint64_t first_ns, last_ns;
    struct lm_series *course; /**< by seconds since the attempt began; NULL: name with a dot */
};

/** One stage of the run. */
struct lm_node {
    size_t index; /**< in spec->stages and plan->stages */
    enum lm_phase phase;
    enum lm_state state; /**< when finished: LM_HIT, LM_DONE, LM_FAILED, LM_SKIPPED, LM_STOPPED */
    const char *reason;  /**< why it ran */
    const char *error;   /**< one line, or NULL */
    const char *folder, *log, *lock_path;
    struct lm_lock lock; /**< of its key, while it is produced here */
    struct lm_child child;
    struct lm_child_end end;
    const char *result; /**< JSON text of the worker's last event, or NULL */
    size_t threads;
    int64_t attempts;
    int64_t resumed; /**< position of the checkpoint it began from, or -1 */
    uint64_t begin_ns, attempt_ns, end_ns, term_ns, kept_ns;
    bool timed_out;
    struct lm_gauge_value gauges[128]; /**< a training has one a layer, and some */
    size_t gauge_count;
};

struct lm_exec {
    struct lm_plan *plan;
    const struct lm_spec *spec;
    struct lm_store *store;
    struct lm_arena *arena; /**< the plan's */
    const struct lm_run_options *options;
    const char *id;
    const char *folder;    /**< runs/<id> */
    const char *temporary; /**< tmp/<id>, made with the first stage that runs; NULL before */
    struct lm_lock store_lock, temporary_lock;
    struct lm_events events;
    struct lm_node *nodes; /**< parallel to spec->stages; unselected ones are finished */
    const char *const *environment;
    size_t threads; /**< budget */
    uint64_t begin_ns;
    int signal_fd;
    int stop_signal;   /**< the first one taken, or 0 */
    bool stopping;     /**< after a signal or the deadline */
    bool killed;       /**< after a second signal */
    bool failed;       /**< a stage has failed */
    bool store_failed; /**< a commit has failed */
    size_t executed;
};

/* exec_order.c */
/** Finishes stages that hit or cannot run, and starts those that may run now. */
void lm_exec_advance(struct lm_exec *exec);
/** Number of nodes in a phase. */
size_t lm_exec_count(const struct lm_exec *exec, enum lm_phase phase);
/** False after a signal, the deadline, or (without keep_going) a failure. */
bool lm_exec_may_start(const struct lm_exec *exec);
/** Marks a node finished and tells it. */
void lm_exec_finish(struct lm_exec *exec, struct lm_node *node, enum lm_state state,
                    const char *error);

/* exec_start.c */
/** Makes the private folder and the job, and starts the worker. */
enum lm_status lm_exec_start(struct lm_exec *exec, struct lm_node *node, struct lm_err *err);
/** The worker's environment; NULL: out of memory. */
const char *const *lm_exec_environment(const struct lm_run_options *options,
                                       struct lm_arena *arena);

/* exec_end.c */
/** Takes events that have arrived. */
void lm_exec_read(struct lm_exec *exec, struct lm_node *node);
/** Takes the end of a node's worker: commits, retries or fails. */
void lm_exec_end(struct lm_exec *exec, struct lm_node *node);

/** A note of the run (node NULL) or of a stage. */
void lm_exec_note(struct lm_exec *exec, const struct lm_node *node, const char *text);
/** Output of the record of an input's stage, or NULL. */
const struct lm_output *lm_exec_input(const struct lm_plan *plan,
                                      const struct lm_spec_input *input);
/** True for stages whose result is there: hit or done. */
bool lm_state_is_fine(enum lm_state state);

#endif
