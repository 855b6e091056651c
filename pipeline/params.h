/** Parameter structs by their rows: to text, from text, walked. */
#ifndef LM_PIPELINE_PARAMS_H
#define LM_PIPELINE_PARAMS_H

#include <lmpipe/param.h>
#include <lmpipe/stage.h>

#include "base/buf.h"
#include "base/json.h"

/** One leaf while walking: its key name ("split.valid", "sources.0.sha256") and address. */
struct lm_param_leaf {
    const char *name;
    const struct lm_param *row;
    const void *value; /**< the row's C type; for list items the item */
};
/** Visits every leaf in row order (list items in order; an empty list as the list itself). */
void lm_params_walk(const struct lm_param *rows, const void *params,
                    void (*visit)(void *user, const struct lm_param_leaf *leaf), void *user);
/** The parameters as one JSON object, lossless. */
void lm_params_write_json(const struct lm_param *rows, const void *params,
                          struct lm_json_writer *writer);
/** The reverse, for the worker; values were validated before. Strings go to the arena. */
enum lm_status lm_params_read_json(void *params, const struct lm_param *rows,
                                   const struct lm_json *object, struct lm_arena *arena,
                                   struct lm_err *err);
/** Fills defaults. */
void lm_params_defaults(void *params, const struct lm_param *rows);
/** A scalar as people read it: "0.001", "cosine", "10m". */
void lm_param_print(struct lm_buf *out, const struct lm_param *row, const void *value);

#endif
