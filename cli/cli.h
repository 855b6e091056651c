/** What every command needs: where to print, what the environment says, the worker program. */
#ifndef LM_CLI_CLI_H
#define LM_CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include <lmpipe/arena.h>
#include <lmpipe/pipeline.h>
#include <lmpipe/status.h>

#include "base/buf.h"
#include "ci.h"
#include "options.h"
#include "stream.h"

/** Exit statuses (DESIGN section 4 of the contract, `lmpipe --help`). */
enum lm_exit {
    LM_EXIT_OK = 0,
    LM_EXIT_FAILED = 1,      /**< a stage failed, or something asked for is not there */
    LM_EXIT_USAGE = 2,       /**< usage or spec error; nothing was executed */
    LM_EXIT_STORE = 3,       /**< store or I/O error */
    LM_EXIT_GATE = 4,        /**< a gate failed */
    LM_EXIT_UNDECIDED = 5,   /**< a gate could not be decided */
    LM_EXIT_DIFFERS = 6,     /**< a result is not what it was: not as locked, or not reproducible */
    LM_EXIT_STALE = 7,       /**< `plan --check` */
    LM_EXIT_INTERRUPTED = 75 /**< resumable */
};

struct lm_cli {
    struct lm_arena *arena; /**< lives as long as the program */
    struct lm_stream out, err;
    bool utf8;           /**< the locale's variables name UTF-8 */
    bool ci;             /**< CI is set: no live view */
    struct lm_ci *job;   /**< run --ci: what is shown of it (ci.h); NULL: it is none */
    const char *store;   /**< LMPIPE_STORE, or NULL */
    const char *threads; /**< LMPIPE_THREADS, or NULL */
    const char *kernels; /**< LMPIPE_KERNELS, or NULL */
    bool allow_commands; /**< LMPIPE_ALLOW_COMMANDS is 1 */
    const char *folder;  /**< the working folder, absolute; NULL when it cannot be found */
    const char *worker;  /**< path of the worker program, or NULL when it was not found */
    int argc;            /**< the command's arguments as given; argv[0] is no argument */
    char **argv;
};

/** Reads the environment and finds the worker: LM_NOMEM. */
enum lm_status lm_cli_init(struct lm_cli *cli, struct lm_err *err);
void lm_cli_release(struct lm_cli *cli);

/** getenv, as the pipeline wants it for ${env.NAME}. */
const char *lm_cli_env(void *user, const char *name);

/** "lmpipe: error: TEXT" on stderr, the text made harmless; returns `status`. */
int lm_cli_fail(struct lm_cli *cli, int status, const char *text);
/** "lmpipe: warning: TEXT" on stderr, the text made harmless. */
void lm_cli_warn(struct lm_cli *cli, const char *text);
/** The same for an error or a warning with its place in the spec. */
void lm_cli_find(struct lm_cli *cli, const struct lm_diag *diag);
/** The same for an error that CI is told of with its place (lm_run_result.findings). */
void lm_cli_tell(struct lm_cli *cli, const char *text);
/** A path as it works where it is printed: below the working folder relative to it, else as it
 *  is. */
const char *lm_cli_path(const struct lm_cli *cli, const char *path);
/** A foreign text on one line, harmless: for names and paths, which may hold line breaks. */
const char *lm_cli_text(const struct lm_cli *cli, const char *text);
/** Prints what a buffer holds, with a line end behind it, unless it has failed (LM_NOMEM), and
 *  releases it. `out`: of a stream, which makes it harmless. */
enum lm_status lm_cli_put(struct lm_buf *text, FILE *out, struct lm_err *err);
/** Flushes stdout; when it could not all be written (a full device, a reader that went away), a
 *  message and LM_EXIT_STORE in place of LM_EXIT_OK. */
int lm_cli_finish(struct lm_cli *cli, int status);
/** Parses and runs one command: help, usage errors, exit status. argv[0] is passed over. */
int lm_cli_run(struct lm_cli *cli, const struct lm_command *command, int argc, char **argv);

#endif
