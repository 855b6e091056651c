/* What a port takes: a stage, all instances of one, one by its values, or the best of them. */
#include "spec/load.h"

#include <string.h>

#include "param/metrics.h"

/* ---- references ---- */

size_t lm_load_find_stage(const struct lm_load *load, const char *id, size_t length)
{
    return lm_name_map_find_bytes(&load->stage_map, id, length);
}

/** Length of the longest label of the axis that begins `text` and ends at a comma, a dot or the
 *  end; 0: there is none. */
static size_t match_label(const struct lm_axis *axis, const char *text, uint32_t *value)
{
    size_t longest = 0;
    for (size_t i = 0; i < axis->count; i++) {
        size_t length = strlen(axis->values[i].label);
        if (length > longest && strncmp(text, axis->values[i].label, length) == 0 &&
            strchr(",.", text[length]) != NULL) {
            longest = length;
            *value = (uint32_t)i;
        }
    }
    return longest;
}

/** Reads "lr=0.001,seed=2" and what follows; false: it is no point of the matrix. */
static bool read_point(const struct lm_matrix *matrix, const char *text,
                       struct lm_load_reference *out)
{
    for (bool more = matrix != NULL && out->fixed != NULL; more;) {
        size_t name = strcspn(text, "=,.");
        size_t axis = lm_matrix_axis(matrix, text, name);
        if (axis == SIZE_MAX || text[name] != '=')
            return false;
        size_t label = match_label(&matrix->axes[axis], text + name + 1, &out->fixed[axis]);
        if (label == 0)
            return false;
        out->given |= UINT64_C(1) << axis;
        text += name + 1 + label;
        more = *text == ',';
        text += more;
    }
    out->rest = *text == '.' ? text + 1 : NULL;
    return out->given != 0;
}

struct lm_load_reference lm_load_reference(struct lm_load *load, const char *text)
{
    struct lm_load_reference out = {.length = strcspn(text, ".@")};
    const char *after = text + out.length;
    out.family = lm_load_find_stage(load, text, out.length);
    if (*after != '@') {
        out.rest = *after == '.' ? after + 1 : NULL;
        return out;
    }
    const struct lm_matrix *matrix = load->spec->matrix;
    size_t axes = matrix != NULL ? matrix->axis_count : 0;
    out.fixed = lm_load_keep(load, LM_NEW_ARRAY(load->arena, uint32_t, axes));
    out.is_bad = !read_point(matrix, after + 1, &out);
    return out;
}

/* ---- reading ---- */

static void add_input(struct lm_load *load, struct lm_load_stage *build,
                      const struct lm_load_input *input)
{
    struct lm_load_input *inputs =
        lm_load_keep(load, lm_arena_grow(load->arena, build->inputs, build->input_count,
                                         &build->input_capacity, sizeof *inputs));
    if (inputs == NULL)
        return;
    build->inputs = inputs;
    inputs[build->input_count++] = *input;
}

/** `over:` and `mean_over:` are lists of axes; NULL when absent or wrong. */
static const struct lm_node *axis_list(struct lm_load *load, const struct lm_node *map,
                                       const char *key, const char *field)
{
    const struct lm_node *list = lm_node_get(map, key);
    if (list == NULL || !lm_read_kind(load, list, lm_load_field(load, field, key), LM_NODE_LIST))
        return NULL;
    return list;
}

static void read_gather(struct lm_load *load, const struct lm_node *map, const char *field,
                        struct lm_load_input *input)
{
    static const char *const keys[] = {"gather", "over", "failed", NULL};
    static const char *const choices[] = {"drop", NULL};
    const struct lm_node *failed = lm_node_get(map, "failed");
    lm_read_keys(load, map, field, &(struct lm_load_map){"a gather", keys, LM_ELSEWHERE, NULL});
    input->take = LM_TAKE_GATHER;
    input->over = axis_list(load, map, "over", field);
    if (failed != NULL)
        input->drop =
            lm_read_choice(load, failed, lm_load_field(load, field, "failed"), choices) == 0;
    if (!(input->port->flags & LM_PORT_LIST))
        lm_diag_error(&load->diags, &map->at, field,
                      "takes one artifact, and gather gives all; use select or best");
}

