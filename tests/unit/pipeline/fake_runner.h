/** A whole runner for tests: one stage type that does as its parameters say, a worker that is the
 *  test program itself, a project folder with a spec and a store. A test program begins its main
 *  with fake_worker(argc, argv), which ends the process when it was started as a worker. */
#ifndef LM_TESTS_FAKE_RUNNER_H
#define LM_TESTS_FAKE_RUNNER_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lmpipe/pipeline.h>

#include "base/io.h"
#include "plan/plan.h"
#include "worker/ctx.h"
#include "worker/programs.h"

/* ---- the stage type "make": says `word`, after what it is given ---- */

struct fake_make {
    const char *word, *act, *note, *file;
    double value;
    int64_t steps, pause;
};

static const char *const fake_acts[] = {"write", "fail",  "crash", "exit",    "vanish",
                                        "extra", "link",  "hang",  "deaf",    "once",
                                        "count", "touch", "big",   "unserve", NULL};

/* What is not in the key lets a test change behaviour without changing the action. */
static const struct lm_param fake_make_rows[] = {
    {LM_FIELD(struct fake_make, word), .type = LM_P_STR, .def_str = "", .help = "what to write"},
    {LM_FIELD(struct fake_make, act), .type = LM_P_ENUM, .def_str = "write", .choices = fake_acts,
     .flags = LM_PARAM_NOT_IN_KEY, .help = "what to do"},
    {LM_FIELD(struct fake_make, note), .type = LM_P_STR, .def_str = "",
     .flags = LM_PARAM_NOT_IN_KEY, .help = "a file that is appended to when the stage runs"},
    {LM_FIELD(struct fake_make, file), .type = LM_P_PATH, .help = "a file in the key"},
    {LM_FIELD(struct fake_make, value), .type = LM_P_FLOAT, .help = "the metric"},
    {LM_FIELD(struct fake_make, steps), .type = LM_P_INT, .def_int = 1, .min = 1, .max = 1e6,
     .help = "steps of `count`"},
    {LM_FIELD(struct fake_make, pause), .type = LM_P_INT, .min = 0, .max = 1e6,
     .flags = LM_PARAM_NOT_IN_KEY, .help = "milliseconds of each step"},
    {0},
};

static const struct lm_port fake_make_in[] = {
    {"from", "text", "what comes before", LM_PORT_LIST | LM_PORT_OPTIONAL}, {0}};
static const struct lm_port fake_make_out[] = {
    {"text", "text", "the words", LM_PORT_FOLDER}, {"card", "card", "a file", 0}, {0}};

static const struct lm_metric_row fake_make_metrics[] = {
    {"{,bad.,absent.}value", NULL, LM_BETTER_LOWER, "the value, one not finite, one never given"},
    {0}};
/* A page is told about the experiment, which is all that it writes. */
static const struct lm_port fake_page_out[] = {
    {"text", "text", "the facts", LM_PORT_FOLDER}, {"junit", "junit", "the facts", 0}, {0}};

static const struct lm_stage lm_stage_make = {.name = "make",
                                              .version = 1,
                                              .summary = "writes words",
                                              .flags = LM_STAGE_STEPS, /* of `count` */
                                              .inputs = fake_make_in,
                                              .outputs = fake_make_out,
                                              .params = fake_make_rows,
                                              .params_size = sizeof(struct fake_make),
                                              .metrics = fake_make_metrics};
static const struct lm_stage lm_stage_page = {.name = "page",
                                              .version = 1,
                                              .summary = "writes what it is told",
                                              .flags = LM_STAGE_EXPERIMENT,
                                              .inputs = fake_make_in,
                                              .outputs = fake_page_out,
                                              .params = fake_make_rows,
                                              .params_size = sizeof(struct fake_make)};
const struct lm_stage *const lm_stage_table[] = {&lm_stage_make, &lm_stage_page, NULL};

static inline enum lm_status fake_write(const char *folder, const char *name, const char *text,
                                        struct lm_err *err)
{
    char path[4200];
    snprintf(path, sizeof path, "%.4000s/%.100s", folder, name);
    return lm_file_write(path, text, strlen(text), err);
}

