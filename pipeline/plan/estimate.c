/* What a stage will need, before anything runs. */
#include "spec/spec.h"

#include <stdio.h>
#include <string.h>

#include "base/pool.h"
#include "param/param_rows.h"
#include "spec/upstream.h"

/** A search for a parameter of the nearest stage upstream, or for what a port takes. */
struct search {
    const struct lm_spec *spec;
    size_t stage;
    const uint64_t *bytes; /**< of each input of the stage; NULL: not known */
    const char *param;
    int64_t value;
    bool found;
};

/** A choice's place in its list; a flag's 0 or 1; whole numbers as they are. */
static bool as_int(int64_t *out, const struct lm_param_leaf *leaf)
{
    if (lm_param_is_unset(leaf->type, leaf->value))
        return false;
    if (leaf->type == LM_P_BOOL) {
        *out = *(const bool *)leaf->value;
        return true;
    }
    if (leaf->type == LM_P_ENUM) {
        const char *text;
        memcpy(&text, leaf->value, sizeof text);
        for (*out = 0; leaf->row->choices[*out] != NULL; (*out)++)
            if (strcmp(leaf->row->choices[*out], text) == 0)
                return true;
        return false;
    }
    if (leaf->type != LM_P_INT && leaf->type != LM_P_SIZE)
        return false;
    memcpy(out, leaf->value, sizeof *out);
    return true;
}

static void match(void *user, const struct lm_param_leaf *leaf)
{
    struct search *search = user;
    if (strcmp(leaf->name, search->param) == 0)
        search->found |= as_int(&search->value, leaf);
}

/** struct lm_upstream: of the nearest stage of `type`. */
static bool get_int(void *user, const char *type, const char *param, int64_t *out)
{
    struct search *search = user;
    const struct lm_spec *spec = search->spec;
    size_t i = lm_upstream_nearest(spec, search->stage, type);
    search->param = param;
    search->found = false;
    if (i != SIZE_MAX)
        lm_params_walk(spec->stages[i].type->params, spec->stages[i].params, match, search);
    if (search->found)
        *out = search->value;
    return search->found;
}

/** struct lm_upstream: of all inputs that are wired to the port. */
static uint64_t get_bytes(void *user, const char *port)
{
    const struct search *search = user;
    const struct lm_spec_stage *stage = &search->spec->stages[search->stage];
    uint64_t sum = 0;
    for (size_t i = 0; search->bytes != NULL && i < stage->input_count; i++)
        if (strcmp(stage->inputs[i].port->name, port) == 0)
            sum += search->bytes[i];
    return sum;
}

size_t lm_spec_threads(const struct lm_spec *spec, size_t stage, size_t budget)
{
    const struct lm_spec_stage *s = &spec->stages[stage];
    size_t want = budget;
    if (s->threads > 0 && (size_t)s->threads < want)
        want = (size_t)s->threads;
    if (s->type->max_threads > 0 && s->type->max_threads < want)
        want = s->type->max_threads;
    return want;
}

void lm_spec_estimate(const struct lm_spec *spec, size_t stage, size_t threads,
                      const uint64_t *bytes, struct lm_estimate *out)
{
    const struct lm_spec_stage *s = &spec->stages[stage];
    struct search search = {.spec = spec, .stage = stage, .bytes = bytes};
    struct lm_upstream upstream = {.get_int = get_int,
                                   .get_bytes = get_bytes,
                                   .user = &search,
                                   .threads = lm_spec_threads(spec, stage, threads),
                                   .portable = s->portable};
    memset(out, 0, sizeof *out);
    if (s->type->estimate != NULL)
        s->type->estimate(s->params, &upstream, out);
}

uint64_t lm_spec_need(const struct lm_spec *spec, size_t stage, const struct lm_estimate *estimate)
{
    uint64_t asked = (uint64_t)spec->stages[stage].memory;
    return estimate->memory > asked ? estimate->memory : asked;
}

/** "812 MiB", "12.3 GiB". */
static const char *size_text(char out[32], uint64_t bytes)
{
    double mib = (double)bytes / 1048576;
    if (mib < 1024)
        snprintf(out, 32, "%.0f MiB", mib);
    else
        snprintf(out, 32, "%.1f GiB", mib / 1024);
    return out;
}

/** What the need stands on, in brackets after a blank; "" when the type does not say. */
static const char *basis(struct lm_arena *arena, const struct lm_estimate *estimate)
{
    const char *text =
        estimate->text[0] != '\0' ? lm_arena_printf(arena, " (%s)", estimate->text) : "";
    return text != NULL ? text : "";
}

bool lm_spec_check_memory(const struct lm_spec *spec, size_t stage,
                          const struct lm_estimate *estimate, uint64_t limit,
                          struct lm_diag_list *diags)
{
    const struct lm_spec_stage *s = &spec->stages[stage];
    uint64_t asked = (uint64_t)s->memory;
    char need[32], has[32];
    if (estimate->memory > limit)
        lm_diag_warn(diags, &s->origin, s->id,
                     "needs about %s of memory, this machine has %s%s; make batch or model "
                     "smaller, or use a larger machine",
                     size_text(need, estimate->memory), size_text(has, limit),
                     basis(diags->arena, estimate));
    else if (asked > limit)
        lm_diag_warn(diags, &s->origin, s->id,
                     "resources.memory asks for %s, this machine has %s; lower it or use a larger "
                     "machine",
                     size_text(need, asked), size_text(has, limit));
    else if (asked > 0 && estimate->memory > asked)
        lm_diag_warn(diags, &s->origin, s->id,
                     "needs about %s of memory, resources.memory grants %s%s; raise it, or make "
                     "batch or model smaller",
                     size_text(need, estimate->memory), size_text(has, asked),
                     basis(diags->arena, estimate));
    else
        return false;
    return true;
}

static enum lm_status hash_file(void *user, struct lm_digest *out, const char *path,
                                struct lm_err *err)
{
    (void)user;
    return lm_sha256_file(out, NULL, path, err);
}

static enum lm_status hash_path(void *user, struct lm_digest *out, const char *path,
                                struct lm_err *err)
{
    return lm_path_digest(out, path, hash_file, user, err);
}

struct lm_diags lm_spec_warnings(const struct lm_spec *spec, size_t threads)
{
    struct lm_diag_list list = {.arena = spec->arena};
    size_t processors, limit;
    lm_machine_limits(&processors, &limit);
    threads = threads > 0 ? threads : processors;
    for (size_t i = 0; i < spec->stage_count; i++) {
        struct lm_estimate estimate;
        lm_spec_estimate(spec, i, threads, NULL, &estimate);
        lm_spec_check_memory(spec, i, &estimate, limit, &list);
        lm_spec_check_lacking(spec, i, &list);
        lm_spec_check_pins(spec, i, hash_path, NULL, &list);
    }
    return (struct lm_diags){.items = list.items, .count = list.count};
}
