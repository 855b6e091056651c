/* `gates:`: plain bounds on metrics. */
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

/** Does the stage's type give such a metric? What is wrong in the stage has findings of its own. */
static bool check_metric(struct lm_load *load, const struct lm_load_stage *build,
                         const char *metric, const struct lm_node *node, const char *field)
{
    const struct lm_stage *type = build->stage->type;
    const void *params = build->resolved ? build->stage->params : NULL;
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

/** Splits "STAGE.METRIC"; false after a finding. */
static bool read_metric(struct lm_load *load, const struct lm_node *node, const char *field,
                        struct lm_spec_gate *gate)
{
    const char *text = lm_read_text(load, node, field);
    const char *dot = text ? strchr(text, '.') : NULL;
    if (text == NULL)
        return false;
    if (dot == NULL || dot == text || dot[1] == '\0') {
        lm_diag_error(&load->diags, &node->at, field, "%s is no metric; write stage.metric",
                      lm_quote(load->arena, text));
        return false;
    }
    const char *id = lm_load_keep(load, lm_arena_strndup(load->arena, text, (size_t)(dot - text)));
    size_t place = lm_load_find_stage(load, text, (size_t)(dot - text));
    if (place != SIZE_MAX) {
        gate->stage = place;
        gate->metric = dot + 1;
        return check_metric(load, &load->stages[place], dot + 1, node, field);
    }
    lm_diag_error(&load->diags, &node->at, field, "unknown stage %s%s",
                  lm_quote(load->arena, id ? id : ""),
                  lm_hint(&load->diags, id ? id : "", load->stage_names, load->stage_count));
    return false;
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
    const char *copy = lm_load_keep(load, lm_arena_strdup(load->arena, text.data ? text.data : ""));
    lm_buf_release(&text);
    return copy;
}

/** Keys of gates that are to come, said so instead of "unknown". */
static bool is_future_gate(struct lm_load *load, const struct lm_node *map, const char *field)
{
    static const char *const later[] = {"worse_by_at_most", "vs", "confidence", NULL};
    for (size_t i = 0; later[i] != NULL; i++) {
        const struct lm_entry *entry = lm_node_entry(map, later[i]);
        if (entry == NULL)
            continue;
        lm_diag_error(&load->diags, &entry->key_at, field,
                      "gates against a baseline are not supported by this version; use min or max");
        return true;
    }
    return false;
}

static void read_gate(struct lm_load *load, const struct lm_node *map, const char *field)
{
    static const char *const keys[] = {"metric", "min", "max", NULL};
    static const struct lm_load_map known = {"a gate", keys, LM_ELSEWHERE, NULL};
    struct lm_spec_gate gate = {.min = LM_UNSET_FLOAT, .max = LM_UNSET_FLOAT, .origin = map->at};
    if (!lm_read_kind(load, map, field, LM_NODE_MAP) || is_future_gate(load, map, field))
        return;
    lm_read_keys(load, map, field, &known);
    const struct lm_node *metric = lm_node_get(map, "metric");
    const struct lm_node *min = lm_node_get(map, "min"), *max = lm_node_get(map, "max");
    bool good = true;
    if (metric == NULL)
        lm_diag_error(&load->diags, &map->at, field, "no metric; write metric: stage.metric");
    if (min == NULL && max == NULL)
        lm_diag_error(&load->diags, &map->at, field, "no bound; give min or max");
    if (min != NULL)
        good = lm_read_number(load, min, lm_load_field(load, field, "min"), &gate.min);
    if (max != NULL)
        good = lm_read_number(load, max, lm_load_field(load, field, "max"), &gate.max) && good;
    if (good && gate.min > gate.max) {
        lm_diag_error(&load->diags, &min->at, lm_load_field(load, field, "min"),
                      "above max, so that nothing can pass; exchange them");
        good = false;
    }
    if (metric == NULL || !read_metric(load, metric, lm_load_field(load, field, "metric"), &gate) ||
        !good)
        return;
    gate.text = gate_text(load, &gate, metric->text);
    load->spec->gates[load->spec->gate_count++] = gate;
}

void lm_load_gates(struct lm_load *load, const struct lm_node *list)
{
    if (!lm_read_kind(load, list, "gates", LM_NODE_LIST))
        return;
    load->spec->gates =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_spec_gate, list->count));
    for (size_t i = 0; load->spec->gates != NULL && i < list->count; i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        read_gate(load, list->entries[i].value, lm_load_field(load, "gates", number));
    }
}
