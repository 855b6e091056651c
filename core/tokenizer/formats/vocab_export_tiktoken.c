/* vocab.tiktoken: a line "BASE64 ID" a token of text. Special tokens and the pattern are not in
 * such files; who reads them must be told. */
#include "tokenizer/formats/base64.h"
#include "tokenizer/formats/rank_split.h"
#include "tokenizer/formats/vocab_export.h"

/* Ranks are the ids, so lines must come in the order of ids, each with a token of its own. */
static bool is_by_id(const struct lm_vocab *vocab)
{
    for (int32_t i = 1; i < vocab->merge_count; i++)
        if (vocab->merges[i].id <= vocab->merges[i - 1].id)
            return false;
    return true;
}

/* Whether merging by ranks is merging by the list: lm_rank_split. */
static bool is_listed(const struct lm_vocab *vocab, const struct lm_vocab *ranks)
{
    for (int32_t i = 0; i < vocab->merge_count; i++) {
        const struct lm_merge *merge = &vocab->merges[i];
        int32_t left, right;
        if (!lm_rank_split(ranks, i, &left, &right) || merge->left != left || merge->right != right)
            return false;
    }
    return true;
}

static enum lm_status check(const struct lm_vocab *vocab, struct lm_err *err)
{
    struct lm_vocab *ranks = NULL;
    bool is_same = is_by_id(vocab);
    if (is_same && vocab->merging != LM_MERGING_RANKS) {
        LM_TRY(lm_vocab_as_ranks(&ranks, vocab, err));
        is_same = is_listed(vocab, ranks);
        lm_vocab_free(ranks);
    }
    return is_same ? LM_OK
                   : lm_fail(err, LM_UNSUPPORTED,
                             "merging by ranks would give other ids than this vocabulary does; "
                             "export as hf");
}

enum lm_status lm_export_tiktoken(const struct lm_vocab *vocab, const char *folder,
                                  struct lm_err *err)
{
    struct lm_buf text;
    LM_TRY(check(vocab, err));
    lm_buf_init(&text, 0);
    for (int32_t id = 0; id < vocab->size; id++) {
        size_t size;
        const uint8_t *bytes = lm_vocab_token(vocab, id, &size);
        if (vocab->tokens[id].kind != LM_TOKEN_TEXT)
            continue;
        lm_base64_write(&text, bytes, size);
        lm_buf_printf(&text, " %d\n", id);
    }
    return lm_export_file(&text, folder, "vocab.tiktoken", err);
}
