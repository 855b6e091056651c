#include "loaded.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lmpipe/ahead.h>

#include "base/io.h"
#include "base/suggest.h"

int lm_exit_of(enum lm_status status)
{
    if (status == LM_OK)
        return LM_EXIT_OK;
    if (status == LM_CANCELLED)
        return LM_EXIT_INTERRUPTED;
    return status == LM_INVALID || status == LM_RANGE || status == LM_UNSUPPORTED ? LM_EXIT_USAGE
                                                                                  : LM_EXIT_STORE;
}

int lm_exit_of_input(enum lm_status status)
{
    bool inside =
        status == LM_OK || status == LM_CANCELLED || status == LM_NOMEM || status == LM_INTERNAL;
    return inside ? lm_exit_of(status) : LM_EXIT_USAGE;
}

int lm_exit_of_result(enum lm_status status)
{
    return status == LM_NOT_FOUND ? LM_EXIT_FAILED : lm_exit_of(status);
}

/* ---- places ---- */

const char *lm_root_here(const struct lm_cli *cli)
{
    return cli->folder != NULL ? lm_root_find(cli->arena, cli->folder) : NULL;
}

const char *lm_store_place(const struct lm_cli *cli, const char *option, const char *root)
{
    if (option != NULL)
        return option;
    if (cli->store != NULL)
        return cli->store;
    return root != NULL ? lm_path_join(cli->arena, root, "artifacts/store") : NULL;
}

/* ---- opening ---- */

void lm_loaded_findings(struct lm_cli *cli, const struct lm_diags *diags)
{
    for (size_t i = 0; i < diags->count; i++)
        lm_cli_find(cli, &diags->items[i]);
}

/* Names the nearest file of the folder, too. */
static const char *no_file(const struct lm_cli *cli, const char *path, const char *text)
{
    struct lm_names names = {0};
    const char *folder = lm_path_dir(cli->arena, path);
    if (folder == NULL || lm_dir_list(&names, cli->arena, folder, NULL) != LM_OK)
        return text;
    const char *nearest =
        lm_suggest(lm_path_base(path), (const char *const *)names.items, names.count);
    const char *longer = nearest != NULL
                             ? lm_arena_printf(cli->arena, "%s; did you mean '%s'?", text, nearest)
                             : NULL;
    return longer != NULL ? longer : text;
}

int lm_loaded_spec(struct lm_loaded *loaded, struct lm_cli *cli, const char *path,
                   const struct lm_spec_args *args, size_t threads)
{
    struct lm_err err = {0};
    struct lm_diags diags = {0};
    struct lm_spec_options options = {.types = lm_stage_table,
                                      .settings = args->settings.items,
                                      .setting_count = args->settings.count,
                                      .env = lm_cli_env,
                                      .threads = threads,
                                      .refused = &loaded->refused};
    *loaded = (struct lm_loaded){.hold = loaded->hold, .verify_hits = loaded->verify_hits};
    enum lm_status status = lm_spec_load(&loaded->spec, &diags, cli->arena, path, &options, &err);
    lm_loaded_findings(cli, &diags);
    loaded->found = diags;
    if (status == LM_OK)
        return LM_EXIT_OK;
    if (diags.errors > 0)
        return LM_EXIT_USAGE;
    return lm_cli_fail(cli, lm_exit_of_input(status),
                       status == LM_NOT_FOUND ? no_file(cli, path, err.text) : err.text);
}

static int no_stage(const struct lm_loaded *loaded, struct lm_cli *cli, const char *id)
{
    const char *nearest = NULL;
    lm_spec_find(loaded->spec, id, &nearest);
    const char *text =
        nearest != NULL
            ? lm_arena_printf(cli->arena, "%s has no stage '%s'; did you mean '%s'?",
                              lm_spec_path(loaded->spec), id, nearest)
            : lm_arena_printf(cli->arena, "%s has no stage '%s'; see 'lmpipe graph %s'",
                              lm_spec_path(loaded->spec), id, lm_spec_path(loaded->spec));
    return lm_cli_fail(cli, LM_EXIT_USAGE, text != NULL ? text : "no such stage");
}

