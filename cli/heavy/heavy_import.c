/* lmpipe model import: a checkpoint made elsewhere as a model folder. */
#include "heavy_folder.h"
#include "heavy_model.h"
#include "model_commands.h"
#include "safe_text.h"

int lm_heavy_model_import(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct lm_model_import_args *args = given;
    struct lm_heavy_model model = {0};
    struct lm_err err = {0};
    (void)count;
    int status = lm_heavy_model_load(&model, cli, operands[0], &args->spec, 1);
    if (status == LM_EXIT_OK)
        status = args->vocab != NULL
                     ? lm_heavy_model_take_vocab(&model, cli, args->vocab, &args->spec)
                     : lm_heavy_model_need_vocab(&model, cli);
    if (status == LM_EXIT_OK) {
        enum lm_status written = lm_heavy_folder_write(&model, args->output, cli->arena, &err);
        if (written == LM_OK)
            fprintf(cli->out.file, "%s\n", lm_safe_line(cli->arena, args->output));
        else
            status = lm_cli_fail(cli, lm_exit_of(written), err.text);
    }
    lm_heavy_model_release(&model);
    return status;
}
