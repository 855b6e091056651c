/* What the stages take from each other, and their order. */
#include "spec/load.h"

enum { NEW, OPEN, DONE };

/** One step of the depth-first walk: a family and the next of its edges to follow. */
struct step {
    size_t stage, edge;
};

/** Edge 2k of a family leads to the producer of input k, edge 2k + 1 to the stage by whose metric
 *  it is chosen; SIZE_MAX: to nothing. */
static size_t edge_of(const struct lm_load_stage *build, size_t edge)
{
    const struct lm_load_input *input = &build->inputs[edge / 2];
    if (edge % 2 == 0)
        return input->family;
    return input->take == LM_TAKE_BEST ? input->by_family : SIZE_MAX;
}

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
    const struct lm_load_stage *build = &load->stages[last->stage];
    load->unordered = true;
    lm_diag_error(&load->diags, &build->inputs[(last->edge - 1) / 2].node->at, build->stage->id,
                  "dependency cycle: %s; remove one input", text ? text : "");
}

/** Depth-first: a family's place comes after those of all its inputs. */
static void visit(struct lm_load *load, struct step *stack, size_t root, size_t *placed)
{
    size_t depth = 0;
    load->stages[root].mark = OPEN;
    stack[depth++] = (struct step){.stage = root};
    while (depth > 0) {
        struct step *top = &stack[depth - 1];
        struct lm_load_stage *build = &load->stages[top->stage];
        if (top->edge == 2 * build->input_count) {
            build->mark = DONE;
            build->place = (*placed)++;
            depth--;
            continue;
        }
        size_t from = edge_of(build, top->edge++);
        if (from == SIZE_MAX)
            continue;
        if (load->stages[from].mark == OPEN) {
            report_cycle(load, stack, depth, from);
        } else if (load->stages[from].mark == NEW) {
            load->stages[from].mark = OPEN;
            stack[depth++] = (struct step){.stage = from};
        }
    }
}

/** Reports wait for the gated stages that do not follow from a report. Such stages take nothing
 *  from reports, so that all of them may stand before all reports: waiting makes no cycle. */
static void place_reports(struct lm_load *load, const size_t *at_place)
{
    size_t placed = 0;
    for (int reports = 0; reports < 2; reports++)
        for (size_t p = 0; p < load->stage_count; p++)
            if (load->stages[at_place[p]].follows_report == (reports == 1))
                load->stages[at_place[p]].place = placed++;
}

/** What follows from other families, in an order in which they come first. */
static void follow(struct lm_load *load, struct lm_load_stage *build)
{
    const struct lm_stage *type = build->stage->type;
    build->follows_report = type != NULL && (type->flags & LM_STAGE_EXPERIMENT);
    build->axes = build->own;
    for (size_t k = 0; k < build->input_count; k++) {
        if (build->inputs[k].family == SIZE_MAX)
            continue;
        build->follows_report |= load->stages[build->inputs[k].family].follows_report;
        build->axes |= lm_load_input_axes(load, build, &build->inputs[k]);
    }
}

void lm_load_wires(struct lm_load *load)
{
    size_t count = load->stage_count, placed = 0;
    struct step *stack = lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct step, count));
    size_t *at_place = lm_load_keep(load, LM_NEW_ARRAY(load->arena, size_t, count));
    if (stack == NULL || at_place == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        struct lm_load_stage *build = &load->stages[i];
        build->own = (build->with != NULL ? lm_load_axes_of(load, build->with) : 0) |
                     (build->seed != NULL ? lm_load_axes_of(load, build->seed) : 0);
        for (size_t k = 0; k < build->input_count; k++)
            lm_load_input_connect(load, build, &build->inputs[k]);
    }
    for (size_t i = 0; i < count; i++)
        if (load->stages[i].mark == NEW)
            visit(load, stack, i, &placed);
    for (size_t i = 0; i < count; i++)
        at_place[load->stages[i].place] = i;
    for (size_t p = 0; p < count; p++)
        follow(load, &load->stages[at_place[p]]);
    if (lm_node_get(load->root, "gates") != NULL)
        place_reports(load, at_place);
}
