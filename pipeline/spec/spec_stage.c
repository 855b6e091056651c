/* `stages:`: each stage's own keys, what it takes and publishes, its resources. */
#include "spec/load.h"

#include <string.h>

enum { ID_LONGEST = 64 };

static bool is_stage_name(const char *text)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz";
    static const char rest[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    return text[0] != '\0' && strchr(first, text[0]) != NULL &&
           text[1 + strspn(text + 1, rest)] == '\0' && strlen(text) <= ID_LONGEST;
}

static bool is_reserved(const char *name)
{
    return strcmp(name, "matrix") == 0 || strcmp(name, "vars") == 0 || strcmp(name, "env") == 0;
}

/** The stage type a `uses:` names; NULL after a finding. */
static const struct lm_stage *find_type(struct lm_load *load, const struct lm_node *node,
                                        const char *field)
{
    enum { MOST = 64 };

    const struct lm_stage *const *types = load->options->types;
    const char *text = lm_read_text(load, node, field), *names[MOST];
    size_t count = 0;
    if (text == NULL)
        return NULL;
    for (size_t i = 0; types[i] != NULL; i++) {
        if (strcmp(types[i]->name, text) == 0)
            return types[i];
        if (count < MOST)
            names[count++] = types[i]->name;
    }
    lm_diag_error(&load->diags, &node->at, field, "unknown stage type %s%s",
                  lm_quote(load->arena, text), lm_hint(&load->diags, text, names, count));
    return NULL;
}

static const struct lm_port *find_port(const struct lm_port *ports, const char *name)
{
    for (const struct lm_port *port = ports; port != NULL && port->name != NULL; port++)
        if (strcmp(port->name, name) == 0)
            return port;
    return NULL;
}

static void read_inputs(struct lm_load *load, struct lm_load_stage *build,
                        const struct lm_node *map, const char *field)
{
    const struct lm_port *ports = build->stage->type->inputs;
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        const struct lm_entry *entry = &map->entries[i];
        const char *name = lm_load_field(load, field, entry->key);
        const struct lm_port *port = find_port(ports, entry->key);
        const struct lm_node *value = entry->value;
        if (port == NULL) {
            lm_load_unknown_port(load, build->stage->type, entry, name, LM_IN_INPUTS);
        } else if (value->kind != LM_NODE_LIST) {
            lm_load_input(load, build, port, value, name);
        } else if (!(port->flags & LM_PORT_LIST)) {
            lm_diag_error(&load->diags, &value->at, name, "takes one artifact; name one stage");
        } else {
            for (size_t k = 0; k < value->count; k++)
                lm_load_input(load, build, port, value->entries[k].value, name);
        }
    }
    for (const struct lm_port *port = ports; port != NULL && port->name != NULL; port++) {
        const struct lm_node *value = lm_node_get(map, port->name);
        bool empty = value == NULL || (value->kind == LM_NODE_LIST && value->count == 0);
        if (empty && !(port->flags & LM_PORT_OPTIONAL))
            lm_diag_error(&load->diags, map ? &map->at : &build->stage->origin,
                          lm_load_field(load, field, port->name),
                          "required, but not given: %s (%s)", port->help, port->kind);
    }
}

/** mutex: a name or a list of them, NULL-terminated. */
static void read_mutex(struct lm_load *load, struct lm_spec_stage *stage,
                       const struct lm_node *node, const char *field)
{
    bool list = node->kind == LM_NODE_LIST;
    size_t count = list ? node->count : 1, kept = 0;
    const char **names = lm_load_keep(load, LM_NEW_ARRAY(load->arena, const char *, count + 1));
    for (size_t i = 0; names != NULL && i < count; i++) {
        const char *text = lm_read_text(load, list ? node->entries[i].value : node, field);
        if (text != NULL)
            names[kept++] = text;
    }
    stage->mutex = names;
}

static void read_resources(struct lm_load *load, struct lm_spec_stage *stage,
                           const struct lm_node *map, const char *field)
{
    static const char *const keys[] = {"threads", "memory", "mutex", NULL};
    static const struct lm_load_map known = {"resources", keys, LM_ELSEWHERE, NULL};
    if (!lm_read_kind(load, map, field, LM_NODE_MAP))
        return;
    lm_read_keys(load, map, field, &known);
    const struct lm_node *threads = lm_node_get(map, "threads");
    const struct lm_node *memory = lm_node_get(map, "memory"), *mutex = lm_node_get(map, "mutex");
    if (threads != NULL)
        lm_read_int(load, threads, lm_load_field(load, field, "threads"), 1, 4096, &stage->threads);
    if (memory != NULL &&
        lm_read_size(load, memory, lm_load_field(load, field, "memory"), &stage->memory) &&
        stage->memory == 0)
        lm_diag_error(&load->diags, &memory->at, lm_load_field(load, field, "memory"),
                      "no memory at all; give a size such as 2G");
    if (mutex != NULL)
        read_mutex(load, stage, mutex, lm_load_field(load, field, "mutex"));
}

