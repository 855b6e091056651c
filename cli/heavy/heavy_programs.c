/* The worker's programs that are verbs of the command line. */
#include "heavy_model.h"
#include "model_verbs.h"
#include "programs.h"

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

static int run_doctor(int argc, char **argv)
{
    return run_command(&doctor, argc, argv);
}

const struct lm_program lm_heavy_programs[] = {
    {"info", run_info},
    {"generate", run_generate},
    {"doctor", run_doctor},
    {NULL, NULL},
};