static void read_best(struct lm_load *load, const struct lm_node *map, const char *field,
                      struct lm_load_input *input)
{
    static const char *const keys[] = {"best", "by", "mode", "over", "mean_over", NULL};
    static const char *const modes[] = {"min", "max", NULL};
    const struct lm_node *mode = lm_node_get(map, "mode");
    lm_read_keys(load, map, field, &(struct lm_load_map){"a choice", keys, LM_ELSEWHERE, NULL});
    input->take = LM_TAKE_BEST;
    input->over = axis_list(load, map, "over", field);
    input->mean_over = axis_list(load, map, "mean_over", field);
    input->by = lm_node_get(map, "by");
    if (input->by == NULL)
        lm_diag_error(&load->diags, &map->at, lm_load_field(load, field, "by"),
                      "required, but not given: the metric that decides, as STAGE.METRIC");
    if (mode == NULL)
        lm_diag_error(&load->diags, &map->at, lm_load_field(load, field, "mode"),
                      "required, but not given: min or max");
    else
        input->higher_is_better =
            lm_read_choice(load, mode, lm_load_field(load, field, "mode"), modes) == 1;
}

/** The axes named beside `select:`, with their values. */
static void read_select(struct lm_load *load, const struct lm_node *map, const char *field,
                        struct lm_load_input *input)
{
    const struct lm_matrix *matrix = load->spec->matrix;
    size_t axes = matrix != NULL ? matrix->axis_count : 0;
    const char *names[LM_MATRIX_AXES];
    input->take = LM_TAKE_SELECT;
    input->wanted = lm_load_keep(load, LM_NEW_ARRAY(load->arena, const struct lm_node *, axes));
    for (size_t i = 0; i < axes; i++)
        names[i] = matrix->axes[i].name;
    for (size_t i = 0; i < map->count && input->wanted != NULL; i++) {
        const struct lm_entry *entry = &map->entries[i];
        if (strcmp(entry->key, "select") == 0)
            continue;
        size_t axis =
            matrix != NULL ? lm_matrix_axis(matrix, entry->key, strlen(entry->key)) : SIZE_MAX;
        if (axis == SIZE_MAX && lm_load_has_bad_matrix(load))
            continue;
        if (axis == SIZE_MAX) {
            lm_diag_error(&load->diags, &entry->key_at, field, "unknown axis %s%s",
                          lm_quote(load->arena, entry->key),
                          lm_hint(&load->diags, entry->key, names, axes));
        } else {
            input->given |= UINT64_C(1) << axis;
            input->wanted[axis] = entry->value;
        }
    }
    if (map->count == 1)
        lm_diag_error(&load->diags, &map->at, field,
                      "selects by no axis; name one such as lr: 0.001, or write the stage alone");
}

void lm_load_input(struct lm_load *load, struct lm_load_stage *build, const struct lm_port *port,
                   const struct lm_node *node, const char *field)
{
    static const struct {
        const char *key;
        void (*read)(struct lm_load *load, const struct lm_node *map, const char *field,
                     struct lm_load_input *input);
    } forms[] = {{"gather", read_gather}, {"select", read_select}, {"best", read_best}};

    struct lm_load_input input = {.port = port, .node = node, .ref = node, .family = SIZE_MAX};
    if (node->kind == LM_NODE_MAP) {
        const struct lm_node *ref = NULL;
        for (size_t i = 0; i < sizeof forms / sizeof forms[0] && ref == NULL; i++) {
            ref = lm_node_get(node, forms[i].key);
            if (ref != NULL)
                forms[i].read(load, node, field, &input);
        }
        if (ref == NULL) {
            lm_diag_error(&load->diags, &node->at, field,
                          "expected a stage, or one of {gather: STAGE}, {select: STAGE, AXIS: "
                          "VALUE}, {best: STAGE, by: STAGE.METRIC, mode: min}");
            return;
        }
        input.ref = ref;
    }
    if (lm_read_text(load, input.ref, field) != NULL)
        add_input(load, build, &input);
}

/* ---- connecting families ---- */

/** "model (model), log (log)": the outputs of a type. */
static const char *list_outputs(struct lm_load *load, const struct lm_stage *type)
{
    const char *text = "";
    for (const struct lm_port *port = type->outputs; port->name != NULL && text != NULL; port++)
        text = lm_arena_printf(load->arena, "%s%s%s (%s)", text, text[0] ? ", " : "", port->name,
                               port->kind);
    return text ? text : "";
}

