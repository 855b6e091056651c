/** A run as its record tells it (docs/formats/runs.md), read back. Everything lies in one arena. */
#ifndef LM_RUNS_RECORDED_H
#define LM_RUNS_RECORDED_H

#include <lmpipe/hash.h>
#include <lmpipe/pipeline.h>

#include "base/name_map.h"
#include "compare/named.h"

struct lm_recorded_stage {
    const char *id, *type;
    int64_t version;
    struct lm_named_text *point, *params; /**< values of the matrix; parameters by dotted names */
    size_t point_count, param_count;
    const char *seed, *numerics; /**< JSON, or NULL */
    const char *state;           /**< "hit", "done", "failed", "skipped", "stopped"; "unknown" */
    const char *error;           /**< or NULL */
    double seconds;              /**< it took in this run; 0: it was not executed */
    bool is_keyed;               /**< its inputs were known, and its record could be read */
    struct lm_digest key;
    const char *key_text, *headline; /**< or NULL */
    struct lm_named_digest *outputs; /**< by port; none: it has no result */
    struct lm_named_value *metrics;
    size_t output_count, metric_count;
};

struct lm_recorded_gate {
    const char *name, *metric, *reason, *verdict;
    double value; /**< NaN: none */
};

struct lm_recorded {
    const char *id;
    const char *home; /**< of the spec, below the root */
    const char *experiment;
    struct lm_named_text *head; /**< all that the record says of the run as a whole */
    size_t head_count;
    struct lm_recorded_stage *stages;
    size_t stage_count;
    struct lm_name_map by_id; /**< places of stages */
    struct lm_recorded_gate *gates;
    size_t gate_count;
    size_t damaged; /**< lines and files that could not be read: what they told is not there */
};

/** Reads the record of a run by its id. LM_NOT_FOUND: it has none (it was killed at once);
 *  LM_FORMAT, LM_IO, LM_NOMEM. */
enum lm_status lm_recorded_read(struct lm_recorded *out, struct lm_arena *arena,
                                const struct lm_store *store, const char *id, struct lm_err *err);
/** Is a process executing this run? */
bool lm_recorded_is_live(struct lm_arena *arena, const struct lm_store *store, const char *id);
/** The state of a run whose record says `recorded` (NULL: nothing): that, but of one that never
 *  said how it ended "running" while a process executes it, else "killed". */
const char *lm_recorded_state(struct lm_arena *arena, const struct lm_store *store, const char *id,
                              const char *recorded);
/** Place of a stage by its id. LM_INVALID: there is none; the text begins with `whose` ("run X")
 * and names the nearest, of a family its first instance. LM_NOMEM. */
enum lm_status lm_recorded_find(size_t *place, struct lm_arena *arena,
                                const struct lm_recorded *run, const char *whose, const char *id,
                                struct lm_err *err);
/** Reads what a line of the file of parameters tells of a stage. LM_FORMAT, LM_NOMEM. */
enum lm_status lm_recorded_read_stage(struct lm_recorded_stage *out, struct lm_arena *arena,
                                      const struct lm_json *object);
/** Reads what is known of a key. LM_FORMAT, LM_NOMEM. */
enum lm_status lm_recorded_read_key(struct lm_recorded_stage *out, struct lm_arena *arena,
                                    const struct lm_json *object);

#endif
