/* The resolved spec: as YAML that reads back to the same keys, with origins, or as JSON. */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/url.h"
#include "param/param_rows.h"
#include "spec/spec.h"
#include "yaml/scalar.h"
#include "yaml/yaml_node.h"

/* ---- a tree of what is resolved ---- */

struct builder {
    const struct lm_spec *spec;
    struct lm_arena *arena;
    size_t stage;
    struct lm_node *map; /* where parameters go */
    bool failed;
};

static const struct lm_origin fallback = {.file = NULL};

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
        lm_grow(builder->arena, to->entries, to->count, &to->expanded, sizeof *entries);
    const char *name = key ? lm_arena_strdup(builder->arena, key) : NULL;
    if (entries == NULL || (key != NULL && name == NULL)) {
        builder->failed = true;
        return;
    }
    to->entries = entries;
    entries[to->count++] = (struct lm_entry){.key = name, .value = value};
}

/** A scalar; plain: a number or word that needs no quotes. */
static void append_scalar(struct builder *builder, struct lm_node *to, const char *key, bool plain,
                          const char *text, const struct lm_origin *at)
{
    struct lm_node *node = new_node(builder, LM_NODE_SCALAR, at);
    if (node == NULL || text == NULL) {
        builder->failed = true;
        return;
    }
    node->text = text;
    node->plain = plain;
    append(builder, to, key, node);
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
    for (; *text != '\0'; text++)
        lm_buf_puts(&out, strncmp(text, "${", 2) == 0 ? "$$" : (char[]){*text, '\0'});
    const char *copy = lm_arena_strdup(builder->arena, out.data ? out.data : "");
    builder->failed = builder->failed || out.failed || copy == NULL;
    lm_buf_release(&out);
    return copy;
}

