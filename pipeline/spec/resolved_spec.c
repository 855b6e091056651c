/* The resolved spec: as YAML that reads back to the same keys, with origins, or as JSON. */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/url.h"
#include "base/utf8.h"
#include "param/param_rows.h"
#include "spec/spec.h"
#include "yaml/scalar.h"
#include "yaml/yaml_node.h"

/* ---- a tree of what is resolved ---- */

struct builder {
    const struct lm_spec *spec;
    struct lm_arena *arena;
    size_t stage;
    struct lm_node *map;      /* where parameters go */
    const char *derived_list; /* name of the last list that follows from other parameters */
    bool are_derived_refused; /* the stage's derived values may not stand beside the given ones */
    bool failed;
};

static const struct lm_origin fallback = {.file = NULL};

/* A node that is shown as a comment is marked as `failed`, which means nothing here otherwise. */

static struct lm_node *new_node(struct builder *builder, enum lm_node_kind kind,
                                const struct lm_origin *at)
{
    struct lm_node *node = LM_NEW(builder->arena, struct lm_node);
    if (node == NULL) {
        builder->failed = true;
        return NULL;
    }
    node->kind = kind;
    node->at = *at;
    return node;
}

/** Appends a member (key NULL: an element); `capacity` is kept in `expanded`, unused here. */
static void append(struct builder *builder, struct lm_node *to, const char *key,
                   const struct lm_node *value)
{
    if (to == NULL || value == NULL)
        return;
    struct lm_entry *entries =
        lm_arena_grow(builder->arena, to->entries, to->count, &to->expanded, sizeof *entries);
    const char *name = key ? lm_arena_strdup(builder->arena, key) : NULL;
    if (entries == NULL || (key != NULL && name == NULL)) {
        builder->failed = true;
        return;
    }
    to->entries = entries;
    entries[to->count++] = (struct lm_entry){.key = name, .value = value};
}

/** A scalar; plain: a number or word that needs no quotes. NULL after a failure. */
static struct lm_node *append_scalar(struct builder *builder, struct lm_node *to, const char *key,
                                     bool plain, const char *text, const struct lm_origin *at)
{
    struct lm_node *node = new_node(builder, LM_NODE_SCALAR, at);
    if (node == NULL || text == NULL) {
        builder->failed = true;
        return NULL;
    }
    node->text = text;
    node->plain = plain;
    append(builder, to, key, node);
    return node;
}

static struct lm_node *append_node(struct builder *builder, struct lm_node *to, const char *key,
                                   enum lm_node_kind kind, const struct lm_origin *at)
{
    struct lm_node *node = new_node(builder, kind, at);
    append(builder, to, key, node);
    return node;
}

/** A text as a spec would write it: "${" is escaped. */
static const char *escape(struct builder *builder, const char *text)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    if (text != NULL)
        lm_spec_escape(&out, text);
    const char *copy = lm_arena_strdup(builder->arena, out.data ? out.data : "");
    builder->failed = builder->failed || out.failed || copy == NULL || text == NULL;
    lm_buf_release(&out);
    return copy;
}

static bool is_text(enum lm_param_type type)
{
    return type == LM_P_STR || type == LM_P_ENUM || type == LM_P_PATH || type == LM_P_URL;
}

static const char *text_of(const struct lm_param_leaf *leaf)
{
    const char *text;
    memcpy(&text, leaf->value, sizeof text);
    return text;
}

/** Has a parameter no value that a spec could give? An empty path or address is none, nor is a list
 *  that would have to hold something. */
static bool is_absent(const struct lm_param_leaf *leaf)
{
    if (leaf->type == LM_P_LIST && (leaf->row->flags & LM_PARAM_FILLED))
        return lm_param_is_default(leaf->row, leaf->value);
    bool place = leaf->type == LM_P_PATH || leaf->type == LM_P_URL;
    return lm_param_is_unset(leaf->type, leaf->value) || (place && text_of(leaf)[0] == '\0');
}

