/** Events of a run: told to the caller, and kept in runs/<id>/events.jsonl
 * (docs/formats/events.md). */
#ifndef LM_RUNS_EVENTS_H
#define LM_RUNS_EVENTS_H

#include <lmpipe/pipeline.h>

#include "base/buf.h"

struct lm_events {
    FILE *file;
    lm_run_event_fn *tell;
    void *user;
    uint64_t begin_ns;
    struct lm_buf line; /**< of the event that is being told */
};

/** Creates the file, and holds its kernel lock until the end: by that a run that is going on is
 * told from one that was killed. tell may be NULL. LM_IO. */
enum lm_status lm_events_open(struct lm_events *out, const char *path, lm_run_event_fn *tell,
                              void *user, struct lm_err *err);
void lm_events_close(struct lm_events *events);
/** Writes what is kept to the file: before waiting. */
void lm_events_flush(struct lm_events *events);
/** Fills in event->json, tells it, and writes it to the file when `keep`. A line that cannot be
 *  written is lost: the run goes on. */
void lm_events_emit(struct lm_events *events, struct lm_run_event *event, bool keep);

/** Reads a line that lm_events_emit has kept, and when it happened; its texts in the arena, `json`
 * is `line`, the key is left out. LM_FORMAT: it is none, or not whole; LM_NOMEM. */
enum lm_status lm_event_read(struct lm_run_event *out, double *seconds, struct lm_arena *arena,
                             const char *line, size_t size, struct lm_err *err);

/** "hit", "run", "maybe", "resume", "done", "failed", "skipped", "stopped". */
const char *lm_state_name(enum lm_state state);

#endif
