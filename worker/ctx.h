/** A context for one job: what a run function sees as struct lm_ctx. Also used by the stage tests.
 */
#ifndef LM_WORKER_CTX_H
#define LM_WORKER_CTX_H

#include <stdio.h>

#include <lmpipe/stage.h>

#include "protocol/job.h"
#include "protocol/output.h"

/** events NULL: dropped. signal_fd: a signalfd whose readability means "cancel", or -1. Creates
 *  <folder>/out and the folders of folder ports. The job is borrowed. LM_IO, LM_NOMEM. */
enum lm_status lm_ctx_create(struct lm_ctx **out, const struct lm_job *job, FILE *events,
                             int signal_fd, struct lm_err *err);
/** Frees the context and its arena; NULL is fine. */
void lm_ctx_free(struct lm_ctx *ctx);

/** Writes what progress and gauges the throttle has held back. */
void lm_ctx_flush(struct lm_ctx *ctx);
/** Metrics reported so far by lm_ctx_result: how many, and the i-th; *name is borrowed. */
size_t lm_ctx_result_count(const struct lm_ctx *ctx);
double lm_ctx_result_at(const struct lm_ctx *ctx, size_t index, const char **name);
/** What lm_ctx_source was told so far; borrowed. */
const struct lm_source_digest *lm_ctx_sources(const struct lm_ctx *ctx, size_t *count);
/** The headline, or "". */
const char *lm_ctx_headline_text(const struct lm_ctx *ctx);

/** For tests: the value of a result reported by lm_ctx_result, NaN when none. */
double lm_ctx_result_value(const struct lm_ctx *ctx, const char *name);
/** For tests: makes lm_ctx_cancelled true after `polls` further polls. */
void lm_ctx_cancel_after(struct lm_ctx *ctx, long polls);

#endif
