#include "tokenizer/formats/rank_split.h"

#include <string.h>

/* Merges the pair of the lowest rank below `limit`, the leftmost; false when there is none. */
static bool merge_step(const struct lm_vocab *vocab, int32_t *ids, size_t *count, int32_t limit)
{
    lm_merge_code best = LM_NO_MERGE;
    size_t place = 0;
    for (size_t i = 0; i + 1 < *count; i++) {
        lm_merge_code merge = lm_pair_map_find(&vocab->pairs, ids[i], ids[i + 1]);
        if (merge < best) {
            best = merge;
            place = i;
        }
    }
    if (best == LM_NO_MERGE || lm_merge_rank(best) >= limit)
        return false;
    ids[place] = lm_merge_id(best);
    (*count)--;
    memmove(&ids[place + 1], &ids[place + 2], (*count - place - 1) * sizeof *ids);
    return true;
}

bool lm_rank_split(const struct lm_vocab *vocab, int32_t rank, int32_t *left, int32_t *right)
{
    int32_t ids[LM_RANKED_LONGEST] = {0};
    size_t count;
    const uint8_t *bytes = lm_vocab_token(vocab, vocab->merges[rank].id, &count);
    for (size_t i = 0; i < count; i++)
        ids[i] = vocab->byte_ids[bytes[i]];
    while (merge_step(vocab, ids, &count, rank)) {
    }
    if (count != 2)
        return false;
    *left = ids[0];
    *right = ids[1];
    return true;
}

static enum lm_status add_tokens(struct lm_vocab *ranks, const struct lm_vocab *vocab,
                                 struct lm_err *err)
{
    enum lm_merge_fault fault = lm_vocab_set_bytes(ranks, vocab->byte_ids);
    for (int32_t id = 0; id < vocab->size && fault == LM_MERGE_FINE; id++) {
        size_t size;
        const uint8_t *bytes = lm_vocab_token(vocab, id, &size);
        if (vocab->tokens[id].kind == LM_TOKEN_TEXT && size > 1)
            fault = lm_vocab_add_token(ranks, bytes, size, id);
    }
    if (fault == LM_MERGE_NOMEM)
        return lm_fail(err, LM_NOMEM, "no memory for %d tokens; free some", vocab->size);
    if (fault != LM_MERGE_FINE)
        return lm_fail(err, LM_UNSUPPORTED,
                       "ranks cannot say this vocabulary: %s; choose another format",
                       lm_merge_fault_text(fault));
    return lm_vocab_seal(ranks, err);
}

enum lm_status lm_vocab_as_ranks(struct lm_vocab **out, const struct lm_vocab *vocab,
                                 struct lm_err *err)
{
    struct lm_vocab *ranks = NULL;
    LM_TRY(lm_vocab_create(&ranks, vocab->pattern, vocab->regex, LM_MERGING_RANKS, err));
    enum lm_status status = add_tokens(ranks, vocab, err);
    if (status == LM_OK)
        *out = ranks;
    else
        lm_vocab_free(ranks);
    return status;
}