/* Every target must mean a stage, so that "did you mean" can be said at once. */
static int check_target(const struct lm_loaded *loaded, struct lm_cli *cli, const char *target)
{
    if (target == NULL || lm_spec_match(loaded->spec, target, NULL) > 0)
        return LM_EXIT_OK;
    return no_stage(loaded, cli, target);
}

int lm_loaded_names(const struct lm_loaded *loaded, struct lm_cli *cli,
                    const struct lm_selection *selection)
{
    int status = LM_EXIT_OK;
    for (size_t i = 0; i < selection->target_count; i++)
        status |= check_target(loaded, cli, selection->targets[i]);
    for (size_t i = 0; i < selection->force_count; i++)
        status |= check_target(loaded, cli, selection->force[i]);
    status |= check_target(loaded, cli, selection->from);
    status |= check_target(loaded, cli, selection->until);
    if (status == LM_EXIT_OK && selection->only && selection->target_count == 0)
        return lm_cli_fail(cli, LM_EXIT_USAGE, "--only needs at least one STAGE after the spec");
    return status;
}

/** The store that was opened ahead, when that is it, else anew. */
static int open_store(struct lm_loaded *loaded, struct lm_cli *cli, const char *option,
                      struct lm_ahead *ahead)
{
    struct lm_err err = {0};
    if (cli->worker == NULL)
        return lm_cli_fail(cli, LM_EXIT_STORE,
                           "the program lmpipe-worker was not found beside lmpipe or in "
                           "../libexec/lmpipe; install lmpipe again");
    const char *place = lm_store_place(cli, option, lm_spec_root(loaded->spec));
    if (place == NULL)
        return lm_cli_fail(cli, LM_EXIT_STORE, "out of memory");
    loaded->store = lm_ahead_store(ahead, place);
    if (loaded->store == NULL && lm_store_open(&loaded->store, place, &err) != LM_OK)
        return lm_cli_fail(cli, LM_EXIT_STORE, err.text);
    return LM_EXIT_OK;
}

static int make_plan(struct lm_loaded *loaded, struct lm_cli *cli, const char *path,
                     const struct lm_spec_args *args, const struct lm_selection *selection,
                     size_t threads, struct lm_ahead *ahead)
{
    struct lm_err err = {0};
    struct lm_plan_options options = {.worker = cli->worker,
                                      .env = lm_cli_env,
                                      .threads = threads,
                                      .hold = loaded->hold,
                                      .verify_hits = loaded->verify_hits};
    int status = lm_loaded_spec(loaded, cli, path, args, threads);
    if (status == LM_EXIT_OK && selection != NULL) {
        options.selection = *selection;
        status = lm_loaded_names(loaded, cli, selection);
    }
    if (status == LM_EXIT_OK)
        status = open_store(loaded, cli, args->store, ahead);
    if (status != LM_EXIT_OK)
        return status;
    enum lm_status made =
        lm_plan_create(&loaded->plan, loaded->spec, loaded->store, &options, &err);
    if (made != LM_OK)
        return lm_cli_fail(cli, made == LM_NOT_FOUND ? LM_EXIT_USAGE : lm_exit_of(made), err.text);
    return LM_EXIT_OK;
}

int lm_loaded_plan(struct lm_loaded *loaded, struct lm_cli *cli, const char *path,
                   const struct lm_spec_args *args, const struct lm_selection *selection,
                   size_t threads)
{
    struct lm_ahead *ahead = NULL;
    if (threads != 1 && !loaded->verify_hits)
        ahead = lm_ahead_begin(path, lm_store_place(cli, args->store, NULL), loaded->hold);
    int status = make_plan(loaded, cli, path, args, selection, threads, ahead);
    lm_ahead_release(ahead);
    return status;
}

int lm_loaded_print_plan(struct lm_loaded *loaded, struct lm_cli *cli, bool json)
{
    struct lm_err err = {0};
    struct lm_diags warnings = lm_plan_warnings(loaded->plan);
    enum lm_plan_form form = json                ? LM_PLAN_JSON
                             : cli->out.terminal ? LM_PLAN_TABLE
                                                 : LM_PLAN_LINES;
    lm_loaded_findings(cli, &warnings);
    if (lm_plan_guess(loaded->plan, &err) != LM_OK)
        lm_cli_warn(cli, err.text);
    enum lm_status printed = lm_plan_print(loaded->plan, form, cli->out.file);
    if (printed != LM_OK)
        return lm_cli_fail(cli, lm_exit_of(printed), lm_status_text(printed));
    const char *summary = lm_plan_summary(loaded->plan, cli->arena);
    if (summary[0] != '\0') {
        lm_stream_flush(&cli->out);
        fprintf(cli->err.file, "lmpipe: %s\n", summary);
        lm_stream_flush(&cli->err);
    }
    return LM_EXIT_OK;
}

