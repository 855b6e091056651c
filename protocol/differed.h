/** Where two files first differ, as `lmpipe-worker differ` writes and the runner reads it: one JSON
 *  line {"event":"differed","place":…,"stored":…,"now":…}. */
#ifndef LM_PROTOCOL_DIFFERED_H
#define LM_PROTOCOL_DIFFERED_H

#include <stdio.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

struct lm_differed {
    const char *place;        /**< "tensor head.weight[3, 17]", "line 12, nll" */
    const char *stored, *now; /**< what is there in the two files */
};

/** Writes the line and flushes it. LM_IO, LM_NOMEM. */
enum lm_status lm_differed_write(FILE *events, const struct lm_differed *differed,
                                 struct lm_err *err);
/** Reads it; texts go to the arena. LM_FORMAT: it is another line; LM_NOMEM. */
enum lm_status lm_differed_read(struct lm_differed *out, struct lm_arena *arena, const char *text,
                                size_t size, struct lm_err *err);

#endif
