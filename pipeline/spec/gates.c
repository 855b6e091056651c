/* `gates:`: bounds on metrics. */
#include "spec/load.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/suggest.h"
#include "param/metrics.h"

/** "valid.bpb, test.bpb": the metrics of a type as they are declared. */
static const char *list_metrics(struct lm_load *load, const struct lm_stage *type)
{
    const char *text = "";
    for (const struct lm_metric_row *row = type->metrics; row != NULL && row->name != NULL; row++)
        text = lm_arena_printf(load->arena, "%s%s%s", text ? text : "",
                               row == type->metrics ? "" : ", ", row->name);
    return text ? text : "";
}

bool lm_load_check_metric(struct lm_load *load, const struct lm_load_stage *build,
                          const char *metric, const struct lm_node *node, const char *field)
{
    const struct lm_stage *type = build->stage->type;
    const void *params = build->resolved ? load->spec->stages[build->first].params : NULL;
    size_t count = 0;
    if (type == NULL || lm_metric_find(type, params, metric) != NULL)
        return true;
    const char **names =
        lm_load_keep(load, lm_metric_names(&count, load->arena, type, params, metric));
    const char *nearest = names ? lm_suggest(metric, names, count) : NULL;
    const char *known = nearest ? "" : list_metrics(load, type);
    lm_diag_error(&load->diags, &node->at, field, "%s (%s) gives no metric %s%s%s%s",
                  build->stage->id, type->name, lm_quote(load->arena, metric),
                  nearest    ? "; did you mean '"
                  : known[0] ? "; known: "
                             : "; it gives none",
                  nearest ? nearest : known, nearest ? "'?" : "");
    return false;
}

/** Reads "STAGE.METRIC"; family SIZE_MAX after a finding. */
static struct lm_load_reference read_metric(struct lm_load *load, const struct lm_node *node,
                                            const char *field)
{
    struct lm_load_reference out = {.family = SIZE_MAX};
    const char *text = lm_read_text(load, node, field);
    if (text == NULL)
        return out;
    out = lm_load_reference(load, text);
    const char *id = lm_load_keep(load, lm_arena_strndup(load->arena, text, out.length));
    size_t family = out.family;
    out.family = SIZE_MAX;
    if (out.length == 0 || (!out.is_bad && (out.rest == NULL || out.rest[0] == '\0')))
        lm_diag_error(&load->diags, &node->at, field, "%s is no metric; write stage.metric",
                      lm_quote(load->arena, text));
    else if (family == SIZE_MAX)
        lm_diag_error(&load->diags, &node->at, field, "unknown stage %s%s",
                      lm_quote(load->arena, id ? id : ""),
                      lm_hint(&load->diags, id ? id : "", load->stage_names, load->stage_count));
    else if (out.is_bad)
        lm_diag_error(&load->diags, &node->at, field,
                      "%s names no instance of %s; name it by its values, as lmpipe plan prints it",
                      lm_quote(load->arena, text), id ? id : "");
    else if (lm_load_check_metric(load, &load->stages[family], out.rest, node, field))
        out.family = family;
    return out;
}

/** Is this instance the one whose values stand after the @, or are there none? */
static bool is_meant(const struct lm_load *load, const struct lm_load_reference *reference,
                     const struct lm_spec_stage *stage)
{
    const struct lm_matrix *matrix = load->spec->matrix;
    for (size_t a = 0; matrix != NULL && a < matrix->axis_count; a++)
        if ((reference->given >> a & 1) && stage->point[a] != reference->fixed[a])
            return false;
    return true;
}

static const char *gate_text(struct lm_load *load, const struct lm_spec_gate *gate,
                             const char *metric)
{
    struct lm_buf text;
    lm_buf_init(&text, 4096);
    lm_buf_puts(&text, metric);
    if (!lm_is_unset(gate->min)) {
        lm_buf_puts(&text, " min ");
        lm_buf_put_double(&text, gate->min);
    }
    if (!lm_is_unset(gate->max)) {
        lm_buf_puts(&text, " max ");
        lm_buf_put_double(&text, gate->max);
    }
    if (gate->is_against) {
        lm_buf_puts(&text, " worse by at most ");
        lm_buf_put_double(&text, gate->is_relative ? 100 * gate->margin : gate->margin);
        lm_buf_puts(&text, gate->is_relative ? " % than the baseline" : " than the baseline");
    }
    const char *copy = lm_load_keep(load, lm_arena_strdup(load->arena, text.data ? text.data : ""));
    lm_buf_release(&text);
    return copy;
}

