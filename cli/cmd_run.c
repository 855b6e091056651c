/* lmpipe run: bring stages up to date. */
#include "commands.h"
#include "live.h"
#include "loaded.h"
#include "run_table.h"

struct run_args {
    struct lm_select_args select; /* first: LM_SELECT_ROWS */
    int64_t jobs, threads;
    bool dry_run, keep_going, offline, ci, lock, locked, verify_hits, allow_commands;
    double deadline;
    int progress; /* enum lm_progress */
};

#define ROW(field) .offset = offsetof(struct run_args, field)

static const struct lm_option options[] = {
    LM_SPEC_ROWS,
    LM_SELECT_ROWS,
    {.name = "dry-run",
     .letter = 'n',
     .kind = LM_O_FLAG,
     ROW(dry_run),
     .help = "print the plan and execute nothing"},
    LM_JOBS_ROW(struct run_args, jobs),
    {.name = "threads",
     .kind = LM_O_INT,
     ROW(threads),
     .metavar = "N",
     .min = 1,
     .max = 4096,
     .help = "the whole budget of threads (else LMPIPE_THREADS, else the cores allowed)"},
    {.name = "keep-going",
     .letter = 'k',
     .kind = LM_O_FLAG,
     ROW(keep_going),
     .help = "after a failure go on with what does not depend on it"},
    {.name = "lock",
     .kind = LM_O_FLAG,
     ROW(lock),
     .help = "at the end bring STEM.lock, beside STEM.yaml, up to date"},
    {.name = "locked",
     .kind = LM_O_FLAG,
     ROW(locked),
     .help = "stop at the first stage that is not as STEM.lock pins it; exit 6"},
    {.name = "offline", .kind = LM_O_FLAG, ROW(offline), .help = "open no network connection"},
    LM_ALLOW_COMMANDS_ROW(struct run_args, allow_commands),
    {.name = "verify-hits",
     .kind = LM_O_FLAG,
     ROW(verify_hits),
     .help = "read every byte of stored results before they are used"},
    {.name = "deadline",
     .kind = LM_O_DURATION,
     ROW(deadline),
     .metavar = "T",
     .help = "checkpoint and stop after 90s, 10m, 2h; exit 75"},
    {.name = "ci",
     .kind = LM_O_FLAG,
     ROW(ci),
     .help = "for jobs of CI: plain lines, annotations; junit-run.xml, metrics.json, "
             "provenance.json and summary.md beside what is published"},
    LM_PROGRESS_ROW(struct run_args, progress),
    {0},
};

static int check_lock(struct lm_cli *cli, const struct run_args *args)
{
    if (args->lock && args->locked)
        return lm_cli_fail(cli, LM_EXIT_USAGE,
                           "--lock writes the lock file and --locked holds the run to it; give one "
                           "of the two");
    if (args->dry_run && (args->lock || args->locked))
        return lm_cli_fail(cli, LM_EXIT_USAGE,
                           "--dry-run executes nothing, so there is nothing to lock; leave out one "
                           "of the two");
    return LM_EXIT_OK;
}

/* A job of CI whose run did not begin: what an earlier one left must not stand as if it were its.
 */
static void forget(struct lm_cli *cli, const struct lm_loaded *loaded)
{
    struct lm_err err = {0};
    const struct lm_spec *spec = loaded->spec != NULL ? loaded->spec : loaded->refused;
    size_t removed = 0;
    if (spec == NULL)
        return;
    if (lm_run_forget(spec, &removed, &err) != LM_OK)
        lm_cli_warn(cli, err.text);
    if (removed == 0)
        return;
    const char *text = lm_arena_printf(
        cli->arena,
        "artifacts/%s: removed what an earlier run left there (%zu), as this one did "
        "not begin",
        lm_spec_experiment(spec), removed);
    lm_cli_warn(cli, text != NULL ? text : "removed what an earlier run left");
}

/* What the job is shown of a run that took place: what failed stands in its table already. */
static void show_job(struct lm_cli *cli, const struct lm_run_result *result)
{
    if (cli->job == NULL)
        return;
    for (size_t i = 0; i < result->findings.count; i++)
        lm_ci_note(cli->job, cli->arena, &result->findings.items[i]);
    lm_ci_show(cli, result->summary);
}

/* The same of one that did not begin; of a plan (--dry-run) there is no summary. */
static void show_refusal(struct lm_cli *cli, int status, bool dry_run)
{
    struct lm_buf summary;
    lm_buf_init(&summary, 0);
    if (!dry_run)
        lm_ci_refusal_write(&summary, cli->job, status);
    lm_ci_show(cli, dry_run || summary.failed ? NULL : summary.data);
    lm_buf_release(&summary);
}

