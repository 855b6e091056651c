#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/path_digest.h"
#include "ctx.h"
#include "outputs.h"
#include "programs.h"
#include "protocol/result.h"

#define EVENTS_FD 3
#define EXIT_INTERRUPTED 75

/** SIGTERM asks for a checkpoint. What a terminal sends (SIGINT, SIGHUP) reaches the runner too,
 * which decides. */
static enum lm_status take_signals(int *signal_fd, struct lm_err *err)
{
    sigset_t stop, blocked;
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    blocked = stop;
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &blocked, NULL) != 0)
        return lm_fail_errno(err, errno, "cannot block signals");
    *signal_fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
    return *signal_fd >= 0 ? LM_OK : lm_fail_errno(err, errno, "cannot take signals");
}

static lm_run_fn *find_run(const char *type)
{
    for (const struct lm_stage_run *row = lm_run_table; row->name != NULL; row++)
        if (strcmp(row->name, type) == 0)
            return row->run;
    return NULL;
}

static enum lm_status digest_file(void *user, struct lm_digest *out, const char *path,
                                  struct lm_err *err)
{
    (void)user;
    return lm_sha256_file(out, NULL, path, err);
}

/** The result belongs to its key only if the files in the key are still what they were. */
static enum lm_status check_files(const struct lm_job *job, struct lm_err *err)
{
    for (size_t i = 0; i < job->file_count; i++) {
        struct lm_digest digest;
        char hex[LM_DIGEST_HEX];
        const char *path = job->files[i].path;
        LM_TRY(lm_path_digest(&digest, path, digest_file, NULL, err));
        lm_digest_hex(hex, &digest);
        if (strncmp(job->files[i].digest, "sha256:", 7) != 0 ||
            strcmp(job->files[i].digest + 7, hex) != 0)
            return lm_fail(err, LM_MISMATCH, "%s changed while the stage ran; run again", path);
    }
    return LM_OK;
}

/** Tells the runner what has come of it; ctx NULL: it did not come to run. */
static enum lm_status report(FILE *events, const struct lm_ctx *ctx, struct lm_output *outputs,
                             size_t count, enum lm_status status, const struct lm_err *why,
                             struct lm_arena *arena, struct lm_err *err)
{
    struct lm_result result = {
        .status = status, .error = why->text, .error_number = why->error_number};
    if (status != LM_OK)
        return lm_result_write(events, &result, err);
    result.outputs = outputs;
    result.output_count = count;
    result.headline = lm_ctx_headline_text(ctx);
    result.sources = lm_ctx_sources(ctx, &result.source_count);
    result.metric_count = lm_ctx_result_count(ctx);
    result.metrics = LM_NEW_ARRAY(arena, struct lm_metric, result.metric_count);
    if (result.metrics == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory reporting the result");
    for (size_t i = 0; i < result.metric_count; i++)
        result.metrics[i].value = lm_ctx_result_at(ctx, i, &result.metrics[i].name);
    return lm_result_write(events, &result, err);
}

static enum lm_status run_job(const struct lm_job *job, FILE *events, int signal_fd,
                              struct lm_err *err)
{
    struct lm_ctx *ctx = NULL;
    struct lm_output *outputs = NULL;
    size_t count = 0;
    struct lm_err trouble;
    struct lm_arena *arena = lm_arena_create();
    lm_run_fn *run = find_run(job->stage->name);
    if (run == NULL || arena == NULL) {
        lm_arena_free(arena);
        return lm_fail(err, LM_INTERNAL, "stage type %s has no work in this worker",
                       job->stage->name);
    }
    enum lm_status status = lm_ctx_create(&ctx, job, events, signal_fd, err);
    if (status == LM_OK) {
        status = run(ctx, job->params, err);
        lm_ctx_flush(ctx);
    }
    if (status == LM_OK) {
        lm_ctx_doing(ctx, "hashing what it made");
        status = check_files(job, err);
    }
    if (status == LM_OK)
        status = lm_outputs_collect(&outputs, &count, arena, job, err);
    if (report(events, ctx, outputs, count, status, err, arena, &trouble) != LM_OK)
        status = status != LM_OK ? status : lm_fail(err, trouble.status, "%s", trouble.text);
    lm_ctx_free(ctx);
    lm_arena_free(arena);
    return status;
}

int lm_program_stage(int argc, char **argv)
{
    struct lm_err err = {LM_OK, ""};
    struct lm_job job;
    int signal_fd = -1;
    struct lm_arena *arena = lm_arena_create();
    FILE *events = fcntl(EVENTS_FD, F_SETFD, FD_CLOEXEC) == 0 ? fdopen(EVENTS_FD, "w") : NULL;
    enum lm_status status = LM_OK;
    if (argc != 2 || arena == NULL || events == NULL)
        status = lm_fail(&err, LM_INVALID, "usage: lmpipe-worker stage JOBFILE 3>EVENTS");
    if (status == LM_OK)
        status = take_signals(&signal_fd, &err);
    if (status == LM_OK)
        status = lm_job_load(&job, arena, lm_stage_table, argv[1], &err);
    if (status == LM_OK)
        status = run_job(&job, events, signal_fd, &err);
    if (status != LM_OK && status != LM_CANCELLED)
        fprintf(stderr, "error: %s\n", err.text);
    if (events != NULL)
        fclose(events);
    if (signal_fd >= 0)
        close(signal_fd);
    lm_arena_free(arena);
    return status == LM_OK ? 0 : status == LM_CANCELLED ? EXIT_INTERRUPTED : 1;
}
