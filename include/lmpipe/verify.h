/**
 * Proof that results are what they are said to be: stages are executed again, beside their stored
 * results and from the stored inputs, and what comes out is compared. Nothing of a store is changed
 * by it but its list of results that were seen to differ (docs/formats/store.md).
 */
#ifndef LMPIPE_VERIFY_H
#define LMPIPE_VERIFY_H

#include <lmpipe/hash.h>
#include <lmpipe/pipeline.h>

/** The first difference between a stored result and what came out of another execution. */
struct lm_difference {
    const char *port;          /**< "model"; "metric" for the value of a metric */
    const char *file;          /**< in a folder port, else NULL */
    const char *place;         /**< "tensor head[3, 17]", "line 12, nll", "" when it is not known */
    const char *stored, *now;  /**< what is there in the two; "absent"; digests without a place */
    const char *stored_digest; /**< of the port: "sha256:…", "lmdb:…"; of a metric its value */
    const char *now_digest;
};

/** "model/model.safetensors: tensor head[3, 17]: 0.25 was stored, now 0.5", in the arena; NULL: out
 *  of memory. Parts of it may come from a corpus: not to be printed raw. */
const char *lm_difference_text(struct lm_arena *arena, const struct lm_difference *difference);

enum lm_verify_state {
    LM_VERIFY_SAME,
    LM_VERIFY_DIFFERS,
    LM_VERIFY_NO_RESULT,     /**< nothing is stored to compare with */
    LM_VERIFY_FAILED,        /**< it could not be executed to its end */
    LM_VERIFY_STOPPED,       /**< by a signal, or not begun */
    LM_VERIFY_UNINTERRUPTED, /**< it has no checkpoints, or had ended before the place it was to be
                                interrupted after */
    LM_VERIFY_STATES
};

/** "same", "differs", "no result", "failed", "stopped", "not interrupted". */
const char *lm_verify_state_name(enum lm_verify_state state);

struct lm_verify_row {
    const char *stage;
    enum lm_verify_state state;
    struct lm_digest key;                   /**< zero: it is not known */
    double seconds;                         /**< of the execution; 0: there was none */
    size_t threads;                         /**< it had */
    size_t interruptions;                   /**< at which it was stopped, and resumed */
    const char *text;                       /**< why, in a line, or "" */
    const struct lm_difference *difference; /**< LM_VERIFY_DIFFERS; else NULL */
};

struct lm_verify_options {
    struct lm_run_options run;  /**< worker, jobs, threads, kernels, offline, deadline, events */
    const char *const *targets; /**< as lm_spec_match; none: all stages */
    size_t target_count;
    const struct lm_digest *keys; /**< only the stages with one of these keys; none: all */
    size_t key_count;
    size_t exact;                 /**< each stage alone with so many threads; 0: as in a run */
    const uint64_t *interrupt_at; /**< steps, ascending: each stage is stopped after each of them
                                     and resumed from its checkpoint */
    size_t interrupt_count;
};

struct lm_verify_result {
    struct lm_arena *arena; /**< of all of it; lm_verify_result_release */
    struct lm_verify_row *rows;
    size_t row_count;
    int exit_code; /**< 0: all are the same; 6: one differs; 1: one has no result, failed, or had
                      ended before it could be interrupted; 75; 128 + n after a second signal */
};

/** Frees what lm_verify returned. */
void lm_verify_result_release(struct lm_verify_result *result);

/** Executes stages of a plan (of the whole spec) whose results are stored, and compares. Signals
 * and events as lm_run. LM_NOT_FOUND: there is no such stage, or none has one of the keys;
 * LM_INVALID: none of those named can be interrupted; LM_IO: the store cannot be used; LM_NOMEM. */
enum lm_status lm_verify(const struct lm_plan *plan, const struct lm_verify_options *options,
                         struct lm_verify_result *out, struct lm_err *err);

/** Results that were ever seen to differ, a line each, or nothing. LM_IO, LM_NOMEM. */
enum lm_status lm_verify_seen(const struct lm_store *store, FILE *out, struct lm_err *err);

/** lm_store_check of the results of a plan's stages (targets: as lm_spec_match; none: all; keys are
 *  set here): of one whose key is not known the last. LM_NOT_FOUND: there is no such stage. */
enum lm_status lm_verify_stored(const struct lm_plan *plan, const char *const *targets,
                                size_t target_count, const struct lm_store_check_options *options,
                                struct lm_store_check *out, struct lm_err *err);

/** A result of which a file is. */
struct lm_verify_maker {
    struct lm_digest key;
    const char *type;        /**< of its stage, "" when the key does not say */
    const char *port, *file; /**< file NULL: a file port, or a whole folder */
};
/** The results that a file or a folder is of, by its bytes, in the arena; *count 0: none. LM_IO,
 * LM_NOT_FOUND, LM_NOMEM. */
enum lm_status lm_verify_makers(struct lm_verify_maker **out, size_t *count, struct lm_arena *arena,
                                struct lm_store *store, const char *path, struct lm_err *err);

/** The recorded run that had a result last. */
struct lm_verify_origin {
    const char *run;
    const char *spec; /**< path below the root of its project */
    const char *experiment, *stage;
    struct lm_setting *settings; /**< of its command line; an address in a value is masked */
    size_t setting_count;
    size_t maker; /**< which of the results */
};
/** Finds it among the runs of a store, newest first; texts in the arena. LM_NOT_FOUND: none had one
 * of the results, or it was removed. LM_IO, LM_NOMEM. */
enum lm_status lm_verify_origin(struct lm_verify_origin *out, struct lm_arena *arena,
                                const struct lm_store *store, const struct lm_verify_maker *makers,
                                size_t count, struct lm_err *err);

#endif
