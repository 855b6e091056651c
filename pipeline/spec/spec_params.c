/* `with:` of a stage, read by the rows of its type. */
#include "spec/load.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/io.h"
#include "base/url.h"
#include "param/bind.h"
#include "param/param_rows.h"
#include "param/synonyms.h"
#include "yaml/scalar.h"

/** One value on its way into the struct. */
struct slot {
    struct lm_load *load;
    struct lm_load_stage *build;
    const struct lm_param *row;
    enum lm_param_type type;
    const struct lm_node *node;
    const char *name;  /* key name: "sources.0.url" */
    const char *field; /* "corpus.sources.0.url" */
    void *value;
    const struct lm_param *rows; /* of the record that it is in */
    void *base;
};

static void complain(const struct slot *slot, const char *format, ...) LM_PRINTF(2, 3);

static void complain(const struct slot *slot, const char *format, ...)
{
    char text[800];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    lm_diag_error(&slot->load->diags, &slot->node->at, slot->field, "%s", text);
}

static void put_text(const struct slot *slot, const char *text)
{
    memcpy(slot->value, &text, sizeof text);
}

/* ---- bounds ---- */

static const char *printed(const struct slot *slot, double v)
{
    struct lm_buf buf;
    bool is_int = slot->type == LM_P_INT || slot->type == LM_P_SIZE;
    int64_t whole = !is_int || v < -0x1p63 ? INT64_MIN : v >= 0x1p63 ? INT64_MAX : (int64_t)v;
    lm_buf_init(&buf, 0);
    lm_param_print(&buf, slot->type, is_int ? (const void *)&whole : (const void *)&v);
    const char *copy =
        lm_load_keep(slot->load, lm_arena_strdup(slot->load->arena, buf.data ? buf.data : ""));
    lm_buf_release(&buf);
    return copy ? copy : "";
}

static void check_bounds(const struct slot *slot, double v)
{
    const struct lm_param *row = slot->row;
    bool open_min = row->flags & LM_PARAM_OPEN_MIN, open_max = row->flags & LM_PARAM_OPEN_MAX;
    if (row->min == 0 && row->max == 0)
        return;
    if (v < row->min || (open_min && v <= row->min))
        complain(slot, "%s is too small; it must be %s %s", printed(slot, v),
                 open_min ? "above" : "at least", printed(slot, row->min));
    else if (v > row->max || (open_max && v >= row->max))
        complain(slot, "%s is too large; it must be %s %s", printed(slot, v),
                 open_max ? "below" : "at most", printed(slot, row->max));
}

/* ---- one reader a type ---- */

static void read_bool(const struct slot *slot)
{
    const char *text = lm_read_text(slot->load, slot->node, slot->field);
    if (text == NULL)
        return;
    struct lm_scalar value = lm_scalar_resolve(text, slot->node->plain);
    if (value.type == LM_SCALAR_BOOL)
        *(bool *)slot->value = value.boolean;
    else
        complain(slot, "expected true or false, found %s", lm_quote(slot->load->arena, text));
}

static void read_int(const struct slot *slot)
{
    int64_t v;
    if (!lm_read_int(slot->load, slot->node, slot->field, INT64_MIN + 1, INT64_MAX, &v))
        return;
    memcpy(slot->value, &v, sizeof v);
    check_bounds(slot, (double)v);
}

static void read_float(const struct slot *slot)
{
    double v;
    if (!lm_read_number(slot->load, slot->node, slot->field, &v))
        return;
    memcpy(slot->value, &v, sizeof v);
    check_bounds(slot, v);
}

static void read_duration(const struct slot *slot)
{
    double v;
    if (!lm_read_duration(slot->load, slot->node, slot->field, &v))
        return;
    memcpy(slot->value, &v, sizeof v);
    check_bounds(slot, v);
}

static void read_size(const struct slot *slot)
{
    int64_t v;
    if (!lm_read_size(slot->load, slot->node, slot->field, &v))
        return;
    memcpy(slot->value, &v, sizeof v);
    check_bounds(slot, (double)v);
}

