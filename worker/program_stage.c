#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/path_digest.h"
#include "ctx.h"
#include "outputs.h"
#include "programs.h"
#include "protocol/result.h"
#include "protocol/server.h"

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

/* ---- processes ---- */

/** What a process has for all its stages. */
struct post {
    FILE *events;
    int signal_fd;
    double cpu_seconds; /**< that stages before this one took */
};

static enum lm_status open_post(struct post *post, struct lm_err *err)
{
    *post = (struct post){.signal_fd = -1};
    post->events = fcntl(EVENTS_FD, F_SETFD, FD_CLOEXEC) == 0 ? fdopen(EVENTS_FD, "w") : NULL;
    if (post->events == NULL)
        return lm_fail(err, LM_INVALID, "usage: lmpipe-worker stage JOBFILE 3>EVENTS");
    return take_signals(&post->signal_fd, err);
}

static void close_post(const struct post *post)
{
    if (post->events != NULL)
        fclose(post->events);
    if (post->signal_fd >= 0)
        close(post->signal_fd);
}

/** One stage, from its job file to its report. */
static enum lm_status run_file(bool *may_rest, const struct post *post, const char *path,
                               struct lm_err *err)
{
    struct lm_job job;
    struct lm_arena *arena = lm_arena_create();
    enum lm_status status = LM_OK;
    if (arena == NULL)
        status = lm_fail(err, LM_NOMEM, "out of memory reading a job");
    if (status == LM_OK)
        status = lm_job_load(&job, arena, lm_stage_table, path, err);
    *may_rest = false;
    if (status == LM_OK) {
        status = run_job(&job, post->events, post->signal_fd, err);
        *may_rest = status == LM_OK && job.may_rest;
    }
    lm_arena_free(arena);
    return status;
}

static int exit_of(enum lm_status status, const struct lm_err *err)
{
    if (status != LM_OK && status != LM_CANCELLED)
        fprintf(stderr, "error: %s\n", err->text);
    return status == LM_OK ? 0 : status == LM_CANCELLED ? EXIT_INTERRUPTED : 1;
}

int lm_program_stage(int argc, char **argv)
{
    struct lm_err err = {LM_OK, ""};
    struct post post;
    bool may_rest = false;
    enum lm_status status = open_post(&post, &err);
    if (status == LM_OK && argc != 2)
        status = lm_fail(&err, LM_INVALID, "usage: lmpipe-worker stage JOBFILE 3>EVENTS");
    if (status == LM_OK)
        status = run_file(&may_rest, &post, argv[1], &err);
    int code = exit_of(status, &err);
    close_post(&post);
    return code;
}

static double seconds_of(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec * 1e-6;
}

/** The peak of resident memory is counted from here on (Linux: clear_refs). */
static bool forget_peak(void)
{
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, "5", 1) == 1;
    if (fd >= 0)
        close(fd);
    return done;
}

/* In builds that check, every process ends by itself, since leaks are looked for then. */
#ifdef NDEBUG
#define RESTS true
#else
#define RESTS false
#endif

/** May this process take another stage? It was not for long, and has not grown: then what it costs
 *  to make a process and to end one would be most of the next one's work. Tells the runner. */
static bool rest(struct post *post)
{
    enum { LIGHT_SECONDS = 1, LIGHT_MEMORY = 96 << 20 };

    struct rusage usage;
    fflush(NULL); /* the next one's words go elsewhere */
    if (!RESTS || getrusage(RUSAGE_SELF, &usage) != 0)
        return false;
    double cpu = seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime);
    struct lm_server_rest told = {.cpu_seconds = cpu - post->cpu_seconds,
                                  .memory = (uint64_t)usage.ru_maxrss * 1024};
    post->cpu_seconds = cpu;
    return told.cpu_seconds < LIGHT_SECONDS && told.memory < LIGHT_MEMORY && forget_peak() &&
           lm_server_rest_write(post->events, &told, NULL) == LM_OK;
}

int lm_stages_run(char *job)
{
    struct lm_err err = {LM_OK, ""};
    struct post post;
    bool goes_on = false;
    enum lm_status status = open_post(&post, &err);
    if (status == LM_OK)
        status = run_file(&goes_on, &post, job, &err);
    while (goes_on && rest(&post)) {
        int log;
        goes_on = lm_server_receive(EVENTS_FD, job, &log, NULL, NULL) == LM_OK;
        if (!goes_on)
            break;
        goes_on = dup2(log, 1) == 1 && dup2(log, 2) == 2;
        close(log);
        status = goes_on ? run_file(&goes_on, &post, job, &err)
                         : lm_fail_errno(&err, errno, "cannot take another stage");
    }
    int code = exit_of(status, &err);
    close_post(&post);
    return code;
}
