#include "protocol/server.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/** Room for two descriptors beside a message. */
union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(2 * sizeof(int))];
};

enum lm_status lm_server_send(int socket, const char *job, int log, int events, struct lm_err *err)
{
    union control control = {.bytes = {0}};
    const int descriptors[2] = {log, events};
    struct iovec part = {.iov_base = (void *)(uintptr_t)job, .iov_len = strlen(job) + 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    if (part.iov_len > LM_SERVER_PATH_MAX)
        return lm_fail(err, LM_RANGE, "%s: the path of a job is too long", job);
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof descriptors);
    memcpy(CMSG_DATA(head), descriptors, sizeof descriptors);
    ssize_t sent;
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent >= 0 ? LM_OK : lm_fail_errno(err, errno, "cannot ask the worker for a stage");
}

/* NOLINTNEXTLINE(readability-non-const-parameter): recvmsg writes it */
enum lm_status lm_server_receive(int socket, char job[LM_SERVER_PATH_MAX], int *log, int *events,
                                 struct lm_err *err)
{
    union control control;
    int descriptors[2];
    struct iovec part = {.iov_base = &job[0], .iov_len = LM_SERVER_PATH_MAX};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t got;
    do
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return lm_fail_errno(err, errno, "cannot read a request");
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (got == 0)
        return lm_fail(err, LM_NOT_FOUND, "the runner has gone");
    if (head == NULL || head->cmsg_type != SCM_RIGHTS ||
        head->cmsg_len != CMSG_LEN(sizeof descriptors) || job[got - 1] != '\0')
        return lm_fail(err, LM_IO,
                       "a request that is none; install lmpipe and its worker together");
    memcpy(descriptors, CMSG_DATA(head), sizeof descriptors);
    *log = descriptors[0];
    *events = descriptors[1];
    return LM_OK;
}
