/* GPT-2 in GGUF: keys and names of tensors as llama.cpp's converter writes them
 * (ggml-org/llama.cpp, gguf-py, architecture "gpt2"). Matrices stand there as rows of inputs, here
 * as [in, out]. */
#include <lmpipe/gguf.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gguf/gguf.h"
#include "model/core.h"

#define EPSILON 1e-5F

enum { NAME_BYTES = 64 };

/* ggml's element type of matrices, and what general.file_type calls a file of them. */
static const struct {
    enum lm_gguf_element element;
    uint32_t file_type;
} kinds[] = {
    [LM_DTYPE_F32] = {LM_GGUF_ELEMENT_F32, 0},
    [LM_DTYPE_F16] = {LM_GGUF_ELEMENT_F16, 1},
    [LM_DTYPE_BF16] = {LM_GGUF_ELEMENT_BF16, 32},
};

/* ---- tensors ---- */

/* A tensor as it stands there. Matrices of layers are turned: [out, in]. */
struct pairing {
    char name[NAME_BYTES];
    int dims;
    int64_t rows, columns;   /* of dims 1: rows 0 */
    bool is_turned, is_kept; /* is_kept: F32 whatever the matrices are */
};

static struct pairing pair(const struct lm_tensor_row *row, enum lm_tensor_id id, int64_t layer)
{
    bool in_layer = row->scope == LM_SCOPE_LAYER, is_turned = in_layer && row->dims == 2;
    struct pairing out = {.dims = row->dims,
                          .rows = is_turned ? row->cols : row->rows,
                          .columns = is_turned ? row->rows : row->cols,
                          .is_turned = is_turned,
                          .is_kept = row->dims == 1 || id == LM_WPE};
    if (row->dims == 1) {
        out.rows = 0;
        out.columns = row->rows;
    }
    snprintf(out.name, NAME_BYTES, in_layer ? "blk.%lld.%s" : "%.0lld%s",
             in_layer ? (long long)layer : 0LL, row->gguf);
    return out;
}

/* Of the tensor at place `index` of a GPT-2, whose tensors all have names there. */
static struct pairing pairing_at(const struct lm_model_config *config, size_t index)
{
    const struct lm_tensor_map map = lm_tensor_map_of(config);
    struct lm_tensor_row rows[LM_TENSOR_IDS];
    int64_t layer;
    enum lm_tensor_id id = lm_tensor_at(&map, index, &layer);
    lm_tensor_rows(rows, config);
    return pair(&rows[id], id, layer);
}

/* The numbers of a tensor of ours, row by row as they stand there. */
static struct lm_gguf_view view_of(const struct pairing *pairing, float *data)
{
    if (pairing->dims == 1)
        return (struct lm_gguf_view){data, 0, 1};
    return pairing->is_turned ? (struct lm_gguf_view){data, 1, (size_t)pairing->rows}
                              : (struct lm_gguf_view){data, (size_t)pairing->columns, 1};
}

/* ---- writing ---- */

static enum lm_status check_model(const struct lm_model *model, struct lm_err *err)
{
    const char *foreign = lm_model_beyond_gpt2(&model->config);
    if (foreign == NULL)
        return LM_OK;
    return lm_fail(
        err, LM_UNSUPPORTED,
        "the model's %s is not GPT-2's, and llama.cpp's gpt2 has nothing else; keep it in "
        "lmpipe's own form",
        foreign);
}

enum lm_status lm_gguf_put_model(struct lm_gguf_writer *writer, const struct lm_model *model,
                                 enum lm_dtype weights, struct lm_err *err)
{
    const struct lm_model_config *config = &model->config;
    char name[NAME_BYTES];
    LM_TRY(check_model(model, err));
    snprintf(name, sizeof name, "GPT-2, %lld layers of width %lld", (long long)config->layers,
             (long long)config->width);
    lm_gguf_put_text(writer, "general.architecture", "gpt2");
    lm_gguf_put_text(writer, "general.name", name);
    lm_gguf_put_u32(writer, "general.file_type", kinds[weights].file_type);
    lm_gguf_put_u32(writer, "gpt2.block_count", (uint32_t)config->layers);
    lm_gguf_put_u32(writer, "gpt2.context_length", (uint32_t)config->context);
    lm_gguf_put_u32(writer, "gpt2.embedding_length", (uint32_t)config->width);
    lm_gguf_put_u32(writer, "gpt2.feed_forward_length", (uint32_t)(4 * config->width));
    lm_gguf_put_u32(writer, "gpt2.attention.head_count", (uint32_t)config->heads);
    lm_gguf_put_f32(writer, "gpt2.attention.layer_norm_epsilon", EPSILON);
    for (size_t i = 0; i < model->tensor_count; i++) {
        const struct pairing pairing = pairing_at(config, i);
        LM_TRY(lm_gguf_put_tensor(
            writer, pairing.name, pairing.is_kept ? LM_GGUF_ELEMENT_F32 : kinds[weights].element,
            pairing.rows, pairing.columns, view_of(&pairing, model->tensors[i].data), err));
    }
    return LM_OK;
}

