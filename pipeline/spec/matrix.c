#include "spec/matrix.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lmpipe/hash.h>

#include "base/buf.h"
#include "base/elem.h"
#include "base/name_map.h"
#include "spec/load.h"
#include "yaml/scalar.h"

enum { LABEL_LONGEST = 64, LABEL_KEPT = 40, MOST_VALUES = 10000, RAW_POINTS = 1000000 };

bool lm_matrix_is_own_key(const char *key)
{
    return strcmp(key, "include") == 0 || strcmp(key, "exclude") == 0 || strcmp(key, "zip") == 0;
}

/* ---- labels ---- */

static void put_escaped(struct lm_buf *out, const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
    for (; *text != '\0'; text++)
        if (strchr(plain, *text) != NULL)
            lm_buf_putc(out, *text);
        else
            lm_buf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
}

/** The first bytes and a digest: ids become names of folders. */
static void shorten(struct lm_buf *label, const char *text)
{
    char hex[LM_DIGEST_HEX], kept[LABEL_KEPT + 1];
    struct lm_digest digest;
    if (label->failed || label->size <= LABEL_LONGEST)
        return;
    memcpy(kept, label->data, LABEL_KEPT);
    kept[LABEL_KEPT] = '\0';
    lm_sha256_bytes(&digest, text, strlen(text));
    lm_digest_hex(hex, &digest);
    lm_buf_clear(label);
    lm_buf_printf(label, "%s~%.8s", kept, hex);
}

const char *lm_axis_label(struct lm_arena *arena, const char *text, bool is_plain)
{
    struct lm_scalar value = lm_scalar_resolve(text, is_plain);
    struct lm_buf label;
    lm_buf_init(&label, 0);
    if (value.type == LM_SCALAR_INT)
        lm_buf_printf(&label, "%" PRId64, value.integer);
    else if (value.type == LM_SCALAR_FLOAT)
        lm_buf_put_double(&label, value.real);
    else if (value.type == LM_SCALAR_BOOL)
        lm_buf_puts(&label, value.boolean ? "true" : "false");
    else if (value.type == LM_SCALAR_NULL)
        lm_buf_puts(&label, "null");
    else
        put_escaped(&label, text);
    shorten(&label, text);
    const char *copy =
        label.failed ? NULL : lm_arena_strdup(arena, label.data != NULL ? label.data : "");
    lm_buf_release(&label);
    return copy;
}

size_t lm_axis_find(const struct lm_axis *axis, const char *label)
{
    for (size_t i = 0; i < axis->count; i++)
        if (strcmp(axis->values[i].label, label) == 0)
            return i;
    return SIZE_MAX;
}

size_t lm_matrix_axis(const struct lm_matrix *matrix, const char *name, size_t length)
{
    for (size_t i = 0; i < matrix->axis_count; i++)
        if (strlen(matrix->axes[i].name) == length &&
            memcmp(matrix->axes[i].name, name, length) == 0)
            return i;
    return SIZE_MAX;
}

void lm_matrix_put_point(struct lm_buf *out, const struct lm_matrix *matrix, uint64_t axes,
                         const uint32_t *point)
{
    const char *comma = "";
    for (size_t i = 0; i < matrix->axis_count; i++) {
        size_t a = matrix->by_name[i];
        if (!(axes >> a & 1))
            continue;
        lm_buf_puts(out, comma);
        lm_buf_puts(out, matrix->axes[a].name);
        lm_buf_putc(out, '=');
        lm_buf_puts(out, matrix->axes[a].values[point[a]].label);
        comma = ",";
    }
}

/* ---- values ---- */

/** The scalar that names a value: itself, or a mapping's `name`; NULL after a finding. */
static const struct lm_node *name_of(struct lm_load *load, const struct lm_node *node,
                                     const char *field)
{
    const struct lm_node *name = node->kind == LM_NODE_MAP ? lm_node_get(node, "name") : node;
    if (node->kind == LM_NODE_MAP && name == NULL)
        lm_diag_error(&load->diags, &node->at, field,
                      "a mapping as a value needs a name; add name: to it");
    else if (name->kind != LM_NODE_SCALAR)
        lm_diag_error(&load->diags, &name->at, field,
                      "expected a value, found a %s; an axis holds values, or mappings with a name",
                      name->kind == LM_NODE_LIST ? "list" : "mapping");
    else if (!name->failed && (name->has_env || name->has_matrix))
        lm_diag_error(&load->diags, &name->at, field,
                      "values of an axis are literal; ${env.} and ${matrix.} cannot stand here");
    else if (!name->failed)
        return name;
    return NULL;
}

