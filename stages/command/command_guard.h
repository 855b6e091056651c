/**
 * A program of the user's, and a process that guards it: whatever the program starts ends with it,
 * also what has left its process group, and all of it ends when the worker is killed.
 */
#ifndef LM_COMMAND_GUARD_H
#define LM_COMMAND_GUARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <lmpipe/status.h>

/** A program to execute. */
struct command_start {
    const char *program;                   /**< absolute, or relative to `folder` */
    const char *const *argv, *const *envp; /**< NULL-terminated */
    const char *folder;                    /**< in which it runs */
};

/** How it has ended. */
struct command_report {
    int error;       /**< errno: it could not be started; 0: it was */
    int status;      /**< as wait(2) tells it */
    bool stopped;    /**< it was asked to end */
    uint64_t memory; /**< peak resident bytes of the largest of its processes */
};

struct command_guard {
    pid_t pid;
    int report;   /**< read end: the report comes when nothing of the program is left */
    int out, err; /**< read ends of its standard output and error */
};

/** Starts the program in a session of its own, with empty standard input and no other descriptor.
 *  LM_IO: no process could be made. */
enum lm_status command_guard_start(struct command_guard *out, const struct command_start *start,
                                   struct lm_err *err);
/** Asks the program to end: SIGTERM, and 5 seconds later SIGKILL. */
void command_guard_stop(const struct command_guard *guard);
/** Waits for the guard after its report, and closes everything. False: it has not told how the
 *  program ended, as it was killed itself. */
bool command_guard_end(struct command_guard *guard, struct command_report *out);

#endif
