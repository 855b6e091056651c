#include "heavy_model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "heavy_artifact.h"
#include "heavy_gguf.h"
#include "heavy_tokenizer.h"
#include "partial.h"

/* What a MODEL on the command line is resolved to. */
struct place {
    const char *path; /* a folder, or a file made elsewhere */
    bool temporary;   /* links made for this call */
    struct lm_heavy_artifact artifact;
    struct lm_partial *partial; /* whose model it is; NULL: none */
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
    place->path = folder;
    place->temporary = true;
    return LM_EXIT_OK;
}

/* SPEC:STAGE.PORT: links to the files of the current result, or what there is of it so far. */
static int resolve_artifact(struct place *place, struct lm_cli *cli, const char *operand,
                            const struct lm_spec_args *args)
{
    struct lm_heavy_artifact *artifact = &place->artifact;
    struct lm_err err = {0};
    int status = lm_heavy_artifact_find(artifact, cli, operand, "model", args);
    if (status == LM_EXIT_OK)
        status = lm_partial_look(&place->partial, &artifact->loaded, cli, artifact->stage, args);
    if (status == LM_EXIT_OK && place->partial != NULL) {
        place->path = lm_partial_path(place->partial, artifact->name.port);
        return place->path != NULL ? LM_EXIT_OK : lm_cli_fail(cli, LM_EXIT_STORE, "out of memory");
    }
    if (status == LM_EXIT_OK)
        status = make_folder(place, cli);
    if (status == LM_EXIT_OK) {
        enum lm_status made = lm_plan_materialize(artifact->loaded.plan, artifact->stage,
                                                  artifact->name.port, place->path, &err);
        if (made != LM_OK)
            status = lm_cli_fail(cli, lm_exit_of_result(made), err.text);
    }
    return status;
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), tail = strlen(end);
    return size > tail && strcmp(text + size - tail, end) == 0;
}

static int resolve(struct place *place, struct lm_cli *cli, const char *name,
                   const struct lm_spec_args *args)
{
    *place = (struct place){.path = name};
    bool is_path = lm_path_is_dir(name) || lm_path_exists(name);
    if (is_path && args->partial)
        return lm_cli_fail(cli, LM_EXIT_USAGE, "--partial is for a stage; give SPEC:STAGE");
    if (lm_path_is_dir(name) || ends_with(name, ".safetensors") || ends_with(name, ".gguf"))
        return LM_EXIT_OK;
    if (strchr(name, ':') != NULL)
        return resolve_artifact(place, cli, name, args);
    const char *text = lm_arena_printf(cli->arena,
                                       "%s is not a model folder; give one, a "
                                       ".safetensors or .gguf file, or SPEC:STAGE.PORT",
                                       name);
    return lm_cli_fail(cli, LM_EXIT_USAGE, text != NULL ? text : name);
}

static enum lm_status check_vocab(const struct lm_heavy_model *model, struct lm_err *err)
{
    int64_t tokens = lm_vocab_size(model->vocab), rows = lm_model_config(model->model)->vocab;
    if (tokens > rows)
        return lm_fail(err, LM_FORMAT,
                       "%s: the vocabulary has %lld tokens, the model %lld; they do not belong "
                       "together",
                       model->name, (long long)tokens, (long long)rows);
    return LM_OK;
}

/* A checkpoint made elsewhere, and the tokenizer in its folder, if it can be read. */
static enum lm_status load_foreign(struct lm_heavy_model *out, struct lm_cli *cli, const char *path,
                                   const struct lm_model_options *options, struct lm_err *err)
{
    const struct lm_vocab_source source = {
        .path = lm_path_is_dir(path) ? path : lm_path_dir(cli->arena, path)};
    if (source.path == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory");
    out->form = "safetensors";
    LM_TRY(lm_model_import_hf(&out->model, path, options, err));
    if (lm_vocab_import(&out->vocab, &source, &out->vocab_error) != LM_OK)
        return LM_OK;
    return check_vocab(out, err);
}

/* What only lmpipe writes: a vocabulary in its form, or options that other programs do not know. */
static bool is_own(const char *folder, const char *vocab)
{
    struct lm_model_config config;
    return lm_path_exists(vocab) ||
           (lm_path_is_dir(folder) && lm_model_load_config(&config, folder, NULL) == LM_OK &&
            lm_model_beyond_gpt2(&config) != NULL);
}

static enum lm_status load_own(struct lm_heavy_model *out, const char *folder, const char *vocab,
                               const struct lm_model_options *options, struct lm_err *err)
{
    out->form = "lmpipe";
    LM_TRY(lm_model_load(&out->model, folder, options, err));
    if (!lm_path_exists(vocab)) {
        lm_fail(&out->vocab_error, LM_NOT_FOUND, "%s holds no vocabulary; import it with --vocab",
                out->name);
        return LM_OK;
    }
    LM_TRY(lm_vocab_load(&out->vocab, vocab, err));
    return check_vocab(out, err);
}

static enum lm_status load(struct lm_heavy_model *out, struct lm_cli *cli, const char *path,
                           size_t threads, struct lm_err *err)
{
    struct lm_model_options options = {.threads = threads, .kernels = cli->kernels};
    const char *vocab = lm_path_join(cli->arena, path, "vocab");
    if (vocab == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory");
    if (is_own(path, vocab))
        return load_own(out, path, vocab, &options, err);
    if (!ends_with(path, ".gguf") || lm_path_is_dir(path))
        return load_foreign(out, cli, path, &options, err);
    out->form = "gguf";
    LM_TRY(lm_heavy_gguf_import(&out->model, &out->vocab, &out->vocab_error, path, &options, err));
    return out->vocab == NULL ? LM_OK : check_vocab(out, err);
}

int lm_heavy_model_load(struct lm_heavy_model *out, struct lm_cli *cli, const char *name,
                        const struct lm_spec_args *args, size_t threads)
{
    struct place place = {.path = NULL};
    struct lm_err err = {0};
    *out = (struct lm_heavy_model){.name = name};
    int status = resolve(&place, cli, name, args);
    if (status == LM_EXIT_OK) {
        enum lm_status loaded = load(out, cli, place.path, threads, &err);
        if (loaded != LM_OK)
            status = lm_cli_fail(cli, lm_exit_of_input(loaded), err.text);
    }
    lm_partial_close(place.partial);
    lm_heavy_artifact_release(&place.artifact);
    if (place.temporary && lm_dir_remove(place.path, &err) != LM_OK)
        lm_cli_warn(cli, err.text);
    return status;
}

int lm_heavy_model_need_vocab(const struct lm_heavy_model *model, struct lm_cli *cli)
{
    if (model->vocab != NULL)
        return LM_EXIT_OK;
    return lm_cli_fail(cli, lm_exit_of_input(model->vocab_error.status), model->vocab_error.text);
}

int lm_heavy_model_take_vocab(struct lm_heavy_model *model, struct lm_cli *cli, const char *name,
                              const struct lm_spec_args *args)
{
    struct lm_vocab *vocab = NULL;
    struct lm_err err = {0};
    int status = lm_heavy_vocab_load(&vocab, cli, name, args);
    if (status != LM_EXIT_OK)
        return status;
    lm_vocab_free(model->vocab);
    model->vocab = vocab;
    enum lm_status fits = check_vocab(model, &err);
    return fits == LM_OK ? LM_EXIT_OK : lm_cli_fail(cli, lm_exit_of_input(fits), err.text);
}

void lm_heavy_model_release(struct lm_heavy_model *model)
{
    lm_model_free(model->model);
    lm_vocab_free(model->vocab);
    *model = (struct lm_heavy_model){0};
}
