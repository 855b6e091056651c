/** A run under way: shared by the files of exec/ alone. */
#ifndef LM_EXEC_EXEC_H
#define LM_EXEC_EXEC_H

#include <signal.h>

#include <lmpipe/verify.h>

#include "exec/attempt.h"
#include "exec/task.h"
#include "exec/worker_server.h"
#include "plan/locked.h"
#include "plan/plan.h"
#include "runs/events.h"
#include "runs/run_files.h"
#include "store/lock.h"

enum { LM_HELD_MAX = 256, LM_SPENT_MAX = 256 };

struct lm_held_lock {
    struct lm_lock lock;
    const char *path, *folder; /**< of its file, of the stage that has ended; NULL: no memory */
};

/** What `verify` does otherwise than `run`: stages are executed beside their results. */
struct lm_exec_verify {
    const struct lm_verify_options *options;
    struct lm_verify_row *rows; /**< parallel to spec->stages */
};

struct lm_exec {
    /** The plan as it is now: a copy of the one that was given, in the run's own memory. */
    struct lm_plan now;
    const struct lm_spec *spec;
    struct lm_store *store;
    struct lm_arena *arena; /**< the result's: what is told at the end */
    const struct lm_run_options *options;
    const struct lm_exec_verify *verify; /**< NULL: a run */
    const char *id;
    const char *folder;    /**< runs/<id>; of `verify` a private one, which is removed */
    const char *temporary; /**< tmp/<id>, made with the first stage that runs; NULL before */
    struct lm_lock store_lock, temporary_lock;
    struct lm_events events;
    struct lm_run_facts facts; /**< what its files tell */
    struct lm_worker_server server;
    const char *const *environment;
    bool has_secrets;            /**< those that parameters name are in it */
    struct lm_task *tasks;       /**< parallel to spec->stages; unselected ones are finished */
    struct lm_run_stage *stages; /**< what is told of them, likewise */
    struct lm_task_set due;      /**< pending ones whose stages before have all finished */
    struct lm_task_set ready;    /**< LM_READY and LM_WAITING */
    struct lm_task **running;
    size_t running_count;
    size_t jobs;                  /**< stages at once, at most */
    size_t held_max;              /**< locks that are held at once, at most */
    size_t threads, threads_used; /**< the whole budget, and what running stages have of it */
    uint64_t memory, memory_used; /**< bytes this process may have, and what running stages need */
    uint64_t begin_ns;
    int signal_fd;
    sigset_t signals_before;
    const char *host;         /**< name of this machine */
    int stop_signal;          /**< the first one taken, or 0 */
    bool stopping;            /**< after a signal or the deadline */
    bool killed;              /**< after a second signal */
    bool failed;              /**< a stage has failed */
    bool irreproducible;      /**< a result is not the stored one of its key */
    bool retry_locks;         /**< it is time to look at LM_WAITING tasks again */
    const char *broken;       /**< why the store cannot be used any more; NULL: it can */
    struct lm_locked *locked; /**< the lock file that is held or written; NULL: none is */
    const char *differs;      /**< what is not as locked; NULL: nothing that was looked at */
    size_t executed;
    struct lm_costs costs; /**< of the stages that have ended well, not yet remembered */
    /** Locks of keys whose results are admitted and not durable yet: until then nobody else sees
     *  them, and nobody else shall make them. */
    struct lm_held_lock *held;
    size_t held_count;
    uint64_t held_ns; /**< since when the first is held */
    double held_work; /**< seconds that went into them */
    /** Those that are free again, LM_SPENT_MAX at most: what is left of them is removed together.
     */
    struct lm_held_lock *spent;
    size_t spent_count;
    size_t told; /**< so many of the store's warnings are notes by now */
};

/* exec.c */
/** Takes over the plan, and the store's lock, and makes room for all stages; lm_exec_close in every
 *  case. LM_IO, LM_NOMEM. */
enum lm_status lm_exec_open(struct lm_exec *exec, const struct lm_plan *plan, struct lm_err *err);
/** Executes what is due and ready until nothing is left. LM_NOMEM. */
enum lm_status lm_exec_loop(struct lm_exec *exec, struct lm_err *err);
/** Frees all but what is told at the end. */
void lm_exec_close(struct lm_exec *exec);
/** What the store found damaged is told as notes, each once. */
void lm_exec_tell_damage(struct lm_exec *exec);

