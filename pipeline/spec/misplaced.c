/* A key that is unknown where it stands, but known one step away. */
#include "spec/load.h"

#include <string.h>

#include "param/synonyms.h"

const char *const lm_load_root_keys[] = {
    "lmpipe", "experiment", "description", "include",  "seed",    "numerics", "vars",
    "stages", "gates",      "matrix",      "baseline", "derived", "origins",  NULL};
const char *const lm_load_stage_keys[] = {"uses",    "in",      "with",    "seed", "resources",
                                          "retries", "timeout", "publish", NULL};

static bool is_key(const char *const *keys, const char *word)
{
    for (size_t i = 0; keys[i] != NULL; i++)
        if (strcmp(keys[i], word) == 0)
            return true;
    return false;
}

static bool has_port(const struct lm_port *ports, const char *word)
{
    for (const struct lm_port *port = ports; port != NULL && port->name != NULL; port++)
        if (strcmp(port->name, word) == 0)
            return true;
    return false;
}

/** The parameter that is called so, beside `with` also one that is called so elsewhere; NULL: none.
 */
static const char *find_param(const struct lm_stage *type, const char *word,
                              enum lm_load_where here)
{
    if (type->flags & LM_STAGE_NUMERIC && strcmp(word, "numerics") == 0)
        return "numerics";
    for (const struct lm_param *row = type->params; row->name != NULL; row++)
        if (strcmp(row->name, word) == 0 ||
            (here == LM_IN_STAGE && lm_synonyms_have(row->also, word)))
            return row->name;
    return NULL;
}

/** What a type calls so: a parameter, an input or an output; NULL: nothing. */
static const char *part_of_type(struct lm_load *load, const struct lm_stage *type, const char *word,
                                enum lm_load_where here)
{
    const char *param = here != LM_IN_WITH ? find_param(type, word, here) : NULL;
    if (param != NULL)
        return lm_arena_printf(load->arena, "; '%s' is a parameter of %s: write it %s 'with'",
                               param, type->name, here == LM_IN_RECORD ? "directly in" : "in");
    if (here == LM_IN_RECORD)
        return NULL;
    if (here != LM_IN_INPUTS && has_port(type->inputs, word))
        return lm_arena_printf(load->arena, "; it is an input of %s: write it in 'in'", type->name);
    if (here != LM_IN_PUBLISH && has_port(type->outputs, word))
        return lm_arena_printf(load->arena, "; it is an output of %s: write it in 'publish'",
                               type->name);
    return NULL;
}

const char *lm_load_belongs(struct lm_load *load, const struct lm_stage *type, const char *word,
                            enum lm_load_where here)
{
    bool is_stage_key = is_key(lm_load_stage_keys, word);
    if (here == LM_ELSEWHERE)
        return NULL;
    if (here == LM_IN_ROOT)
        return is_stage_key ? "; it is a key of a stage: write it there" : NULL;
    if (is_stage_key && here != LM_IN_RECORD)
        return "; it is a key of the stage: write it beside 'with', not inside";
    const char *part = type != NULL ? part_of_type(load, type, word, here) : NULL;
    if (part != NULL)
        return part;
    if (type != NULL && strcmp(word, "numerics") == 0)
        return "; this type has no numerics to choose: remove it";
    return here == LM_IN_STAGE && is_key(lm_load_root_keys, word)
               ? "; it is a key of the experiment: write it at the top of the spec"
               : NULL;
}

void lm_load_unknown_port(struct lm_load *load, const struct lm_stage *type,
                          const struct lm_entry *entry, const char *field, enum lm_load_where here)
{
    enum { MOST = 32 };

    bool is_input = here == LM_IN_INPUTS;
    if (is_input && (type->flags & LM_STAGE_OPEN))
        return; /* its name is no good, which has been said */
    const struct lm_port *port = is_input ? type->inputs : type->outputs;
    const char *names[MOST], *belongs = lm_load_belongs(load, type, entry->key, here);
    size_t count = 0;
    for (; port != NULL && port->name != NULL && count < MOST; port++)
        names[count++] = port->name;
    lm_diag_error(&load->diags, &entry->key_at, field, "unknown %s%s",
                  is_input ? "input" : "output",
                  belongs != NULL ? belongs : lm_hint(&load->diags, entry->key, names, count));
}
