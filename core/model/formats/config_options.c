#include "model/formats/config_options.h"

#include <string.h>

#include "model/arch.h"

const char *const lm_config_gelus[] = {"gelu_new", "gelu_pytorch_tanh", "gelu_fast",
                                       "gelu_accurate", NULL};

static const char *const types[] = {"gpt2", NULL}, *const own_types[] = {"lmpipe", NULL};

/* What may stand there. */
enum rule {
    ANY,     /* it changes nothing that is computed here */
    SIZE,    /* a whole number; required */
    SHARE,   /* a number in [0, 1] */
    EPSILON, /* a number: 1e-5, also as float32 rounds it */
    GELU,
    TYPE, /* required */
    TRUE,
    FALSE,
    TIED,  /* true, unless one of our options says that it is not so */
    INNER, /* null, or 4 times n_embd */
    EMPTY, /* null, or nothing in it */
    RULES
};

static const struct option {
    const char *key;
    enum rule rule;
} options[] = {
    {"model_type", TYPE},
    {"n_inner", INNER},
    {"activation_function", GELU},
    {"layer_norm_epsilon", EPSILON},
    {"embd_pdrop", SHARE},
    {"attn_pdrop", SHARE},
    {"resid_pdrop", SHARE},
    {"tie_word_embeddings", TIED},
    {"scale_attn_weights", TRUE},
    {"scale_attn_by_inverse_layer_idx", FALSE},
    {"add_cross_attention", FALSE},
    {"is_encoder_decoder", FALSE},
    {"pruned_heads", EMPTY},
    {"quantization_config", EMPTY},
    {"vocab_size", SIZE},
    {"n_positions", SIZE},
    {"n_layer", SIZE},
    {"n_head", SIZE},
    {"n_embd", SIZE},
    /* how it was made, and with what */
    {"architectures", ANY},
    {"attn_implementation", ANY},
    {"auto_map", ANY},
    {"diverged", ANY},
    {"diverged_at", ANY},
    {"dtype", ANY},
    {"gradient_checkpointing", ANY},
    {"initializer_range", ANY},
    {"n_ctx", ANY},
    {"reorder_and_upcast_attn", ANY},
    {"torch_dtype", ANY},
    {"transformers_version", ANY},
    {"use_cache", ANY},
    /* heads that a language model has not */
    {"finetuning_task", ANY},
    {"id2label", ANY},
    {"label2id", ANY},
    {"num_labels", ANY},
    {"problem_type", ANY},
    {"summary_activation", ANY},
    {"summary_first_dropout", ANY},
    {"summary_proj_to_labels", ANY},
    {"summary_type", ANY},
    {"summary_use_proj", ANY},
    /* how it is called, and how its output is read */
    {"bad_words_ids", ANY},
    {"begin_suppress_tokens", ANY},
    {"bos_token_id", ANY},
    {"chunk_size_feed_forward", ANY},
    {"cross_attention_hidden_size", ANY},
    {"decoder_start_token_id", ANY},
    {"diversity_penalty", ANY},
    {"do_sample", ANY},
    {"early_stopping", ANY},
    {"encoder_no_repeat_ngram_size", ANY},
    {"eos_token_id", ANY},
    {"exponential_decay_length_penalty", ANY},
    {"forced_bos_token_id", ANY},
    {"forced_eos_token_id", ANY},
    {"is_decoder", ANY},
    {"length_penalty", ANY},
    {"max_length", ANY},
    {"min_length", ANY},
    {"no_repeat_ngram_size", ANY},
    {"num_beam_groups", ANY},
    {"num_beams", ANY},
    {"num_return_sequences", ANY},
    {"output_attentions", ANY},
    {"output_hidden_states", ANY},
    {"output_past", ANY},
    {"output_scores", ANY},
    {"pad_token_id", ANY},
    {"predict_special_tokens", ANY},
    {"prefix", ANY},
    {"remove_invalid_values", ANY},
    {"repetition_penalty", ANY},
    {"return_dict", ANY},
    {"return_dict_in_generate", ANY},
    {"sep_token_id", ANY},
    {"suppress_tokens", ANY},
    {"task_specific_params", ANY},
    {"temperature", ANY},
    {"tf_legacy_loss", ANY},
    {"tie_encoder_decoder", ANY},
    {"tokenizer_class", ANY},
    {"top_k", ANY},
    {"top_p", ANY},
    {"torchscript", ANY},
    {"typical_p", ANY},
    {"use_bfloat16", ANY},
};

enum { OPTIONS = sizeof options / sizeof options[0] };

