/** The token set's rows, byte by byte: docs/formats/tokens.md. Shared by writer and reader. */
#ifndef LM_DATA_TOKENS_FORMAT_H
#define LM_DATA_TOKENS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/tokens.h>

enum {
    LM_TOKENS_VERSION = 2,
    LM_TOKENS_SUM = 8, /**< bytes of the checksum that ends every row */
    /** Bytes of a full row: 64 pages of 4,096 less the 16 of LMDB's page header, so that a value
     *  fills its pages to the last byte. */
    LM_TOKENS_ROW = 64 * 4096 - 16,
    LM_TOKENS_BLOCK = LM_TOKENS_ROW - LM_TOKENS_SUM, /**< bytes of ids in it: a multiple of 4 */
    LM_TOKENS_ENTRY = 24,                            /**< bytes of a document in an index row */
    LM_TOKENS_ENTRIES = LM_TOKENS_BLOCK / LM_TOKENS_ENTRY, /**< documents of a full index row */
    LM_TOKENS_KEY = 10,           /**< split, kind, row number (big-endian u64) */
    LM_TOKENS_META = 336,         /**< bytes of the meta row before its checksum */
    LM_TOKENS_LAST_SPLIT = 255,   /**< "split" of the meta row: sorts last */
    LM_TOKENS_SMALL_VOCAB = 65536 /**< up to this many ids are stored in two bytes */
};

enum lm_tokens_kind { LM_TOKENS_INDEX = 'i', LM_TOKENS_BODY = 't', LM_TOKENS_TAIL = 'm' };

/** A row's key, unpacked. */
struct lm_tokens_key {
    unsigned split, kind;
    uint64_t number;
};

/** Totals of one split. */
struct lm_tokens_totals {
    uint64_t tokens, documents, bytes;
};

/** The meta row. */
struct lm_tokens_meta {
    uint32_t version, width, block, entries; /**< width: bytes of an id; block: bytes of ids */
    int32_t end_of_text;
    int64_t vocab_size;
    struct lm_digest vocab;
    struct lm_tokens_totals totals[LM_SPLITS];
    struct lm_digest ids[LM_SPLITS], documents[LM_SPLITS]; /**< of the rows' contents, joined */
};

void lm_tokens_key_pack(uint8_t out[LM_TOKENS_KEY], struct lm_tokens_key key);
struct lm_tokens_key lm_tokens_key_unpack(const uint8_t key[LM_TOKENS_KEY]);

/** Unsigned little-endian integer of `size` ≤ 8 bytes. */
uint64_t lm_tokens_load(const uint8_t *data, size_t size);
void lm_tokens_store(uint8_t *out, uint64_t value, size_t size); /**< the reverse */

/** `count` ids as they are stored, little-endian in `width` (2 or 4) bytes each. */
void lm_tokens_narrow(uint8_t *out, const int32_t *ids, size_t count, size_t width);
/** The reverse. `stored` need not be aligned. */
void lm_tokens_widen(int32_t *out, const uint8_t *stored, size_t count, size_t width);

/** An entry of an index row. */
struct lm_document lm_tokens_entry(const uint8_t entry[LM_TOKENS_ENTRY]);
void lm_tokens_entry_pack(uint8_t out[LM_TOKENS_ENTRY], const struct lm_document *document);

void lm_tokens_meta_pack(uint8_t out[LM_TOKENS_META], const struct lm_tokens_meta *meta);
void lm_tokens_meta_unpack(struct lm_tokens_meta *out, const uint8_t meta[LM_TOKENS_META]);

/** Checksum of a row's content: XXH3-64 whose seed is the key, so that no row passes for another.
 */
uint64_t lm_tokens_sum(struct lm_tokens_key key, const uint8_t *content, size_t size);
/** Writes the checksum behind `size` bytes of content. */
void lm_tokens_seal(struct lm_tokens_key key, uint8_t *content, size_t size);
/** Whether a row of `size` bytes, the checksum included, is sealed by its key. */
bool lm_tokens_is_sealed(struct lm_tokens_key key, const uint8_t *row, size_t size);

#endif
