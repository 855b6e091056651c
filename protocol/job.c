#include "protocol/job.h"

#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"
#include "param/bind.h"
#include "param/param_rows.h"

#define CEILING ((size_t)256 << 20)

/* ---- writing ---- */

static void put_inputs(struct lm_json_writer *writer, const struct lm_job *job)
{
    lm_json_key(writer, "inputs");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < job->input_count; i++) {
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "port", job->inputs[i].port);
        lm_json_member_string(writer, "label", job->inputs[i].label);
        lm_json_member_string(writer, "path", job->inputs[i].path);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

static void put_files(struct lm_json_writer *writer, const struct lm_job *job)
{
    lm_json_key(writer, "files");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < job->file_count; i++) {
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "path", job->files[i].path);
        lm_json_member_string(writer, "digest", job->files[i].digest);
        lm_json_member_string(writer, "param", job->files[i].param);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

enum lm_status lm_job_save(const struct lm_job *job, const char *path, struct lm_err *err)
{
    struct lm_buf buf;
    struct lm_json_writer writer;
    lm_buf_init(&buf, CEILING);
    lm_json_begin(&writer, &buf, true);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "lmpipe", LM_VERSION);
    lm_json_member_string(&writer, "type", job->stage->name);
    lm_json_member_int(&writer, "version", job->stage->version);
    lm_json_key(&writer, "params");
    lm_params_write_json(job->stage->params, job->params, &writer);
    put_inputs(&writer, job);
    put_files(&writer, job);
    lm_json_member_string(&writer, "folder", job->folder);
    lm_json_member_string(&writer, "checkpoints", job->checkpoints);
    if (job->state != NULL)
        lm_json_member_string(&writer, "state", job->state);
    if (job->experiment != NULL)
        lm_json_member_string(&writer, "experiment", job->experiment);
    if (job->kernels != NULL)
        lm_json_member_string(&writer, "kernels", job->kernels);
    lm_json_member_int(&writer, "seed", (int64_t)job->seed); /* two's complement, read back so */
    lm_json_member_int(&writer, "threads", (int64_t)job->threads);
    if (job->memory > 0)
        lm_json_member_int(&writer, "memory", (int64_t)job->memory);
    if (job->interrupt_at > 0)
        lm_json_member_int(&writer, "interrupt_at", (int64_t)job->interrupt_at);
    lm_json_member_bool(&writer, "afresh", job->afresh);
    lm_json_member_bool(&writer, "portable", job->portable);
    lm_json_member_bool(&writer, "offline", job->offline);
    if (job->partial)
        lm_json_member_bool(&writer, "partial", true);
    if (job->may_rest)
        lm_json_member_bool(&writer, "may_rest", true);
    lm_json_close(&writer, '}');
    enum lm_status status = lm_file_write_buf(path, &buf, err);
    lm_buf_release(&buf);
    return status;
}

/* ---- reading ---- */

/** Where strings go while a job is read; failed: memory ran out or a string is missing. */
struct reader {
    struct lm_arena *arena;
    bool failed;
};

static const char *text_of(struct reader *reader, const struct lm_json *object, const char *key,
                           bool required)
{
    const char *text = lm_json_string(lm_json_get(object, key), NULL);
    const char *copy = text != NULL ? lm_arena_strdup(reader->arena, text) : NULL;
    reader->failed = reader->failed || (copy == NULL && (required || text != NULL));
    return copy;
}

static void read_inputs(struct reader *reader, struct lm_job *job, const struct lm_json *array)
{
    size_t count = lm_json_count(array);
    struct lm_job_input *inputs = LM_NEW_ARRAY(reader->arena, struct lm_job_input, count);
    reader->failed = reader->failed || inputs == NULL;
    for (size_t i = 0; i < count && !reader->failed; i++) {
        const struct lm_json *row = lm_json_at(array, i);
        inputs[i].port = text_of(reader, row, "port", true);
        inputs[i].label = text_of(reader, row, "label", true);
        inputs[i].path = text_of(reader, row, "path", true);
    }
    job->inputs = inputs;
    job->input_count = count;
}