static void read_enum(const struct slot *slot)
{
    int choice = lm_read_choice(slot->load, slot->node, slot->field, slot->row->choices);
    if (choice >= 0)
        put_text(slot, slot->row->choices[choice]);
}

/** The text, ${env.} filled in where the row allows it; NULL after a finding. */
static const char *expand(const struct slot *slot, bool *dropped)
{
    *dropped = false;
    if (slot->node->kind != LM_NODE_SCALAR || !slot->node->has_env || slot->node->failed ||
        !(slot->row->flags & LM_PARAM_ENV))
        return lm_read_text(slot->load, slot->node, slot->field);
    const char *unset, *text = lm_load_env(slot->load, slot->node->text, &unset);
    bool mirror = slot->row->type == LM_P_LIST && slot->type == LM_P_URL;
    if (unset != NULL && mirror)
        *dropped = true;
    else if (unset != NULL)
        complain(slot, "the environment variable %s is not set; set it or write the path out",
                 unset);
    return text;
}

static void read_str(const struct slot *slot)
{
    bool dropped;
    const char *text = expand(slot, &dropped);
    if (text != NULL)
        put_text(slot, text);
}

/** The path as it is written, which note_value has just noted, behind its folder: so it leads to
 * the same from wherever the resolved spec is read. */
static void note_folder(const struct slot *slot, const char *folder)
{
    struct lm_spec_stage *stage = slot->build->stage;
    struct lm_buf text;
    lm_buf_init(&text, 0);
    lm_spec_escape(&text, folder);
    lm_buf_printf(&text, "/%s", slot->node->text);
    const char *copy =
        lm_load_keep(slot->load, lm_arena_strdup(slot->load->arena, text.data ? text.data : ""));
    lm_buf_release(&text);
    if (copy != NULL && stage->value_count > 0)
        stage->values[stage->value_count - 1].written = copy;
}

static void note_value(const struct slot *slot);

/** Gives another row of the record a text that stands at `at`; `written`: how, with ${matrix.AXIS},
 *  or NULL. */
static void give_sibling(const struct slot *slot, const struct lm_param *row, const char *text,
                         const struct lm_origin *at, const char *written)
{
    const char *dot = strrchr(slot->name, '.');
    size_t length = dot != NULL ? (size_t)(dot - slot->name) : 0;
    const char *prefix =
        lm_load_keep(slot->load, lm_arena_strndup(slot->load->arena, slot->name, length));
    struct lm_node *node = lm_load_keep(slot->load, LM_NEW(slot->load->arena, struct lm_node));
    if (prefix == NULL || node == NULL)
        return;
    *node = (struct lm_node){.kind = LM_NODE_SCALAR, .text = text, .at = *at, .written = written};
    struct slot sibling = *slot;
    sibling.name = lm_load_field(slot->load, prefix, row->name);
    sibling.node = node;
    memcpy((char *)slot->base + row->offset, &text, sizeof text);
    note_value(&sibling);
}

/** A path without a name is called as it is written, unless that is another's to say. */
static void note_name(const struct slot *slot, const char *text)
{
    const char *given, *name = slot->row->named_by;
    for (const struct lm_param *row = slot->rows; name != NULL && row->name != NULL; row++) {
        if (strcmp(row->name, name) != 0)
            continue;
        memcpy(&given, (const char *)slot->base + row->offset, sizeof given);
        if ((given == NULL || given[0] == '\0') && !slot->node->has_env)
            give_sibling(slot, row, text, &slot->node->at, slot->node->written);
    }
}

static void read_path(const struct slot *slot)
{
    bool dropped;
    const char *text = expand(slot, &dropped);
    if (text == NULL)
        return;
    if (text[0] == '\0') {
        complain(slot, "an empty path; name a file or folder or remove the key");
        return;
    }
    note_name(slot, text);
    const char *folder = lm_load_folder(slot->load, &slot->node->at);
    put_text(slot, lm_load_keep(slot->load, lm_path_join(slot->load->arena, folder, text)));
    if (slot->node->has_env && text[0] != '/')
        note_folder(slot, folder);
}

static const char *const schemes[] = {"file://", "https://", "http://"};

