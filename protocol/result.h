/** The last event of a stage: its result, as the worker writes and the runner reads it
 *  (docs/formats/events.md). */
#ifndef LM_PROTOCOL_RESULT_H
#define LM_PROTOCOL_RESULT_H

#include <stdio.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

#include "protocol/output.h"

/** What has come of a stage: what it made when `status` is LM_OK, else why not. */
struct lm_result {
    enum lm_status status;
    const char *error;         /**< one line; NULL when status is LM_OK */
    int error_number;          /**< errno of the system call that failed, or 0 */
    struct lm_output *outputs; /**< as hashed, not sealed: without digest and manifest */
    size_t output_count;
    struct lm_metric *metrics;
    size_t metric_count;
    const struct lm_source_digest *sources;
    size_t source_count;
    const char *headline; /**< or "" */
};

/** Writes {"event":"result",…} as one line and flushes it. LM_IO, LM_NOMEM. */
enum lm_status lm_result_write(FILE *events, const struct lm_result *result, struct lm_err *err);
/** Reads what lm_result_write has written; all texts go to the arena. LM_FORMAT: it is not
 *  complete; LM_NOMEM. */
enum lm_status lm_result_read(struct lm_result *out, struct lm_arena *arena, const char *text,
                              size_t size, struct lm_err *err);

#endif
