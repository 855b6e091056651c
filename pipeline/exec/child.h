/**
 * A program started by the runner: its lines on descriptor 3, its end, its use of memory. It
 * stays in the runner's process group and is killed by the kernel when the runner dies.
 */
#ifndef LM_EXEC_CHILD_H
#define LM_EXEC_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <lmpipe/status.h>

#include "base/buf.h"

struct lm_child {
    pid_t pid;         /**< 0: none */
    int pid_fd;        /**< readable when it has ended */
    int events_fd;     /**< other end of its descriptor 3; -1 after its end */
    size_t stages;     /**< that it has done before the present one */
    double cpu_before; /**< seconds of processor time that went into these */
    struct lm_buf pending;
};

struct lm_child_end {
    int exit_code;   /**< or -1 */
    int signal;      /**< that killed it, or 0 */
    uint64_t memory; /**< peak resident bytes */
    double cpu_seconds;
};

typedef void lm_line_fn(void *user, const char *line, size_t size);

/** Starts argv[0] with the environment `envp` (both NULL-terminated); stdin is empty, stdout and
 *  stderr are appended to the file `log`. Signals blocked here stay blocked there. LM_IO. */
enum lm_status lm_child_start(struct lm_child *out, const char *const *argv,
                              const char *const *envp, const char *log, struct lm_err *err);
/** The same with descriptor `three` of the caller's as its descriptor 3, and no events of its own.
 */
enum lm_status lm_child_start_on(struct lm_child *out, const char *const *argv,
                                 const char *const *envp, const char *log, int three,
                                 struct lm_err *err);
/** Takes over a child of this process that somebody else has started; its events come from
 *  `events`, which is closed on failure. LM_IO. */
enum lm_status lm_child_adopt(struct lm_child *out, pid_t pid, int events, struct lm_err *err);
/** Reads what is there without waiting and calls `line` for each complete line (without newline).
 */
void lm_child_read(struct lm_child *child, lm_line_fn *line, void *user);
/** Sends a signal; a child that has ended gets none. */
void lm_child_signal(const struct lm_child *child, int signal);
/** Waits for the end (at once when pid_fd is readable), reads what is left, and closes. */
void lm_child_finish(struct lm_child *child, struct lm_child_end *out, lm_line_fn *line,
                     void *user);
/** Ends a process that is not needed any more. */
void lm_child_drop(struct lm_child *child);
/** "SIGSEGV" and the like; "signal" for unknown numbers. */
const char *lm_signal_name(int signal);

#endif