static void read_url(const struct slot *slot)
{
    bool dropped;
    const char *text = expand(slot, &dropped);
    if (text == NULL)
        return;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strncasecmp(text, schemes[i], strlen(schemes[i])) == 0 &&
            text[strlen(schemes[i])] != '\0') {
            put_text(slot, text);
            return;
        }
    const char *written = slot->node->has_env ? slot->node->text : text;
    complain(slot, "%s is no address; write file:///… or https://…%s",
             lm_quote(slot->load->arena, lm_url_show(slot->load->arena, written)),
             strstr(text, "://") ? "" : ", or use path: for a file");
}

static void read_record(const struct slot *slot);
static void read_list(const struct slot *slot);

static void (*const readers[])(const struct slot *slot) = {
    [LM_P_BOOL] = read_bool,     [LM_P_INT] = read_int,           [LM_P_FLOAT] = read_float,
    [LM_P_STR] = read_str,       [LM_P_ENUM] = read_enum,         [LM_P_PATH] = read_path,
    [LM_P_URL] = read_url,       [LM_P_DURATION] = read_duration, [LM_P_SIZE] = read_size,
    [LM_P_RECORD] = read_record, [LM_P_LIST] = read_list,
};

/** Remembers where a value stands under another of its names. */
static void note_also(const struct slot *slot, const char *name)
{
    size_t place = lm_name_map_find(&slot->build->stage->value_map, slot->name);
    if (place != SIZE_MAX && name != NULL &&
        lm_name_map_find(&slot->build->stage->value_map, name) == SIZE_MAX &&
        !lm_name_map_put(&slot->build->stage->value_map, name, place))
        lm_load_keep(slot->load, NULL);
}

/** Remembers where a value stands. */
static void note_value(const struct slot *slot)
{
    struct lm_spec_stage *stage = slot->build->stage;
    struct lm_spec_value *values =
        lm_load_keep(slot->load, lm_arena_grow(slot->load->arena, stage->values, stage->value_count,
                                               &slot->build->value_capacity, sizeof *values));
    if (values == NULL)
        return;
    stage->values = values;
    stage->value_map.arena = slot->load->arena;
    if (!lm_name_map_put(&stage->value_map, slot->name, stage->value_count))
        lm_load_keep(slot->load, NULL);
    values[stage->value_count++] = (struct lm_spec_value){
        .name = slot->name,
        .origin = slot->node->at,
        .by_matrix = slot->node->written,
        .written =
            slot->node->kind == LM_NODE_SCALAR && slot->node->has_env ? slot->node->text : NULL};
}

/** Is this null, and may the row be without a value? Then it keeps its default. */
static bool is_null_allowed(const struct slot *slot)
{
    bool null = slot->node->kind == LM_NODE_SCALAR &&
                lm_scalar_resolve(slot->node->text, slot->node->plain).type == LM_SCALAR_NULL;
    bool optional = !(slot->row->flags & LM_PARAM_REQUIRED) && slot->row->type == slot->type &&
                    slot->type != LM_P_RECORD && slot->type != LM_P_LIST &&
                    lm_param_is_unset(slot->type, slot->value);
    return null && optional;
}

static void read_value(const struct slot *slot)
{
    note_value(slot);
    if (!is_null_allowed(slot))
        readers[slot->type](slot);
}

static void read_rows(struct lm_load *load, struct lm_load_stage *build,
                      const struct lm_param *rows, void *base, const struct lm_node *map,
                      const struct lm_origin *at, const char *name, const char *field);

/** A record given as the value of its first field alone: `documents: line` for {by: line}. */
static void read_short(const struct slot *slot)
{
    struct slot first = *slot;
    first.row = slot->row->fields;
    first.type = first.row->type;
    first.name = lm_load_field(slot->load, slot->name, first.row->name);
    first.value = (char *)slot->value + first.row->offset;
    first.rows = slot->row->fields;
    first.base = slot->value;
    read_value(&first);
}

