#include "command_guard.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define SECOND UINT64_C(1000000000)
#define GRACE (5 * SECOND)   /**< between SIGTERM and SIGKILL: the runner waits for twice as long */
#define CLEARED (3 * SECOND) /**< what has not died so long after SIGKILL hangs in the kernel */

/** Descriptors of the guard; the program gets the last two as its 1 and 2. */
enum { REPORT = 3, OUT, ERR, FIRST_OTHER, ABOVE = 16 };

/* ---- the program ---- */

/** In the program's process. Never returns: what is wrong is told as the guard would. */
static _Noreturn void become(const struct command_start *start, pid_t guard)
{
    sigset_t none;
    struct command_report report = {.error = 0};
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (int signal_number = 1; signal_number < NSIG; signal_number++)
        signal(signal_number, SIG_DFL);
    sigemptyset(&none);
    setpgid(0, 0);
    bool ready = null_fd >= 0 && dup2(null_fd, STDIN_FILENO) == STDIN_FILENO &&
                 dup2(OUT, STDOUT_FILENO) == STDOUT_FILENO &&
                 dup2(ERR, STDERR_FILENO) == STDERR_FILENO &&
                 close_range(REPORT, ~0u, CLOSE_RANGE_CLOEXEC) == 0 &&
                 prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && chdir(start->folder) == 0 &&
                 sigprocmask(SIG_SETMASK, &none, NULL) == 0;
    if (ready && getppid() == guard)
        execve(start->program, (char *const *)(uintptr_t)start->argv,
               (char *const *)(uintptr_t)start->envp);
    report.error = errno;
    _exit(write(REPORT, &report, sizeof report) == (ssize_t)sizeof report ? 127 : 126);
}

/* ---- what it has started ---- */

/** The parent of a process, by /proc/PID/stat: "PID (NAME) STATE PARENT …". */
static pid_t parent_of(const char *pid)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        close(fd);
    text[size > 0 ? size : 0] = '\0';
    const char *after = strrchr(text, ')');
    return after != NULL && strlen(after) > 4 ? (pid_t)strtol(after + 4, NULL, 10) : 0;
}

/** Sends SIGKILL to all children. Orphans are children, too (PR_SET_CHILD_SUBREAPER). */
static void kill_children(void)
{
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    pid_t self = getpid();
    while (processes != NULL && (entry = readdir(processes)) != NULL)
        if (isdigit((unsigned char)entry->d_name[0]) && parent_of(entry->d_name) == self)
            kill((pid_t)strtol(entry->d_name, NULL, 10), SIGKILL);
    if (processes != NULL)
        closedir(processes);
}

/** Ends all that is left: the children of those that die become children here, until there are
 *  none. */
static void end_all(void)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    uint64_t begin = lm_clock_monotonic_ns();
    for (;;) {
        pid_t pid;
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
            continue;
        if (pid < 0 || lm_clock_monotonic_ns() - begin > CLEARED)
            return;
        kill_children();
        nanosleep(&moment, NULL);
    }
}

/* ---- the guard ---- */

struct watch {
    pid_t program, worker;
    struct command_report report;
    uint64_t term_ns; /**< when it was asked to end; 0: it was not */
    bool ended;
};

/** Takes the ends of children. */
static void reap(struct watch *watch)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == watch->program) {
            watch->report.status = status;
            watch->ended = true;
        }
}

static void stop(struct watch *watch)
{
    if (watch->term_ns == 0)
        watch->term_ns = lm_clock_monotonic_ns();
    watch->report.stopped = true;
    kill(-watch->program, SIGTERM);
}

static void watch_over(struct watch *watch, const sigset_t *taken)
{
    const struct timespec wait = {.tv_nsec = 100000000};
    while (!watch->ended) {
        if (sigtimedwait(taken, NULL, &wait) == SIGTERM)
            stop(watch);
        reap(watch);
        bool late = watch->term_ns > 0 && lm_clock_monotonic_ns() - watch->term_ns > GRACE;
        if (!watch->ended && (late || getppid() != watch->worker)) {
            kill(-watch->program, SIGKILL);
            kill_children();
        }
    }
}

/** In the guard's process. It is in a session of its own: neither a terminal nor who ends the
 *  runner's group ends it before its work is done. */
static _Noreturn void guard(const struct command_start *start, pid_t worker)
{
    struct watch watch = {.worker = worker};
    struct rusage usage = {0};
    sigset_t taken;
    sigemptyset(&taken);
    sigaddset(&taken, SIGTERM);
    sigaddset(&taken, SIGCHLD);
    bool ready = sigprocmask(SIG_BLOCK, &taken, NULL) == 0 && setsid() >= 0 &&
                 prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 && prctl(PR_SET_PDEATHSIG, SIGTERM) == 0;
    pid_t self = getpid();
    if (ready && getppid() == worker)
        watch.program = fork();
    else
        watch.program = -1;
    if (watch.program == 0)
        become(start, self);
    watch.report.error = watch.program < 0 ? (errno != 0 ? errno : ESRCH) : 0;
    close(OUT);
    close(ERR);
    if (watch.program > 0) {
        setpgid(watch.program, watch.program); /* whichever comes first */
        watch_over(&watch, &taken);
        kill(-watch.program, SIGKILL);
        end_all();
    }
    if (getrusage(RUSAGE_CHILDREN, &usage) == 0)
        watch.report.memory = (uint64_t)usage.ru_maxrss * 1024;
    _exit(write(REPORT, &watch.report, sizeof watch.report) < 0);
}

/** Moves the three pipes' ends to their places and closes everything else but 0 to 2. */
static bool take_places(const int ends[3])
{
    int high[3];
    for (int i = 0; i < 3; i++)
        high[i] = fcntl(ends[i], F_DUPFD_CLOEXEC, ABOVE);
    for (int i = 0; i < 3; i++)
        if (high[i] < 0 || dup2(high[i], REPORT + i) < 0)
            return false;
    return close_range(FIRST_OTHER, ~0u, 0) == 0;
}

/* ---- the worker's side ---- */

static void close_all(const int *fds, int count)
{
    for (int i = 0; i < count; i++)
        close(fds[i]);
}

enum lm_status command_guard_start(struct command_guard *out, const struct command_start *start,
                                   struct lm_err *err)
{
    int from[3], to[3], made = 0;
    pid_t worker = getpid(), pid = -1;
    for (; made < 3; made++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0)
            break;
        from[made] = ends[0];
        to[made] = ends[1];
    }
    if (made == 3)
        pid = fork();
    if (pid == 0) {
        if (!take_places(to))
            _exit(126);
        guard(start, worker);
    }
    int error = errno;
    close_all(to, made);
    if (pid < 0) {
        close_all(from, made);
        return lm_fail_errno(err, error, "cannot start a process for a program");
    }
    for (int i = 0; i < 3; i++)
        fcntl(from[i], F_SETFL, O_NONBLOCK);
    *out = (struct command_guard){.pid = pid, .report = from[0], .out = from[1], .err = from[2]};
    return LM_OK;
}

void command_guard_stop(const struct command_guard *guard)
{
    kill(guard->pid, SIGTERM);
}

bool command_guard_end(struct command_guard *guard, struct command_report *out)
{
    struct command_report told;
    bool known = false;
    int fds[] = {guard->report, guard->out, guard->err};
    while (waitpid(guard->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    /* The first is the program's own, when it could not be started. */
    while (read(guard->report, &told, sizeof told) == (ssize_t)sizeof told) {
        if (!known)
            *out = told;
        known = true;
    }
    close_all(fds, 3);
    return known;
}
