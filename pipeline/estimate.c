/* What a stage will need, before anything runs. */
#include "spec.h"

#include <string.h>

#include "base/pool.h"
#include "param_rows.h"

/** A search for an integer parameter of the nearest stage upstream. */
struct search {
    const struct lm_spec *spec;
    size_t stage;
    const char *param;
    int64_t value;
    bool found;
};

static void match(void *user, const struct lm_param_leaf *leaf)
{
    struct search *search = user;
    bool is_int = leaf->type == LM_P_INT || leaf->type == LM_P_SIZE;
    if (!is_int || strcmp(leaf->name, search->param) != 0 ||
        lm_param_is_unset(leaf->type, leaf->value))
        return;
    memcpy(&search->value, leaf->value, sizeof search->value);
    search->found = true;
}

/** struct lm_upstream: the last stage of `type` among all that lie upstream. */
static bool get_int(void *user, const char *type, const char *param, int64_t *out)
{
    struct search *search = user;
    const struct lm_spec *spec = search->spec;
    struct lm_arena_mark mark = lm_arena_mark(spec->arena);
    bool *upstream = LM_NEW_ARRAY(spec->arena, bool, spec->stage_count);
    search->param = param;
    search->found = false;
    for (size_t i = search->stage + 1; upstream != NULL && i-- > 0;) {
        const struct lm_spec_stage *stage = &spec->stages[i];
        if (i != search->stage && !upstream[i])
            continue;
        if (i != search->stage && strcmp(stage->type->name, type) == 0) {
            lm_params_walk(stage->type->params, stage->params, match, search);
            break;
        }
        for (size_t k = 0; k < stage->input_count; k++)
            upstream[stage->inputs[k].stage] = true;
    }
    lm_arena_rewind(spec->arena, mark);
    if (search->found)
        *out = search->value;
    return search->found;
}

void lm_spec_estimate(const struct lm_spec *spec, size_t stage, struct lm_estimate *out)
{
    const struct lm_spec_stage *s = &spec->stages[stage];
    struct search search = {.spec = spec, .stage = stage};
    struct lm_upstream upstream = {.get_int = get_int, .user = &search};
    memset(out, 0, sizeof *out);
    if (s->type->estimate != NULL)
        s->type->estimate(s->params, &upstream, out);
}

bool lm_spec_check_memory(const struct lm_spec *spec, size_t stage,
                          const struct lm_estimate *estimate, uint64_t limit,
                          struct lm_diag_list *diags)
{
    const struct lm_spec_stage *s = &spec->stages[stage];
    uint64_t asked = s->memory > 0 ? (uint64_t)s->memory : 0;
    uint64_t need = estimate->memory > asked ? estimate->memory : asked;
    double gib = 1024.0 * 1024 * 1024;
    if (need <= limit || limit == 0)
        return false;
    lm_diag_warn(diags, &s->origin, s->id,
                 "needs about %.1f GiB of memory, this machine has %.1f GiB%s%s; make it smaller "
                 "or use a larger machine",
                 (double)need / gib, (double)limit / gib, estimate->text[0] ? " (" : "",
                 estimate->text[0] ? lm_arena_printf(diags->arena, "%s)", estimate->text) : "");
    return true;
}

struct lm_diags lm_spec_warnings(const struct lm_spec *spec)
{
    struct lm_diag_list list = {.arena = spec->arena};
    for (size_t i = 0; i < spec->stage_count; i++) {
        struct lm_estimate estimate;
        lm_spec_estimate(spec, i, &estimate);
        lm_spec_check_memory(spec, i, &estimate, lm_memory_limit(), &list);
    }
    return (struct lm_diags){.items = list.items, .count = list.count};
}
