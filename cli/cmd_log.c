/* lmpipe log: the newest log of a stage, also while it runs. */
#include <string.h>

#include <lmpipe/runs.h>

#include "commands.h"
#include "loaded.h"
#include "log_show.h"

struct log_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    struct lm_log_show show;
    const char *tensorboard;
};

static const struct lm_option options[] = {
    LM_SPEC_ROWS,
    {.name = "follow",
     .letter = 'f',
     .kind = LM_O_FLAG,
     .offset = offsetof(struct log_args, show.follow),
     .help = "go on printing until the stage has ended, also in a run that takes it up again"},
    LM_JSON_ROW(struct log_args, show.json, "its events as they are kept, an object a line"),
    {.name = "tensorboard",
     .kind = LM_O_TEXT,
     .offset = offsetof(struct log_args, tensorboard),
     .metavar = "DIR",
     .help = "write the curves of the result as event files of TensorBoard, DIR/STAGE/"},
    {0},
};

/* Of one stage, or of all instances of one: a folder each, which TensorBoard shows as runs. */
static int write_events(struct lm_cli *cli, const struct lm_loaded *loaded, const char *target,
                        const char *folder)
{
    struct lm_err err = {0};
    size_t count = lm_spec_stages(loaded->spec), written = 0;
    bool *marked = LM_NEW_ARRAY(cli->arena, bool, count);
    if (marked == NULL)
        return lm_cli_fail(cli, LM_EXIT_STORE, "out of memory");
    size_t matched = lm_spec_match(loaded->spec, target, marked);
    if (matched == 0)
        return lm_loaded_stage(&count, loaded, cli, target);
    int status = LM_EXIT_OK;
    for (size_t i = 0; i < count; i++) {
        if (!marked[i])
            continue;
        enum lm_status wrote = lm_run_tensorboard(loaded->plan, i, folder, &err);
        if (wrote == LM_NOT_FOUND && matched > 1)
            lm_cli_warn(cli, err.text);
        else if (wrote != LM_OK)
            return lm_cli_fail(cli, lm_exit_of_result(wrote), err.text);
        written += wrote == LM_OK;
        if (wrote == LM_OK)
            fprintf(cli->out.file, "%s/%s\n", folder, lm_spec_stage_id(loaded->spec, i));
    }
    if (written == 0)
        status = lm_cli_fail(cli, LM_EXIT_FAILED, "no stage of that name has a result yet");
    return status;
}

static int show_log(struct lm_cli *cli, const struct lm_loaded *loaded, const char *id,
                    const struct lm_log_show *how)
{
    size_t stage = 0;
    int status = lm_loaded_stage(&stage, loaded, cli, id);
    return status == LM_EXIT_OK ? lm_log_show(cli, loaded, stage, how) : status;
}

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct log_args *args = given;
    struct lm_loaded loaded = {0};
    (void)count;
    int status = lm_loaded_plan(&loaded, cli, operands[0], &args->spec, NULL, 0);
    if (status == LM_EXIT_OK)
        status = args->tensorboard != NULL
                     ? write_events(cli, &loaded, operands[1], args->tensorboard)
                     : show_log(cli, &loaded, operands[1], &args->show);
    lm_loaded_release(&loaded);
    return status;
}

const struct lm_command lm_command_log = {
    .name = "log",
    .summary = "notes and curve of a stage, also while it runs; its curves for TensorBoard",
    .operands = "SPEC STAGE",
    .min_operands = 2,
    .max_operands = 2,
    .options = options,
    .args_size = sizeof(struct log_args),
    .example = "lmpipe log experiments/jargon.yaml model",
    .notes = "The last line says how it ended: done, failed, stopped (interrupted, it resumes), "
             "killed, or\n"
             "that it is running. -f waits for a stage that has not begun in a run that is going "
             "on, and\n"
             "follows a stage that another run takes up.\n\n"
             "With --tensorboard the times are steps, and STAGE may mean several instances of a\n"
             "matrix, a folder each: tensorboard --logdir DIR shows them over one another.",
    .run = run,
};