/** The label of a value that may be one of an axis; NULL after a finding. */
static const char *label_of(struct lm_load *load, const struct lm_node *node, const char *field,
                            double *number)
{
    const struct lm_node *name = name_of(load, node, field);
    if (name == NULL)
        return NULL;
    struct lm_scalar value = lm_scalar_resolve(name->text, name->plain);
    if (value.type == LM_SCALAR_ZERO_LED || value.type == LM_SCALAR_TOO_LARGE ||
        (value.type == LM_SCALAR_FLOAT && !isfinite(value.real))) {
        lm_diag_error(
            &load->diags, &name->at, field,
            "%s is no number that an axis may hold; write a finite one of 64 bits without "
            "a leading zero, or quote it",
            lm_quote(load->arena, name->text));
        return NULL;
    }
    bool is_number = value.type == LM_SCALAR_INT || value.type == LM_SCALAR_FLOAT;
    *number = is_number ? value.real : (double)NAN;
    return lm_load_keep(load,
                        (void *)(uintptr_t)lm_axis_label(load->arena, name->text, name->plain));
}

/** Adds a value; its index, SIZE_MAX after a finding. */
static size_t add_value(struct lm_load *load, struct lm_axis *axis, const struct lm_node *node,
                        const char *field)
{
    double number = 0;
    const char *label = label_of(load, node, field, &number);
    struct lm_axis_value *values =
        lm_load_keep(load, lm_arena_grow(load->arena, axis->values, axis->count, &axis->capacity,
                                         sizeof *values));
    if (label == NULL || values == NULL)
        return SIZE_MAX;
    axis->values = values;
    values[axis->count] = (struct lm_axis_value){.node = node, .label = label, .number = number};
    return axis->count++;
}

/** A number with three significant digits. */
static double round_to_3(double v)
{
    char text[40];
    snprintf(text, sizeof text, "%.2e", v);
    return lm_scalar_resolve(text, true).real;
}

/** A scalar node for a number, at the place of the range. */
static const struct lm_node *number_node(struct lm_load *load, const struct lm_node *at, double v)
{
    char text[32];
    lm_format_double(text, v);
    struct lm_node *node = lm_load_keep(load, LM_NEW(load->arena, struct lm_node));
    const char *copy = lm_load_keep(load, lm_arena_strdup(load->arena, text));
    if (node == NULL || copy == NULL)
        return NULL;
    *node = (struct lm_node){
        .kind = LM_NODE_SCALAR, .plain = true, .at = at->at, .text = copy, .expanded = 1};
    return node;
}

struct range {
    double from, to;
    int64_t count;
    bool is_log;
};

static bool read_range(struct lm_load *load, const struct lm_node *map, const char *field,
                       struct range *out)
{
    static const char *const keys[] = {"from", "to", "n", "scale", NULL};
    static const char *const scales[] = {"linear", "log", NULL};
    const struct lm_node *from = lm_node_get(map, "from"), *to = lm_node_get(map, "to");
    const struct lm_node *n = lm_node_get(map, "n"), *scale = lm_node_get(map, "scale");
    size_t errors = load->diags.errors;
    lm_read_keys(load, map, field, &(struct lm_load_map){"a range", keys, LM_ELSEWHERE, NULL});
    if (from == NULL || to == NULL || n == NULL)
        lm_diag_error(&load->diags, &map->at, field,
                      "not a range of values; write a list, or {from: 1.0e-4, to: 1.0e-2, n: 5, "
                      "scale: log}");
    else if (lm_read_number(load, from, lm_load_field(load, field, "from"), &out->from) &&
             lm_read_number(load, to, lm_load_field(load, field, "to"), &out->to))
        lm_read_int(load, n, lm_load_field(load, field, "n"), 2, MOST_VALUES, &out->count);
    if (scale != NULL)
        out->is_log = lm_read_choice(load, scale, lm_load_field(load, field, "scale"), scales) == 1;
    if (load->diags.errors == errors && out->is_log && !(out->from > 0 && out->to > 0))
        lm_diag_error(&load->diags, &map->at, field,
                      "a logarithmic range begins and ends above 0; use scale: linear");
    return load->diags.errors == errors;
}

