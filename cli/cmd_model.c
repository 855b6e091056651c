/* lmpipe model: checked here, done by the worker program, which carries the model core. */
#include "commands.h"
#include "model_verbs.h"
#include "worker_start.h"

/* What a verb that writes must be told. */
static int need_output(struct lm_cli *cli, const char *verb, const char *output)
{
    if (output != NULL && output[0] != '\0')
        return LM_EXIT_OK;
    const char *text =
        lm_arena_printf(cli->arena, "model %s: say where to write with -o DIR", verb);
    return lm_cli_fail(cli, LM_EXIT_USAGE, text != NULL ? text : "out of memory");
}

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

static int run_create(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct lm_model_create_args *args = given;
    struct lm_model_config shape;
    struct lm_err err;
    int status = need_output(cli, "create", args->output);
    if (status != LM_EXIT_OK)
        return status;
    if (lm_model_create_shape(&shape, count > 0 ? operands[0] : NULL, args, &err) != LM_OK)
        return lm_cli_fail(cli, LM_EXIT_USAGE, err.text);
    if (args->vocab == NULL)
        return lm_cli_fail(cli, LM_EXIT_USAGE,
                           "model create: name the model's vocabulary with --vocab VOCAB");
    return lm_worker_become(cli, "model-create");
}

const struct lm_command lm_command_model_create = {
    .name = "model create",
    .summary = "a fresh model, not trained, of a preset or a shape",
    .operands = "[PRESET]",
    .max_operands = 1,
    .options = lm_model_create_options,
    .args_size = sizeof(struct lm_model_create_args),
    .example = "lmpipe model create gpt2-micro --vocab gpt2.vocab -o fresh",
    .notes = "Options of the shape stand in for the preset's, or make the whole shape.\n"
             "'lmpipe model list' shows the presets.",
    .run = run_create,
};

static int run_score(struct lm_cli *cli, const void *args, char **operands, size_t count)
{
    (void)args, (void)operands, (void)count;
    return lm_worker_become(cli, "model-score");
}

const struct lm_command lm_command_model_score = {
    .name = "model score",
    .summary = "bits per byte and perplexity of a text under a model",
    .operands = "MODEL [FILE]",
    .min_operands = 1,
    .max_operands = 2,
    .options = lm_model_score_options,
    .args_size = sizeof(struct lm_model_score_args),
    .example = "lmpipe model score experiments/jargon.yaml:model novel.txt",
    .notes = LM_MODEL_NOTES
    "\n\nThe text is FILE, else standard input, as one document. Each token is predicted once, in\n"
    "windows of the context that step by half of it; an end-of-text token stands before the\n"
    "first. A vocabulary without one leaves the first token out.",
    .run = run_score,
};

static int run_export(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct lm_model_export_args *args = given;
    (void)operands, (void)count;
    int status = need_output(cli, "export", args->output);
    return status != LM_EXIT_OK ? status : lm_worker_become(cli, "model-export");
}

const struct lm_command lm_command_model_export = {
    .name = "model export",
    .summary = "a model in a form that other programs read",
    .operands = "MODEL",
    .min_operands = 1,
    .max_operands = 1,
    .options = lm_model_export_options,
    .args_size = sizeof(struct lm_model_export_args),
    .example = "lmpipe model export experiments/jargon.yaml:model --dtype bf16 -o hf",
    .notes = LM_MODEL_NOTES "\n\nFiles that are there are replaced, each as a whole.",
    .run = run_export,
};

static int run_import(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct lm_model_import_args *args = given;
    (void)operands, (void)count;
    int status = need_output(cli, "import", args->output);
    return status != LM_EXIT_OK ? status : lm_worker_become(cli, "model-import");
}

const struct lm_command lm_command_model_import = {
    .name = "model import",
    .summary = "an external GPT-2 checkpoint as a model folder",
    .operands = "MODEL",
    .min_operands = 1,
    .max_operands = 1,
    .options = lm_model_import_options,
    .args_size = sizeof(struct lm_model_import_args),
    .example = "lmpipe model import downloads/gpt2 -o gpt2",
    .notes = LM_MODEL_NOTES
    "\n\nWeights of 16 bits are widened. The vocabulary is tokenizer.json or vocab.json with\n"
    "merges.txt beside the weights, what a .gguf file holds, or --vocab. The folder appears, or "
    "replaces a model that is\n"
    "there, as a whole.",
    .run = run_import,
};
