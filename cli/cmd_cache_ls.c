/* lmpipe cache ls: what costs what. */
#include <lmpipe/cache.h>

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "commands.h"
#include "human.h"
#include "loaded.h"
#include "width.h"

struct ls_args {
    const char *store;
    bool json;
};

static const struct lm_option options[] = {
    LM_STORE_ROW(struct ls_args, store),
    LM_JSON_ROW(struct ls_args, json, "an object for programs, in bytes and unix time"),
    {0},
};

static const char *experiment_of(const struct lm_cache_row *row)
{
    return row->experiment[0] != '\0' ? row->experiment : "-";
}

static const char *age(char out[32], const struct lm_cache_list *list, int64_t then)
{
    return then > 0 ? lm_human_age(out, (double)(list->now - then)) : "-";
}

static void print_row(struct lm_cli *cli, const struct lm_cache_list *list,
                      const struct lm_cache_row *row, const int widths[2])
{
    char count[32], size[32], shared[32], checkpoints[32], made[32], used[32];
    fprintf(cli->out.file, "%-*s  %-*s  %7s  %9s  %9s  %11s  %7s  %7s\n", widths[0],
            experiment_of(row), widths[1], row->stage,
            row->results > 0 ? lm_human_count(count, row->results) : "-",
            lm_human_bytes(size, row->bytes),
            row->shared > 0 ? lm_human_bytes(shared, row->shared) : "-",
            row->checkpoint_bytes > 0 ? lm_human_bytes(checkpoints, row->checkpoint_bytes) : "-",
            age(made, list, row->newest), age(used, list, row->used));
}

static void print_roots(struct lm_cli *cli, const struct lm_cache_list *list)
{
    char size[32], count[32];
    for (size_t i = 0; i < list->root_count; i++) {
        const struct lm_cache_root *root = &list->roots[i];
        fprintf(cli->out.file, "%s %s: %s results, %s%s\n", root->is_baseline ? "baseline" : "spec",
                lm_cli_text(cli, lm_cli_path(cli, root->path)),
                lm_human_count(count, root->results), lm_human_bytes(size, root->bytes),
                root->is_there ? "" : " (not there)");
    }
    lm_stream_flush(&cli->out);
    for (size_t i = 0; i < list->root_count; i++) {
        const struct lm_cache_root *root = &list->roots[i];
        if (root->is_there)
            continue;
        const char *text = lm_arena_printf(cli->arena,
                                           "%s is not there; its results stay until it is "
                                           "forgotten: lmpipe cache gc --forget %s",
                                           root->path, root->path);
        lm_cli_warn(cli, text != NULL ? text : root->path);
    }
}

static void print_text(struct lm_cli *cli, const struct lm_cache_list *list)
{
    FILE *out = cli->out.file;
    char size[32], shared[32];
    int widths[2] = {10, 5};
    for (size_t i = 0; i < list->row_count; i++) {
        int experiment = (int)lm_text_width(experiment_of(&list->rows[i]));
        int stage = (int)lm_text_width(list->rows[i].stage);
        widths[0] = experiment > widths[0] ? experiment : widths[0];
        widths[1] = stage > widths[1] ? stage : widths[1];
    }
    lm_stream_paint(&cli->out, "bold");
    fprintf(out, "%-*s  %-*s  %7s  %9s  %9s  %11s  %7s  %7s", widths[0], "experiment", widths[1],
            "stage", "results", "size", "shared", "checkpoints", "newest", "used");
    lm_stream_paint(&cli->out, "reset");
    fputc('\n', out);
    for (size_t i = 0; i < list->row_count; i++)
        print_row(cli, list, &list->rows[i], widths);
    fprintf(out, "%s in all", lm_human_bytes(size, list->bytes));
    if (list->shared > 0)
        fprintf(out, "; %s of it shared by several rows, counted once",
                lm_human_bytes(shared, list->shared));
    fputc('\n', out);
    if (list->unused > 0)
        fprintf(out, "%s more that no result names; lmpipe cache gc removes it\n",
                lm_human_bytes(size, list->unused));
    if (list->states.count > 0)
        fprintf(out,
                "%s in %s state%s, which longer trainings continue; cache gc takes these first\n",
                lm_human_bytes(size, list->states.bytes),
                lm_human_count(shared, list->states.count), list->states.count == 1 ? "" : "s");
    print_roots(cli, list);
}