static void add_range(struct lm_load *load, struct lm_axis *axis, const struct lm_node *map,
                      const char *field)
{
    struct range range = {.count = 0};
    if (!read_range(load, map, field, &range))
        return;
    for (int64_t i = 0; i < range.count; i++) {
        double part = (double)i / (double)(range.count - 1);
        double v = i == 0                 ? range.from
                   : i == range.count - 1 ? range.to
                   : range.is_log
                       ? lm_exp(lm_log(range.from) + part * (lm_log(range.to) - lm_log(range.from)))
                       : range.from + part * (range.to - range.from);
        const struct lm_node *node = number_node(load, map, round_to_3(v));
        if (node == NULL || add_value(load, axis, node, field) == SIZE_MAX)
            return;
        if (i > 0 && strcmp(axis->values[i].label, axis->values[i - 1].label) == 0) {
            lm_diag_error(&load->diags, &map->at, field,
                          "values have three significant digits, and so many are not different; "
                          "give a smaller n");
            axis->count--;
            return;
        }
    }
}

static void refuse_doubles(struct lm_load *load, const struct lm_axis *axis, const char *field)
{
    struct lm_name_map seen;
    lm_name_map_init(&seen, load->arena);
    for (size_t i = 0; i < axis->count; i++) {
        size_t before = lm_name_map_find(&seen, axis->values[i].label);
        if (before != SIZE_MAX)
            lm_diag_error(&load->diags, &axis->values[i].node->at, field,
                          "the value %s twice: ids would be equal; remove one, or name them apart",
                          axis->values[i].label);
        else if (!lm_name_map_put(&seen, axis->values[i].label, i))
            lm_load_keep(load, NULL);
    }
}

static void read_axis(struct lm_load *load, struct lm_axis *axis, const struct lm_entry *entry)
{
    const struct lm_node *node = entry->value;
    const char *field = lm_load_field(load, "matrix", entry->key);
    *axis = (struct lm_axis){.name = entry->key, .at = entry->key_at};
    if (!lm_load_is_name(entry->key))
        lm_diag_error(&load->diags, &entry->key_at, field,
                      "not an axis' name; use letters, digits, _ and -");
    if (node->kind == LM_NODE_MAP) {
        add_range(load, axis, node, field);
    } else if (lm_read_kind(load, node, field, LM_NODE_LIST)) {
        if (node->count == 0)
            lm_diag_error(&load->diags, &node->at, field,
                          "no values, so that there are no points; give one, or remove the axis");
        for (size_t i = 0; i < node->count && i < MOST_VALUES; i++)
            add_value(load, axis, node->entries[i].value, field);
        if (node->count > MOST_VALUES)
            lm_diag_error(&load->diags, &node->at, field, "more than 10,000 values; give fewer");
    }
    refuse_doubles(load, axis, field);
}

/* ---- points ---- */

static bool add_point(struct lm_load *load, struct lm_matrix *matrix, const uint32_t *point)
{
    size_t row = matrix->axis_count * sizeof *point;
    uint32_t *points =
        lm_load_keep(load, lm_arena_grow(load->arena, matrix->points, matrix->point_count,
                                         &matrix->point_capacity, row));
    if (points == NULL)
        return false;
    matrix->points = points;
    memcpy(points + matrix->point_count++ * matrix->axis_count, point, row);
    return true;
}

/** An entry of `exclude`: the value wanted on each axis; SIZE_MAX: any. */
struct exclusion {
    size_t *wanted;
    bool matches_none; /**< it names a value that no axis has */
};

static size_t find_axis_of(struct lm_load *load, const struct lm_matrix *matrix,
                           const struct lm_entry *entry, const char *field)
{
    size_t axis = lm_matrix_axis(matrix, entry->key, strlen(entry->key));
    if (axis != SIZE_MAX)
        return axis;
    const char *names[LM_MATRIX_AXES];
    for (size_t i = 0; i < matrix->axis_count; i++)
        names[i] = matrix->axes[i].name;
    lm_diag_error(&load->diags, &entry->key_at, field, "unknown axis %s%s",
                  lm_quote(load->arena, entry->key),
                  lm_hint(&load->diags, entry->key, names, matrix->axis_count));
    return SIZE_MAX;
}

