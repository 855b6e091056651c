/* lmpipe log: the newest log of a stage. */
#include <errno.h>
#include <string.h>

#include "commands.h"
#include "loaded.h"

enum { PAUSE_MS = 200 };

struct log_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    bool follow;
};

static const struct lm_option options[] = {
    LM_SPEC_ROWS,
    {.name = "follow",
     .letter = 'f',
     .kind = LM_O_FLAG,
     .offset = offsetof(struct log_args, follow),
     .help = "go on printing what is added, until interrupted"},
    {0},
};

/* Prints to the end of the file; false on a read error. */
static bool copy_rest(FILE *from, FILE *to)
{
    char piece[8192];
    size_t size;
    while ((size = fread(piece, 1, sizeof piece, from)) > 0)
        fwrite(piece, 1, size, to);
    bool fine = ferror(from) == 0;
    clearerr(from);
    return fine;
}

static int print_log(struct lm_cli *cli, const char *path, bool follow)
{
    FILE *file = fopen(path, "re");
    bool fine = file != NULL;
    while (fine) {
        fine = copy_rest(file, cli->out.file);
        if (!follow || !lm_stream_wait(&cli->out, PAUSE_MS))
            break;
    }
    if (!fine) {
        const char *text = lm_arena_printf(cli->arena, "%s: %s", path, strerror(errno));
        lm_cli_fail(cli, LM_EXIT_STORE, text != NULL ? text : path);
    }
    if (file != NULL)
        fclose(file);
    return fine ? LM_EXIT_OK : LM_EXIT_STORE;
}

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct log_args *args = given;
    struct lm_loaded loaded = {0};
    struct lm_err err = {0};
    const char *path = NULL;
    size_t stage = 0;
    (void)count;
    int status = lm_loaded_plan(&loaded, cli, operands[0], &args->spec, NULL, 0);
    if (status == LM_EXIT_OK)
        status = lm_loaded_stage(&stage, &loaded, cli, operands[1]);
    if (status == LM_EXIT_OK) {
        enum lm_status found = lm_run_log_path(loaded.plan, stage, &path, &err);
        status = found == LM_OK ? print_log(cli, path, args->follow)
                                : lm_cli_fail(cli, lm_exit_of_result(found), err.text);
    }
    lm_loaded_release(&loaded);
    return status;
}

const struct lm_command lm_command_log = {
    .name = "log",
    .summary = "what a stage wrote while it last ran",
    .operands = "SPEC STAGE",
    .min_operands = 2,
    .max_operands = 2,
    .options = options,
    .args_size = sizeof(struct log_args),
    .example = "lmpipe log experiments/jargon.yaml model",
    .run = run,
};
