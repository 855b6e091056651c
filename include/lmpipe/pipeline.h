/**
 * The runner as a library: load a spec, plan it, run it, explain it. The command line is a thin
 * layer over this header. Texts for people come back as strings; only cli/ prints.
 *
 * Life of a run: lm_spec_load → lm_store_open → lm_plan_create → lm_run. Strings and arrays
 * reached from a spec or plan are owned by it.
 */
#ifndef LMPIPE_PIPELINE_H
#define LMPIPE_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <lmpipe/hash.h>
#include <lmpipe/stage.h>
#include <lmpipe/status.h>

/* ---- diagnostics ---- */

/** One finding about a spec: "file:line:col: stage.field: text". column 0, line 0: no place. */
struct lm_diag {
    const char *file;
    int line, column;
    const char *field; /**< "model.lr", "gates.0.metric", or "" */
    const char *text;  /**< what is wrong; what to do */
    bool warning;
};

struct lm_diags {
    struct lm_diag *items;
    size_t count, errors; /**< errors: those that are no warnings */
};

/** "file:line:col: field: text" (place and field left out when absent) into the arena. */
const char *lm_diag_format(struct lm_arena *arena, const struct lm_diag *diag);

/* ---- spec ---- */

struct lm_spec;

/** -S NAME=VALUE */
struct lm_setting {
    const char *name, *value;
};

struct lm_spec_options {
    const struct lm_stage *const *types; /**< the stage table */
    const struct lm_setting *settings;
    size_t setting_count;
    const char *(*env)(void *user, const char *name); /**< for ${env.NAME}; NULL: none is set */
    void *env_user;
    size_t threads;           /**< that look at files; 0: those of the machine */
    struct lm_spec **refused; /**< NULL, or for lm_run_forget and the names of the spec alone: what
                                 could be read of one with errors, when its experiment is known;
                                 else not set */
};

/** Loads, merges includes, substitutes, validates, in one pass that reports every error in
 *  *diags (owned by the arena). Returns LM_INVALID when there is any error (then *out is NULL),
 *  LM_IO/LM_NOT_FOUND when the file itself cannot be read. */
enum lm_status lm_spec_load(struct lm_spec **out, struct lm_diags *diags, struct lm_arena *arena,
                            const char *path, const struct lm_spec_options *options,
                            struct lm_err *err);

/** Name of the experiment, and the path the spec was loaded from. */
const char *lm_spec_experiment(const struct lm_spec *spec);
const char *lm_spec_path(const struct lm_spec *spec);
/** Root of the spec: lm_root_find from its folder, links resolved. Absolute. */
const char *lm_spec_root(const struct lm_spec *spec);
/** Nearest folder upwards from `folder` (absolute) that holds artifacts/ or .git, else `folder`; in
 *  the arena, NULL when memory is out. */
const char *lm_root_find(struct lm_arena *arena, const char *folder);
/** Stages in topological order (ties as in the file). */
size_t lm_spec_stages(const struct lm_spec *spec);
const char *lm_spec_stage_id(const struct lm_spec *spec, size_t index);
const struct lm_stage *lm_spec_stage_type(const struct lm_spec *spec, size_t index);
/** Has it this output of its type, with its parameters? */
bool lm_spec_stage_has(const struct lm_spec *spec, size_t index, const struct lm_port *output);
/** Index of a stage id, or (size_t)-1; *nearest (may be NULL) then holds the closest id or NULL. */
size_t lm_spec_find(const struct lm_spec *spec, const char *id, const char **nearest);
/** How many stages a target means: an id, a family ("model": all its instances), a glob
 *  ("model@lr=*"), or values ("@seed=1": all that vary by it and have that value). `marked`
 *  (stages), or NULL, gets true for each of them. */
size_t lm_spec_match(const struct lm_spec *spec, const char *target, bool *marked);
/** Index of the longest stage id that begins `text` and ends at a dot, a slash or its end;
 *  (size_t)-1. */
size_t lm_spec_find_longest(const struct lm_spec *spec, const char *text, size_t *length);

typedef void lm_setting_fn(void *user, const char *name, const char *help);
/** All that -S may name: variables, axes ("matrix.lr"), parameters ("model.lr",
 *  "text.split.valid"), each with a line of help; borrowed for the call. LM_NOMEM. */
enum lm_status lm_spec_each_setting(const struct lm_spec *spec, lm_setting_fn *each, void *user);

