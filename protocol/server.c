#include "protocol/server.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/buf.h"
#include "protocol/event_line.h"

enum { MOST = 2 }; /**< descriptors beside a message */

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(MOST * sizeof(int))];
};

enum lm_status lm_server_send(int socket, const char *job, int log, int events, struct lm_err *err)
{
    union control control = {.bytes = {0}};
    const int descriptors[MOST] = {log, events};
    size_t size = (events >= 0 ? 2 : 1) * sizeof descriptors[0];
    struct iovec part = {.iov_base = (void *)(uintptr_t)job, .iov_len = strlen(job) + 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = CMSG_SPACE(size)};
    if (part.iov_len > LM_SERVER_PATH_MAX)
        return lm_fail(err, LM_RANGE, "%s: the path of a job is too long", job);
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(head), descriptors, size);
    ssize_t sent;
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)part.iov_len
               ? LM_OK
               : lm_fail_errno(err, sent < 0 ? errno : EIO, "cannot ask the worker for a stage");
}

/* NOLINTNEXTLINE(readability-non-const-parameter): recvmsg writes it */
enum lm_status lm_server_receive(int socket, char job[LM_SERVER_PATH_MAX], int *log, int *events,
                                 struct lm_err *err)
{
    union control control;
    int descriptors[MOST];
    size_t size = (events != NULL ? 2 : 1) * sizeof descriptors[0];
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
    if (head == NULL || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(size) ||
        job[got - 1] != '\0')
        return lm_fail(err, LM_IO,
                       "a request that is none; install lmpipe and its worker together");
    memcpy(descriptors, CMSG_DATA(head), size);
    *log = descriptors[0];
    if (events != NULL)
        *events = descriptors[1];
    return LM_OK;
}

enum lm_status lm_server_rest_write(FILE *events, const struct lm_server_rest *rest,
                                    struct lm_err *err)
{
    struct lm_json_writer writer;
    struct lm_buf buf;
    lm_buf_init(&buf, 0);
    lm_json_begin(&writer, &buf, false);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "event", "rest");
    lm_json_member_double(&writer, "cpu_seconds", rest->cpu_seconds);
    lm_json_member_int(&writer, "memory", (int64_t)rest->memory);
    lm_json_close(&writer, '}');
    return lm_event_line_write(events, &buf, "tell the end of a stage", err);
}

struct lm_server_rest lm_server_rest_read(const struct lm_json *event)
{
    int64_t memory = lm_json_int(lm_json_get(event, "memory"), 0);
    return (struct lm_server_rest){.cpu_seconds =
                                       lm_json_double(lm_json_get(event, "cpu_seconds"), 0),
                                   .memory = memory > 0 ? (uint64_t)memory : 0};
}
