/**
 * Ordered rows in one LMDB file: the door to LMDB. Only the main database is used, without
 * flags. Never MDB_WRITEMAP (a sparse file of map size, SIGBUS on a full disk) and never
 * MDB_NOMEMINIT (heap bytes would reach the file).
 */
#ifndef LM_DATA_TOKENS_LMDB_H
#define LM_DATA_TOKENS_LMDB_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

struct lm_rows_writer;
struct lm_rows;

/** New file at `path`, which must not exist. LM_IO, LM_NOT_FOUND, LM_NOMEM. */
enum lm_status lm_rows_create(struct lm_rows_writer **out, const char *path, struct lm_err *err);
/** Appends a row, keys in ascending byte order (LM_INVALID otherwise). LM_IO: also a full disk. */
enum lm_status lm_rows_put(struct lm_rows_writer *writer, const void *key, size_t key_size,
                           const void *value, size_t value_size, struct lm_err *err);
/** Makes all rows durable; closes and frees the writer, also on failure. */
enum lm_status lm_rows_finish(struct lm_rows_writer *writer, struct lm_err *err);
void lm_rows_abandon(struct lm_rows_writer *writer); /**< closes and frees; NULL is fine */

/** Opens read-only without a lock file, after lm_pages_check. LM_FORMAT, LM_NOT_FOUND, LM_IO,
 * LM_NOMEM. */
enum lm_status lm_rows_open(struct lm_rows **out, const char *path, struct lm_err *err);
void lm_rows_close(struct lm_rows *rows); /**< NULL is fine */

/** One row; key and value stay valid until lm_rows_close. A failure ends the walk. */
typedef enum lm_status lm_row_fn(void *user, const uint8_t *key, size_t key_size,
                                 const uint8_t *value, size_t value_size, struct lm_err *err);
/** All rows in key order. */
enum lm_status lm_rows_each(const struct lm_rows *rows, lm_row_fn *visit, void *user,
                            struct lm_err *err);

#endif
