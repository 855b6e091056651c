/* tokenizer.json of Hugging Face's tokenizers. Special tokens stand in the model's vocabulary too:
 * an added token that does not is given the next free id there, whatever the file says. */
#include "tokenizer/alphabet.h"
#include "tokenizer/formats/foreign_regex.h"
#include "tokenizer/formats/published.h"
#include "tokenizer/formats/vocab_export.h"

#include <string.h>

/* Any one character, in each syntax. */
#define ANY_CHARACTER "[\\s\\S]"

static void put_byte_level(struct lm_json_writer *writer, bool uses_regex)
{
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "type", "ByteLevel");
    lm_json_member_bool(writer, "add_prefix_space", false);
    lm_json_member_bool(writer, "trim_offsets", false);
    lm_json_member_bool(writer, "use_regex", uses_regex);
    lm_json_close(writer, '}');
}

static void put_split(struct lm_json_writer *writer, const char *expression)
{
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "type", "Sequence");
    lm_json_key(writer, "pretokenizers");
    lm_json_open(writer, '[');
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "type", "Split");
    lm_json_key(writer, "pattern");
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "Regex", expression);
    lm_json_close(writer, '}');
    lm_json_member_string(writer, "behavior", "Isolated");
    lm_json_member_bool(writer, "invert", false);
    lm_json_close(writer, '}');
    put_byte_level(writer, false);
    lm_json_close(writer, ']');
    lm_json_close(writer, '}');
}

/* The expression of a pattern; single bytes need none of their own, as nothing merges. */
static enum lm_status write_expression(struct lm_buf *out, const struct lm_vocab *vocab,
                                       struct lm_err *err)
{
    if (vocab->pattern == LM_PATTERN_REGEX)
        return lm_foreign_regex(out, lm_vocab_regex(vocab), LM_REGEX_PCRE2, err);
    const char *published = lm_published_expression(vocab->pattern);
    lm_buf_puts(out, published != NULL ? published : ANY_CHARACTER);
    return lm_buf_status(out, err);
}

static enum lm_status put_pattern(struct lm_json_writer *writer, const struct lm_vocab *vocab,
                                  struct lm_err *err)
{
    struct lm_buf expression;
    lm_json_key(writer, "pre_tokenizer");
    if (vocab->pattern == LM_PATTERN_GPT2) {
        put_byte_level(writer, true);
        return LM_OK;
    }
    lm_buf_init(&expression, 0);
    enum lm_status status = write_expression(&expression, vocab, err);
    if (status == LM_OK)
        put_split(writer, expression.data);
    lm_buf_release(&expression);
    return status;
}

static void put_added(struct lm_json_writer *writer, const struct lm_vocab *vocab)
{
    static const char *const no[] = {"single_word", "lstrip", "rstrip", "normalized"};
    lm_json_key(writer, "added_tokens");
    lm_json_open(writer, '[');
    for (int32_t id = 0; id < vocab->size; id++) {
        size_t size;
        const uint8_t *name = lm_vocab_token(vocab, id, &size);
        if (!lm_vocab_is_special(vocab, id))
            continue;
        lm_json_open(writer, '{');
        lm_json_member_int(writer, "id", id);
        lm_json_key(writer, "content");
        lm_json_put_bytes(writer, name, size);
        for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
            lm_json_member_bool(writer, no[i], false);
        lm_json_member_bool(writer, "special", true);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

static void put_token(struct lm_json_writer *writer, const struct lm_vocab *vocab, int32_t id)
{
    struct lm_buf text;
    size_t size;
    const uint8_t *bytes = lm_vocab_token(vocab, id, &size);
    lm_buf_init(&text, 0);
    lm_alphabet_write(&text, bytes, size);
    writer->out->failed = writer->out->failed || text.failed;
    lm_json_put_bytes(writer, text.data, text.size);
    lm_buf_release(&text);
}

static enum lm_status put_merges(struct lm_json_writer *writer, const struct lm_vocab *vocab,
                                 struct lm_err *err)
{
    lm_json_key(writer, "merges");
    lm_json_open(writer, '[');
    for (int32_t rank = 0; rank < vocab->merge_count; rank++) {
        int32_t left, right;
        LM_TRY(lm_export_pair(vocab, rank, &left, &right, err));
        if (left < 0)
            continue;
        lm_json_open(writer, '[');
        put_token(writer, vocab, left);
        put_token(writer, vocab, right);
        lm_json_close(writer, ']');
    }
    lm_json_close(writer, ']');
    return LM_OK;
}

static void put_null(struct lm_json_writer *writer, const char *key)
{
    lm_json_key(writer, key);
    lm_json_put_null(writer);
}

static enum lm_status put_model(struct lm_json_writer *writer, const struct lm_vocab *vocab,
                                struct lm_err *err)
{
    lm_json_key(writer, "model");
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "type", "BPE");
    put_null(writer, "dropout");
    put_null(writer, "unk_token");
    put_null(writer, "continuing_subword_prefix");
    put_null(writer, "end_of_word_suffix");
    lm_json_member_bool(writer, "fuse_unk", false);
    lm_json_member_bool(writer, "byte_fallback", false);
    lm_json_member_bool(writer, "ignore_merges", vocab->merging != LM_MERGING_PAIRS);
    lm_json_key(writer, "vocab");
    LM_TRY(lm_export_tokens(writer, vocab, err));
    LM_TRY(put_merges(writer, vocab, err));
    lm_json_close(writer, '}');
    return LM_OK;
}

static enum lm_status put_root(struct lm_json_writer *writer, const struct lm_vocab *vocab,
                               struct lm_err *err)
{
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "version", "1.0");
    put_null(writer, "truncation");
    put_null(writer, "padding");
    put_added(writer, vocab);
    put_null(writer, "normalizer");
    LM_TRY(put_pattern(writer, vocab, err));
    put_null(writer, "post_processor");
    lm_json_key(writer, "decoder");
    put_byte_level(writer, true);
    LM_TRY(put_model(writer, vocab, err));
    lm_json_close(writer, '}');
    return LM_OK;
}

static enum lm_status check_pattern(const struct lm_vocab *vocab, struct lm_err *err)
{
    if (vocab->pattern == LM_PATTERN_BYTES && vocab->merge_count > 0)
        return lm_fail(err, LM_UNSUPPORTED,
                       "tokenizer.json cannot cut after every byte; export as tiktoken");
    return LM_OK;
}

enum lm_status lm_export_hf(const struct lm_vocab *vocab, const char *folder, struct lm_err *err)
{
    struct lm_buf text;
    struct lm_json_writer writer;
    LM_TRY(check_pattern(vocab, err));
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, false);
    enum lm_status status = put_root(&writer, vocab, err);
    if (status == LM_OK)
        return lm_export_file(&text, folder, "tokenizer.json", err);
    lm_buf_release(&text);
    return status;
}
