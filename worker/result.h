/** The last event of a stage: its result, as the runner reads it (docs/formats/events.md). */
#ifndef LM_WORKER_RESULT_H
#define LM_WORKER_RESULT_H

#include <stdio.h>

#include "ctx.h"
#include "store/store.h"

/** Writes {"event":"result",…} as one line: outputs, metrics and headline when `status` is LM_OK,
 *  else the error's text. LM_IO, LM_NOMEM. */
enum lm_status lm_result_write(FILE *events, const struct lm_ctx *ctx,
                               const struct lm_output *outputs, size_t output_count,
                               enum lm_status status, const struct lm_err *stage_err,
                               struct lm_err *err);

#endif
