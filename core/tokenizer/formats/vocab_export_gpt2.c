/* vocab.json and merges.txt, as GPT-2 came with them. They say neither the pattern, which is
 * GPT-2's, nor which tokens are special: those that no pair makes. */
#include "tokenizer/alphabet.h"
#include "tokenizer/formats/vocab_export.h"

static enum lm_status refuse(const char *why, struct lm_err *err)
{
    return lm_fail(err, LM_UNSUPPORTED,
                   "vocab.json and merges.txt cannot say this vocabulary: %s; export as hf", why);
}

static bool is_name(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] <= ' ' || bytes[i] >= 0x7F)
            return false;
    return true;
}

/* How vocab.json tells special tokens from others: vocab_import_gpt2.c. */
static enum lm_status check_specials(const struct lm_vocab *vocab, struct lm_err *err)
{
    for (int32_t id = 0; id < vocab->size; id++) {
        size_t size;
        const uint8_t *bytes = lm_vocab_token(vocab, id, &size);
        if (lm_vocab_is_special(vocab, id) && (size < 2 || !is_name(bytes, size)))
            return refuse("a special token is not of several ASCII characters without spaces", err);
    }
    for (int32_t i = 0; i < vocab->merge_count && vocab->merging != LM_MERGING_RANKS; i++) {
        size_t size;
        const uint8_t *bytes = lm_vocab_token(vocab, vocab->merges[i].id, &size);
        if (vocab->merges[i].left < 0 && is_name(bytes, size))
            return refuse("a token that no pair makes would be read as a special token", err);
    }
    return LM_OK;
}

/* Every token must come from merging its bytes: nothing is looked up whole. */
static enum lm_status check_whole(const struct lm_vocab *vocab, struct lm_err *err)
{
    bool needs_whole;
    LM_TRY(lm_export_needs_whole(&needs_whole, vocab, err));
    return needs_whole
               ? refuse("a token is found whole only, and merging its bytes gives others", err)
               : LM_OK;
}

static enum lm_status write_merges(struct lm_buf *out, const struct lm_vocab *vocab,
                                   struct lm_err *err)
{
    lm_buf_puts(out, "#version: 0.2\n");
    for (int32_t rank = 0; rank < vocab->merge_count; rank++) {
        int32_t left, right;
        size_t size;
        LM_TRY(lm_export_pair(vocab, rank, &left, &right, err));
        if (left < 0)
            continue;
        const uint8_t *bytes = lm_vocab_token(vocab, left, &size);
        lm_alphabet_write(out, bytes, size);
        lm_buf_putc(out, ' ');
        bytes = lm_vocab_token(vocab, right, &size);
        lm_alphabet_write(out, bytes, size);
        lm_buf_putc(out, '\n');
    }
    return LM_OK;
}

enum lm_status lm_export_gpt2(const struct lm_vocab *vocab, const char *folder, struct lm_err *err)
{
    struct lm_buf merges, tokens;
    struct lm_json_writer writer;
    if (vocab->pattern != LM_PATTERN_GPT2)
        return refuse("its pattern is not gpt2", err);
    LM_TRY(check_specials(vocab, err));
    if (vocab->merging == LM_MERGING_PAIRS_WHOLE)
        LM_TRY(check_whole(vocab, err));
    lm_buf_init(&merges, 0);
    lm_buf_init(&tokens, 0);
    lm_json_begin(&writer, &tokens, false);
    enum lm_status status = write_merges(&merges, vocab, err);
    if (status == LM_OK)
        status = lm_export_tokens(&writer, vocab, err);
    if (status == LM_OK)
        status = lm_export_file(&merges, folder, "merges.txt", err);
    if (status == LM_OK)
        status = lm_export_file(&tokens, folder, "vocab.json", err);
    lm_buf_release(&merges);
    lm_buf_release(&tokens);
    return status;
}