/** The output an input takes: named, or the only one of its kind; NULL after a finding. */
static const struct lm_port *choose_output(struct lm_load *load, const struct lm_load_input *input,
                                           const struct lm_spec_stage *from, const char *name,
                                           const char *field)
{
    const struct lm_port *found = NULL;
    size_t fits = 0;
    bool any = strcmp(input->port->kind, LM_KIND_ANY) == 0;
    for (const struct lm_port *port = from->type->outputs; port->name != NULL; port++) {
        bool match = name ? strcmp(port->name, name) == 0
                          : any || strcmp(port->kind, input->port->kind) == 0;
        found = match ? port : found;
        fits += match;
    }
    const char *outputs = list_outputs(load, from->type);
    if (fits > 1 && any)
        lm_diag_error(&load->diags, &input->ref->at, field,
                      "%s has several outputs; name one of %s", from->id, outputs);
    else if (fits > 1)
        lm_diag_error(&load->diags, &input->ref->at, field,
                      "several outputs of %s are of kind %s; name one of %s", from->id,
                      input->port->kind, outputs);
    else if (fits == 0 && name != NULL)
        lm_diag_error(&load->diags, &input->ref->at, field, "%s has no output %s; it has %s",
                      from->id, lm_quote(load->arena, name), outputs);
    else if (fits == 0)
        lm_diag_error(&load->diags, &input->ref->at, field,
                      "%s has no output of kind %s; it has %s", from->id, input->port->kind,
                      outputs);
    else if (!any && strcmp(found->kind, input->port->kind) != 0)
        lm_diag_error(&load->diags, &input->ref->at, field,
                      "expected the kind %s, but %s.%s is of kind %s", input->port->kind, from->id,
                      found->name, found->kind);
    else
        return found;
    return NULL;
}

/** The family a reference names; SIZE_MAX after a finding. */
static size_t find_family(struct lm_load *load, const struct lm_node *node, const char *field,
                          const struct lm_load_reference *reference)
{
    const char *id =
        lm_load_keep(load, lm_arena_strndup(load->arena, node->text, reference->length));
    if (reference->family == SIZE_MAX)
        lm_diag_error(&load->diags, &node->at, field, "unknown stage %s%s",
                      lm_quote(load->arena, id ? id : ""),
                      lm_hint(&load->diags, id ? id : "", load->stage_names, load->stage_count));
    else if (reference->is_bad)
        lm_diag_error(&load->diags, &node->at, field,
                      "%s is no instance of %s; name it by its values, as lmpipe plan prints it",
                      lm_quote(load->arena, node->text), id ? id : "");
    else
        return reference->family;
    return SIZE_MAX;
}

static void connect_metric(struct lm_load *load, const char *field, struct lm_load_input *input)
{
    input->by_family = SIZE_MAX;
    const char *text = input->by ? lm_read_text(load, input->by, field) : NULL;
    if (text == NULL)
        return;
    struct lm_load_reference reference = lm_load_reference(load, text);
    if (reference.rest == NULL || reference.fixed != NULL) {
        lm_diag_error(&load->diags, &input->by->at, field, "%s is no metric; write STAGE.METRIC",
                      lm_quote(load->arena, text));
        return;
    }
    input->by_family = find_family(load, input->by, field, &reference);
    input->metric = reference.rest;
}

void lm_load_input_connect(struct lm_load *load, struct lm_load_stage *build,
                           struct lm_load_input *input)
{
    const char *field =
        lm_load_field(load, lm_load_field(load, build->stage->id, "in"), input->port->name);
    struct lm_load_reference reference = lm_load_reference(load, input->ref->text);
    input->family = find_family(load, input->ref, field, &reference);
    if (input->take == LM_TAKE_BEST)
        connect_metric(load, lm_load_field(load, field, "by"), input);
    if (input->family == SIZE_MAX)
        return;
    if (reference.fixed != NULL && input->take != LM_TAKE_ALIGNED)
        lm_diag_error(&load->diags, &input->ref->at, field,
                      "names an instance, where a stage with all of them is expected; remove "
                      "what begins at the @");
    if (reference.fixed != NULL && input->take == LM_TAKE_ALIGNED) {
        input->take = LM_TAKE_SELECT;
        input->given = reference.given;
        input->fixed = reference.fixed;
    }
    const struct lm_spec_stage *from = load->stages[input->family].stage;
    if (from->type != NULL && !load->stages[input->family].is_unbound)
        input->from = choose_output(load, input, from, reference.rest, field);
}

/* ---- axes ---- */

const struct lm_node *lm_load_axis_value(struct lm_load *load, const struct lm_matrix *matrix,
                                         const uint32_t *point, const char *name,
                                         const struct lm_node *node, const char *field)
{
    const char *axis_name = name + strlen("matrix.");
    size_t length = strcspn(axis_name, "."), axis = lm_matrix_axis(matrix, axis_name, length);
    const struct lm_node *value = matrix->axes[axis].values[point[axis]].node;
    const char *rest = axis_name[length] == '.' ? axis_name + length + 1 : NULL;
    if (rest == NULL)
        return value->kind == LM_NODE_MAP ? lm_node_get(value, "name") : value;
    while (rest != NULL && value != NULL) {
        size_t step = strcspn(rest, ".");
        const char *key = lm_load_keep(load, lm_arena_strndup(load->arena, rest, step));
        value = key != NULL ? lm_node_get(value, key) : NULL;
        rest = rest[step] == '.' ? rest + step + 1 : NULL;
    }
    if (value == NULL)
        lm_diag_error(&load->diags, &node->at, field, "${%s}: the value %s has no such member",
                      name, matrix->axes[axis].values[point[axis]].label);
    return value;
}

