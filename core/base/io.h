/**
 * Files: whole reads, atomic durable writes, folders. All paths are UTF-8 bytes; every error
 * names the path and the system's reason. Descriptors are opened O_CLOEXEC.
 */
#ifndef LM_BASE_IO_H
#define LM_BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

#include "base/buf.h"

/** Names in a folder, sorted by bytes, without "." and "..". */
struct lm_names {
    char **items;
    size_t count;
};

/** dir + "/" + name in the arena (NULL: out of memory). An absolute name is returned as it is. */
char *lm_path_join(struct lm_arena *arena, const char *dir, const char *name);
/** Everything before the last '/', "." when there is none, "/" for the root. */
char *lm_path_dir(struct lm_arena *arena, const char *path);
/** What of `path` lies below `folder` ("b/c" of "/a/b/c" and "/a"), borrowed from it; NULL when it
 *  does not. By text: both absolute, without links. */
const char *lm_path_below(const char *path, const char *folder);
/** What follows the last '/'; borrowed from `path`. */
const char *lm_path_base(const char *path);

/** Whole file, at most `ceiling` bytes (LM_RANGE beyond), plus a NUL that is not counted. Owned by
 * the arena. */
enum lm_status lm_file_read(char **out, size_t *size, struct lm_arena *arena, const char *path,
                            size_t ceiling, struct lm_err *err);
/** lm_file_read of what is left of an open descriptor; `name` is for messages. */
enum lm_status lm_fd_read(char **out, size_t *size, struct lm_arena *arena, int fd, size_t ceiling,
                          const char *name, struct lm_err *err);
/** A new file in the place of `path` (new_file.h), durable when it returns. */
enum lm_status lm_file_write_atomic(const char *path, const void *data, size_t size,
                                    struct lm_err *err);
/** Creates or truncates `path` and writes it, without fsync (for private folders). */
enum lm_status lm_file_write(const char *path, const void *data, size_t size, struct lm_err *err);
/** lm_file_write of what a buffer holds; of one that failed no file: LM_NOMEM, as lm_buf_status. */
enum lm_status lm_file_write_buf(const char *path, const struct lm_buf *buf, struct lm_err *err);
/** pread() until `size` bytes at `at` are in `out`; retries EINTR and short reads. Returns how many
 *  there are: when fewer, errno is that of the failure, 0 where the file ends before. */
size_t lm_read_at(int fd, void *out, size_t size, uint64_t at);
/** write() until all is written; retries EINTR and short writes. */
enum lm_status lm_write_all(int fd, const void *data, size_t size, const char *name,
                            struct lm_err *err);
/** Copies by reflink where the file system can, else copy_file_range, else read/write, into a new
 *  file in the place of `to` (new_file.h), with `mode` under the umask; a folder that is there
 * moves aside. Never a hard link, not made durable. */
enum lm_status lm_file_copy(const char *to, const char *from, unsigned mode, struct lm_err *err);
enum lm_status lm_fsync_path(const char *path, struct lm_err *err); /**< a file or a folder */

bool lm_path_exists(const char *path);
bool lm_path_is_dir(const char *path);
/** mkdir -p. */
enum lm_status lm_dir_create(const char *path, struct lm_err *err);
/** Sorted names of a folder. */
enum lm_status lm_dir_list(struct lm_names *out, struct lm_arena *arena, const char *path,
                           struct lm_err *err);
/** Paths of all regular files below `path`, relative to it, sorted by bytes. Symbolic links are
 *  followed, to files and to folders alike. *others (may be NULL), sorted too: what is neither file
 *  nor folder (a link that leads nowhere, a link to a folder that it lies in, a pipe, a socket, a
 *  device). LM_RANGE: more than 200 folders deep, or more than 10,000 links to folders; LM_IO,
 *  LM_NOT_FOUND, LM_NOMEM. */
enum lm_status lm_dir_walk(struct lm_names *out, struct lm_names *others, struct lm_arena *arena,
                           const char *path, struct lm_err *err);
/** rm -rf; a missing path is fine; never follows a symbolic link. */
enum lm_status lm_dir_remove(const char *path, struct lm_err *err);

#endif
