/**
 * The lists of a baseline's items, cut out of its text before that becomes a tree: they are nearly
 * all of it, and each is read as a column. A list is what stands in [ ] at the place that
 * docs/formats/baseline.md gives to columns: within the items of a stage of a baseline.
 */
#ifndef LM_COMPARE_COLUMNS_H
#define LM_COMPARE_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

#include "base/buf.h"
#include "base/json.h"

struct lm_columns {
    struct lm_column {
        const char *text; /**< from bracket to bracket, borrowed */
        size_t size;
        bool is_read;
    } * items;

    size_t count, capacity;
};

/** Cuts the lists out of text[0..size): `rest` gets all but them, and where list k was [k].
 *  LM_FORMAT: no JSON; LM_NOMEM. */
enum lm_status lm_columns_cut(struct lm_columns *out, struct lm_buf *rest, struct lm_arena *arena,
                              const char *text, size_t size);
/** The numbers of the list that is `place` of the rest, NaN for what is none. LM_FORMAT: no list,
 *  or not `count` long; LM_NOMEM. */
enum lm_status lm_columns_numbers(double *out, size_t count, struct lm_columns *columns,
                                  const struct lm_json *place);
/** The texts, NULL for what is none, in the arena. LM_FORMAT: no list; LM_NOMEM. */
enum lm_status lm_columns_texts(const char ***out, size_t *count, struct lm_columns *columns,
                                const struct lm_json *place, struct lm_arena *arena);
/** Are the lists that nobody asked for JSON? LM_FORMAT, LM_NOMEM. */
enum lm_status lm_columns_check(const struct lm_columns *columns);

#endif
