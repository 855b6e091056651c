/* The libcrypto door. SHA256_Init and friends, deprecated since OpenSSL 3.0, are used on
 * purpose: EVP's first digest costs 0.5 to 1.5 ms (providers, configuration file) in every
 * process, these cost 9 µs, and `plan` must answer in a few milliseconds. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <lmpipe/hash.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_CHUNK = 256 << 10 };

struct lm_sha256 {
    SHA256_CTX context;
};

struct lm_sha256 *lm_sha256_create(void)
{
    struct lm_sha256 *hash = malloc(sizeof *hash);
    if (hash != NULL)
        SHA256_Init(&hash->context);
    return hash;
}

void lm_sha256_update(struct lm_sha256 *hash, const void *data, size_t size)
{
    if (size > 0)
        SHA256_Update(&hash->context, data, size);
}

void lm_sha256_final(struct lm_sha256 *hash, struct lm_digest *out)
{
    SHA256_Final(out->bytes, &hash->context);
    SHA256_Init(&hash->context);
}

void lm_sha256_free(struct lm_sha256 *hash)
{
    free(hash);
}

void lm_sha256_bytes(struct lm_digest *out, const void *data, size_t size)
{
    struct lm_sha256 hash;
    SHA256_Init(&hash.context);
    lm_sha256_update(&hash, data, size);
    SHA256_Final(out->bytes, &hash.context);
}

/* Feeds everything read from `fd` to the hash; 0 or an errno. */
static int hash_descriptor(struct lm_sha256 *hash, uint64_t *size, int fd)
{
    unsigned char *chunk = malloc(READ_CHUNK);
    if (chunk == NULL)
        return ENOMEM;
    int error = 0;
    for (;;) {
        ssize_t got = read(fd, chunk, READ_CHUNK);
        if (got < 0 && errno == EINTR)
            continue;
        error = got < 0 ? errno : 0;
        if (got <= 0)
            break;
        lm_sha256_update(hash, chunk, (size_t)got);
        *size += (uint64_t)got;
    }
    free(chunk);
    return error;
}

enum lm_status lm_sha256_file(struct lm_digest *out, uint64_t *size, const char *path,
                              struct lm_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return lm_fail_errno(err, errno, "cannot open %s", path);
    struct lm_sha256 hash;
    SHA256_Init(&hash.context);
    uint64_t total = 0;
    int error = hash_descriptor(&hash, &total, fd);
    close(fd);
    if (error != 0)
        return lm_fail_errno(err, error, "cannot read %s", path);
    SHA256_Final(out->bytes, &hash.context);
    if (size != NULL)
        *size = total;
    return LM_OK;
}

void lm_digest_hex(char out[LM_DIGEST_HEX], const struct lm_digest *digest)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < LM_DIGEST_SIZE; i++) {
        out[2 * i] = digits[digest->bytes[i] >> 4];
        out[2 * i + 1] = digits[digest->bytes[i] & 15];
    }
    out[LM_DIGEST_HEX - 1] = '\0';
}

/* Values of hex digits, and one more; 0: none. */
static const uint8_t hex_values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16};

bool lm_digest_parse(struct lm_digest *out, const char *text)
{
    if (strnlen(text, LM_DIGEST_HEX) != LM_DIGEST_HEX - 1)
        return false;
    struct lm_digest digest;
    for (size_t i = 0; i < LM_DIGEST_SIZE; i++) {
        unsigned high = hex_values[(unsigned char)text[2 * i]];
        unsigned low = hex_values[(unsigned char)text[2 * i + 1]];
        if (high == 0 || low == 0)
            return false;
        digest.bytes[i] = (uint8_t)((high - 1) * 16 + low - 1);
    }
    *out = digest;
    return true;
}

int lm_digest_compare(const struct lm_digest *a, const struct lm_digest *b)
{
    return memcmp(a->bytes, b->bytes, LM_DIGEST_SIZE);
}
