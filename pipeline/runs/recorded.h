/** A run as its record tells it (docs/formats/events.md), read back. Everything lies in one arena.
 */
#ifndef LM_RUNS_RECORDED_H
#define LM_RUNS_RECORDED_H

#include <lmpipe/hash.h>
#include <lmpipe/pipeline.h>

#include "base/name_map.h"
#include "compare/named.h"

struct lm_recorded_stage {
    const char *id, *type;
    const char *state; /**< "hit", "done", "failed", "skipped", "stopped" */
    int64_t version;
    bool is_keyed; /**< its inputs were known */
    struct lm_digest key;
    struct lm_named_digest *outputs; /**< by port; none: it has no result */
    struct lm_named_value *metrics;
    size_t output_count, metric_count;
};

struct lm_recorded {
    const char *id, *experiment;
    const char *home; /**< of the spec, below the root */
    struct lm_recorded_stage *stages;
    size_t stage_count;
};

/** Reads the record of a run by its id. LM_NOT_FOUND: it has none (it was killed); LM_FORMAT,
 *  LM_IO, LM_NOMEM. */
enum lm_status lm_recorded_read(struct lm_recorded *out, struct lm_arena *arena,
                                const struct lm_store *store, const char *id, struct lm_err *err);

#endif
