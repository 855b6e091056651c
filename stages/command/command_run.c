/* Stage type command: the work. A program is executed, what it prints goes to the log, and what it
 * makes is looked at. */
#include <lmpipe/stage.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "command_guard.h"
#include "command_log.h"
#include "command_outputs.h"
#include "command_params.h"
#include "command_setup.h"

enum { CHUNK = 64 << 10, POLL_MS = 100 };

/* ---- while it runs ---- */

/** Takes what has been printed; false at the end of the stream. */
static bool relay(struct command_log *log, int fd, bool is_error)
{
    char chunk[CHUNK];
    ssize_t size = read(fd, chunk, sizeof chunk);
    if (size > 0)
        command_log_add(log, chunk, (size_t)size, is_error);
    return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

/** What is listened to: the guard's report, then the two streams; -1: nothing more comes. */
enum { REPORT, OUT, ERR, SOURCES };

static void take(struct pollfd *fds, struct command_log *log)
{
    for (int i = OUT; i < SOURCES; i++)
        if (fds[i].revents != 0 && !relay(log, fds[i].fd, i == ERR))
            fds[i].fd = -1;
    if (fds[REPORT].revents != 0)
        fds[REPORT].fd = -1;
}

/** Until the guard reports that all of it has ended, and everything that was printed is read. */
static void wait_for(struct lm_ctx *ctx, const struct command_guard *guard, struct command_log *log)
{
    struct pollfd fds[SOURCES] = {{.fd = guard->report, .events = POLLIN},
                                  {.fd = guard->out, .events = POLLIN},
                                  {.fd = guard->err, .events = POLLIN}};
    bool asked = false;
    for (;;) {
        bool ended = fds[REPORT].fd < 0;
        int ready = poll(fds, SOURCES, ended ? 0 : POLL_MS);
        if (ready > 0)
            take(fds, log);
        else if (ended)
            return; /* also when somebody out of reach holds the other end of a stream */
        if (!asked && lm_ctx_cancelled(ctx)) {
            asked = true;
            command_guard_stop(guard);
        }
    }
}

/* ---- how it ended ---- */

static enum lm_status not_started(const struct command_start *start, int error, struct lm_err *err)
{
    static const struct {
        int error;
        const char *text;
    } known[] = {
        {EACCES, "it is not executable; run it by its interpreter, such as [python3, FILE], or "
                 "chmod +x it"},
        {ENOEXEC, "it is no program, and has no #! line; run it by its interpreter, such as [sh, "
                  "FILE]"},
        {ENOENT, "it is not there, or the interpreter of its #! line is not"},
        {E2BIG, "its arguments and environment are too long; hand over a file"},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].error == error)
            return lm_fail(err, LM_INVALID, "%s cannot be executed: %s", start->argv[0],
                           known[i].text);
    return lm_fail_errno(err, error, "%s cannot be executed", start->argv[0]);
}

/** By a signal that nobody here has sent. */
static enum lm_status killed(const struct command_start *start, const struct command_report *report,
                             const char *words, struct lm_err *err)
{
    int number = WTERMSIG(report->status);
    const char *name = sigabbrev_np(number);
    double mib = (double)report->memory / (1 << 20);
    const char *why = number == SIGKILL
                          ? "; the kernel does so for want of memory: give it more, or less to do"
                          : "";
    return lm_fail(err, LM_INVALID,
                   "%s was killed by signal %d (SIG%s), peak memory %.0f MiB%s%s%s", start->argv[0],
                   number, name != NULL ? name : "?", mib, why,
                   words[0] != '\0' ? "; its last words: " : "", words);
}

static enum lm_status judge(const struct command_start *start, const struct command_report *report,
                            const char *words, struct lm_err *err)
{
    if (report->error != 0)
        return not_started(start, report->error, err);
    if (WIFSIGNALED(report->status))
        return killed(start, report, words, err);
    if (WEXITSTATUS(report->status) == 0)
        return LM_OK;
    return lm_fail(err, LM_INVALID, "%s ended with status %d%s%s", start->argv[0],
                   WEXITSTATUS(report->status),
                   words[0] != '\0' ? ": " : " and printed nothing on its standard error", words);
}

/* Its name alone: arguments are long, and may be anything. */
static void tell_program(struct lm_ctx *ctx, const struct command_start *start)
{
    char doing[200];
    snprintf(doing, sizeof doing, "executing %s", lm_path_base(start->argv[0]));
    lm_ctx_doing(ctx, doing);
}

static enum lm_status execute(struct lm_ctx *ctx, const struct command_start *start,
                              struct lm_err *err)
{
    struct command_log log;
    struct command_guard guard;
    struct command_report report = {.error = 0};
    LM_TRY(command_log_init(&log, ctx, err));
    LM_TRY(command_guard_start(&guard, start, err));
    tell_program(ctx, start);
    wait_for(ctx, &guard, &log);
    bool known = command_guard_end(&guard, &report);
    command_log_end(&log);
    const char *words = command_log_words(&log, lm_ctx_arena(ctx));
    if (words == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory after the end of a program");
    if (lm_ctx_cancelled(ctx))
        return lm_fail(err, LM_CANCELLED, "interrupted");
    if (!known)
        return lm_fail(err, LM_INVALID, "%s: the process that guarded it was killed from outside",
                       start->argv[0]);
    return judge(start, &report, words, err);
}

lm_run_fn lm_run_command;

enum lm_status lm_run_command(struct lm_ctx *ctx, const void *data, struct lm_err *err)
{
    const struct command_params *params = data;
    struct command_start start;
    LM_TRY(command_setup(&start, ctx, params, err));
    LM_TRY(execute(ctx, &start, err));
    return command_outputs_take(ctx, params, err);
}
