/* lmpipe exp diff: what differs between two runs, or between a run and what its spec says now. */
#include <string.h>

#include "base/io.h"
#include "commands.h"
#include "exp.h"

struct diff_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    bool json;
};

static const struct lm_option options[] = {
    LM_SPEC_ROWS,
    LM_JSON_ROW(struct diff_args, json, "an object with an array of differences"),
    {0},
};

/* The spec of a run: as typed, or below the root of the working folder, as the run remembers it. */
static int find_spec(const char **path, struct lm_cli *cli, const char *option, const char *name)
{
    struct lm_store *store = NULL;
    struct lm_err err = {0};
    const char *home = NULL, *root = lm_root_here(cli);
    char *names[] = {(char *)(uintptr_t)name};
    *path = lm_exp_spec(cli, name);
    if (*path != NULL)
        return LM_EXIT_OK;
    int status = lm_exp_store(&store, cli, option, names, 1);
    if (status == LM_EXIT_OK)
        status = lm_exp_end(cli, lm_run_home(&home, cli->arena, store, name, &err), &err);
    lm_store_close(store);
    if (status == LM_EXIT_OK)
        *path = root != NULL ? lm_path_join(cli->arena, root, home) : home;
    return status;
}

static int diff_now(struct lm_cli *cli, const struct diff_args *args, const char *name)
{
    struct lm_loaded loaded = {0};
    struct lm_err err = {0};
    const char *path = NULL;
    int status = find_spec(&path, cli, args->spec.store, name);
    if (status == LM_EXIT_OK)
        status = lm_loaded_plan(&loaded, cli, path, &args->spec, NULL, 0);
    if (status == LM_EXIT_OK)
        status = lm_exp_end(
            cli,
            lm_runs_diff(loaded.store, name, NULL, loaded.plan, args->json, cli->out.file, &err),
            &err);
    lm_loaded_release(&loaded);
    return status;
}

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct diff_args *args = given;
    struct lm_store *store = NULL;
    struct lm_err err = {0};
    if (count == 1)
        return diff_now(cli, args, operands[0]);
    if (args->spec.settings.count > 0)
        return lm_cli_fail(cli, LM_EXIT_USAGE,
                           "-S changes what a spec says now; leave the second run out");
    int status = lm_exp_store(&store, cli, args->spec.store, operands, count);
    if (status == LM_EXIT_OK)
        status = lm_exp_end(
            cli,
            lm_runs_diff(store, operands[0], operands[1], NULL, args->json, cli->out.file, &err),
            &err);
    lm_store_close(store);
    return status;
}

const struct lm_command lm_command_exp_diff = {
    .name = "exp diff",
    .summary = "parameters, metrics, artifacts that differ: of two runs, or a run and its spec now",
    .operands = "A [B]",
    .min_operands = 1,
    .max_operands = 2,
    .options = options,
    .args_size = sizeof(struct diff_args),
    .example = "lmpipe exp diff last~1 last",
    .notes = LM_EXP_SIDES
    "\n"
    "Without B: what A's spec says now, with -S if given. Exit 0 whatever differs.",
    .run = run,
};
