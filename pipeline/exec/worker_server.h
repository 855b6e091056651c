/**
 * The worker program as a server: started once a run, it loads its libraries once and forks a
 * process for each stage, which is a child of the runner (clone(2), CLONE_PARENT), so that it is
 * waited for, measured and killed with the runner like a program of its own.
 */
#ifndef LM_EXEC_WORKER_SERVER_H
#define LM_EXEC_WORKER_SERVER_H

#include <sys/types.h>

#include <lmpipe/status.h>

#include "exec/child.h"

enum { LM_RESTING_MAX = 64 };

struct lm_worker_server {
    struct lm_child child;                   /**< of the server itself; pid 0: not started */
    int socket;                              /**< -1: none */
    struct lm_child resting[LM_RESTING_MAX]; /**< processes whose stages were light */
    size_t resting_count;
};

/** What a process is asked to do. */
struct lm_worker_request {
    const char *job; /**< path of its file */
    const char *log; /**< stdout and stderr are appended to this file, as by lm_child_start */
    bool alone;      /**< by a process that has done nothing before */
};

/** Nothing is started yet. */
void lm_worker_server_init(struct lm_worker_server *server);
/** A process for a request: one that rests, else a new one. The server is started when it is not
 *  there (any more): `worker` with the environment `envp`, its own words in `server_log`. LM_IO: no
 *  process could be started, or the server does not answer. */
enum lm_status lm_worker_server_start(struct lm_worker_server *server, struct lm_child *out,
                                      const char *worker, const char *const *envp,
                                      const char *server_log,
                                      const struct lm_worker_request *request, struct lm_err *err);
/** Takes over a process that rests, at most `most` of them, and gives it up when it is one too
 *  many; *child is none from here on. `cpu_seconds`: of its last stage. */
void lm_worker_server_keep(struct lm_worker_server *server, struct lm_child *child,
                           double cpu_seconds, size_t most);
/** Ends the server, and what rests. */
void lm_worker_server_close(struct lm_worker_server *server);

#endif
