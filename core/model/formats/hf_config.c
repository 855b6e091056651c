#include "model/formats/hf_config.h"

#include <string.h>

#include "base/buf.h"
#include "model/formats/config_file.h"

/* What a key must say for this code to be right; a missing one says it, unless it is required. */
static const struct demand {
    const char *key;
    const char *word; /* text; else: */
    double number;    /* number; else: */
    bool flag;
    bool is_required;
} demands[] = {
    {.key = "model_type", .word = "gpt2", .is_required = true},
    {.key = "activation_function", .word = "gelu_new"},
    {.key = "layer_norm_epsilon", .number = 1e-5},
    {.key = "tie_word_embeddings", .flag = true},
    {.key = "scale_attn_weights", .flag = true},
    {.key = "scale_attn_by_inverse_layer_idx"},
    {.key = "add_cross_attention"},
    {.key = "is_encoder_decoder"},
};

enum { DEMANDS = sizeof demands / sizeof demands[0] };

/* ---- reading ---- */

static enum lm_status check_demand(const struct lm_json *root, const struct demand *demand,
                                   struct lm_err *err)
{
    const struct lm_json *value = lm_json_get(root, demand->key);
    if (value == NULL && !demand->is_required)
        return LM_OK;
    if (demand->word != NULL) {
        const char *word = lm_json_string(value, NULL);
        if (word != NULL && strcmp(word, demand->word) == 0)
            return LM_OK;
        return lm_fail(err, LM_UNSUPPORTED,
                       "%s is not \"%s\"; only GPT-2's architecture can be imported", demand->key,
                       demand->word);
    }
    if (demand->number != 0) {
        if (lm_json_double(value, 0) == demand->number)
            return LM_OK;
        return lm_fail(err, LM_UNSUPPORTED,
                       "%s is not %g; only GPT-2's architecture can be imported", demand->key,
                       demand->number);
    }
    if (lm_json_bool(value, !demand->flag) == demand->flag)
        return LM_OK;
    return lm_fail(err, LM_UNSUPPORTED, "%s is not %s; only GPT-2's architecture can be imported",
                   demand->key, demand->flag ? "true" : "false");
}

/* Keys that may only be there with nothing in them, and n_inner, which may say what is anyway. */
static enum lm_status check_absent(const struct lm_json *root, const struct lm_model_config *config,
                                   struct lm_err *err)
{
    static const char *const keys[] = {"quantization_config", "pruned_heads"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct lm_json *value = lm_json_get(root, keys[i]);
        bool is_empty = lm_json_is_object(value) && lm_json_count(value) == 0;
        if (value != NULL && !lm_json_is_null(value) && !is_empty)
            return lm_fail(err, LM_UNSUPPORTED,
                           "%s is set; save the model without it, then import that", keys[i]);
    }
    const struct lm_json *inner = lm_json_get(root, "n_inner");
    if (inner != NULL && !lm_json_is_null(inner) && lm_json_int(inner, 0) != 4 * config->width)
        return lm_fail(err, LM_UNSUPPORTED,
                       "n_inner is neither null nor 4 times n_embd; only GPT-2's architecture can "
                       "be imported");
    return LM_OK;
}

static enum lm_status take_config(struct lm_model_config *out, const struct lm_json *root,
                                  struct lm_err *err)
{
    if (!lm_json_is_object(root))
        return lm_fail(err, LM_FORMAT, "is no JSON object; take the file again");
    for (size_t i = 0; i < DEMANDS; i++)
        LM_TRY(check_demand(root, &demands[i], err));
    struct lm_model_config config = {0};
    lm_config_take_dropout(&config, root);
    lm_config_take_sizes(&config, root);
    LM_TRY(lm_model_config_check(&config, err));
    LM_TRY(check_absent(root, &config, err));
    *out = config;
    return LM_OK;
}

enum lm_status lm_hf_config_read(struct lm_model_config *out, const char *path, struct lm_err *err)
{
    return lm_config_file_read(out, path, take_config, err);
}

/* ---- writing ---- */

static void put_token(struct lm_json_writer *writer, const char *key, int32_t id)
{
    lm_json_key(writer, key);
    if (id < 0)
        lm_json_put_null(writer);
    else
        lm_json_put_int(writer, id);
}

static void put_demands(struct lm_json_writer *writer)
{
    for (size_t i = 0; i < DEMANDS; i++) {
        if (demands[i].word != NULL)
            lm_json_member_string(writer, demands[i].key, demands[i].word);
        else if (demands[i].number != 0)
            lm_json_member_double(writer, demands[i].key, demands[i].number);
        else
            lm_json_member_bool(writer, demands[i].key, demands[i].flag);
    }
}

static void put_config(struct lm_buf *out, const struct lm_model_config *config,
                       enum lm_dtype dtype, int32_t end_of_text)
{
    static const char *const types[LM_DTYPES] = {"float32", "float16", "bfloat16"};
    struct lm_json_writer writer;
    lm_json_begin(&writer, out, true);
    lm_json_open(&writer, '{');
    lm_config_put_class(&writer, "GPT2LMHeadModel");
    put_demands(&writer);
    lm_config_put_sizes(&writer, config);
    lm_json_key(&writer, "n_inner");
    lm_json_put_null(&writer);
    lm_config_put_dropout(&writer, config);
    put_token(&writer, "bos_token_id", end_of_text);
    put_token(&writer, "eos_token_id", end_of_text);
    lm_json_member_string(&writer, "torch_dtype", types[dtype]);
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
}

enum lm_status lm_hf_config_write(const struct lm_model_config *config, enum lm_dtype dtype,
                                  int32_t end_of_text, const char *path, struct lm_err *err)
{
    struct lm_buf text;
    lm_buf_init(&text, 0);
    put_config(&text, config, dtype, end_of_text);
    enum lm_status status = lm_config_file_write(path, &text, err);
    lm_buf_release(&text);
    return status;
}