/** A text parameter as a spec would write it, its secrets masked. */
static const char *written_text(struct builder *builder, const struct lm_param_leaf *leaf)
{
    const struct lm_spec_value *given = lm_spec_value(builder->spec, builder->stage, leaf->name);
    const char *written = given != NULL ? given->written : NULL;
    const char *text = written != NULL ? written : text_of(leaf);
    bool masked = leaf->type == LM_P_URL && (written == NULL || !lm_url_is_by_reference(written));
    if (masked)
        text = lm_url_show(builder->arena, text);
    return written != NULL ? text : escape(builder, text);
}

static const char *leaf_text(struct builder *builder, const struct lm_param_leaf *leaf, bool *plain)
{
    struct lm_buf out;
    *plain = !is_text(leaf->type);
    if (!*plain)
        return written_text(builder, leaf);
    lm_buf_init(&out, 0);
    lm_param_print(&out, leaf->type, leaf->value);
    const char *copy = lm_arena_strdup(builder->arena, out.data ? out.data : "");
    lm_buf_release(&out);
    return copy;
}

/** A list of records has as many members as there are, also when one says nothing. */
static struct lm_node *append_list(struct builder *builder, struct lm_node *to, const char *key,
                                   const struct lm_param_leaf *leaf, const struct lm_origin *at)
{
    struct lm_list list;
    struct lm_node *node = append_node(builder, to, key, LM_NODE_LIST, at);
    memcpy(&list, leaf->value, sizeof list);
    if (node == NULL || leaf->row->item != LM_P_RECORD)
        return node;
    for (size_t i = 0; i < list.count; i++)
        append_node(builder, node, NULL, LM_NODE_MAP, at);
    return node;
}

/** The node that the parts of a key name before its last lead to: "sources.0.url" → item 0. */
static struct lm_node *descend(struct builder *builder, const char **name)
{
    struct lm_node *node = builder->map;
    for (const char *dot; node != NULL && (dot = strchr(*name, '.')) != NULL; *name = dot + 1) {
        const char *part = lm_arena_strndup(builder->arena, *name, (size_t)(dot - *name));
        struct lm_node *next = NULL;
        if (part == NULL)
            return NULL;
        if (node->kind == LM_NODE_LIST) {
            size_t index = (size_t)lm_scalar_resolve(part, true).integer;
            next = node->count > index ? (struct lm_node *)(uintptr_t)node->entries[index].value
                                       : NULL;
        } else {
            next = (struct lm_node *)(uintptr_t)lm_node_get(node, part);
            if (next == NULL)
                next = append_node(builder, node, part, LM_NODE_MAP, &fallback);
        }
        node = next;
    }
    return node;
}

/** Does a parameter follow from others: itself, or the list that it is in? */
static bool is_derived(struct builder *builder, const struct lm_param_leaf *leaf,
                       const struct lm_origin *at)
{
    const char *list = builder->derived_list;
    size_t length = list != NULL ? strlen(list) : 0;
    if (list != NULL && strncmp(leaf->name, list, length) == 0 && leaf->name[length] == '.')
        return true;
    bool derived = at->file == NULL && at->via != NULL;
    if (derived && leaf->type == LM_P_LIST)
        builder->derived_list = lm_arena_strdup(builder->arena, leaf->name);
    return derived;
}

/** How a parameter, or what holds it, is written with ${matrix.AXIS}; NULL: without. *length is
 * that of the name of what is written so. */
static const char *written_by_matrix(const struct builder *builder, const char *name,
                                     size_t *length)
{
    const struct lm_spec_stage *stage = &builder->spec->stages[builder->stage];
    for (const char *part = name; part != NULL; part = part[0] == '.' ? part + 1 : NULL) {
        part += strcspn(part, ".");
        *length = (size_t)(part - name);
        size_t place = lm_name_map_find_bytes(&stage->value_map, name, *length);
        if (place != SIZE_MAX && stage->values[place].by_matrix != NULL)
            return stage->values[place].by_matrix;
    }
    return NULL;
}

