/** A set of SHA-256 digests, for exact duplicates. */
#ifndef LM_TEXT_DIGEST_SET_H
#define LM_TEXT_DIGEST_SET_H

#include <stdbool.h>
#include <stddef.h>

#include <lmpipe/hash.h>

/** Zero-initialise. */
struct lm_digest_set {
    struct lm_digest *slots;
    bool *is_used;
    size_t count, mask;
};

/** Adds a digest; *is_new is false when it was there. False when memory is out. */
bool lm_digest_set_add(struct lm_digest_set *set, const struct lm_digest *digest, bool *is_new);
void lm_digest_set_release(struct lm_digest_set *set);

#endif
