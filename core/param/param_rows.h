/** Parameter structs by their rows: to text, from text, walked. */
#ifndef LM_PARAM_PARAM_ROWS_H
#define LM_PARAM_PARAM_ROWS_H

#include <lmpipe/arena.h>
#include <lmpipe/param.h>
#include <lmpipe/stage.h>

#include "base/buf.h"
#include "base/json.h"

/** Longest name of a parameter, e.g. "sources.12.sha256". */
#define LM_PARAM_NAME 200

/** One leaf while walking: its names ("split.valid", "sources.0.sha256") and address. */
struct lm_param_leaf {
    const char *name; /**< as typed; borrowed for the call */
    const char *key;  /**< as keys call it, mostly the same; borrowed for the call */
    const struct lm_param *row;
    enum lm_param_type type; /**< of the value: for items of a list their own */
    bool item;               /**< an item of a list of scalars */
    bool hidden; /**< not in the key: flagged so, replaced by a pin, or inside such a record or list
                  */
    const void *value; /**< the row's C type; for list items the item */
    const char *pin;   /**< what the row is pinned by says: 64 hex digits; NULL: no pin is given */
    int64_t size;      /**< what the row is sized by says; LM_UNSET_INT: no size is given */
};

/** Visits every leaf in row order: a list first as itself (struct lm_list), then its items in
 * order. */
void lm_params_walk(const struct lm_param *rows, const void *params,
                    void (*visit)(void *user, const struct lm_param_leaf *leaf), void *user);
/** The parameters as one JSON object, lossless; unset numbers and absent texts are null. */
void lm_params_write_json(const struct lm_param *rows, const void *params,
                          struct lm_json_writer *writer);
/** The same with only the rows that `keep` accepts (leaf->name is the row's own name). */
void lm_params_write_json_if(const struct lm_param *rows, const void *params,
                             bool (*keep)(const struct lm_param_leaf *leaf),
                             struct lm_json_writer *writer);
/** The reverse, for the worker; values were validated before. Strings go to the arena.
 *  LM_FORMAT: a member is missing or of another type; LM_NOMEM. */
enum lm_status lm_params_read_json(void *params, const struct lm_param *rows,
                                   const struct lm_json *object, struct lm_arena *arena,
                                   struct lm_err *err);
/** Fills defaults (lists: empty). */
void lm_params_defaults(void *params, const struct lm_param *rows);
/** Is this value the row's default? Lists: empty. */
bool lm_param_is_default(const struct lm_param *row, const void *value);
/** Is this number unset, this text absent (NULL)? */
bool lm_param_is_unset(enum lm_param_type type, const void *value);
/** Bytes of one value of a scalar type. */
size_t lm_param_size(enum lm_param_type type);
/** "int", "float", "duration" …; never NULL. */
const char *lm_param_type_name(enum lm_param_type type);
/** A scalar as people read it: 0.001, cosine, 10m, 2G; "unset" when it is. Lists: their length. */
void lm_param_print(struct lm_buf *out, enum lm_param_type type, const void *value);

#endif