/** The axes a list names, of those the producer varies by (-S may have made them fewer). */
static uint64_t read_axes(struct lm_load *load, const struct lm_node *list, const char *field,
                          const struct lm_load_stage *from)
{
    const struct lm_matrix *matrix = load->spec->matrix;
    uint64_t axes = 0;
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const struct lm_node *node = list->entries[i].value;
        const char *name = lm_read_text(load, node, field);
        size_t axis =
            name != NULL && matrix != NULL ? lm_matrix_axis(matrix, name, strlen(name)) : SIZE_MAX;
        uint64_t bit = axis != SIZE_MAX ? UINT64_C(1) << axis : 0;
        if (name != NULL && bit == 0 && !lm_load_has_bad_matrix(load))
            lm_diag_error(&load->diags, &node->at, field, "unknown axis %s; %s varies by %s",
                          lm_quote(load->arena, name), from->stage->id,
                          lm_load_axis_names(load, from->axes));
        axes |= from->axes & bit;
    }
    return axes;
}

const char *lm_load_axis_names(struct lm_load *load, uint64_t axes)
{
    const struct lm_matrix *matrix = load->spec->matrix;
    const char *text = "";
    for (size_t a = 0; matrix != NULL && a < matrix->axis_count && text != NULL; a++)
        if (axes >> a & 1)
            text = lm_arena_printf(load->arena, "%s%s%s", text, text[0] ? ", " : "",
                                   matrix->axes[a].name);
    return text != NULL && text[0] ? text : "nothing";
}

static uint64_t axes_of_best(struct lm_load *load, const char *field, struct lm_load_input *input,
                             const struct lm_load_stage *from)
{
    input->mean = read_axes(load, input->mean_over, lm_load_field(load, field, "mean_over"), from);
    uint64_t over = input->over != NULL
                        ? read_axes(load, input->over, lm_load_field(load, field, "over"), from)
                        : from->axes & ~input->mean;
    if (over & input->mean)
        lm_diag_error(&load->diags, &input->mean_over->at, field,
                      "an axis is either chosen over or averaged over; remove it from one");
    if (input->by_family != SIZE_MAX && load->stages[input->by_family].axes != from->axes)
        lm_diag_error(&load->diags, &input->by->at, lm_load_field(load, field, "by"),
                      "%s varies by %s, but %s by %s; choose by a stage that varies as it does",
                      load->stages[input->by_family].stage->id,
                      lm_load_axis_names(load, load->stages[input->by_family].axes),
                      from->stage->id, lm_load_axis_names(load, from->axes));
    return from->axes & ~over;
}

static uint64_t axes_of_select(struct lm_load *load, const char *field, struct lm_load_input *input,
                               const struct lm_load_stage *from)
{
    const struct lm_matrix *matrix = load->spec->matrix;
    uint64_t own = 0;
    for (size_t a = 0; input->given >> a != 0; a++) {
        if (!(input->given >> a & 1))
            continue;
        if (!(from->axes >> a & 1)) {
            lm_diag_error(&load->diags, &input->node->at, field,
                          "%s does not vary by %s; it varies by %s", from->stage->id,
                          matrix->axes[a].name, lm_load_axis_names(load, from->axes));
            input->given &= ~(UINT64_C(1) << a);
        } else if (input->wanted != NULL) {
            own |= lm_load_axes_of(load, input->wanted[a]);
        }
    }
    return (from->axes & ~input->given) | own;
}

uint64_t lm_load_input_axes(struct lm_load *load, const struct lm_load_stage *build,
                            struct lm_load_input *input)
{
    const struct lm_load_stage *from = &load->stages[input->family];
    const char *field =
        lm_load_field(load, lm_load_field(load, build->stage->id, "in"), input->port->name);
    uint64_t axes = from->axes;
    input->common = from->axes;
    if (input->take == LM_TAKE_GATHER) {
        uint64_t over = input->over != NULL
                            ? read_axes(load, input->over, lm_load_field(load, field, "over"), from)
                            : from->axes;
        axes = input->common = from->axes & ~over;
    } else if (input->take == LM_TAKE_SELECT) {
        axes = axes_of_select(load, field, input, from);
        input->common = from->axes & ~input->given;
    } else if (input->take == LM_TAKE_BEST) {
        axes = input->common = axes_of_best(load, field, input, from);
    }
    return axes;
}
