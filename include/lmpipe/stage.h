/**
 * A stage type is a descriptor (stages/<name>/<name>.c: tables only, cheap to load) and a run
 * function (stages/<name>/<name>_run.c, in the worker program). The run function gets an opaque
 * context and nothing else: no globals, no working folder, no environment, no clock.
 */
#ifndef LMPIPE_STAGE_H
#define LMPIPE_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/hash.h>
#include <lmpipe/param.h>
#include <lmpipe/saved.h>
#include <lmpipe/status.h>

enum lm_port_flags {
    LM_PORT_OPTIONAL = 1, /**< of an output: came after a release; a result without it is good as
                             long as nothing takes it or publishes it */
    LM_PORT_LIST = 2,     /**< takes several artifacts (in: a list); at least one unless optional */
    LM_PORT_FOLDER = 4,   /**< the artifact is a folder; else one file */
    LM_PORT_LABELS = 8 /**< of a list: the stage shows which instances its artifacts are of, so that
                          their axis values enter its key; those that failed are named, too */
};

/** The kind of an input that takes any. */
#define LM_KIND_ANY "any"

/** A named, typed input or output. Kinds: corpus text card meta removals vocab tokens model log
 * scores items samples html markdown csv json junit tokenizer_card; of types with LM_STAGE_OPEN
 * also file and folder, and inputs of LM_KIND_ANY. */
struct lm_port {
    const char *name, *kind, *help;
    unsigned flags;
    const char *key; /**< its name in keys and records, where that is another; else NULL */
};

/** The name of a port in keys and records. */
static inline const char *lm_port_key(const struct lm_port *port)
{
    return port->key != NULL ? port->key : port->name;
}

enum lm_better { LM_BETTER_NONE, LM_BETTER_LOWER, LM_BETTER_HIGHER };

/**
 * A metric that a stage type may give by lm_ctx_result, or several of one kind: which are given
 * depends on the data. In a name {a,b} stands for either (also empty: {,.low}), * for one or more
 * bytes but dots, # for digits, <methods.name> for any value of the parameters methods.N.name, <>
 * for any of the type's own `names`, ** for anything. Gates may name what fits one of the rows.
 */
struct lm_metric_row {
    const char *name; /**< "train_loss", "{valid,test}.bpb{,.lo,.hi}" */
    const char *unit; /**< in words, or NULL */
    enum lm_better better;
    const char *help; /**< ≤ 90 characters */
};

enum lm_stage_flags {
    LM_STAGE_SEED = 1,       /**< draws: the seed is in the key */
    LM_STAGE_NUMERIC = 2,    /**< the numerics line is in the key */
    LM_STAGE_EXPERIMENT = 4, /**< name, description, gates and upstream parameters are in the key */
    LM_STAGE_NETWORK = 8,    /**< may open sockets (--offline forbids) */
    LM_STAGE_OPEN = 32,      /**< takes inputs of any name, each of any kind: `inputs` lists none */
    LM_STAGE_STEPS = 16, /**< its progress counts steps, after each of which it can be cancelled and
                            resumed from a checkpoint at that step; what that would be as a result
                            can be asked for (lm_ctx_partial) */
    LM_STAGE_RESUMES = 64 /**< its progress counts bytes; it can be cancelled at borders of its own,
                             and resumed there (lm_ctx_work) */
};

enum { LM_SHAPE_MAX = 4, LM_SIZES_MAX = 8 };

/** What `plan` can say before anything runs. Zero: unknown. */
struct lm_estimate {
    double flops;
    uint64_t memory; /**< bytes at its peak; `run` refuses what the machine does not have */
    char text[200];  /**< e.g. "2,143,296 parameters, 1,400 steps" */

