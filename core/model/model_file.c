/* A saved model: a folder with config.json and model.safetensors, in the names of GPT-2's
 * published checkpoints. */
#include "model/core.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"
#include "model/safetensors.h"

enum { CONFIG_MAX = 1 << 20 };

/* What any GPT-2 configuration must say for this code to be right, and what it may vary. */
static const struct {
    const char *key, *value;
} words[] = {
    {"model_type", "gpt2"},
    {"activation_function", "gelu_new"},
};

/* What says that a model has a classification head, and that it has none. */
static const char with_labels[] = "GPT2ForSequenceClassification", without[] = "GPT2LMHeadModel";

static void put_config(struct lm_buf *out, const struct lm_model_config *config)
{
    struct lm_json_writer writer;
    lm_json_begin(&writer, out, true);
    lm_json_open(&writer, '{');
    lm_json_key(&writer, "architectures");
    lm_json_open(&writer, '[');
    lm_json_put_string(&writer, config->labels > 0 ? with_labels : without);
    lm_json_close(&writer, ']');
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        lm_json_member_string(&writer, words[i].key, words[i].value);
    lm_json_member_int(&writer, "vocab_size", config->vocab);
    lm_json_member_int(&writer, "n_positions", config->context);
    lm_json_member_int(&writer, "n_layer", config->layers);
    lm_json_member_int(&writer, "n_head", config->heads);
    lm_json_member_int(&writer, "n_embd", config->width);
    if (config->labels > 0)
        lm_json_member_int(&writer, "num_labels", config->labels);
    lm_json_member_double(&writer, "layer_norm_epsilon", 1e-5);
    lm_json_member_double(&writer, "embd_pdrop", config->dropout);
    lm_json_member_double(&writer, "attn_pdrop", config->dropout);
    lm_json_member_double(&writer, "resid_pdrop", config->dropout);
    lm_json_member_bool(&writer, "tie_word_embeddings", true);
    lm_json_member_string(&writer, "torch_dtype", "float32");
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
}

enum lm_status lm_model_save(const struct lm_model *model, const char *folder, struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    if (arena == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for %s", folder);
    struct lm_buf text;
    lm_buf_init(&text, CONFIG_MAX);
    put_config(&text, &model->config);
    const char *config = lm_path_join(arena, folder, "config.json");
    const char *weights = lm_path_join(arena, folder, "model.safetensors");
    enum lm_status status = lm_buf_status(&text, err);
    if (status == LM_OK && (config == NULL || weights == NULL))
        status = lm_fail(err, LM_NOMEM, "out of memory for %s", folder);
    if (status == LM_OK)
        status = lm_safetensors_save(weights, model->tensors, model->tensor_count, err);
    if (status == LM_OK)
        status = lm_file_write_atomic(config, text.data, text.size, err);
    lm_buf_release(&text);
    lm_arena_free(arena);
    return status;
}

/* Labels of the classification head the file speaks of, 0 without one, -1 when it does not say how
 * many. */
static int64_t take_labels(const struct lm_json *root)
{
    const struct lm_json *classes = lm_json_get(root, "architectures");
    const char *name = lm_json_string(lm_json_at(classes, 0), NULL);
    if (name == NULL || strcmp(name, with_labels) != 0)
        return 0;
    int64_t labels = lm_json_int(lm_json_get(root, "num_labels"), -1);
    return labels == 0 ? -1 : labels;
}

static enum lm_status take_config(struct lm_model_config *out, const struct lm_json *root,
                                  struct lm_err *err)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const char *value = lm_json_string(lm_json_get(root, words[i].key), NULL);
        if (value == NULL || strcmp(value, words[i].value) != 0)
            return lm_fail(err, LM_FORMAT, "%s must be \"%s\"; only GPT-2's architecture is known",
                           words[i].key, words[i].value);
    }
    if (lm_json_double(lm_json_get(root, "layer_norm_epsilon"), 1e-5) != 1e-5)
        return lm_fail(err, LM_FORMAT, "layer_norm_epsilon must be 1e-05; only GPT-2's is known");
    struct lm_model_config config = {
        .vocab = lm_json_int(lm_json_get(root, "vocab_size"), 0),
        .context = lm_json_int(lm_json_get(root, "n_positions"), 0),
        .layers = lm_json_int(lm_json_get(root, "n_layer"), 0),
        .heads = lm_json_int(lm_json_get(root, "n_head"), 0),
        .width = lm_json_int(lm_json_get(root, "n_embd"), 0),
        .dropout = lm_json_double(lm_json_get(root, "resid_pdrop"), 0),
        .labels = take_labels(root),
    };
    LM_TRY(lm_model_config_check(&config, err));
    *out = config;
    return LM_OK;
}

