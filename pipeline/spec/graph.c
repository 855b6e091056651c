/* The DAG: as text with lanes, for dot, for mermaid. */
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "spec/matrix.h"
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

/** Columns of a name: its characters, none of which is wide. */
static size_t width_of(const char *name)
{
    size_t width = 0;
    for (; *name != '\0'; name++)
        width += ((unsigned char)*name & 0xc0) != 0x80;
    return width;
}

static bool takes_from(const struct lm_spec_stage *stage, size_t upstream)
{
    for (size_t i = 0; i < stage->input_count; i++)
        if (stage->inputs[i].stage == upstream)
            return true;
    return false;
}

/** Does a stage wait for the gates of one upstream? */
static bool waits_for(const struct lm_spec_stage *stage, size_t upstream)
{
    size_t low = 0, high = stage->after_count; /* they ascend */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (stage->after[middle] < upstream)
            low = middle + 1;
        else
            high = middle;
    }
    return low < stage->after_count && stage->after[low] == upstream;
}

static bool follows(const struct lm_spec_stage *stage, size_t upstream)
{
    return takes_from(stage, upstream) || waits_for(stage, upstream);
}

/** Leftmost lane this stage follows, and its own: the first free one right of all it follows. */
static void place(const struct drawing *drawing, size_t stage, size_t *first, size_t *own)
{
    size_t after = 0;
    *first = SIZE_MAX;
    for (size_t i = 0; i < drawing->lane_count; i++) {
        if (!drawing->lanes[i].used ||
            !follows(&drawing->spec->stages[stage], drawing->lanes[i].stage))
            continue;
        if (*first == SIZE_MAX)
            *first = i;
        after = i + 1;
    }
    *own = after;
    while (*own < drawing->lane_count && drawing->lanes[*own].used)
        ++*own;
}

/** What stands in lane i of a row, and what joins it to the next. A lane whose gates are awaited,
 *  and nothing else of it, is joined by a double line. */
static void draw_cell(const struct drawing *drawing, size_t stage, size_t i, size_t first,
                      size_t own, FILE *out)
{
    const struct lane *lane = &drawing->lanes[i];
    bool across = first != SIZE_MAX && i >= first && i < own;
    static const char *const joins[2][2][2] = {/* awaited, not the first, goes on */
                                               {{"╰", "├"}, {"┴", "┼"}},
                                               {{"╘", "╞"}, {"╧", "╪"}}};
    const struct lm_spec_stage *s = &drawing->spec->stages[stage];
    bool taken = lane->used && takes_from(s, lane->stage);
    bool awaited = lane->used && !taken && waits_for(s, lane->stage);
    const char *sign = lane->used ? "│" : across ? "─" : " ";
    if (taken || awaited)
        sign = joins[awaited][i != first][drawing->last[lane->stage] != stage];
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
        fprintf(drawing->out, "%*s %-*s  %s", (int)(2 * (drawing->width - shown)), "",
                (int)(drawing->name_width + strlen(s->id) - width_of(s->id)), s->id, s->type->name);
        for (size_t i = 0; i < s->after_count; i++)
            fprintf(drawing->out, "%s%s", i > 0 ? ", " : "  after the gates of ",
                    drawing->spec->stages[s->after[i]].id);
        fputc('\n', drawing->out);
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
        size_t length = width_of(spec->stages[i].id);
        drawing.name_width = length > drawing.name_width ? length : drawing.name_width;
        drawing.last[i] = i;
        for (size_t k = 0; k < spec->stages[i].input_count; k++)
            drawing.last[spec->stages[i].inputs[k].stage] = i;
        for (size_t k = 0; k < spec->stages[i].after_count; k++)
            drawing.last[spec->stages[i].after[k]] = i;
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
    for (size_t i = 0; i < spec->stage_count; i++) {
        const struct lm_spec_stage *stage = &spec->stages[i];
        for (size_t k = 0; k < stage->input_count; k++)
            fprintf(out, "  \"%s\" -> \"%s\" [label=\"%s\"];\n",
                    spec->stages[stage->inputs[k].stage].id, stage->id,
                    stage->inputs[k].from->name);
        for (size_t k = 0; k < stage->after_count; k++)
            fprintf(out, "  \"%s\" -> \"%s\" [label=\"gates\", style=dashed];\n",
                    spec->stages[stage->after[k]].id, stage->id);
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
    for (size_t i = 0; i < spec->stage_count; i++) {
        const struct lm_spec_stage *stage = &spec->stages[i];
        for (size_t k = 0; k < stage->input_count; k++)
            fprintf(out, "  s%zu -->|%s| s%zu\n", stage->inputs[k].stage,
                    stage->inputs[k].from->name, i);
        for (size_t k = 0; k < stage->after_count; k++)
            fprintf(out, "  s%zu -.->|gates| s%zu\n", stage->after[k], i);
    }
    return true;
}

/* ---- JSON ---- */

static void put_inputs(struct lm_json_writer *writer, const struct lm_spec *spec,
                       const struct lm_spec_stage *stage, struct lm_arena *arena)
{
    lm_json_key(writer, "in");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < stage->input_count; i++) {
        const struct lm_spec_input *input = &stage->inputs[i];
        const char *from =
            lm_arena_printf(arena, "%s.%s", spec->stages[input->stage].id, input->from->name);
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "port", input->port != NULL ? input->port->name : "");
        lm_json_member_string(writer, "from", from != NULL ? from : "");
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

static bool print_json(const struct lm_spec *spec, FILE *out)
{
    struct lm_json_writer writer;
    struct lm_buf text;
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, true);
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < spec->stage_count; i++) {
        const struct lm_spec_stage *stage = &spec->stages[i];
        lm_json_open(&writer, '{');
        lm_json_member_string(&writer, "stage", stage->id);
        lm_json_member_string(&writer, "type", stage->type->name);
        put_inputs(&writer, spec, stage, spec->arena);
        lm_json_key(&writer, "after");
        lm_json_open(&writer, '[');
        for (size_t k = 0; k < stage->after_count; k++)
            lm_json_put_string(&writer, spec->stages[stage->after[k]].id);
        lm_json_close(&writer, ']');
        lm_json_close(&writer, '}');
    }
    lm_json_close(&writer, ']');
    lm_buf_putc(&text, '\n');
    bool is_good = lm_buf_print(&text, out, NULL) == LM_OK;
    lm_buf_release(&text);
    return is_good;
}

