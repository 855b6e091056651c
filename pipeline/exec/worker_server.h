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

struct lm_worker_server {
    struct lm_child child; /**< of the server itself; pid 0: not started */
    int socket;            /**< -1: none */
};

/** Nothing is started yet. */
void lm_worker_server_init(struct lm_worker_server *server);
/** A process for the job file `job`, whose stdout and stderr are appended to `log`, as
 *  lm_child_start. The server is started when it is not there (any more): `worker` with the
 *  environment `envp`, its own words in `server_log`. LM_IO: no process could be started, or the
 * server does not answer. */
enum lm_status lm_worker_server_start(struct lm_worker_server *server, struct lm_child *out,
                                      const char *worker, const char *const *envp,
                                      const char *server_log, const char *job, const char *log,
                                      struct lm_err *err);
/** Ends the server. */
void lm_worker_server_close(struct lm_worker_server *server);

#endif