    /* For what follows see docs/internals/estimates.md. */
    double work; /**< what its time grows with: operations; 0: the bytes that it reads */
    /** What the pace of its work depends on besides (width, rows of a batch), each above 0, in one
     *  order: of the executions on record the nearest tells the pace. */
    double shape[LM_SHAPE_MAX];
    char variant[40];             /**< words; paces of other variants tell nothing ("bf16 muon") */
    uint64_t sizes[LM_SIZES_MAX]; /**< bytes of the outputs, in the order of the type's */
    uint64_t scratch;             /**< bytes on the disk only while it runs: checkpoints */
    uint64_t state;               /**< bytes of the state that it leaves beside its outputs */
    double positions; /**< of its progress at the end: a checkpoint at a fourth of them leaves three
                         fourths of the work */
};

/** What a stage of steps has in common with a longer one; or one that does its work on parts of an
 *  input with those that have some of these parts. */
struct lm_prefix {
    unsigned format; /**< of its state's bytes: raised with them */
    uint64_t steps;  /**< that do not depend on where it ends: after these it leaves its state, and
                         from one after as many at most it may begin */
    uint64_t all_steps; /**< in all */
    const char *parts; /**< the input port whose content they need not have in common, then no steps
                          are counted; NULL: none */
};

/** What a stage costs by the bytes it reads, where its type says no more and no execution is on
 *  record: measured once, on one machine. */
struct lm_stage_cost {
    double pace;         /**< bytes a second of processor time; of operations the share of the
                            processor's peak that its `work` reaches */
    double memory;       /**< bytes it holds anyhow */
    double memory_share; /**< and for each byte that it reads */
    double memory_most;  /**< but no more than this, where its memory is bounded; 0: it is not */
    double sizes[LM_SIZES_MAX]; /**< bytes of each output for each byte that it reads */
    /** The outputs grow with shape[0] to this power, and are `sizes` where it is `at`; 0: they
     * don't. */
    double power, at;
};

/** What an estimate may know beside the stage's own parameters. */
struct lm_upstream {
    /** Looks up a whole number, flag or choice (its place in the list) among the parameters of the
     *  nearest stage of `type` upstream; false when there is none. */
    bool (*get_int)(void *user, const char *type, const char *param, int64_t *out);
    void *user;
    size_t threads; /**< the stage would get; 0 is 1 */
    bool portable;  /**< numerics: portable (else blas) */
    /** Bytes of the artifacts that an input port takes, known or estimated; 0: none, not known.
     *  NULL: nobody knows. */
    uint64_t (*get_bytes)(void *user, const char *port);
};

/** get_bytes, or 0. */
static inline uint64_t lm_upstream_bytes(const struct lm_upstream *upstream, const char *port)
{
    return upstream->get_bytes != NULL ? upstream->get_bytes(upstream->user, port) : 0;
}

struct lm_stage {
    const char *name;    /**< what `uses:` says */
    unsigned version;    /**< bump when equal inputs and parameters give other bytes */
    const char *summary; /**< one line */
    unsigned flags;
    size_t max_threads;                     /**< threads it can use; 0: any number */
    const struct lm_port *inputs, *outputs; /**< NULL-name terminated */
    const struct lm_param *params;          /**< NULL-name terminated */
    size_t params_size;                     /**< sizeof the parameter struct */
    const struct lm_metric_row *metrics;    /**< NULL-name terminated; NULL: none */
    /** Optional cross-field rules and derived defaults; pure, no I/O. The text of *err names the
     * field first: "min_lr: must not exceed lr". */
    enum lm_status (*resolve)(void *params, struct lm_arena *arena, struct lm_err *err);
    /** Optional rules about parameters and connected inputs together: which optional port is needed
     *  after all. Pure; called after resolve; `has` tells whether a port is connected. */
    enum lm_status (*check_ports)(const void *params,
                                  bool (*has)(const void *user, const char *port), const void *user,
                                  struct lm_err *err);
    /** Optional: does a stage with these resolved parameters have this output? NULL: all. Pure. */
    bool (*has_output)(const void *params, const char *port);
    /** Optional: what <> stands for in names of metrics, a list of const char *. */
    struct lm_list (*names)(const void *params);
    /** Optional: the libraries whose tables decide the bytes under these resolved parameters, by
     * the names the worker's probe knows ("utf8proc", "pcre2"; "portable": our own products, for a
     * type that uses them whatever its numerics), NULL-terminated: their versions are in the key.
     * "pcre2?": where a type upstream that names it has made the vocabulary that comes in. */
    const char *const *(*libraries)(const void *params);
    /** Optional. Unset upstream values: assume something typical and say so in text. */
    void (*estimate)(const void *params, const struct lm_upstream *upstream,
                     struct lm_estimate *out);
    /** Optional. Of LM_STAGE_STEPS: the steps that all trainings have in common whose parameters
     * are equal once those that only tell its end are taken out of them, which is done to `params`,
     * a copy. False: its steps depend on its end. Of LM_STAGE_RESUMES: likewise what decides about
     * parts of an input, each by itself. Pure. */
    bool (*prefix)(void *params, struct lm_prefix *out);
    /** Optional: what it costs when nothing is on record. */
    const struct lm_stage_cost *cost;
    /** Optional, for a type whose parameters declare its outputs: fills in `outputs` and `metrics`
     *  of *own, a copy of the type, from parameters that may not be resolved yet. False: out of
     *  memory. */
    bool (*bind)(struct lm_stage *own, const void *params, struct lm_arena *arena);
    /** Of a type that executes a program of the user's, which takes consent: the program in words,
     *  in the arena; NULL: out of memory. */
    const char *(*program)(const void *params, struct lm_arena *arena);
};