/** Warnings of a plan (lm_plan_warnings) for all stages, whether they are to run or not, for
 *  `check`, which reads every local file that is pinned; threads as in lm_plan_options. In the
 * spec's arena. */
struct lm_diags lm_spec_warnings(const struct lm_spec *spec, size_t threads);

/** Resolved spec as YAML; with origins each value carries "# file:line" or "# default". */
enum lm_status lm_spec_print_config(const struct lm_spec *spec, bool origins, bool json, FILE *out);

enum lm_graph_format { LM_GRAPH_TEXT, LM_GRAPH_DOT, LM_GRAPH_MERMAID, LM_GRAPH_JSON };
/** The stages and what they hand to each other, in a notation; in JSON every instance of a matrix
 * by itself. LM_NOMEM. */
enum lm_status lm_spec_print_graph(const struct lm_spec *spec, enum lm_graph_format format,
                                   FILE *out);
/** Types, ports, parameters. type NULL: all in a line each; json: machine form. LM_NOMEM. */
enum lm_status lm_stages_print(const struct lm_stage *const *types, const char *type, bool json,
                               FILE *out);
/** docs/stages/<type>.md from the table. LM_NOMEM. */
enum lm_status lm_stages_print_markdown(const struct lm_stage *type, FILE *out);
/** JSON Schema (2020-12) of specs. LM_NOMEM. */
enum lm_status lm_schema_print(const struct lm_stage *const *types, FILE *out);

/* ---- store ---- */

struct lm_store;
/** Opens, creating when absent, the store at `path`. LM_FORMAT: another version; LM_IO. */
enum lm_status lm_store_open(struct lm_store **out, const char *path, struct lm_err *err);
/** Writes the stat index when it changed, and frees; NULL is fine. */
void lm_store_close(struct lm_store *store);
/** Where the store is; owned by it. */
const char *lm_store_path(const struct lm_store *store);

struct lm_store_usage {
    uint64_t objects, object_bytes, actions, action_bytes, checkpoints, checkpoint_bytes, runs,
        run_bytes, states, state_bytes, /**< states: of trainings, for longer ones to start from */
        temporary_bytes;                /**< of runs under way and of what was set aside */
    uint64_t other_bytes;               /**< indexes, roots, locks */
    uint64_t total_bytes;               /**< of all files */
};
/** Counts what the store holds by walking it. LM_IO. */
enum lm_status lm_store_usage(struct lm_store *store, struct lm_store_usage *out,
                              struct lm_err *err);
/** Removes all objects, records, checkpoints, states and temporary files (not runs/). LM_IO when a
 * run is going on. */
enum lm_status lm_store_clear(struct lm_store *store, struct lm_store_usage *removed,
                              struct lm_err *err);

/** A result that names an object: its key, and the type of its stage ("" when it is not known). */
struct lm_store_user {
    struct lm_digest key;
    const char *type;
};

/** The last result of a stage of an experiment. */
struct lm_known_result {
    struct lm_digest key;
    const char *experiment, *stage;
    const char *spec; /**< path below the root; NULL: it is not known */
};
/** What the folders ROOT/artifacts/<experiment>/ remember, in the arena. LM_IO, LM_NOMEM. */
enum lm_status lm_known_results(struct lm_known_result **out, size_t *count, struct lm_arena *arena,
                                const char *root, struct lm_err *err);

/** One finding of lm_store_check; valid during the call. */
struct lm_store_finding {
    const char *what;                  /**< "damaged" (set aside), "missing", "unreadable" */
    const char *path;                  /**< of the object or the record, below the store */
    const struct lm_store_user *users; /**< results that are lost; their stages run again */
    size_t user_count;
};

struct lm_store_check_options {
    size_t threads;               /**< at least 1 */
    const struct lm_digest *keys; /**< of the results that matter; key_count 0: all there are */
    size_t key_count;
    void (*found)(void *user, const struct lm_store_finding *finding); /**< or NULL */
    void *user;
};

struct lm_store_check {
    uint64_t objects, bytes, records; /**< read */
    uint64_t damaged, missing, unreadable;
};
/** Reads every record and every byte of every object again (with keys: of theirs), on all threads,
 * believing nothing that was remembered; sets aside what is damaged. The indexes are right
 * afterwards. LM_IO, LM_NOMEM: the check could not be made. */
enum lm_status lm_store_check(struct lm_store *store, const struct lm_store_check_options *options,
                              struct lm_store_check *out, struct lm_err *err);