/** Keys that need no type: resources, retries, timeout. */
static void read_common(struct lm_load *load, struct lm_spec_stage *stage,
                        const struct lm_node *map)
{
    const struct lm_node *retries = lm_node_get(map, "retries");
    const struct lm_node *timeout = lm_node_get(map, "timeout");
    const struct lm_node *resources = lm_node_get(map, "resources");
    if (retries != NULL)
        lm_read_int(load, retries, lm_load_field(load, stage->id, "retries"), 0, 100,
                    &stage->retries);
    if (timeout != NULL) {
        const char *field = lm_load_field(load, stage->id, "timeout");
        if (lm_read_duration(load, timeout, field, &stage->timeout) && stage->timeout == 0)
            lm_diag_error(&load->diags, &timeout->at, field,
                          "no time at all; give a duration or remove the key");
    }
    if (resources != NULL)
        read_resources(load, stage, resources, lm_load_field(load, stage->id, "resources"));
}

/** "with:" and nothing below it. */
static bool is_absent(const struct lm_node *node)
{
    return node->kind == LM_NODE_SCALAR && node->plain && node->text[0] == '\0';
}

/** A member of the stage that must be a map; NULL when it is absent or wrong. */
static const struct lm_node *submap(struct lm_load *load, const struct lm_node *map, const char *id,
                                    const char *key)
{
    const struct lm_node *node = lm_node_get(map, key);
    if (node == NULL || is_absent(node) ||
        !lm_read_kind(load, node, lm_load_field(load, id, key), LM_NODE_MAP))
        return NULL;
    return node;
}

static void read_stage(struct lm_load *load, struct lm_load_stage *build)
{
    struct lm_spec_stage *stage = build->stage;
    const struct lm_node *map = build->node;
    if (!lm_read_kind(load, map, stage->id, LM_NODE_MAP))
        return;
    const struct lm_node *uses = lm_node_get(map, "uses");
    if (uses == NULL)
        lm_diag_error(&load->diags, &stage->origin, lm_load_field(load, stage->id, "uses"),
                      "required, but not given: the stage's type");
    else
        stage->type = find_type(load, uses, lm_load_field(load, stage->id, "uses"));
    const struct lm_load_map known = {"a stage", lm_load_stage_keys, LM_IN_STAGE, stage->type};
    lm_read_keys(load, map, stage->id, &known);
    read_common(load, stage, map);
    const struct lm_node *in = submap(load, map, stage->id, "in");
    const struct lm_node *with = submap(load, map, stage->id, "with");
    const struct lm_node *publish = submap(load, map, stage->id, "publish");
    if (stage->type == NULL)
        return;
    lm_load_bind(load, build, in, with);
    if (in != NULL || lm_node_get(map, "in") == NULL || is_absent(lm_node_get(map, "in")))
        read_inputs(load, build, in, lm_load_field(load, stage->id, "in"));
    build->with = with;
    build->seed = lm_node_get(map, "seed");
    if (publish != NULL)
        lm_load_publish(load, build, publish, lm_load_field(load, stage->id, "publish"));
}

void lm_load_stages(struct lm_load *load, const struct lm_node *map)
{
    if (!lm_read_kind(load, map, "stages", LM_NODE_MAP))
        return;
    if (map->count == 0) {
        lm_diag_error(&load->diags, &map->at, "stages", "there are no stages; give one or more");
        return;
    }
    struct lm_spec *spec = load->spec;
    load->stages = lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_load_stage, map->count));
    load->stage_names = lm_load_keep(load, LM_NEW_ARRAY(load->arena, const char *, map->count));
    struct lm_spec_stage *families =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_spec_stage, map->count));
    if (load->stages == NULL || load->stage_names == NULL || families == NULL)
        return;
    load->stage_count = map->count;
    lm_name_map_init(&load->stage_map, load->arena);
    for (size_t i = 0; i < map->count; i++) {
        const struct lm_entry *entry = &map->entries[i];
        struct lm_load_stage *build = &load->stages[i];
        if (!is_stage_name(entry->key))
            lm_diag_error(&load->diags, &entry->key_at, lm_quote(load->arena, entry->key),
                          "not a stage's name; use a-z, then a-z 0-9 _ - (at most 64)");
        else if (is_reserved(entry->key))
            lm_diag_error(&load->diags, &entry->key_at, lm_quote(load->arena, entry->key),
                          "this name stands for something else in ${} and -S; choose another");
        load->stage_names[i] = entry->key;
        if (!lm_name_map_put(&load->stage_map, entry->key, i))
            lm_load_keep(load, NULL);
        build->node = entry->value;
        build->stage = &families[i];
        build->stage->id = entry->key;
        build->stage->origin = entry->key_at;
        build->stage->seed = spec->seed;
        read_stage(load, build);
    }
}
