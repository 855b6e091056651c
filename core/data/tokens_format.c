#include "data/tokens_format.h"

#include <endian.h>
#include <string.h>

const char *const lm_split_names[LM_SPLITS] = {"train", "valid", "test"};

void lm_tokens_key_pack(uint8_t out[LM_TOKENS_KEY], struct lm_tokens_key key)
{
    out[0] = (uint8_t)key.split;
    out[1] = (uint8_t)key.kind;
    for (unsigned i = 0; i < 8; i++)
        out[2 + i] = (uint8_t)(key.number >> (56 - 8 * i));
}

struct lm_tokens_key lm_tokens_key_unpack(const uint8_t key[LM_TOKENS_KEY])
{
    struct lm_tokens_key out = {.split = key[0], .kind = key[1]};
    for (unsigned i = 0; i < 8; i++)
        out.number = out.number << 8 | key[2 + i];
    return out;
}

uint64_t lm_tokens_load(const uint8_t *data, size_t size)
{
    uint64_t value = 0;
    while (size-- > 0)
        value = value << 8 | data[size];
    return value;
}

void lm_tokens_store(uint8_t *out, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

/* ---- ids ---- */

/* Runs of a constant length are what compilers make vector instructions of. */
enum { RUN = 32 };

static void narrow_run(uint8_t *out, const int32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t id = htole16((uint16_t)ids[i]);
        memcpy(out + 2 * i, &id, 2);
    }
}

static void widen_run(int32_t *out, const uint8_t *stored, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t id;
        memcpy(&id, stored + 2 * i, 2);
        out[i] = le16toh(id);
    }
}

void lm_tokens_narrow(uint8_t *out, const int32_t *ids, size_t count, size_t width)
{
    size_t i = 0;
    if (width == 2) {
        for (; i + RUN <= count; i += RUN)
            narrow_run(out + 2 * i, ids + i, RUN);
        narrow_run(out + 2 * i, ids + i, count - i);
        return;
    }
    for (; i < count; i++) {
        uint32_t id = htole32((uint32_t)ids[i]);
        memcpy(out + 4 * i, &id, 4);
    }
}

void lm_tokens_widen(int32_t *out, const uint8_t *stored, size_t count, size_t width)
{
    size_t i = 0;
    if (width == 2) {
        for (; i + RUN <= count; i += RUN)
            widen_run(out + i, stored + 2 * i, RUN);
        widen_run(out + i, stored + 2 * i, count - i);
        return;
    }
    for (; i < count; i++) {
        uint32_t id;
        memcpy(&id, stored + 4 * i, 4);
        out[i] = (int32_t)le32toh(id);
    }
}

/* ---- records ---- */

/* Where a document's fields are in an entry. */
enum { FIRST = 0, TOKENS = 8, BYTES = 12, IDENTITY = 16 };

struct lm_document lm_tokens_entry(const uint8_t entry[LM_TOKENS_ENTRY])
{
    return (struct lm_document){
        .first = lm_tokens_load(entry + FIRST, 8),
        .tokens = (uint32_t)lm_tokens_load(entry + TOKENS, 4),
        .bytes = (uint32_t)lm_tokens_load(entry + BYTES, 4),
        .id = lm_tokens_load(entry + IDENTITY, 8),
    };
}

void lm_tokens_entry_pack(uint8_t out[LM_TOKENS_ENTRY], const struct lm_document *document)
{
    lm_tokens_store(out + FIRST, document->first, 8);
    lm_tokens_store(out + TOKENS, document->tokens, 4);
    lm_tokens_store(out + BYTES, document->bytes, 4);
    lm_tokens_store(out + IDENTITY, document->id, 8);
}

static const char magic[] = "lmtokens";

