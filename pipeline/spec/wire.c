/* Connections between stages, and their order. */
#include "spec/load.h"
#include "spec/upstream.h"

#include <string.h>

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
    for (const struct lm_port *port = from->type->outputs; port->name != NULL; port++) {
        bool match =
            name ? strcmp(port->name, name) == 0 : strcmp(port->kind, input->port->kind) == 0;
        found = match ? port : found;
        fits += match;
    }
    const char *outputs = list_outputs(load, from->type);
    if (fits > 1)
        lm_diag_error(&load->diags, &input->node->at, field,
                      "several outputs of %s are of kind %s; name one of %s", from->id,
                      input->port->kind, outputs);
    else if (fits == 0 && name != NULL)
        lm_diag_error(&load->diags, &input->node->at, field, "%s has no output %s; it has %s",
                      from->id, lm_quote(load->arena, name), outputs);
    else if (fits == 0)
        lm_diag_error(&load->diags, &input->node->at, field,
                      "%s has no output of kind %s; it has %s", from->id, input->port->kind,
                      outputs);
    else if (strcmp(found->kind, input->port->kind) != 0)
        lm_diag_error(&load->diags, &input->node->at, field,
                      "expected the kind %s, but %s.%s is of kind %s", input->port->kind, from->id,
                      found->name, found->kind);
    else
        return found;
    return NULL;
}

/** Connects one input; nothing is added after a finding. */
static void connect(struct lm_load *load, struct lm_load_stage *build,
                    const struct lm_load_input *input)
{
    struct lm_spec_stage *stage = build->stage;
    const char *text = input->node->text;
    const char *dot = strchr(text, '.');
    size_t length = dot ? (size_t)(dot - text) : strlen(text);
    const char *field =
        lm_load_field(load, lm_load_field(load, stage->id, "in"), input->port->name);
    size_t from = lm_load_find_stage(load, text, length);
    if (from == SIZE_MAX) {
        const char *id = lm_arena_strndup(load->arena, text, length);
        lm_diag_error(&load->diags, &input->node->at, field, "unknown stage %s%s",
                      lm_quote(load->arena, id ? id : ""),
                      lm_hint(&load->diags, id ? id : "", load->stage_names, load->stage_count));
        return;
    }
    const struct lm_port *port = NULL;
    if (load->stages[from].stage->type != NULL)
        port = choose_output(load, input, load->stages[from].stage, dot ? dot + 1 : NULL, field);
    struct lm_spec_input *inputs =
        lm_load_keep(load, lm_grow(load->arena, stage->inputs, stage->input_count,
                                   &build->wire_capacity, sizeof *inputs));
    if (inputs == NULL)
        return;
    stage->inputs = inputs;
    /* A wrong port still makes an edge: cycles are found in the same pass. */
    inputs[stage->input_count++] = (struct lm_spec_input){
        .port = input->port, .stage = from, .from = port, .label = text, .origin = input->node->at};
}

enum { NEW, OPEN, DONE };

/** One step of the depth-first walk: a stage and the next of its inputs to follow. */
struct step {
    size_t stage, input;
};

/** Reports the cycle from `stage` back to itself, which is on the stack. */
static void report_cycle(struct lm_load *load, const struct step *stack, size_t depth, size_t stage)
{
    size_t start = depth;
    while (start > 0 && stack[start - 1].stage != stage)
        start--;
    start--; /* the stack holds, from here, stage ← its input ← …; the data flows the other way */
    const char *text = load->stages[stage].stage->id;
    for (size_t i = depth; i-- > start && text != NULL;)
        text =
            lm_arena_printf(load->arena, "%s -> %s", text, load->stages[stack[i].stage].stage->id);
    const struct step *last = &stack[depth - 1];
    const struct lm_spec_input *edge = &load->stages[last->stage].stage->inputs[last->input - 1];
    lm_diag_error(&load->diags, &edge->origin, load->stages[last->stage].stage->id,
                  "dependency cycle: %s; remove one input", text ? text : "");
}

/** Depth-first: a stage's place comes after those of all its inputs. */
static void visit(struct lm_load *load, struct step *stack, size_t root, size_t *placed)
{
    size_t depth = 0;
    load->stages[root].mark = OPEN;
    stack[depth++] = (struct step){.stage = root};
    while (depth > 0) {
        struct step *top = &stack[depth - 1];
        struct lm_load_stage *build = &load->stages[top->stage];
        if (top->input == build->stage->input_count) {
            build->mark = DONE;
            build->place = (*placed)++;
            depth--;
            continue;
        }
        size_t from = build->stage->inputs[top->input++].stage;
        if (load->stages[from].mark == OPEN) {
            report_cycle(load, stack, depth, from);
        } else if (load->stages[from].mark == NEW) {
            load->stages[from].mark = OPEN;
            stack[depth++] = (struct step){.stage = from};
        }
    }
}

