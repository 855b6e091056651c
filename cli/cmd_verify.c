/* lmpipe verify: results executed again and compared, or their stored bytes read again. */
#include <lmpipe/verify.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"
#include "commands.h"
#include "live.h"
#include "loaded.h"
#include "store_report.h"
#include "verify_file.h"
#include "verify_table.h"

struct verify_args {
    struct lm_spec_args spec; /**< whose store is set from the option below */
    struct lm_option_maybe store;
    const char *interrupt_at;
    int64_t threads, jobs;
    bool rerun, json, allow_commands;
    int progress; /* enum lm_progress */
};

#define ROW(field) .offset = offsetof(struct verify_args, field)

static const struct lm_option options[] = {
    {.name = "rerun",
     .kind = LM_O_FLAG,
     ROW(rerun),
     .help = "execute again and compare: done anyway unless --store says otherwise"},
    {.name = "interrupt-at",
     .kind = LM_O_TEXT,
     ROW(interrupt_at),
     .metavar = "N,M",
     .help = "the same, stopped after these steps (or bytes) and resumed from a checkpoint"},
    {.name = "threads",
     .kind = LM_O_INT,
     ROW(threads),
     .metavar = "N",
     .min = 1,
     .max = 4096,
     .help = "a stage at a time, with exactly N threads (else all, divided)"},
    {.name = "store",
     .kind = LM_O_MAYBE,
     ROW(store),
     .metavar = "[=DIR]",
     .help = "read every stored byte of the results again; with DIR: where the store is"},
    {.name = "set",
     .letter = 'S',
     .kind = LM_O_SETTINGS,
     ROW(spec.settings),
     .metavar = "NAME=VALUE",
     .help = "set a variable, STAGE.PARAM or matrix.AXIS for this time (repeatable)"},
    LM_JOBS_ROW(struct verify_args, jobs),
    LM_ALLOW_COMMANDS_ROW(struct verify_args, allow_commands),
    LM_JSON_ROW(struct verify_args, json, "an object for programs"),
    LM_PROGRESS_ROW(struct verify_args, progress),
    {0},
};

enum { MOST_POSITIONS = 10000 };

/** What one call of the command does. */
struct work {
    struct lm_cli *cli;
    const struct verify_args *args;
    struct lm_selection selection; /**< the targets */
    struct lm_verify_options options;
    struct lm_loaded loaded;
    struct lm_json_writer *json; /**< NULL: lines of text */
    bool reads, runs;            /**< --store; execute again */
};

/* ---- arguments ---- */

/** "3,7,20": steps, each beyond the one before. */
static int read_positions(struct work *work)
{
    const char *text = work->args->interrupt_at;
    uint64_t *positions = LM_NEW_ARRAY(work->cli->arena, uint64_t, MOST_POSITIONS);
    size_t count = 0;
    if (text == NULL)
        return LM_EXIT_OK;
    if (positions == NULL)
        return lm_cli_fail(work->cli, LM_EXIT_STORE, "out of memory");
    for (;; text++) {
        char *end = NULL;
        bool is_number = *text >= '0' && *text <= '9' && count < MOST_POSITIONS;
        unsigned long long step = is_number ? strtoull(text, &end, 10) : 0;
        if (step == 0 || step > INT64_MAX || (count > 0 && step <= positions[count - 1]) ||
            (*end != ',' && *end != '\0'))
            return lm_cli_fail(
                work->cli, LM_EXIT_USAGE,
                "--interrupt-at takes steps (or bytes) from 1 on, each beyond the one before, "
                "such as 3,7");
        positions[count++] = step;
        text = end;
        if (*text == '\0')
            break;
    }
    work->options.interrupt_at = positions;
    work->options.interrupt_count = count;
    return LM_EXIT_OK;
}

static bool is_store(struct lm_cli *cli, const char *path)
{
    const char *version = lm_path_join(cli->arena, path, "VERSION");
    return version != NULL && lm_path_exists(version);
}

/** Elsewhere --store takes a folder: `verify SPEC --store DIR` is understood, since neither specs
 *  nor stages are stores. Returns the operands that are left; *place: the store, or NULL. */
static size_t take_store(const char **place, struct work *work, char **operands, size_t count)
{
    size_t left = 0;
    *place = work->args->store.text;
    work->reads = work->args->store.bare;
    for (size_t i = 0; i < count; i++) {
        if (work->args->store.bare && *place == NULL && is_store(work->cli, operands[i])) {
            *place = operands[i];
            work->reads = false;
        } else {
            operands[left++] = operands[i];
        }
    }
    return left;
}

static int read_arguments(struct work *work, size_t *threads)
{
    const struct verify_args *args = work->args;
    work->runs = args->rerun || args->interrupt_at != NULL || !work->reads;
    work->options.exact = (size_t)args->threads;
    int status = lm_loaded_threads(threads, work->cli, args->threads);
    if (status == LM_EXIT_OK)
        status = lm_loaded_kernels(work->cli);
    return status == LM_EXIT_OK ? read_positions(work) : status;
}

/* ---- the work ---- */

static int read_again(struct work *work, size_t threads)
{
    const struct lm_store_reread what = {.threads = threads,
                                         .root = lm_spec_root(work->loaded.spec),
                                         .plan = work->loaded.plan,
                                         .selection = &work->selection};
    if (work->json != NULL)
        lm_json_key(work->json, "store");
    return lm_store_report(work->cli, work->loaded.store, &what, work->json);
}

