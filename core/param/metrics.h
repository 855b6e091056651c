/** The metrics a stage type declares: names matched against its rows (struct lm_metric_row). */
#ifndef LM_PARAM_METRICS_H
#define LM_PARAM_METRICS_H

#include <lmpipe/arena.h>
#include <lmpipe/stage.h>

/** The row that `name` fits, NULL when the type gives no such metric. `params` (resolved, or NULL:
 *  then anything) are what <methods.name> stands for. */
const struct lm_metric_row *lm_metric_find(const struct lm_stage *type, const void *params,
                                           const char *name);
/** Names the type gives that `typed` may have meant, wildcards filled in from it: an array in the
 *  arena for lm_suggest, its length to *count; NULL: out of memory. */
const char **lm_metric_names(size_t *count, struct lm_arena *arena, const struct lm_stage *type,
                             const void *params, const char *typed);
/** "lower", "higher", or NULL for a metric without a better side. */
const char *lm_better_name(enum lm_better better);

#endif
