/* lmpipe exp tag: names for runs. */
#include "commands.h"
#include "exp.h"

struct tag_args {
    const char *store;
    bool remove, json;
};

static const struct lm_option options[] = {
    {.name = "remove",
     .kind = LM_O_FLAG,
     .offset = offsetof(struct tag_args, remove),
     .help = "take the name away"},
    LM_JSON_ROW(struct tag_args, json, "of the list: an object of names and runs"),
    LM_STORE_ROW(struct tag_args, store),
    {0},
};

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct tag_args *args = given;
    struct lm_store *store = NULL;
    struct lm_err err = {0};
    int status = LM_EXIT_OK;
    if (args->remove ? count != 1 : count == 1)
        return lm_cli_fail(
            cli, LM_EXIT_USAGE,
            "exp tag NAME RUN gives a name, exp tag --remove NAME takes it away, exp tag "
            "lists them");
    status = lm_exp_store(&store, cli, args->store, operands + (count > 1), count > 1);
    if (status == LM_EXIT_OK && count == 0)
        status = lm_exp_end(cli, lm_run_tags(store, args->json, cli->out.file, &err), &err);
    else if (status == LM_EXIT_OK)
        status = lm_exp_end(
            cli, lm_run_tag(store, operands[0], count > 1 ? operands[1] : NULL, &err), &err);
    lm_store_close(store);
    return status;
}

const struct lm_command lm_command_exp_tag = {
    .name = "exp tag",
    .summary = "give a run a name, take it away, list the names",
    .operands = "[NAME [RUN]]",
    .min_operands = 0,
    .max_operands = 2,
    .options = options,
    .args_size = sizeof(struct tag_args),
    .example = "lmpipe exp tag main last",
    .notes = LM_EXP_NAMES,
    .run = run,
};