/** Adds a gate for every instance that is meant. */
static void add_gates(struct lm_load *load, const struct lm_load_reference *reference,
                      struct lm_spec_gate *gate, const char *field, size_t *capacity)
{
    struct lm_spec *spec = load->spec;
    const struct lm_load_stage *build = &load->stages[reference->family];
    size_t before = spec->gate_count;
    bool is_partial = reference->given != 0 && reference->given != build->axes;
    gate->metric = reference->rest;
    gate->held = !build->follows_report;
    if (!lm_load_gate_pairs(load, build, field, gate))
        return;
    for (size_t i = build->first; i < build->first + build->count && !is_partial; i++) {
        struct lm_spec_gate *gates =
            lm_load_keep(load, lm_arena_grow(load->arena, spec->gates, spec->gate_count, capacity,
                                             sizeof *gates));
        const char *metric =
            lm_arena_printf(load->arena, "%s.%s", spec->stages[i].id, gate->metric);
        if (gates == NULL || lm_load_keep(load, (void *)(uintptr_t)metric) == NULL)
            return;
        spec->gates = gates;
        if (!is_meant(load, reference, &spec->stages[i]))
            continue;
        gate->stage = i;
        gate->text = gate_text(load, gate, metric);
        gates[spec->gate_count++] = *gate;
    }
    if (spec->gate_count == before)
        lm_diag_error(&load->diags, &gate->origin, field,
                      "names no instance of %s; name all of its axes, or the stage alone",
                      build->stage->id);
}

/** min and max, or what is said of a baseline; false after a finding. */
static bool read_bounds(struct lm_load *load, const struct lm_node *map, const char *field,
                        struct lm_spec_gate *gate)
{
    const struct lm_node *min = lm_node_get(map, "min"), *max = lm_node_get(map, "max");
    bool good = lm_load_gate_against(load, map, field, gate);
    if (good && min == NULL && max == NULL && !gate->is_against)
        lm_diag_error(&load->diags, &map->at, field,
                      "no bound; give min or max, or worse_by_at_most with a baseline");
    if (min != NULL)
        good = lm_read_number(load, min, lm_load_field(load, field, "min"), &gate->min) && good;
    if (max != NULL)
        good = lm_read_number(load, max, lm_load_field(load, field, "max"), &gate->max) && good;
    if (!good || !(gate->min > gate->max))
        return good;
    lm_diag_error(&load->diags, &min->at, lm_load_field(load, field, "min"),
                  "above max, so that nothing can pass; swap them");
    return false;
}

static void read_gate(struct lm_load *load, const struct lm_node *map, const char *field,
                      size_t *capacity)
{
    static const char *const keys[] = {"metric", "min",        "max",    "worse_by_at_most",
                                       "vs",     "confidence", "better", NULL};
    static const struct lm_load_map known = {"a gate", keys, LM_ELSEWHERE, NULL};
    struct lm_spec_gate gate = {.min = LM_UNSET_FLOAT, .max = LM_UNSET_FLOAT, .origin = map->at};
    if (!lm_read_kind(load, map, field, LM_NODE_MAP))
        return;
    lm_read_keys(load, map, field, &known);
    const struct lm_node *metric = lm_node_get(map, "metric");
    if (metric == NULL)
        lm_diag_error(&load->diags, &map->at, field, "no metric; write metric: stage.metric");
    bool good = read_bounds(load, map, field, &gate);
    struct lm_load_reference reference = {.family = SIZE_MAX};
    if (metric != NULL)
        reference = read_metric(load, metric, lm_load_field(load, field, "metric"));
    gate.typed = metric != NULL ? metric->text : NULL;
    if (good && reference.family != SIZE_MAX)
        add_gates(load, &reference, &gate, field, capacity);
}

/** Reports get the list of the gated stages that they wait for. */
static void bind_reports(struct lm_load *load)
{
    struct lm_spec *spec = load->spec;
    bool *awaited = lm_load_keep(load, LM_NEW_ARRAY(load->arena, bool, spec->stage_count));
    size_t *after = lm_load_keep(load, LM_NEW_ARRAY(load->arena, size_t, spec->gate_count)), n = 0;
    if (awaited == NULL || after == NULL)
        return;
    for (size_t i = 0; i < spec->gate_count; i++)
        awaited[spec->gates[i].stage] |= spec->gates[i].held;
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

void lm_load_gates(struct lm_load *load, const struct lm_node *list)
{
    size_t capacity = 0;
    if (!lm_read_kind(load, list, "gates", LM_NODE_LIST))
        return;
    for (size_t i = 0; i < list->count; i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        read_gate(load, list->entries[i].value, lm_load_field(load, "gates", number), &capacity);
    }
    if (load->spec->gate_count > 0)
        bind_reports(load);
}
