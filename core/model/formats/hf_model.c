/* GPT-2 checkpoints in Hugging Face's form: names with or without "transformer.", matrices [in,
 * out] as here, the causal mask that old ones carry, a head that is the embedding again. */
#include "model/core.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "model/formats/hf_config.h"
#include "model/formats/hf_shards.h"
#include "model/formats/safetensors.h"

#define PREFIX "transformer."

const char *const lm_dtype_names[] = {"f32", "f16", "bf16", NULL};

/* Where a tensor lies. */
struct place {
    const struct lm_safetensors *file;
    const struct lm_st_tensor *tensor; /* NULL: nowhere yet */
};

struct import {
    struct lm_model *model;
    struct place *places; /* of the model's tensors */
    struct place head;    /* lm_head.weight */
    size_t hint;
    struct lm_err *err;
};

/* ---- import ---- */

static bool has_shape(const struct lm_st_tensor *tensor, int dims, const int64_t *shape)
{
    if (tensor->dims != dims)
        return false;
    for (int d = 0; d < dims; d++)
        if (tensor->shape[d] != shape[d])
            return false;
    return true;
}

/* h.N.attn.bias and h.N.attn.masked_bias of old checkpoints: the causal mask, and the number that
 * masked scores took. */
static bool is_buffer(const struct lm_model_config *config, const char *name,
                      const struct lm_st_tensor *tensor)
{
    const int64_t mask[] = {1, 1, config->context, config->context}, one[] = {1};
    char *end = NULL;
    if (strncmp(name, "h.", 2) != 0 || name[2] < '0' || name[2] > '9')
        return false;
    long layer = strtol(name + 2, &end, 10);
    if (layer >= config->layers)
        return false;
    if (strcmp(end, ".attn.bias") == 0)
        return has_shape(tensor, 4, mask);
    return strcmp(end, ".attn.masked_bias") == 0 &&
           (tensor->dims == 0 || has_shape(tensor, 1, one));
}

static enum lm_status put_place(struct place *place, const struct place *found, struct lm_err *err)
{
    if (place->tensor != NULL)
        return lm_fail(err, LM_FORMAT,
                       "%s: tensor \"%s\" is there twice, also as \"%s\"; save the model again",
                       lm_safetensors_path(found->file), found->tensor->name, place->tensor->name);
    *place = *found;
    return LM_OK;
}

static enum lm_status take_tensor(struct import *import, const struct place *found)
{
    const struct lm_model *model = import->model;
    const char *name = found->tensor->name;
    if (strcmp(name, "lm_head.weight") == 0) {
        LM_TRY(lm_tensor_fits(&model->tensors[LM_WTE], found->file, found->tensor, import->err));
        return put_place(&import->head, found, import->err);
    }
    if (strncmp(name, PREFIX, strlen(PREFIX)) == 0)
        name += strlen(PREFIX);
    if (is_buffer(&model->config, name, found->tensor))
        return LM_OK;
    size_t i = lm_tensor_find(model->tensors, model->tensor_count, name, &import->hint);
    if (i == model->tensor_count)
        return lm_fail(import->err, LM_FORMAT,
                       "%s: tensor \"%.80s\" is none of GPT-2's; save the language model alone, "
                       "with the config.json that belongs to it",
                       lm_safetensors_path(found->file), name);
    LM_TRY(lm_tensor_fits(&model->tensors[i], found->file, found->tensor, import->err));
    return put_place(&import->places[i], found, import->err);
}

static enum lm_status take_all(struct import *import, const struct lm_hf_shards *shards)
{
    for (size_t s = 0; s < shards->count; s++) {
        struct place found = {.file = shards->files[s]};
        for (size_t i = 0; i < lm_safetensors_count(found.file); i++) {
            found.tensor = lm_safetensors_at(found.file, i);
            LM_TRY(take_tensor(import, &found));
        }
    }
    if (import->places[LM_WTE].tensor == NULL) /* tied weights may be written by either name */
        import->places[LM_WTE] = import->head;
    for (size_t i = 0; i < import->model->tensor_count; i++)
        if (import->places[i].tensor == NULL)
            return lm_fail(import->err, LM_FORMAT,
                           "%s: tensor \"%s\" is missing; the checkpoint is incomplete or belongs "
                           "to another config.json",
                           lm_safetensors_path(shards->files[0]), import->model->tensors[i].name);
    return LM_OK;
}

/* The head is the embedding: GPT-2 has no other. */
static enum lm_status check_head(const struct import *import)
{
    const struct lm_tensor *wte = &import->model->tensors[LM_WTE];
    const struct place *head = &import->head;
    float chunk[1 << 12];
    const int64_t most = sizeof chunk / sizeof chunk[0];
    for (int64_t at = 0; head->tensor != NULL && at < wte->count; at += most) {
        int64_t some = wte->count - at < most ? wte->count - at : most;
        LM_TRY(lm_safetensors_read(head->file, head->tensor, at, some, chunk, import->err));
        if (memcmp(chunk, wte->data + at, (size_t)some * sizeof *chunk) != 0)
            return lm_fail(import->err, LM_UNSUPPORTED,
                           "%s: lm_head.weight is not wte.weight; only a head that is tied to the "
                           "embedding can be imported",
                           lm_safetensors_path(head->file));
    }
    return LM_OK;
}

