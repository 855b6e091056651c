/* lmpipe cat: an artifact of the current key, byte for byte. */
#include <errno.h>
#include <string.h>

#include "artifact_name.h"
#include "base/json.h"
#include "commands.h"
#include "partial.h"

struct cat_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    bool json;
};

static const struct lm_option options[] = {
    LM_PARTIAL_ROW,
    LM_JSON_ROW(struct cat_args, json, "of a folder: its manifest as an array for programs"),
    LM_SPEC_ROWS,
    {0},
};

/* "DIGEST  NAME" lines as objects. */
static void print_manifest_json(const char *manifest, FILE *out)
{
    struct lm_json_writer writer;
    struct lm_buf text;
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, true);
    lm_json_open(&writer, '[');
    for (const char *line = manifest, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        size_t digest = strcspn(line, " ");
        lm_json_open(&writer, '{');
        lm_json_key(&writer, "name");
        lm_json_put_bytes(&writer, line + digest + 2, (size_t)(end - line) - digest - 2);
        lm_json_key(&writer, "digest");
        lm_json_put_bytes(&writer, line, digest);
        lm_json_close(&writer, '}');
    }
    lm_json_close(&writer, ']');
    lm_cli_put(&text, out, NULL);
}

/* Bytes as they are, but never raw onto a terminal. */
static bool copy_file(FILE *from, const struct lm_stream *to)
{
    char piece[65536];
    size_t size;
    FILE *out = to->terminal ? to->file : to->raw;
    while ((size = fread(piece, 1, sizeof piece, from)) > 0 && ferror(out) == 0)
        fwrite(piece, 1, size, out);
    return ferror(from) == 0;
}

static int print_file(struct lm_cli *cli, const char *path)
{
    FILE *file = fopen(path, "re");
    bool fine = file != NULL && copy_file(file, &cli->out);
    if (!fine) {
        const char *text = lm_arena_printf(cli->arena, "%s: %s", path, strerror(errno));
        lm_cli_fail(cli, LM_EXIT_STORE, text != NULL ? text : path);
    }
    if (file != NULL)
        fclose(file);
    return fine ? LM_EXIT_OK : LM_EXIT_STORE;
}

/* Of the result; of what there is so far, unless `partial` is NULL. */
static int print_artifact(struct lm_cli *cli, const struct lm_loaded *loaded, size_t stage,
                          const struct lm_partial *partial, const struct lm_artifact_name *name,
                          bool json)
{
    struct lm_err err = {0};
    const char *path = NULL, *manifest = NULL;
    enum lm_status found =
        partial != NULL
            ? lm_partial_artifact(partial, name->port, name->name, &path, &manifest, &err)
            : lm_plan_artifact(loaded->plan, stage, name->port, name->name, &path, &manifest, &err);
    if (found != LM_OK)
        return lm_cli_fail(cli, lm_exit_of_result(found), err.text);
    if (path != NULL && json)
        return lm_cli_fail(cli, LM_EXIT_USAGE, "--json is for folders; this is one file");
    if (path != NULL)
        return print_file(cli, path);
    if (json) {
        print_manifest_json(manifest, cli->out.file);
        return LM_EXIT_OK;
    }
    fputs(manifest, cli->out.terminal ? cli->out.file : cli->out.raw);
    return LM_EXIT_OK;
}

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct cat_args *args = given;
    struct lm_loaded loaded = {0};
    struct lm_artifact_name name;
    struct lm_partial *partial = NULL;
    struct lm_err err = {0};
    size_t stage = 0;
    (void)count;
    int status = lm_loaded_plan(&loaded, cli, operands[0], &args->spec, NULL, 0);
    if (status == LM_EXIT_OK &&
        lm_artifact_name_parse(&name, operands[1], loaded.spec, cli->arena, &err) != LM_OK)
        status = lm_cli_fail(cli, LM_EXIT_USAGE, err.text);
    if (status == LM_EXIT_OK)
        status = lm_artifact_name_find(&stage, &name, &loaded, cli);
    if (status == LM_EXIT_OK)
        status = lm_partial_look(&partial, &loaded, cli, stage, &args->spec);
    if (status == LM_EXIT_OK)
        status = print_artifact(cli, &loaded, stage, partial, &name, args->json);
    lm_partial_close(partial);
    lm_loaded_release(&loaded);
    return status;
}

const struct lm_command lm_command_cat = {
    .name = "cat",
    .summary = "write an artifact to stdout; of a folder its manifest",
    .operands = "SPEC STAGE.PORT[/NAME]",
    .min_operands = 2,
    .max_operands = 2,
    .options = options,
    .args_size = sizeof(struct cat_args),
    .example = "lmpipe cat experiments/jargon.yaml scores.scores",
    .notes = "The artifact is that of the current key: what the spec says now. When there is no\n"
             "result for it, nothing is written and the exit status is 1. With --partial a "
             "training is shown\n"
             "as of its newest checkpoint, also while it runs or after it was interrupted.",
    .run = run,
};
