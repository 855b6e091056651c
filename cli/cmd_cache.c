/* lmpipe cache: what the store holds, and emptying it. */
#include "commands.h"
#include "human.h"
#include "loaded.h"

struct cache_args {
    const char *store;
    bool json, dry_run, yes;
};

static const struct lm_option du_options[] = {
    LM_STORE_ROW(struct cache_args, store),
    LM_JSON_ROW(struct cache_args, json, "an object for programs, in bytes"),
    {0},
};

static const struct lm_option clear_options[] = {
    LM_STORE_ROW(struct cache_args, store),
    {.name = "dry-run",
     .letter = 'n',
     .kind = LM_O_FLAG,
     .offset = offsetof(struct cache_args, dry_run),
     .help = "say what would be removed, remove nothing"},
    {.name = "yes",
     .letter = 'y',
     .kind = LM_O_FLAG,
     .offset = offsetof(struct cache_args, yes),
     .help = "really remove it"},
    LM_JSON_ROW(struct cache_args, json, "an object for programs, in bytes"),
    {0},
};

/* `all`: of clearing what is no result stays, and is left out. */
static void print_usage(const struct lm_store_usage *usage, bool all, FILE *out)
{
    const struct {
        const char *name;
        uint64_t count, bytes;
    } rows[] = {{"objects", usage->objects, usage->object_bytes},
                {"actions", usage->actions, usage->action_bytes},
                {"checkpoints", usage->checkpoints, usage->checkpoint_bytes},
                {"states", usage->states, usage->state_bytes},
                {"temporary", 0, usage->temporary_bytes},
                {"runs", usage->runs, usage->run_bytes},
                {"other", 0, usage->other_bytes},
                {"all", 0, usage->total_bytes}};

    char count[32], bytes[32];
    for (size_t i = 0; i < (all ? sizeof rows / sizeof rows[0] : 5); i++)
        fprintf(out, "%-12s %10s %10s\n", rows[i].name,
                rows[i].count > 0 ? lm_human_count(count, rows[i].count) : "-",
                rows[i].bytes > 0 ? lm_human_bytes(bytes, rows[i].bytes) : "-");
}

static void print_usage_json(const struct lm_store_usage *usage, FILE *out)
{
    fprintf(
        out,
        "{\"objects\": %llu, \"object_bytes\": %llu, \"actions\": %llu, \"action_bytes\": %llu, "
        "\"checkpoints\": %llu, \"checkpoint_bytes\": %llu, \"states\": %llu, \"state_bytes\": "
        "%llu, "
        "\"runs\": %llu, \"run_bytes\": %llu, "
        "\"temporary_bytes\": %llu, \"other_bytes\": %llu, \"total_bytes\": %llu}\n",
        (unsigned long long)usage->objects, (unsigned long long)usage->object_bytes,
        (unsigned long long)usage->actions, (unsigned long long)usage->action_bytes,
        (unsigned long long)usage->checkpoints, (unsigned long long)usage->checkpoint_bytes,
        (unsigned long long)usage->states, (unsigned long long)usage->state_bytes,
        (unsigned long long)usage->runs, (unsigned long long)usage->run_bytes,
        (unsigned long long)usage->temporary_bytes, (unsigned long long)usage->other_bytes,
        (unsigned long long)usage->total_bytes);
}

static int run_du(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct cache_args *args = given;
    struct lm_store *store = NULL;
    struct lm_store_usage usage = {0};
    struct lm_err err = {0};
    (void)operands, (void)count;
    int status = lm_loaded_store(&store, cli, args->store);
    if (status == LM_EXIT_OK && lm_store_usage(store, &usage, &err) != LM_OK)
        status = lm_cli_fail(cli, LM_EXIT_STORE, err.text);
    if (status == LM_EXIT_OK && args->json)
        print_usage_json(&usage, cli->out.file);
    else if (status == LM_EXIT_OK) {
        fprintf(cli->out.file, "%s\n", lm_cli_text(cli, lm_cli_path(cli, lm_store_path(store))));
        print_usage(&usage, true, cli->out.file);
    }
    lm_store_close(store);
    return status;
}

static int run_clear(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct cache_args *args = given;
    struct lm_store *store = NULL;
    struct lm_store_usage usage = {0};
    struct lm_err err = {0};
    (void)operands, (void)count;
    if (!args->yes && !args->dry_run)
        return lm_cli_fail(cli, LM_EXIT_USAGE,
                           "this removes every stored result; to do so add --yes, to see how much "
                           "it is --dry-run, to remove only what nobody needs lmpipe cache gc");
    int status = lm_loaded_store(&store, cli, args->store);
    if (status == LM_EXIT_OK) {
        enum lm_status done = args->dry_run ? lm_store_usage(store, &usage, &err)
                                            : lm_store_clear(store, &usage, &err);
        if (done != LM_OK)
            status = lm_cli_fail(cli, LM_EXIT_STORE, err.text);
    }
    if (status == LM_EXIT_OK && args->json) {
        print_usage_json(&usage, cli->out.file);
    } else if (status == LM_EXIT_OK) {
        fprintf(cli->out.file, "%s %s\n", args->dry_run ? "would remove from" : "removed from",
                lm_cli_text(cli, lm_cli_path(cli, lm_store_path(store))));
        print_usage(&usage, false, cli->out.file);
    }
    lm_store_close(store);
    return status;
}

const struct lm_command lm_command_cache_du = {
    .name = "cache du",
    .summary = "what the store holds, and how much space it takes",
    .operands = "",
    .options = du_options,
    .args_size = sizeof(struct cache_args),
    .example = "lmpipe cache du --store artifacts/store",
    .run = run_du,
};

const struct lm_command lm_command_cache_clear = {
    .name = "cache clear",
    .summary = "remove all stored results, checkpoints and states (records of runs stay)",
    .operands = "",
    .options = clear_options,
    .args_size = sizeof(struct cache_args),
    .example = "lmpipe cache clear --dry-run",
    .run = run_clear,
};
