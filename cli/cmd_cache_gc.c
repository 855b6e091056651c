/* lmpipe cache gc: what nobody needs any more goes. */
#include <lmpipe/cache.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"
#include "commands.h"
#include "human.h"
#include "loaded.h"

struct gc_args {
    const char *store;
    int64_t keep_runs, keep_days, max_size;
    double grace;
    struct lm_option_texts forget;
    bool dry_run, json;
};

#define ROW(field) .offset = offsetof(struct gc_args, field)

static const struct lm_option options[] = {
    {.name = "keep-runs",
     .kind = LM_O_INT,
     ROW(keep_runs),
     .metavar = "N",
     .min = 0,
     .max = 1000000000,
     .help = "what the last N runs of each spec had stays (default 5); runs with equal results "
             "count once"},
    {.name = "keep-days",
     .kind = LM_O_INT,
     ROW(keep_days),
     .metavar = "N",
     .min = 0,
     .max = 1000000,
     .help = "what was made, or had by a run, in the last N days stays, too"},
    {.name = "max-size",
     .kind = LM_O_SIZE,
     ROW(max_size),
     .metavar = "S",
     .help = "what nobody needs stays while the store is not larger than S (500M, 20G): the least "
             "recently used goes first"},
    {.name = "grace",
     .kind = LM_O_DURATION,
     .zero = true,
     ROW(grace),
     .metavar = "T",
     .help = "what is younger than T (0, 30m, 2h, 7d) stays (default 1h; 14d for checkpoints and "
             "states)"},
    {.name = "forget",
     .kind = LM_O_TEXTS,
     ROW(forget),
     .metavar = "PATH",
     .help =
         "the spec or exported run at PATH, or all below the folder PATH, need nothing any more "
         "(repeatable)"},
    {.name = "dry-run",
     .letter = 'n',
     .kind = LM_O_FLAG,
     ROW(dry_run),
     .help = "say what would be removed, remove nothing"},
    LM_STORE_ROW(struct gc_args, store),
    LM_JSON_ROW(struct gc_args, json, "an object for programs, in bytes"),
    {0},
};

/* A path as roots hold it: absolute, links resolved as far as there is anything. */
static const char *resolve(const struct lm_cli *cli, const char *path)
{
    char real[PATH_MAX];
    if (path[0] != '/' && cli->folder != NULL)
        path = lm_path_join(cli->arena, cli->folder, path);
    if (path == NULL || strcmp(path, "/") == 0)
        return path;
    if (realpath(path, real) != NULL)
        return lm_arena_strdup(cli->arena, real);
    const char *folder = lm_path_dir(cli->arena, path);
    const char *above = folder != NULL ? resolve(cli, folder) : NULL;
    return above != NULL ? lm_path_join(cli->arena, above, lm_path_base(path)) : NULL;
}

/* NULL: out of memory. */
static const char **resolve_all(const struct lm_cli *cli, const struct lm_option_texts *given)
{
    const char **paths = LM_NEW_ARRAY(cli->arena, const char *, given->count);
    for (size_t i = 0; paths != NULL && i < given->count; i++) {
        char *typed = lm_arena_strdup(cli->arena, given->items[i]);
        for (size_t n = typed != NULL ? strlen(typed) : 0; n > 1 && typed[n - 1] == '/'; n--)
            typed[n - 1] = '\0';
        paths[i] = typed != NULL ? resolve(cli, typed) : NULL;
        if (paths[i] == NULL)
            return NULL;
    }
    return paths;
}

static void warn(void *user, const char *text)
{
    lm_cli_warn(user, text);
}

/* ---- what went ---- */

struct row {
    const char *name, *count_name, *bytes_name;
    struct lm_cache_count count;
};

enum { ROWS = 7 };

static void fill_rows(struct row rows[ROWS], const struct lm_cache_result *result)
{
    const struct row all[ROWS] = {
        {"results", "results", "result_bytes", result->results},
        {"objects", "objects", "object_bytes", result->objects},
        {"checkpoints", "checkpoints", "checkpoint_bytes", result->checkpoints},
        {"states", "states", "state_bytes", result->states},
        {"runs", "runs", "run_bytes", result->runs},
        {"damaged", "damaged", "damaged_bytes", result->damaged},
        {"temporary", "temporary", "temporary_bytes", result->temporary},
    };

    memcpy(rows, all, sizeof all);
}

static void print_row(FILE *out, const char *name, uint64_t count, uint64_t bytes)
{
    char number[32], size[32];
    fprintf(out, "%-12s %10s %10s\n", name, count > 0 ? lm_human_count(number, count) : "-",
            bytes > 0 ? lm_human_bytes(size, bytes) : "-");
}

/* "3 specs, 1 tag" of what needs results. */
static void print_needed_by(FILE *out, const struct lm_cache_result *result)
{
    const struct {
        uint64_t count;
        const char *one, *many;
    } rows[] = {{result->specs, "spec", "specs"},
                {result->last_runs, "run", "runs"},
                {result->tags, "tag", "tags"},
                {result->baselines, "baseline", "baselines"}};

    char number[32];
    const char *between = " by ";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].count == 0)
            continue;
        fprintf(out, "%s%s %s", between, lm_human_count(number, rows[i].count),
                rows[i].count == 1 ? rows[i].one : rows[i].many);
        between = ", ";
    }
}

