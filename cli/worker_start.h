/** Starting the worker program, which carries what is heavy to load. */
#ifndef LM_CLI_WORKER_START_H
#define LM_CLI_WORKER_START_H

#include "base/buf.h"
#include "cli.h"

/** Becomes `lmpipe-worker COMMAND` with the command's arguments as given. Returns only on failure,
 * with the exit status after an error was printed. */
int lm_worker_become(struct lm_cli *cli, const char *command);
/** Runs `lmpipe-worker COMMAND` with stdout and stderr shared and waits. Its exit status (128 + n
 * for a signal), or LM_EXIT_STORE after an error was printed when it cannot start. */
int lm_worker_call(struct lm_cli *cli, const char *command);
/** The same with `--json` behind it, and appends what it prints to `out`. */
int lm_worker_ask(struct lm_cli *cli, const char *command, struct lm_buf *out);

#endif