/** The words of the inputs, then the own one; counted steps must show in the result alone. */
static inline enum lm_status fake_words(struct lm_ctx *ctx, const struct fake_make *p,
                                        char words[8192], struct lm_err *err)
{
    size_t used = 0;
    for (size_t i = 0; i < lm_ctx_input_count(ctx, "from"); i++) {
        char path[4200];
        char *text;
        snprintf(path, sizeof path, "%s/sub/words", lm_ctx_input_at(ctx, "from", i));
        LM_TRY(lm_file_read(&text, NULL, lm_ctx_arena(ctx), path, 4096, err));
        used += (size_t)snprintf(words + used, 8192 - used, "%s ", text);
    }
    snprintf(words + used, 8192 - used, "%s", p->word);
    return LM_OK;
}

static inline void fake_sleep(int64_t ms)
{
    usleep((useconds_t)ms * 1000);
}

/** Counts steps with checkpoints: the sum is the same however often it is interrupted. */
static inline enum lm_status fake_count(struct lm_ctx *ctx, const struct fake_make *p,
                                        uint64_t *sum, struct lm_err *err)
{
    uint64_t at = 0;
    void *data = NULL;
    size_t size = 0;
    *sum = 0;
    LM_TRY(lm_ctx_checkpoint_load(ctx, &at, &data, &size, err));
    if (data == NULL)
        at = 0;
    else if (size == sizeof *sum)
        memcpy(sum, data, size);
    for (; at < (uint64_t)p->steps; at++) {
        if (lm_ctx_cancelled(ctx)) {
            LM_TRY(lm_ctx_checkpoint_save(ctx, at, sum, sizeof *sum, err));
            return lm_fail(err, LM_CANCELLED, "interrupted");
        }
        *sum = *sum * 31 + at;
        fake_sleep(p->pause);
        lm_ctx_progress(ctx, at + 1, (uint64_t)p->steps, "steps");
        lm_ctx_gauge(ctx, "sum", (double)*sum);
        if (at % 5 == 0)
            LM_TRY(lm_ctx_checkpoint_save(ctx, at + 1, sum, sizeof *sum, err));
    }
    return LM_OK;
}

/** Kills the server that this stage was forked from: the runner's other child, "… serve". */
static inline void fake_kill_server(void)
{
    DIR *proc = opendir("/proc");
    for (struct dirent *entry; proc != NULL && (entry = readdir(proc)) != NULL;) {
        char path[300], text[200] = "", *paren;
        int pid = atoi(entry->d_name), parent = 0;
        snprintf(path, sizeof path, "/proc/%d/stat", pid);
        FILE *file = pid > 0 && pid != getpid() ? fopen(path, "re") : NULL;
        if (file != NULL && fgets(text, sizeof text, file) != NULL &&
            (paren = strrchr(text, ')')) != NULL)
            sscanf(paren + 1, " %*c %d", &parent);
        if (file != NULL)
            fclose(file);
        if (parent == getppid())
            kill(pid, SIGKILL);
    }
    if (proc != NULL)
        closedir(proc);
}

static inline enum lm_status fake_misbehave(struct lm_ctx *ctx, const struct fake_make *p,
                                            struct lm_err *err)
{
    const char *folder = lm_ctx_output(ctx, "text");
    char path[4200];
    if (strcmp(p->act, "fail") == 0)
        return lm_fail(err, LM_INVALID, "told to fail; tell it otherwise");
    if (strcmp(p->act, "crash") == 0) {
        fprintf(stderr, "last words\n");
        signal(SIGSEGV, SIG_DFL);
        raise(SIGSEGV);
    }
    if (strcmp(p->act, "exit") == 0)
        _exit(9);
    if (strcmp(p->act, "unserve") == 0)
        fake_kill_server();
    if (strcmp(p->act, "extra") == 0) {
        snprintf(path, sizeof path, "%s/../surplus", folder);
        return lm_file_write(path, "x", 1, err);
    }
    if (strcmp(p->act, "vanish") == 0)
        return unlink(lm_ctx_output(ctx, "card")) == 0 ? LM_OK : LM_IO;
    if (strcmp(p->act, "link") == 0) {
        snprintf(path, sizeof path, "%s/link", folder);
        return symlink("/etc/passwd", path) == 0 ? LM_OK : LM_IO;
    }
    if (strcmp(p->act, "touch") == 0)
        return lm_file_write(p->file, "changed", 7, err);
    if (strcmp(p->act, "once") == 0 && access(p->note, F_OK) != 0)
        return lm_fail(err, LM_NETWORK, "the first attempt fails; try again");
    while (strcmp(p->act, "deaf") == 0 || (strcmp(p->act, "hang") == 0 && !lm_ctx_cancelled(ctx)))
        fake_sleep(5);
    return strcmp(p->act, "hang") == 0 ? lm_fail(err, LM_CANCELLED, "interrupted") : LM_OK;
}

