/**
 * A task as a file (docs/tasks.md): which items, how they become texts, what is scored. Strict: an
 * unknown key, a field that the kind has no use for, a wrong type are findings with their place.
 */
#ifndef LM_TASK_TASK_FILE_H
#define LM_TASK_TASK_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "task/row.h"
#include "task/template.h"
#include "yaml/diag.h"

enum lm_task_kind {
    LM_TASK_STREAM,     /**< a text, all of it */
    LM_TASK_CHOICE,     /**< which of several continuations is most likely */
    LM_TASK_CLOZE,      /**< is the continuation the most likely one of all? */
    LM_TASK_GENERATE,   /**< a continuation of the model's own, beside references */
    LM_TASK_SIMILARITY, /**< two texts, and how similar people find them */
    LM_TASK_KINDS
};

/** "stream", "choice", "cloze", "generate", "similarity", NULL. */
extern const char *const lm_task_kinds[];

/** What the log-likelihood of a choice is divided by, or less. */
enum lm_task_norm { LM_TASK_SUM, LM_TASK_TOKEN, LM_TASK_BYTE, LM_TASK_PMI, LM_TASK_NORMS };

/** "sum", "token", "byte", "pmi", NULL. */
extern const char *const lm_task_norms[];

enum {
    LM_TASK_NAME = 64,      /**< bytes of a name, at most */
    LM_TASK_LEVELS = 8,     /**< groups an item may be in */
    LM_TASK_CHOICES = 1000, /**< of an item, references too */
    LM_TASK_FILE_BYTES = 1 << 20
};

/** Where items are. */
struct lm_task_data {
    const char *file;   /**< as written, ${env.NAME} unfilled; NULL: of a source */
    const char *source; /**< a glob over names of sources; NULL: a file */
    const char *files;  /**< a glob over the members of the source; NULL: all */
    enum lm_row_format format;
    const char *const *columns; /**< of a headerless table; NULL: a header is there */
    size_t column_count;
    struct lm_origin at;
};

struct lm_task {
    const char *name;
    enum lm_task_kind kind;
    struct lm_task_data data;
    struct lm_template groups[LM_TASK_LEVELS]; /**< the first are the clusters of intervals */
    size_t group_count;
    struct lm_template context;
    struct lm_template *choices; /**< texts; one that is_list may stand for many */
    size_t choice_count;
    bool is_choice_list;
    struct lm_template answer, target;
    struct lm_template *references;
    size_t reference_count;
    bool is_reference_list, has_target;
    const char *const *stops; /**< generate: what ends an output; a line's end unless given */
    size_t stop_count;
    enum lm_task_norm norms[LM_TASK_NORMS]; /**< the first is that of the accuracy */
    size_t norm_count;
    struct lm_task_data shots; /**< few_shot */
    int64_t shot_count;        /**< 0: none */
    const char *shot_join;
    int64_t limit; /**< items, or of each group; 0: all */
    bool is_limit_by_group;
};

/**
 * Reads a task file's text. `file` is its name in findings; a task without a name is called by it.
 * Findings go to `diags`; then false, and *out is incomplete. All is in the list's arena.
 */
bool lm_task_read(struct lm_task *out, struct lm_diag_list *diags, const char *file,
                  const char *text, size_t size);

/** The same of the file at `path`, which was found sound when the spec was read: its first finding
 *  is an error (LM_FORMAT). LM_IO, LM_NOMEM. */
enum lm_status lm_task_open(struct lm_task *out, struct lm_arena *arena, const char *path,
                            struct lm_err *err);

/** Gives the value of an environment variable, NULL when it is not set. */
typedef const char *lm_task_env_fn(void *user, const char *name);
/** The absolute path that a file of a task stands for: relative to `folder`, ${env.NAME} filled in
 *  by `env`, "$${" read as "${". In the arena; NULL: memory is out, or *unset names a variable that
 *  is not set. */
const char *lm_task_path(struct lm_arena *arena, const char *folder, const char *written,
                         lm_task_env_fn *env, void *user, const char **unset);

#endif