/** A record that is given asks for what its numbers say by default. */
static void fill_given(const struct lm_param *rows, char *base)
{
    for (const struct lm_param *row = rows; row->name != NULL; row++) {
        const int64_t whole = (int64_t)row->given;
        if (row->given == 0 || !lm_param_is_unset(row->type, base + row->offset))
            continue;
        memcpy(base + row->offset, row->type == LM_P_INT ? (const void *)&whole : &row->given,
               row->size);
    }
}

static void read_record(const struct slot *slot)
{
    if ((slot->row->flags & LM_PARAM_SHORT) && slot->node->kind == LM_NODE_SCALAR) {
        read_short(slot);
    } else if (lm_read_kind(slot->load, slot->node, slot->field, LM_NODE_MAP)) {
        read_rows(slot->load, slot->build, slot->row->fields, slot->value, slot->node,
                  &slot->node->at, slot->name, slot->field);
        fill_given(slot->row->fields, slot->value);
    }
}

/** Reads element `index` of a list as item `kept`; false when it is dropped (an unset mirror). */
static bool read_item(const struct slot *list, size_t index, size_t kept, void *value)
{
    char typed[24], number[24];
    snprintf(typed, sizeof typed, "%zu", index);
    snprintf(number, sizeof number, "%zu", kept);
    struct slot item = *list;
    item.type = list->row->item;
    item.node = list->node->entries[index].value;
    item.name = lm_load_field(list->load, list->name, number);
    item.field = lm_load_field(list->load, list->field, typed);
    item.value = value;
    bool dropped = false;
    if (item.type == LM_P_URL && item.node->kind == LM_NODE_SCALAR && item.node->has_env)
        expand(&item, &dropped);
    if (dropped)
        return false;
    bool is_short = item.type == LM_P_RECORD && item.node->kind == LM_NODE_SCALAR;
    if (!is_short)
        note_value(&item);
    if (item.type == LM_P_RECORD)
        lm_params_defaults(value, list->row->fields);
    readers[item.type](&item);
    return true;
}

static int by_key(const void *a, const void *b)
{
    const struct lm_entry *const *x = a, *const *y = b;
    return strcmp((*x)->key, (*y)->key);
}

/** The entries of a map by their keys, so that their order in the file says nothing; NULL: out of
 *  memory. */
static const struct lm_entry **sort_entries(struct lm_load *load, const struct lm_node *map)
{
    const struct lm_entry **out =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, const struct lm_entry *, map->count));
    for (size_t i = 0; out != NULL && i < map->count; i++)
        out[i] = &map->entries[i];
    if (out != NULL && map->count > 1)
        qsort(out, map->count, sizeof(const struct lm_entry *), by_key);
    return out;
}

/** Records given as a mapping: the value is the first field, its name the second. */
static void read_named(const struct slot *slot)
{
    const struct lm_param *row = slot->row;
    struct lm_load *load = slot->load;
    struct lm_list list = {.count = slot->node->count};
    const struct lm_entry **sorted = sort_entries(load, slot->node);
    list.items =
        lm_load_keep(load, lm_arena_alloc_array(load->arena, list.count, row->fields_size, 16));
    if (list.items == NULL || sorted == NULL)
        return;
    for (size_t i = 0; i < list.count; i++) {
        char number[24];
        void *item = (char *)list.items + i * row->fields_size;
        snprintf(number, sizeof number, "%zu", i);
        struct slot record = *slot;
        record.type = LM_P_RECORD;
        record.node = sorted[i]->value;
        record.name = lm_load_field(load, slot->name, number);
        record.field = lm_load_field(load, slot->field, sorted[i]->key);
        record.value = item;
        lm_params_defaults(item, row->fields);
        struct slot value = record;
        value.name = lm_load_field(load, record.name, row->fields->name);
        value.base = item;
        give_sibling(&value, &row->fields[1], sorted[i]->key, &sorted[i]->key_at, NULL);
        read_short(&record);
        note_also(&value, lm_load_field(load, slot->name, sorted[i]->key));
    }
    memcpy(slot->value, &list, sizeof list);
}

