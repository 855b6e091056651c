/** What a stage has written: checked against its declaration, and hashed. */
#ifndef LM_WORKER_OUTPUTS_H
#define LM_WORKER_OUTPUTS_H

#include "protocol/job.h"
#include "protocol/output.h"

/** All outputs of a job in <folder>/out, in the order of the type's ports; files carry name,
 *  object, size, logical and mtime_ns. Everything is in the arena. LM_INVALID when a declared
 * output is missing or empty, when something else is there, or when it is no plain file; LM_IO. */
enum lm_status lm_outputs_collect(struct lm_output **out, size_t *count, struct lm_arena *arena,
                                  const struct lm_job *job, struct lm_err *err);

#endif
