/** How many documents are how large: exact, in memory that grows with the largest numbers alone: of
 *  n bytes of text there are at most about sqrt(2 n) different sizes. */
#ifndef LM_STAGES_CLEAN_SIZES_H
#define LM_STAGES_CLEAN_SIZES_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

/** Documents of one size. */
struct clean_size {
    int64_t bytes, documents; /**< documents 0: a free place */
};

/** Zero-initialise. */
struct clean_sizes {
    struct clean_size *items; /**< by open addressing; once sorted, `count` of them, by bytes */
    size_t count, capacity;
};

/** Counts a document. LM_NOMEM. */
enum lm_status clean_sizes_add(struct clean_sizes *sizes, int64_t bytes, struct lm_err *err);
/** Sorts; nothing may be added any more. */
void clean_sizes_sort(struct clean_sizes *sizes);
/** The size of document `rank`, from 0 on, in the order of sizes; 0 where there are fewer. */
int64_t clean_sizes_at(const struct clean_sizes *sizes, int64_t rank);
void clean_sizes_release(struct clean_sizes *sizes);

#endif