static const char *leaf_text(struct builder *builder, const struct lm_param_leaf *leaf, bool *plain)
{
    bool text = leaf->type == LM_P_STR || leaf->type == LM_P_ENUM || leaf->type == LM_P_PATH ||
                leaf->type == LM_P_URL;
    const struct lm_spec_value *given = lm_spec_value(builder->spec, builder->stage, leaf->name);
    *plain = !text;
    const char *value = given != NULL ? given->written : NULL;
    bool is_written = value != NULL;
    if (text && !is_written)
        memcpy(&value, leaf->value, sizeof value);
    if (value != NULL && leaf->type == LM_P_URL)
        value = lm_url_show(builder->arena, value);
    if (value != NULL)
        return is_written ? value : escape(builder, value);
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_param_print(&out, leaf->type, leaf->value);
    const char *copy = lm_arena_strdup(builder->arena, out.data ? out.data : "");
    lm_buf_release(&out);
    return copy;
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
            while (node->count <= index && !builder->failed)
                append_node(builder, node, NULL, LM_NODE_MAP, &fallback);
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

static void add_param(void *user, const struct lm_param_leaf *leaf)
{
    struct builder *builder = user;
    struct lm_origin at = lm_spec_leaf_origin(builder->spec, builder->stage, leaf);
    const char *name = leaf->name;
    bool plain, set = lm_param_is_unset(leaf->type, leaf->value);
    struct lm_node *to = set ? NULL : descend(builder, &name);
    if (to == NULL)
        return;
    const char *key = to->kind == LM_NODE_LIST ? NULL : name;
    if (leaf->type == LM_P_LIST) {
        append_node(builder, to, key, LM_NODE_LIST, &at);
        return;
    }
    const char *text = leaf_text(builder, leaf, &plain);
    append_scalar(builder, to, key, plain, text, &at);
}

static void add_number(struct builder *builder, struct lm_node *to, const char *key, int64_t v,
                       const struct lm_origin *at)
{
    append_scalar(builder, to, key, true, lm_arena_printf(builder->arena, "%" PRId64, v), at);
}

static void add_inputs(struct builder *builder, struct lm_node *to,
                       const struct lm_spec_stage *stage)
{
    struct lm_node *in =
        stage->input_count ? append_node(builder, to, "in", LM_NODE_MAP, &stage->origin) : NULL;
    for (size_t i = 0; i < stage->input_count; i++) {
        const struct lm_spec_input *input = &stage->inputs[i];
        const char *label = lm_arena_printf(
            builder->arena, "%s.%s", builder->spec->stages[input->stage].id, input->from->name);
        if (!(input->port->flags & LM_PORT_LIST)) {
            append_scalar(builder, in, input->port->name, false, label, &input->origin);
            continue;
        }
        struct lm_node *list = (struct lm_node *)(uintptr_t)lm_node_get(in, input->port->name);
        if (list == NULL)
            list = append_node(builder, in, input->port->name, LM_NODE_LIST, &input->origin);
        append_scalar(builder, list, NULL, false, input->label, &input->origin);
    }
}

static void add_resources(struct builder *builder, struct lm_node *to,
                          const struct lm_spec_stage *stage)
{
    char text[40];
    const struct lm_origin *at = &stage->origin;
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

static void add_stage(struct builder *builder, struct lm_node *stages, size_t index)
{
    const struct lm_spec_stage *stage = &builder->spec->stages[index];
    struct lm_node *map = append_node(builder, stages, stage->id, LM_NODE_MAP, &stage->origin);
    char text[40];
    append_scalar(builder, map, "uses", false, stage->type->name, &stage->origin);
    add_inputs(builder, map, stage);
    builder->stage = index;
    builder->map = append_node(builder, map, "with", LM_NODE_MAP, &stage->origin);
    if (stage->type->flags & LM_STAGE_NUMERIC)
        append_scalar(builder, builder->map, "numerics", false,
                      stage->portable ? "portable" : "blas", &stage->numerics_origin);
    lm_params_walk(stage->type->params, stage->params, add_param, builder);
    if (stage->seed != builder->spec->seed)
        add_number(builder, map, "seed", (int64_t)stage->seed, &stage->seed_origin);
    add_resources(builder, map, stage);
    if (stage->retries > 0)
        add_number(builder, map, "retries", stage->retries, &stage->origin);
    if (stage->timeout > 0)
        append_scalar(
            builder, map, "timeout", false,
            lm_arena_strdup(builder->arena, lm_scalar_print_duration(text, stage->timeout)),
            &stage->origin);
    struct lm_node *publish =
        stage->publish_count ? append_node(builder, map, "publish", LM_NODE_MAP, &stage->origin)
                             : NULL;
    for (size_t i = 0; i < stage->publish_count; i++)
        append_scalar(builder, publish, stage->publish[i].port->name, false,
                      escape(builder, stage->publish[i].path), &stage->publish[i].origin);
}

static void add_bound(struct builder *builder, struct lm_node *to, const char *key, double v,
                      const struct lm_origin *at)
{
    char text[32];
    if (!lm_is_unset(v))
        append_scalar(builder, to, key, true,
                      lm_arena_strdup(builder->arena, lm_format_double(text, v)), at);
}

static void add_gates(struct builder *builder, struct lm_node *root)
{
    const struct lm_spec *spec = builder->spec;
    struct lm_node *list =
        spec->gate_count ? append_node(builder, root, "gates", LM_NODE_LIST, &spec->gates[0].origin)
                         : NULL;
    for (size_t i = 0; i < spec->gate_count; i++) {
        const struct lm_spec_gate *gate = &spec->gates[i];
        struct lm_node *map = append_node(builder, list, NULL, LM_NODE_MAP, &gate->origin);
        append_scalar(
            builder, map, "metric", false,
            lm_arena_printf(builder->arena, "%s.%s", spec->stages[gate->stage].id, gate->metric),
            &gate->origin);
        add_bound(builder, map, "min", gate->min, &gate->origin);
        add_bound(builder, map, "max", gate->max, &gate->origin);
    }
}

static struct lm_node *build(struct builder *builder)
{
    const struct lm_spec *spec = builder->spec;
    struct lm_node *root = new_node(builder, LM_NODE_MAP, &fallback);
    add_number(builder, root, "lmpipe", 1, &spec->experiment_origin);
    append_scalar(builder, root, "experiment", false, spec->experiment, &spec->experiment_origin);
    if (spec->description[0])
        append_scalar(builder, root, "description", false, escape(builder, spec->description),
                      &spec->description_origin);
    add_number(builder, root, "seed", (int64_t)spec->seed, &spec->seed_origin);
    struct lm_node *stages = append_node(builder, root, "stages", LM_NODE_MAP, &fallback);
    for (size_t i = 0; i < spec->stage_count; i++)
        add_stage(builder, stages, i);
    add_gates(builder, root);
    return root;
}

/* ---- YAML ---- */

struct printer {
    struct lm_buf *out;
    struct lm_arena *arena;
    bool origins;
};

/** Can a text stand without quotes? Simple names that are no null, boolean or number. */
static bool is_bare(const char *text)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789./-";
    return text[0] != '\0' && strchr(first, text[0]) != NULL && text[strspn(text, rest)] == '\0' &&
           lm_scalar_resolve(text, true).type == LM_SCALAR_STR;
}

static void put_scalar(struct printer *printer, const struct lm_node *node)
{
    struct lm_json_writer writer;
    if (node->plain || is_bare(node->text)) {
        lm_buf_puts(printer->out, node->text);
        return;
    }
    lm_json_begin(&writer, printer->out, false);
    lm_json_put_string(&writer, node->text);
}

static void end_line(struct printer *printer, const struct lm_node *node)
{
    if (printer->origins)
        lm_buf_printf(printer->out, "  # %s", lm_origin_text(printer->arena, &node->at));
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

/** The members of a map or list, each on lines of its own, `indent` spaces in. */
static void put_block(struct printer *printer, const struct lm_node *node, int indent, bool inlined)
{
    for (size_t i = 0; i < node->count; i++) {
        const struct lm_entry *entry = &node->entries[i];
        bool is_item = entry->key == NULL;
        if (i > 0 || !inlined)
            lm_buf_printf(printer->out, "%*s", indent, "");
        if (is_item)
            lm_buf_puts(printer->out, "- ");
        else
            lm_buf_printf(printer->out, "%s:", entry->key);
        if (entry->value->kind == LM_NODE_SCALAR || is_flow(entry->value)) {
            lm_buf_puts(printer->out, is_item ? "" : " ");
            if (entry->value->kind == LM_NODE_SCALAR)
                put_scalar(printer, entry->value);
            else
                put_flow(printer, entry->value);
            end_line(printer, entry->value);
            continue;
        }
        if (!is_item)
            lm_buf_putc(printer->out, '\n');
        put_block(printer, entry->value, indent + 2, is_item);
    }
}

/* ---- JSON ---- */

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
        if (is_map)
            lm_json_key(writer, node->entries[i].key);
        put_json(writer, node->entries[i].value);
    }
    lm_json_close(writer, is_map ? '}' : ']');
}

