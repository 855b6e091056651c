/* The tokenizer's keys of a GGUF file, as llama.cpp's converter writes them for GPT-2: tokens by id
 * in the printable alphabet, their kinds, and a list of pairs. */
#include <lmpipe/gguf.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gguf/gguf.h"
#include "tokenizer/formats/gguf_vocab.h"
#include "tokenizer/formats/vocab_export.h"

enum { UNUSED_BYTES = 32 };

#define UNUSED_NAME "[PAD%d]"

static enum lm_status refuse(const char *why, struct lm_err *err)
{
    return lm_fail(
        err, LM_UNSUPPORTED,
        "GGUF cannot say this vocabulary so that llama.cpp gives the same ids: %s; export "
        "as safetensors, with tokenizer.json",
        why);
}

/* llama.cpp's name for where text is cut, and whether pieces are looked up whole. */
static enum lm_status find_pre(const struct lm_gguf_pre **out, const struct lm_vocab *vocab,
                               struct lm_err *err)
{
    bool needs_whole = false;
    if (vocab->merging == LM_MERGING_PAIRS_WHOLE)
        LM_TRY(lm_export_needs_whole(&needs_whole, vocab, err));
    *out = lm_gguf_pre_of(vocab->pattern, needs_whole);
    if (*out != NULL)
        return LM_OK;
    return lm_gguf_pre_of(vocab->pattern, false) == NULL
               ? refuse("it knows no such pattern, only gpt2 and cl100k", err)
               : refuse("a token is found whole only, and merging its bytes gives others", err);
}

/* Without one llama.cpp takes id 11 for the end of a text, whatever it is. */
static enum lm_status check_end(const struct lm_vocab *vocab, struct lm_err *err)
{
    return vocab->end_of_text >= 0 ? LM_OK : refuse("it has no end-of-text token", err);
}

/* No token may be written like an unused one. */
static enum lm_status check_unused(const struct lm_vocab *vocab, int64_t rows, struct lm_err *err)
{
    for (int32_t id = 0; id < vocab->size; id++) {
        char text[UNUSED_BYTES], name[UNUSED_BYTES];
        size_t size, ignored;
        const uint8_t *bytes = lm_vocab_token(vocab, id, &size);
        if (bytes == NULL || size >= sizeof text || size < 5 || memcmp(bytes, "[PAD", 4) != 0)
            continue;
        memcpy(text, bytes, size);
        text[size] = '\0';
        long number = strtol(text + 4, NULL, 10);
        if (number < 0 || number >= rows ||
            lm_vocab_token(vocab, (int32_t)number, &ignored) != NULL)
            continue;
        snprintf(name, sizeof name, UNUSED_NAME, (int)number);
        if (strcmp(name, text) == 0)
            return refuse("a token is written like the name of an id without one", err);
    }
    return LM_OK;
}

static enum lm_status put_tokens(struct lm_gguf_writer *writer, const struct lm_vocab *vocab,
                                 int64_t rows, struct lm_err *err)
{
    struct lm_buf text;
    enum lm_status status = LM_OK;
    lm_buf_init(&text, 0);
    lm_gguf_put_array(writer, "tokenizer.ggml.tokens", LM_GGUF_STRING, (uint64_t)rows);
    for (int32_t id = 0; id < rows && status == LM_OK; id++) {
        size_t size;
        if (lm_vocab_token(vocab, id, &size) != NULL) {
            status = lm_export_token_text(&text, vocab, id, err);
        } else {
            lm_buf_clear(&text);
            lm_buf_printf(&text, UNUSED_NAME, id);
            status = lm_buf_status(&text, err);
        }
        if (status == LM_OK)
            lm_gguf_put_item_text(writer, text.data, text.size);
    }
    lm_buf_release(&text);
    return status;
}

static void put_kinds(struct lm_gguf_writer *writer, const struct lm_vocab *vocab, int64_t rows)
{
    lm_gguf_put_array(writer, "tokenizer.ggml.token_type", LM_GGUF_I32, (uint64_t)rows);
    for (int32_t id = 0; id < rows; id++) {
        size_t size;
        bool is_used = lm_vocab_token(vocab, id, &size) != NULL;
        lm_gguf_put_item_i32(writer, !is_used                         ? LM_GGUF_TOKEN_UNUSED
                                     : lm_vocab_is_special(vocab, id) ? LM_GGUF_TOKEN_CONTROL
                                                                      : LM_GGUF_TOKEN_NORMAL);
    }
}

/* The texts of a pair with a space between them, in `out`; none for a token that no pair makes. */
static enum lm_status pair_text(struct lm_buf *out, struct lm_buf *part,
                                const struct lm_vocab *vocab, int32_t rank, struct lm_err *err)
{
    int32_t left, right;
    lm_buf_clear(out);
    LM_TRY(lm_export_pair(vocab, rank, &left, &right, err));
    if (left < 0)
        return LM_OK;
    LM_TRY(lm_export_token_text(out, vocab, left, err));
    LM_TRY(lm_export_token_text(part, vocab, right, err));
    lm_buf_putc(out, ' ');
    lm_buf_append(out, part->data, part->size);
    return lm_buf_status(out, err);
}

static enum lm_status put_merges(struct lm_gguf_writer *writer, const struct lm_vocab *vocab,
                                 struct lm_err *err)
{
    struct lm_buf pair, part;
    enum lm_status status = LM_OK;
    uint64_t count = 0;
    lm_buf_init(&pair, 0);
    lm_buf_init(&part, 0);
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1)
            lm_gguf_put_array(writer, "tokenizer.ggml.merges", LM_GGUF_STRING, count);
        for (int32_t rank = 0; rank < vocab->merge_count && status == LM_OK; rank++) {
            status = pair_text(&pair, &part, vocab, rank, err);
            if (status == LM_OK && pair.size > 0 && pass == 1)
                lm_gguf_put_item_text(writer, pair.data, pair.size);
            count += pair.size > 0;
        }
    }
    lm_buf_release(&pair);
    lm_buf_release(&part);
    return status;
}

enum lm_status lm_gguf_put_vocab(struct lm_gguf_writer *writer, const struct lm_vocab *vocab,
                                 int64_t rows, struct lm_err *err)
{
    const struct lm_gguf_pre *pre;
    if (rows < vocab->size || rows > LM_VOCAB_LARGEST)
        return lm_fail(err, LM_RANGE,
                       "the vocabulary has %d ids, the model %lld; take the vocabulary it was "
                       "trained with",
                       vocab->size, (long long)rows);
    LM_TRY(find_pre(&pre, vocab, err));
    LM_TRY(check_end(vocab, err));
    LM_TRY(check_unused(vocab, rows, err));
    lm_gguf_put_text(writer, "tokenizer.ggml.model", "gpt2");
    lm_gguf_put_text(writer, "tokenizer.ggml.pre", pre->name);
    LM_TRY(put_tokens(writer, vocab, rows, err));
    put_kinds(writer, vocab, rows);
    LM_TRY(put_merges(writer, vocab, err));
    lm_gguf_put_u32(writer, "tokenizer.ggml.bos_token_id", (uint32_t)vocab->end_of_text);
    lm_gguf_put_u32(writer, "tokenizer.ggml.eos_token_id", (uint32_t)vocab->end_of_text);
    lm_gguf_put_bool(writer, "tokenizer.ggml.add_bos_token", false);
    return LM_OK;
}
