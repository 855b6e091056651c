/**
 * Rows of one size in a file, found by a key and changed in place (docs/formats/store.md). A table
 * only remembers: every row has its checksum, and what is damaged, missing or being written by
 * another process just now is a row that is not there. So readers take no lock, a writer holds the
 * file's kernel lock for one row, opening costs the same whatever the table holds, and adding a row
 * costs the same, too (the file is written anew when it is full, with twice the room). Several
 * threads and processes may use one table.
 */
#ifndef LM_STORE_TABLE_H
#define LM_STORE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LM_TABLE_ROW_MAX 96

struct lm_table;

struct lm_table_form {
    const char *magic; /**< 8 bytes, the last one a digit: another one is another version's */
    size_t row, key;   /**< bytes of a row, at most LM_TABLE_ROW_MAX; of its key, which begins it */
    bool has_blobs;    /**< behind the key: offset and size (u64) of bytes kept in the same file */
    bool (*keep)(const void *row); /**< may drop rows when the file is written anew; or NULL */
};

/** Opens the table at `path`, which need not exist; *damaged: something is there, but no table. On
 *  a disk that cannot be written the rows added are forgotten at the end. NULL: out of memory. */
struct lm_table *lm_table_open(const char *path, const struct lm_table_form *form, bool *damaged);
void lm_table_close(struct lm_table *table); /**< NULL is fine */

/** Finds the row that begins with the key `row` begins with, and fills in the rest. */
bool lm_table_find(struct lm_table *table, void *row);
/** Reads the blob of a row into `size` bytes at `out`; false when the row is of another size. */
bool lm_table_blob(struct lm_table *table, const void *row, void *out, size_t size);
/** Adds or replaces a row; offset and size of a blob are set here. False: it is not remembered. */
bool lm_table_put(struct lm_table *table, const void *row, const void *blob, size_t size);
/** Drops all rows; the file is removed. */
void lm_table_clear(struct lm_table *table);
/** Number of rows; reads the whole table. */
size_t lm_table_count(struct lm_table *table);

#endif