/** Inputs in the order of the type's ports (list ports keep their order). */
static void sort_inputs(struct lm_load *load, struct lm_spec_stage *stage)
{
    size_t count = 0;
    struct lm_spec_input *sorted =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_spec_input, stage->input_count));
    for (const struct lm_port *port = stage->type->inputs;
         sorted != NULL && port != NULL && port->name != NULL; port++)
        for (size_t i = 0; i < stage->input_count; i++)
            if (stage->inputs[i].port == port)
                sorted[count++] = stage->inputs[i];
    if (count == stage->input_count)
        stage->inputs = sorted;
}

/** Marks, by place, the stages that are reports (types flagged experiment) or follow from one. */
static void mark_reports(const struct lm_load *load, const size_t *at_place, bool *marked)
{
    for (size_t p = 0; p < load->stage_count; p++) {
        const struct lm_spec_stage *stage = load->stages[at_place[p]].stage;
        marked[p] = stage->type != NULL && (stage->type->flags & LM_STAGE_EXPERIMENT);
        for (size_t k = 0; k < stage->input_count; k++)
            marked[p] = marked[p] || marked[load->stages[stage->inputs[k].stage].place];
    }
}

/** Reports wait for the gated stages that do not follow from a report. Such stages take nothing
 *  from reports, so that all of them may stand before all reports: waiting makes no cycle. Moves
 *  the places so and notes for every gate whether it is held. */
static void place_reports(struct lm_load *load)
{
    struct lm_spec *spec = load->spec;
    size_t count = load->stage_count, *at_place, placed = 0;
    at_place = lm_load_keep(load, LM_NEW_ARRAY(load->arena, size_t, count));
    bool *marked = lm_load_keep(load, LM_NEW_ARRAY(load->arena, bool, count));
    if (at_place == NULL || marked == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        at_place[load->stages[i].place] = i;
    mark_reports(load, at_place, marked);
    for (size_t i = 0; i < spec->gate_count; i++)
        spec->gates[i].held = !marked[load->stages[spec->gates[i].stage].place];
    for (int reports = 0; reports < 2; reports++)
        for (size_t p = 0; p < count; p++)
            if (marked[p] == (reports == 1))
                load->stages[at_place[p]].place = placed++;
}

/** Gates get the places of their stages; reports the list of those they wait for. */
static void bind_gates(struct lm_load *load)
{
    struct lm_spec *spec = load->spec;
    bool *awaited = lm_load_keep(load, LM_NEW_ARRAY(load->arena, bool, spec->stage_count));
    size_t *after = lm_load_keep(load, LM_NEW_ARRAY(load->arena, size_t, spec->gate_count)), n = 0;
    if (awaited == NULL || after == NULL)
        return;
    for (size_t i = 0; i < spec->gate_count; i++) {
        spec->gates[i].stage = load->stages[spec->gates[i].stage].place;
        awaited[spec->gates[i].stage] |= spec->gates[i].held;
    }
    for (size_t i = 0; i < spec->stage_count; i++)
        if (awaited[i])
            after[n++] = i;
    for (size_t i = 0; i < spec->stage_count; i++) {
        struct lm_spec_stage *stage = &spec->stages[i];
        if (stage->type == NULL || !(stage->type->flags & LM_STAGE_EXPERIMENT))
            continue;
        stage->after = after;
        stage->after_count = n;
    }
}

void lm_load_wires(struct lm_load *load)
{
    struct lm_spec *spec = load->spec;
    for (size_t i = 0; i < load->stage_count; i++)
        for (size_t k = 0; k < load->stages[i].input_count; k++)
            connect(load, &load->stages[i], &load->stages[i].inputs[k]);
    struct step *stack =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct step, load->stage_count));
    struct lm_spec_stage *sorted =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_spec_stage, load->stage_count));
    if (stack == NULL || sorted == NULL)
        return;
    size_t placed = 0;
    for (size_t i = 0; i < load->stage_count; i++)
        if (load->stages[i].mark == NEW)
            visit(load, stack, i, &placed);
    if (spec->gate_count > 0)
        place_reports(load);
    for (size_t i = 0; i < load->stage_count; i++) {
        struct lm_spec_stage *stage = load->stages[i].stage;
        for (size_t k = 0; k < stage->input_count; k++)
            stage->inputs[k].stage = load->stages[stage->inputs[k].stage].place;
        if (stage->type != NULL)
            sort_inputs(load, stage);
        sorted[load->stages[i].place] = *stage;
    }
    for (size_t i = 0; i < load->stage_count; i++)
        load->stages[i].stage = &sorted[load->stages[i].place];
    spec->stages = sorted;
    lm_name_map_init(&spec->stage_map, load->arena);
    for (size_t i = 0; i < load->stage_count; i++)
        if (!lm_name_map_put(&spec->stage_map, sorted[i].id, i))
            lm_load_keep(load, NULL);
    if (!lm_upstream_bind(spec))
        lm_load_keep(load, NULL);
    if (spec->gate_count > 0)
        bind_gates(load);
}
