/**
 * A baseline (docs/formats/baseline.md): what a run's results were, in one file that needs no
 * store: metrics, the digests of what they are of, and the record of every held-out item. Written
 * by `exp export`; read by `exp diff` and `exp compare`, and by whoever decides gates against it.
 *
 *     struct lm_baseline baseline;
 *     LM_TRY(lm_baseline_read(&baseline, arena, path, err));
 *     const struct lm_baseline_stage *stage = lm_baseline_find(&baseline, "scores");
 *     double bpb = lm_baseline_metric(stage, "valid.bpb");
 *     const struct lm_items *items = lm_baseline_items(stage, "valid");
 *
 * and then, item by item, items->columns[LM_ITEM_NLL] beside those of the other run
 * (lm_items_differ says whether they are of the same items). Equal results give equal bytes.
 */
#ifndef LM_COMPARE_BASELINE_H
#define LM_COMPARE_BASELINE_H

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

#include "base/buf.h"
#include "base/name_map.h"
#include "compare/item_record.h"
#include "compare/named.h"

/** Records of one file of items. */
struct lm_baseline_set {
    const char *name; /**< "valid", "examples.test": the file's, without .jsonl */
    struct lm_items items;
};

/** What a stage gave; lists sorted by the bytes of their names. */
struct lm_baseline_stage {
    const char *id, *type;
    int64_t version;
    /** What the metrics are of: its inputs by port ("model", "tokens", "examples") and, but for the
     *  model, theirs in turn ("text", "vocab", "corpus"); the nearest of one name. */
    struct lm_named_digest *of;
    struct lm_named_digest *outputs; /**< by port */
    struct lm_named_value *metrics;
    struct lm_baseline_set *sets;
    size_t of_count, output_count, metric_count, set_count;
};

/** Everything lies in one arena. */
struct lm_baseline {
    const char *experiment;
    struct lm_baseline_stage *stages; /**< sorted by id */
    size_t stage_count;
    struct lm_name_map by_id; /**< places of stages; filled in by reading */
};

/** Appends the file. The buffer's status is the caller's to check. */
void lm_baseline_write(struct lm_buf *out, const struct lm_baseline *baseline);
/** Reads a file. LM_FORMAT: no baseline, one of another version, or a damaged one; LM_NOT_FOUND,
 *  LM_IO, LM_NOMEM, LM_RANGE (beyond 1 GiB). */
enum lm_status lm_baseline_read(struct lm_baseline *out, struct lm_arena *arena, const char *path,
                                struct lm_err *err);
/** Does the file begin as a baseline does? */
bool lm_baseline_is_one(const char *path);

/** A stage by id, or NULL. */
const struct lm_baseline_stage *lm_baseline_find(const struct lm_baseline *baseline,
                                                 const char *id);
/** A metric, NaN when the stage (or NULL) has none of that name. */
double lm_baseline_metric(const struct lm_baseline_stage *stage, const char *name);
/** Digest of what the metrics are of, by port; NULL: there is nothing of that name. */
const char *lm_baseline_of(const struct lm_baseline_stage *stage, const char *name);
/** Digest of an output, or NULL. */
const char *lm_baseline_output(const struct lm_baseline_stage *stage, const char *port);
/** The records of a split ("valid", "examples.test"), or NULL. */
const struct lm_items *lm_baseline_items(const struct lm_baseline_stage *stage, const char *name);

#endif
