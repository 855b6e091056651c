#include "exec/worker_server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "protocol/server.h"

#define ANSWER_MS 60000 /**< a server that does not answer so long is given up */

void lm_worker_server_init(struct lm_worker_server *server)
{
    *server =
        (struct lm_worker_server){.child = {.pid = 0, .pid_fd = -1, .events_fd = -1}, .socket = -1};
}

void lm_worker_server_close(struct lm_worker_server *server)
{
    for (size_t i = 0; i < server->resting_count; i++)
        lm_child_drop(&server->resting[i]);
    if (server->socket >= 0)
        close(server->socket); /* which it takes as its end */
    if (server->child.pid > 0)
        lm_child_drop(&server->child);
    lm_worker_server_init(server);
}

void lm_worker_server_keep(struct lm_worker_server *server, struct lm_child *child,
                           double cpu_seconds, size_t most)
{
    most = most < LM_RESTING_MAX ? most : LM_RESTING_MAX;
    child->stages++;
    child->cpu_before += cpu_seconds;
    if (child->events_fd >= 0 && server->resting_count < most)
        server->resting[server->resting_count++] = *child;
    else
        lm_child_drop(child);
    *child = (struct lm_child){.pid = 0, .pid_fd = -1, .events_fd = -1};
}

/** Asks one that rests; false: there is none. */
static bool ask_resting(struct lm_worker_server *server, struct lm_child *out, const char *job,
                        int log)
{
    while (server->resting_count > 0) {
        struct lm_child *child = &server->resting[--server->resting_count];
        if (lm_server_send(child->events_fd, job, log, -1, NULL) == LM_OK) {
            *out = *child;
            return true;
        }
        lm_child_drop(child);
    }
    return false;
}

static enum lm_status start_server(struct lm_worker_server *server, const char *worker,
                                   const char *const *envp, const char *log, struct lm_err *err)
{
    int ends[2];
    const char *const argv[] = {worker, "serve", NULL};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return lm_fail_errno(err, errno, "cannot start %s", worker);
    enum lm_status status = lm_child_start_on(&server->child, argv, envp, log, ends[1], err);
    close(ends[1]);
    if (status == LM_OK)
        server->socket = ends[0];
    else
        close(ends[0]);
    return status;
}

/** Waits for the answer to a request. `events`: where the stage will tell what happens; nobody
 * holds its other end any more when the server and the stage have both gone. */
static enum lm_status await(const struct lm_worker_server *server, int events,
                            struct lm_server_answer *answer, struct lm_err *err)
{
    struct pollfd fds[] = {{.fd = server->socket, .events = POLLIN}, {.fd = events}};
    int ready;
    do
        ready = poll(fds, 2, ANSWER_MS);
    while (ready < 0 && errno == EINTR);
    if (ready == 0)
        return lm_fail(err, LM_IO, "the worker does not answer");
    ssize_t got = recv(server->socket, answer, sizeof *answer, MSG_DONTWAIT);
    if (got == (ssize_t)sizeof *answer)
        return LM_OK;
    return got < 0 && errno != EAGAIN
               ? lm_fail_errno(err, errno, "the worker does not answer")
               : lm_fail(err, LM_IO, "the worker ended before it could start a stage");
}

static enum lm_status ask(struct lm_worker_server *server, struct lm_child *out, const char *job,
                          int log, struct lm_err *err)
{
    int events[2];
    struct lm_server_answer answer = {0, 0};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, events) != 0)
        return lm_fail_errno(err, errno, "cannot start a stage");
    enum lm_status status = lm_server_send(server->socket, job, log, events[1], err);
    close(events[1]);
    if (status == LM_OK)
        status = await(server, events[0], &answer, err);
    if (status == LM_OK && answer.pid <= 0)
        status = lm_fail_errno(err, answer.error, "cannot start a process for a stage");
    if (status == LM_OK)
        return lm_child_adopt(out, answer.pid, events[0], err);
    close(events[0]);
    return status;
}

enum lm_status lm_worker_server_start(struct lm_worker_server *server, struct lm_child *out,
                                      const char *worker, const char *const *envp,
                                      const char *server_log,
                                      const struct lm_worker_request *request, struct lm_err *err)
{
    int fd = open(request->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0)
        return lm_fail_errno(err, errno, "cannot open the log %s", request->log);
    bool asked = !request->alone && ask_resting(server, out, request->job, fd);
    enum lm_status status = asked ? LM_OK : LM_IO;
    /* A server that has died is started anew, once. */
    for (int tries = 0; status != LM_OK && tries < 2; tries++) {
        if (tries > 0)
            lm_worker_server_close(server);
        status = LM_OK;
        if (server->socket < 0)
            status = start_server(server, worker, envp, server_log, err);
        if (status == LM_OK)
            status = ask(server, out, request->job, fd, err);
    }
    close(fd);
    return status;
}
