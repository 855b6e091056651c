/**
 * Near-duplicates among many documents: MinHash-LSH finds candidates, Jaccard's coefficient of
 * their shingles decides, clusters are the components of pairs that reach the threshold, and of
 * each its first document represents it. Results depend on the documents and their order alone: not
 * on threads, and not on memory. Keys of bands are kept as sorted runs (14 bytes a band), some 32
 * bytes a document stay in memory; texts are asked for again when candidates are compared.
 */
#ifndef LM_CORPUS_NEAR_H
#define LM_CORPUS_NEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "base/buf.h"
#include "base/pool.h"
#include "base/sorter.h"
#include "corpus/minhash.h"
#include "corpus/shingles.h"

struct lm_near_options {
    double threshold; /**< in (0, 1] */
    size_t ngram;     /**< words of a shingle, in [1, LM_SHINGLE_WORDS] */
    size_t bands, rows;
    size_t memory;      /**< for keys, and for shingles that are compared; bytes, about */
    const char *folder; /**< for files that come and go; borrowed */
};

/** What is known of a document. */
struct lm_near_document {
    uint32_t first;     /**< after lm_near_resolve the representative: itself, or one before */
    uint32_t partner;   /**< the first document that a pair was found with; itself: none */
    double jaccard;     /**< of that pair */
    uint32_t grams;     /**< shingles, as they come */
    uint32_t set_count; /**< of the set; 1 while one is only wanted */
    uint64_t *set;      /**< of shingles, while it is needed; owned */
};

struct lm_near {
    struct lm_near_options options;
    struct lm_minhash minhash;
    struct lm_sorter bands;
    struct lm_near_document *documents;
    size_t count, capacity;
    int64_t candidates; /**< pairs that were compared: tells how long it took, and is no result */
    int64_t removed;    /**< documents that another one represents */
};

/** Where texts come from. Called by many threads at once. */
struct lm_near_texts {
    /** Appends the text of document `index` to an empty buffer. */
    enum lm_status (*read)(void *user, size_t index, struct lm_buf *out, struct lm_err *err);
    /** NULL: nobody stops it. */
    bool (*is_cancelled)(void *user);
    /** Told of each pair that joined two clusters, a < b, in one order; or NULL. */
    void (*joined)(void *user, size_t a, size_t b, double jaccard);
    void *user;
};

void lm_near_init(struct lm_near *out, const struct lm_near_options *options);
/** Keys of a document's bands (options.bands of them) into `keys`, for lm_near_add; `shingles` is
 *  overwritten, its count is what lm_near_add wants. Many threads may call it. LM_NOMEM. */
enum lm_status lm_near_keys(const struct lm_near *near, uint64_t *keys,
                            struct lm_shingles *shingles, const uint8_t *text, size_t size,
                            struct lm_err *err);
/** Takes the next document; grams 0: it has no words, and is like no other. LM_RANGE: more than
 * 2^32 − 2 documents; LM_IO, LM_NOMEM. */
enum lm_status lm_near_add(struct lm_near *near, const uint64_t *keys, size_t grams,
                           struct lm_err *err);
/** Finds the clusters. LM_CANCELLED, LM_IO, LM_NOMEM, what `read` fails with. */
enum lm_status lm_near_resolve(struct lm_near *near, const struct lm_near_texts *texts,
                               struct lm_pool *pool, struct lm_err *err);
void lm_near_release(struct lm_near *near);

#endif
