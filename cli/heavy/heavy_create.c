/* lmpipe model create: a fresh model in a folder. */
#include "heavy_folder.h"
#include "heavy_model.h"
#include "heavy_tokenizer.h"
#include "model_commands.h"
#include "safe_text.h"

static enum lm_status create(struct lm_heavy_model *model, struct lm_cli *cli, const char *preset,
                             const struct lm_model_create_args *args, struct lm_err *err)
{
    const struct lm_model_options options = {.kernels = cli->kernels, .seed = (uint64_t)args->seed};
    struct lm_model_config shape;
    LM_TRY(lm_model_create_shape(&shape, preset, args, err));
    shape.vocab = lm_vocab_size(model->vocab);
    LM_TRY(lm_model_create(&model->model, &shape, &options, err));
    return lm_heavy_folder_write(model, args->output, cli->arena, err);
}

int lm_heavy_model_create(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct lm_model_create_args *args = given;
    struct lm_heavy_model model = {0};
    struct lm_err err = {0};
    int status = lm_heavy_vocab_load(&model.vocab, cli, args->vocab, &args->spec);
    if (status == LM_EXIT_OK) {
        enum lm_status created = create(&model, cli, count > 0 ? operands[0] : NULL, args, &err);
        if (created == LM_OK)
            fprintf(cli->out.file, "%s\n", lm_safe_line(cli->arena, args->output));
        else
            status = lm_cli_fail(cli, lm_exit_of(created), err.text);
    }
    lm_heavy_model_release(&model);
    return status;
}
