/** A set of SHA-256 digests, for exact duplicates, that knows where each came from. */
#ifndef LM_TEXT_DIGEST_SET_H
#define LM_TEXT_DIGEST_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/hash.h>

/** Zero-initialise. */
struct lm_digest_set {
    struct lm_digest *slots;
    uint32_t *marks; /**< 0: free; else what it was added with, and 1 */
    size_t count, mask;
};

/** Adds a digest; *is_new is false when it was there, and *mark, < UINT32_MAX, then becomes what it
 *  was added with. False when memory is out. */
bool lm_digest_set_add(struct lm_digest_set *set, const struct lm_digest *digest, uint32_t *mark,
                       bool *is_new);
void lm_digest_set_release(struct lm_digest_set *set);

#endif
