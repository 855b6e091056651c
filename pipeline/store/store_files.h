/** Files of a store, counted. */
#ifndef LM_STORE_STORE_FILES_H
#define LM_STORE_STORE_FILES_H

#include <stdint.h>
#include <sys/stat.h>

#define LM_STORE_STATES "states" /**< the folder of states */

/** How many files there are, and their bytes. */
struct lm_tally {
    uint64_t files, bytes;
    int64_t changed; /**< newest mtime, unix seconds */
};

/** Adds all files below `path`, or `path` itself. What is not there has none. */
void lm_store_tally(struct lm_tally *tally, const char *path);

typedef void lm_store_walk_fn(void *user, const char *path, const struct stat *st);
/** Calls visit for every file below `path`, links not followed. */
void lm_store_walk(const char *path, lm_store_walk_fn *visit, void *user);

#endif