int lm_loaded_threads(size_t *threads, struct lm_cli *cli, int64_t option)
{
    char *end = NULL;
    *threads = (size_t)option;
    if (option > 0 || cli->threads == NULL)
        return LM_EXIT_OK;
    long number = strtol(cli->threads, &end, 10);
    if (*end != '\0' || number < 1 || number > 4096)
        return lm_cli_fail(cli, LM_EXIT_USAGE,
                           "LMPIPE_THREADS must be a number from 1 to 4096; unset it or set it "
                           "to the number of threads to use");
    *threads = (size_t)number;
    return LM_EXIT_OK;
}

int lm_loaded_kernels(struct lm_cli *cli)
{
    static const char *const names[] = {"avx512", "avx2", "c"};
    for (size_t i = 0; cli->kernels != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(cli->kernels, names[i]) == 0)
            return LM_EXIT_OK;
    }
    if (cli->kernels == NULL)
        return LM_EXIT_OK;
    return lm_cli_fail(cli, LM_EXIT_USAGE, "LMPIPE_KERNELS must be avx512, avx2 or c");
}

void lm_loaded_release(struct lm_loaded *loaded)
{
    lm_plan_free(loaded->plan);
    lm_store_close(loaded->store);
    *loaded = (struct lm_loaded){0};
}

int lm_loaded_stage(size_t *index, const struct lm_loaded *loaded, struct lm_cli *cli,
                    const char *id)
{
    *index = lm_spec_find(loaded->spec, id, NULL);
    return *index != (size_t)-1 ? LM_EXIT_OK : no_stage(loaded, cli, id);
}

static int bad_shard(struct lm_cli *cli)
{
    return lm_cli_fail(cli, LM_EXIT_USAGE,
                       "--shard takes I/N, such as 2/3: the second of three parts");
}

/* "2/3" */
static int read_shard(struct lm_selection *selection, struct lm_cli *cli, const char *text)
{
    char *end = NULL;
    if (text == NULL)
        return LM_EXIT_OK;
    long shard = text[0] >= '0' && text[0] <= '9' ? strtol(text, &end, 10) : 0;
    if (end == NULL || *end != '/' || end[1] < '0' || end[1] > '9')
        return bad_shard(cli);
    long shards = strtol(end + 1, &end, 10);
    if (*end != '\0' || shard < 1 || shards > 100000 || shard > shards)
        return bad_shard(cli);
    selection->shard = (size_t)shard;
    selection->shards = (size_t)shards;
    return LM_EXIT_OK;
}

int lm_selection_read(struct lm_selection *out, struct lm_cli *cli,
                      const struct lm_select_args *args, char **targets, size_t count)
{
    *out = (struct lm_selection){.targets = (const char *const *)targets,
                                 .target_count = count,
                                 .from = args->from,
                                 .until = args->until,
                                 .only = args->only,
                                 .force = args->force.items,
                                 .force_count = args->force.count};
    return read_shard(out, cli, args->shard);
}

int lm_loaded_store(struct lm_store **store, struct lm_cli *cli, const char *option)
{
    struct lm_err err = {0};
    const char *place = lm_store_place(cli, option, lm_root_here(cli));
    const char *version = place != NULL ? lm_path_join(cli->arena, place, "VERSION") : NULL;
    if (version == NULL)
        return lm_cli_fail(cli, LM_EXIT_STORE, "the working folder cannot be found");
    if (!lm_path_exists(version)) {
        const char *text = lm_arena_printf(
            cli->arena, "no store at %s; name one by --store DIR or LMPIPE_STORE", place);
        return lm_cli_fail(cli, LM_EXIT_STORE, text != NULL ? text : place);
    }
    if (lm_store_open(store, place, &err) != LM_OK)
        return lm_cli_fail(cli, LM_EXIT_STORE, err.text);
    return LM_EXIT_OK;
}
