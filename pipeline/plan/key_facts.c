/* What the text of a stage's key is made of beside its parameters: digests of inputs and files,
 * what the worker knows. */
#include "plan/key_facts.h"

#include <string.h>

#include "plan/key.h"
#include "plan/probe.h"

static enum lm_status no_memory(const struct lm_plan *plan, struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "%s: no memory to plan it; free some", plan->spec->path);
}

/* ---- the worker ---- */

/** Names of the libraries whose tables decide what a stage makes, NULL-terminated; or NULL. */
static const char *const *libraries_of(const struct lm_spec_stage *stage)
{
    const char *const *names =
        stage->type->libraries ? stage->type->libraries(stage->params) : NULL;
    return names != NULL && names[0] != NULL ? names : NULL;
}

static bool names(const char *const *libraries, const char *name, size_t length)
{
    for (; libraries != NULL && *libraries != NULL; libraries++)
        if (strncmp(*libraries, name, length) == 0 && (*libraries)[length] == '\0')
            return true;
    return false;
}

/** Did a stage that names the library make the vocabulary that comes to this one, as it is or in a
 *  token set or a model? */
static bool comes_with(const struct lm_plan *plan, size_t stage, const char *name, size_t length)
{
    static const char *const carriers[] = {"vocab", "tokens", "model"};
    const struct lm_taken *taken = &plan->taken[stage];
    for (size_t i = 0; i < taken->count; i++) {
        const struct lm_spec_input *row = &taken->rows[i];
        bool is_carried = false;
        for (size_t k = 0; k < sizeof carriers / sizeof carriers[0]; k++)
            is_carried = is_carried || strcmp(row->from->kind, carriers[k]) == 0;
        if (is_carried && (names(libraries_of(&plan->spec->stages[row->stage]), name, length) ||
                           comes_with(plan, row->stage, name, length)))
            return true;
    }
    return false;
}

/** Is a library as a type names it in the key of this stage? *length: of its name alone. */
static bool is_used(const struct lm_plan *plan, size_t stage, const char *name, size_t *length)
{
    *length = strcspn(name, "?");
    return name[*length] == '\0' || comes_with(plan, stage, name, *length);
}

static bool names_any(const struct lm_plan *plan, size_t stage)
{
    size_t length;
    const char *const *libraries = libraries_of(&plan->spec->stages[stage]);
    for (; libraries != NULL && *libraries != NULL; libraries++)
        if (is_used(plan, stage, *libraries, &length))
            return true;
    return false;
}

enum lm_status lm_key_facts_ask(struct lm_plan *plan, size_t stage, struct lm_err *err)
{
    const struct lm_plan_options *options = plan->options;
    const struct lm_spec_stage *s = &plan->spec->stages[stage];
    bool needed = (s->type->flags & LM_STAGE_NUMERIC) || names_any(plan, stage);
    if (plan->probe != NULL || !needed)
        return LM_OK;
    struct lm_probe *probe = LM_NEW(plan->arena, struct lm_probe);
    if (probe == NULL)
        return no_memory(plan, err);
    LM_TRY(lm_probe(probe, plan->arena, plan->store, options->worker, options->env,
                    options->env_user, err));
    plan->probe = probe;
    plan->numerics_blas = probe->blas;
    plan->numerics_portable = probe->portable;
    return LM_OK;
}

/** The first of a stage's libraries that lmpipe may have been built without, or NULL. */
static const char *optional_of(const struct lm_spec_stage *stage)
{
    static const char *const optional[] = {"cld2"};
    const char *const *names = libraries_of(stage);
    for (; names != NULL && *names != NULL; names++)
        for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++)
            if (strcmp(*names, optional[i]) == 0)
                return *names;
    return NULL;
}

enum lm_status lm_key_facts_check(struct lm_plan *plan, struct lm_err *err)
{
    for (size_t i = 0; i < plan->spec->stage_count; i++) {
        const struct lm_spec_stage *s = &plan->spec->stages[i];
        const char *name = optional_of(s);
        if (name == NULL)
            continue;
        LM_TRY(lm_key_facts_ask(plan, i, err));
        const char *lacks = lm_probe_lacks(plan->probe, plan->arena, name);
        if (lacks != NULL)
            return lm_fail(err, LM_UNSUPPORTED, "%s:%d:%d: %s: %s", s->origin.file, s->origin.line,
                           s->origin.column, s->id, lacks);
    }
    return LM_OK;
}

/** "pcre2 10.42 Unicode 14.0.0": a line a library that is used; NULL: none. */
static enum lm_status put_libraries(const char *const **out, const struct lm_plan *plan,
                                    size_t stage, struct lm_arena *arena, struct lm_err *err)
{
    const char *const *libraries = libraries_of(&plan->spec->stages[stage]);
    size_t count = 0, length;
    while (libraries != NULL && libraries[count] != NULL)
        count++;
    const char **lines = LM_NEW_ARRAY(arena, const char *, count + 1);
    if (lines == NULL)
        return no_memory(plan, err);
    for (size_t i = 0, n = 0; i < count; i++) {
        if (!is_used(plan, stage, libraries[i], &length))
            continue;
        const char *name = lm_arena_printf(arena, "%.*s", (int)length, libraries[i]);
        const char *version = name != NULL ? lm_probe_tables(plan->probe, arena, name) : "";
        if (version == NULL)
            return lm_fail(err, LM_FORMAT,
                           "lmpipe-worker does not know its version of %s; install lmpipe again",
                           name);
        lines[n] = name != NULL ? lm_arena_printf(arena, "%s %s", name, version) : NULL;
        if (lines[n++] == NULL)
            return no_memory(plan, err);
    }
    *out = lines[0] != NULL ? lines : NULL;
    return LM_OK;
}

