/**
 * Content hashes. SHA-256 (FIPS 180-4, by OpenSSL's libcrypto) names everything that is
 * stored or pinned; XXH3-64 (by xxHash) is for tables and checksums inside one process or file.
 */
#ifndef LMPIPE_HASH_H
#define LMPIPE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#define LM_DIGEST_SIZE 32
#define LM_DIGEST_HEX 65 /**< 64 lower-case hex digits and NUL */

struct lm_digest {
    uint8_t bytes[LM_DIGEST_SIZE];
};

struct lm_sha256; /**< a running SHA-256 */

/** New running hash, or NULL when memory is out. */
struct lm_sha256 *lm_sha256_create(void);
void lm_sha256_update(struct lm_sha256 *hash, const void *data, size_t size);
/** Digest of all updates; the hash starts anew. */
void lm_sha256_final(struct lm_sha256 *hash, struct lm_digest *out);
void lm_sha256_free(struct lm_sha256 *hash);

/** SHA-256 of one block of memory. */
void lm_sha256_bytes(struct lm_digest *out, const void *data, size_t size);

/** SHA-256 and size (bytes; may be NULL) of a file, read with read(). Errors: LM_NOT_FOUND, LM_IO.
 */
enum lm_status lm_sha256_file(struct lm_digest *out, uint64_t *size, const char *path,
                              struct lm_err *err);

/** Lower-case hex of a digest into `out`. */
void lm_digest_hex(char out[LM_DIGEST_HEX], const struct lm_digest *digest);
/** Parses exactly 64 hex digits (either case); false when `text` is anything else. */
bool lm_digest_parse(struct lm_digest *out, const char *text);
/** Total order by bytes: <0, 0, >0. */
int lm_digest_compare(const struct lm_digest *a, const struct lm_digest *b);

/** XXH3 64-bit of a block. Stable across machines. */
uint64_t lm_hash64(const void *data, size_t size, uint64_t seed);

struct lm_hash64; /**< a running XXH3, seed 0 */

/** New running hash, or NULL when memory is out. */
struct lm_hash64 *lm_hash64_create(void);
/** Forgets all updates. */
void lm_hash64_begin(struct lm_hash64 *hash);
void lm_hash64_update(struct lm_hash64 *hash, const void *data, size_t size);
/** lm_hash64 of all updates joined; more may follow. */
uint64_t lm_hash64_final(const struct lm_hash64 *hash);
void lm_hash64_free(struct lm_hash64 *hash); /**< NULL is fine */

#endif