static void read_list(const struct slot *slot)
{
    const struct lm_param *row = slot->row;
    if ((row->flags & LM_PARAM_NAMED) && slot->node->kind == LM_NODE_MAP) {
        read_named(slot);
        return;
    }
    if (!lm_read_kind(slot->load, slot->node, slot->field, LM_NODE_LIST))
        return;
    size_t size = row->item == LM_P_RECORD ? row->fields_size : lm_param_size(row->item);
    struct lm_list list = {.count = 0};
    list.items = lm_load_keep(slot->load,
                              lm_arena_alloc_array(slot->load->arena, slot->node->count, size, 16));
    if (list.items == NULL)
        return;
    for (size_t i = 0; i < slot->node->count; i++)
        list.count += read_item(slot, i, list.count, (char *)list.items + list.count * size);
    memcpy(slot->value, &list, sizeof list);
    if (list.count == 0 && (row->flags & (LM_PARAM_REQUIRED | LM_PARAM_FILLED)))
        complain(slot, "an empty list; give at least one");
}

/** What was probably meant, else all names there are. */
static void unknown_key(struct lm_load *load, const struct lm_load_stage *build,
                        const struct lm_param *rows, const struct lm_entry *entry,
                        const char *field)
{
    enum { MOST = 100 };

    const char *names[MOST];
    size_t count = 0;
    for (const struct lm_param *row = rows; row->name != NULL && count < MOST - 1; row++)
        names[count++] = row->name;
    const struct lm_stage *type = build->stage->type;
    bool is_outer = rows == type->params;
    if (is_outer && (type->flags & LM_STAGE_NUMERIC))
        names[count++] = "numerics";
    enum lm_load_where here = is_outer ? LM_IN_WITH : LM_IN_RECORD;
    const char *belongs = lm_load_belongs(load, type, entry->key, here);
    const char *meant = lm_param_meant(load->arena, rows, entry->key);
    const char *hint = belongs ? belongs
                       : meant ? lm_arena_printf(load->arena, "; did you mean '%s'?", meant)
                               : lm_hint(&load->diags, entry->key, names, count);
    lm_diag_error(&load->diags, &entry->key_at, lm_load_field(load, field, entry->key),
                  "unknown parameter%s", hint ? hint : "");
}

