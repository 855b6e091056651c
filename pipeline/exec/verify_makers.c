/* Which results a file is of, and which results of a spec's are read again. */
#include <lmpipe/verify.h>

#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "plan/plan.h"

/* ---- makers ---- */

/** Whose bytes they are is asked of each record. */
struct search {
    struct lm_store *store;
    struct lm_arena *arena;
    struct lm_digest digest; /**< of a file, or of a folder's manifest */
    bool folder;
    struct lm_verify_maker *found;
    size_t count, capacity;
    bool failed;
};

/** "stage TYPE VERSION" is the second line of a key text. */
static const char *type_of(struct lm_arena *arena, const char *key_text)
{
    const char *line = strchr(key_text, '\n');
    const char *name = line != NULL && strncmp(line + 1, "stage ", 6) == 0
                           ? lm_arena_strndup(arena, line + 7, strcspn(line + 7, " \n"))
                           : NULL;
    return name != NULL ? name : "";
}

static void add(struct search *search, const struct lm_record *record, const char *port,
                const char *file)
{
    struct lm_verify_maker *found = lm_arena_grow(search->arena, search->found, search->count,
                                                  &search->capacity, sizeof *found);
    search->failed = found == NULL;
    if (found == NULL)
        return;
    search->found = found;
    search->found[search->count++] =
        (struct lm_verify_maker){record->key, type_of(search->arena, record->key_text), port, file};
}

static void look_at_output(struct search *search, const struct lm_record *record,
                           const struct lm_output *output)
{
    char text[LM_DIGEST_HEX + 8] = "sha256:";
    lm_digest_hex(text + 7, &search->digest);
    if (search->folder && output->folder && strcmp(output->digest, text) == 0)
        add(search, record, output->port, NULL);
    for (size_t i = 0; !search->folder && i < output->file_count; i++)
        if (lm_digest_compare(&output->files[i].object, &search->digest) == 0) {
            add(search, record, output->port, output->files[i].name);
            return;
        }
}

static void look_at(void *user, const struct lm_digest *key)
{
    struct search *search = user;
    struct lm_record *record = NULL;
    struct lm_arena_mark mark = lm_arena_mark(search->arena);
    size_t before = search->count;
    if (search->failed || lm_store_read(search->store, &record, search->arena, key, NULL) != LM_OK)
        return;
    for (size_t i = 0; i < record->output_count; i++)
        look_at_output(search, record, &record->outputs[i]);
    if (search->count == before)
        lm_arena_rewind(search->arena, mark);
}

enum lm_status lm_verify_makers(struct lm_verify_maker **out, size_t *count, struct lm_arena *arena,
                                struct lm_store *store, const char *path, struct lm_err *err)
{
    struct search search = {.store = store, .arena = arena, .folder = lm_path_is_dir(path)};
    LM_TRY(lm_store_hash_path(store, &search.digest, path, err));
    lm_store_each_key(store, look_at, &search);
    if (search.failed)
        return lm_fail(err, LM_NOMEM, "out of memory looking for the result of %s", path);
    *out = search.found;
    *count = search.count;
    return LM_OK;
}

/* ---- stored bytes ---- */

enum lm_status lm_verify_stored(const struct lm_plan *plan, const char *const *targets,
                                size_t target_count, const struct lm_store_check_options *options,
                                struct lm_store_check *out, struct lm_err *err)
{
    const struct lm_spec *spec = plan->spec;
    struct lm_store_check_options own = *options;
    bool *marked = LM_NEW_ARRAY(plan->arena, bool, spec->stage_count);
    struct lm_digest *keys = LM_NEW_ARRAY(plan->arena, struct lm_digest, spec->stage_count);
    *out = (struct lm_store_check){0};
    if (marked == NULL || keys == NULL)
        return lm_fail(err, LM_NOMEM, "%s: no memory to verify it", spec->path);
    for (size_t i = 0; i < target_count; i++)
        if (lm_spec_match(spec, targets[i], marked) == 0)
            return lm_fail(err, LM_NOT_FOUND, "%s has no stage '%s'", spec->path, targets[i]);
    own.key_count = 0;
    for (size_t i = 0; i < spec->stage_count; i++) {
        const struct lm_plan_stage *planned = &plan->stages[i];
        /* what is downstream of a lost result has its last one */
        const struct lm_digest *key = planned->keyed ? &planned->key : planned->last;
        if (key != NULL && (marked[i] || target_count == 0))
            keys[own.key_count++] = *key;
    }
    own.keys = keys;
    return own.key_count > 0 ? lm_store_check(plan->store, &own, out, err) : LM_OK;
}