/** Adds what the matrix gives as it is written: the whole value, once. */
static bool add_by_matrix(struct builder *builder, const struct lm_param_leaf *leaf)
{
    size_t length;
    const char *written = written_by_matrix(builder, leaf->name, &length);
    const char *name =
        written != NULL ? lm_arena_strndup(builder->arena, leaf->name, length) : NULL;
    if (name == NULL)
        return false;
    const struct lm_spec_value *value = lm_spec_value(builder->spec, builder->stage, name);
    const char *key = name;
    struct lm_node *to = descend(builder, &key);
    bool is_item = to != NULL && to->kind == LM_NODE_LIST;
    if (to != NULL && (is_item || lm_node_get(to, key) == NULL))
        append_scalar(builder, to, is_item ? NULL : key, false, written, &value->origin);
    return true;
}

static void add_param(void *user, const struct lm_param_leaf *leaf)
{
    static const struct lm_origin derived = {.via = "derived"};
    struct builder *builder = user;
    struct lm_origin at = lm_spec_leaf_origin(builder->spec, builder->stage, leaf);
    const char *name = leaf->name;
    bool plain;
    if (add_by_matrix(builder, leaf))
        return;
    struct lm_node *to = is_absent(leaf) ? NULL : descend(builder, &name), *node;
    if (to == NULL)
        return;
    bool follows = is_derived(builder, leaf, &at);
    const struct lm_origin *from = follows ? &derived : &at;
    const char *key = to->kind == LM_NODE_LIST ? NULL : name;
    if (leaf->type == LM_P_LIST) {
        node = append_list(builder, to, key, leaf, from);
    } else {
        const char *text = leaf_text(builder, leaf, &plain);
        node = append_scalar(builder, to, key, plain, text, from);
    }
    bool comment = follows && builder->are_derived_refused;
    for (size_t i = 0; node != NULL && comment && i < node->count; i++)
        ((struct lm_node *)(uintptr_t)node->entries[i].value)->failed = true;
    if (node != NULL)
        node->failed = comment;
}

/* ---- may what is derived be given? ---- */

static bool has_input(const void *user, const char *port)
{
    const struct lm_spec_stage *stage = user;
    for (size_t i = 0; i < stage->input_count; i++)
        if (strcmp(stage->inputs[i].port->name, port) == 0)
            return true;
    return false;
}

static const char *params_text(struct builder *builder, const struct lm_stage *type,
                               const void *params)
{
    struct lm_buf out;
    struct lm_json_writer writer;
    lm_buf_init(&out, 0);
    lm_json_begin(&writer, &out, false);
    lm_params_write_json(type->params, params, &writer);
    const char *copy = out.failed ? NULL : lm_arena_strdup(builder->arena, out.data);
    builder->failed = builder->failed || copy == NULL;
    lm_buf_release(&out);
    return copy;
}

/** Do the parameters, all of them given as they are resolved, resolve to themselves? Some types
 *  refuse a value beside the one it follows from: steps beside tokens, a shape beside init. */
static bool is_settled(struct builder *builder, const struct lm_spec_stage *stage)
{
    const struct lm_stage *type = stage->type;
    struct lm_json *json = NULL;
    const char *text = params_text(builder, type, stage->params), *again;
    void *copy = lm_arena_alloc(builder->arena, type->params_size);
    bool good = text != NULL && copy != NULL && type->resolve != NULL &&
                lm_json_parse(&json, text, strlen(text), NULL) == LM_OK &&
                lm_params_read_json(copy, type->params, json, builder->arena, NULL) == LM_OK &&
                type->resolve(copy, builder->arena, NULL) == LM_OK;
    if (good && type->check_ports != NULL)
        good = type->check_ports(copy, has_input, stage, NULL) == LM_OK;
    lm_json_free(json);
    again = good ? params_text(builder, type, copy) : NULL;
    return type->resolve == NULL || (again != NULL && strcmp(again, text) == 0);
}

/* ---- stages ---- */

static void add_number(struct builder *builder, struct lm_node *to, const char *key, int64_t v,
                       const struct lm_origin *at)
{
    append_scalar(builder, to, key, true, lm_arena_printf(builder->arena, "%" PRId64, v), at);
}

