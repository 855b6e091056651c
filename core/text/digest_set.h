/**
 * A set of SHA-256 digests, for exact duplicates, that knows where each came from. Of a digest it
 * keeps 16 bytes: among 10^12 texts two that differ are taken for the same with a probability below
 * 10^-14. Beyond its share of memory it lies in a file without a name, which the system keeps in
 * memory as far as there is room; what it answers is the same.
 */
#ifndef LM_TEXT_DIGEST_SET_H
#define LM_TEXT_DIGEST_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <lmpipe/hash.h>
#include <lmpipe/status.h>

/** Zero-initialise; set `folder` and `most` before the first digest, or leave it in memory. */
struct lm_digest_set {
    const char *folder; /**< for what memory does not hold; NULL: memory holds all. Borrowed */
    size_t most;        /**< bytes of memory that it may take where there is a folder */
    size_t count;

    struct lm_digest_slot {
        uint32_t key[4]; /**< the digest's first bytes */
        uint32_t mark;   /**< 0: free; else what it was added with, and 1 */
    } * slots;

    size_t mask;
    bool is_mapped; /**< the slots are those of a file */
};

/** Where the search for a digest begins. */
static inline size_t lm_digest_set_at(const struct lm_digest_set *set, const void *digest)
{
    uint64_t first;
    memcpy(&first, digest, sizeof first);
    return (size_t)first & set->mask;
}

/** The digest will be added soon: its place is fetched from memory meanwhile. */
static inline void lm_digest_set_foresee(const struct lm_digest_set *set,
                                         const uint8_t digest[LM_DIGEST_SIZE])
{
    if (set->slots != NULL)
        __builtin_prefetch(&set->slots[lm_digest_set_at(set, digest)], 1);
}

/** Adds a digest; *is_new is false when it was there, and *mark, < UINT32_MAX, then becomes what it
 *  was added with. LM_NOMEM; LM_IO: the folder's disk is full. The set is as it was then. */
enum lm_status lm_digest_set_add(struct lm_digest_set *set, const struct lm_digest *digest,
                                 uint32_t *mark, bool *is_new, struct lm_err *err);
void lm_digest_set_release(struct lm_digest_set *set);

#endif
