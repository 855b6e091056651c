#include "heavy_model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "heavy_artifact.h"

/* What a MODEL on the command line is resolved to. */
struct place {
    const char *folder;
    bool temporary; /* links made for this call */
};

static int make_folder(struct place *place, struct lm_cli *cli)
{
    const char *base = lm_cli_env(NULL, "TMPDIR");
    char *folder = lm_path_join(cli->arena, base != NULL && base[0] == '/' ? base : "/tmp",
                                "lmpipe-model.XXXXXX");
    if (folder == NULL || mkdtemp(folder) == NULL) {
        const char *text =
            lm_arena_printf(cli->arena, "cannot make a temporary folder: %s", strerror(errno));
        return lm_cli_fail(cli, LM_EXIT_STORE, text != NULL ? text : "out of memory");
    }
    *place = (struct place){folder, true};
    return LM_EXIT_OK;
}

/* SPEC:STAGE.PORT: links to the files of the current result. */
static int resolve_artifact(struct place *place, struct lm_cli *cli, const char *operand,
                            const struct lm_spec_args *args)
{
    struct lm_heavy_artifact artifact;
    struct lm_err err = {0};
    int status = lm_heavy_artifact_find(&artifact, cli, operand, "model", args);
    if (status == LM_EXIT_OK)
        status = make_folder(place, cli);
    if (status == LM_EXIT_OK) {
        enum lm_status made = lm_plan_materialize(artifact.loaded.plan, artifact.stage,
                                                  artifact.name.port, place->folder, &err);
        if (made != LM_OK)
            status = lm_cli_fail(cli, lm_exit_of(made), err.text);
    }
    lm_heavy_artifact_release(&artifact);
    return status;
}

static int resolve(struct place *place, struct lm_cli *cli, const char *name,
                   const struct lm_spec_args *args)
{
    *place = (struct place){name, false};
    if (lm_path_is_dir(name))
        return LM_EXIT_OK;
    if (strchr(name, ':') != NULL)
        return resolve_artifact(place, cli, name, args);
    const char *text = lm_arena_printf(
        cli->arena, "%s is no folder of a model; give its folder, or SPEC:STAGE.PORT", name);
    return lm_cli_fail(cli, LM_EXIT_USAGE, text != NULL ? text : name);
}

static enum lm_status load(struct lm_heavy_model *out, struct lm_cli *cli, const char *folder,
                           size_t threads, struct lm_err *err)
{
    struct lm_model_options options = {.threads = threads, .kernels = cli->kernels};
    const char *vocab = lm_path_join(cli->arena, folder, "vocab");
    if (vocab == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory");
    LM_TRY(lm_model_load(&out->model, folder, &options, err));
    LM_TRY(lm_vocab_load(&out->vocab, vocab, err));
    int64_t tokens = lm_vocab_size(out->vocab), rows = lm_model_config(out->model)->vocab;
    if (tokens > rows)
        return lm_fail(err, LM_FORMAT, "%s has %lld tokens, the model %lld; train it again", vocab,
                       (long long)tokens, (long long)rows);
    return LM_OK;
}

int lm_heavy_model_load(struct lm_heavy_model *out, struct lm_cli *cli, const char *name,
                        const struct lm_spec_args *args, size_t threads)
{
    struct place place = {NULL, false};
    struct lm_err err = {0};
    *out = (struct lm_heavy_model){.name = name};
    int status = resolve(&place, cli, name, args);
    if (status == LM_EXIT_OK && load(out, cli, place.folder, threads, &err) != LM_OK)
        status = lm_cli_fail(cli, LM_EXIT_STORE, err.text);
    if (place.temporary && lm_dir_remove(place.folder, &err) != LM_OK)
        lm_cli_warn(cli, err.text);
    return status;
}

void lm_heavy_model_release(struct lm_heavy_model *model)
{
    lm_model_free(model->model);
    lm_vocab_free(model->vocab);
    *model = (struct lm_heavy_model){0};
}