/** A tree as it is written; its texts hold no escapes unless they hold ${matrix.AXIS}. */
static struct lm_node *copy_tree(struct builder *builder, const struct lm_node *node)
{
    struct lm_node *copy = new_node(builder, node->kind, &node->at);
    if (copy == NULL)
        return NULL;
    copy->plain = node->plain && strstr(node->text != NULL ? node->text : "", "${") == NULL;
    if (node->kind == LM_NODE_SCALAR)
        copy->text = node->has_matrix ? node->text : escape(builder, node->text);
    for (size_t i = 0; i < node->count; i++)
        append(builder, copy, node->entries[i].key, copy_tree(builder, node->entries[i].value));
    return copy;
}

/* Where a key of the stage's map has its value from. */
static const struct lm_origin *value_origin(const struct lm_spec_family *family, const char *key)
{
    const struct lm_node *value = lm_node_get(family->node, key);
    return value != NULL ? &value->at : &family->node->at;
}

static void add_resources(struct builder *builder, struct lm_node *to,
                          const struct lm_spec_family *family, const struct lm_spec_stage *stage)
{
    char text[40];
    const struct lm_origin *at = value_origin(family, "resources");
    if (stage->threads == 0 && stage->memory == 0 && stage->mutex == NULL)
        return;
    struct lm_node *map = append_node(builder, to, "resources", LM_NODE_MAP, at);
    if (stage->threads > 0)
        add_number(builder, map, "threads", stage->threads, at);
    if (stage->memory > 0)
        append_scalar(builder, map, "memory", false,
                      lm_arena_strdup(builder->arena, lm_scalar_print_size(text, stage->memory)),
                      at);
    if (stage->mutex == NULL)
        return;
    struct lm_node *list = append_node(builder, map, "mutex", LM_NODE_LIST, at);
    for (const char *const *name = stage->mutex; *name != NULL; name++)
        append_scalar(builder, list, NULL, false, escape(builder, *name), at);
}

static void add_params(struct builder *builder, struct lm_node *map,
                       const struct lm_spec_family *family)
{
    const struct lm_spec_stage *stage = &builder->spec->stages[family->first];
    builder->stage = family->first;
    builder->derived_list = NULL;
    builder->are_derived_refused = family->own != 0 || !is_settled(builder, stage);
    builder->map = append_node(builder, map, "with", LM_NODE_MAP, &stage->origin);
    if (stage->type->flags & LM_STAGE_NUMERIC)
        append_scalar(builder, builder->map, "numerics", false,
                      stage->portable ? "portable" : "blas", &stage->numerics_origin);
    lm_params_walk(stage->type->params, stage->params, add_param, builder);
}

/** A family as it is written: its instances follow from the matrix. */
static void add_family(struct builder *builder, struct lm_node *stages,
                       const struct lm_spec_family *family)
{
    const struct lm_spec_stage *stage = &builder->spec->stages[family->first];
    struct lm_node *map = append_node(builder, stages, family->id, LM_NODE_MAP, &stage->origin);
    char text[40];
    append_scalar(builder, map, "uses", false, stage->type->name, value_origin(family, "uses"));
    if (family->in != NULL && family->in->count > 0)
        append(builder, map, "in", copy_tree(builder, family->in));
    add_params(builder, map, family);
    if (family->seed != NULL && family->seed->has_matrix)
        append(builder, map, "seed", copy_tree(builder, family->seed));
    else if (stage->seed != builder->spec->seed)
        add_number(builder, map, "seed", (int64_t)stage->seed, &stage->seed_origin);
    add_resources(builder, map, family, stage);
    if (stage->retries > 0)
        add_number(builder, map, "retries", stage->retries, value_origin(family, "retries"));
    if (stage->timeout > 0)
        append_scalar(
            builder, map, "timeout", false,
            lm_arena_strdup(builder->arena, lm_scalar_print_duration(text, stage->timeout)),
            value_origin(family, "timeout"));
    struct lm_node *publish =
        family->publish_count ? append_node(builder, map, "publish", LM_NODE_MAP, &stage->origin)
                              : NULL;
    for (size_t i = 0; i < family->publish_count; i++)
        append_scalar(builder, publish, family->publish[i].port->name, false,
                      escape(builder, family->publish[i].path), &family->publish[i].origin);
}

