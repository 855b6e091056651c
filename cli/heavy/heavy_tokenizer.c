/* lmpipe tokenizer import and export; the vocabulary of all these commands. */
#include "heavy_tokenizer.h"

#include <string.h>

#include "heavy_artifact.h"
#include "tokenizer_commands.h"

/* Path of the object that SPEC:STAGE.PORT is now. */
static int find_artifact(const char **out, struct lm_cli *cli, const char *operand,
                         const struct lm_spec_args *args)
{
    struct lm_heavy_artifact artifact;
    struct lm_err err = {0};
    const char *path = NULL, *manifest = NULL;
    int status = lm_heavy_artifact_find(&artifact, cli, operand, "vocab", args);
    if (status == LM_EXIT_OK) {
        enum lm_status found =
            lm_plan_artifact(artifact.loaded.plan, artifact.stage, artifact.name.port,
                             artifact.name.name, &path, &manifest, &err);
        if (found == LM_OK && path == NULL)
            found = lm_fail(&err, LM_INVALID, "%s is a folder; name one file of it", operand);
        *out = path == NULL ? NULL : lm_arena_strdup(cli->arena, path);
        if (found == LM_OK && *out == NULL)
            found = lm_fail(&err, LM_NOMEM, "out of memory");
        if (found != LM_OK)
            status = lm_cli_fail(cli, lm_exit_of_result(found), err.text);
    }
    lm_heavy_artifact_release(&artifact);
    return status;
}

int lm_heavy_vocab_load(struct lm_vocab **out, struct lm_cli *cli, const char *name,
                        const struct lm_spec_args *args)
{
    struct lm_err err = {0};
    const char *path = name;
    int status = lm_heavy_is_artifact(name) ? find_artifact(&path, cli, name, args) : LM_EXIT_OK;
    if (status != LM_EXIT_OK)
        return status;
    enum lm_status loaded = lm_vocab_load(out, path, &err);
    return loaded == LM_OK ? LM_EXIT_OK : lm_cli_fail(cli, lm_exit_of_input(loaded), err.text);
}

int lm_heavy_tokenizer_import(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct lm_tokenizer_import_args *args = given;
    const struct lm_vocab_source source = {
        .path = operands[0],
        .pattern = args->pattern < 0 ? NULL : lm_import_pattern_names[args->pattern],
        .sha256 = args->sha256,
    };
    struct lm_vocab *vocab = NULL;
    struct lm_err err = {0};
    (void)count;
    enum lm_status status = lm_vocab_import(&vocab, &source, &err);
    int exit_status = lm_exit_of_input(status);
    if (status == LM_OK) {
        status = lm_vocab_save(vocab, args->output, &err);
        exit_status = lm_exit_of(status);
    }
    if (status == LM_OK)
        fprintf(cli->out.file, "%s\n", args->output);
    lm_vocab_free(vocab);
    return status == LM_OK ? LM_EXIT_OK : lm_cli_fail(cli, exit_status, err.text);
}

int lm_heavy_tokenizer_export(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    static const char *const files[][3] = {[LM_VOCAB_HF] = {"tokenizer.json"},
                                           [LM_VOCAB_GPT2] = {"vocab.json", "merges.txt"},
                                           [LM_VOCAB_TIKTOKEN] = {"vocab.tiktoken"}};
    const struct lm_tokenizer_export_args *args = given;
    struct lm_vocab *vocab = NULL;
    struct lm_err err = {0};
    (void)count;
    int status = lm_heavy_vocab_load(&vocab, cli, operands[0], &args->spec);
    if (status != LM_EXIT_OK)
        return status;
    enum lm_status written =
        lm_vocab_export(vocab, (enum lm_vocab_format)args->format, args->output, &err);
    for (size_t i = 0; written == LM_OK && files[args->format][i] != NULL; i++)
        fprintf(cli->out.file, "%s/%s\n", args->output, files[args->format][i]);
    lm_vocab_free(vocab);
    return written == LM_OK ? LM_EXIT_OK : lm_cli_fail(cli, lm_exit_of(written), err.text);
}
