#include "model/hf_config.h"

#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"

enum { CONFIG_MAX = 1 << 20 };

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

/* The shape: keys and the fields they fill. */
static const struct {
    const char *key;
    size_t offset;
} sizes[] = {
    {"vocab_size", offsetof(struct lm_model_config, vocab)},
    {"n_positions", offsetof(struct lm_model_config, context)},
    {"n_layer", offsetof(struct lm_model_config, layers)},
    {"n_head", offsetof(struct lm_model_config, heads)},
    {"n_embd", offsetof(struct lm_model_config, width)},
};

enum { DEMANDS = sizeof demands / sizeof demands[0], SIZES = sizeof sizes / sizeof sizes[0] };

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
    struct lm_model_config config = {.dropout =
                                         lm_json_double(lm_json_get(root, "resid_pdrop"), 0)};
    for (size_t i = 0; i < SIZES; i++) {
        int64_t size = lm_json_int(lm_json_get(root, sizes[i].key), 0);
        if (size < 1)
            return lm_fail(err, LM_FORMAT,
                           "%s is no whole number above 0; take the file that belongs to the model",
                           sizes[i].key);
        *(int64_t *)((char *)&config + sizes[i].offset) = size;
    }
    LM_TRY(lm_model_config_check(&config, err));
    LM_TRY(check_absent(root, &config, err));
    *out = config;
    return LM_OK;
}

enum lm_status lm_hf_config_read(struct lm_model_config *out, const char *path, struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_json *root = NULL;
    char *text = NULL;
    size_t size = 0;
    enum lm_status status = arena == NULL
                                ? lm_fail(err, LM_NOMEM, "out of memory for %s", path)
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
    static const char *const dropouts[] = {"embd_pdrop", "attn_pdrop", "resid_pdrop"};
    struct lm_json_writer writer;
    lm_json_begin(&writer, out, true);
    lm_json_open(&writer, '{');
    lm_json_key(&writer, "architectures");
    lm_json_open(&writer, '[');
    lm_json_put_string(&writer, "GPT2LMHeadModel");
    lm_json_close(&writer, ']');
    put_demands(&writer);
    for (size_t i = 0; i < SIZES; i++)
        lm_json_member_int(&writer, sizes[i].key,
                           *(const int64_t *)((const char *)config + sizes[i].offset));
    lm_json_key(&writer, "n_inner");
    lm_json_put_null(&writer);
    for (size_t i = 0; i < sizeof dropouts / sizeof dropouts[0]; i++)
        lm_json_member_double(&writer, dropouts[i], config->dropout);
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
    lm_buf_init(&text, CONFIG_MAX);
    put_config(&text, config, dtype, end_of_text);
    enum lm_status status = lm_buf_status(&text, err);
    if (status == LM_OK)
        status = lm_file_write_atomic(path, text.data, text.size, err);
    lm_buf_release(&text);
    return status;
}