/** Findings of a health check (version, index, unreadable records, temporary leftovers), a line
 * each to out. */
enum lm_status lm_store_doctor(struct lm_store *store, FILE *out, struct lm_err *err);

/* ---- plan ---- */

enum lm_state { LM_HIT, LM_RUN, LM_MAYBE, LM_RESUME, LM_DONE, LM_FAILED, LM_SKIPPED, LM_STOPPED };

struct lm_selection {
    const char *const *targets; /**< named on the command line (lm_spec_match); none: all stages */
    size_t target_count;
    const char *from, *until; /**< or NULL */
    bool only;                /**< targets alone, without what is upstream of them */
    const char *const *force; /**< stages to run even when they hit */
    size_t force_count;
    size_t shard, shards; /**< every `shards`-th instance of the widest families, from `shard` (1 …
                             shards) on, with what is upstream; 0: all */
};

struct lm_plan;

/** Numeric keys name BLAS and its kernel: asked from the worker once, then cached in the store. */
struct lm_plan_options {
    struct lm_selection selection;
    size_t threads;     /**< budget of the run, for estimates; 0: the processors allowed */
    const char *worker; /**< path of the worker program (for the probe) */
    bool hold;          /**< as long as the plan lives nothing is removed from the store by gc: for
                             plans that are to be run, and what is read by plan */
    bool verify_hits; /**< every byte of results that are found is read, whatever is known of it */
    const char *(*env)(void *user,
                       const char *name); /**< what the worker may see; NULL: nothing is set */
    void *env_user;
};
/** LM_NOT_FOUND: a selected stage does not exist, or no worker; LM_INVALID: a selected stage needs
 *  one that is stale and not selected; LM_IO, LM_NOMEM. */
enum lm_status lm_plan_create(struct lm_plan **out, const struct lm_spec *spec,
                              struct lm_store *store, const struct lm_plan_options *options,
                              struct lm_err *err);
void lm_plan_free(struct lm_plan *plan);
/** Guesses the time of stages that no execution on record tells anything of, for what is printed:
 *  the worker may be asked how fast the processor is. LM_IO: it does not answer; LM_NOMEM. */
enum lm_status lm_plan_guess(struct lm_plan *plan, struct lm_err *err);

enum lm_plan_form {
    LM_PLAN_LINES, /**< a line a selected stage: "STATE STAGE REASON…", then what it will cost, in
                      columns; "?" behind a guess */
    LM_PLAN_JSON,  /**< an array of objects, with keys and numbers */
    LM_PLAN_TABLE  /**< lines whose states and stages stand in columns, too */
};

/** LM_NOMEM. */
enum lm_status lm_plan_print(const struct lm_plan *plan, enum lm_plan_form form, FILE *out);
/** What all stages that are to run will cost, in a line, in the arena; "" when there are none. */
const char *lm_plan_summary(const struct lm_plan *plan, struct lm_arena *arena);
bool lm_plan_is_stale(const struct lm_plan *plan); /**< anything but hits */
/** Warnings about stages that are to run and cannot have the memory they need: their estimate or
 *  resources.memory is beyond what this process may use (RAM, cgroup), or the estimate beyond
 *  resources.memory; or disk that is not free. Then those about stages that are up to date although
 * a local file is no longer what the spec pins it to. In the plan's arena. */
struct lm_diags lm_plan_warnings(const struct lm_plan *plan);
/** LM_RANGE with the first of them when `run` must not even begin. What memory other programs hold
 *  just now does not count: whether a spec may run depends on the machine, not on the moment.
 * LM_IO: what it will write, as far as that is known and no guess, does not fit on the store's
 * disk. */
enum lm_status lm_plan_refusal(const struct lm_plan *plan, struct lm_err *err);
/** `why`: differences of the key text since the last result, each traced to its cause, a line each.
 */
enum lm_status lm_plan_explain(struct lm_plan *plan, size_t stage, bool json, FILE *out,
                               struct lm_err *err);
/** Whether the current key of a stage has a result. */
bool lm_plan_has_result(const struct lm_plan *plan, size_t stage);
/** Path (in the store) of an artifact of the current key: a file; name NULL for file ports and
 *  for the manifest of a folder port, which is then in *manifest instead. LM_NOT_FOUND: no result
 * yet. */