static enum lm_status read_weights(struct import *import, const struct lm_hf_shards *shards)
{
    struct lm_model *model = import->model;
    LM_TRY(take_all(import, shards));
    for (size_t i = 0; i < model->tensor_count; i++)
        LM_TRY(lm_safetensors_read(import->places[i].file, import->places[i].tensor, 0,
                                   model->tensors[i].count, model->tensors[i].data, import->err));
    LM_TRY(check_head(import));
    enum lm_status status = lm_model_check(model, import->err);
    return status == LM_OK
               ? LM_OK
               : lm_wrap(import->err, status, "%s", lm_safetensors_path(shards->files[0]));
}

/* No memory is asked for that the files could not fill. */
static enum lm_status check_total(const struct lm_hf_shards *shards,
                                  const struct lm_model_config *config, struct lm_err *err)
{
    int64_t have = 0, want = lm_model_parameters(config);
    for (size_t s = 0; s < shards->count; s++)
        for (size_t i = 0; i < lm_safetensors_count(shards->files[s]); i++)
            have += lm_safetensors_at(shards->files[s], i)->count;
    if (have >= want)
        return LM_OK;
    return lm_fail(err, LM_FORMAT,
                   "%s holds %lld numbers, a model of this config.json has %lld; the checkpoint is "
                   "incomplete or belongs to another config.json",
                   lm_safetensors_path(shards->files[0]), (long long)have, (long long)want);
}

static enum lm_status import_shards(struct lm_model **out, const struct lm_hf_shards *shards,
                                    const struct lm_model_config *config,
                                    const struct lm_model_options *options, struct lm_err *err)
{
    struct import import = {.err = err};
    LM_TRY(check_total(shards, config, err));
    LM_TRY(lm_model_prepare(&import.model, config, options, err));
    import.places = calloc(import.model->tensor_count, sizeof *import.places);
    enum lm_status status = import.places == NULL
                                ? lm_fail(err, LM_NOMEM, "out of memory for a model")
                                : read_weights(&import, shards);
    free(import.places);
    if (status == LM_OK)
        *out = import.model;
    else
        lm_model_free(import.model);
    return status;
}

/* config.json of a folder, or beside a file. */
static enum lm_status read_config(struct lm_model_config *out, const char *path, struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    const char *folder = arena == NULL          ? NULL
                         : lm_path_is_dir(path) ? path
                                                : lm_path_dir(arena, path);
    const char *file = folder == NULL ? NULL : lm_path_join(arena, folder, "config.json");
    enum lm_status status = file == NULL ? lm_fail(err, LM_NOMEM, "out of memory for %s", path)
                                         : lm_hf_config_read(out, file, err);
    lm_arena_free(arena);
    return status;
}

enum lm_status lm_model_import_hf(struct lm_model **out, const char *path,
                                  const struct lm_model_options *options, struct lm_err *err)
{
    struct lm_model_config config;
    struct lm_hf_shards shards;
    LM_TRY(read_config(&config, path, err));
    LM_TRY(lm_hf_shards_open(&shards, path, err));
    enum lm_status status = import_shards(out, &shards, &config, options, err);
    lm_hf_shards_close(&shards);
    return status;
}

/* ---- export ---- */

enum lm_status lm_model_export_hf(const struct lm_model *model, const char *folder,
                                  enum lm_dtype dtype, int32_t end_of_text, struct lm_err *err)
{
    const char *foreign = lm_model_beyond_gpt2(&model->config);
    if (foreign != NULL)
        return lm_fail(err, LM_UNSUPPORTED,
                       "the model's %s is not GPT-2's, which this form could not say; keep it in "
                       "lmpipe's own",
                       foreign);
    struct lm_arena *arena = lm_arena_create();
    const char *config = arena == NULL ? NULL : lm_path_join(arena, folder, "config.json");
    const char *weights = arena == NULL ? NULL : lm_path_join(arena, folder, "model.safetensors");
    enum lm_status status = LM_OK;
    if (config == NULL || weights == NULL)
        status = lm_fail(err, LM_NOMEM, "out of memory for %s", folder);
    if (status == LM_OK)
        status =
            lm_safetensors_write(weights, model->tensors, model->tensor_count, PREFIX, dtype, err);
    if (status == LM_OK)
        status = lm_hf_config_write(&model->config, dtype, end_of_text, config, err);
    lm_arena_free(arena);
    return status;
}