/** Appends a byte to a file, whatever happens afterwards: how often a stage ran. */
static inline void fake_mark(const char *path)
{
    int fd = path[0] != '\0' ? open(path, O_WRONLY | O_APPEND | O_CREAT, 0644) : -1;
    if (fd >= 0 && write(fd, ".", 1) == 1)
        close(fd);
}

static inline enum lm_status fake_make_run(struct lm_ctx *ctx, const void *params,
                                           struct lm_err *err)
{
    const struct fake_make *p = params;
    char words[8192], sub[4200], card[64];
    uint64_t sum = 0;
    const char *folder = lm_ctx_output(ctx, "text");
    lm_ctx_note(ctx, "making %s", p->word);
    LM_TRY(fake_words(ctx, p, words, err));
    if (strcmp(p->act, "once") != 0)
        fake_mark(p->note);
    snprintf(sub, sizeof sub, "%s/sub", folder);
    LM_TRY(lm_dir_create(sub, err));
    LM_TRY(fake_write(sub, "words", words, err));
    LM_TRY(fake_write(folder, "note with space.txt", "same in all", err));
    if (strcmp(p->act, "count") == 0)
        LM_TRY(fake_count(ctx, p, &sum, err));
    else
        fake_sleep(p->pause);
    snprintf(card, sizeof card, "%" PRIu64 "\n", sum);
    LM_TRY(lm_file_write(lm_ctx_output(ctx, "card"), card, strlen(card), err));
    enum lm_status status = fake_misbehave(ctx, p, err);
    if (strcmp(p->act, "once") == 0)
        fake_mark(p->note);
    lm_ctx_result(ctx, "value", p->value);
    lm_ctx_result(ctx, "bad.value", (double)NAN);
    lm_ctx_headline(ctx, "said %s", p->word);
    return status;
}

static inline enum lm_status fake_page_run(struct lm_ctx *ctx, const void *params,
                                           struct lm_err *err)
{
    const struct fake_make *p = params;
    char sub[4200];
    const char *facts = lm_ctx_experiment(ctx);
    fake_mark(p->note);
    snprintf(sub, sizeof sub, "%s/sub", lm_ctx_output(ctx, "text"));
    LM_TRY(lm_dir_create(sub, err));
    LM_TRY(fake_write(sub, "words", "page", err));
    return lm_file_write(lm_ctx_output(ctx, "junit"), facts, strlen(facts), err);
}

const struct lm_stage_run lm_run_table[] = {
    {"make", fake_make_run}, {"page", fake_page_run}, {NULL, NULL}};

static inline void fake_worker(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "serve") == 0)
        exit(lm_program_serve(argc - 1, argv + 1));
    if (argc > 1 && strcmp(argv[1], "differ") == 0)
        exit(lm_program_differ(argc - 1, argv + 1));
}

/* ---- a project ---- */

struct fake_project {
    char root[64], spec[128], store[128], note[128];
    struct lm_arena *arena;
    /* of the last fake_run */
    struct lm_spec *loaded;
    struct lm_store *opened;
    struct lm_plan *plan;
    struct lm_run_result result;
    struct lm_err err;
    enum lm_status status;
    int events[16]; /**< how many of each kind */
    char notes[4096];
};

static inline void fake_write_spec(struct fake_project *project, const char *format, ...)
{
    char text[8192];
    va_list args;
    int n = snprintf(text, sizeof text, "lmpipe: 1\nexperiment: fake\nstages:\n");
    va_start(args, format);
    vsnprintf(text + n, sizeof text - (size_t)n, format, args);
    va_end(args);
    if (lm_file_write(project->spec, text, strlen(text), NULL) != LM_OK)
        abort();
}

