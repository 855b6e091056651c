/** Option tables: parsing (getopt_long), help and "did you mean" all read the rows. */
#ifndef LM_CLI_OPTIONS_H
#define LM_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <lmpipe/arena.h>
#include <lmpipe/pipeline.h>
#include <lmpipe/status.h>

/** What an option takes, and the C type of the field it fills. */
enum lm_option_kind {
    LM_O_FLAG,     /**< nothing: bool */
    LM_O_TEXT,     /**< const char * */
    LM_O_MAYBE,    /**< struct lm_option_maybe: typed with "=VALUE" behind it, or without */
    LM_O_INT,      /**< int64_t within min … max */
    LM_O_FLOAT,    /**< double within min … max */
    LM_O_DURATION, /**< double, seconds; typed 90s, 10m, 2h, 3d */
    LM_O_SIZE,     /**< int64_t, bytes; typed 4096, 500M, 20G */
    LM_O_CHOICE,   /**< int, index into choices */
    LM_O_TEXTS,    /**< struct lm_option_texts; the option may be repeated */
    LM_O_SETTINGS  /**< struct lm_settings; NAME=VALUE, may be repeated */
};

struct lm_option_texts {
    const char **items;
    size_t count;
};

struct lm_option_maybe {
    bool bare;        /**< it was given without a value */
    const char *text; /**< that of the last one with it, or NULL */
};

struct lm_settings {
    struct lm_setting *items;
    size_t count;
};

/** One option; a table ends with a row whose name is NULL. */
struct lm_option {
    const char *name; /**< long name without dashes */
    char letter;      /**< short name, or 0 */
    enum lm_option_kind kind;
    size_t offset;       /**< of the field in the command's struct */
    const char *metavar; /**< "N"; for choices the list itself */
    const char *help;
    const char *const *choices; /**< LM_O_CHOICE: NULL-terminated */
    double min, max;
    bool required; /**< LM_O_TEXT: must be given, and not be empty */
    bool zero;     /**< LM_O_DURATION: may be 0 */
};

/** Rows that many tables have; the fields are bool and const char *. `text` says what form it is:
 *  docs/json.md has all of them. */
#define LM_JSON_ROW(type, field, text)                                                             \
    {                                                                                              \
        .name = "json", .kind = LM_O_FLAG, .offset = offsetof(type, field), .help = text           \
    }
#define LM_STORE_ROW(type, field)                                                                  \
    {                                                                                              \
        .name = "store", .kind = LM_O_TEXT, .offset = offsetof(type, field), .metavar = "DIR",     \
        .help = "the store (else LMPIPE_STORE, else artifacts/store below the root)"               \
    }

struct lm_cli;

/** One command: everything both programs know about it. Help, usage errors and lists of commands
 * read it; there is no other description. */
struct lm_command {
    const char *name;     /**< "run", or two words: "model info" */
    const char *summary;  /**< one line */
    const char *operands; /**< "SPEC [STAGE…]" */
    size_t min_operands, max_operands;
    const struct lm_option *options;
    size_t args_size;     /**< sizeof the struct that the options fill */
    const void *defaults; /**< its initial value; NULL: zeros */
    const char *example;  /**< one command line */
    const char *notes;    /**< paragraphs for --help, or NULL */
    /** Returns the exit status; `operands` holds min … max entries. NULL: the worker program does
     * it (cli/heavy/heavy_programs.c), which carries the model core and the libraries. */
    int (*run)(struct lm_cli *cli, const void *args, char **operands, size_t count);
};

/** Outcome of parsing. */
struct lm_parsed {
    void *args; /**< the command's struct, in the arena */
    char **operands;
    size_t operand_count;
    bool help; /**< --help was given; nothing else was checked */
};

/** Parses argv[1..argc) (argv[0] is passed over; argv is permuted so that operands come last).
 *  LM_INVALID with a message that names the option and the nearest one. */
enum lm_status lm_options_parse(struct lm_parsed *out, const struct lm_command *command, int argc,
                                char **argv, struct lm_arena *arena, struct lm_err *err);
/** `--help` of a command. */
void lm_options_help(const struct lm_command *command, FILE *out);
/** Seconds of 90, 90s, 10m, 2h, 1.5h, 3d; false for anything else, and for what is below zero. */
bool lm_duration_parse(double *seconds, const char *text);

#endif
