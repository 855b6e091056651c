/** Ids that other programs gave, from JSON files of tests/data/tokenizers, held against ours. */
#ifndef LM_TESTS_IDS_FIXTURE_H
#define LM_TESTS_IDS_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include <lmpipe/hash.h>
#include <lmpipe/tokenizer.h>

#include "base/io.h"
#include "base/json.h"

#define TOKENIZERS LM_TEST_DATA "/tokenizers"

/** A fixture as a tree; ends the test program when it cannot be read. */
static inline struct lm_json *read_fixture(struct lm_arena *arena, const char *path)
{
    char *text;
    size_t size;
    struct lm_json *root = NULL;
    if (lm_file_read(&text, &size, arena, path, 1u << 24, NULL) != LM_OK ||
        lm_json_parse(&root, text, size, NULL) != LM_OK)
        abort();
    return root;
}

static inline bool are_ids(const struct lm_json *want, const int32_t *ids, size_t count)
{
    bool is_same = lm_json_count(want) == count;
    for (size_t i = 0; i < count && is_same; i++)
        is_same = lm_json_int(lm_json_at(want, i), -1) == ids[i];
    return is_same;
}

/** Index of the first string whose ids are not the wanted ones, or -1. */
static inline int first_other(struct lm_encoder *encoder, const struct lm_json *strings,
                              const struct lm_json *want)
{
    for (size_t i = 0; i < lm_json_count(strings); i++) {
        size_t size, count;
        const int32_t *ids;
        const char *text = lm_json_string(lm_json_at(strings, i), &size);
        if (lm_encode(encoder, text, size, &ids, &count, NULL) != LM_OK ||
            !are_ids(lm_json_at(want, i), ids, count))
            return (int)i;
    }
    return lm_json_count(strings) > 0 && lm_json_count(strings) == lm_json_count(want) ? -1 : 0;
}

/** Adds ids to a digest as 32-bit little-endian integers. */
static inline void digest_ids(struct lm_sha256 *hash, const int32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t id = (uint32_t)ids[i];
        const uint8_t bytes[] = {(uint8_t)id, (uint8_t)(id >> 8), (uint8_t)(id >> 16),
                                 (uint8_t)(id >> 24)};
        lm_sha256_update(hash, bytes, sizeof bytes);
    }
}

#endif