static void print_text(struct lm_cli *cli, const struct lm_store *store, const struct gc_args *args,
                       const struct lm_cache_result *result)
{
    FILE *out = cli->out.file;
    struct row rows[ROWS];
    char kept[32], size[32], needed[32], needed_size[32];
    fill_rows(rows, result);
    fprintf(out, "%s %s\n", args->dry_run ? "would remove from" : "removed from",
            lm_cli_text(cli, lm_cli_path(cli, lm_store_path(store))));
    for (size_t i = 0; i < ROWS; i++)
        print_row(out, rows[i].name, rows[i].count.count, rows[i].count.bytes);
    print_row(out, "all", 0, result->freed);
    fprintf(out, "%s %s results (%s)",
            args->dry_run ? "would stay:" : "stay:", lm_human_count(kept, result->kept.count),
            lm_human_bytes(size, result->kept.bytes));
    if (result->needed.count > 0) {
        fprintf(out, ", %s of them (%s) needed", lm_human_count(needed, result->needed.count),
                lm_human_bytes(needed_size, result->needed.bytes));
        print_needed_by(out, result);
    }
    fputc('\n', out);
}

static enum lm_status print_json(struct lm_cli *cli, const struct lm_store *store,
                                 const struct gc_args *args, const struct lm_cache_result *result,
                                 struct lm_err *err)
{
    struct lm_buf text;
    struct lm_json_writer writer;
    struct row rows[ROWS];

    const struct {
        const char *name;
        uint64_t value;
    } more[] = {{"freed_bytes", result->freed},         {"kept_results", result->kept.count},
                {"kept_bytes", result->kept.bytes},     {"needed_results", result->needed.count},
                {"needed_bytes", result->needed.bytes}, {"specs", result->specs},
                {"recent_runs", result->last_runs},     {"tags", result->tags},
                {"baselines", result->baselines},       {"forgotten", result->forgotten}};

    fill_rows(rows, result);
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, true);
    lm_json_open(&writer, '{');
    lm_json_key(&writer, "store");
    lm_json_put_bytes(&writer, lm_store_path(store), strlen(lm_store_path(store)));
    lm_json_member_bool(&writer, "dry_run", args->dry_run);
    for (size_t i = 0; i < ROWS; i++) {
        lm_json_member_int(&writer, rows[i].count_name, (int64_t)rows[i].count.count);
        lm_json_member_int(&writer, rows[i].bytes_name, (int64_t)rows[i].count.bytes);
    }
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        lm_json_member_int(&writer, more[i].name, (int64_t)more[i].value);
    lm_json_close(&writer, '}');
    return lm_cli_put(&text, cli->out.file, err);
}

static int collect(struct lm_cli *cli, struct lm_store *store, const struct gc_args *args,
                   const struct lm_cache_options *how)
{
    struct lm_cache_result result = {.freed = 0};
    struct lm_err err = {0};
    enum lm_status status = lm_cache_gc(store, how, &result, &err);
    if (status == LM_OK && args->json)
        status = print_json(cli, store, args, &result, &err);
    else if (status == LM_OK)
        print_text(cli, store, args, &result);
    if (status != LM_OK)
        return lm_cli_fail(cli, lm_exit_of(status), err.text);
    if (args->max_size >= 0 && result.needed.bytes > (uint64_t)args->max_size)
        lm_cli_warn(cli, "what is needed is larger than --max-size; it stays");
    return LM_EXIT_OK;
}

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct gc_args *args = given;
    struct lm_store *store = NULL;
    (void)operands, (void)count;
    const char **forget = resolve_all(cli, &args->forget);
    const struct lm_cache_options how = {.types = lm_stage_table,
                                         .worker = cli->worker,
                                         .env = lm_cli_env,
                                         .keep_runs = args->keep_runs,
                                         .keep_days = (double)args->keep_days,
                                         .grace = args->grace,
                                         .max_size = args->max_size,
                                         .is_dry = args->dry_run,
                                         .forget = forget,
                                         .forget_count = args->forget.count,
                                         .note = warn,
                                         .user = cli};
    if (forget == NULL)
        return lm_cli_fail(cli, LM_EXIT_STORE, "out of memory");
    int status = lm_loaded_store(&store, cli, args->store);
    if (status == LM_EXIT_OK)
        status = collect(cli, store, args, &how);
    lm_store_close(store);
    return status;
}

static const struct gc_args defaults = {.keep_runs = 5, .max_size = -1, .grace = -1};

const struct lm_command lm_command_cache_gc = {
    .name = "cache gc",
    .summary = "remove what nobody needs: no spec, tag, baseline or recent run",
    .operands = "",
    .options = options,
    .args_size = sizeof(struct gc_args),
    .defaults = &defaults,
    .example = "lmpipe cache gc --dry-run",
    .notes =
        "What stays: results of specs as they stand in their files and as they ran last, of "
        "tagged\n"
        "runs, of exported runs (baselines), of the last runs; checkpoints of any of these. Every\n"
        "spec that was run with the store counts, whichever project it is of. One that is gone\n"
        "keeps its results until it is forgotten (--forget). Runs that nobody tagged lose their\n"
        "record after a year, when their spec has had 1,000 since. States that trainings left for\n"
        "longer ones go after 14 days, with --max-size before anything else. While a run is going\n"
        "on: exit status 3 at once.",
    .run = run,
};
