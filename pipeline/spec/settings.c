/* -S NAME=VALUE: a variable, an axis of the matrix, or a parameter of a stage. */
#include "spec/load.h"

#include <string.h>

#include "spec/matrix.h"

#include "yaml/scalar.h"

/** The value, typed as YAML; NULL after a finding. */
static const struct lm_node *value_of(struct lm_load *load, const struct lm_setting *setting)
{
    const struct lm_node *parsed = NULL;
    const char *place = lm_load_keep(load, lm_arena_printf(load->arena, "-S %s", setting->name));
    struct lm_node *copy = lm_load_keep(load, LM_NEW(load->arena, struct lm_node));
    if (place == NULL || copy == NULL)
        return NULL;
    size_t errors = load->diags.errors;
    lm_yaml_parse(&parsed, &load->diags, place, setting->value, strlen(setting->value));
    if (parsed == NULL && load->diags.errors > errors)
        return NULL;
    if (parsed != NULL)
        *copy = *parsed;
    else
        *copy = (struct lm_node){.kind = LM_NODE_SCALAR, .plain = true, .text = "", .expanded = 1};
    copy->at = (struct lm_origin){.file = place, .via = place};
    return copy;
}

static bool is_nothing(const struct lm_node *node)
{
    return node == NULL || (node->kind == LM_NODE_SCALAR &&
                            lm_scalar_resolve(node->text, node->plain).type == LM_SCALAR_NULL);
}

static const struct lm_node *put(struct lm_load *load, const struct lm_node *node, const char *path,
                                 const struct lm_node *value);

/** The list with another value at a place below it; NULL after a finding. */
static const struct lm_node *put_item(struct lm_load *load, const struct lm_node *list,
                                      const char *path, size_t part, const struct lm_node *value)
{
    size_t index = strspn(path, "0123456789") == part && part > 0 && part < 8 ? 0 : SIZE_MAX;
    for (size_t i = 0; index != SIZE_MAX && i < part; i++)
        index = index * 10 + (size_t)(path[i] - '0');
    if (index >= list->count) {
        lm_diag_error(&load->diags, &value->at, "",
                      "there is a list of %zu; name a place in it, from 0 on", list->count);
        return NULL;
    }
    struct lm_node *copy = lm_load_keep(load, LM_NEW(load->arena, struct lm_node));
    struct lm_entry *entries =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_entry, list->count));
    const struct lm_node *below =
        put(load, list->entries[index].value, path[part] == '.' ? path + part + 1 : "", value);
    if (copy == NULL || entries == NULL || below == NULL)
        return NULL;
    *copy = *list;
    memcpy(entries, list->entries, list->count * sizeof *entries);
    copy->entries = entries;
    entries[index].value = below;
    return copy;
}

/** The mapping, nothing as yet or what `node` is, with another value at a path below it. */
static const struct lm_node *put_member(struct lm_load *load, const struct lm_node *node,
                                        const char *path, size_t part, const struct lm_node *value)
{
    size_t count = is_nothing(node) ? 0 : node->count, at = 0;
    struct lm_node *copy = lm_load_keep(load, LM_NEW(load->arena, struct lm_node));
    struct lm_entry *entries =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_entry, count + 1));
    const char *key = lm_load_keep(load, lm_arena_strndup(load->arena, path, part));
    if (copy == NULL || entries == NULL || key == NULL)
        return NULL;
    if (count > 0)
        memcpy(entries, node->entries, count * sizeof *entries);
    while (at < count && strcmp(entries[at].key, key) != 0)
        at++;
    const struct lm_node *below = put(load, at < count ? entries[at].value : NULL,
                                      path[part] == '.' ? path + part + 1 : "", value);
    if (below == NULL)
        return NULL;
    if (at == count)
        entries[count++] = (struct lm_entry){.key = key, .key_at = value->at};
    entries[at].value = below;
    *copy = is_nothing(node) ? (struct lm_node){.kind = LM_NODE_MAP, .at = value->at, .expanded = 1}
                             : *node;
    copy->entries = entries;
    copy->count = count;
    return copy;
}

/** The tree with `value` at a path of names and places below it (""; itself); NULL after a finding.
 */
static const struct lm_node *put(struct lm_load *load, const struct lm_node *node, const char *path,
                                 const struct lm_node *value)
{
    size_t part = strcspn(path, ".");
    if (path[0] == '\0')
        return value;
    if (is_nothing(node) || node->kind == LM_NODE_MAP)
        return put_member(load, node, path, part, value);
    if (node->kind == LM_NODE_LIST)
        return put_item(load, node, path, part, value);
    lm_diag_error(&load->diags, &value->at, "",
                  "%s stands there as a single value; set it as a whole",
                  lm_quote(load->arena, node->text));
    return NULL;
}

