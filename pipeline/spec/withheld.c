/* Outputs that a stage does not have for its parameters: taking or publishing one is an error. */
#include "spec/load.h"

static const char *list_outputs(struct lm_load *load, const struct lm_spec_stage *from)
{
    const char *text = "";
    for (const struct lm_port *port = from->type->outputs; port->name != NULL && text != NULL;
         port++)
        if (lm_stage_has_output(from->type, from->params, port))
            text = lm_arena_printf(load->arena, "%s%s%s", text, text[0] ? ", " : "", port->name);
    return text ? text : "";
}

static void check(struct lm_load *load, const struct lm_spec_stage *from,
                  const struct lm_port *port, const struct lm_origin *at, const char *field)
{
    if (from->type != NULL && port != NULL && !lm_stage_has_output(from->type, from->params, port))
        lm_diag_error(&load->diags, at, field,
                      "%s makes no output %s with these parameters; it makes: %s (%s: %s)",
                      from->id, port->name, list_outputs(load, from), port->name, port->help);
}

void lm_load_withheld(struct lm_load *load)
{
    const struct lm_spec *spec = load->spec;
    for (size_t i = 0; i < spec->stage_count; i++) {
        const struct lm_spec_stage *stage = &spec->stages[i];
        for (size_t k = 0; k < stage->publish_count; k++)
            check(load, stage, stage->publish[k].port, &stage->publish[k].origin,
                  lm_load_field(load, lm_load_field(load, stage->id, "publish"),
                                stage->publish[k].port->name));
        for (size_t k = 0; k < stage->input_count; k++)
            check(load, &spec->stages[stage->inputs[k].stage], stage->inputs[k].from,
                  &stage->inputs[k].origin,
                  lm_load_field(load, lm_load_field(load, stage->id, "in"),
                                stage->inputs[k].port->name));
    }
}
