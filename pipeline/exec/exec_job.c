/* What a stage is to do, as the worker reads it: inputs laid out in its private folder, files that
 * its parameters name, facts of the experiment. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "exec/exec.h"
#include "protocol/job.h"

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "out of memory preparing a stage");
}

/* ---- inputs ---- */

/** Output of the record of an input's stage, or NULL. */
static const struct lm_output *output_of(const struct lm_plan *plan,
                                         const struct lm_spec_input *input)
{
    const struct lm_record *record = plan->stages[input->stage].record;
    return record != NULL ? lm_record_output(record, lm_port_key(input->from)) : NULL;
}

/** A private folder of links to the objects of a folder port. */
static enum lm_status link_folder(const struct lm_store *store, struct lm_arena *arena,
                                  const struct lm_output *output, const char *folder,
                                  struct lm_err *err)
{
    LM_TRY(lm_dir_create(folder, err));
    for (size_t i = 0; i < output->file_count; i++) {
        const char *path = lm_path_join(arena, folder, output->files[i].name);
        const char *object = lm_store_object_path(store, arena, &output->files[i].object);
        if (path == NULL || object == NULL)
            return no_memory(err);
        if (strchr(output->files[i].name, '/') != NULL) {
            const char *parent = lm_path_dir(arena, path);
            if (parent == NULL)
                return no_memory(err);
            LM_TRY(lm_dir_create(parent, err));
        }
        if (symlink(object, path) != 0)
            return lm_fail_errno(err, errno, "cannot link %s", path);
    }
    return LM_OK;
}

static enum lm_status prepare_input(struct lm_job_input *out, const struct lm_exec_place *place,
                                    const struct lm_spec_input *input, size_t number,
                                    struct lm_err *err)
{
    struct lm_arena *arena = place->arena;
    const struct lm_store *store = place->plan->store;
    const struct lm_output *output = output_of(place->plan, input);
    out->port = input->port->name;
    out->label = input->label;
    out->path = ""; /* a list's, which has failed */
    if (output == NULL && input->role == LM_INPUT_DROPPED)
        return LM_OK;
    if (output == NULL)
        return lm_fail(err, LM_INTERNAL, "the input %s has no result", input->typed);
    if (!output->folder) {
        out->path = lm_store_object_path(store, arena, &output->files[0].object);
        return out->path != NULL ? LM_OK : no_memory(err);
    }
    out->path = lm_arena_printf(arena, "%s/in/%zu-%s", place->folder, number, out->port);
    return out->path != NULL ? link_folder(store, arena, output, out->path, err) : no_memory(err);
}

static enum lm_status prepare_inputs(struct lm_job *job, const struct lm_exec_place *place,
                                     struct lm_err *err)
{
    const struct lm_taken *taken = &place->plan->taken[place->index];
    struct lm_job_input *inputs = LM_NEW_ARRAY(place->arena, struct lm_job_input, taken->count);
    if (inputs == NULL)
        return no_memory(err);
    for (size_t i = 0; i < taken->count; i++)
        LM_TRY(prepare_input(&inputs[i], place, &taken->rows[i], i, err));
    job->inputs = inputs;
    job->input_count = taken->count;
    return LM_OK;
}

/** The digest text a key has behind a head, "file tasks.0"; NULL when it is not in the key. */
static const char *digest_in_key(struct lm_arena *arena, const char *key_text, const char *head,
                                 const char *name)
{
    const char *field = lm_arena_printf(arena, "\n%s %s ", head, name);
    const char *line = field != NULL ? strstr(key_text, field) : NULL;
    if (line == NULL)
        return NULL;
    line += strlen(field);
    return lm_arena_strndup(arena, line, strcspn(line, "\n"));
}

/** Files the parameters name by content: the worker hashes them again when the stage has run. */
static enum lm_status prepare_files(struct lm_job *job, const struct lm_exec_place *place,
                                    struct lm_err *err)
{
    struct lm_arena *arena = place->arena;
    const struct lm_spec_stage *stage = &place->plan->spec->stages[place->index];
    const char *key_text = place->plan->stages[place->index].key_text;
    struct lm_job_file *files = LM_NEW_ARRAY(arena, struct lm_job_file, stage->file_count + 1);
    if (files == NULL)
        return no_memory(err);
    for (size_t i = 0; i < stage->file_count; i++) {
        const char *digest = digest_in_key(arena, key_text, "file", stage->files[i].param);
        if (digest != NULL)
            files[job->file_count++] =
                (struct lm_job_file){stage->files[i].path, digest, stage->files[i].param};
    }
    const char *baseline = digest_in_key(arena, key_text, "experiment", "baseline");
    if (baseline != NULL)
        files[job->file_count++] =
            (struct lm_job_file){place->plan->spec->baseline, baseline, "baseline"};
    job->files = files;
    return LM_OK;
}

/* ---- the job ---- */

static enum lm_status experiment_facts(struct lm_job *job, const struct lm_exec_place *place,
                                       struct lm_err *err)
{
    struct lm_buf buf;
    if (!(place->plan->spec->stages[place->index].type->flags & LM_STAGE_EXPERIMENT))
        return LM_OK;
    lm_buf_init(&buf, 0);
    enum lm_status status = lm_plan_write_experiment(&buf, place->plan, place->index, err);
    if (status == LM_OK) {
        job->experiment = lm_arena_strdup(place->arena, buf.data);
        status = job->experiment != NULL ? LM_OK : no_memory(err);
    }
    lm_buf_release(&buf);
    return status;
}

enum lm_status lm_exec_job(struct lm_job *job, const struct lm_exec_place *place,
                           struct lm_err *err)
{
    const struct lm_spec_stage *stage = &place->plan->spec->stages[place->index];
    job->stage = stage->type;
    job->params = stage->params;
    job->folder = place->folder;
    job->seed = stage->seed;
    job->memory = (uint64_t)stage->memory;
    job->portable = stage->portable;
    LM_TRY(prepare_inputs(job, place, err));
    LM_TRY(prepare_files(job, place, err));
    return experiment_facts(job, place, err);
}
