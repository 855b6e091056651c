/**
 * Parameters: one row a parameter. Defaults, validation, "did you mean", help, Markdown,
 * JSON Schema and key text are all derived from the rows.
 */
#ifndef LMPIPE_PARAM_H
#define LMPIPE_PARAM_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lm_arena;

enum lm_param_type {
    LM_P_BOOL,     /**< bool */
    LM_P_INT,      /**< int64_t */
    LM_P_FLOAT,    /**< double, finite */
    LM_P_STR,      /**< const char *, UTF-8 */
    LM_P_ENUM,     /**< const char *, one of choices */
    LM_P_PATH,     /**< const char *, absolute file or folder; in the key by its content */
    LM_P_URL,      /**< const char *, file:// or https:// (http:// only when pinned) */
    LM_P_DURATION, /**< double, seconds; typed as 90s, 10m, 2h */
    LM_P_SIZE,     /**< int64_t, bytes; typed as 512K, 2G */
    LM_P_RECORD,   /**< struct in place, rows in `fields` */
    LM_P_LIST      /**< struct lm_list of `item` (scalars) or of records (`fields`) */
};

/** A list value: `count` elements of the item's C type (const char *, double, int64_t, or a
 *  record struct of fields_size bytes); owned by the spec's arena. */
struct lm_list {
    void *items;
    size_t count;
};

enum lm_param_flags {
    LM_PARAM_REQUIRED = 1,   /**< no default: the spec must give it */
    LM_PARAM_NOT_IN_KEY = 2, /**< proven not to change outputs, or resolved into other rows */
    LM_PARAM_COMPACT = 4,    /**< left out of the key at its default (added after a release) */
    LM_PARAM_ENV = 8,        /**< ${env.NAME} is allowed in it (paths and source locations only) */
    LM_PARAM_OPEN_MIN = 16,  /**< min itself is not allowed */
    LM_PARAM_OPEN_MAX = 32,  /**< max itself is not allowed */
    LM_PARAM_SHORT = 64,   /**< a record (or those of a list) that may be given as the value of its
                               first field alone */
    LM_PARAM_SECRET = 128, /**< LM_P_STR, or a list: the name of an environment variable whose value
                              the stage may ask for (lm_ctx_secret) */
    LM_PARAM_FILLED = 512, /**< a list that is given has at least one element */
    LM_PARAM_NAMED = 256   /**< a list of records that may be given as a map, NAME: VALUE, of which
                              the first field is the value, the second the name; sorted by name */
};

/** "Not given" for numbers whose default is computed by the stage type's resolve function. */
#define LM_UNSET_INT INT64_MIN
#define LM_UNSET_FLOAT ((double)NAN)

static inline bool lm_is_unset(double v)
{
    return v != v;
}

/** What a file that a parameter names says of others, or which file a word stands for: asked while
 *  the spec is read, for a row with `follow`. Files told of enter the key by content as
 *  "PARAM.NAME"; findings are the spec's. */
struct lm_follow {
    const char *param;      /**< the parameter by name: "tasks.0" */
    const char *path;       /**< absolute; of LM_P_STR the text */
    const char *shown;      /**< what findings call it */
    struct lm_arena *arena; /**< for what is told */
    void *params;           /**< of the stage, resolved; only fields without a row may be set */
    /** The value of an environment variable; NULL: not set. */
    const char *(*env)(void *user, const char *name);
    bool (*has_input)(void *user, const char *port); /**< is a port connected? */
    /** Told of a file: its name ("data"), where it is, how and where it is written. */
    void (*file)(void *user, const char *name, const char *path, const char *written, int line,
                 int column);
    /** Told of a file that is not there, and what to say when a key needs it. */
    void (*lacking)(void *user, const char *name, const char *text);
    void (*error)(void *user, int line, int column, const char *field, const char *text);
    void *user;
};

struct lm_param {
    const char *name; /**< snake_case, what people type */
    const char *key;  /**< its name in keys, where that is another (a renamed row); else NULL. "" of
                         a  record's first field: the record's own name, for a row that became one */
    const char *also; /**< what else it is called, separated by spaces ("learning_rate lr_max"):
                         answered with `name`, never accepted; or NULL */
    enum lm_param_type type;
    size_t offset, size; /**< of the C field; by LM_FIELD */
    unsigned flags;
    const char *unit;   /**< in words, or NULL */
    const char *help;   /**< ≤ 90 characters */
    const char *source; /**< paper and section, or NULL */
    bool def_bool;
    int64_t def_int;
    double def_float;
    const char *def_str;
    double given; /**< of a number that is unset by default: its value where the record that it is
                     a row of is given without it; 0: it stays unset */
    double min, max;               /**< both 0: no bound */
    const char *const *choices;    /**< LM_P_ENUM: NULL-terminated */
    enum lm_param_type item;       /**< LM_P_LIST: element type */
    const struct lm_param *fields; /**< record rows, NULL-name terminated */
    size_t fields_size;            /**< sizeof the record struct */
    const char *pinned_by; /**< LM_P_URL, LM_P_PATH: while this sibling row, the SHA-256 that is
                              there, is not empty, this one is not in the key */
    const char *hidden_by; /**< while this sibling text row is not empty, this one is not in the
                              key: what it leads to is fixed by the other */
    const char *sized_by;  /**< the same: an LM_P_SIZE sibling that says how many bytes are there */
    const char *among; /**< LM_P_STR, of a list's records: "PORT TYPE.LIST.FIELD": what is upstream
                          of that input is named so, and each is to be given; or NULL */
    const char *named_by; /**< LM_P_PATH: an LM_P_STR sibling that is the path as it is written
                             while it is not given */
    /** LM_P_PATH, LM_P_STR, or a list of them; or NULL */
    void (*follow)(const struct lm_follow *follow);
};

/** Offset and size of field f of struct S. */
#define LM_FIELD(S, f) .name = #f, .offset = offsetof(S, f), .size = sizeof(((S *)0)->f)

#endif
