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

enum { LM_ROWS_LONGEST_KEY = 64 };

/** New file at `path`, which must not exist. LM_IO, LM_NOT_FOUND, LM_NOMEM. */
enum lm_status lm_rows_create(struct lm_rows_writer **out, const char *path, struct lm_err *err);
/** Begins a row of `size` bytes under a key that is not there yet (LM_INVALID otherwise), in any
 *  order; *value is the place of its bytes in LMDB's own page, to be filled before lm_rows_commit:
 *  no second copy is made. A full map grows first. LM_IO: also a full disk. */
enum lm_status lm_rows_reserve(uint8_t **value, struct lm_rows_writer *writer, const void *key,
                               size_t key_size, size_t size, struct lm_err *err);
/** Makes the reserved row shorter; its first `size` bytes stay, at a new place. */
enum lm_status lm_rows_shrink(uint8_t **value, struct lm_rows_writer *writer, size_t size,
                              struct lm_err *err);
/** Ends the reserved row. LM_IO. */
enum lm_status lm_rows_commit(struct lm_rows_writer *writer, struct lm_err *err);
/** Makes all rows durable; closes and frees the writer, also on failure. */
enum lm_status lm_rows_finish(struct lm_rows_writer *writer, struct lm_err *err);
void lm_rows_abandon(struct lm_rows_writer *writer); /**< closes and frees; NULL is fine */

/** Opens read-only without a lock file, however many rows there are: what LMDB follows is checked
 *  before it does, row by row (tokens_pages.h). LM_FORMAT, LM_NOT_FOUND, LM_IO, LM_NOMEM. */
enum lm_status lm_rows_open(struct lm_rows **out, const char *path, struct lm_err *err);
/** The row of a key, which stays valid until lm_rows_close. Safe from several threads.
 * LM_NOT_FOUND: there is none; LM_FORMAT: the way to it is damaged; LM_IO. */
enum lm_status lm_rows_get(struct lm_rows *rows, const void *key, size_t key_size,
                           const uint8_t **value, size_t *size, struct lm_err *err);
/** Bytes of the file's pages: more than all rows have. */
uint64_t lm_rows_bytes(const struct lm_rows *rows);
void lm_rows_close(struct lm_rows *rows); /**< NULL is fine */

/** One row; key and value stay valid until lm_rows_close. A failure ends the walk. */
typedef enum lm_status lm_row_fn(void *user, const uint8_t *key, size_t key_size,
                                 const uint8_t *value, size_t value_size, struct lm_err *err);
/** All rows in key order, once all pages are checked. LM_FORMAT: not sound; LM_IO. */
enum lm_status lm_rows_each(struct lm_rows *rows, lm_row_fn *visit, void *user, struct lm_err *err);

#endif
