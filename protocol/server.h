/** How the runner asks the worker's server for a process: one message a request over a socket of
 *  packets, with the descriptors that the new process will have; one answer each. A process whose
 *  stage was a light one rests, and is asked for the next over its own socket. */
#ifndef LM_PROTOCOL_SERVER_H
#define LM_PROTOCOL_SERVER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <lmpipe/status.h>

#include "base/json.h"

enum { LM_SERVER_PATH_MAX = 8192 };

/** What comes back: from the new process itself, a child of the runner, its id, so that none runs
 *  unknown when the server dies; from the server, when there is none, errno and pid 0. */
struct lm_server_answer {
    int32_t pid, error;
};

/** Sends a request: the job's path, the descriptors of its log and its events. events -1: to a
 *  process that rests and has its own. LM_IO; LM_RANGE for a path of LM_SERVER_PATH_MAX bytes or
 *  more. */
enum lm_status lm_server_send(int socket, const char *job, int log, int events, struct lm_err *err);
/** Waits for a request: the path with its NUL, and its descriptors, the caller's to close. events
 *  NULL: one that has none. LM_NOT_FOUND: the other end has gone; LM_IO. */
enum lm_status lm_server_receive(int socket, char job[LM_SERVER_PATH_MAX], int *log, int *events,
                                 struct lm_err *err);

/** What a process tells behind its result when it rests: the cost of this stage alone. */
struct lm_server_rest {
    double cpu_seconds;
    uint64_t memory; /**< peak resident bytes */
};

/** Writes the event {"event": "rest", …} as a line. LM_IO, LM_NOMEM. */
enum lm_status lm_server_rest_write(FILE *events, const struct lm_server_rest *rest,
                                    struct lm_err *err);
/** Reads such an event's members; what is missing is 0. */
struct lm_server_rest lm_server_rest_read(const struct lm_json *event);

#endif
