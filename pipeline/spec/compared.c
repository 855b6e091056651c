/* What a stage that shows the scores of several others beside one another says of them by name: its
 * text parameters `metric`, one that they give, and `reference`, one of them. */
#include "spec/load.h"

#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "param/metrics.h"
#include "param/param_rows.h"

/** A stage that compares, and one of its parameters as the spec gives it. */
struct compared {
    struct lm_load *load;
    const size_t *at_place; /**< families by their place, in the file */
    size_t stage;
    const char *wanted, *text; /**< name of the parameter; its value */
};

static void take(void *user, const struct lm_param_leaf *leaf)
{
    struct compared *compared = user;
    if (leaf->type == LM_P_STR && !leaf->item && strcmp(leaf->name, compared->wanted) == 0)
        memcpy(&compared->text, leaf->value, sizeof compared->text);
}

/** The value of a text parameter that the spec gives; NULL: it has none, or leaves it out. */
static const char *given(struct compared *compared, const char *param, struct lm_node *node)
{
    const struct lm_spec *spec = compared->load->spec;
    const struct lm_spec_stage *stage = &spec->stages[compared->stage];
    *node = (struct lm_node){.at = lm_spec_origin(spec, compared->stage, param)};
    compared->wanted = param;
    compared->text = NULL;
    if (node->at.file != NULL)
        lm_params_walk(stage->type->params, stage->params, take, compared);
    return compared->text != NULL && compared->text[0] != '\0' ? compared->text : NULL;
}

static bool is_shown(const struct lm_spec_input *input)
{
    return input->port != NULL && (input->port->flags & LM_PORT_LABELS) &&
           strcmp(input->port->kind, "scores") == 0;
}

static const char *field_of(const struct compared *compared, const char *param)
{
    const struct lm_spec *spec = compared->load->spec;
    return lm_load_field(compared->load, spec->families[spec->stages[compared->stage].family].id,
                         param);
}

/** A metric that none of the stages gives is a mistake, told of the first of them. */
static void check_metric(struct compared *compared)
{
    struct lm_node node;
    const struct lm_spec *spec = compared->load->spec;
    const struct lm_spec_stage *stage = &spec->stages[compared->stage];
    const char *metric = given(compared, "metric", &node);
    size_t first = SIZE_MAX;
    for (size_t i = 0; i < stage->input_count && metric != NULL; i++) {
        const struct lm_spec_stage *from = &spec->stages[stage->inputs[i].stage];
        if (!is_shown(&stage->inputs[i]))
            continue;
        if (lm_metric_find(from->type, from->params, metric) != NULL)
            return;
        first = first == SIZE_MAX ? from->family : first;
    }
    if (first != SIZE_MAX)
        lm_load_check_metric(compared->load, &compared->load->stages[compared->at_place[first]],
                             metric, &node, field_of(compared, "metric"));
}

/** "lr=1" and "scores@lr=1", "lr=1 (2)", "run 2": as the page calls the one of a label, and ids. */
static bool is_called(const char *label, const char *wanted, size_t count)
{
    char *end;
    const char *at = strchr(wanted, '@');
    size_t length = strlen(label);
    if (length == 0)
        return strncmp(wanted, "run ", 4) == 0 && strtoul(wanted + 4, &end, 10) - 1 < count &&
               *end == '\0';
    return (at != NULL && strcmp(at + 1, label) == 0) ||
           (strncmp(wanted, label, length) == 0 &&
            (wanted[length] == '\0' || strncmp(wanted + length, " (", 2) == 0));
}

static void check_reference(struct compared *compared)
{
    struct lm_node node;
    const struct lm_spec *spec = compared->load->spec;
    const struct lm_spec_stage *stage = &spec->stages[compared->stage];
    const char *reference = given(compared, "reference", &node);
    const char **labels = LM_NEW_ARRAY(compared->load->arena, const char *, stage->input_count);
    size_t count = 0;
    if (reference == NULL || lm_load_keep(compared->load, labels) == NULL)
        return;
    for (size_t i = 0; i < stage->input_count; i++)
        if (is_shown(&stage->inputs[i]))
            labels[count++] = stage->inputs[i].label;
    for (size_t i = 0; i < count; i++)
        if (is_called(labels[i], reference, count))
            return;
    const char *at = strchr(reference, '@');
    if (count > 0)
        lm_diag_error(
            &compared->load->diags, &node.at, field_of(compared, "reference"),
            "%s is none of the runs compared%s", reference,
            lm_hint(&compared->load->diags, at != NULL ? at + 1 : reference, labels, count));
}

void lm_load_compared(struct lm_load *load, const size_t *at_place)
{
    const struct lm_spec *spec = load->spec;
    for (size_t p = 0; p < spec->family_count; p++) {
        const struct lm_load_stage *build = &load->stages[at_place[p]];
        struct compared compared = {
            .load = load, .at_place = at_place, .stage = spec->families[p].first};
        const struct lm_spec_stage *stage = &spec->stages[compared.stage];
        bool shows = false;
        for (size_t i = 0; i < stage->input_count && build->resolved && !shows; i++)
            shows = is_shown(&stage->inputs[i]);
        if (!shows)
            continue;
        check_metric(&compared);
        check_reference(&compared);
    }
}
