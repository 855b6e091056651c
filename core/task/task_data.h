/** The files that a task's data come from: of the task's folder, or of downloaded sources. */
#ifndef LM_TASK_TASK_DATA_H
#define LM_TASK_TASK_DATA_H

#include "task/task_file.h"

/** A file of rows. */
struct lm_task_file {
    const char *name; /**< for messages and ids: as the task has it, or SOURCE, or SOURCE/MEMBER */
    const char *path;
};

struct lm_task_files {
    struct lm_task_file *items;
    size_t count;
};

/** The one file of `data`, which lies at `path`. LM_NOMEM. */
enum lm_status lm_task_data_file(struct lm_task_files *out, struct lm_arena *arena,
                                 const struct lm_task_data *data, const char *path,
                                 struct lm_err *err);
/** The members of `data`'s sources in corpora (folders as docs/formats/corpus.md has them), by
 *  source and member in the order of bytes. LM_INVALID: no source fits, with the nearest name, or
 *  no member; LM_IO, LM_NOMEM. */
enum lm_status lm_task_data_sources(struct lm_task_files *out, struct lm_arena *arena,
                                    const struct lm_task_data *data, const char *const *corpora,
                                    size_t corpus_count, struct lm_err *err);

#endif