static int run_again(struct work *work, size_t threads)
{
    struct lm_cli *cli = work->cli;
    struct lm_err err = {0};
    struct lm_verify_result result = {0};
    struct lm_diags programs = {0};
    struct lm_verify_options *how = &work->options;
    bool silent = work->args->progress == LM_PROGRESS_NONE;
    struct lm_live *live = lm_live_create(cli, (enum lm_progress)work->args->progress);
    if (live == NULL)
        return lm_cli_fail(cli, LM_EXIT_STORE, "out of memory");
    how->run =
        (struct lm_run_options){.worker = cli->worker,
                                .jobs = (int)work->args->jobs,
                                .threads = threads,
                                .kernels = cli->kernels,
                                .on_event = silent ? NULL : lm_live_event,
                                .user = live,
                                .allow_programs = work->args->allow_commands || cli->allow_commands,
                                .programs = &programs,
                                .env = lm_cli_env};
    how->targets = work->selection.targets;
    how->target_count = work->selection.target_count;
    enum lm_status ran = lm_verify(work->loaded.plan, how, &result, &err);
    lm_live_free(live);
    lm_loaded_findings(cli, &programs);
    if (programs.count > 0)
        return LM_EXIT_USAGE;
    if (ran == LM_NOT_FOUND && how->key_count > 0)
        return lm_verify_file_is_old(cli, work->loaded.spec);
    if (ran != LM_OK)
        return lm_cli_fail(cli, ran == LM_NOT_FOUND ? LM_EXIT_USAGE : lm_exit_of(ran), err.text);
    int status = result.exit_code;
    if (work->json != NULL)
        lm_verify_table_write(&result, work->json);
    else
        lm_verify_table_print(&result, cli);
    if (status == LM_EXIT_INTERRUPTED)
        lm_cli_warn(cli, "interrupted; what was stopped is neither proven nor refuted");
    lm_verify_result_release(&result);
    return status;
}

/** Both parts; what a difference or damage says stands before the rest. */
static int verify(struct work *work, const char *spec, size_t threads)
{
    int status = lm_loaded_plan(&work->loaded, work->cli, spec, &work->args->spec, NULL, threads);
    int read = LM_EXIT_OK;
    if (status == LM_EXIT_OK)
        status = lm_loaded_names(&work->loaded, work->cli, &work->selection);
    if (status != LM_EXIT_OK)
        return status;
    if (work->reads)
        read = read_again(work, threads);
    if (work->runs)
        status = run_again(work, threads);
    return status != LM_EXIT_OK ? status : read;
}

/** Of a published file: what it is of is found first. */
static int verify_any(struct work *work, const char *operand, size_t threads)
{
    struct lm_verify_file file = {0};
    if (!lm_verify_file_is_one(operand))
        return verify(work, operand, threads);
    int status = lm_verify_file_find(&file, work->cli, work->args->spec.store, operand);
    if (status != LM_EXIT_OK)
        return status;
    if (work->selection.target_count > 0)
        return lm_cli_fail(work->cli, LM_EXIT_USAGE,
                           "a file says itself which stage it is of; name it alone");
    if (work->json != NULL)
        lm_verify_file_write(&file, work->json);
    else
        lm_verify_file_print(&file, work->cli);
    struct verify_args args = *work->args;
    args.spec.store = file.store;
    if (args.spec.settings.count == 0)
        args.spec.settings = file.settings;
    work->args = &args;
    work->options.keys = &file.key;
    work->options.key_count = 1;
    status = verify(work, file.spec, threads);
    return status;
}

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    struct verify_args args = *(const struct verify_args *)given;
    struct lm_json_writer writer;
    struct lm_buf text;
    struct work work = {.cli = cli, .args = &args, .loaded = {.hold = true}};
    size_t threads = 0;
    count = take_store(&args.spec.store, &work, operands, count);
    if (count == 0)
        return lm_cli_fail(cli, LM_EXIT_USAGE, "name a spec, or a file that was published");
    work.selection = (struct lm_selection){.targets = (const char *const *)(operands + 1),
                                           .target_count = count - 1};
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, true);
    if (args.json) {
        work.json = &writer;
        lm_json_open(&writer, '{');
    }
    int status = read_arguments(&work, &threads);
    bool fine = status == LM_EXIT_OK;
    if (fine)
        status = verify_any(&work, operands[0], threads);
    fine = fine && writer.depth == 1 && text.size > 1; /* something was told, and to its end */
    if (args.json && fine) {
        lm_json_close(&writer, '}');
        lm_buf_putc(&text, '\n');
        fwrite(text.data, 1, text.size, cli->out.file);
    }
    lm_buf_release(&text);
    lm_loaded_release(&work.loaded);
    return status;
}

const struct lm_command lm_command_verify = {
    .name = "verify",
    .summary = "prove results: execute them again and compare",
    .operands = "SPEC|FILE [STAGE…]",
    .min_operands = 1,
    .max_operands = SIZE_MAX,
    .options = options,
    .args_size = sizeof(struct verify_args),
    .example = "lmpipe verify experiments/jargon.yaml model --interrupt-at 3,7",
    .notes =
        "Stages (default all; a target names these alone, as for run) whose results are stored "
        "are\n"
        "executed again from the stored inputs, in a private folder, and compared: same, differs\n"
        "(with the first file, then tensor, record or line that does), no result, failed, not\n"
        "interrupted. The stored results stay as they are. FILE is one that was published, such "
        "as\n"
        "report.html: the stage that made it is found by the file's bytes. Exit status 6: "
        "something\n"
        "differs; 1: something has no result, failed, or no result is known to which FILE "
        "belongs;\n"
        "3: stored bytes are damaged (--store) and were set aside, the next run makes them anew.",
    .run = run,
};