/** Where in the spec a setting's name leads: "stages.model.with.lr"; NULL: nowhere. */
static const char *path_of(struct lm_load *load, const char *name)
{
    size_t length = strcspn(name, ".");
    const char *first = lm_arena_strndup(load->arena, name, length);
    const char *rest = name[length] == '.' && name[length + 1] ? name + length + 1 : NULL;
    if (first == NULL || rest == NULL)
        return NULL;
    if (strcmp(first, "matrix") == 0 && lm_node_entry(lm_node_get(load->root, "matrix"), rest))
        return name;
    if (lm_node_entry(lm_node_get(load->root, "stages"), first) == NULL)
        return NULL;
    return lm_arena_printf(load->arena, "stages.%s.%s%s", first,
                           strcmp(rest, "seed") == 0 ? "" : "with.", rest);
}

/** What a setting may name: variables, and stages and axes with their dots. */
static void unknown(struct lm_load *load, const char *name)
{
    struct lm_origin at = {.file = "-S"};
    const struct lm_node *stages = lm_node_get(load->root, "stages");
    const struct lm_node *matrix = lm_node_get(load->root, "matrix");
    size_t axes = matrix != NULL ? matrix->count : 0, count = load->var_count;
    size_t stage_count = stages != NULL ? stages->count : 0, length = strcspn(name, ".");
    const char **names =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, const char *, count + axes + stage_count));
    if (names == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        names[i] = load->var_names[i];
    for (size_t i = 0; i < axes; i++)
        names[count++] = lm_load_field(load, "matrix", matrix->entries[i].key);
    for (size_t i = 0; i < stage_count && name[length] == '.'; i++)
        if (stages->entries[i].key != NULL)
            names[count++] = lm_load_field(load, stages->entries[i].key, name + length + 1);
    lm_diag_error(&load->diags, &at, "", "unknown %s %s%s",
                  name[length] == '.' ? "parameter" : "variable", lm_quote(load->arena, name),
                  lm_hint(&load->diags, name, names, count));
}

void lm_load_setting(struct lm_load *load, const struct lm_setting *setting)
{
    size_t place = lm_name_map_find(&load->var_map, setting->name);
    const char *path = place == SIZE_MAX ? path_of(load, setting->name) : NULL;
    if (place == SIZE_MAX && path == NULL) {
        unknown(load, setting->name);
        return;
    }
    const struct lm_node *value = value_of(load, setting);
    if (value == NULL)
        return;
    if (path == NULL) {
        load->vars[place].value = lm_load_literal(load, value, "");
        return;
    }
    const struct lm_node *root = put(load, load->root, path, value);
    if (root != NULL)
        load->root = root;
}

/* ---- what may be set ---- */

struct lister {
    struct lm_arena *arena;
    lm_setting_fn *each;
    void *user;
    bool failed;
};

static void list_name(struct lister *lister, const char *prefix, const char *last, const char *help)
{
    const char *name = lm_arena_printf(lister->arena, "%s%s", prefix, last);
    if (name != NULL)
        lister->each(lister->user, name, help);
    else
        lister->failed = true;
}

static void list_rows(struct lister *lister, const char *prefix, const struct lm_param *rows)
{
    for (; rows != NULL && rows->name != NULL; rows++) {
        if (rows->type != LM_P_RECORD) {
            list_name(lister, prefix, rows->name, rows->help);
            continue;
        }
        const char *below = lm_arena_printf(lister->arena, "%s%s.", prefix, rows->name);
        if (below == NULL)
            lister->failed = true;
        else
            list_rows(lister, below, rows->fields);
    }
}

static void list_stage(struct lister *lister, const char *id, const struct lm_stage *type)
{
    const char *prefix = lm_arena_printf(lister->arena, "%s.", id);
    if (prefix == NULL) {
        lister->failed = true;
        return;
    }
    list_rows(lister, prefix, type->params);
    if (type->flags & LM_STAGE_SEED)
        list_name(lister, prefix, "seed", "what its random numbers begin with");
    if (type->flags & LM_STAGE_NUMERIC)
        list_name(lister, prefix, "numerics", "blas or portable");
}

enum lm_status lm_spec_each_setting(const struct lm_spec *spec, lm_setting_fn *each, void *user)
{
    struct lister lister = {.arena = spec->arena, .each = each, .user = user};
    for (size_t i = 0; i < spec->var_count; i++)
        list_name(&lister, "", spec->vars[i], "variable");
    for (size_t i = 0; spec->matrix != NULL && i < spec->matrix->axis_count; i++)
        list_name(&lister, "matrix.", spec->matrix->axes[i].name, "axis of the matrix");
    for (size_t i = 0; i < spec->family_count; i++)
        list_stage(&lister, spec->families[i].id, spec->stages[spec->families[i].first].type);
    return lister.failed ? LM_NOMEM : LM_OK;
}
