#include "param/param_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "yaml/scalar.h"

static const struct {
    const char *name;
    size_t size;
} types[] = {
    [LM_P_BOOL] = {"bool", sizeof(bool)},           [LM_P_INT] = {"int", sizeof(int64_t)},
    [LM_P_FLOAT] = {"float", sizeof(double)},       [LM_P_STR] = {"str", sizeof(const char *)},
    [LM_P_ENUM] = {"enum", sizeof(const char *)},   [LM_P_PATH] = {"path", sizeof(const char *)},
    [LM_P_URL] = {"url", sizeof(const char *)},     [LM_P_DURATION] = {"duration", sizeof(double)},
    [LM_P_SIZE] = {"size", sizeof(int64_t)},        [LM_P_RECORD] = {"record", 0},
    [LM_P_LIST] = {"list", sizeof(struct lm_list)},
};

const char *lm_param_type_name(enum lm_param_type type)
{
    return types[type].name;
}

size_t lm_param_size(enum lm_param_type type)
{
    return types[type].size;
}

/* ---- typed access ---- */

static int64_t as_int(const void *value)
{
    int64_t v;
    memcpy(&v, value, sizeof v);
    return v;
}

static double as_float(const void *value)
{
    double v;
    memcpy(&v, value, sizeof v);
    return v;
}

static const char *as_text(const void *value)
{
    const char *v;
    memcpy(&v, value, sizeof v);
    return v;
}

static struct lm_list as_list(const void *value)
{
    struct lm_list v;
    memcpy(&v, value, sizeof v);
    return v;
}

static const char *at(const void *base, size_t offset)
{
    return (const char *)base + offset;
}

bool lm_param_is_unset(enum lm_param_type type, const void *value)
{
    switch (type) {
    case LM_P_INT:
    case LM_P_SIZE:
        return as_int(value) == LM_UNSET_INT;
    case LM_P_FLOAT:
    case LM_P_DURATION:
        return lm_is_unset(as_float(value));
    case LM_P_STR:
    case LM_P_ENUM:
    case LM_P_PATH:
    case LM_P_URL:
        return as_text(value) == NULL;
    default:
        return false;
    }
}

bool lm_param_is_default(const struct lm_param *row, const void *value)
{
    const char *text;
    switch (row->type) {
    case LM_P_BOOL:
        return *(const bool *)value == row->def_bool;
    case LM_P_INT:
    case LM_P_SIZE:
        return as_int(value) == row->def_int;
    case LM_P_FLOAT:
    case LM_P_DURATION:
        return as_float(value) == row->def_float ||
               (lm_is_unset(as_float(value)) && lm_is_unset(row->def_float));
    case LM_P_LIST:
        return as_list(value).count == 0;
    case LM_P_RECORD:
        return false;
    default:
        text = as_text(value);
        return text == row->def_str ||
               (text != NULL && row->def_str != NULL && strcmp(text, row->def_str) == 0);
    }
}

void lm_params_defaults(void *params, const struct lm_param *rows)
{
    for (const struct lm_param *row = rows; row->name != NULL; row++) {
        void *value = (char *)params + row->offset;
        switch (row->type) {
        case LM_P_BOOL:
            *(bool *)value = row->def_bool;
            break;
        case LM_P_INT:
        case LM_P_SIZE:
            memcpy(value, &row->def_int, sizeof row->def_int);
            break;
        case LM_P_FLOAT:
        case LM_P_DURATION:
            memcpy(value, &row->def_float, sizeof row->def_float);
            break;
        case LM_P_RECORD:
            lm_params_defaults(value, row->fields);
            break;
        case LM_P_LIST:
            memset(value, 0, sizeof(struct lm_list));
            break;
        default:
            memcpy(value, &row->def_str, sizeof row->def_str);
            break;
        }
    }
}

/* ---- walking ---- */

struct walk {
    void (*visit)(void *user, const struct lm_param_leaf *leaf);
    void *user;
    char name[LM_PARAM_NAME];
    char key[LM_PARAM_NAME]; /**< only where it is not the name */
};

/** How much of the two names of a leaf is filled. */
struct used {
    size_t name, key;
    bool is_renamed; /**< keys call it, or what it is in, otherwise */
};

