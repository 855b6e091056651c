/* A saved model: a folder with config.json and model.safetensors, in the names of GPT-2's
 * published checkpoints. */
#include "model/core.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "model/arch.h"
#include "model/formats/config_file.h"
#include "model/formats/config_options.h"
#include "model/formats/safetensors.h"

/* Architectures of a configuration: GPT-2's, or one with options of ours. */
enum { GPT2, OTHER };

static const struct {
    const char *model_type, *class_name,
        *with_labels; /* with_labels: its name with a head for them */
} architectures[] = {
    [GPT2] = {"gpt2", "GPT2LMHeadModel", "GPT2ForSequenceClassification"},
    [OTHER] = {"lmpipe", "LmpipeModel", "LmpipeForSequenceClassification"},
};

static void put_options(struct lm_json_writer *writer, const struct lm_model_config *config)
{
    struct lm_model_config copy = *config;
    for (size_t i = 0; i < LM_ARCH_ROWS; i++) {
        const struct lm_arch_row *row = &lm_arch_rows[i];
        int64_t value = lm_arch_value(row, config);
        if (value == 0)
            continue;
        if (row->kind == LM_ARCH_CHOICE)
            lm_json_member_string(writer, row->name, row->choices[value]);
        else if (row->kind == LM_ARCH_FLAG)
            lm_json_member_bool(writer, row->name, true);
        else if (row->kind == LM_ARCH_REAL)
            lm_json_member_double(writer, row->name, *lm_arch_real(row, &copy));
        else
            lm_json_member_int(writer, row->name, value);
    }
}

static void put_config(struct lm_buf *out, const struct lm_model_config *config)
{
    struct lm_json_writer writer;
    int which = lm_arch_first(config) == NULL ? GPT2 : OTHER;
    lm_json_begin(&writer, out, true);
    lm_json_open(&writer, '{');
    lm_config_put_class(&writer, config->labels > 0 ? architectures[which].with_labels
                                                    : architectures[which].class_name);
    lm_json_member_string(&writer, "model_type", architectures[which].model_type);
    if (which == GPT2)
        lm_json_member_string(&writer, "activation_function", lm_config_gelus[0]);
    lm_config_put_sizes(&writer, config);
    put_options(&writer, config);
    if (config->labels > 0)
        lm_json_member_int(&writer, "num_labels", config->labels);
    lm_json_member_double(&writer, "layer_norm_epsilon", 1e-5);
    lm_config_put_dropout(&writer, config);
    lm_json_member_bool(&writer, "tie_word_embeddings", !config->untied);
    lm_json_member_string(&writer, "torch_dtype", "float32");
    if (config->diverged_at > 0) {
        lm_json_member_int(&writer, "diverged", 1);
        lm_json_member_int(&writer, "diverged_at", config->diverged_at);
    }
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
}

