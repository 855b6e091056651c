/** A small model with weights from named draws and a token set, for the tests of evaluate and
 * sample. */
#ifndef LM_TESTS_SCORED_FIXTURE_H
#define LM_TESTS_SCORED_FIXTURE_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <lmpipe/hash.h>
#include <lmpipe/model.h>
#include <lmpipe/rng.h>
#include <lmpipe/stage.h>
#include <lmpipe/tokens.h>

#include "base/io.h"
#include "ctx.h"

enum { SCORED_VOCAB = 300, SCORED_END = 299, SCORED_CONTEXT = 16 };

/* Weights do not come from the library's initialisation, so that golden digests of a stage
 * change only with what that stage runs. */
static inline bool scored_write_model(const char *folder)
{
    const struct lm_model_config config = {
        .vocab = SCORED_VOCAB, .context = SCORED_CONTEXT, .layers = 2, .heads = 2, .width = 16};
    const struct lm_model_options options = {.numerics = LM_NUMERICS_PORTABLE};
    struct lm_model *model = NULL;
    if (lm_model_create(&model, &config, &options, NULL) != LM_OK)
        return false;
    for (size_t i = 0; i < lm_model_tensors(model); i++) {
        struct lm_tensor tensor = lm_model_tensor(model, i);
        struct lm_rng rng = lm_rng_stream(7, tensor.name);
        bool is_gain = strstr(tensor.name, "ln") != NULL && strstr(tensor.name, "weight") != NULL;
        for (int64_t k = 0; k < tensor.count; k++)
            tensor.data[k] =
                (float)((is_gain ? 1 : 0) + 0.3 * (lm_rng_uniform(rng, 0, (uint64_t)k) - 0.5));
    }
    bool is_done =
        lm_dir_create(folder, NULL) == LM_OK && lm_model_save(model, folder, NULL) == LM_OK;
    lm_model_free(model);
    return is_done;
}

/* Puts NaN into the last weight of the file: what training never writes, but a file may hold. */
static inline bool scored_spoil_model(const char *folder)
{
    char path[200];
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    FILE *file = fopen(path, "r+b");
    if (file == NULL)
        return false;
    const float bad = (float)NAN;
    bool is_done =
        fseek(file, -(long)sizeof bad, SEEK_END) == 0 && fwrite(&bad, sizeof bad, 1, file) == 1;
    return fclose(file) == 0 && is_done;
}

/* Document d of a split: skewed ids without end-of-text; returns their number. */
static inline size_t scored_document(int32_t *ids, enum lm_split split, uint64_t d)
{
    struct lm_rng rng = lm_rng_stream((uint64_t)split, "documents");
    size_t count = 5 + (size_t)lm_rng_below(rng, d, 0, 90);
    for (size_t i = 0; i < count; i++) {
        double u = lm_rng_uniform(rng, d, i + 1);
        ids[i] = (int32_t)(97 + 20 * u * u);
    }
    return count;
}

static inline bool scored_write_tokens(const char *folder, const uint64_t documents[LM_SPLITS])
{
    struct lm_tokens_writer *writer = NULL;
    struct lm_digest digest = {{0}};
    char path[200];
    int32_t ids[100];
    snprintf(path, sizeof path, "%s/data.mdb", folder);
    if (lm_dir_create(folder, NULL) != LM_OK ||
        lm_tokens_create(&writer, path, SCORED_VOCAB, SCORED_END, &digest, NULL) != LM_OK)
        return false;
    for (size_t split = 0; split < LM_SPLITS; split++) {
        for (uint64_t d = 0; d < documents[split]; d++) {
            size_t count = scored_document(ids, (enum lm_split)split, d);
            if (lm_tokens_add(writer, (enum lm_split)split, ids, count, 1000 * split + d,
                              (uint32_t)count, NULL) != LM_OK) {
                lm_tokens_abandon(writer);
                return false;
            }
        }
    }
    return lm_tokens_finish(writer, &digest, NULL) == LM_OK;
}

/* SHA-256 of a file's content as hex; "" when it cannot be read. */
static inline const char *scored_digest(char hex[LM_DIGEST_HEX], const char *path)
{
    struct lm_digest digest;
    hex[0] = '\0';
    if (lm_sha256_file(&digest, NULL, path, NULL) == LM_OK)
        lm_digest_hex(hex, &digest);
    return hex;
}

#endif