/* ---- reading ---- */

static enum lm_status unsupported(const struct lm_gguf *gguf, const char *key, const char *why,
                                  struct lm_err *err)
{
    return lm_fail(err, LM_UNSUPPORTED,
                   "%s: %s %s; only GPT-2's architecture can be read from GGUF", lm_gguf_path(gguf),
                   key, why);
}

static enum lm_status check_architecture(const struct lm_gguf *gguf, struct lm_err *err)
{
    static const char key[] = "general.architecture";
    const char *text;
    size_t size;
    LM_TRY(lm_gguf_get_text(gguf, key, &text, &size, err));
    if (size == 4 && memcmp(text, "gpt2", 4) == 0)
        return LM_OK;
    return lm_fail(err, LM_UNSUPPORTED, "%s: %s is \"%.*s\"; only \"gpt2\" can be read from GGUF",
                   lm_gguf_path(gguf), key, size < 80 ? (int)size : 80, text);
}

/* A key of the architecture that none of ours understands might change what the model does. */
static enum lm_status check_keys(const struct lm_gguf *gguf, struct lm_err *err)
{
    static const char *const known[] = {"attention.causal",
                                        "attention.head_count",
                                        "attention.head_count_kv",
                                        "attention.layer_norm_epsilon",
                                        "block_count",
                                        "context_length",
                                        "embedding_length",
                                        "feed_forward_length",
                                        "vocab_size"};
    const char *key;
    for (size_t i = 0; (key = lm_gguf_key(gguf, i)) != NULL; i++) {
        size_t k = 0, count = sizeof known / sizeof known[0];
        if (strncmp(key, "gpt2.", 5) != 0)
            continue;
        while (k < count && strcmp(known[k], key + 5) != 0)
            k++;
        if (k == count)
            return unsupported(gguf, key, "is not known", err);
    }
    return LM_OK;
}

/* An integer that, where it is said, must be the one that the shape implies. */
static enum lm_status check_int(const struct lm_gguf *gguf, const char *key, int64_t want,
                                struct lm_err *err)
{
    int64_t value = want;
    if (lm_gguf_has(gguf, key))
        LM_TRY(lm_gguf_get_int(gguf, key, &value, err));
    char why[64];
    snprintf(why, sizeof why, "is %lld, not %lld", (long long)value, (long long)want);
    return value == want ? LM_OK : unsupported(gguf, key, why, err);
}

static enum lm_status check_rest(const struct lm_gguf *gguf, const struct lm_model_config *config,
                                 struct lm_err *err)
{
    double epsilon = 0;
    bool is_causal = true;
    LM_TRY(check_keys(gguf, err));
    LM_TRY(check_int(gguf, "gpt2.attention.head_count_kv", config->heads, err));
    LM_TRY(check_int(gguf, "gpt2.feed_forward_length", 4 * config->width, err));
    LM_TRY(check_int(gguf, "gpt2.vocab_size", config->vocab, err));
    LM_TRY(lm_gguf_get_double(gguf, "gpt2.attention.layer_norm_epsilon", &epsilon, err));
    if ((float)epsilon != EPSILON)
        return unsupported(gguf, "gpt2.attention.layer_norm_epsilon", "is not 1e-05", err);
    if (lm_gguf_has(gguf, "gpt2.attention.causal"))
        LM_TRY(lm_gguf_get_bool(gguf, "gpt2.attention.causal", &is_causal, err));
    return is_causal ? LM_OK : unsupported(gguf, "gpt2.attention.causal", "is false", err);
}

static enum lm_status read_config(struct lm_model_config *out, const struct lm_gguf *gguf,
                                  struct lm_err *err)
{
    struct lm_model_config config = {0};
    LM_TRY(check_architecture(gguf, err));
    LM_TRY(lm_gguf_get_int(gguf, "gpt2.context_length", &config.context, err));
    LM_TRY(lm_gguf_get_int(gguf, "gpt2.block_count", &config.layers, err));
    LM_TRY(lm_gguf_get_int(gguf, "gpt2.attention.head_count", &config.heads, err));
    LM_TRY(lm_gguf_get_int(gguf, "gpt2.embedding_length", &config.width, err));
    const struct lm_gguf_tensor *tokens = lm_gguf_find(gguf, "token_embd.weight");
    config.vocab = tokens != NULL && tokens->dims == 2 ? tokens->shape[1] : 0;
    if (config.vocab == 0)
        return lm_fail(err, LM_FORMAT,
                       "%s has no matrix token_embd.weight; take a file that is a whole model",
                       lm_gguf_path(gguf));
    enum lm_status status = lm_model_config_check(&config, err);
    if (status != LM_OK)
        return lm_wrap(err, status, "%s", lm_gguf_path(gguf));
    LM_TRY(check_rest(gguf, &config, err));
    *out = config;
    return LM_OK;
}