static inline void fake_project_init(struct fake_project *project)
{
    memset(project, 0, sizeof *project);
    snprintf(project->root, sizeof project->root, "/tmp/lmpipe-test-runner-XXXXXX");
    if (mkdtemp(project->root) == NULL)
        abort();
    snprintf(project->spec, sizeof project->spec, "%s/fake.yaml", project->root);
    snprintf(project->store, sizeof project->store, "%s/store", project->root);
    snprintf(project->note, sizeof project->note, "%s/ran", project->root);
    project->arena = lm_arena_create();
}

static inline void fake_run_release(struct fake_project *project)
{
    lm_run_result_release(&project->result);
    lm_plan_free(project->plan);
    lm_store_close(project->opened);
    project->plan = NULL;
    project->opened = NULL;
}

static inline void fake_project_release(struct fake_project *project)
{
    fake_run_release(project);
    lm_dir_remove(project->root, NULL);
    lm_arena_free(project->arena);
}

static inline void fake_event(void *user, const struct lm_run_event *event)
{
    struct fake_project *project = user;
    project->events[event->kind]++;
    if (event->kind == LM_EV_NOTE && event->text != NULL) {
        size_t used = strlen(project->notes);
        snprintf(project->notes + used, sizeof project->notes - used, "%s\n", event->text);
    }
}

/** Loads, plans and runs the spec; options may be NULL. False when it did not come to a run. */
static inline bool fake_run(struct fake_project *project, const struct lm_run_options *options,
                            const struct lm_selection *selection)
{
    struct lm_diags diags = {0};
    struct lm_spec_options spec_options = {.types = lm_stage_table};
    struct lm_plan_options plan_options = {.worker = "/proc/self/exe"};
    struct lm_run_options run_options = {.threads = 2};
    if (options != NULL)
        run_options = *options;
    if (selection != NULL)
        plan_options.selection = *selection;
    run_options.worker = "/proc/self/exe";
    run_options.on_event = fake_event;
    run_options.user = project;
    fake_run_release(project);
    memset(project->events, 0, sizeof project->events);
    project->notes[0] = '\0';
    project->err = (struct lm_err){LM_OK, ""};
    project->status = lm_spec_load(&project->loaded, &diags, project->arena, project->spec,
                                   &spec_options, &project->err);
    for (size_t i = 0; i < diags.count; i++)
        printf("# %s\n", lm_diag_format(project->arena, &diags.items[i]));
    if (project->status == LM_OK)
        project->status = lm_store_open(&project->opened, project->store, &project->err);
    if (project->status == LM_OK)
        project->status = lm_plan_create(&project->plan, project->loaded, project->opened,
                                         &plan_options, &project->err);
    if (project->status == LM_OK)
        project->status = lm_run(project->plan, &run_options, &project->result, &project->err);
    if (project->status != LM_OK)
        printf("# %s\n", project->err.text);
    return project->status == LM_OK;
}

/** State of a stage in the last run's rows. */
static inline enum lm_state fake_state(const struct fake_project *project, const char *stage)
{
    for (size_t i = 0; i < project->result.row_count; i++)
        if (strcmp(project->result.rows[i].stage, stage) == 0)
            return project->result.rows[i].state;
    return LM_MAYBE;
}

static inline const char *fake_error(const struct fake_project *project, const char *stage)
{
    for (size_t i = 0; i < project->result.row_count; i++)
        if (strcmp(project->result.rows[i].stage, stage) == 0)
            return project->result.rows[i].error != NULL ? project->result.rows[i].error : "";
    return "";
}

/** How often stages ran that were told to mark it. */
static inline int64_t fake_marks(const struct fake_project *project)
{
    struct stat st;
    return stat(project->note, &st) == 0 ? (int64_t)st.st_size : 0;
}

/** Digest of an output that is up to date after the last run, or "". */
static inline const char *fake_digest(const struct fake_project *project, const char *stage,
                                      const char *port)
{
    struct lm_plan *plan = NULL;
    const struct lm_plan_options options = {.worker = "/proc/self/exe"};
    const char *digest = NULL;
    if (lm_plan_create(&plan, project->loaded, project->opened, &options, NULL) != LM_OK)
        return "";
    const struct lm_record *record =
        plan->stages[lm_spec_find(project->loaded, stage, NULL)].record;
    const struct lm_output *output = record != NULL ? lm_record_output(record, port) : NULL;
    if (output != NULL)
        digest = lm_arena_strdup(project->arena, output->digest);
    lm_plan_free(plan);
    return digest != NULL ? digest : "";
}

#endif