/** The value of a record's row `name`; NULL when there is no such row. */
static const void *sibling(const struct lm_param *rows, const void *base, const char *name)
{
    if (name == NULL)
        return NULL;
    for (const struct lm_param *row = rows; row->name != NULL; row++)
        if (row->name[0] == name[0] && strcmp(row->name, name) == 0)
            return at(base, row->offset);
    return NULL;
}

/** The text of a record's row `name`; NULL when it is empty or not there. */
static const char *text_of(const struct lm_param *rows, const void *base, const char *name)
{
    const void *value = sibling(rows, base, name);
    const char *text = value != NULL ? as_text(value) : NULL;
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static int64_t size_of(const struct lm_param *rows, const void *base, const struct lm_param *row)
{
    const void *value = sibling(rows, base, row->sized_by);
    return value != NULL ? as_int(value) : LM_UNSET_INT;
}

static void walk_rows(struct walk *walk, struct used used, const struct lm_param *rows,
                      const void *base, bool hidden);

/** Appends ".name" after `used` bytes of `text`; the new length. */
static size_t append(char text[LM_PARAM_NAME], size_t used, const char *name)
{
    size_t length = strlen(name), dot = used > 0 && length > 0;
    if (used + dot + length >= LM_PARAM_NAME)
        return used;
    memcpy(text + used, ".", dot);
    memcpy(text + used + dot, name, length + 1);
    return used + dot + length;
}

static struct used extend(struct walk *walk, struct used used, const char *name, const char *key)
{
    struct used longer = {append(walk->name, used.name, name), used.key, used.is_renamed};
    if (key != NULL && !used.is_renamed) {
        memcpy(walk->key, walk->name, used.name);
        longer.key = used.name;
        longer.is_renamed = true;
    }
    if (longer.is_renamed)
        longer.key = append(walk->key, longer.key, key != NULL ? key : name);
    return longer;
}

static void walk_list(struct walk *walk, struct used used, struct lm_param_leaf *leaf)
{
    const struct lm_param *row = leaf->row;
    struct lm_list list = as_list(leaf->value);
    walk->visit(walk->user, leaf);
    for (size_t i = 0; i < list.count; i++) {
        char index[24];
        snprintf(index, sizeof index, "%zu", i);
        struct used longer = extend(walk, used, index, NULL);
        if (row->item == LM_P_RECORD) {
            walk_rows(walk, longer, row->fields, at(list.items, i * row->fields_size),
                      leaf->hidden);
            continue;
        }
        struct lm_param_leaf item = *leaf;
        item.key = longer.is_renamed ? walk->key : walk->name;
        item.type = row->item;
        item.item = true;
        item.value = at(list.items, i * types[row->item].size);
        walk->visit(walk->user, &item);
    }
}

/** Does a row stay out of the key: by its flag, or because a pin or another row replaces it? */
static bool is_hidden(const struct lm_param *rows, const void *base, const struct lm_param *row,
                      const char *pin)
{
    return (row->flags & LM_PARAM_NOT_IN_KEY) || pin != NULL ||
           text_of(rows, base, row->hidden_by) != NULL;
}

static void walk_rows(struct walk *walk, struct used used, const struct lm_param *rows,
                      const void *base, bool hidden)
{
    for (const struct lm_param *row = rows; row->name != NULL; row++) {
        struct used longer = extend(walk, used, row->name, row->key);
        const char *pin = text_of(rows, base, row->pinned_by);
        struct lm_param_leaf leaf = {.name = walk->name,
                                     .key = longer.is_renamed ? walk->key : walk->name,
                                     .row = row,
                                     .type = row->type,
                                     .hidden = hidden || is_hidden(rows, base, row, pin),
                                     .value = at(base, row->offset),
                                     .pin = pin,
                                     .size = size_of(rows, base, row)};
        if (row->type == LM_P_RECORD)
            walk_rows(walk, longer, row->fields, leaf.value, leaf.hidden);
        else if (row->type == LM_P_LIST)
            walk_list(walk, longer, &leaf);
        else
            walk->visit(walk->user, &leaf);
    }
}

void lm_params_walk(const struct lm_param *rows, const void *params,
                    void (*visit)(void *user, const struct lm_param_leaf *leaf), void *user)
{
    struct walk walk = {.visit = visit, .user = user};
    walk_rows(&walk, (struct used){0}, rows, params, false);
}

/* ---- JSON ---- */

static void write_scalar(enum lm_param_type type, const void *value, struct lm_json_writer *writer)
{
    if (lm_param_is_unset(type, value))
        lm_json_put_null(writer);
    else if (type == LM_P_BOOL)
        lm_json_put_bool(writer, *(const bool *)value);
    else if (type == LM_P_INT || type == LM_P_SIZE)
        lm_json_put_int(writer, as_int(value));
    else if (type == LM_P_FLOAT || type == LM_P_DURATION)
        lm_json_put_double(writer, as_float(value));
    else
        lm_json_put_string(writer, as_text(value));
}

static bool keep_all(const struct lm_param_leaf *leaf);

/** The field that a record was before it became one (its key is ""), while only some rows are
 *  written and no other is among them: then the record is its value alone. NULL else. */
static const struct lm_param *only_field(const struct lm_param *record, const void *base,
                                         bool (*keep)(const struct lm_param_leaf *leaf))
{
    if (keep == keep_all || record->fields == NULL || record->fields->key == NULL ||
        record->fields->key[0] != '\0')
        return NULL;
    for (const struct lm_param *row = record->fields + 1; row->name != NULL; row++) {
        const struct lm_param_leaf leaf = {.name = row->name,
                                           .key = row->name,
                                           .row = row,
                                           .type = row->type,
                                           .value = at(base, row->offset)};
        if (keep(&leaf) && !lm_param_is_default(row, leaf.value))
            return NULL;
    }
    return record->fields;
}

static void write_record(const struct lm_param *row, const void *value,
                         bool (*keep)(const struct lm_param_leaf *leaf),
                         struct lm_json_writer *writer)
{
    const struct lm_param *only = only_field(row, value, keep);
    if (only != NULL)
        write_scalar(only->type, at(value, only->offset), writer);
    else
        lm_params_write_json_if(row->fields, value, keep, writer);
}

static void write_list(const struct lm_param *row, const void *value,
                       bool (*keep)(const struct lm_param_leaf *leaf),
                       struct lm_json_writer *writer)
{
    struct lm_list list = as_list(value);
    lm_json_open(writer, '[');
    for (size_t i = 0; i < list.count; i++) {
        if (row->item == LM_P_RECORD)
            write_record(row, at(list.items, i * row->fields_size), keep, writer);
        else
            write_scalar(row->item, at(list.items, i * types[row->item].size), writer);
    }
    lm_json_close(writer, ']');
}

void lm_params_write_json_if(const struct lm_param *rows, const void *params,
                             bool (*keep)(const struct lm_param_leaf *leaf),
                             struct lm_json_writer *writer)
{
    lm_json_open(writer, '{');
    for (const struct lm_param *row = rows; row->name != NULL; row++) {
        struct lm_param_leaf leaf = {
            .name = row->name,
            .key = row->key != NULL ? row->key : row->name,
            .row = row,
            .type = row->type,
            .hidden = is_hidden(rows, params, row, text_of(rows, params, row->pinned_by)),
            .value = at(params, row->offset)};
        if (!keep(&leaf))
            continue;
        lm_json_key(writer, row->name);
        if (row->type == LM_P_RECORD)
            write_record(row, leaf.value, keep, writer);
        else if (row->type == LM_P_LIST)
            write_list(row, leaf.value, keep, writer);
        else
            write_scalar(row->type, leaf.value, writer);
    }
    lm_json_close(writer, '}');
}

static bool keep_all(const struct lm_param_leaf *leaf)
{
    (void)leaf;
    return true;
}

void lm_params_write_json(const struct lm_param *rows, const void *params,
                          struct lm_json_writer *writer)
{
    lm_params_write_json_if(rows, params, keep_all, writer);
}

static bool read_bool(void *value, const struct lm_json *json)
{
    bool is_other = lm_json_is_null(json) || lm_json_is_number(json) || lm_json_is_string(json) ||
                    lm_json_is_object(json) || lm_json_is_array(json);
    if (!is_other)
        *(bool *)value = lm_json_bool(json, false);
    return !is_other;
}

static bool read_int(void *value, const struct lm_json *json)
{
    int64_t v = lm_json_int(json, LM_UNSET_INT);
    memcpy(value, &v, sizeof v);
    return lm_json_is_null(json) || lm_json_is_number(json);
}

static bool read_float(void *value, const struct lm_json *json)
{
    double v = lm_json_double(json, LM_UNSET_FLOAT);
    memcpy(value, &v, sizeof v);
    return lm_json_is_null(json) || lm_json_is_number(json);
}

static bool read_scalar(void *value, enum lm_param_type type, const struct lm_json *json,
                        struct lm_arena *arena)
{
    if (type == LM_P_BOOL)
        return read_bool(value, json);
    if (type == LM_P_INT || type == LM_P_SIZE)
        return read_int(value, json);
    if (type == LM_P_FLOAT || type == LM_P_DURATION)
        return read_float(value, json);
    const char *text = NULL;
    if (lm_json_is_string(json))
        text = lm_arena_strdup(arena, lm_json_string(json, NULL));
    memcpy(value, &text, sizeof text);
    return text != NULL || lm_json_is_null(json);
}

static enum lm_status wrong_type(const struct lm_param *row, struct lm_err *err)
{
    return lm_fail(err, LM_FORMAT, "parameter %s: not of type %s; run the stage again", row->name,
                   types[row->type].name);
}

static enum lm_status read_list(void *value, const struct lm_param *row, const struct lm_json *json,
                                struct lm_arena *arena, struct lm_err *err)
{
    if (!lm_json_is_array(json))
        return wrong_type(row, err);
    struct lm_list list = {.count = lm_json_count(json)};
    size_t size = row->item == LM_P_RECORD ? row->fields_size : types[row->item].size;
    list.items = lm_arena_alloc_array(arena, list.count, size, 16);
    if (list.items == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for parameters; free some");
    for (size_t i = 0; i < list.count; i++) {
        void *item = (char *)list.items + i * size;
        const struct lm_json *element = lm_json_at(json, i);
        if (row->item == LM_P_RECORD)
            LM_TRY(lm_params_read_json(item, row->fields, element, arena, err));
        else if (!read_scalar(item, row->item, element, arena))
            return wrong_type(row, err);
    }
    memcpy(value, &list, sizeof list);
    return LM_OK;
}

enum lm_status lm_params_read_json(void *params, const struct lm_param *rows,
                                   const struct lm_json *object, struct lm_arena *arena,
                                   struct lm_err *err)
{
    for (const struct lm_param *row = rows; row->name != NULL; row++) {
        const struct lm_json *json = lm_json_get(object, row->name);
        void *value = (char *)params + row->offset;
        if (json == NULL)
            return lm_fail(err, LM_FORMAT, "parameter %s: missing; run the stage again", row->name);
        if (row->type == LM_P_RECORD)
            LM_TRY(lm_params_read_json(value, row->fields, json, arena, err));
        else if (row->type == LM_P_LIST)
            LM_TRY(read_list(value, row, json, arena, err));
        else if (!read_scalar(value, row->type, json, arena))
            return wrong_type(row, err);
    }
    return LM_OK;
}

void lm_param_print(struct lm_buf *out, enum lm_param_type type, const void *value)
{
    char text[40];
    if (lm_param_is_unset(type, value))
        lm_buf_puts(out, "unset");
    else if (type == LM_P_BOOL)
        lm_buf_puts(out, *(const bool *)value ? "true" : "false");
    else if (type == LM_P_INT)
        lm_buf_put_int(out, as_int(value));
    else if (type == LM_P_FLOAT)
        lm_buf_put_double(out, as_float(value));
    else if (type == LM_P_SIZE)
        lm_buf_puts(out, lm_scalar_print_size(text, as_int(value)));
    else if (type == LM_P_DURATION)
        lm_buf_puts(out, lm_scalar_print_duration(text, as_float(value)));
    else if (type == LM_P_LIST)
        lm_buf_printf(out, "%zu", as_list(value).count);
    else
        lm_buf_puts(out, as_text(value));
}
