/**
 * Recorded runs (docs/formats/events.md): every `lmpipe run` leaves a record in its store, which
 * outlives the results.
 *
 * RUN is a run's id or a beginning of it that no other has, `last`, `last~1`, or the path of a spec
 * (its last run). LM_INVALID: no run is called so, or several are; the text names the nearest.
 */
#ifndef LMPIPE_RUNS_H
#define LMPIPE_RUNS_H

#include <lmpipe/pipeline.h>

/** Writes a run as a baseline (docs/formats/baseline.md), atomically. *left: stages that have no
 *  result and are not in it. LM_INVALID: as above; LM_NOT_FOUND: its results are no longer in the
 *  store, or nothing in it has a metric; LM_FORMAT: its record is damaged; LM_IO, LM_NOMEM. */
enum lm_status lm_run_export(struct lm_store *store, const char *run, const char *path,
                             size_t *left, struct lm_err *err);

#endif
