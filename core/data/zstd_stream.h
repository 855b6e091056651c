/** Zstandard as a stream behind a descriptor: the door to libzstd. */
#ifndef LM_DATA_ZSTD_STREAM_H
#define LM_DATA_ZSTD_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/hash.h>
#include <lmpipe/status.h>

struct lm_zstd_writer;
struct lm_zstd_reader;

/** Does the name of a file say that it is compressed so (".zst")? */
bool lm_zstd_is_name(const char *path);

/** Compresses into `fd`, which stays the caller's; `path` is for messages, borrowed. LM_NOMEM. */
enum lm_status lm_zstd_writer_create(struct lm_zstd_writer **out, int fd, const char *path,
                                     struct lm_err *err);
/** LM_IO. */
enum lm_status lm_zstd_write(struct lm_zstd_writer *writer, const void *data, size_t size,
                             struct lm_err *err);
/** Writes what is left, with a checksum of all; frees the writer (also on failure). LM_IO. */
enum lm_status lm_zstd_finish(struct lm_zstd_writer *writer, struct lm_err *err);
void lm_zstd_abandon(struct lm_zstd_writer *writer); /**< NULL is fine */

/** Reads from `fd`, which stays the caller's; `path` is for messages, borrowed. LM_NOMEM. */
enum lm_status lm_zstd_reader_create(struct lm_zstd_reader **out, int fd, const char *path,
                                     struct lm_err *err);
/** Up to `room` > 0 bytes; *got is 0 at the end alone. *taken: bytes of the file that were read for
 * it. LM_FORMAT: it is damaged, cut, or something else; LM_IO. */
enum lm_status lm_zstd_read(struct lm_zstd_reader *reader, void *to, size_t room, size_t *got,
                            size_t *taken, struct lm_err *err);
void lm_zstd_reader_free(struct lm_zstd_reader *reader); /**< NULL is fine */

/** SHA-256 of what a file holds, uncompressed: what it is known by, whatever compressed it. LM_IO,
 *  LM_NOT_FOUND, LM_FORMAT, LM_NOMEM. */
enum lm_status lm_zstd_digest(struct lm_digest *out, const char *path, struct lm_err *err);

#endif