/** Has a stage of this type with these parameters the output? NULL parameters: any may have. */
static inline bool lm_stage_has_output(const struct lm_stage *type, const void *params,
                                       const struct lm_port *port)
{
    return type->has_output == NULL || params == NULL || type->has_output(params, port->name);
}

/** Generated from LM_STAGES: NULL-terminated. Pipeline functions take it as an argument. */
extern const struct lm_stage *const lm_stage_table[];

/* ---- the work ---- */

struct lm_ctx;
/** Runs a stage. Returns LM_OK with all outputs written, LM_CANCELLED after checkpointing, or a
 * failure. */
typedef enum lm_status lm_run_fn(struct lm_ctx *ctx, const void *params, struct lm_err *err);

struct lm_stage_run {
    const char *name;
    lm_run_fn *run;
};
/** Generated from LM_STAGES, linked into the worker only. */
extern const struct lm_stage_run lm_run_table[];

/** Path of an input: a file, or a folder (LM_PORT_FOLDER); read-only and verified. NULL: an
 *  optional port that is not connected. Borrowed. */
const char *lm_ctx_input(const struct lm_ctx *ctx, const char *port);
/** For LM_PORT_LIST ports: how many, the i-th path, and its label: the values of the axes that it
 * was gathered over ("lr=0.001,seed=2"), else "". It is in the key, and may be shown, where the
 * port has LM_PORT_LABELS; for such a port the path is "" when the stage that makes it failed. */
size_t lm_ctx_input_count(const struct lm_ctx *ctx, const char *port);
const char *lm_ctx_input_at(const struct lm_ctx *ctx, const char *port, size_t index);
const char *lm_ctx_input_label(const struct lm_ctx *ctx, const char *port, size_t index);
/** Path of a file that a followed file of the parameters names, "tasks.0.data" (struct lm_follow);
 *  of LM_STAGE_EXPERIMENT types also "baseline", that of the experiment. NULL: there is none.
 *  Borrowed. */
const char *lm_ctx_file(const struct lm_ctx *ctx, const char *param);
/** Where to write an output, in a private folder: a file to create, or an existing empty folder. */
const char *lm_ctx_output(struct lm_ctx *ctx, const char *port);

struct lm_arena *lm_ctx_arena(struct lm_ctx *ctx); /**< freed after run returns */
/** Seed of the stage for lm_rng_stream(seed, "name"): equal for equal keys. */
uint64_t lm_ctx_seed(const struct lm_ctx *ctx);
size_t lm_ctx_threads(const struct lm_ctx *ctx); /**< budget, ≥ 1; never changes results */
/** Bytes of memory that a stage whose memory is bounded keeps to, beside its longest document:
 *  resources.memory, else 1 GiB, or a quarter of the machine's when that is less. Never changes
 * results. */
