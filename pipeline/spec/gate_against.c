/* `baseline:` and gates against it: {metric, worse_by_at_most, vs: baseline, confidence, better}.
 */
#include "spec/load.h"

#include <errno.h>
#include <string.h>

#include "base/io.h"
#include "param/metrics.h"
#include "yaml/scalar.h"

void lm_load_baseline(struct lm_load *load, const struct lm_node *map)
{
    static const char *const keys[] = {"run", NULL};
    static const struct lm_load_map known = {"a baseline", keys, LM_ELSEWHERE, NULL};
    struct lm_spec *spec = load->spec;
    if (!lm_read_kind(load, map, "baseline", LM_NODE_MAP))
        return;
    lm_read_keys(load, map, "baseline", &known);
    const struct lm_node *run = lm_node_get(map, "run");
    if (run == NULL) {
        lm_diag_error(&load->diags, &map->at, "baseline.run",
                      "required, but not given: a file that lmpipe exp export has written");
        return;
    }
    const char *unset = NULL, *text;
    if (run->kind == LM_NODE_SCALAR && run->has_env && !run->failed)
        text = lm_load_env(load, run->text, &unset);
    else
        text = lm_read_text(load, run, "baseline.run");
    if (unset != NULL)
        lm_diag_error(&load->diags, &run->at, "baseline.run",
                      "the environment variable %s is not set; set it or write the path out",
                      unset);
    if (text == NULL || unset != NULL)
        return;
    spec->baseline =
        lm_load_keep(load, lm_path_join(load->arena, lm_load_folder(load, &run->at), text));
    spec->baseline_written = run->has_env ? run->text : NULL;
    spec->baseline_origin = run->at;
}

/** 0.01, or "1%"; false after a finding. */
static bool read_margin(struct lm_load *load, const struct lm_node *node, const char *field,
                        struct lm_spec_gate *gate)
{
    const char *text = lm_read_text(load, node, field);
    size_t length = text != NULL ? strlen(text) : 0;
    if (text == NULL)
        return false;
    gate->is_relative = length > 1 && text[length - 1] == '%';
    const char *number = gate->is_relative ? lm_arena_strndup(load->arena, text, length - 1) : text;
    struct lm_scalar value =
        lm_scalar_resolve(number != NULL ? number : "", node->plain || gate->is_relative);
    bool is_number = value.type == LM_SCALAR_INT || value.type == LM_SCALAR_FLOAT;
    if (!is_number || !(value.real >= 0) || value.real > 1e300) {
        lm_diag_error(&load->diags, &node->at, field,
                      "%s is no margin; write a number from 0 on, or a share of the baseline's "
                      "value such as 1%%",
                      lm_quote(load->arena, text));
        return false;
    }
    gate->margin = gate->is_relative ? value.real / 100 : value.real;
    return true;
}

static bool read_confidence(struct lm_load *load, const struct lm_node *node, const char *field,
                            struct lm_spec_gate *gate)
{
    if (!lm_read_number(load, node, field, &gate->confidence))
        return false;
    if (gate->confidence >= 0.5 && gate->confidence < 1)
        return true;
    lm_diag_error(&load->diags, &node->at, field,
                  "a confidence is at least 0.5 and below 1, such as 0.95");
    return false;
}

bool lm_load_gate_against(struct lm_load *load, const struct lm_node *map, const char *field,
                          struct lm_spec_gate *gate)
{
    static const char *const references[] = {"baseline", NULL};
    static const char *const sides[] = {"lower", "higher", NULL};
    const struct lm_node *margin = lm_node_get(map, "worse_by_at_most");
    const struct lm_node *vs = lm_node_get(map, "vs"), *better = lm_node_get(map, "better");
    const struct lm_node *confidence = lm_node_get(map, "confidence");
    bool good = true;
    gate->confidence = 0.95;
    if (margin == NULL) {
        const struct lm_node *alone = vs != NULL ? vs : better != NULL ? better : confidence;
        if (alone != NULL)
            lm_diag_error(&load->diags, &alone->at, field,
                          "belongs to a gate against a baseline; write worse_by_at_most, too");
        return alone == NULL;
    }
    gate->is_against = true;
    good = read_margin(load, margin, lm_load_field(load, field, "worse_by_at_most"), gate);
    if (lm_node_get(map, "min") != NULL || lm_node_get(map, "max") != NULL) {
        lm_diag_error(&load->diags, &margin->at, field,
                      "either bounds (min, max) or worse_by_at_most; write two gates");
        good = false;
    }
    if (vs != NULL)
        good = lm_read_choice(load, vs, lm_load_field(load, field, "vs"), references) == 0 && good;
    if (lm_node_get(load->root, "baseline") == NULL) {
        lm_diag_error(&load->diags, &margin->at, field,
                      "there is no baseline; write baseline: {run: FILE}, a file of lmpipe exp "
                      "export");
        good = false;
    }
    if (confidence != NULL)
        good = read_confidence(load, confidence, lm_load_field(load, field, "confidence"), gate) &&
               good;
    if (better != NULL) {
        int side = lm_read_choice(load, better, lm_load_field(load, field, "better"), sides);
        gate->better = side == 0 ? LM_BETTER_LOWER : LM_BETTER_HIGHER;
        good = good && side >= 0;
    }
    return good;
}

/** Has the type an output with records of items? */
static bool has_items(const struct lm_stage *type)
{
    for (const struct lm_port *port = type->outputs; port->name != NULL; port++)
        if (strcmp(port->kind, "items") == 0)
            return true;
    return false;
}

bool lm_load_gate_pairs(struct lm_load *load, const struct lm_load_stage *build, const char *field,
                        struct lm_spec_gate *gate)
{
    const struct lm_stage *type = build->stage->type;
    if (!gate->is_against || type == NULL)
        return true;
    const void *params = build->resolved ? load->spec->stages[build->first].params : NULL;
    const struct lm_metric_row *row = lm_metric_find(type, params, gate->metric);
    if (!has_items(type)) {
        lm_diag_error(&load->diags, &gate->origin, field,
                      "%s (%s) has no items to compare with the baseline's one by one; use min or "
                      "max",
                      build->stage->id, type->name);
        return false;
    }
    if (gate->better == LM_BETTER_NONE)
        gate->better = row != NULL ? row->better : LM_BETTER_NONE;
    if (gate->better != LM_BETTER_NONE)
        return true;
    lm_diag_error(&load->diags, &gate->origin, field,
                  "it is not known which way %s is better; write better: lower or better: higher",
                  gate->metric);
    return false;
}
