/** `matrix:` of a spec: axes with their values, and the points they span. */
#ifndef LM_SPEC_MATRIX_H
#define LM_SPEC_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>

#include "yaml/yaml_node.h"

enum {
    LM_MATRIX_AXES = 64,      /**< at most: a set of axes is a mask of 64 bits */
    LM_MATRIX_POINTS = 10000, /**< at most */
};

/** A value of an axis: a scalar, or a mapping with a `name`. */
struct lm_axis_value {
    const struct lm_node *node;
    const char *label; /**< as ids show it: "0.001", "small" */
    double number;     /**< NaN: no number */
    size_t rank; /**< its place in the order of values: numbers by value, then text by bytes */
};

struct lm_axis {
    const char *name;
    struct lm_origin at;
    struct lm_axis_value *values;
    size_t count, capacity;
};

/** Axes in the order of the file; a point is a row with the index of its value on each of them. */
struct lm_matrix {
    struct lm_axis *axes;
    size_t axis_count;
    size_t *by_name;  /**< (axis_count) axes by name: the order of ids */
    uint32_t *points; /**< (point_count, axis_count) */
    size_t point_count, point_capacity;
};

struct lm_buf;
struct lm_load;

/** Reads `node` (variables filled in); what is wrong goes to the findings. NULL: there is a finding
 *  that leaves no points. */
struct lm_matrix *lm_load_matrix(struct lm_load *load, const struct lm_node *node);
/** There is a matrix and it was refused: what is said of its axes elsewhere would only follow. */
bool lm_load_has_bad_matrix(const struct lm_load *load);
/** `include`, `exclude`, `zip`: keys beside the axes. */
bool lm_matrix_is_own_key(const char *key);
/** Index of an axis with this name of `length` bytes; SIZE_MAX: there is none. */
size_t lm_matrix_axis(const struct lm_matrix *matrix, const char *name, size_t length);
/** Index of an axis' value with this label; SIZE_MAX. */
size_t lm_axis_find(const struct lm_axis *axis, const char *label);
/** What ids show of a scalar: a number as key texts write it; of other text the bytes outside
 *  A-Za-z0-9._+- as %XX, of more than 64 bytes the first 40, "~" and 8 hex digits of the text's
 *  SHA-256. In the arena; NULL: out of memory. */
const char *lm_axis_label(struct lm_arena *arena, const char *text, bool is_plain);
/** Appends "lr=0.001,seed=2": the values of a point on a set of axes, by name. */
void lm_matrix_put_point(struct lm_buf *out, const struct lm_matrix *matrix, uint64_t axes,
                         const uint32_t *point);

#endif