/* exec_order.c */
/** Finishes stages that hit or cannot run, and starts those that may run now. */
void lm_exec_advance(struct lm_exec *exec);
/** False after a signal, the deadline, or (without keep_going) a failure. */
bool lm_exec_may_start(const struct lm_exec *exec);
/** Marks a task finished, tells it, and lets those after it go on. */
void lm_exec_finish(struct lm_exec *exec, struct lm_task *task, enum lm_state state,
                    const char *error);
/** A task could not be executed, or its result not be kept; LM_IO: the store cannot be used. */
void lm_exec_fail(struct lm_exec *exec, struct lm_task *task, const struct lm_err *err);
/** The store cannot be used any more: nothing further is started, and the run ends with 3. */
void lm_exec_break(struct lm_exec *exec, const char *why);
/** A task runs no more: its threads and memory are free. */
void lm_exec_release(struct lm_exec *exec, struct lm_task *task);

/* exec_room.c */
/** How many stages may run at once, and as many more wait to become durable, within the number of
 *  files that the process may open (getrlimit(2)). */
size_t lm_room_files(void);
/** No further stage may start beside those that run, whichever it is. */
bool lm_exec_is_full(const struct lm_exec *exec);
/** The ready stage that shall wait until the others have ended, though there is room, or SIZE_MAX:
 *  one that takes far longer than all the others together, and would keep to the few threads that
 *  it starts with. It waits an eighth of its own time at most. Moments matter, results do not. */
size_t lm_exec_patient(struct lm_exec *exec);
/** Which of stages with these seconds of work is so long, or SIZE_MAX: `count` of them are ready,
 *  and those that run still need `beside`; below 0, or any that is not above 0: nobody knows. */
size_t lm_room_long_one(const double *work, size_t count, double beside);
/** Threads for a stage that would start now: the stages that are ready, but for the `patient` one,
 *  divide what is free, unless its `resources` say how many. */
size_t lm_exec_share(const struct lm_exec *exec, const struct lm_task *task, size_t patient);
/** Alone a stage may always run; beside others only within threads, memory and mutexes. */
bool lm_exec_has_room(const struct lm_exec *exec, const struct lm_task *task, size_t threads,
                      uint64_t memory);

/* exec_job.c */
/** A stage of a plan, all of whose inputs have results, and its private folder. */
struct lm_exec_place {
    const struct lm_plan *plan;
    size_t index;
    struct lm_arena *arena;
    const char *folder;
};
struct lm_job;
/** Fills in what plan and spec say of a job, and lays its inputs out in the folder; checkpoints,
 *  kernels, threads and what a run decides are the caller's. LM_INTERNAL: an input has no result;
 *  LM_IO, LM_NOMEM. */
enum lm_status lm_exec_job(struct lm_job *job, const struct lm_exec_place *place,
                           struct lm_err *err);

/* exec_start.c */
/** tmp/<id>, owned by a lock: whoever finds the lock free may remove the folder. LM_IO, LM_NOMEM.
 */
enum lm_status lm_exec_prepare_temporary(struct lm_exec *exec, struct lm_err *err);
/** Makes the private folder and the job, and starts the worker; the task has its attempt. */
enum lm_status lm_exec_start(struct lm_exec *exec, struct lm_task *task, struct lm_err *err);
/** The worker's environment; NULL: out of memory. */
const char *const *lm_exec_environment(const struct lm_run_options *options,
                                       struct lm_arena *arena);

/* exec_arrival.c */
/** Takes events that have arrived from a task's worker. */
void lm_exec_read(struct lm_exec *exec, struct lm_task *task);
/** The same for what is left at its end, with how it ended. */
void lm_exec_read_end(struct lm_exec *exec, struct lm_task *task);
/** A note of the run (task NULL) or of a stage. */
void lm_exec_note(struct lm_exec *exec, const struct lm_task *task, const char *text);