size_t lm_ctx_memory(const struct lm_ctx *ctx);
bool lm_ctx_portable(const struct lm_ctx *ctx);       /**< numerics: portable (else blas) */
const char *lm_ctx_kernels(const struct lm_ctx *ctx); /**< forced kernel path, or NULL */
bool lm_ctx_offline(const struct lm_ctx *ctx);
/** Experiment facts as JSON text for LM_STAGE_EXPERIMENT types, NULL for others: {"name",
 *  "description","gates":[{"name":"STAGE.METRIC max 2","metric":"STAGE.METRIC","min","max","value",
 *  "verdict":"pass"|"fail"|"undecided"|"skipped","reason":"1.98 is at most 2"}],"stages":{id:{
 *  "uses","seed","params":{…},"in":{PORT:["STAGE.PORT"]},"files":["init.path"]}},"in":{…}}. Gates:
 *  those of stages that do not follow from such a stage, as the run decided them: shown, not
 * decided again; "min" and "max" only when given, "value" only when it was measured and is finite.
 * Stages: all upstream, sorted by id; "seed" only for types that draw; parameters without paths and
 *  addresses, of which "files" holds the names; "in" is the wiring, of each stage and of this one.
 */
const char *lm_ctx_experiment(const struct lm_ctx *ctx);

/** A secret by the name of the environment variable that holds it, which a parameter with
 *  LM_PARAM_SECRET says; NULL: it is not set, or empty. Borrowed. It never enters a key, an
 * artifact, a note or an error. */
const char *lm_ctx_secret(const struct lm_ctx *ctx, const char *name);
/** For types with `program`: the user's PATH, NULL: it is not set; borrowed. */
const char *lm_ctx_search_path(const struct lm_ctx *ctx);
/** *out: a private folder, empty at first and gone afterwards, beside the outputs. Borrowed. LM_IO,
 *  LM_NOMEM. */
enum lm_status lm_ctx_scratch(struct lm_ctx *ctx, const char **out, struct lm_err *err);
/** Bytes that something else has printed, into the stage's log as they are. */
void lm_ctx_log(struct lm_ctx *ctx, const void *data, size_t size);

/** Progress of the live line, at most as often as you like (throttled). */
void lm_ctx_progress(struct lm_ctx *ctx, uint64_t done, uint64_t total, const char *unit);
/** What the stage does beside that from now on, in a few words ("validating"); "": nothing. Copied;
 *  told at once, so that what takes long is known while it lasts. */
void lm_ctx_doing(struct lm_ctx *ctx, const char *what);
/** A value of the live line and of the run's events (loss, lr, tok/s …): never in an artifact or a
 * key. A name with a dot ("forward.seconds") is for the run's record and page alone. */
void lm_ctx_gauge(struct lm_ctx *ctx, const char *name, double value);
/** A gauge of how fast `total` grows: its change a second times `scale`, smoothed over a few
 * seconds, new at most once a second. The stage learns no time by it. */
void lm_ctx_pace(struct lm_ctx *ctx, const char *name, double total, double scale);
/** A final metric, kept in the action record and seen by gates as STAGE.name: one of the type's
 *  `metrics` (asserted). Deterministic values only. */
void lm_ctx_result(struct lm_ctx *ctx, const char *name, double value);
/** What an address that nothing pins gave, by its parameter ("sources.0.url"): the SHA-256 that
 *  would pin it. Kept in the action record, and so in lock files; once for each. */
void lm_ctx_source(struct lm_ctx *ctx, const char *param, const struct lm_digest *digest);
/** The short text of the run table, e.g. "valid 1.98 bpb". */
void lm_ctx_headline(struct lm_ctx *ctx, const char *format, ...) LM_PRINTF(2, 3);
/** A line for people, in the stage's log and in `run`'s plain output. */
void lm_ctx_note(struct lm_ctx *ctx, const char *format, ...) LM_PRINTF(2, 3);
/** True after SIGINT/SIGTERM or the deadline: checkpoint and return LM_CANCELLED within a few
 *  seconds. Poll at least once a second. */
