/**
 * The stat index (docs/formats/store.md): which digest a file had when it was last hashed, found
 * again by device, inode, size, mtime and ctime. A file that was changed as late as the hashing
 * began is never entered ("racily new": a later change might not move its times), so it is hashed
 * again next time. Losing the index loses nothing but time.
 */
#ifndef LM_STORE_STAT_INDEX_H
#define LM_STORE_STAT_INDEX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <lmpipe/hash.h>
#include <lmpipe/status.h>

struct lm_stat_index;

/** Reads the index at `path`; a missing or damaged one is empty (then *damaged, which may be NULL,
 *  says which). NULL when memory is out. */
struct lm_stat_index *lm_stat_index_open(const char *path, bool *damaged);
/** Writes the index if it has changed, merged with what others wrote meanwhile, and frees it. A
 *  failure to write is no failure: the old one stays. NULL is fine. */
void lm_stat_index_close(struct lm_stat_index *index);
/** Drops all entries; a file of the old ones is removed. */
void lm_stat_index_clear(struct lm_stat_index *index);
size_t lm_stat_index_count(const struct lm_stat_index *index);

/** The digest of a file with this stat; false when it is not known. */
bool lm_stat_index_find(const struct lm_stat_index *index, const struct stat *st,
                        struct lm_digest *out);
/** Enters a digest. `hashed_ns`: lm_stat_clock_ns() read before the hashing began; an entry that is
 *  racily new is left out. Failure of memory: the entry is left out. */
void lm_stat_index_put(struct lm_stat_index *index, const struct stat *st,
                       const struct lm_digest *digest, int64_t hashed_ns);

#endif