static void read_exclusion(struct lm_load *load, const struct lm_matrix *matrix,
                           const struct lm_node *map, struct exclusion *out)
{
    out->wanted = lm_load_keep(load, LM_NEW_ARRAY(load->arena, size_t, matrix->axis_count));
    if (out->wanted == NULL || !lm_read_kind(load, map, "matrix.exclude", LM_NODE_MAP)) {
        out->matches_none = true;
        return;
    }
    for (size_t a = 0; a < matrix->axis_count; a++)
        out->wanted[a] = SIZE_MAX;
    for (size_t i = 0; i < map->count; i++) {
        const struct lm_entry *entry = &map->entries[i];
        size_t axis = find_axis_of(load, matrix, entry, "matrix.exclude");
        double number;
        const char *label =
            axis != SIZE_MAX ? label_of(load, entry->value, "matrix.exclude", &number) : NULL;
        size_t value = label != NULL ? lm_axis_find(&matrix->axes[axis], label) : SIZE_MAX;
        if (value == SIZE_MAX)
            out->matches_none = true;
        else
            out->wanted[axis] = value;
    }
    out->matches_none |= map->count == 0;
}

static struct exclusion *read_exclusions(struct lm_load *load, const struct lm_matrix *matrix,
                                         const struct lm_node *list, size_t *count)
{
    *count = 0;
    if (list == NULL || !lm_read_kind(load, list, "matrix.exclude", LM_NODE_LIST))
        return NULL;
    struct exclusion *rows =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct exclusion, list->count));
    for (size_t i = 0; rows != NULL && i < list->count; i++)
        read_exclusion(load, matrix, list->entries[i].value, &rows[i]);
    *count = rows != NULL ? list->count : 0;
    return rows;
}

static bool is_excluded(const struct lm_matrix *matrix, const struct exclusion *rows, size_t count,
                        const uint32_t *point)
{
    for (size_t i = 0; i < count; i++) {
        bool matches = !rows[i].matches_none;
        for (size_t a = 0; a < matrix->axis_count && matches; a++)
            matches = rows[i].wanted[a] == SIZE_MAX || rows[i].wanted[a] == point[a];
        if (matches)
            return true;
    }
    return false;
}

/** Which axes move as one: `leader[a]` is the first of the axes zipped with a, or a itself. */
static void read_zip(struct lm_load *load, const struct lm_matrix *matrix,
                     const struct lm_node *names, size_t leader[LM_MATRIX_AXES])
{
    size_t first = SIZE_MAX;
    if (!lm_read_kind(load, names, "matrix.zip", LM_NODE_LIST))
        return;
    for (size_t i = 0; i < names->count; i++) {
        const struct lm_node *node = names->entries[i].value;
        const char *name = lm_read_text(load, node, "matrix.zip");
        struct lm_entry entry = {.key = name, .key_at = node->at};
        size_t axis = name != NULL ? find_axis_of(load, matrix, &entry, "matrix.zip") : SIZE_MAX;
        if (axis == SIZE_MAX)
            continue;
        if (leader[axis] != axis || axis == first)
            lm_diag_error(&load->diags, &node->at, "matrix.zip",
                          "the axis %s is zipped twice; name it once", name);
        else if (first != SIZE_MAX && matrix->axes[axis].count != matrix->axes[first].count)
            lm_diag_error(&load->diags, &node->at, "matrix.zip",
                          "%s has %zu values, %s has %zu; zipped axes have as many", name,
                          matrix->axes[axis].count, matrix->axes[first].name,
                          matrix->axes[first].count);
        first = first == SIZE_MAX ? axis : first;
        leader[axis] = first;
    }
}

static void read_zips(struct lm_load *load, const struct lm_matrix *matrix,
                      const struct lm_node *list, size_t leader[LM_MATRIX_AXES])
{
    for (size_t a = 0; a < matrix->axis_count; a++)
        leader[a] = a;
    if (list == NULL || !lm_read_kind(load, list, "matrix.zip", LM_NODE_LIST))
        return;
    bool is_one = list->count > 0 && list->entries[0].value->kind == LM_NODE_SCALAR;
    if (is_one)
        read_zip(load, matrix, list, leader);
    for (size_t i = 0; i < list->count && !is_one; i++)
        read_zip(load, matrix, list->entries[i].value, leader);
}

/** "5 x 3 = 15 points": the product, zipped axes as one; its size or RAW_POINTS + 1. */
static size_t product(struct lm_buf *text, const struct lm_matrix *matrix, const size_t *leader)
{
    size_t size = 1;
    for (size_t a = 0; a < matrix->axis_count; a++) {
        if (leader[a] != a)
            continue;
        lm_buf_printf(text, "%s%zu", text->size > 0 ? " x " : "", matrix->axes[a].count);
        size = size > RAW_POINTS ? size : size * matrix->axes[a].count;
    }
    return size < RAW_POINTS + 1 ? size : RAW_POINTS + 1;
}

