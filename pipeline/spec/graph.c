/* The DAG: as text with lanes, for dot, for mermaid. */
#include <string.h>

#include "spec/spec.h"

/* ---- text ---- */

/** A lane carries one stage's results downwards until its last consumer. */
struct lane {
    size_t stage;
    bool used;
};

struct drawing {
    const struct lm_spec *spec;
    struct lane *lanes;
    size_t lane_count; /* lanes ever opened */
    size_t *last;      /* last consumer of each stage, itself when none */
    size_t width;      /* of the widest row's lanes */
    size_t name_width;
    FILE *out;
};

static bool takes_from(const struct lm_spec_stage *stage, size_t upstream)
{
    for (size_t i = 0; i < stage->input_count; i++)
        if (stage->inputs[i].stage == upstream)
            return true;
    return false;
}

/** Leftmost lane this stage takes from, and its own: the first free one right of all it takes from.
 */
static void place(const struct drawing *drawing, size_t stage, size_t *first, size_t *own)
{
    size_t after = 0;
    *first = SIZE_MAX;
    for (size_t i = 0; i < drawing->lane_count; i++) {
        if (!drawing->lanes[i].used ||
            !takes_from(&drawing->spec->stages[stage], drawing->lanes[i].stage))
            continue;
        if (*first == SIZE_MAX)
            *first = i;
        after = i + 1;
    }
    *own = after;
    while (*own < drawing->lane_count && drawing->lanes[*own].used)
        ++*own;
}

/** What stands in lane i of a row, and what joins it to the next. */
static void draw_cell(const struct drawing *drawing, size_t stage, size_t i, size_t first,
                      size_t own, FILE *out)
{
    const struct lane *lane = &drawing->lanes[i];
    bool across = first != SIZE_MAX && i >= first && i < own;
    bool taken = lane->used && takes_from(&drawing->spec->stages[stage], lane->stage);
    bool ends = taken && drawing->last[lane->stage] == stage;
    const char *sign = lane->used ? "│" : across ? "─" : " ";
    if (taken && i == first)
        sign = ends ? "╰" : "├";
    else if (taken)
        sign = ends ? "┴" : "┼";
    fprintf(out, "%s%s", sign, across ? "─" : " ");
}

static void draw_row(struct drawing *drawing, size_t stage, bool measure)
{
    const struct lm_spec_stage *s = &drawing->spec->stages[stage];
    size_t first, own;
    place(drawing, stage, &first, &own);
    if (own == drawing->lane_count)
        drawing->lane_count++;
    if (!measure) {
        for (size_t i = 0; i < own; i++)
            draw_cell(drawing, stage, i, first, own, drawing->out);
        size_t shown = own + 1;
        fputs("●", drawing->out);
        for (; shown < drawing->lane_count && shown <= drawing->width; shown++)
            fprintf(drawing->out, " %s", drawing->lanes[shown].used ? "│" : " ");
        fprintf(drawing->out, "%*s %-*s  %s\n", (int)(2 * (drawing->width - shown)), "",
                (int)drawing->name_width, s->id, s->type->name);
    }
    for (size_t i = 0; i < drawing->lane_count; i++)
        if (drawing->lanes[i].used && drawing->last[drawing->lanes[i].stage] == stage)
            drawing->lanes[i].used = false;
    drawing->lanes[own] = (struct lane){.stage = stage, .used = drawing->last[stage] != stage};
    if (own + 1 > drawing->width)
        drawing->width = own + 1;
}

static bool print_text(const struct lm_spec *spec, FILE *out)
{
    struct lm_arena_mark mark = lm_arena_mark(spec->arena);
    struct drawing drawing = {.spec = spec, .out = out};
    drawing.lanes = LM_NEW_ARRAY(spec->arena, struct lane, spec->stage_count + 1);
    drawing.last = LM_NEW_ARRAY(spec->arena, size_t, spec->stage_count);
    if (drawing.lanes == NULL || drawing.last == NULL)
        return false;
    for (size_t i = 0; i < spec->stage_count; i++) {
        size_t length = strlen(spec->stages[i].id);
        drawing.name_width = length > drawing.name_width ? length : drawing.name_width;
        drawing.last[i] = i;
        for (size_t k = 0; k < spec->stages[i].input_count; k++)
            drawing.last[spec->stages[i].inputs[k].stage] = i;
    }
    for (int measure = 1; measure >= 0; measure--) {
        drawing.lane_count = 0;
        memset(drawing.lanes, 0, spec->stage_count * sizeof *drawing.lanes);
        for (size_t i = 0; i < spec->stage_count; i++)
            draw_row(&drawing, i, measure);
    }
    lm_arena_rewind(spec->arena, mark);
    return true;
}

/* ---- dot and mermaid ---- */

static bool print_dot(const struct lm_spec *spec, FILE *out)
{
    fprintf(out, "digraph \"%s\" {\n  rankdir=TB;\n  node [shape=box, style=rounded];\n",
            spec->experiment);
    for (size_t i = 0; i < spec->stage_count; i++)
        fprintf(out, "  \"%s\" [label=\"%s\\n%s\"];\n", spec->stages[i].id, spec->stages[i].id,
                spec->stages[i].type->name);
    for (size_t i = 0; i < spec->stage_count; i++)
        for (size_t k = 0; k < spec->stages[i].input_count; k++) {
            const struct lm_spec_input *input = &spec->stages[i].inputs[k];
            fprintf(out, "  \"%s\" -> \"%s\" [label=\"%s\"];\n", spec->stages[input->stage].id,
                    spec->stages[i].id, input->from->name);
        }
    fputs("}\n", out);
    return true;
}

/** Stage names may be words of mermaid ("end"): nodes are numbered. */
static bool print_mermaid(const struct lm_spec *spec, FILE *out)
{
    fputs("flowchart TD\n", out);
    for (size_t i = 0; i < spec->stage_count; i++)
        fprintf(out, "  s%zu[\"%s<br/><small>%s</small>\"]\n", i, spec->stages[i].id,
                spec->stages[i].type->name);
    for (size_t i = 0; i < spec->stage_count; i++)
        for (size_t k = 0; k < spec->stages[i].input_count; k++) {
            const struct lm_spec_input *input = &spec->stages[i].inputs[k];
            fprintf(out, "  s%zu -->|%s| s%zu\n", input->stage, input->from->name, i);
        }
    return true;
}

enum lm_status lm_spec_print_graph(const struct lm_spec *spec, enum lm_graph_format format,
                                   FILE *out)
{
    static bool (*const printers[])(const struct lm_spec *spec, FILE *out) = {
        [LM_GRAPH_TEXT] = print_text,
        [LM_GRAPH_DOT] = print_dot,
        [LM_GRAPH_MERMAID] = print_mermaid,
    };
    return printers[format](spec, out) ? LM_OK : LM_NOMEM;
}