bool lm_ctx_cancelled(struct lm_ctx *ctx);
/** True when about `seconds` have passed since the last checkpoint (or the start): the only sense
 *  of time a stage has. */
bool lm_ctx_checkpoint_due(struct lm_ctx *ctx);
/** Stores `size` bytes as the newest of two checkpoint slots of this exact key, at progress
 *  `position` (steps). Durable and checksummed when it returns. */
enum lm_status lm_ctx_checkpoint_save(struct lm_ctx *ctx, uint64_t position, const void *data,
                                      size_t size, struct lm_err *err);
/** The same of `count` parts, joined, which are written from where they lie. */
enum lm_status lm_ctx_checkpoint_save_parts(struct lm_ctx *ctx, uint64_t position,
                                            const struct lm_save_part *parts, size_t count,
                                            struct lm_err *err);
/** Newest sound checkpoint: *data in the ctx's arena, NULL when there is none. */
enum lm_status lm_ctx_checkpoint_load(struct lm_ctx *ctx, uint64_t *position, void **data,
                                      size_t *size, struct lm_err *err);
/** The same to be read piece by piece; to be closed, NULL when there is none. */
enum lm_status lm_ctx_checkpoint_open(struct lm_ctx *ctx, struct lm_saved **out,
                                      struct lm_err *err);
/** Stores parts, joined, that longer stages of equal beginning may start from (struct lm_prefix),
 *  after `position` steps; one that stands there or further stays. What cannot be stored is a note,
 *  no failure. */
void lm_ctx_state_save(struct lm_ctx *ctx, uint64_t position, const struct lm_save_part *parts,
                       size_t count);
/** The state that is stored, if it stands between `least` and `most`, both included, and is sound,
 *  to be closed; else NULL. Whatever is wrong with it is a note, no failure. */
struct lm_saved *lm_ctx_state_open(struct lm_ctx *ctx, uint64_t least, uint64_t most);
/** Tells that the stage begins after `position` steps, from whichever it has taken up. */
void lm_ctx_resumed(struct lm_ctx *ctx, uint64_t position);
/** Whether somebody only looks in: the stage takes up the newest checkpoint, does no work, and
 *  writes its outputs as if that were the end; nothing of the key is changed, and the outputs are
 *  no result. lm_ctx_checkpoint_open and _load fail then with LM_NOT_FOUND when there is none. For
 *  LM_STAGE_STEPS types. */
bool lm_ctx_partial(const struct lm_ctx *ctx);

/** Where a stage keeps parts of its work (base/spool.h), so that it need not do them again. */
struct lm_work {
    const char *folder; /**< of files of such parts; NULL: keeping them is not worth while */
    const char *own;    /**< path of the one file there that this stage writes; others are read */
    uint64_t owner;     /**< whose parts they are: a function of all that decides about them */
    bool afresh;        /**< nothing that is there is to be used */
};

/** Bytes of an input from which on parts of the work on it are kept: less is done in seconds. */
#define LM_WORK_FROM (UINT64_C(64) << 20)

/** *out: where parts of the work on `bytes` of input are kept. Inputs below LM_WORK_FROM are done
 *  anew, as are those that leave the disk less than three times their size;
 * but what `verify` interrupts, and what has a checkpoint, is kept. The folder is that of all
 * stages that have such parts in common (struct lm_prefix) and outlives them; else that of
 * lm_ctx_keep. Borrowed. LM_IO, LM_NOMEM. */
enum lm_status lm_ctx_work(struct lm_ctx *ctx, uint64_t bytes, struct lm_work *out,
                           struct lm_err *err);
/** *out: a folder for this exact key alone that outlives an interrupted or failed run and is gone
 *  after success, e.g. for partial downloads. What lies there is a hint, never a fact: check it.
 *  Borrowed. LM_IO, LM_NOMEM. */
enum lm_status lm_ctx_keep(struct lm_ctx *ctx, const char **out, struct lm_err *err);

#endif