static void add_bound(struct builder *builder, struct lm_node *to, const char *key, double v,
                      const struct lm_origin *at)
{
    char text[32];
    if (!lm_is_unset(v))
        append_scalar(builder, to, key, true,
                      lm_arena_strdup(builder->arena, lm_format_double(text, v)), at);
}

/** What a gate says of the baseline. */
static void add_against(struct builder *builder, struct lm_node *map,
                        const struct lm_spec_gate *gate)
{
    char text[32];
    if (!gate->is_against)
        return;
    lm_format_double(text, gate->is_relative ? 100 * gate->margin : gate->margin);
    append_scalar(builder, map, "worse_by_at_most", !gate->is_relative,
                  lm_arena_printf(builder->arena, "%s%s", text, gate->is_relative ? "%" : ""),
                  &gate->origin);
    append_scalar(builder, map, "vs", false, "baseline", &gate->origin);
    add_bound(builder, map, "confidence", gate->confidence, &gate->origin);
    append_scalar(builder, map, "better", false,
                  gate->better == LM_BETTER_LOWER ? "lower" : "higher", &gate->origin);
}

static void add_gates(struct builder *builder, struct lm_node *root)
{
    const struct lm_spec *spec = builder->spec;
    struct lm_node *list =
        spec->gate_count ? append_node(builder, root, "gates", LM_NODE_LIST, &spec->gates[0].origin)
                         : NULL;
    for (size_t i = 0; i < spec->gate_count; i++) {
        const struct lm_spec_gate *gate = &spec->gates[i];
        if (i > 0 && gate->typed == gate[-1].typed)
            continue; /* of the next instance */
        struct lm_node *map = append_node(builder, list, NULL, LM_NODE_MAP, &gate->origin);
        append_scalar(builder, map, "metric", false, escape(builder, gate->typed), &gate->origin);
        add_bound(builder, map, "min", gate->min, &gate->origin);
        add_bound(builder, map, "max", gate->max, &gate->origin);
        add_against(builder, map, gate);
    }
}

static struct lm_node *build(struct builder *builder)
{
    const struct lm_spec *spec = builder->spec;
    struct lm_node *root = new_node(builder, LM_NODE_MAP, &fallback);
    add_number(builder, root, "lmpipe", 1, &spec->format_origin);
    append_scalar(builder, root, "experiment", false, spec->experiment, &spec->experiment_origin);
    if (spec->description[0])
        append_scalar(builder, root, "description", false, escape(builder, spec->description),
                      &spec->description_origin);
    add_number(builder, root, "seed", (int64_t)spec->seed, &spec->seed_origin);
    if (spec->matrix_node != NULL)
        append(builder, root, "matrix", copy_tree(builder, spec->matrix_node));
    struct lm_node *stages = append_node(builder, root, "stages", LM_NODE_MAP, &fallback);
    for (size_t i = 0; i < spec->family_count; i++)
        add_family(builder, stages, &spec->families[i]);
    if (spec->baseline != NULL) {
        struct lm_node *map =
            append_node(builder, root, "baseline", LM_NODE_MAP, &spec->baseline_origin);
        append_scalar(builder, map, "run", false,
                      spec->baseline_written != NULL ? spec->baseline_written
                                                     : escape(builder, spec->baseline),
                      &spec->baseline_origin);
    }
    add_gates(builder, root);
    return root;
}

/* ---- YAML ---- */

struct printer {
    struct lm_buf *out;
    struct lm_arena *arena;
    bool origins;
};

static void put_scalar(struct printer *printer, const struct lm_node *node)
{
    if (node->plain)
        lm_buf_puts(printer->out, node->text);
    else
        lm_scalar_print_text(printer->out, node->text);
}