/** "origins": a flat map from "stages.model.with.lr" to "spec.yaml:14". */
static void put_origins(struct lm_json_writer *writer, struct lm_arena *arena,
                        const struct lm_node *node, const char *path)
{
    for (size_t i = 0; i < node->count; i++) {
        const struct lm_entry *entry = &node->entries[i];
        const char *gap = path[0] ? "." : "";
        const char *below = entry->key ? lm_arena_printf(arena, "%s%s%s", path, gap, entry->key)
                                       : lm_arena_printf(arena, "%s%s%zu", path, gap, i);
        if (below == NULL)
            return;
        if (entry->value->kind == LM_NODE_SCALAR)
            lm_json_member_string(writer, below, lm_origin_text(arena, &entry->value->at));
        else
            put_origins(writer, arena, entry->value, below);
    }
}

static void print_json(struct lm_buf *out, struct lm_arena *arena, const struct lm_node *root,
                       bool origins)
{
    struct lm_json_writer writer;
    lm_json_begin(&writer, out, true);
    lm_json_open(&writer, '{');
    for (size_t i = 0; i < root->count; i++) {
        lm_json_key(&writer, root->entries[i].key);
        put_json(&writer, root->entries[i].value);
    }
    if (origins) {
        lm_json_key(&writer, "origins");
        lm_json_open(&writer, '{');
        put_origins(&writer, arena, root, "");
        lm_json_close(&writer, '}');
    }
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
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
        put_block(&printer, root, 0, false);
    enum lm_status status = builder.failed ? LM_NOMEM : lm_buf_status(&text, NULL);
    if (status == LM_OK)
        fwrite(text.data ? text.data : "", 1, text.size, out);
    lm_buf_release(&text);
    lm_arena_free(builder.arena);
    return status;
}