static void too_many(struct lm_load *load, const struct lm_node *node, const struct lm_buf *text,
                     size_t count)
{
    char number[32] = "more than 1000000";
    if (count <= RAW_POINTS)
        snprintf(number, sizeof number, "%zu", count);
    lm_diag_error(&load->diags, &node->at, "matrix",
                  "%s = %s points, at most 10000 may be; give fewer values, or exclude some",
                  text->data != NULL ? text->data : "", number);
}

/** All combinations, the last axis fastest, but those excluded; false when there are too many. */
static bool span(struct lm_load *load, struct lm_matrix *matrix, const struct lm_node *node,
                 const size_t *leader)
{
    struct lm_buf text;
    size_t exclusion_count;
    uint32_t point[LM_MATRIX_AXES] = {0};
    struct exclusion *exclusions =
        read_exclusions(load, matrix, lm_node_get(node, "exclude"), &exclusion_count);
    lm_buf_init(&text, 4096);
    size_t count = product(&text, matrix, leader);
    bool fits = count <= RAW_POINTS;
    for (size_t i = 0; i < count && fits; i++) {
        if (!is_excluded(matrix, exclusions, exclusion_count, point)) {
            fits = matrix->point_count < LM_MATRIX_POINTS;
            if (fits && !add_point(load, matrix, point))
                break;
        }
        for (size_t a = matrix->axis_count; a-- > 0;) {
            if (leader[a] != a)
                continue;
            point[a] = point[a] + 1 < matrix->axes[a].count ? point[a] + 1 : 0;
            for (size_t b = a + 1; b < matrix->axis_count; b++)
                point[b] = leader[b] == a ? point[a] : point[b];
            if (point[a] > 0)
                break;
        }
    }
    if (!fits)
        too_many(load, node, &text, count);
    lm_buf_release(&text);
    return fits;
}

/** The index of a value on an axis, added when it is new; SIZE_MAX after a finding. */
static size_t include_value(struct lm_load *load, struct lm_axis *axis, const struct lm_node *node)
{
    double number;
    const char *label = label_of(load, node, "matrix.include", &number);
    size_t value = label != NULL ? lm_axis_find(axis, label) : SIZE_MAX;
    if (label == NULL || value != SIZE_MAX)
        return value;
    return add_value(load, axis, node, "matrix.include");
}

static void include_point(struct lm_load *load, struct lm_matrix *matrix, const struct lm_node *map,
                          struct lm_name_map *known)
{
    uint32_t point[LM_MATRIX_AXES] = {0};
    bool good = lm_read_kind(load, map, "matrix.include", LM_NODE_MAP);
    size_t row = matrix->axis_count * sizeof *point;
    for (size_t i = 0; good && i < map->count; i++)
        find_axis_of(load, matrix, &map->entries[i], "matrix.include");
    for (size_t a = 0; good && a < matrix->axis_count; a++) {
        const struct lm_node *node = lm_node_get(map, matrix->axes[a].name);
        if (node == NULL)
            lm_diag_error(&load->diags, &map->at, "matrix.include",
                          "does not name the axis %s; a point names all of them",
                          matrix->axes[a].name);
        size_t value = node ? include_value(load, &matrix->axes[a], node) : SIZE_MAX;
        good = value != SIZE_MAX;
        point[a] = good ? (uint32_t)value : 0;
    }
    if (!good || lm_name_map_find_bytes(known, (const char *)point, row) != SIZE_MAX)
        return;
    const char *copy = lm_load_keep(load, lm_arena_strndup(load->arena, (const char *)point, row));
    if (copy == NULL || !lm_name_map_put_bytes(known, copy, row, matrix->point_count))
        lm_load_keep(load, NULL);
    else if (matrix->point_count >= LM_MATRIX_POINTS)
        lm_diag_error(&load->diags, &map->at, "matrix.include",
                      "more than 10000 points; give fewer");
    else
        add_point(load, matrix, point);
}