/* The tensor called so, of the shape that the pairing has there. */
static enum lm_status find_tensor(const struct lm_gguf_tensor **out, const struct lm_gguf *gguf,
                                  const struct pairing *pairing, struct lm_err *err)
{
    const struct lm_gguf_tensor *tensor = lm_gguf_find(gguf, pairing->name);
    if (tensor == NULL)
        return lm_fail(err, LM_FORMAT, "%s has no tensor \"%s\"; take a file that is a whole model",
                       lm_gguf_path(gguf), pairing->name);
    int64_t rows = pairing->dims == 1 ? 1 : pairing->rows;
    if (tensor->count != rows * pairing->columns || tensor->shape[0] != pairing->columns ||
        tensor->shape[1] != rows)
        return lm_fail(err, LM_FORMAT,
                       "%s: tensor \"%s\" has not the shape that the keys say; take the file from "
                       "its source again",
                       lm_gguf_path(gguf), pairing->name);
    *out = tensor;
    return LM_OK;
}

/* All tensors are there with their shapes, before memory is taken for a model. */
static enum lm_status check_tensors(const struct lm_gguf *gguf,
                                    const struct lm_model_config *config, struct lm_err *err)
{
    const struct lm_gguf_tensor *tensor = NULL;
    size_t heads = lm_gguf_find(gguf, "output.weight") != NULL;
    size_t count = lm_tensor_map_of(config).count;
    for (size_t i = 0; i < count; i++) {
        const struct pairing pairing = pairing_at(config, i);
        LM_TRY(find_tensor(&tensor, gguf, &pairing, err));
    }
    if (lm_gguf_tensors(gguf) != count + heads)
        return lm_fail(err, LM_UNSUPPORTED,
                       "%s holds %zu tensors, but GPT-2 with %lld layers has %zu; only its "
                       "architecture can be read from GGUF",
                       lm_gguf_path(gguf), lm_gguf_tensors(gguf), (long long)config->layers, count);
    return LM_OK;
}

/* A head of its own must be what the tied one is: the token embedding, number by number. */
static enum lm_status check_head(const struct lm_gguf *gguf, const struct lm_model *model,
                                 struct lm_err *err)
{
    struct lm_model_config untied = model->config;
    struct lm_tensor_row rows[LM_TENSOR_IDS];
    const struct lm_gguf_tensor *tensor = NULL;
    untied.untied = true;
    lm_tensor_rows(rows, &untied);
    const struct pairing head = pair(&rows[LM_HEAD_W], LM_HEAD_W, 0);
    size_t size = (size_t)(model->config.vocab * model->config.width) * sizeof(float);
    if (lm_gguf_find(gguf, head.name) == NULL)
        return LM_OK;
    LM_TRY(find_tensor(&tensor, gguf, &head, err));
    float *values = malloc(size);
    if (values == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for %s; free some", lm_gguf_path(gguf));
    enum lm_status status = lm_gguf_read(
        gguf, tensor, (struct lm_gguf_view){values, (size_t)model->config.width, 1}, err);
    if (status == LM_OK && memcmp(values, lm_weight(model, LM_WTE, 0), size) != 0)
        status = lm_fail(err, LM_UNSUPPORTED,
                         "%s: output.weight is not the token embedding, and GPT-2's head is; only "
                         "its architecture can be read from GGUF",
                         lm_gguf_path(gguf));
    free(values);
    return status;
}

static enum lm_status read_tensors(struct lm_model *model, const struct lm_gguf *gguf,
                                   struct lm_err *err)
{
    for (size_t i = 0; i < model->tensor_count; i++) {
        const struct lm_gguf_tensor *tensor = NULL;
        const struct pairing pairing = pairing_at(&model->config, i);
        LM_TRY(find_tensor(&tensor, gguf, &pairing, err));
        LM_TRY(lm_gguf_read(gguf, tensor, view_of(&pairing, model->tensors[i].data), err));
    }
    LM_TRY(check_head(gguf, model, err));
    return lm_model_check_read(model, lm_gguf_path(gguf), err);
}

enum lm_status lm_gguf_load_model(struct lm_model **out, const struct lm_gguf *gguf,
                                  const struct lm_model_options *options, struct lm_err *err)
{
    struct lm_model_config config = {0};
    struct lm_model *model = NULL;
    LM_TRY(read_config(&config, gguf, err));
    LM_TRY(check_tensors(gguf, &config, err));
    LM_TRY(lm_model_prepare(&model, &config, options, err));
    enum lm_status status = read_tensors(model, gguf, err);
    if (status == LM_OK)
        *out = model;
    else
        lm_model_free(model);
    return status;
}
