/* Artifacts of the current keys: `cat`, and programs that take SPEC:STAGE.PORT. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "plan/plan.h"

/** The output of a record; NULL with *err set (LM_NOT_FOUND) when there is none. */
static const struct lm_output *output_of(const struct lm_plan *plan, size_t stage,
                                         const struct lm_record *record, const char *port,
                                         struct lm_err *err)
{
    const struct lm_spec *spec = plan->spec;
    const char *id = spec->stages[stage].id;
    if (record == NULL) {
        lm_fail(err, LM_NOT_FOUND, "%s has no current result (%s); run: lmpipe run %s %s", id,
                plan->stages[stage].reason, spec->path, id);
        return NULL;
    }
    const char *key = port;
    for (const struct lm_port *p = spec->stages[stage].type->outputs; p->name != NULL; p++)
        if (strcmp(p->name, port) == 0)
            key = lm_port_key(p);
    const struct lm_output *output = lm_record_output(record, key);
    if (output == NULL)
        lm_fail(err, LM_NOT_FOUND, "%s has no output '%s'; see: lmpipe stages %s", id, port,
                spec->stages[stage].type->name);
    return output;
}

bool lm_plan_has_result(const struct lm_plan *plan, size_t stage)
{
    return plan->stages[stage].record != NULL;
}

/** Where a file of an output lies: in the store, or below out/ of a private folder. */
static const char *place_of(const struct lm_plan *plan, const char *folder, const char *port,
                            const struct lm_output_file *file)
{
    if (folder == NULL)
        return lm_store_object_path(plan->store, plan->arena, &file->object);
    return lm_arena_printf(plan->arena, "%s/out/%s%s%s", folder, port,
                           file->name != NULL ? "/" : "", file->name != NULL ? file->name : "");
}

enum lm_status lm_plan_artifact_of(const struct lm_plan_made *made, const char *port,
                                   const char *name, const char **path, const char **manifest,
                                   struct lm_err *err)
{
    const struct lm_plan *plan = made->plan;
    const char *id = plan->spec->stages[made->stage].id;
    const struct lm_output *output = output_of(plan, made->stage, made->record, port, err);
    const struct lm_output_file *found = NULL;
    *path = *manifest = NULL;
    if (output == NULL)
        return LM_NOT_FOUND;
    if (output->folder && name == NULL) {
        *manifest = output->manifest;
        return LM_OK;
    }
    if (!output->folder && name != NULL)
        return lm_fail(err, LM_NOT_FOUND, "%s.%s is one file, not a folder; name it without /%s",
                       id, port, name);
    for (size_t i = 0; i < output->file_count; i++)
        if (name == NULL || strcmp(output->files[i].name, name) == 0)
            found = &output->files[i];
    if (found == NULL)
        return lm_fail(err, LM_NOT_FOUND,
                       "%s.%s holds no file '%s'; list it with: lmpipe cat %s %s.%s", id, port,
                       name, plan->spec->path, id, port);
    *path = place_of(plan, made->folder, port, found);
    return *path ? LM_OK : lm_fail(err, LM_NOMEM, "no memory for the path of %s.%s", id, port);
}

enum lm_status lm_plan_artifact(const struct lm_plan *plan, size_t stage, const char *port,
                                const char *name, const char **path, const char **manifest,
                                struct lm_err *err)
{
    const struct lm_plan_made made = {plan, stage, plan->stages[stage].record, NULL};
    return lm_plan_artifact_of(&made, port, name, path, manifest, err);
}

enum lm_status lm_plan_materialize(const struct lm_plan *plan, size_t stage, const char *port,
                                   const char *folder, struct lm_err *err)
{
    const struct lm_output *output = output_of(plan, stage, plan->stages[stage].record, port, err);
    if (output == NULL)
        return LM_NOT_FOUND;
    for (size_t i = 0; i < output->file_count; i++) {
        const struct lm_output_file *file = &output->files[i];
        const char *name = output->folder ? file->name : port;
        const char *path = lm_path_join(plan->arena, folder, name);
        const char *parent = path ? lm_path_dir(plan->arena, path) : NULL;
        const char *object = lm_store_object_path(plan->store, plan->arena, &file->object);
        if (parent == NULL || object == NULL)
            return lm_fail(err, LM_NOMEM, "no memory to lay out %s; free some", port);
        LM_TRY(lm_dir_create(parent, err));
        if (symlink(object, path) != 0)
            return lm_fail_errno(err, errno, "cannot link %s", path);
    }
    return LM_OK;
}