/* exec_end.c */
/** Takes the end of a task's worker: commits, retries or fails. */
void lm_exec_end(struct lm_exec *exec, struct lm_task *task);
/** Removes the files of locks that were freed, and the private folders of their stages. */
void lm_exec_clean(struct lm_exec *exec);
/** Remembers in the store what stages have cost. */
void lm_exec_keep_costs(struct lm_exec *exec);
/** Makes results durable and visible: when some have waited for a while, or `now`. */
void lm_exec_flush(struct lm_exec *exec, bool now);

/* exec_failure.c */
/** Why an attempt failed, in one line; *store: because the disk of the store did. */
const char *lm_exec_failure(const struct lm_exec *exec, const struct lm_task *task, bool *store);

/* exec_stop.c */
/** Signals are taken from a descriptor from here on; LM_IO. */
enum lm_status lm_exec_signals_open(struct lm_exec *exec, struct lm_err *err);
void lm_exec_signals_close(struct lm_exec *exec);
/** Takes what has arrived: the first asks stages to checkpoint, the second ends them. */
void lm_exec_signals_take(struct lm_exec *exec);
/** Deadlines of the run and of stages; workers that do not obey SIGTERM. */
void lm_exec_check_clocks(struct lm_exec *exec);

/* exec_differ.c */
/** Compares what a task has just made with a stored result of its key: *out NULL: they are equal;
 *  else the first difference, which is noted in the store for good. LM_NOMEM. */
enum lm_status lm_exec_differ(const struct lm_difference **out, struct lm_exec *exec,
                              const struct lm_task *task, const struct lm_record *stored,
                              const struct lm_record *now, struct lm_err *err);

/* exec_program.c */
/** Consent for the programs of all stages that will or may be executed: those that are no hits, or
 *  those that are marked. LM_INVALID: it was not given, options->programs says for which; LM_NOMEM.
 */
enum lm_status lm_exec_consent(const struct lm_plan *plan, const struct lm_run_options *options,
                               const bool *marked, struct lm_err *err);
/** Adds the secrets that parameters name to the worker's environment, once: the first stage to
 * start asks for it. False: out of memory. */
bool lm_exec_add_secrets(struct lm_exec *exec);
/** A program of a user's may have written where it should only read: LM_MISMATCH when what the
 *  stage has taken is not what it was. LM_NOMEM. */
enum lm_status lm_exec_check_inputs(struct lm_exec *exec, const struct lm_task *task,
                                    struct lm_err *err);

/* exec_verify.c */
/** Takes a result that `verify` has made. LM_FORMAT, LM_NOMEM. */
enum lm_status lm_exec_verify_take(struct lm_exec *exec, struct lm_task *task,
                                   const struct lm_record *now, struct lm_err *err);
/** A task was interrupted: true when that was asked for, and it goes on from its checkpoint. */
bool lm_exec_verify_resume(struct lm_exec *exec, struct lm_task *task);
/** How a task has ended otherwise. */
void lm_exec_verify_finish(struct lm_exec *exec, const struct lm_task *task, enum lm_state state,
                           const char *error);
/** Does a stage of this type leave checkpoints when it is interrupted? */
bool lm_exec_is_interruptible(const struct lm_stage *type);
/** Progress at which a task is to be interrupted next, or 0. */
uint64_t lm_exec_verify_position(const struct lm_exec *exec, const struct lm_task *task);

/* exec_lock.c */
/** Reads the lock file that the options ask for. LM_INVALID: it is missing or damaged; LM_IO: it
 *  could not be written; LM_NOMEM. */
enum lm_status lm_exec_lock_open(struct lm_exec *exec, struct lm_err *err);
/** Looks for stages that cannot be as locked, before the first one runs. LM_IO, LM_NOMEM. */
enum lm_status lm_exec_lock_expect(struct lm_exec *exec, struct lm_err *err);
/** A stage has a result: why the run must stop, as it is not as locked; NULL: it is, or nobody
 *  asked. */
const char *lm_exec_lock_compare(struct lm_exec *exec, size_t stage);
/** Brings the lock file up to date when the run shall, and when all it selected has a result. */
void lm_exec_lock_write(struct lm_exec *exec);

/* exec_files.c */
/** Publishes, decides gates, writes run.json, run.html and the like; fills in *out. */
enum lm_status lm_exec_leave(struct lm_exec *exec, struct lm_run_result *out, struct lm_err *err);

#endif