static void include_points(struct lm_load *load, struct lm_matrix *matrix,
                           const struct lm_node *list)
{
    struct lm_name_map known;
    size_t row = matrix->axis_count * sizeof(uint32_t);
    if (list == NULL || !lm_read_kind(load, list, "matrix.include", LM_NODE_LIST))
        return;
    lm_name_map_init(&known, load->arena);
    char *copy = lm_load_keep(load, lm_arena_strndup(load->arena, (const char *)matrix->points,
                                                     row * matrix->point_count));
    for (size_t p = 0; copy != NULL && p < matrix->point_count; p++)
        if (!lm_name_map_put_bytes(&known, copy + p * row, row, p))
            lm_load_keep(load, NULL);
    for (size_t i = 0; i < list->count; i++)
        include_point(load, matrix, list->entries[i].value, &known);
}

/* ---- order ---- */

struct ranked {
    const struct lm_axis_value *value;
    size_t index;
};

static int by_value(const void *a, const void *b)
{
    const struct lm_axis_value *x = ((const struct ranked *)a)->value;
    const struct lm_axis_value *y = ((const struct ranked *)b)->value;
    bool x_is_text = isnan(x->number), y_is_text = isnan(y->number);
    if (x_is_text != y_is_text)
        return x_is_text - y_is_text;
    if (!x_is_text && x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return strcmp(x->label, y->label);
}

static void rank_values(struct lm_load *load, struct lm_axis *axis)
{
    struct ranked *rows = lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct ranked, axis->count));
    for (size_t i = 0; rows != NULL && i < axis->count; i++)
        rows[i] = (struct ranked){&axis->values[i], i};
    if (rows == NULL || axis->count == 0)
        return;
    qsort(rows, axis->count, sizeof *rows, by_value);
    for (size_t i = 0; i < axis->count; i++)
        axis->values[rows[i].index].rank = i;
}

static void sort_axes(struct lm_matrix *matrix)
{
    for (size_t i = 0; i < matrix->axis_count; i++) {
        size_t k = i;
        for (; k > 0 && strcmp(matrix->axes[matrix->by_name[k - 1]].name, matrix->axes[i].name) > 0;
             k--)
            matrix->by_name[k] = matrix->by_name[k - 1];
        matrix->by_name[k] = i;
    }
}

/* ---- the whole ---- */

static bool read_axes(struct lm_load *load, struct lm_matrix *matrix, const struct lm_node *node)
{
    size_t errors = load->diags.errors;
    for (size_t i = 0; i < node->count; i++) {
        if (lm_matrix_is_own_key(node->entries[i].key))
            continue;
        if (matrix->axis_count == LM_MATRIX_AXES) {
            lm_diag_error(&load->diags, &node->at, "matrix", "more than 64 axes; give fewer");
            break;
        }
        read_axis(load, &matrix->axes[matrix->axis_count++], &node->entries[i]);
    }
    if (matrix->axis_count == 0 && load->diags.errors == errors)
        lm_diag_error(&load->diags, &node->at, "matrix",
                      "no axis; write one such as lr: [1.0e-3, 6.0e-4]");
    return load->diags.errors == errors;
}

bool lm_load_has_bad_matrix(const struct lm_load *load)
{
    return load->spec->matrix_node != NULL && load->spec->matrix == NULL;
}

struct lm_matrix *lm_load_matrix(struct lm_load *load, const struct lm_node *node)
{
    size_t leader[LM_MATRIX_AXES] = {0}, errors = load->diags.errors;
    if (!lm_read_kind(load, node, "matrix", LM_NODE_MAP))
        return NULL;
    struct lm_matrix *matrix = lm_load_keep(load, LM_NEW(load->arena, struct lm_matrix));
    struct lm_axis *axes =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_axis, node->count));
    size_t *by_name = lm_load_keep(load, LM_NEW_ARRAY(load->arena, size_t, node->count));
    if (matrix == NULL || axes == NULL || by_name == NULL)
        return NULL;
    *matrix = (struct lm_matrix){.axes = axes, .by_name = by_name};
    if (!read_axes(load, matrix, node))
        return NULL;
    sort_axes(matrix);
    read_zips(load, matrix, lm_node_get(node, "zip"), leader);
    if (load->diags.errors > errors || !span(load, matrix, node, leader))
        return NULL;
    include_points(load, matrix, lm_node_get(node, "include"));
    if (load->diags.errors > errors)
        return NULL;
    if (matrix->point_count == 0) {
        lm_diag_error(&load->diags, &node->at, "matrix",
                      "no point is left: all of them are excluded; exclude fewer");
        return NULL;
    }
    for (size_t a = 0; a < matrix->axis_count; a++)
        rank_values(load, &matrix->axes[a]);
    return matrix;
}
