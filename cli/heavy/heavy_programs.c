/* The worker's programs that are verbs of the command line. */
#include "heavy_model.h"
#include "heavy_tokenizer.h"
#include "model_verbs.h"
#include "programs.h"
#include "tokenizer_verbs.h"

static const struct lm_command info = {
    .name = "model info",
    .operands = "MODEL",
    .min_operands = 1,
    .max_operands = 1,
    .options = lm_model_info_options,
    .args_size = sizeof(struct lm_model_info_args),
    .run = lm_heavy_info,
};

static const struct lm_command generate = {
    .name = "model generate",
    .operands = "MODEL",
    .min_operands = 1,
    .max_operands = 1,
    .options = lm_model_generate_options,
    .args_size = sizeof(struct lm_model_generate_args),
    .defaults = &lm_model_generate_defaults,
    .run = lm_heavy_generate,
};

static const struct lm_command model_create = {
    .name = "model create",
    .operands = "[PRESET]",
    .max_operands = 1,
    .options = lm_model_create_options,
    .args_size = sizeof(struct lm_model_create_args),
    .run = lm_heavy_model_create,
};

static const struct lm_command model_score = {
    .name = "model score",
    .operands = "MODEL [FILE]",
    .min_operands = 1,
    .max_operands = 2,
    .options = lm_model_score_options,
    .args_size = sizeof(struct lm_model_score_args),
    .run = lm_heavy_model_score,
};

static const struct lm_command model_export = {
    .name = "model export",
    .operands = "MODEL",
    .min_operands = 1,
    .max_operands = 1,
    .options = lm_model_export_options,
    .args_size = sizeof(struct lm_model_export_args),
    .run = lm_heavy_model_export,
};

static const struct lm_command model_import = {
    .name = "model import",
    .operands = "MODEL",
    .min_operands = 1,
    .max_operands = 1,
    .options = lm_model_import_options,
    .args_size = sizeof(struct lm_model_import_args),
    .run = lm_heavy_model_import,
};

static const struct lm_command tokenizer_info = {
    .name = "tokenizer info",
    .operands = "VOCAB",
    .min_operands = 1,
    .max_operands = 1,
    .options = lm_tokenizer_info_options,
    .args_size = sizeof(struct lm_tokenizer_info_args),
    .run = lm_heavy_tokenizer_info,
};

static const struct lm_command tokenizer_encode = {
    .name = "tokenizer encode",
    .operands = "VOCAB",
    .min_operands = 1,
    .max_operands = 1,
    .options = lm_tokenizer_encode_options,
    .args_size = sizeof(struct lm_tokenizer_ids_args),
    .run = lm_heavy_tokenizer_encode,
};

static const struct lm_command tokenizer_decode = {
    .name = "tokenizer decode",
    .operands = "VOCAB",
    .min_operands = 1,
    .max_operands = 1,
    .options = lm_tokenizer_decode_options,
    .args_size = sizeof(struct lm_tokenizer_ids_args),
    .run = lm_heavy_tokenizer_decode,
};

static const struct lm_command tokenizer_import = {
    .name = "tokenizer import",
    .operands = "FILE",
    .min_operands = 1,
    .max_operands = 1,
    .options = lm_tokenizer_import_options,
    .args_size = sizeof(struct lm_tokenizer_import_args),
    .defaults = &lm_tokenizer_import_defaults,
    .run = lm_heavy_tokenizer_import,
};

static const struct lm_command tokenizer_export = {
    .name = "tokenizer export",
    .operands = "VOCAB",
    .min_operands = 1,
    .max_operands = 1,
    .options = lm_tokenizer_export_options,
    .args_size = sizeof(struct lm_tokenizer_export_args),
    .run = lm_heavy_tokenizer_export,
};

static const struct lm_command doctor = {
    .name = "doctor",
    .operands = "",
    .run = lm_heavy_doctor,
};

static int run_command(const struct lm_command *command, int argc, char **argv)
{
    struct lm_cli cli;
    struct lm_err err;
    if (lm_cli_init(&cli, &err) != LM_OK) {
        fprintf(stderr, "lmpipe: error: %s\n", err.text);
        return LM_EXIT_STORE;
    }
    int status = lm_cli_run(&cli, command, argc, argv);
    lm_cli_release(&cli);
    return status;
}

static int run_info(int argc, char **argv)
{
    return run_command(&info, argc, argv);
}

static int run_generate(int argc, char **argv)
{
    return run_command(&generate, argc, argv);
}

static int run_model_create(int argc, char **argv)
{
    return run_command(&model_create, argc, argv);
}

static int run_model_score(int argc, char **argv)
{
    return run_command(&model_score, argc, argv);
}

static int run_model_export(int argc, char **argv)
{
    return run_command(&model_export, argc, argv);
}

static int run_model_import(int argc, char **argv)
{
    return run_command(&model_import, argc, argv);
}

static int run_tokenizer_info(int argc, char **argv)
{
    return run_command(&tokenizer_info, argc, argv);
}

static int run_tokenizer_encode(int argc, char **argv)
{
    return run_command(&tokenizer_encode, argc, argv);
}

static int run_tokenizer_decode(int argc, char **argv)
{
    return run_command(&tokenizer_decode, argc, argv);
}

static int run_tokenizer_import(int argc, char **argv)
{
    return run_command(&tokenizer_import, argc, argv);
}

static int run_tokenizer_export(int argc, char **argv)
{
    return run_command(&tokenizer_export, argc, argv);
}

static int run_doctor(int argc, char **argv)
{
    return run_command(&doctor, argc, argv);
}

const struct lm_program lm_heavy_programs[] = {
    {"info", run_info},
    {"generate", run_generate},
    {"model-create", run_model_create},
    {"model-score", run_model_score},
    {"model-export", run_model_export},
    {"model-import", run_model_import},
    {"tokenizer-info", run_tokenizer_info},
    {"tokenizer-encode", run_tokenizer_encode},
    {"tokenizer-decode", run_tokenizer_decode},
    {"tokenizer-import", run_tokenizer_import},
    {"tokenizer-export", run_tokenizer_export},
    {"doctor", run_doctor},
    {NULL, NULL},
};