/** A comment ends with its line: a file's name may not end it before. */
static void end_line(struct printer *printer, const struct lm_node *node)
{
    if (printer->origins) {
        lm_buf_puts(printer->out, "  # ");
        for (const char *p = lm_origin_text(printer->arena, &node->at); *p != '\0'; p++)
            lm_buf_putc(printer->out, (unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p);
    }
    lm_buf_putc(printer->out, '\n');
}

static bool is_flow(const struct lm_node *node)
{
    for (size_t i = 0; i < node->count; i++)
        if (node->entries[i].value->kind != LM_NODE_SCALAR)
            return false;
    return node->kind == LM_NODE_LIST || node->count == 0;
}

static void put_flow(struct printer *printer, const struct lm_node *node)
{
    lm_buf_putc(printer->out, node->kind == LM_NODE_LIST ? '[' : '{');
    for (size_t i = 0; i < node->count; i++) {
        lm_buf_puts(printer->out, i ? ", " : "");
        put_scalar(printer, node->entries[i].value);
    }
    lm_buf_putc(printer->out, node->kind == LM_NODE_LIST ? ']' : '}');
}

/** Is all of it shown as a comment? */
static bool is_comment(const struct lm_node *node)
{
    bool all = node->failed || (node->kind != LM_NODE_SCALAR && node->count > 0);
    for (size_t i = 0; i < node->count && all; i++)
        all = is_comment(node->entries[i].value);
    return all;
}

/** How the lines of a block begin. */
struct margin {
    int indent;
    bool comment, inlined; /**< inlined: the first line has begun */
};

static void put_block(struct printer *printer, const struct lm_node *node, struct margin margin);

/** One member of a map or list. */
static void put_entry(struct printer *printer, const struct lm_entry *entry, struct margin margin)
{
    const struct lm_node *value = entry->value;
    bool is_item = entry->key == NULL, is_new = !margin.comment && is_comment(value);
    bool is_empty = is_item && is_new;
    margin.comment = margin.comment || (is_new && !is_item);
    if (!margin.inlined)
        lm_buf_printf(printer->out, "%*s%s", margin.indent, "", margin.comment ? "# " : "");
    if (is_item)
        lm_buf_puts(printer->out, is_empty ? "- {}" : "- ");
    else
        lm_buf_printf(printer->out, "%s:", entry->key);
    if (is_empty) {
        end_line(printer, value);
        return;
    }
    if (value->kind != LM_NODE_SCALAR && !is_flow(value)) {
        if (!is_item)
            lm_buf_putc(printer->out, '\n');
        put_block(printer, value, (struct margin){margin.indent + 2, margin.comment, is_item});
        return;
    }
    lm_buf_puts(printer->out, is_item ? "" : " ");
    if (value->kind == LM_NODE_SCALAR)
        put_scalar(printer, value);
    else
        put_flow(printer, value);
    end_line(printer, value);
}

/** The members of a map or list, each on lines of its own. A list item does not begin with a
 * comment.
 */
static void put_block(struct printer *printer, const struct lm_node *node, struct margin margin)
{
    bool sorted = margin.inlined && !margin.comment;
    for (int late = 0; late < 1 + sorted; late++)
        for (size_t i = 0; i < node->count; i++) {
            if (sorted && is_comment(node->entries[i].value) != (late == 1))
                continue;
            put_entry(printer, &node->entries[i], margin);
            margin.inlined = false;
        }
}

/* ---- JSON ---- */

/** Without what is shown as a comment: that is among `derived`. */
static void put_json(struct lm_json_writer *writer, const struct lm_node *node)
{
    bool is_map = node->kind == LM_NODE_MAP;
    if (node->kind == LM_NODE_SCALAR) {
        struct lm_scalar value = lm_scalar_resolve(node->text, node->plain);
        if (value.type == LM_SCALAR_INT)
            lm_json_put_int(writer, value.integer);
        else if (value.type == LM_SCALAR_FLOAT)
            lm_json_put_double(writer, value.real);
        else if (value.type == LM_SCALAR_BOOL)
            lm_json_put_bool(writer, value.boolean);
        else
            lm_json_put_string(writer, node->text);
        return;
    }
    lm_json_open(writer, is_map ? '{' : '[');
    for (size_t i = 0; i < node->count; i++) {
        if (is_map && is_comment(node->entries[i].value))
            continue;
        if (is_map)
            lm_json_key(writer, node->entries[i].key);
        put_json(writer, node->entries[i].value);
    }
    lm_json_close(writer, is_map ? '}' : ']');
}

typedef void put_fn(struct lm_json_writer *writer, struct lm_arena *arena, const char *path,
                    const struct lm_node *node);

/** Calls `put` for all below a node with their paths, "stages.model.with.lr", "….sources.0.url". */
static void put_flat(struct lm_json_writer *writer, struct lm_arena *arena,
                     const struct lm_node *node, const char *path, put_fn *put)
{
    for (size_t i = 0; i < node->count; i++) {
        const struct lm_entry *entry = &node->entries[i];
        const char *gap = path[0] ? "." : "";
        const char *below = entry->key ? lm_arena_printf(arena, "%s%s%s", path, gap, entry->key)
                                       : lm_arena_printf(arena, "%s%s%zu", path, gap, i);
        if (below == NULL)
            return;
        put(writer, arena, below, entry->value);
        put_flat(writer, arena, entry->value, below, put);
    }
}

static void put_origin(struct lm_json_writer *writer, struct lm_arena *arena, const char *path,
                       const struct lm_node *node)
{
    if (node->kind == LM_NODE_SCALAR)
        lm_json_member_string(writer, path, lm_origin_text(arena, &node->at));
}

static void put_derived(struct lm_json_writer *writer, struct lm_arena *arena, const char *path,
                        const struct lm_node *node)
{
    (void)arena;
    if (node->kind != LM_NODE_SCALAR || !node->failed)
        return;
    lm_json_key(writer, path);
    put_json(writer, node);
}

static void put_section(struct lm_json_writer *writer, struct lm_arena *arena,
                        const struct lm_node *root, const char *key, put_fn *put)
{
    lm_json_key(writer, key);
    lm_json_open(writer, '{');
    put_flat(writer, arena, root, "", put);
    lm_json_close(writer, '}');
}

/** Appends JSON with characters escaped that a YAML reader refuses, folds or does not show; they
 *  stand in strings alone. */
static void append_visible(struct lm_buf *out, const char *json, size_t size)
{
    for (size_t at = 0, length; at < size; at += length) {
        uint32_t c;
        length = lm_utf8_decode(&c, (const uint8_t *)json + at, size - at);
        if (length > 1 && c <= 0xffff && lm_utf8_is_hidden(c))
            lm_buf_printf(out, "\\u%04x", (unsigned)c);
        else
            lm_buf_append(out, json + at, length > 0 ? length : 1);
        length += length == 0;
    }
}

static void print_json(struct lm_buf *out, struct lm_arena *arena, const struct lm_node *root,
                       bool origins)
{
    struct lm_buf text;
    struct lm_json_writer writer;
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, true);
    lm_json_open(&writer, '{');
    for (size_t i = 0; i < root->count; i++) {
        lm_json_key(&writer, root->entries[i].key);
        put_json(&writer, root->entries[i].value);
    }
    put_section(&writer, arena, root, "derived", put_derived);
    if (origins)
        put_section(&writer, arena, root, "origins", put_origin);
    lm_json_close(&writer, '}');
    append_visible(out, text.data ? text.data : "", text.size);
    lm_buf_putc(out, '\n');
    out->failed = out->failed || text.failed;
    lm_buf_release(&text);
}

enum lm_status lm_spec_print_config(const struct lm_spec *spec, bool origins, bool json, FILE *out)
{
    struct lm_buf text;
    struct builder builder = {.spec = spec, .arena = lm_arena_create()};
    if (builder.arena == NULL)
        return LM_NOMEM;
    const struct lm_node *root = build(&builder);
    lm_buf_init(&text, 0);
    struct printer printer = {.out = &text, .arena = builder.arena, .origins = origins};
    if (root != NULL && json)
        print_json(&text, builder.arena, root, origins);
    else if (root != NULL)
        put_block(&printer, root, (struct margin){0});
    enum lm_status status = builder.failed ? LM_NOMEM : lm_buf_print(&text, out, NULL);
    lm_buf_release(&text);
    lm_arena_free(builder.arena);
    return status;
}
