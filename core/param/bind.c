#include "param/bind.h"

#include <string.h>

const struct lm_stage *lm_stage_bind(const struct lm_stage *type, const void *params,
                                     struct lm_arena *arena)
{
    if (type->bind == NULL)
        return type;
    struct lm_stage *own = LM_NEW(arena, struct lm_stage);
    if (own == NULL)
        return NULL;
    *own = *type;
    return type->bind(own, params, arena) ? own : NULL;
}

bool lm_stage_has_outputs_of(const struct lm_stage *a, const struct lm_stage *b)
{
    const struct lm_port *x = a->outputs, *y = b->outputs;
    for (; x->name != NULL && y->name != NULL; x++, y++)
        if (strcmp(x->name, y->name) != 0 || strcmp(x->kind, y->kind) != 0)
            return false;
    return x->name == NULL && y->name == NULL;
}
