#include <string.h>

#include "base/io.h"
#include "runs/run_files.h"

const char *lm_publish_folder(const struct lm_plan *plan)
{
    return lm_arena_printf(plan->arena, "%s/artifacts/%s", plan->spec->root,
                           plan->spec->experiment);
}

/** Copies one object unless the file already has its bytes. Never a link: the file is the user's.
 */
static enum lm_status publish_file(struct lm_plan *plan, const struct lm_output_file *file,
                                   const char *to, struct lm_err *err)
{
    struct lm_digest there;
    const char *from = lm_store_object_path(plan->store, plan->arena, &file->object);
    const char *folder = lm_path_dir(plan->arena, to);
    if (from == NULL || folder == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory publishing %s", to);
    if (lm_path_exists(to) && lm_store_hash_path(plan->store, &there, to, NULL) == LM_OK &&
        lm_digest_compare(&there, &file->object) == 0)
        return LM_OK;
    LM_TRY(lm_dir_create(folder, err));
    return lm_file_copy(to, from, 0644, err);
}

static enum lm_status publish_one(struct lm_plan *plan, const struct lm_record *record,
                                  const struct lm_spec_publish *publish, const char *to,
                                  struct lm_err *err)
{
    const struct lm_output *output = lm_record_output(record, lm_port_key(publish->port));
    if (output == NULL)
        return lm_fail(err, LM_INTERNAL, "no output %s to publish", publish->port->name);
    if (!output->folder)
        return publish_file(plan, &output->files[0], to, err);
    for (size_t i = 0; i < output->file_count; i++) {
        const char *path = lm_path_join(plan->arena, to, output->files[i].name);
        if (path == NULL)
            return lm_fail(err, LM_NOMEM, "out of memory publishing %s", to);
        LM_TRY(publish_file(plan, &output->files[i], path, err));
    }
    return LM_OK;
}

/** A finished stage keeps its record; others are not published. */
static bool is_publishable(const struct lm_plan_stage *stage)
{
    return stage->selected && stage->record != NULL && lm_state_is_fine(stage->state);
}

enum lm_status lm_publish_all(struct lm_plan *plan, const char ***out, size_t *count,
                              struct lm_err *err)
{
    const struct lm_spec *spec = plan->spec;
    const char *folder = lm_publish_folder(plan);
    size_t most = 0, done = 0;
    for (size_t i = 0; i < spec->stage_count; i++)
        most += spec->stages[i].publish_count;
    const char **paths = LM_NEW_ARRAY(plan->arena, const char *, most + 3); /* and the run's own */
    if (folder == NULL || paths == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory publishing");
    for (size_t i = 0; i < spec->stage_count; i++) {
        if (!is_publishable(&plan->stages[i]))
            continue;
        for (size_t k = 0; k < spec->stages[i].publish_count; k++) {
            const struct lm_spec_publish *publish = &spec->stages[i].publish[k];
            const char *to = lm_path_join(plan->arena, folder, publish->path);
            if (to == NULL)
                return lm_fail(err, LM_NOMEM, "out of memory publishing");
            LM_TRY(publish_one(plan, plan->stages[i].record, publish, to, err));
            paths[done++] = to;
        }
    }
    *out = paths;
    *count = done;
    return LM_OK;
}

enum lm_status lm_publish(struct lm_plan *plan, struct lm_run_result *out, struct lm_err *err)
{
    struct lm_run_result result = {0};
    LM_TRY(lm_last_claim(plan->spec, err));
    LM_TRY(lm_publish_all(plan, &result.published, &result.published_count, err));
    *out = result;
    return LM_OK;
}
