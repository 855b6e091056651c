/* lmpipe-worker serve: loads the libraries once, then forks a process for each job it is asked for
 * (protocol/server.h) on descriptor 3. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "programs.h"
#include "protocol/server.h"

#define SOCKET_FD 3

/** fork(2), but the child is the runner's. The server has one thread, so that nothing but the
 * caller needs to survive the copy. */
static pid_t fork_for_runner(void)
{
    return (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
}

static void answer(pid_t pid, int error)
{
    const struct lm_server_answer text = {.pid = pid, .error = error};
    while (send(SOCKET_FD, &text, sizeof text, MSG_NOSIGNAL) < 0 && errno == EINTR)
        continue;
}

/** In the new process: it answers for itself, so that no stage runs of which the runner does not
 * know, whatever becomes of the server; then descriptors 0 to 3 as the runner's children have them.
 */
static int become_stage(char *job, int log, int events, pid_t runner)
{
    bool bound = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
    if (!bound || getppid() != runner) /* the runner died before the line above */
        return 126;
    answer(getpid(), 0);
    if (dup2(log, 1) != 1 || dup2(log, 2) != 2 || dup2(events, SOCKET_FD) != SOCKET_FD)
        return 126;
    close(log);
    close(events);
    return lm_stages_run(job);
}

/** Ends the process of a stage. What libraries do at their end is for programs that go on, and
 * costs as much as a trivial stage's own work; builds that check have it done, since leaks are
 * looked for then. */
static void end_stage(int status)
{
    fflush(NULL);
#ifdef NDEBUG
    _exit(status);
#else
    exit(status);
#endif
}

int lm_program_serve(int argc, char **argv)
{
    static const char usage[] = "usage: lmpipe-worker serve 3<>SOCKET\n";
    char job[LM_SERVER_PATH_MAX];
    struct lm_err err = {LM_OK, ""};
    enum lm_status status;
    int log, events;
    pid_t runner = getppid();
    (void)argv;
    if (argc != 1) {
        fputs(usage, stderr);
        return 2;
    }
    while ((status = lm_server_receive(SOCKET_FD, job, &log, &events, &err)) == LM_OK) {
        pid_t pid = fork_for_runner();
        if (pid == 0)
            end_stage(become_stage(job, log, events, runner));
        if (pid < 0)
            answer(0, errno);
        close(log);
        close(events);
    }
    if (status != LM_NOT_FOUND)
        fprintf(stderr, "error: %s\n", err.text);
    return status == LM_NOT_FOUND ? 0 : 1;
}
