/* lmpipe cache verify: every byte of the store read again. */
#include "base/buf.h"
#include "commands.h"
#include "loaded.h"
#include "store_report.h"

struct verify_args {
    const char *store;
    bool json;
    int64_t threads;
};

static const struct lm_option options[] = {
    LM_STORE_ROW(struct verify_args, store),
    {.name = "threads",
     .kind = LM_O_INT,
     .offset = offsetof(struct verify_args, threads),
     .metavar = "N",
     .min = 1,
     .max = 4096,
     .help = "threads that read (else LMPIPE_THREADS, else the cores allowed)"},
    LM_JSON_ROW(struct verify_args, json, "an object for programs"),
    {0},
};

/** Verifies and prints; the exit status. */
static int verify(struct lm_cli *cli, struct lm_store *store, size_t threads, bool json)
{
    struct lm_err err = {0};
    struct lm_buf text;
    struct lm_json_writer writer;
    const struct lm_store_reread all = {.threads = threads, .root = lm_root_here(cli)};
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, true);
    int status = lm_store_report(cli, store, &all, json ? &writer : NULL);
    lm_buf_putc(&text, '\n');
    if (json && lm_buf_status(&text, &err) != LM_OK)
        status = lm_cli_fail(cli, LM_EXIT_STORE, err.text);
    else if (json && writer.depth == 0) /* else it could not be read to its end */
        fwrite(text.data, 1, text.size, cli->out.file);
    lm_buf_release(&text);
    return status;
}

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct verify_args *args = given;
    struct lm_store *store = NULL;
    size_t threads = 0;
    (void)operands, (void)count;
    int status = lm_loaded_threads(&threads, cli, args->threads);
    if (status == LM_EXIT_OK)
        status = lm_loaded_store(&store, cli, args->store);
    if (status == LM_EXIT_OK)
        status = verify(cli, store, threads, args->json);
    lm_store_close(store);
    return status;
}

const struct lm_command lm_command_cache_verify = {
    .name = "cache verify",
    .summary =
        "read every stored byte again; set aside what is damaged, say which stages run again",
    .operands = "",
    .options = options,
    .args_size = sizeof(struct verify_args),
    .example = "lmpipe cache verify --store artifacts/store",
    .notes = "Exit status 3: something is damaged, missing or unreadable. What is damaged has been "
             "set aside, so that the next run makes it anew.",
    .run = run,
};