/* What a value is judged by: itself, and the file that it is in. */
struct place {
    const struct lm_json *value, *root;
    bool is_own;
};

static bool is_one_of(const struct place *at, const char *const *words)
{
    const char *word = lm_json_string(at->value, NULL);
    for (; word != NULL && *words != NULL; words++)
        if (strcmp(*words, word) == 0)
            return true;
    return false;
}

static bool is_flag(const struct place *at, bool want)
{
    return lm_json_bool(at->value, !want) == want;
}

static bool is_any(const struct place *at)
{
    (void)at;
    return true;
}

/* An integer, since it is the same whatever stands in for what is none. */
static bool is_whole(const struct place *at)
{
    return lm_json_int(at->value, 0) == lm_json_int(at->value, 1);
}

static bool is_share(const struct place *at)
{
    double share = lm_json_double(at->value, -1);
    return share >= 0 && share <= 1;
}

static bool is_epsilon(const struct place *at)
{
    return (float)lm_json_double(at->value, 0) == 1e-5F;
}

static bool is_gelu(const struct place *at)
{
    return is_one_of(at, lm_config_gelus);
}

static bool is_type(const struct place *at)
{
    return is_one_of(at, at->is_own ? own_types : types);
}

static bool is_true(const struct place *at)
{
    return is_flag(at, true);
}

static bool is_false(const struct place *at)
{
    return is_flag(at, false);
}

static bool is_tied(const struct place *at)
{
    return is_flag(at, !lm_json_bool(lm_json_get(at->root, "untied"), false));
}

static bool is_inner(const struct place *at)
{
    int64_t width = lm_json_int(lm_json_get(at->root, "n_embd"), 0);
    return lm_json_is_null(at->value) ||
           (width > 0 && width <= 1 << 20 && lm_json_int(at->value, 0) == 4 * width);
}

static bool is_empty(const struct place *at)
{
    bool is_list = lm_json_is_object(at->value) || lm_json_is_array(at->value);
    return lm_json_is_null(at->value) || (is_list && lm_json_count(at->value) == 0);
}

static const struct {
    bool (*is_met)(const struct place *at);
    const char *wanted;
} rules[RULES] = {
    [ANY] = {is_any, ""},
    [SIZE] = {is_whole, "a whole number"},
    [SHARE] = {is_share, "a number from 0 to 1"},
    [EPSILON] = {is_epsilon, "1e-05"},
    [GELU] = {is_gelu, "\"gelu_new\" or another name of its tanh form"},
    [TYPE] = {is_type, "\"gpt2\""},
    [TRUE] = {is_true, "true"},
    [FALSE] = {is_false, "false"},
    [TIED] = {is_tied, "true"},
    [INNER] = {is_inner, "null or 4 times n_embd"},
    [EMPTY] = {is_empty, "null or empty"},
};

static enum lm_status check(const struct option *option, const struct lm_json *root, bool is_own,
                            struct lm_err *err)
{
    const struct place at = {lm_json_get(root, option->key), root, is_own};
    bool is_required = option->rule == SIZE || option->rule == TYPE;
    if (at.value == NULL ? !is_required : rules[option->rule].is_met(&at))
        return LM_OK;
    return lm_fail(
        err, LM_UNSUPPORTED,
        "%s is %s %s; only GPT-2's architecture can be read, give the file that belongs to "
        "such a model",
        option->key, at.value == NULL ? "missing, and must be" : "not", rules[option->rule].wanted);
}

struct search {
    bool is_own;
    const char *unknown;
};

static bool is_known(void *user, const char *key, const struct lm_json *value)
{
    struct search *search = user;
    bool is_found = key[0] == '_'; /* transformers' own notes */
    (void)value;
    for (size_t i = 0; i < OPTIONS && !is_found; i++)
        is_found = strcmp(options[i].key, key) == 0;
    for (size_t i = 0; i < LM_ARCH_ROWS && search->is_own && !is_found; i++)
        is_found = strcmp(lm_arch_rows[i].name, key) == 0;
    search->unknown = is_found ? NULL : key;
    return is_found;
}

enum lm_status lm_config_options_check(const struct lm_json *root, bool is_own, struct lm_err *err)
{
    struct search search = {is_own, NULL};
    for (size_t i = 0; i < OPTIONS; i++)
        LM_TRY(check(&options[i], root, is_own, err));
    lm_json_each(root, is_known, &search);
    if (search.unknown == NULL)
        return LM_OK;
    return lm_fail(
        err, LM_UNSUPPORTED,
        "\"%.60s\" is not known as an option of GPT-2; take it out if the model computes "
        "the same without it",
        search.unknown);
}
