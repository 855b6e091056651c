/* Signals, deadlines, timeouts: how running stages are asked to checkpoint and end. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "exec/exec.h"

#define GRACE UINT64_C(10000000000) /**< after SIGTERM a worker may checkpoint this long (ns) */

enum lm_status lm_exec_signals_open(struct lm_exec *exec, struct lm_err *err)
{
    struct sigaction hang_up;
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    /* nohup: a hang-up that was ignored when the run began stays ignored */
    if (sigaction(SIGHUP, NULL, &hang_up) != 0 || hang_up.sa_handler != SIG_IGN)
        sigaddset(&stop, SIGHUP);
    exec->signal_fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
    if (exec->signal_fd < 0)
        return lm_fail_errno(err, errno, "cannot take signals");
    int failed = pthread_sigmask(SIG_BLOCK, &stop, &exec->signals_before);
    return failed == 0 ? LM_OK : lm_fail_errno(err, failed, "cannot take signals");
}

void lm_exec_signals_close(struct lm_exec *exec)
{
    if (exec->signal_fd < 0)
        return;
    close(exec->signal_fd);
    pthread_sigmask(SIG_SETMASK, &exec->signals_before, NULL);
}

static void send_term(struct lm_attempt *attempt)
{
    if (attempt->term_ns == 0)
        attempt->term_ns = lm_clock_monotonic_ns();
    lm_child_signal(&attempt->child, SIGTERM);
}

static void stop(struct lm_exec *exec, const char *why)
{
    exec->stopping = true;
    for (size_t i = 0; i < exec->running_count; i++)
        send_term(exec->running[i]->attempt);
    lm_exec_note(exec, NULL, why);
}

static void kill_attempt(struct lm_attempt *attempt)
{
    attempt->killed = true;
    lm_child_signal(&attempt->child, SIGKILL);
}

void lm_exec_signals_take(struct lm_exec *exec)
{
    struct signalfd_siginfo info;
    while (read(exec->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        bool second = exec->stop_signal != 0;
        exec->stop_signal = (int)info.ssi_signo;
        if (!second && !exec->stopping)
            stop(exec, "stopping; a second signal ends at once");
        exec->killed = exec->killed || second;
        for (size_t i = 0; second && i < exec->running_count; i++) {
            send_term(exec->running[i]->attempt);
            kill_attempt(exec->running[i]->attempt);
        }
    }
}

void lm_exec_check_clocks(struct lm_exec *exec)
{
    uint64_t now = lm_clock_monotonic_ns();
    double deadline = exec->options->deadline;
    if (!exec->stopping && deadline > 0 && (double)(now - exec->begin_ns) * 1e-9 >= deadline)
        stop(exec, "the deadline has come; stopping");
    for (size_t i = 0; i < exec->running_count; i++) {
        struct lm_attempt *attempt = exec->running[i]->attempt;
        double timeout = exec->spec->stages[exec->running[i]->index].timeout;
        if (timeout > 0 && attempt->term_ns == 0 &&
            (double)(now - attempt->begin_ns) * 1e-9 > timeout) {
            attempt->timed_out = true;
            send_term(attempt);
        }
        /* `now` is older than a SIGTERM that was sent here */
        if (attempt->term_ns > 0 && now > attempt->term_ns && now - attempt->term_ns > GRACE)
            kill_attempt(attempt);
    }
}
