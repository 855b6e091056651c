/* Stages that execute programs of a user's: consent, secrets, and what has become of their inputs.
 */
#include <string.h>

#include "exec/exec.h"
#include "param/param_rows.h"
#include "protocol/job.h"

/* ---- consent ---- */

static bool is_executed(const struct lm_plan *plan, const bool *marked, size_t stage)
{
    const struct lm_plan_stage *s = &plan->stages[stage];
    return marked != NULL ? marked[stage] && s->record != NULL : s->selected && s->state != LM_HIT;
}

enum lm_status lm_exec_consent(const struct lm_plan *plan, const struct lm_run_options *options,
                               const bool *marked, struct lm_err *err)
{
    const struct lm_spec *spec = plan->spec;
    struct lm_diag_list list = {.arena = spec->arena};
    size_t last = SIZE_MAX;
    for (size_t i = 0; i < spec->stage_count && !options->allow_programs; i++) {
        const struct lm_spec_stage *stage = &spec->stages[i];
        if (stage->type->program == NULL || stage->family == last || !is_executed(plan, marked, i))
            continue;
        const char *text = stage->type->program(stage->params, spec->arena);
        last = stage->family;
        list.failed = list.failed || text == NULL;
        lm_diag_error(&list, &stage->origin, spec->families[stage->family].id,
                      "executes the program %s; allow it by --allow-commands or "
                      "LMPIPE_ALLOW_COMMANDS=1, if you trust this spec",
                      text != NULL ? text : "");
    }
    if (list.failed)
        return lm_fail(err, LM_NOMEM, "out of memory looking for programs; free some");
    if (list.count == 0)
        return LM_OK;
    if (options->programs != NULL)
        *options->programs = (struct lm_diags){list.items, list.count, list.errors};
    return lm_fail(err, LM_INVALID, "%s: %s", list.items[0].field, list.items[0].text);
}

/* ---- secrets ---- */

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
    if (exec->has_secrets)
        return true;
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
    exec->has_secrets = true;
    return true;
}

/* ---- inputs ---- */

enum lm_status lm_exec_check_inputs(struct lm_exec *exec, const struct lm_task *task,
                                    struct lm_err *err)
{
    const struct lm_taken *taken = &exec->now.taken[task->index];
    if (exec->spec->stages[task->index].type->program == NULL)
        return LM_OK;
    for (size_t i = 0; i < taken->count; i++) {
        const struct lm_spec_input *input = &taken->rows[i];
        const struct lm_record *record = exec->now.stages[input->stage].record;
        bool sound = true;
        if (record != NULL)
            LM_TRY(lm_store_verify(exec->store, &sound, &record, 1, 1, err));
        if (!sound)
            return lm_fail(err, LM_MISMATCH,
                           "its input %s is not what it was: the program has written into the "
                           "result of %s, which the next run makes anew; let it write to "
                           "{out.NAME} alone",
                           input->port->name, exec->spec->stages[input->stage].id);
    }
    return LM_OK;
}
