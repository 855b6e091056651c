#include "data/tokens_format.h"

const char *const lm_split_names[LM_SPLITS] = {"train", "valid", "test"};

void lm_tokens_key_pack(uint8_t out[LM_TOKENS_KEY], struct lm_tokens_key key)
{
    out[0] = (uint8_t)key.split;
    for (unsigned i = 0; i < 8; i++)
        out[1 + i] = (uint8_t)(key.block >> (56 - 8 * i));
    out[9] = (uint8_t)key.kind;
}

struct lm_tokens_key lm_tokens_key_unpack(const uint8_t key[LM_TOKENS_KEY])
{
    struct lm_tokens_key out = {.split = key[0], .kind = key[9]};
    for (unsigned i = 0; i < 8; i++)
        out.block = out.block << 8 | key[1 + i];
    return out;
}

uint64_t lm_tokens_load(const uint8_t *data, size_t size)
{
    uint64_t value = 0;
    while (size-- > 0)
        value = value << 8 | data[size];
    return value;
}

struct lm_document lm_tokens_entry(const uint8_t entry[LM_TOKENS_ENTRY])
{
    return (struct lm_document){
        .first = lm_tokens_load(entry, 8),
        .tokens = (uint32_t)lm_tokens_load(entry + 8, 4),
        .bytes = (uint32_t)lm_tokens_load(entry + 12, 4),
        .id = lm_tokens_load(entry + 16, 8),
    };
}

static void hash_integer(struct lm_sha256 *hash, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    lm_sha256_update(hash, bytes, size);
}

void lm_tokens_digest_row(struct lm_sha256 *hash, const uint8_t *key, size_t key_size,
                          const uint8_t *value, size_t value_size)
{
    hash_integer(hash, key_size, 4);
    lm_sha256_update(hash, key, key_size);
    hash_integer(hash, value_size, 8);
    lm_sha256_update(hash, value, value_size);
}
