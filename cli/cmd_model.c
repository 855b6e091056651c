/* lmpipe model: checked here, done by the worker program, which carries the model core. */
#include "commands.h"
#include "model_verbs.h"
#include "worker_start.h"

static int run_info(struct lm_cli *cli, const void *args, char **operands, size_t count)
{
    (void)args, (void)operands, (void)count;
    return lm_worker_become(cli, "info");
}

const struct lm_command lm_command_model_info = {
    .name = "model info",
    .summary = "shape, size and digest of a trained model",
    .operands = "MODEL",
    .min_operands = 1,
    .max_operands = 1,
    .options = lm_model_info_options,
    .args_size = sizeof(struct lm_model_info_args),
    .example = "lmpipe model info experiments/jargon.yaml:model.model",
    .notes = LM_MODEL_NOTES,
    .run = run_info,
};

static int run_generate(struct lm_cli *cli, const void *args, char **operands, size_t count)
{
    (void)args, (void)operands, (void)count;
    return lm_worker_become(cli, "generate");
}

const struct lm_command lm_command_model_generate = {
    .name = "model generate",
    .summary = "continue a prompt with a trained model",
    .operands = "MODEL",
    .min_operands = 1,
    .max_operands = 1,
    .options = lm_model_generate_options,
    .args_size = sizeof(struct lm_model_generate_args),
    .defaults = &lm_model_generate_defaults,
    .example = "lmpipe model generate experiments/jargon.yaml:model.model --prompt \"hacker n.\"",
    .notes = LM_MODEL_NOTES,
    .run = run_generate,
};