enum lm_status lm_plan_artifact(const struct lm_plan *plan, size_t stage, const char *port,
                                const char *name, const char **path, const char **manifest,
                                struct lm_err *err);
/** Makes `folder` (existing, empty) hold links to all files of a folder port. LM_NOT_FOUND. */
enum lm_status lm_plan_materialize(const struct lm_plan *plan, size_t stage, const char *port,
                                   const char *folder, struct lm_err *err);

/** What a stage would deliver were its newest checkpoint the end: beside the run that may be going
 *  on, whose locks and checkpoints it leaves alone. */
struct lm_partial;

struct lm_partial_options {
    const char *worker; /**< path of the worker program, which makes it */
    const char *(*env)(void *user, const char *name); /**< as in lm_run_options */
    void *env_user;
};
/** Makes all outputs of the newest checkpoint of the stage's current key in a private folder of the
 *  store. LM_NOT_FOUND: there is none (the text says what to do), or its key is not known yet;
 *  LM_INVALID: a stage of this type keeps nothing that can be looked at; LM_IO, LM_NOMEM, and what
 *  the stage itself fails with. The plan must outlive it. */
enum lm_status lm_partial_open(struct lm_partial **out, struct lm_plan *plan, size_t stage,
                               const struct lm_partial_options *options, struct lm_err *err);
/** Step of the checkpoint. */
uint64_t lm_partial_position(const struct lm_partial *partial);
/** As lm_plan_artifact; *path is gone with lm_partial_close. */
enum lm_status lm_partial_artifact(const struct lm_partial *partial, const char *port,
                                   const char *name, const char **path, const char **manifest,
                                   struct lm_err *err);
/** Path of what a port delivers, a file or a folder; NULL: out of memory. As long as it is open. */
const char *lm_partial_path(const struct lm_partial *partial, const char *port);
/** Removes the folder; NULL is fine. */
void lm_partial_close(struct lm_partial *partial);

/* ---- run ---- */

enum lm_progress { LM_PROGRESS_AUTO, LM_PROGRESS_PLAIN, LM_PROGRESS_JSON, LM_PROGRESS_NONE };

/** What happens, as it happens; the command line turns it into the live view. Borrowed for the
 * call. */
struct lm_run_event {
    const char *stage; /**< NULL: of the run */

    enum lm_run_event_kind {
        LM_EV_RUN_BEGIN,
        LM_EV_STAGE_HIT,
        LM_EV_STAGE_WAIT,
        LM_EV_STAGE_BEGIN,
        LM_EV_PROGRESS,
        LM_EV_GAUGE,
        LM_EV_NOTE,
        LM_EV_STAGE_END,
        LM_EV_TICK,
        LM_EV_RUN_END
    } kind;
    enum lm_state state;         /**< STAGE_END */
    const struct lm_digest *key; /**< STAGE_BEGIN; or NULL */
    const char *text;            /**< reason, note, unit, gauge name, or error line */
    uint64_t done, total;        /**< PROGRESS */
    const char *doing;           /**< PROGRESS: what it does beside that, "validating"; or NULL */
    double value;                /**< GAUGE; STAGE_END: seconds */
    const char *json;            /**< the event as one line of JSON, as in events.jsonl */
};

typedef void lm_run_event_fn(void *user, const struct lm_run_event *event);

/** What a run does with STEM.lock beside the spec (docs/formats/lock.md). */
enum lm_lock_use {
    LM_LOCK_NONE,
    LM_LOCK_WRITE, /**< brings it up to date, once all selected stages have a result */
    LM_LOCK_HOLD   /**< stops at the first stage that is not as it pins it, and publishes nothing */
};

/** The job of a CI system that a run is part of, for provenance.json; what is not known is NULL. */
struct lm_run_job {
    const char *builder;                   /**< URI of what runs jobs */
    const char *repository, *ref, *commit; /**< https://…; refs/heads/main; hex digits */
};

struct lm_run_options {
    const char *worker;
    int jobs;            /**< stages at once; 0: as threads allow */
    size_t threads;      /**< whole budget; 0: the processors allowed */
    const char *kernels; /**< forced kernel path, or NULL */
    bool keep_going, offline;
    double deadline; /**< seconds from now; 0: none */
    bool ci;         /**< also write junit-run.xml, metrics.json, provenance.json, summary.md beside
                        what is published */
    const struct lm_run_job *job; /**< or NULL */
    enum lm_lock_use lock;
    bool allow_programs;       /**< consent to execute programs that the spec names: without it, and
                                  where any would be, LM_INVALID before anything is executed */
    struct lm_diags *programs; /**< or NULL: then those programs, an error each; in the spec's arena
                                */
    lm_run_event_fn *on_event;
    void *user;
    /** Environment of the worker: a fixed list of names is asked for; NULL: none is set. */
    const char *(*env)(void *user, const char *name);
    void *env_user;
};

