/* The commands that the worker program does, beside their one description. */
#include <string.h>

#include "commands.h"
#include "heavy_model.h"
#include "heavy_tokenizer.h"
#include "programs.h"

static const struct lm_option doctor_options[] = {
    LM_JSON_ROW(struct lm_heavy_doctor_args, json, "an object for programs"), {0}};

/* The part of `doctor` that needs everything loaded. */
static const struct lm_command doctor = {.name = "doctor",
                                         .operands = "",
                                         .options = doctor_options,
                                         .args_size = sizeof(struct lm_heavy_doctor_args)};

static const struct {
    const struct lm_command *command;
    int (*run)(struct lm_cli *cli, const void *args, char **operands, size_t count);
} rows[] = {
    {&lm_command_model_info, lm_heavy_info},
    {&lm_command_model_generate, lm_heavy_generate},
    {&lm_command_model_create, lm_heavy_model_create},
    {&lm_command_model_score, lm_heavy_model_score},
    {&lm_command_model_export, lm_heavy_model_export},
    {&lm_command_model_import, lm_heavy_model_import},
    {&lm_command_tokenizer_info, lm_heavy_tokenizer_info},
    {&lm_command_tokenizer_encode, lm_heavy_tokenizer_encode},
    {&lm_command_tokenizer_decode, lm_heavy_tokenizer_decode},
    {&lm_command_tokenizer_import, lm_heavy_tokenizer_import},
    {&lm_command_tokenizer_export, lm_heavy_tokenizer_export},
    {&lm_command_init, lm_heavy_init},
    {&doctor, lm_heavy_doctor},
};

static int run_command(struct lm_command command, int argc, char **argv)
{
    struct lm_cli cli;
    struct lm_err err;
    if (lm_cli_init(&cli, &err) != LM_OK) {
        fprintf(stderr, "lmpipe: error: %s\n", err.text);
        return LM_EXIT_STORE;
    }
    int status = lm_cli_run(&cli, &command, argc, argv);
    lm_cli_release(&cli);
    return status;
}

int lm_heavy_run(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_command command = *rows[i].command;
        command.run = rows[i].run;
        if (strcmp(command.name, argv[0]) == 0)
            return run_command(command, argc, argv);
    }
    return -1;
}