/* ---- families ---- */

/** What a choice takes of the stages whose metrics decide it. */
static const struct lm_port metric_port = {.name = "metric"};

/** "model x4 (lr, seed)" of a family with axes. */
static const char *family_name(const struct lm_spec *spec, const struct lm_spec_family *family)
{
    const char *text = "";
    if (family->axes == 0)
        return family->id;
    for (size_t i = 0; i < spec->matrix->axis_count && text != NULL; i++) {
        size_t axis = spec->matrix->by_name[i];
        if (family->axes >> axis & 1)
            text = lm_arena_printf(spec->arena, "%s%s%s", text, text[0] ? ", " : "",
                                   spec->matrix->axes[axis].name);
    }
    return text == NULL
               ? NULL
               : lm_arena_printf(spec->arena, "%s ×%zu (%s)", family->id, family->count, text);
}

static bool has_edge(const struct lm_spec_stage *stage, const struct lm_spec_input *edge)
{
    for (size_t i = 0; i < stage->input_count; i++)
        if (stage->inputs[i].stage == edge->stage &&
            (stage->inputs[i].from == edge->from || edge->from == &metric_port))
            return true;
    return false;
}

/** What a family takes, by what its first instance takes: an edge for each output of another. */
static bool fold_inputs(const struct lm_spec *spec, const struct lm_spec_stage *from,
                        struct lm_spec_stage *to)
{
    struct lm_spec_input *inputs =
        LM_NEW_ARRAY(spec->arena, struct lm_spec_input, from->input_count);
    to->inputs = inputs;
    to->input_count = 0;
    for (size_t i = 0; inputs != NULL && i < from->input_count; i++) {
        struct lm_spec_input edge = from->inputs[i];
        edge.stage = spec->stages[edge.stage].family;
        edge.from = edge.from != NULL ? edge.from : &metric_port;
        if (!has_edge(to, &edge))
            inputs[to->input_count++] = edge;
    }
    return inputs != NULL;
}

static bool fold_after(const struct lm_spec *spec, const struct lm_spec_stage *from,
                       struct lm_spec_stage *to)
{
    size_t *after = LM_NEW_ARRAY(spec->arena, size_t, from->after_count);
    to->after = after;
    to->after_count = 0;
    for (size_t i = 0; after != NULL && i < from->after_count; i++) {
        size_t family = spec->stages[from->after[i]].family;
        if (to->after_count == 0 || after[to->after_count - 1] != family)
            after[to->after_count++] = family;
    }
    return after != NULL;
}

/** The spec with one stage a family. */
static bool fold(struct lm_spec *out, const struct lm_spec *spec)
{
    struct lm_spec_stage *stages =
        LM_NEW_ARRAY(spec->arena, struct lm_spec_stage, spec->family_count);
    *out = *spec;
    out->stages = stages;
    out->stage_count = spec->family_count;
    for (size_t f = 0; stages != NULL && f < spec->family_count; f++) {
        const struct lm_spec_stage *first = &spec->stages[spec->families[f].first];
        stages[f] = *first;
        stages[f].id = family_name(spec, &spec->families[f]);
        if (stages[f].id == NULL || !fold_inputs(spec, first, &stages[f]) ||
            !fold_after(spec, first, &stages[f]))
            return false;
    }
    return stages != NULL;
}

enum lm_status lm_spec_print_graph(const struct lm_spec *spec, enum lm_graph_format format,
                                   FILE *out)
{
    static bool (*const printers[])(const struct lm_spec *spec, FILE *out) = {
        [LM_GRAPH_TEXT] = print_text,
        [LM_GRAPH_DOT] = print_dot,
        [LM_GRAPH_MERMAID] = print_mermaid,
        [LM_GRAPH_JSON] = print_json,
    };
    struct lm_arena_mark mark = lm_arena_mark(spec->arena);
    struct lm_spec folded;
    bool is_folded = format != LM_GRAPH_JSON;
    bool good =
        (!is_folded || fold(&folded, spec)) && printers[format](is_folded ? &folded : spec, out);
    lm_arena_rewind(spec->arena, mark);
    return good ? LM_OK : LM_NOMEM;
}