static const struct lm_param *find_row(const struct lm_param *rows, const char *name)
{
    for (const struct lm_param *row = rows; row->name != NULL; row++)
        if (strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

static void read_rows(struct lm_load *load, struct lm_load_stage *build,
                      const struct lm_param *rows, void *base, const struct lm_node *map,
                      const struct lm_origin *at, const char *name, const char *field)
{
    bool numerics = name[0] == '\0' && (build->stage->type->flags & LM_STAGE_NUMERIC);
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        const struct lm_entry *entry = &map->entries[i];
        const struct lm_param *row = find_row(rows, entry->key);
        if (row == NULL) {
            if (!numerics || strcmp(entry->key, "numerics") != 0)
                unknown_key(load, build, rows, entry, field);
            continue;
        }
        struct slot slot = {.load = load,
                            .build = build,
                            .row = row,
                            .type = row->type,
                            .node = entry->value,
                            .name = lm_load_field(load, name, entry->key),
                            .field = lm_load_field(load, field, entry->key),
                            .value = (char *)base + row->offset,
                            .rows = rows,
                            .base = base};
        read_value(&slot);
    }
    for (const struct lm_param *row = rows; row->name != NULL; row++)
        if ((row->flags & LM_PARAM_REQUIRED) && lm_node_entry(map, row->name) == NULL)
            lm_diag_error(&load->diags, at, lm_load_field(load, field, row->name),
                          "required, but not given: %s", row->help);
}

/* ---- after reading: cross-field rules, files ---- */

struct lm_origin lm_load_origin(const struct lm_spec_stage *stage, const char *name)
{
    for (size_t length = strlen(name); length > 0; length--) {
        size_t place = lm_name_map_find_bytes(&stage->value_map, name, length);
        if (place != SIZE_MAX)
            return stage->values[place].origin;
        while (length > 1 && name[length - 1] != '.')
            length--;
    }
    return stage->origin;
}

/** What a type's own rules found. */
static void report(struct lm_load *load, const struct lm_spec_stage *stage,
                   const struct lm_err *err)
{
    struct lm_origin at = lm_load_origin(stage, err->field);
    const char *field = err->field[0] ? lm_load_field(load, stage->id, err->field) : stage->id;
    lm_diag_error(&load->diags, &at, field, "%s", lm_err_message(err));
}

bool lm_load_has_input(const struct lm_load_stage *build, const char *port)
{
    const struct lm_node *given = lm_node_get(lm_node_get(build->node, "in"), port);
    return given != NULL && !(given->kind == LM_NODE_LIST && given->count == 0);
}

static bool has_input(const void *user, const char *port)
{
    return lm_load_has_input(user, port);
}

static void resolve(struct lm_load *load, struct lm_load_stage *build)
{
    const struct lm_stage *type = build->stage->type;
    struct lm_err err = {.status = LM_OK};
    bool is_good =
        type->resolve == NULL || type->resolve(build->stage->params, load->arena, &err) == LM_OK;
    if (is_good && type->check_ports != NULL)
        is_good = type->check_ports(build->stage->params, has_input, build, &err) == LM_OK;
    build->resolved = is_good;
    if (!is_good)
        report(load, build->stage, &err);
}

/** The outputs that a family's parameters declare are those of all its instances. */
static void check_outputs(struct lm_load *load, const struct lm_load_stage *build)
{
    const struct lm_spec_stage *stage = build->stage;
    const struct lm_stage *own = lm_stage_bind(stage->type, stage->params, load->arena);
    if (lm_load_keep(load, (void *)(uintptr_t)own) != NULL && !build->is_unbound &&
        !lm_stage_has_outputs_of(own, stage->type))
        lm_diag_error(&load->diags, &stage->origin, stage->id,
                      "its outputs would not be the same for all instances; declare them without "
                      "${matrix.AXIS}");
}

static void read_numerics(struct lm_load *load, struct lm_spec_stage *stage,
                          const struct lm_node *map)
{
    static const char *const profiles[] = {"blas", "portable", NULL};
    const struct lm_entry *entry = lm_node_entry(map, "numerics");
    bool numeric = stage->type->flags & LM_STAGE_NUMERIC;
    stage->portable = numeric && load->portable;
    if (entry == NULL || !numeric)
        return;
    int choice =
        lm_read_choice(load, entry->value, lm_load_field(load, stage->id, "numerics"), profiles);
    if (choice >= 0) {
        stage->portable = choice == 1;
        stage->portable_given = true;
        stage->numerics_origin = entry->value->at;
    }
}

void lm_load_params(struct lm_load *load, struct lm_load_stage *build, const struct lm_node *map)
{
    struct lm_spec_stage *stage = build->stage;
    size_t errors = load->diags.errors;
    stage->params = lm_load_keep(load, lm_arena_alloc(load->arena, stage->type->params_size));
    if (stage->params == NULL)
        return;
    lm_params_defaults(stage->params, stage->type->params);
    read_numerics(load, stage, map);
    read_rows(load, build, stage->type->params, stage->params, map, map ? &map->at : &stage->origin,
              "", stage->id);
    if (load->diags.errors > errors)
        return;
    resolve(load, build);
    if (stage->type->bind != NULL && build->own != 0)
        check_outputs(load, build);
    lm_load_note_files(load, build);
}

const void *lm_load_params_quietly(struct lm_load *load, const struct lm_load_stage *build,
                                   const struct lm_node *map)
{
    const struct lm_diag_list said = load->diags;
    struct lm_spec_stage stage = *build->stage;
    struct lm_load_stage copy = {.stage = &stage, .node = build->node};
    const struct lm_param *rows = stage.type->params;
    void *params = lm_load_keep(load, lm_arena_alloc(load->arena, stage.type->params_size));
    if (params == NULL)
        return NULL;
    load->diags = (struct lm_diag_list){.arena = load->arena};
    lm_params_defaults(params, rows);
    read_rows(load, &copy, rows, params, map, map ? &map->at : &stage.origin, "", stage.id);
    bool good = load->diags.errors == 0, failed = load->diags.failed;
    load->diags = said;
    load->diags.failed |= failed;
    return good ? params : NULL;
}