/* What came of a run that took place; its exit status. */
static int tell_end(struct lm_cli *cli, const struct lm_run_result *result)
{
    int exit_code = result->exit_code;
    lm_run_table_print(result, cli);
    lm_run_table_published(result, cli);
    if (result->error != NULL && exit_code == LM_EXIT_DIFFERS)
        lm_cli_tell(cli, result->error);
    else if (result->error != NULL)
        lm_cli_fail(cli, exit_code, result->error);
    if (exit_code == LM_EXIT_INTERRUPTED)
        lm_cli_warn(cli, "interrupted; the same command resumes");
    show_job(cli, result);
    return exit_code;
}

static int execute(struct lm_cli *cli, struct lm_loaded *loaded, const struct run_args *args,
                   size_t threads, bool *began)
{
    struct lm_err err = {0};
    struct lm_run_result result = {0};
    struct lm_diags programs = {0};
    struct lm_run_options run_options = {
        .worker = cli->worker,
        .jobs = (int)args->jobs,
        .threads = threads,
        .kernels = cli->kernels,
        .keep_going = args->keep_going,
        .offline = args->offline,
        .deadline = args->deadline,
        .ci = args->ci,
        .lock = args->lock     ? LM_LOCK_WRITE
                : args->locked ? LM_LOCK_HOLD
                               : LM_LOCK_NONE,
        .job = cli->job != NULL ? &cli->job->job : NULL,
        .allow_programs = args->allow_commands || cli->allow_commands,
        .programs = &programs,
        .on_event = args->progress == LM_PROGRESS_NONE ? NULL : lm_live_event,
        .env = lm_cli_env,
    };
    enum lm_status refused = lm_plan_refusal(loaded->plan, &err);
    if (refused != LM_OK)
        return lm_cli_fail(cli, refused == LM_IO ? LM_EXIT_STORE : LM_EXIT_USAGE, err.text);
    struct lm_diags warnings = lm_plan_warnings(loaded->plan);
    lm_loaded_findings(cli, &warnings);
    bool plain = args->ci && args->progress == LM_PROGRESS_AUTO;
    struct lm_live *live =
        lm_live_create(cli, plain ? LM_PROGRESS_PLAIN : (enum lm_progress)args->progress);
    if (live == NULL)
        return lm_cli_fail(cli, LM_EXIT_STORE, "out of memory");
    run_options.user = live;
    enum lm_status ran = lm_run(loaded->plan, &run_options, &result, &err);
    lm_live_free(live);
    lm_loaded_findings(cli, &programs);
    if (programs.count > 0)
        return LM_EXIT_USAGE;
    if (ran != LM_OK)
        return lm_cli_fail(cli, lm_exit_of(ran), err.text);
    *began = true;
    int exit_code = tell_end(cli, &result);
    lm_run_result_release(&result);
    return exit_code;
}

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct run_args *args = given;
    struct lm_loaded loaded = {.hold = !args->dry_run, .verify_hits = args->verify_hits};
    struct lm_selection selection;
    struct lm_ci job;
    size_t threads;
    bool began = false;
    if (args->ci) {
        lm_ci_init(&job, cli->arena, lm_cli_env, NULL);
        cli->job = &job;
    }
    int status = lm_loaded_threads(&threads, cli, args->threads);
    if (status == LM_EXIT_OK)
        status = lm_loaded_kernels(cli);
    if (status == LM_EXIT_OK)
        status = check_lock(cli, args);
    if (status == LM_EXIT_OK)
        status = lm_selection_read(&selection, cli, &args->select, operands + 1, count - 1);
    bool is_read = status == LM_EXIT_OK;
    if (is_read)
        status = lm_loaded_plan(&loaded, cli, operands[0], &args->select.spec, &selection, threads);
    if (status == LM_EXIT_OK)
        status = args->dry_run ? lm_loaded_print_plan(&loaded, cli, false)
                               : execute(cli, &loaded, args, threads, &began);
    if (args->ci && !args->dry_run && !began) {
        if (!is_read)
            lm_loaded_spec(&loaded, cli, operands[0], &args->select.spec, 0);
        forget(cli, &loaded);
    }
    if (args->ci && !began)
        show_refusal(cli, status, args->dry_run);
    cli->job = NULL;
    lm_loaded_release(&loaded);
    return status;
}

const struct lm_command lm_command_run = {
    .name = "run",
    .summary = "bring the stages (default all) up to date",
    .operands = "SPEC [STAGE…]",
    .min_operands = 1,
    .max_operands = SIZE_MAX,
    .options = options,
    .args_size = sizeof(struct run_args),
    .example = "lmpipe run experiments/jargon.yaml",
    .notes = "Stages run when their key (type, parameters, inputs) has no stored result. Ctrl-C\n"
             "checkpoints and stops with exit status 75; the same command resumes. Ends with a\n"
             "table on stdout and the paths of what was published.\n" LM_SELECT_NOTES,
    .run = run,
};
