/* The root of a run's spec: what gc keeps for it, also when the spec cannot be reached. */
#include <string.h>

#include "base/io.h"
#include "runs/run_files.h"
#include "store/roots.h"

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to note what the spec needs; free some");
}

/** Has the run come to its end with a result for every stage that it was about? */
static bool is_good(const struct lm_run_facts *facts)
{
    for (size_t i = 0; i < facts->spec->stage_count; i++)
        if (facts->plan->stages[i].selected && facts->plan->stages[i].record == NULL)
            return false;
    return true;
}

/** Every stage's key, whether it has a result or is to be gone on with, and the last result of
 *  those that have none now. */
static void add_keys(struct lm_root *root, const struct lm_run_facts *facts, bool good)
{
    for (size_t i = 0; i < facts->spec->stage_count; i++) {
        const struct lm_plan_stage *planned = &facts->plan->stages[i];
        const char *stage = facts->spec->stages[i].id;
        if (planned->keyed)
            root->keys[root->count++] = (struct lm_root_key){planned->key, stage, good};
        if (planned->record == NULL && planned->last != NULL)
            root->keys[root->count++] = (struct lm_root_key){*planned->last, stage, good};
    }
}

/** What the root says of the last time that all was well, in room that holds `more` keys, too. */
static enum lm_status recall_good(struct lm_root *root, const struct lm_run_facts *facts,
                                  const char *name, size_t more, struct lm_err *err)
{
    struct lm_root before;
    struct lm_arena *arena = facts->plan->arena;
    enum lm_status status = lm_root_read(&before, arena, facts->plan->store, name, NULL);
    if (status == LM_NOMEM)
        return no_memory(err);
    size_t count = status == LM_OK && !before.is_damaged ? before.count : 0;
    root->keys = LM_NEW_ARRAY(arena, struct lm_root_key, count + more);
    if (root->keys == NULL)
        return no_memory(err);
    for (size_t i = 0; i < count; i++)
        if (before.keys[i].is_good)
            root->keys[root->count++] = before.keys[i];
    return LM_OK;
}

enum lm_status lm_run_root_keep(const struct lm_run_facts *facts, bool is_end, struct lm_err *err)
{
    const struct lm_spec *spec = facts->spec;
    struct lm_arena_mark mark = lm_arena_mark(facts->plan->arena);
    struct lm_root root = {
        .kind = LM_ROOT_SPEC, .path = spec->real, .experiment = spec->experiment};
    char name[LM_DIGEST_HEX];
    size_t most = 2 * spec->stage_count;
    bool good = is_good(facts);
    lm_root_name(name, LM_ROOT_SPEC, spec->real);
    bool is_due = is_end ? !spec->is_overridden : !lm_root_is_known(facts->plan->store, name);
    if (!is_due || !lm_path_exists(spec->real))
        return LM_OK;
    enum lm_status status = LM_OK;
    if (good)
        root.keys = LM_NEW_ARRAY(facts->plan->arena, struct lm_root_key, most);
    else
        status = recall_good(&root, facts, name, most, err);
    if (status == LM_OK && root.keys == NULL)
        status = no_memory(err);
    if (status == LM_OK) {
        add_keys(&root, facts, good);
        status = lm_root_put(facts->plan->store, &root, err);
    }
    lm_arena_rewind(facts->plan->arena, mark);
    return status;
}