/* ---- digests ---- */

static const char *digest_text(struct lm_arena *arena, const struct lm_digest *digest)
{
    static const char kind[] = "sha256:";
    char *text = LM_NEW_ARRAY(arena, char, sizeof kind - 1 + LM_DIGEST_HEX);
    if (text == NULL)
        return NULL;
    memcpy(text, kind, sizeof kind - 1);
    lm_digest_hex(text + sizeof kind - 1, digest);
    return text;
}

static enum lm_status hash_files(const char *const **out, struct lm_plan *plan, size_t stage,
                                 struct lm_arena *arena, struct lm_err *err)
{
    const struct lm_spec_stage *s = &plan->spec->stages[stage];
    const char **digests = LM_NEW_ARRAY(arena, const char *, s->file_count + 1);
    if (digests == NULL)
        return no_memory(plan, err);
    for (size_t i = 0; i < s->file_count; i++) {
        const struct lm_spec_file *file = &s->files[i];
        struct lm_digest digest;
        if (file->lacking != NULL)
            return lm_fail(err, LM_INVALID, "%s: %s", s->id, file->lacking);
        bool known = plan->is_trusting && lm_store_knows(plan->store, &digest, file->seen);
        enum lm_status status =
            known ? LM_OK : lm_store_hash_path(plan->store, &digest, file->path, err);
        if (status != LM_OK)
            return lm_wrap(err, status, "%s.%s", s->id, file->param);
        digests[i] = digest_text(arena, &digest);
        if (digests[i] == NULL)
            return no_memory(plan, err);
    }
    *out = digests;
    return LM_OK;
}

/** Digests of the inputs that are taken; NULL of one that has failed. */
static enum lm_status input_digests(const char *const **out, const struct lm_plan *plan,
                                    size_t stage, struct lm_arena *arena, struct lm_err *err)
{
    const struct lm_taken *taken = &plan->taken[stage];
    const char **digests = LM_NEW_ARRAY(arena, const char *, taken->count + 1);
    if (digests == NULL)
        return no_memory(plan, err);
    for (size_t i = 0; i < taken->count; i++) {
        const struct lm_spec_input *input = &taken->rows[i];
        const struct lm_record *record = plan->stages[input->stage].record;
        if (record == NULL)
            continue;
        const struct lm_output *output = lm_record_output(record, lm_port_key(input->from));
        if (output == NULL)
            return lm_fail(err, LM_INTERNAL, "the record of %s has no output %s; clear the store",
                           plan->spec->stages[input->stage].id, input->from->name);
        digests[i] = output->digest;
    }
    *out = digests;
    return LM_OK;
}

/** The baseline of what describes the experiment; NULL: there is none to be read, which gates tell.
 */
static enum lm_status hash_baseline(const char **out, const struct lm_plan *plan, size_t stage,
                                    struct lm_arena *arena, struct lm_err *err)
{
    struct lm_digest digest;
    const struct lm_spec *spec = plan->spec;
    *out = NULL;
    if (!(spec->stages[stage].type->flags & LM_STAGE_EXPERIMENT) || spec->baseline == NULL ||
        lm_store_hash_path(plan->store, &digest, spec->baseline, NULL) != LM_OK)
        return LM_OK;
    *out = digest_text(arena, &digest);
    return *out != NULL ? LM_OK : no_memory(plan, err);
}

/* ---- the text ---- */

static enum lm_status gather(struct lm_key_facts *facts, struct lm_plan *plan, size_t stage,
                             bool keyed, struct lm_arena *arena, struct lm_err *err)
{
    const struct lm_spec_stage *s = &plan->spec->stages[stage];
    struct lm_gate_row *gates = NULL;
    *facts = (struct lm_key_facts){.taken = plan->taken, .arena = arena};
    if (keyed)
        LM_TRY(input_digests(&facts->inputs, plan, stage, arena, err));
    if (keyed && s->after_count > 0)
        LM_TRY(lm_plan_decide(&gates, plan, err));
    facts->gates = gates;
    LM_TRY(hash_baseline(&facts->baseline, plan, stage, arena, err));
    LM_TRY(hash_files(&facts->files, plan, stage, arena, err));
    LM_TRY(lm_key_facts_ask(plan, stage, err));
    if (s->type->flags & LM_STAGE_NUMERIC)
        facts->numerics = s->portable ? plan->numerics_portable : plan->numerics_blas;
    return put_libraries(&facts->libraries, plan, stage, arena, err);
}

enum lm_status lm_key_facts_write(struct lm_buf *out, struct lm_plan *plan, size_t stage,
                                  bool keyed, struct lm_arena *arena, struct lm_err *err)
{
    struct lm_key_facts facts;
    LM_TRY(gather(&facts, plan, stage, keyed, arena, err));
    lm_key_write(out, plan->spec, stage, &facts);
    return lm_buf_status(out, err);
}

enum lm_status lm_key_facts_write_prefix(struct lm_buf *out, struct lm_plan *plan, size_t stage,
                                         const void *params, const struct lm_prefix *prefix,
                                         struct lm_arena *arena, struct lm_err *err)
{
    struct lm_key_facts facts;
    LM_TRY(gather(&facts, plan, stage, true, arena, err));
    lm_key_write_prefix(out, plan->spec, stage, &facts, params, prefix);
    return lm_buf_status(out, err);
}
