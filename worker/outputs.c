#include "outputs.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <lmpipe/tokens.h>

#include "base/io.h"
#include "base/stat_time.h"

/** Where messages say the fault is. */
struct place {
    struct lm_arena *arena;
    const char *out;
    struct lm_err *err;
    /** By the port's kind: LMDB files and compressed shards that are ours; a corpus may hold any
     *  name. */
    bool tokens, text;
    bool program; /**< one that the stage has executed may have left others behind, who still write
                   */
};

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/** LMDB files and compressed shards are known by what they hold, not by how it lies there. */
static enum lm_status logical_digest(const char **out, const struct place *place, const char *path,
                                     const struct lm_digest *object)
{
    struct lm_digest digest = *object;
    char hex[LM_DIGEST_HEX];
    const char *form = "sha256";
    if (place->tokens && ends_with(path, ".mdb")) {
        form = "lmdb";
        LM_TRY(lm_tokens_digest(&digest, path, place->err));
    } else if (place->text && ends_with(path, ".zst")) {
        form = "zstd";
        LM_TRY(lm_shard_digest(&digest, path, place->err));
    }
    lm_digest_hex(hex, &digest);
    *out = lm_arena_printf(place->arena, "%s:%s", form, hex);
    return *out != NULL ? LM_OK : lm_fail(place->err, LM_NOMEM, "out of memory for the outputs");
}

static enum lm_status collect_file(struct lm_output_file *file, const struct place *place,
                                   const char *relative, const char *name)
{
    struct stat st;
    const char *path = lm_path_join(place->arena, place->out, relative);
    if (path == NULL)
        return lm_fail(place->err, LM_NOMEM, "out of memory for the outputs");
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? lm_fail(place->err, LM_INVALID,
                                         "the stage ended without its output %s", relative)
                               : lm_fail_errno(place->err, errno, "cannot look at %s", path);
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
        return lm_fail(place->err, LM_INVALID,
                       "the stage's output %s is no plain file of its own; write a copy", relative);
    if (place->program) /* then whatever is written later leaves another mtime */
        lm_stat_settle(lm_stat_mtime_ns(&st));
    LM_TRY(lm_sha256_file(&file->object, &file->size, path, place->err));
    file->name = name;
    file->mtime_ns = lm_stat_mtime_ns(&st);
    return logical_digest(&file->logical, place, path, &file->object);
}

static enum lm_status collect_folder(struct lm_output *output, const struct place *place)
{
    struct lm_names names = {0};
    const char *folder = lm_path_join(place->arena, place->out, output->port);
    if (folder == NULL)
        return lm_fail(place->err, LM_NOMEM, "out of memory for the outputs");
    LM_TRY(lm_dir_walk(&names, NULL, place->arena, folder, place->err));
    if (names.count == 0 || names.count > LM_OUTPUT_FILES_MAX)
        return lm_fail(place->err, LM_INVALID, "the stage ended with %zu files in its output %s",
                       names.count, output->port);
    output->files = LM_NEW_ARRAY(place->arena, struct lm_output_file, names.count);
    if (output->files == NULL)
        return lm_fail(place->err, LM_NOMEM, "out of memory for the outputs");
    output->file_count = names.count;
    for (size_t i = 0; i < names.count; i++) {
        const char *relative = lm_arena_printf(place->arena, "%s/%s", output->port, names.items[i]);
        if (relative == NULL)
            return lm_fail(place->err, LM_NOMEM, "out of memory for the outputs");
        if (!lm_output_name_is_fine(names.items[i]))
            return lm_fail(place->err, LM_INVALID,
                           "the stage's output %s holds a file whose name is not UTF-8 or has "
                           "control characters",
                           output->port);
        LM_TRY(collect_file(&output->files[i], place, relative, names.items[i]));
    }
    return LM_OK;
}

static enum lm_status collect_port(struct lm_output *output, const struct lm_port *port,
                                   const struct place *place)
{
    output->port = port->name;
    output->folder = (port->flags & LM_PORT_FOLDER) != 0;
    if (output->folder)
        return collect_folder(output, place);
    output->files = LM_NEW(place->arena, struct lm_output_file);
    output->file_count = 1;
    if (output->files == NULL)
        return lm_fail(place->err, LM_NOMEM, "out of memory for the outputs");
    return collect_file(output->files, place, port->name, NULL);
}

/** Only declared outputs may lie there. */
static enum lm_status check_names(const struct lm_job *job, const struct place *place)
{
    const struct lm_port *ports = job->stage->outputs;
    struct lm_names names = {0};
    LM_TRY(lm_dir_list(&names, place->arena, place->out, place->err));
    for (size_t i = 0; i < names.count; i++) {
        bool declared = false;
        for (const struct lm_port *port = ports; port->name != NULL; port++)
            declared = declared || (strcmp(port->name, names.items[i]) == 0 &&
                                    lm_stage_has_output(job->stage, job->params, port));
        if (!declared)
            return lm_fail(place->err, LM_INVALID,
                           "the stage wrote '%s', which is not among its declared outputs",
                           names.items[i]);
    }
    return LM_OK;
}

enum lm_status lm_outputs_collect(struct lm_output **out, size_t *count, struct lm_arena *arena,
                                  const struct lm_job *job, struct lm_err *err)
{
    struct place place = {.arena = arena,
                          .out = lm_path_join(arena, job->folder, "out"),
                          .err = err,
                          .program = job->stage->program != NULL};
    const struct lm_port *ports = job->stage->outputs;
    size_t ports_count = 0, used = 0;
    while (ports[ports_count].name != NULL)
        ports_count++;
    struct lm_output *outputs = LM_NEW_ARRAY(arena, struct lm_output, ports_count);
    if (place.out == NULL || outputs == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for the outputs");
    LM_TRY(check_names(job, &place));
    for (size_t i = 0; i < ports_count; i++) {
        if (!lm_stage_has_output(job->stage, job->params, &ports[i]))
            continue;
        place.tokens = strcmp(ports[i].kind, "tokens") == 0;
        place.text = strcmp(ports[i].kind, "text") == 0 || strcmp(ports[i].kind, "meta") == 0;
        LM_TRY(collect_port(&outputs[used], &ports[i], &place));
        outputs[used++].port = lm_port_key(&ports[i]);
    }
    *out = outputs;
    *count = used;
    return LM_OK;
}