enum lm_status lm_model_save(const struct lm_model *model, const char *folder, struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    if (arena == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for %s", folder);
    struct lm_buf text;
    lm_buf_init(&text, 0);
    put_config(&text, &model->config);
    const char *config = lm_path_join(arena, folder, "config.json");
    const char *weights = lm_path_join(arena, folder, "model.safetensors");
    enum lm_status status = lm_buf_status(&text, err);
    if (status == LM_OK && (config == NULL || weights == NULL))
        status = lm_fail(err, LM_NOMEM, "out of memory for %s", folder);
    if (status == LM_OK)
        status = lm_safetensors_save(weights, model->tensors, model->tensor_count, err);
    if (status == LM_OK)
        status = lm_config_file_write(config, &text, err);
    lm_buf_release(&text);
    lm_arena_free(arena);
    return status;
}

static enum lm_status take_option(const struct lm_arch_row *row, struct lm_model_config *config,
                                  const struct lm_json *value, struct lm_err *err)
{
    const char *name = lm_json_string(value, NULL);
    int64_t number = 0;
    if (row->kind == LM_ARCH_REAL) {
        *lm_arch_real(row, config) = lm_json_double(value, 0);
        number = lm_json_is_number(value);
    } else if (row->kind == LM_ARCH_FLAG) {
        number = lm_json_bool(value, false);
    } else if (row->kind == LM_ARCH_INT) {
        number = lm_json_int(value, 0);
    } else {
        while (name != NULL && row->choices[number] != NULL &&
               strcmp(row->choices[number], name) != 0)
            number++;
        if (name == NULL || row->choices[number] == NULL)
            number = 0;
    }
    if (number == 0)
        return lm_fail(err, LM_FORMAT, "%s is not what this program writes; the file is damaged",
                       row->name);
    if (row->kind != LM_ARCH_REAL)
        lm_arch_set(row, config, number);
    return LM_OK;
}

/* Which architecture it is. Options of ours are only looked for where there are any. */
static enum lm_status take_architecture(struct lm_model_config *config, const struct lm_json *root,
                                        struct lm_err *err)
{
    const char *type = lm_json_string(lm_json_get(root, "model_type"), NULL);
    bool is_own = type != NULL && strcmp(type, architectures[OTHER].model_type) == 0;
    LM_TRY(lm_config_options_check(root, is_own, err));
    if (is_own) {
        for (size_t i = 0; i < LM_ARCH_ROWS; i++) {
            const struct lm_json *value = lm_json_get(root, lm_arch_rows[i].name);
            if (value != NULL)
                LM_TRY(take_option(&lm_arch_rows[i], config, value, err));
        }
    }
    return LM_OK;
}

/* Labels of the classification head the file speaks of, 0 without one, -1 when it does not say how
 * many. */
static int64_t take_labels(const struct lm_json *root)
{
    const struct lm_json *classes = lm_json_get(root, "architectures");
    const char *name = lm_json_string(lm_json_at(classes, 0), NULL);
    if (name == NULL || (strcmp(name, architectures[GPT2].with_labels) != 0 &&
                         strcmp(name, architectures[OTHER].with_labels) != 0))
        return 0;
    int64_t labels = lm_json_int(lm_json_get(root, "num_labels"), -1);
    return labels == 0 ? -1 : labels;
}

static enum lm_status take_config(struct lm_model_config *out, const struct lm_json *root,
                                  struct lm_err *err)
{
    struct lm_model_config config = {
        .labels = take_labels(root),
        .diverged_at = lm_json_int(lm_json_get(root, "diverged_at"), 0),
    };
    if (!lm_json_is_object(root))
        return lm_fail(err, LM_FORMAT, "is not a JSON object; take the file again");
    LM_TRY(take_architecture(&config, root, err));
    lm_config_take_dropout(&config, root);
    lm_config_take_sizes(&config, root);
    if (config.diverged_at < 0)
        return lm_fail(err, LM_FORMAT, "diverged_at is no step; the file is damaged");
    LM_TRY(lm_model_config_check(&config, err));
    *out = config;
    return LM_OK;
}

enum lm_status lm_model_load_config(struct lm_model_config *out, const char *folder,
                                    struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    const char *path = arena == NULL ? NULL : lm_path_join(arena, folder, "config.json");
    enum lm_status status = path == NULL ? lm_fail(err, LM_NOMEM, "out of memory for %s", folder)
                                         : lm_config_file_read(out, path, take_config, err);
    lm_arena_free(arena);
    return status;
}

/* Reads the weights of a model whose file holds a head of `stored` labels: where the model has
 * another number of them, or is to have a fresh one, that head is read and forgotten and the
 * model's own is drawn. */
static enum lm_status load_tensors(struct lm_model *model, int64_t stored, bool fresh_head,
                                   const char *path, struct lm_err *err)
{
    const struct lm_model_config *config = &model->config;
    if (stored == config->labels && !fresh_head)
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
                                 bool fresh_head, const struct lm_model_options *options,
                                 struct lm_err *err)
{
    struct lm_model *model = NULL;
    LM_TRY(lm_model_prepare(&model, config, options, err));
    struct lm_arena *arena = lm_arena_create();
    const char *path = arena == NULL ? NULL : lm_path_join(arena, folder, "model.safetensors");
    enum lm_status status = path == NULL ? lm_fail(err, LM_NOMEM, "out of memory for %s", folder)
                                         : load_tensors(model, stored, fresh_head, path, err);
    if (status == LM_OK)
        status = lm_model_check_read(model, path, err);
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
    return load_model(out, folder, &config, config.labels, false, options, err);
}

enum lm_status lm_model_load_to_tune(struct lm_model **out, const char *folder,
                                     const struct lm_tuning *tuning,
                                     const struct lm_model_options *options, struct lm_err *err)
{
    struct lm_model_config config = {0};
    LM_TRY(lm_model_load_config(&config, folder, err));
    int64_t stored = config.labels;
    config.labels = tuning->labels;
    config.dropout = tuning->dropout;
    return load_model(out, folder, &config, stored, tuning->fresh_head, options, err);
}
