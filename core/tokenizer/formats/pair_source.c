#include "tokenizer/formats/pair_source.h"

#include <stdlib.h>

#include "base/grow.h"
#include "tokenizer/alphabet.h"

void lm_pair_source_init(struct lm_pair_source *source)
{
    *source = (struct lm_pair_source){0};
    lm_token_list_init(&source->tokens);
    lm_buf_init(&source->left, LM_TOKEN_LONGEST);
    lm_buf_init(&source->right, LM_TOKEN_LONGEST);
    lm_buf_init(&source->both, 2 * LM_TOKEN_LONGEST);
}

void lm_pair_source_release(struct lm_pair_source *source)
{
    lm_token_list_release(&source->tokens);
    free(source->pairs);
    lm_pair_map_release(&source->known);
    lm_buf_release(&source->left);
    lm_buf_release(&source->right);
    lm_buf_release(&source->both);
}

/* ---- reading ---- */

static bool reserve(struct lm_pair_source *source)
{
    struct lm_source_pair *pairs =
        lm_grow(source->pairs, &source->capacity, source->count, sizeof *pairs);
    if (pairs != NULL)
        source->pairs = pairs;
    return pairs != NULL;
}

/* Place of a part, whose bytes go to `bytes`; -1. */
static int32_t find_part(const struct lm_token_list *tokens, struct lm_buf *bytes, const char *text,
                         size_t size)
{
    lm_buf_clear(bytes);
    if (lm_alphabet_read(bytes, text, size) != size || bytes->failed)
        return -1;
    return lm_token_list_find(tokens, bytes->data, bytes->size);
}

enum lm_status lm_pair_source_add(struct lm_pair_source *source, const char *left, size_t left_size,
                                  const char *right, size_t right_size, struct lm_err *err)
{
    struct lm_source_pair pair = {
        .left = find_part(&source->tokens, &source->left, left, left_size),
        .right = find_part(&source->tokens, &source->right, right, right_size),
    };
    if (pair.left < 0 || pair.right < 0)
        return lm_fail(err, LM_FORMAT, "its %s part is no token of the vocabulary",
                       pair.left < 0 ? "left" : "right");
    lm_buf_clear(&source->both);
    lm_buf_append(&source->both, source->left.data, source->left.size);
    lm_buf_append(&source->both, source->right.data, source->right.size);
    LM_TRY(lm_buf_status(&source->both, err));
    pair.made = lm_token_list_find(&source->tokens, source->both.data, source->both.size);
    if (pair.made < 0)
        return lm_fail(err, LM_FORMAT, "what it makes is no token of the vocabulary");
    if (lm_pair_map_find(&source->known, pair.left, pair.right) != LM_NO_MERGE)
        return lm_fail(err, LM_FORMAT, "the pair is listed twice");
    if (source->count >= INT32_MAX || !reserve(source) ||
        !lm_pair_map_add(&source->known, pair.left, pair.right, (int32_t)source->count, pair.made))
        return lm_fail(err, LM_NOMEM, "no memory for %zu pairs; free some", source->count);
    source->pairs[source->count++] = pair;
    return LM_OK;
}

/* ---- building ---- */

static enum lm_status fault(enum lm_merge_fault fault, const struct lm_token_entry *entry,
                            struct lm_err *err)
{
    if (fault == LM_MERGE_FINE)
        return LM_OK;
    return lm_fail(err, fault == LM_MERGE_NOMEM ? LM_NOMEM : LM_FORMAT, "token %d: %s", entry->id,
                   lm_merge_fault_text(fault));
}

static enum lm_status set_bytes(const struct lm_token_list *tokens, struct lm_vocab *vocab,
                                struct lm_err *err)
{
    int32_t ids[LM_BYTES];
    LM_TRY(lm_token_list_byte_ids(tokens, ids, err));
    enum lm_merge_fault set = lm_vocab_set_bytes(vocab, ids);
    if (set == LM_MERGE_FINE)
        return LM_OK;
    return lm_fail(err, set == LM_MERGE_NOMEM ? LM_NOMEM : LM_FORMAT, "tokens of single bytes: %s",
                   lm_merge_fault_text(set));
}

/* Whether the list alone, line by line, makes every token before it is used, ids ascending. */
static enum lm_status is_in_order(bool *out, const struct lm_pair_source *source,
                                  struct lm_err *err)
{
    const struct lm_token_entry *entries = source->tokens.entries;
    bool *is_made = calloc(source->tokens.count + 1, sizeof *is_made);
    int32_t last = -1;
    if (is_made == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu tokens; free some", source->tokens.count);
    for (size_t i = 0; i < source->tokens.count; i++)
        is_made[i] = entries[i].size == 1;
    *out = true;
    for (size_t i = 0; i < source->count && *out; i++) {
        const struct lm_source_pair *pair = &source->pairs[i];
        bool is_new = !is_made[pair->made];
        *out = is_made[pair->left] && is_made[pair->right] && (!is_new || pair->made > last);
        is_made[pair->made] = true;
        last = is_new ? pair->made : last;
    }
    free(is_made);
    return LM_OK;
}

/* Tokens of several bytes that the vocabulary does not have yet, by id. */
static enum lm_status add_missing(const struct lm_token_list *tokens, struct lm_vocab *vocab,
                                  struct lm_err *err)
{
    for (size_t i = 0; i < tokens->count; i++) {
        const struct lm_token_entry *entry = &tokens->entries[i];
        const uint8_t *bytes = lm_token_list_bytes(tokens, entry);
        if (entry->size > 0 && lm_vocab_find(vocab, bytes, entry->size) < 0)
            LM_TRY(fault(lm_vocab_add_token(vocab, bytes, entry->size, entry->id), entry, err));
    }
    return LM_OK;
}

enum lm_status lm_pair_source_build(const struct lm_pair_source *source, struct lm_vocab *vocab,
                                    struct lm_err *err)
{
    const struct lm_token_entry *entries = source->tokens.entries;
    bool in_order = true;
    LM_TRY(set_bytes(&source->tokens, vocab, err));
    LM_TRY(is_in_order(&in_order, source, err));
    if (!in_order)
        LM_TRY(add_missing(&source->tokens, vocab, err));
    for (size_t i = 0; i < source->count; i++) {
        const struct lm_source_pair *pair = &source->pairs[i];
        LM_TRY(fault(lm_vocab_add_merge(vocab, entries[pair->left].id, entries[pair->right].id,
                                        entries[pair->made].id),
                     &entries[pair->made], err));
    }
    return add_missing(&source->tokens, vocab, err);
}
