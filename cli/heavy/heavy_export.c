/* lmpipe model export: a model in a form that other programs read. */
#include <string.h>

#include "base/io.h"
#include "heavy_gguf.h"
#include "heavy_model.h"
#include "model_commands.h"
#include "safe_text.h"

/* tokenizer.json. What it cannot say is told with a way out that this command has. */
static enum lm_status export_vocab(const struct lm_heavy_model *model, const char *folder,
                                   struct lm_err *err)
{
    struct lm_err inner = {0};
    enum lm_status status = lm_vocab_export(model->vocab, LM_VOCAB_HF, folder, &inner);
    if (status == LM_UNSUPPORTED)
        return lm_fail(err, status,
                       "the vocabulary: %.*s; export the weights alone with --no-vocab",
                       (int)strcspn(inner.text, ";"), inner.text);
    return status == LM_OK ? LM_OK : lm_fail(err, status, "%s", inner.text);
}

/* The vocabulary first: when it cannot be said, no file is written. */
static enum lm_status export_safetensors(struct lm_cli *cli, const struct lm_heavy_model *model,
                                         const struct lm_model_export_args *args,
                                         struct lm_err *err)
{
    const char *files[] = {"config.json", "model.safetensors", NULL};
    int32_t end = -1;
    LM_TRY(lm_dir_create(args->output, err));
    if (!args->no_vocab) {
        LM_TRY(export_vocab(model, args->output, err));
        files[2] = "tokenizer.json";
        end = lm_vocab_end_of_text(model->vocab);
    }
    LM_TRY(lm_model_export_hf(model->model, args->output, (enum lm_dtype)args->dtype, end, err));
    for (size_t i = 0; i < sizeof files / sizeof files[0] && files[i] != NULL; i++)
        fprintf(cli->out.file, "%s/%s\n", lm_safe_line(cli->arena, args->output), files[i]);
    return LM_OK;
}

/* One file with all in it. */
static enum lm_status export_gguf(struct lm_cli *cli, const struct lm_heavy_model *model,
                                  const struct lm_model_export_args *args, struct lm_err *err)
{
    const char *path = lm_path_join(cli->arena, args->output, "model.gguf");
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory");
    LM_TRY(lm_dir_create(args->output, err));
    LM_TRY(lm_heavy_gguf_export(model->model, args->no_vocab ? NULL : model->vocab,
                                (enum lm_dtype)args->dtype, path, err));
    fprintf(cli->out.file, "%s\n", lm_safe_line(cli->arena, path));
    return LM_OK;
}

typedef enum lm_status export_fn(struct lm_cli *cli, const struct lm_heavy_model *model,
                                 const struct lm_model_export_args *args, struct lm_err *err);

static export_fn *const forms[LM_FORMS] = {
    [LM_FORM_SAFETENSORS] = export_safetensors, [LM_FORM_GGUF] = export_gguf};

int lm_heavy_model_export(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct lm_model_export_args *args = given;
    struct lm_heavy_model model = {0};
    struct lm_err err = {0};
    (void)count;
    int status = lm_heavy_model_load(&model, cli, operands[0], &args->spec, 1);
    if (status == LM_EXIT_OK && !args->no_vocab)
        status = lm_heavy_model_need_vocab(&model, cli);
    if (status == LM_EXIT_OK) {
        enum lm_status written = forms[args->format](cli, &model, args, &err);
        if (written != LM_OK)
            status = lm_cli_fail(cli, lm_exit_of(written), err.text);
    }
    lm_heavy_model_release(&model);
    return status;
}
