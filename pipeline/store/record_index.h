/**
 * The texts of action records in one file (docs/formats/store.md), so that a plan of thousands of
 * stages opens one file. It only remembers: a text counts while the record's own file has the
 * inode, the size and the time it had when it was read; a key it lacks is looked for as a file.
 */
#ifndef LM_STORE_RECORD_INDEX_H
#define LM_STORE_RECORD_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include <lmpipe/arena.h>
#include <lmpipe/hash.h>

struct lm_record_index;

/** As lm_table_open. */
struct lm_record_index *lm_record_index_open(const char *path, bool *damaged);
void lm_record_index_close(struct lm_record_index *index); /**< NULL is fine */
void lm_record_index_clear(struct lm_record_index *index);
size_t lm_record_index_count(struct lm_record_index *index);

/** The text that the file of this key and stat had, in the arena (to be checked as that of a file
 *  is); NULL: not known. */
char *lm_record_index_find(struct lm_record_index *index, struct lm_arena *arena,
                           const struct lm_digest *key, const struct stat *st);
void lm_record_index_put(struct lm_record_index *index, const struct lm_digest *key,
                         const struct stat *st, const char *text, size_t size);

#endif
