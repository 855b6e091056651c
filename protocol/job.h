/**
 * What the runner hands to a worker for one stage: a JSON file in the private folder. The worker
 * writes events to descriptor 3, a JSON object a line (docs/formats/events.md).
 */
#ifndef LM_PROTOCOL_JOB_H
#define LM_PROTOCOL_JOB_H

#include <lmpipe/stage.h>

/** A worker has the secrets that its stages may ask for in variables with this before their names,
 *  so that none of them means anything to the worker itself. */
#define LM_SECRET_PREFIX "LMPIPE_SECRET_"

enum { LM_SECRET_LONGEST = 256 /**< bytes of such a name, with its NUL */ };

struct lm_job_input {
    const char *port, *label, *path;
};

struct lm_job_file {
    const char *path, *digest; /**< re-hashed after the run: changed meanwhile = failure */
    const char *param;         /**< "init.path", "tasks.0.data" */
};

struct lm_job {
    const struct lm_stage *stage; /**< bound to the parameters (lm_stage_bind) */
    const void *params;
    const struct lm_job_input *inputs;
    size_t input_count;
    const struct lm_job_file *files;
    size_t file_count;
    const char *folder;      /**< private; outputs go to <folder>/out/<port> */
    const char *checkpoints; /**< folder of this key's slots */
    const char *state;       /**< folder of the state it has in common with others; NULL: none */
    const char *experiment;  /**< JSON, or NULL */
    const char *kernels;     /**< or NULL */
    uint64_t seed;
    size_t threads;
    uint64_t memory; /**< resources.memory; 0: none given */
    uint64_t
        interrupt_at; /**< progress at which the stage is cancelled, as by a signal; 0: never */
    bool portable, offline;
    bool afresh;   /**< it does not begin from the state that is there */
    bool partial;  /**< the newest checkpoint as outputs, and no work (lm_ctx_partial) */
    bool may_rest; /**< its process may wait for another stage when this one was light */
};
/** Writes / reads the job file. */
enum lm_status lm_job_save(const struct lm_job *job, const char *path, struct lm_err *err);
enum lm_status lm_job_load(struct lm_job *out, struct lm_arena *arena,
                           const struct lm_stage *const *types, const char *path,
                           struct lm_err *err);

#endif