static void read_files(struct reader *reader, struct lm_job *job, const struct lm_json *array)
{
    size_t count = lm_json_count(array);
    struct lm_job_file *files = LM_NEW_ARRAY(reader->arena, struct lm_job_file, count);
    reader->failed = reader->failed || files == NULL;
    for (size_t i = 0; i < count && !reader->failed; i++) {
        const struct lm_json *row = lm_json_at(array, i);
        files[i].path = text_of(reader, row, "path", true);
        files[i].digest = text_of(reader, row, "digest", true);
        files[i].param = text_of(reader, row, "param", true);
    }
    job->files = files;
    job->file_count = count;
}

static const struct lm_stage *find_type(const struct lm_stage *const *types,
                                        const struct lm_json *root)
{
    const char *name = lm_json_string(lm_json_get(root, "type"), NULL);
    for (; name != NULL && *types != NULL; types++)
        if (strcmp((*types)->name, name) == 0 &&
            lm_json_int(lm_json_get(root, "version"), -1) == (int64_t)(*types)->version)
            return *types;
    return NULL;
}

static enum lm_status read_params(struct lm_job *job, struct lm_arena *arena,
                                  const struct lm_json *root, struct lm_err *err)
{
    void *params = lm_arena_alloc(arena, job->stage->params_size);
    if (params == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory reading a job");
    LM_TRY(
        lm_params_read_json(params, job->stage->params, lm_json_get(root, "params"), arena, err));
    job->params = params;
    job->stage = lm_stage_bind(job->stage, params, arena);
    return job->stage != NULL ? LM_OK : lm_fail(err, LM_NOMEM, "out of memory reading a job");
}

static enum lm_status read_job(struct lm_job *out, struct lm_arena *arena,
                               const struct lm_stage *const *types, const struct lm_json *root,
                               const char *path, struct lm_err *err)
{
    struct lm_job job = {.stage = find_type(types, root)};
    struct reader reader = {arena, false};
    const char *version = lm_json_string(lm_json_get(root, "lmpipe"), NULL);
    if (job.stage == NULL || version == NULL || strcmp(version, LM_VERSION) != 0)
        return lm_fail(err, LM_FORMAT,
                       "%s: written by another version of lmpipe; install lmpipe and its worker "
                       "together",
                       path);
    LM_TRY(read_params(&job, arena, root, err));
    read_inputs(&reader, &job, lm_json_get(root, "inputs"));
    read_files(&reader, &job, lm_json_get(root, "files"));
    job.folder = text_of(&reader, root, "folder", true);
    job.checkpoints = text_of(&reader, root, "checkpoints", true);
    job.state = text_of(&reader, root, "state", false);
    job.experiment = text_of(&reader, root, "experiment", false);
    job.kernels = text_of(&reader, root, "kernels", false);
    job.seed = (uint64_t)lm_json_int(lm_json_get(root, "seed"), 0);
    job.threads = (size_t)lm_json_int(lm_json_get(root, "threads"), 1);
    job.memory = (uint64_t)lm_json_int(lm_json_get(root, "memory"), 0);
    job.interrupt_at = (uint64_t)lm_json_int(lm_json_get(root, "interrupt_at"), 0);
    job.afresh = lm_json_bool(lm_json_get(root, "afresh"), false);
    job.portable = lm_json_bool(lm_json_get(root, "portable"), false);
    job.offline = lm_json_bool(lm_json_get(root, "offline"), false);
    job.partial = lm_json_bool(lm_json_get(root, "partial"), false);
    job.may_rest = lm_json_bool(lm_json_get(root, "may_rest"), false);
    if (reader.failed)
        return lm_fail(err, LM_FORMAT, "%s: not a complete job", path);
    *out = job;
    return LM_OK;
}

enum lm_status lm_job_load(struct lm_job *out, struct lm_arena *arena,
                           const struct lm_stage *const *types, const char *path,
                           struct lm_err *err)
{
    char *text = NULL;
    size_t size = 0;
    struct lm_json *root = NULL;
    LM_TRY(lm_file_read(&text, &size, arena, path, CEILING, err));
    enum lm_status status = lm_json_parse(&root, text, size, err);
    if (status != LM_OK)
        return lm_wrap(err, status, "%s", path);
    status = read_job(out, arena, types, root, path, err);
    lm_json_free(root);
    return status;
}
