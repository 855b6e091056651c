/**
 * The one way a file comes to be: it is written beside its goal, under a name that no other process
 * or host takes, and then takes the goal's name, so that a reader finds the old file or the whole
 * new one. While it is written its descriptor holds a kernel lock, which dies with the process:
 * what a dead writer has left can be told from what a live one is writing, and be swept.
 */
#ifndef LM_BASE_NEW_FILE_H
#define LM_BASE_NEW_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include <lmpipe/status.h>

#include "base/buf.h"

struct lm_new_file {
    int fd;          /**< open for writing; -1: nothing is under way */
    char *path;      /**< the goal; owned */
    char *temporary; /**< beside it, until the end; owned */
};

enum lm_new_flags {
    LM_NEW_DURABLE = 1, /**< content and name survive a power cut once the call has returned */
    LM_NEW_ASIDE = 2    /**< a folder in the goal's place moves to GOAL.aside.<random> */
};

/** Creates `<goal>.tmp.<host>.<random>` with `mode` under the umask. LM_NOT_FOUND, LM_IO, LM_NOMEM.
 */
enum lm_status lm_new_file_open(struct lm_new_file *out, const char *path, unsigned mode,
                                struct lm_err *err);
/** fsync on the descriptor that wrote, which is told of every write-back error. LM_IO. */
enum lm_status lm_new_file_sync(const struct lm_new_file *file, struct lm_err *err);
/** Ends the writing: the file takes its goal's name, or nothing is left of it. Closed either way.
 *  `flags` of enum lm_new_flags. LM_IO (error_number EISDIR: a folder has that name). */
enum lm_status lm_new_file_commit(struct lm_new_file *file, unsigned flags, struct lm_err *err);
/** Ends the writing without a file. After a commit, or when nothing was opened: nothing. */
void lm_new_file_drop(struct lm_new_file *file);

/** Opens, writes `size` bytes, commits. */
enum lm_status lm_new_file_write(const char *path, const void *data, size_t size, unsigned flags,
                                 struct lm_err *err);
/** lm_new_file_write of what a buffer holds; of one that failed no file: LM_NOMEM, as
 *  lm_buf_status. */
enum lm_status lm_new_file_write_buf(const char *path, const struct lm_buf *buf, unsigned flags,
                                     struct lm_err *err);

/** True for a name that lm_new_file_open makes: *.tmp.<8 hex digits>.<16 hex digits>. */
bool lm_new_file_is_temporary(const char *name);
/** Removes what writers that have died left in a folder; a missing folder holds none. */
void lm_new_file_sweep(const char *folder);

/** A name of at most 255 bytes beside `path`: "<path>.<word>.<host>.<random>", in memory to be
 *  freed; NULL: out of memory. */
char *lm_path_beside(const char *path, const char *word);

#endif
