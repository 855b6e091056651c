/** A spec, its store and its plan, opened as every command opens them. */
#ifndef LM_CLI_LOADED_H
#define LM_CLI_LOADED_H

#include "cli.h"

/** Options of every command that takes a SPEC; first member of the command's struct. */
struct lm_spec_args {
    const char *store;
    struct lm_settings settings;
    bool partial; /**< of commands with LM_PARTIAL_ROW (partial.h) */
};

/** Their rows. */
#define LM_SPEC_ROWS                                                                               \
    {.name = "set",                                                                                \
     .letter = 'S',                                                                                \
     .kind = LM_O_SETTINGS,                                                                        \
     .offset = offsetof(struct lm_spec_args, settings),                                            \
     .metavar = "NAME=VALUE",                                                                      \
     .help = "set a variable, STAGE.PARAM or matrix.AXIS for this time (repeatable)"},             \
        LM_STORE_ROW(struct lm_spec_args, store)

/** Rows of commands that execute stages; the fields are int64_t and int (enum lm_progress). */
#define LM_JOBS_ROW(type, field)                                                                   \
    {                                                                                              \
        .name = "jobs", .letter = 'j', .kind = LM_O_INT, .offset = offsetof(type, field),          \
        .metavar = "N", .min = 1, .max = 1024, .help = "at most N stages at once"                  \
    }
#define LM_ALLOW_COMMANDS_ROW(type, field)                                                         \
    {                                                                                              \
        .name = "allow-commands", .kind = LM_O_FLAG, .offset = offsetof(type, field),              \
        .help = "execute the programs that the spec names (else LMPIPE_ALLOW_COMMANDS=1)"          \
    }
#define LM_PROGRESS_ROW(type, field)                                                               \
    {                                                                                              \
        .name = "progress", .kind = LM_O_CHOICE, .offset = offsetof(type, field),                  \
        .metavar = "auto|plain|json|none", .choices = lm_progress_names,                           \
        .help = "how progress is shown on stderr"                                                  \
    }

/** What STAGE may be where several may be named. */
#define LM_SELECT_NOTES                                                                            \
    "STAGE is a stage or, of a matrix, an id (model@lr=0.001,seed=2), all of a name (model), a\n"  \
    "pattern ('model@lr=*') or values (@seed=1): with what these need, unless --only."

/** Options of commands that select stages; begins like struct lm_spec_args. */
struct lm_select_args {
    struct lm_spec_args spec;
    const char *from, *until, *shard;
    bool only;
    struct lm_option_texts force;
};

#define LM_SELECT_ROWS                                                                             \
    {.name = "only",                                                                               \
     .kind = LM_O_FLAG,                                                                            \
     .offset = offsetof(struct lm_select_args, only),                                              \
     .help = "the named stages alone, nothing upstream of them"},                                  \
        {.name = "from",                                                                           \
         .kind = LM_O_TEXT,                                                                        \
         .offset = offsetof(struct lm_select_args, from),                                          \
         .metavar = "STAGE",                                                                       \
         .help = "STAGE and all that depends on it"},                                              \
        {.name = "until",                                                                          \
         .kind = LM_O_TEXT,                                                                        \
         .offset = offsetof(struct lm_select_args, until),                                         \
         .metavar = "STAGE",                                                                       \
         .help = "STAGE and all upstream of it"},                                                  \
        {.name = "shard",                                                                          \
         .kind = LM_O_TEXT,                                                                        \
         .offset = offsetof(struct lm_select_args, shard),                                         \
         .metavar = "I/N",                                                                         \
         .help = "every Nth instance of a matrix, from the Ith on: a sweep shared by N jobs"},     \
    {                                                                                              \
        .name = "force", .letter = 'f', .kind = LM_O_TEXTS,                                        \
        .offset = offsetof(struct lm_select_args, force), .metavar = "STAGE",                      \
        .help = "execute STAGE even when its result is stored (repeatable)"                        \
    }

struct lm_loaded {
    bool hold, verify_hits; /**< given: as in lm_plan_options */
    struct lm_diags found;  /**< about the spec, printed already; in the program's arena */
    struct lm_spec *spec;
    struct lm_spec *refused; /**< what could be read of one with errors (lm_spec_options) or NULL */
    struct lm_store *store;
    struct lm_plan *plan;
};

/** Loads the spec with so many threads (0: the processors allowed), printing every finding.
 * LM_EXIT_OK, or the exit status after the errors were printed. Release in every case. */
int lm_loaded_spec(struct lm_loaded *loaded, struct lm_cli *cli, const char *path,
                   const struct lm_spec_args *args, size_t threads);
/** The spec, the store and the plan of a selection (NULL: all stages) for a budget of threads (0:
 *  the processors allowed). `force` may be NULL. Warnings of the plan are the caller's to print. */
int lm_loaded_plan(struct lm_loaded *loaded, struct lm_cli *cli, const char *path,
                   const struct lm_spec_args *args, const struct lm_selection *selection,
                   size_t threads);
/** Prints warnings of the plan, the plan to stdout, and what it will cost to stderr. The exit
 * status.
 */
int lm_loaded_print_plan(struct lm_loaded *loaded, struct lm_cli *cli, bool json);
/** The budget of threads: the option when it is not 0, else LMPIPE_THREADS, else 0. LM_EXIT_USAGE
 *  after the error was printed. */
int lm_loaded_threads(size_t *threads, struct lm_cli *cli, int64_t option);
/** LM_EXIT_OK, or LM_EXIT_USAGE after the error was printed: LMPIPE_KERNELS names no kernel path.
 */
int lm_loaded_kernels(struct lm_cli *cli);
void lm_loaded_release(struct lm_loaded *loaded);

/** Index of a stage in *index, or LM_EXIT_USAGE with "did you mean" on stderr. */
int lm_loaded_stage(size_t *index, const struct lm_loaded *loaded, struct lm_cli *cli,
                    const char *id);
/** Do all names of a selection mean stages of the spec? LM_EXIT_OK, or LM_EXIT_USAGE with "did you
 *  mean" on stderr. */
int lm_loaded_names(const struct lm_loaded *loaded, struct lm_cli *cli,
                    const struct lm_selection *selection);
/** A selection from the command line; names are checked when the plan is made. */
int lm_selection_read(struct lm_selection *out, struct lm_cli *cli,
                      const struct lm_select_args *args, char **targets, size_t count);
/** Where the store is: --store, else LMPIPE_STORE, else ROOT/artifacts/store; in the arena. */
const char *lm_store_place(const struct lm_cli *cli, const char *option, const char *root);
/** The nearest folder upwards from the working folder that holds artifacts/ or .git, else the
 *  working folder; in the arena, NULL when it cannot be read. */
const char *lm_root_here(const struct lm_cli *cli);
/** Opens the store of --store (`option`, or NULL) or of the working folder for commands without a
 *  spec. One that is not there is not made: LM_EXIT_STORE, told. */
int lm_loaded_store(struct lm_store **store, struct lm_cli *cli, const char *option);
/** Exit status of a failure (docs/command-line.md): of what was asked for, or of the store, a file
 * to write, memory. */
int lm_exit_of(enum lm_status status);
/** Of reading a file that the command line or the spec names: missing, unreadable, of another kind.
 */
int lm_exit_of_input(enum lm_status status);
/** Of finding a result that may not be there yet. */
int lm_exit_of_result(enum lm_status status);

/** Prints findings about a spec or plan to stderr: errors and warnings, a line each. */
void lm_loaded_findings(struct lm_cli *cli, const struct lm_diags *diags);

#endif
