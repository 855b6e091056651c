/* The secrets that parameters of stages name, on their way to the workers. */
#include <string.h>

#include "exec/exec.h"
#include "param/param_rows.h"
#include "protocol/job.h"

/** Names of variables that parameters ask for, on their way into the environment. */
struct asking {
    struct lm_exec *exec;
    const char **rows;
    size_t count, capacity;
    bool failed;
};

static bool is_there(const struct asking *asking, const char *row)
{
    for (size_t i = 0; i < asking->count; i++)
        if (strcmp(asking->rows[i], row) == 0)
            return true;
    return false;
}

static void add(struct asking *asking, const char *row)
{
    const char **rows = row != NULL ? lm_arena_grow(asking->exec->arena, asking->rows,
                                                    asking->count, &asking->capacity, sizeof *rows)
                                    : NULL;
    if (rows == NULL) {
        asking->failed = true;
        return;
    }
    asking->rows = rows;
    rows[asking->count++] = row;
}

static void ask(void *user, const struct lm_param_leaf *leaf)
{
    struct asking *asking = user;
    const struct lm_run_options *options = asking->exec->options;
    const char *name, *value = NULL;
    if (!(leaf->row->flags & LM_PARAM_SECRET) || leaf->type != LM_P_STR)
        return;
    memcpy(&name, leaf->value, sizeof name);
    if (name != NULL && name[0] != '\0' && options->env != NULL)
        value = options->env(options->env_user, name);
    if (value == NULL)
        return;
    const char *row = lm_arena_printf(asking->exec->arena, LM_SECRET_PREFIX "%s=%s", name, value);
    if (row == NULL || !is_there(asking, row))
        add(asking, row);
}

bool lm_exec_add_secrets(struct lm_exec *exec)
{
    struct asking asking = {.exec = exec};
    const struct lm_spec *spec = exec->spec;
    for (const char *const *row = exec->environment; *row != NULL; row++)
        add(&asking, *row);
    for (size_t i = 0; i < spec->stage_count; i++)
        lm_params_walk(spec->stages[i].type->params, spec->stages[i].params, ask, &asking);
    size_t count = asking.count;
    add(&asking, "");
    if (asking.failed)
        return false;
    asking.rows[count] = NULL;
    exec->environment = asking.rows;
    return true;
}