enum lm_status lm_model_load_config(struct lm_model_config *out, const char *folder,
                                    struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    const char *path = arena == NULL ? NULL : lm_path_join(arena, folder, "config.json");
    struct lm_json *root = NULL;
    char *text = NULL;
    size_t size = 0;
    enum lm_status status = path == NULL ? lm_fail(err, LM_NOMEM, "out of memory for %s", folder)
                                         : lm_file_read(&text, &size, arena, path, CONFIG_MAX, err);
    if (status == LM_OK) {
        status = lm_json_parse(&root, text, size, err);
        if (status == LM_OK)
            status = take_config(out, root, err);
        if (status != LM_OK)
            lm_wrap(err, status, "%s", path);
    }
    lm_json_free(root);
    lm_arena_free(arena);
    return status;
}

/* Reads the weights of a model whose file holds a head of `stored` labels: where the model has
 * another number of them, that head is read and forgotten and the model's own is drawn. */
static enum lm_status load_tensors(struct lm_model *model, int64_t stored, const char *path,
                                   struct lm_err *err)
{
    const struct lm_model_config *config = &model->config;
    if (stored == config->labels)
        return lm_safetensors_load(path, model->tensors, model->tensor_count, err);
    size_t shared = model->tensor_count - (config->labels > 0); /* the head is the last one */
    size_t floats = (size_t)(stored * config->width);
    struct lm_tensor *tensors = calloc(shared + 1, sizeof *tensors);
    float *forgotten = calloc(floats + 1, sizeof *forgotten);
    enum lm_status status = LM_OK;
    if (tensors == NULL || forgotten == NULL) {
        status = lm_fail(err, LM_NOMEM, "out of memory for %s", path);
    } else {
        memcpy(tensors, model->tensors, shared * sizeof *tensors);
        tensors[shared] = (struct lm_tensor){.name = "score.weight",
                                             .shape = {stored, config->width},
                                             .dims = 2,
                                             .count = stored * config->width,
                                             .data = forgotten};
        status = lm_safetensors_load(path, tensors, shared + (stored > 0), err);
        if (status == LM_OK)
            lm_model_draw(model, shared);
    }
    free(tensors);
    free(forgotten);
    return status;
}

/* A model of shape `config` with the weights of a folder whose head has `stored` labels. */
static enum lm_status load_model(struct lm_model **out, const char *folder,
                                 const struct lm_model_config *config, int64_t stored,
                                 const struct lm_model_options *options, struct lm_err *err)
{
    struct lm_model *model = NULL;
    LM_TRY(lm_model_prepare(&model, config, options, err));
    struct lm_arena *arena = lm_arena_create();
    const char *path = arena == NULL ? NULL : lm_path_join(arena, folder, "model.safetensors");
    enum lm_status status = path == NULL ? lm_fail(err, LM_NOMEM, "out of memory for %s", folder)
                                         : load_tensors(model, stored, path, err);
    if (status == LM_OK) {
        status = lm_model_check(model, err);
        if (status != LM_OK)
            lm_wrap(err, status, "%s", path);
    }
    lm_arena_free(arena);
    if (status != LM_OK) {
        lm_model_free(model);
        return status;
    }
    *out = model;
    return LM_OK;
}

enum lm_status lm_model_load(struct lm_model **out, const char *folder,
                             const struct lm_model_options *options, struct lm_err *err)
{
    struct lm_model_config config = {0};
    LM_TRY(lm_model_load_config(&config, folder, err));
    return load_model(out, folder, &config, config.labels, options, err);
}

enum lm_status lm_model_load_with_labels(struct lm_model **out, const char *folder, int64_t labels,
                                         const struct lm_model_options *options, struct lm_err *err)
{
    struct lm_model_config config = {0};
    LM_TRY(lm_model_load_config(&config, folder, err));
    int64_t stored = config.labels;
    config.labels = labels;
    return load_model(out, folder, &config, stored, options, err);
}