/* Where the meta row's fields are, and those of a split in its part. */
enum {
    VERSION = 8,
    WIDTH = 12,
    BLOCK = 16,
    ENTRIES = 20,
    END_OF_TEXT = 24, /* then 4 bytes of zero */
    VOCAB_SIZE = 32,
    VOCAB = 40,
    SPLITS = 72,
    SPLIT = 88,
    SPLIT_IDS = 24,
    SPLIT_DOCUMENTS = 56
};

void lm_tokens_meta_pack(uint8_t out[LM_TOKENS_META], const struct lm_tokens_meta *meta)
{
    memset(out, 0, LM_TOKENS_META);
    memcpy(out, magic, VERSION);
    lm_tokens_store(out + VERSION, meta->version, 4);
    lm_tokens_store(out + WIDTH, meta->width, 4);
    lm_tokens_store(out + BLOCK, meta->block, 4);
    lm_tokens_store(out + ENTRIES, meta->entries, 4);
    lm_tokens_store(out + END_OF_TEXT, (uint32_t)meta->end_of_text, 4);
    lm_tokens_store(out + VOCAB_SIZE, (uint64_t)meta->vocab_size, 8);
    memcpy(out + VOCAB, meta->vocab.bytes, LM_DIGEST_SIZE);
    for (size_t i = 0; i < LM_SPLITS; i++) {
        uint8_t *at = out + SPLITS + i * SPLIT;
        lm_tokens_store(at, meta->totals[i].tokens, 8);
        lm_tokens_store(at + 8, meta->totals[i].documents, 8);
        lm_tokens_store(at + 16, meta->totals[i].bytes, 8);
        memcpy(at + SPLIT_IDS, meta->ids[i].bytes, LM_DIGEST_SIZE);
        memcpy(at + SPLIT_DOCUMENTS, meta->documents[i].bytes, LM_DIGEST_SIZE);
    }
}

void lm_tokens_meta_unpack(struct lm_tokens_meta *out, const uint8_t meta[LM_TOKENS_META])
{
    out->version =
        memcmp(meta, magic, VERSION) == 0 ? (uint32_t)lm_tokens_load(meta + VERSION, 4) : 0;
    out->width = (uint32_t)lm_tokens_load(meta + WIDTH, 4);
    out->block = (uint32_t)lm_tokens_load(meta + BLOCK, 4);
    out->entries = (uint32_t)lm_tokens_load(meta + ENTRIES, 4);
    out->end_of_text = (int32_t)lm_tokens_load(meta + END_OF_TEXT, 4);
    out->vocab_size = (int64_t)lm_tokens_load(meta + VOCAB_SIZE, 8);
    memcpy(out->vocab.bytes, meta + VOCAB, LM_DIGEST_SIZE);
    for (size_t i = 0; i < LM_SPLITS; i++) {
        const uint8_t *at = meta + SPLITS + i * SPLIT;
        out->totals[i] = (struct lm_tokens_totals){lm_tokens_load(at, 8), lm_tokens_load(at + 8, 8),
                                                   lm_tokens_load(at + 16, 8)};
        memcpy(out->ids[i].bytes, at + SPLIT_IDS, LM_DIGEST_SIZE);
        memcpy(out->documents[i].bytes, at + SPLIT_DOCUMENTS, LM_DIGEST_SIZE);
    }
}

uint64_t lm_tokens_sum(struct lm_tokens_key key, const uint8_t *content, size_t size)
{
    return lm_hash64(content, size,
                     (uint64_t)key.split << 56 | (uint64_t)key.kind << 48 | key.number);
}

void lm_tokens_seal(struct lm_tokens_key key, uint8_t *content, size_t size)
{
    lm_tokens_store(content + size, lm_tokens_sum(key, content, size), LM_TOKENS_SUM);
}

bool lm_tokens_is_sealed(struct lm_tokens_key key, const uint8_t *row, size_t size)
{
    return size >= LM_TOKENS_SUM && lm_tokens_load(row + size - LM_TOKENS_SUM, LM_TOKENS_SUM) ==
                                        lm_tokens_sum(key, row, size - LM_TOKENS_SUM);
}
