#include "model/formats/hf_config.h"

#include "base/buf.h"
#include "model/formats/config_file.h"
#include "model/formats/config_options.h"

/* ---- reading ---- */

static enum lm_status take_config(struct lm_model_config *out, const struct lm_json *root,
                                  struct lm_err *err)
{
    if (!lm_json_is_object(root))
        return lm_fail(err, LM_FORMAT, "is not a JSON object; take the file again");
    LM_TRY(lm_config_options_check(root, false, err));
    struct lm_model_config config = {0};
    lm_config_take_dropout(&config, root);
    lm_config_take_sizes(&config, root);
    LM_TRY(lm_model_config_check(&config, err));
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

static void put_config(struct lm_buf *out, const struct lm_model_config *config,
                       enum lm_dtype dtype, int32_t end_of_text)
{
    static const char *const types[LM_DTYPES] = {"float32", "float16", "bfloat16"};

    static const struct {
        const char *key;
        bool value;
    } flags[] = {{"tie_word_embeddings", true},
                 {"scale_attn_weights", true},
                 {"scale_attn_by_inverse_layer_idx", false},
                 {"add_cross_attention", false},
                 {"is_encoder_decoder", false}};

    struct lm_json_writer writer;
    lm_json_begin(&writer, out, true);
    lm_json_open(&writer, '{');
    lm_config_put_class(&writer, "GPT2LMHeadModel");
    lm_json_member_string(&writer, "model_type", "gpt2");
    lm_json_member_string(&writer, "activation_function", lm_config_gelus[0]);
    lm_json_member_double(&writer, "layer_norm_epsilon", 1e-5);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        lm_json_member_bool(&writer, flags[i].key, flags[i].value);
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