static void put_bytes(struct lm_json_writer *writer, const char *key, const char *text)
{
    lm_json_key(writer, key);
    lm_json_put_bytes(writer, text, strlen(text));
}

static void put_row(struct lm_json_writer *writer, const struct lm_cache_row *row)
{
    lm_json_open(writer, '{');
    lm_json_key(writer, "experiment");
    if (row->experiment[0] != '\0')
        lm_json_put_string(writer, row->experiment);
    else
        lm_json_put_null(writer);
    put_bytes(writer, "stage", row->stage);
    lm_json_member_int(writer, "results", (int64_t)row->results);
    lm_json_member_int(writer, "bytes", (int64_t)row->bytes);
    lm_json_member_int(writer, "shared_bytes", (int64_t)row->shared);
    lm_json_member_int(writer, "checkpoint_bytes", (int64_t)row->checkpoint_bytes);
    lm_json_member_int(writer, "oldest", row->oldest);
    lm_json_member_int(writer, "newest", row->newest);
    lm_json_member_int(writer, "used", row->used);
    lm_json_close(writer, '}');
}

static void put_root(struct lm_json_writer *writer, const struct lm_cache_root *root)
{
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "kind", root->is_baseline ? "baseline" : "spec");
    put_bytes(writer, "path", root->path);
    put_bytes(writer, "experiment", root->experiment);
    lm_json_member_bool(writer, "there", root->is_there);
    lm_json_member_int(writer, "results", (int64_t)root->results);
    lm_json_member_int(writer, "bytes", (int64_t)root->bytes);
    lm_json_close(writer, '}');
}

static enum lm_status print_json(struct lm_cli *cli, const struct lm_store *store,
                                 const struct lm_cache_list *list, struct lm_err *err)
{
    struct lm_buf text;
    struct lm_json_writer writer;
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, true);
    lm_json_open(&writer, '{');
    put_bytes(&writer, "store", lm_store_path(store));
    lm_json_member_int(&writer, "bytes", (int64_t)list->bytes);
    lm_json_member_int(&writer, "shared_bytes", (int64_t)list->shared);
    lm_json_member_int(&writer, "unused_bytes", (int64_t)list->unused);
    lm_json_member_int(&writer, "states", (int64_t)list->states.count);
    lm_json_member_int(&writer, "state_bytes", (int64_t)list->states.bytes);
    lm_json_key(&writer, "rows");
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < list->row_count; i++)
        put_row(&writer, &list->rows[i]);
    lm_json_close(&writer, ']');
    lm_json_key(&writer, "roots");
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < list->root_count; i++)
        put_root(&writer, &list->roots[i]);
    lm_json_close(&writer, ']');
    lm_json_close(&writer, '}');
    return lm_cli_put(&text, cli->out.file, err);
}

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct ls_args *args = given;
    struct lm_store *store = NULL;
    struct lm_cache_list list = {.arena = NULL};
    struct lm_err err = {0};
    (void)operands, (void)count;
    int status = lm_loaded_store(&store, cli, args->store);
    if (status != LM_EXIT_OK)
        return status;
    enum lm_status listed = lm_cache_list(store, &list, &err);
    if (listed == LM_OK && args->json)
        listed = print_json(cli, store, &list, &err);
    else if (listed == LM_OK)
        print_text(cli, &list);
    if (listed != LM_OK)
        status = lm_cli_fail(cli, LM_EXIT_STORE, err.text);
    lm_arena_free(list.arena);
    lm_store_close(store);
    return status;
}

const struct lm_command lm_command_cache_ls = {
    .name = "cache ls",
    .summary = "what costs how much, by experiment and stage, and who needs it",
    .operands = "",
    .options = options,
    .args_size = sizeof(struct ls_args),
    .example = "lmpipe cache ls --store artifacts/store",
    .notes =
        "Largest first; a matrix's instances in one row. shared: bytes of the row's that another\n"
        "row names, too. newest: since the last result was made; used: since a run last had one.\n"
        "Below it: the specs and exported runs that results are kept for (lmpipe cache gc).",
    .run = run,
};
