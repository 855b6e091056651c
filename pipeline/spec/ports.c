/* Ports that follow from how a stage is used: inputs of any name, outputs that parameters declare.
 */
#include "spec/load.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_LONGEST = 64 };

/** A name stands in keys, in paths and in {in.NAME}. */
static bool is_port_name(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char others[] = "0123456789_-";
    size_t length = strspn(text, letters);
    if (length == 0 || strlen(text) > NAME_LONGEST)
        return false;
    while (text[length] != '\0' && (strchr(letters, text[length]) || strchr(others, text[length])))
        length++;
    return text[length] == '\0';
}

static int by_name(const void *a, const void *b)
{
    const struct lm_port *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/** Does an input take several artifacts: is it a list, or all instances of a stage? */
static bool is_list(const struct lm_node *node)
{
    return node->kind == LM_NODE_LIST ||
           (node->kind == LM_NODE_MAP && lm_node_get(node, "gather") != NULL);
}

/** The inputs that the stage names, sorted, so that their order in the file says nothing. */
static const struct lm_port *open_inputs(struct lm_load *load, const struct lm_node *in,
                                         const char *field)
{
    size_t given = in != NULL ? in->count : 0, count = 0;
    struct lm_port *ports =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_port, given + 1));
    for (size_t i = 0; ports != NULL && i < given; i++) {
        const struct lm_entry *entry = &in->entries[i];
        if (is_port_name(entry->key))
            ports[count++] = (struct lm_port){.name = entry->key,
                                              .kind = LM_KIND_ANY,
                                              .help = "an input",
                                              .flags = is_list(entry->value) ? LM_PORT_LIST : 0};
        else
            lm_diag_error(&load->diags, &entry->key_at, lm_load_field(load, field, entry->key),
                          "not a name of an input; use letters, then letters 0-9 _ - (at most %d)",
                          NAME_LONGEST);
    }
    if (count > 1)
        qsort(ports, count, sizeof *ports, by_name);
    return ports;
}

/** `with` at the first point of the matrix. */
static const struct lm_node *first_with(struct lm_load *load, const struct lm_load_stage *build,
                                        const struct lm_node *with)
{
    const struct lm_matrix *matrix = load->spec->matrix;
    if (with == NULL || matrix == NULL || matrix->point_count == 0 ||
        lm_load_has_bad_matrix(load) || lm_load_axes_of(load, with) == 0)
        return with;
    return lm_load_fill_point(load, with, matrix->points, build->stage->id);
}

/** The outputs that the parameters declare. */
static void declare(struct lm_load *load, struct lm_load_stage *build, struct lm_stage *own,
                    const struct lm_node *with)
{
    const void *params = lm_load_params_quietly(load, build, first_with(load, build, with));
    build->is_unbound = params == NULL;
    if (params != NULL && !own->bind(own, params, load->arena))
        lm_load_keep(load, NULL);
}

void lm_load_bind(struct lm_load *load, struct lm_load_stage *build, const struct lm_node *in,
                  const struct lm_node *with)
{
    const struct lm_stage *type = build->stage->type;
    if (type->bind == NULL && !(type->flags & LM_STAGE_OPEN))
        return;
    struct lm_stage *own = lm_load_keep(load, LM_NEW(load->arena, struct lm_stage));
    if (own == NULL)
        return;
    *own = *type;
    if (type->flags & LM_STAGE_OPEN) {
        const struct lm_port *inputs =
            open_inputs(load, in, lm_load_field(load, build->stage->id, "in"));
        own->inputs = inputs != NULL ? inputs : type->inputs;
    }
    if (type->bind != NULL)
        declare(load, build, own, with);
    build->stage->type = own;
}
