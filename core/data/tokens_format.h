/** The token set's rows, byte by byte: docs/formats/tokens.md. Shared by writer and reader. */
#ifndef LM_DATA_TOKENS_FORMAT_H
#define LM_DATA_TOKENS_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/tokens.h>

enum {
    LM_TOKENS_VERSION = 1,
    /** Bytes of a full block of tokens: 64 pages of 4,096 less the 16 of LMDB's page header, so
     *  that a value fills its pages to the last byte. A multiple of 2 and 4. */
    LM_TOKENS_BLOCK = 64 * 4096 - 16,
    LM_TOKENS_KEY = 10,           /**< split, block number (big-endian u64), kind */
    LM_TOKENS_ENTRY = 24,         /**< one document of an index row */
    LM_TOKENS_INDEX_EXTRA = 16,   /**< an index row's checksums: of the tokens, of itself */
    LM_TOKENS_META = 144,         /**< bytes of the meta row */
    LM_TOKENS_META_SPLITS = 64,   /**< where its three split totals start */
    LM_TOKENS_META_SPLIT = 24,    /**< bytes of one split's totals */
    LM_TOKENS_META_SUM = 136,     /**< where its checksum is */
    LM_TOKENS_LAST_SPLIT = 255,   /**< "split" of the meta row: sorts last */
    LM_TOKENS_SMALL_VOCAB = 65536 /**< up to this many ids are stored in two bytes */
};

enum lm_tokens_kind { LM_TOKENS_INDEX = 'i', LM_TOKENS_BODY = 't', LM_TOKENS_TAIL = 'm' };

/** A row's key, unpacked. */
struct lm_tokens_key {
    unsigned split, kind;
    uint64_t block;
};

/** Totals of one split, as the meta row has them. */
struct lm_tokens_totals {
    uint64_t tokens, documents, bytes;
};

void lm_tokens_key_pack(uint8_t out[LM_TOKENS_KEY], struct lm_tokens_key key);
struct lm_tokens_key lm_tokens_key_unpack(const uint8_t key[LM_TOKENS_KEY]);

/** Unsigned little-endian integer of `size` ≤ 8 bytes. */
uint64_t lm_tokens_load(const uint8_t *data, size_t size);
/** An entry of an index row. */
struct lm_document lm_tokens_entry(const uint8_t entry[LM_TOKENS_ENTRY]);

/** Adds one row to a logical digest: key size (u32), key, value size (u64), value. */
void lm_tokens_digest_row(struct lm_sha256 *hash, const uint8_t *key, size_t key_size,
                          const uint8_t *value, size_t value_size);

#endif
