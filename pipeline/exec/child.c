#include "exec/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"

#define LINE_CEILING ((size_t)1 << 30)
#define ABOVE 10 /**< descriptors are moved above those a program is given */

static const char *const signal_names[] = {
    [SIGHUP] = "SIGHUP",   [SIGINT] = "SIGINT",   [SIGQUIT] = "SIGQUIT", [SIGILL] = "SIGILL",
    [SIGTRAP] = "SIGTRAP", [SIGABRT] = "SIGABRT", [SIGBUS] = "SIGBUS",   [SIGFPE] = "SIGFPE",
    [SIGKILL] = "SIGKILL", [SIGSEGV] = "SIGSEGV", [SIGPIPE] = "SIGPIPE", [SIGALRM] = "SIGALRM",
    [SIGTERM] = "SIGTERM", [SIGXCPU] = "SIGXCPU", [SIGXFSZ] = "SIGXFSZ", [SIGSYS] = "SIGSYS"};

const char *lm_signal_name(int signal)
{
    size_t count = sizeof signal_names / sizeof signal_names[0];
    const char *name = signal > 0 && (size_t)signal < count ? signal_names[signal] : NULL;
    return name != NULL ? name : "signal";
}

/** In the new process: descriptors 0 to 3, death with the runner, the program. Never returns; only
 *  calls that are safe after fork. */
static _Noreturn void become(const char *const *argv, const char *const *envp, int log, int events,
                             pid_t runner)
{
    static const char failed[] = "cannot start the worker program\n";
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    null_fd = fcntl(null_fd, F_DUPFD_CLOEXEC, ABOVE);
    log = fcntl(log, F_DUPFD_CLOEXEC, ABOVE);
    events = fcntl(events, F_DUPFD_CLOEXEC, ABOVE);
    bool ready = dup2(null_fd, 0) == 0 && dup2(log, 1) == 1 && dup2(log, 2) == 2 &&
                 dup2(events, 3) == 3 && close_range(4, ~0u, 0) == 0 &&
                 prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
    if (ready && getppid() == runner) /* else the runner died before the line above */
        execve(argv[0], (char *const *)argv, (char *const *)envp);
    if (write(2, failed, sizeof failed - 1) < 0)
        _exit(126);
    _exit(127);
}

enum lm_status lm_child_adopt(struct lm_child *out, pid_t pid, int events, struct lm_err *err)
{
    int pid_fd = pidfd_open(pid, 0);
    if (pid_fd < 0) {
        int error = errno;
        if (events >= 0)
            close(events);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return lm_fail_errno(err, error, "cannot watch a process that was started");
    }
    fcntl(pid_fd, F_SETFD, FD_CLOEXEC);
    if (events >= 0)
        fcntl(events, F_SETFL, O_NONBLOCK);
    out->pid = pid;
    out->pid_fd = pid_fd;
    out->events_fd = events;
    out->stages = 0;
    out->cpu_before = 0;
    lm_buf_init(&out->pending, LINE_CEILING);
    return LM_OK;
}

/** `events`: where its events are read, or -1; `three`: its descriptor 3. */
static enum lm_status start(struct lm_child *out, const char *const *argv, const char *const *envp,
                            const char *log, int events, int three, struct lm_err *err)
{
    int log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (log_fd < 0) {
        int error = errno;
        if (events >= 0)
            close(events);
        return lm_fail_errno(err, error, "cannot open the log %s", log);
    }
    pid_t runner = getpid(), pid = fork();
    if (pid == 0)
        become(argv, envp, log_fd, three, runner);
    int error = errno;
    close(log_fd);
    if (pid > 0)
        return lm_child_adopt(out, pid, events, err);
    if (events >= 0)
        close(events);
    return lm_fail_errno(err, error, "cannot start %s", argv[0]);
}

enum lm_status lm_child_start_on(struct lm_child *out, const char *const *argv,
                                 const char *const *envp, const char *log, int three,
                                 struct lm_err *err)
{
    return start(out, argv, envp, log, -1, three, err);
}

enum lm_status lm_child_start(struct lm_child *out, const char *const *argv,
                              const char *const *envp, const char *log, struct lm_err *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return lm_fail_errno(err, errno, "cannot start %s", argv[0]);
    enum lm_status status = start(out, argv, envp, log, ends[0], ends[1], err);
    close(ends[1]);
    return status;
}

/** Hands out the complete lines and keeps the rest. */
static void split(struct lm_buf *pending, lm_line_fn *line, void *user)
{
    char *at = pending->data, *end = at != NULL ? at + pending->size : NULL, *newline;
    while (at < end && (newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        *newline = '\0';
        line(user, at, (size_t)(newline - at));
        at = newline + 1;
    }
    if (at != pending->data) {
        memmove(pending->data, at, (size_t)(end - at));
        pending->size = (size_t)(end - at);
    }
}

void lm_child_read(struct lm_child *child, lm_line_fn *line, void *user)
{
    char chunk[65536];
    while (child->events_fd >= 0) {
        ssize_t n = read(child->events_fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n <= 0) {
            close(child->events_fd);
            child->events_fd = -1;
            break;
        }
        lm_buf_append(&child->pending, chunk, (size_t)n);
        if (memchr(chunk, '\n', (size_t)n) != NULL && !child->pending.failed)
            split(&child->pending, line, user);
    }
}

void lm_child_signal(const struct lm_child *child, int signal)
{
    if (child->pid > 0)
        pidfd_send_signal(child->pid_fd, signal, NULL, 0);
}

void lm_child_finish(struct lm_child *child, struct lm_child_end *out, lm_line_fn *line, void *user)
{
    int status = 0;
    struct rusage usage = {0};
    while (wait4(child->pid, &status, 0, &usage) < 0 && errno == EINTR)
        continue;
    lm_child_read(child, line, user);
    out->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    out->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    out->memory = (uint64_t)usage.ru_maxrss * 1024;
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
    out->cpu_seconds = cpu > child->cpu_before ? cpu - child->cpu_before : 0;
    if (child->events_fd >= 0)
        close(child->events_fd);
    close(child->pid_fd);
    lm_buf_release(&child->pending);
    *child = (struct lm_child){.pid = 0, .pid_fd = -1, .events_fd = -1};
}

static void ignore_line(void *user, const char *line, size_t size)
{
    (void)user, (void)line, (void)size;
}

void lm_child_drop(struct lm_child *child)
{
    struct lm_child_end end;
    lm_child_signal(child, SIGKILL);
    lm_child_finish(child, &end, ignore_line, NULL);
}