struct lm_run_row {
    const char *stage;
    enum lm_state state;
    double seconds;
    const char *headline; /**< or "" */
    const char *error;    /**< one line, or NULL */
};

struct lm_reason;

/** A gate, decided: the same row for the table, the exit status, the run's record and page, JUnit
 *  and reports. */
struct lm_gate_row {
    const char *name;   /**< "scores.valid.bpb max 2.05": the bound, whatever was measured */
    const char *metric; /**< "scores.valid.bpb" */
    double value;       /**< as measured; NaN when there is none that is finite */
    const char *reason; /**< "1.98 is at most 2.05", "scores has failed" */
    const struct lm_reason *why; /**< the same as data, for other languages */
    const char *text; /**< name and reason: "scores.valid.bpb max 2.05: 1.98 is at most 2.05" */

    enum lm_gate_verdict {
        LM_GATE_PASS,
        LM_GATE_FAIL,
        LM_GATE_UNDECIDED,
        LM_GATE_UNSELECTED
    } verdict;
};

struct lm_run_result {
    struct lm_arena *arena; /**< of all of it; lm_run_result_release */
    const char *id;
    struct lm_run_row *rows;
    size_t row_count;
    const char **published; /**< paths, absolute */
    size_t published_count;
    struct lm_gate_row *gates;
    size_t gate_count;
    size_t executed;
    struct lm_diags findings; /**< ci: failed stages, failed and undecided gates, with places */
    const char *summary;      /**< ci: summary.md; else NULL */
    const char *error; /**< exit code 3 or 6: what failed, and what to do; else NULL. Of 6 it is
                            what the stage's row says, with the place in the spec before it */
    int exit_code; /**< 0, 1, 3, 4, 5, 6 or 75 as in docs/formats/events.md; 128 + n after a second
                  signal */
};

/** Frees what a run or publish returned. */
void lm_run_result_release(struct lm_run_result *result);
/** Brings the plan's stages up to date. The plan stays as it is. SIGINT, SIGTERM and SIGHUP (unless
 *  it was ignored before) are taken from a descriptor meanwhile: the first: checkpoint and stop,
 * the second: end at once. Ignore SIGPIPE before, or a reader that goes away ends the run. Returns
 * LM_OK whenever the run took place (see exit_code). LM_INVALID, before the first stage: a warning
 * of the plan is fatal, artifacts/<experiment>/ belongs to another spec, or the lock file that the
 * options ask for is missing or damaged. LM_IO: the store cannot be used, the lock file not be read
 * or not be written. */
enum lm_status lm_run(const struct lm_plan *plan, const struct lm_run_options *options,
                      struct lm_run_result *out, struct lm_err *err);

/** What came of merging lock files. */
struct lm_lock_merged {
    size_t blocks;        /**< of the result */
    const char **dropped; /**< stages whose blocks both sides changed differently: they are gone */
    size_t dropped_count;
};

/** Merges three lock files by blocks and writes the result to `ours`: as git calls merge drivers
 *  (%O %A %B). Texts in the arena. LM_INVALID: one of them is damaged or of another version; LM_IO,
 *  LM_NOT_FOUND, LM_NOMEM. After a failure `ours` is as it was. */
enum lm_status lm_lock_merge(struct lm_lock_merged *out, struct lm_arena *arena, const char *base,
                             const char *ours, const char *theirs, struct lm_err *err);
/** Removes what earlier runs of a spec left below artifacts/<experiment>/ for people and CI: what
 * it publishes, run.html, run.json and the files of `ci`; for a job of CI whose run did not begin,
 *  so that nothing of an earlier one is taken for its. *removed: how many there were. A folder that
 * belongs to another spec or to none stays as it is. LM_IO: one could not be removed. */
enum lm_status lm_run_forget(const struct lm_spec *spec, size_t *removed, struct lm_err *err);
/** Publishes again what the spec declares, for stages that are up to date. */
enum lm_status lm_publish(const struct lm_plan *plan, struct lm_run_result *out,
                          struct lm_err *err);

#endif
