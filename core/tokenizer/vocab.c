#include "tokenizer/vocab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/unicode.h"
#include "tokenizer/alphabet.h"
#include "tokenizer/bpe_merge.h"
#include "tokenizer/regex.h"

const char *const lm_merging_names[] = {"pairs", "ranks", "pairs_whole", NULL};

enum { SPARE_IDS = 65536 }; /* how far ids may lie beyond twice the number of tokens */

/* ---- room ---- */

static bool has_room(const struct lm_vocab *vocab, int32_t id)
{
    int64_t tokens = (int64_t)vocab->texts + vocab->specials;
    return id >= 0 && id < LM_VOCAB_LARGEST && id <= 2 * tokens + SPARE_IDS;
}

/* Makes tokens[id] exist. */
static bool reserve_id(struct lm_vocab *vocab, int32_t id)
{
    if (id >= vocab->capacity) {
        int32_t capacity = id < 512 ? 1024 : id * 2;
        struct lm_token *tokens = realloc(vocab->tokens, (size_t)capacity * sizeof *vocab->tokens);
        if (tokens == NULL)
            return false;
        memset(tokens + vocab->capacity, 0, (size_t)(capacity - vocab->capacity) * sizeof *tokens);
        vocab->tokens = tokens;
        vocab->capacity = capacity;
    }
    return true;
}

static bool reserve_merge(struct lm_vocab *vocab)
{
    if (vocab->merge_count < vocab->merge_capacity)
        return true;
    int32_t capacity = vocab->merge_capacity ? vocab->merge_capacity * 2 : 1024;
    struct lm_merge *merges = realloc(vocab->merges, (size_t)capacity * sizeof *merges);
    if (merges == NULL)
        return false;
    vocab->merges = merges;
    vocab->merge_capacity = capacity;
    return true;
}

static void set_token(struct lm_vocab *vocab, int32_t id, uint64_t offset, size_t size,
                      enum lm_token_kind kind)
{
    vocab->tokens[id] = (struct lm_token){offset, (uint32_t)size, kind};
    vocab->size = id >= vocab->size ? id + 1 : vocab->size;
    vocab->next_id = id + 1;
    if (kind == LM_TOKEN_SPECIAL)
        vocab->specials++;
    else
        vocab->texts++;
}

/* ---- making ---- */

enum lm_merge_fault lm_vocab_set_bytes(struct lm_vocab *vocab, const int32_t ids[LM_BYTES])
{
    lm_token_map_release(&vocab->whole);
    memset(vocab->tokens, 0, (size_t)vocab->capacity * sizeof *vocab->tokens);
    vocab->size = vocab->texts = 0;
    for (unsigned byte = 0; byte < LM_BYTES; byte++) {
        int32_t id = ids[byte];
        if (!has_room(vocab, id))
            return LM_MERGE_ID;
        if (id < vocab->size && vocab->tokens[id].kind != LM_TOKEN_NONE)
            return LM_MERGE_TAKEN;
        const uint8_t text = (uint8_t)byte;
        if (!reserve_id(vocab, id) ||
            !lm_token_map_add(&vocab->whole, lm_token_key(&text, 1), byte, id))
            return LM_MERGE_NOMEM;
        set_token(vocab, id, byte, 1, LM_TOKEN_TEXT);
        vocab->byte_ids[byte] = id;
    }
    vocab->next_id = vocab->size;
    return LM_MERGE_FINE;
}

/* The expression must compile: who loads a vocabulary learns it then, not in the middle of a text.
 */
static enum lm_status set_regex(struct lm_vocab *vocab, const char *regex, struct lm_err *err)
{
    struct lm_pretokenizer *pretokenizer = NULL;
    LM_TRY(lm_pretokenizer_create(&pretokenizer, vocab->pattern, regex, err));
    lm_pretokenizer_free(pretokenizer);
    if (vocab->pattern == LM_PATTERN_REGEX && (vocab->regex = strdup(regex)) == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a regular expression; free some");
    return LM_OK;
}

static enum lm_status set_raw_bytes(struct lm_vocab *vocab, struct lm_err *err)
{
    int32_t ids[LM_BYTES];
    for (int i = 0; i < LM_BYTES; i++) {
        lm_buf_putc(&vocab->bytes, (char)i);
        ids[i] = i;
    }
    bool is_good = reserve_id(vocab, LM_BYTES) && !vocab->bytes.failed &&
                   lm_vocab_set_bytes(vocab, ids) == LM_MERGE_FINE;
    return is_good ? LM_OK : lm_fail(err, LM_NOMEM, "no memory for a vocabulary; free some");
}

enum lm_status lm_vocab_create(struct lm_vocab **out, enum lm_pattern pattern, const char *regex,
                               enum lm_merging merging, struct lm_err *err)
{
    struct lm_vocab *vocab = calloc(1, sizeof *vocab);
    if (vocab == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a vocabulary; free some");
    vocab->pattern = pattern;
    vocab->merging = merging;
    vocab->end_of_text = -1;
    lm_buf_init(&vocab->bytes, LM_VOCAB_BYTES);
    enum lm_status status = set_raw_bytes(vocab, err);
    if (status == LM_OK)
        status = set_regex(vocab, regex, err);
    if (status == LM_OK)
        *out = vocab;
    else
        lm_vocab_free(vocab);
    return status;
}

void lm_vocab_free(struct lm_vocab *vocab)
{
    if (vocab == NULL)
        return;
    free(vocab->regex);
    lm_buf_release(&vocab->bytes);
    free(vocab->tokens);
    free(vocab->merges);
    free(vocab->name_sizes);
    lm_pair_map_release(&vocab->pairs);
    lm_token_map_release(&vocab->whole);
    lm_token_map_release(&vocab->names);
    free(vocab);
}

const char *lm_merge_fault_text(enum lm_merge_fault fault)
{
    static const char *const words[] = {
        "fine",
        "a part is not a token of an earlier line",
        "the token would be too long",
        "a token with these bytes exists already",
        "the id has a token already",
        "the id is out of bounds",
        "no memory",
    };
    return words[fault];
}

int32_t lm_vocab_find(const struct lm_vocab *vocab, const uint8_t *bytes, size_t size)
{
    if (size == 0 || size > LM_TOKEN_LONGEST)
        return -1;
    return lm_token_map_find(&vocab->whole, lm_token_key(bytes, size), bytes,
                             lm_vocab_bytes(vocab));
}

static void truncate_bytes(struct lm_vocab *vocab, size_t size)
{
    vocab->bytes.size = size;
    vocab->bytes.failed = false;
}

/* The bytes from `start` to the end of vocab->bytes become the token `id`, made by left and right;
 * when they are the token `id` already, they are taken back and the pair is one more way to it. */
static enum lm_merge_fault add_line(struct lm_vocab *vocab, size_t start, struct lm_merge line)
{
    size_t size = vocab->bytes.size - start;
    const uint8_t *bytes = lm_vocab_bytes(vocab) + start;
    int32_t known = lm_vocab_find(vocab, bytes, size);
    if (known >= 0 && (known != line.id || line.left < 0))
        return LM_MERGE_DUPLICATE;
    if (!has_room(vocab, line.id))
        return LM_MERGE_ID;
    if (!reserve_id(vocab, line.id) || !reserve_merge(vocab))
        return LM_MERGE_NOMEM;
    if (known >= 0) {
        truncate_bytes(vocab, start);
        vocab->next_id = line.id + 1;
    } else {
        if (vocab->tokens[line.id].kind != LM_TOKEN_NONE)
            return LM_MERGE_TAKEN;
        if (!lm_token_map_add(&vocab->whole, lm_token_key(bytes, size), start, line.id))
            return LM_MERGE_NOMEM;
        set_token(vocab, line.id, start, size, LM_TOKEN_TEXT);
    }
    vocab->merges[vocab->merge_count++] = line;
    return LM_MERGE_FINE;
}

/* Whether a token that starts at `start` may grow by `size` bytes. */
static bool fits(const struct lm_vocab *vocab, size_t start, size_t size)
{
    size_t longest = vocab->merging == LM_MERGING_RANKS ? LM_RANKED_LONGEST : LM_TOKEN_LONGEST;
    return size <= longest && vocab->bytes.size - start <= longest - size &&
           vocab->bytes.size <= LM_VOCAB_BYTES - size;
}

/* Appends a token's bytes, which may move while they grow, to one that starts at `start`. */
static enum lm_merge_fault append_token(struct lm_vocab *vocab, size_t start, int32_t id)
{
    size_t size = vocab->tokens[id].size, offset = vocab->tokens[id].offset;
    if (!fits(vocab, start, size))
        return LM_MERGE_LONG;
    for (size_t i = 0; i < size; i++)
        lm_buf_putc(&vocab->bytes, vocab->bytes.data[offset + i]);
    return vocab->bytes.failed ? LM_MERGE_NOMEM : LM_MERGE_FINE;
}

static bool is_text(const struct lm_vocab *vocab, int32_t id)
{
    return id >= 0 && id < vocab->size && vocab->tokens[id].kind == LM_TOKEN_TEXT;
}

enum lm_merge_fault lm_vocab_add_merge(struct lm_vocab *vocab, int32_t left, int32_t right,
                                       int32_t id)
{
    if (!is_text(vocab, left) || !is_text(vocab, right))
        return LM_MERGE_UNKNOWN;
    size_t start = vocab->bytes.size;
    enum lm_merge_fault fault = append_token(vocab, start, left);
    if (fault == LM_MERGE_FINE)
        fault = append_token(vocab, start, right);
    if (fault == LM_MERGE_FINE)
        fault = add_line(vocab, start, (struct lm_merge){left, right, id});
    if (fault != LM_MERGE_FINE)
        truncate_bytes(vocab, start);
    return fault;
}

enum lm_merge_fault lm_vocab_add(struct lm_vocab *vocab, int32_t left, int32_t right)
{
    return lm_vocab_add_merge(vocab, left, right, vocab->next_id);
}

enum lm_merge_fault lm_vocab_add_token(struct lm_vocab *vocab, const uint8_t *bytes, size_t size,
                                       int32_t id)
{
    size_t start = vocab->bytes.size;
    if (!fits(vocab, start, size))
        return LM_MERGE_LONG;
    lm_buf_append(&vocab->bytes, bytes, size);
    enum lm_merge_fault fault = vocab->bytes.failed
                                    ? LM_MERGE_NOMEM
                                    : add_line(vocab, start, (struct lm_merge){-1, -1, id});
    if (fault != LM_MERGE_FINE)
        truncate_bytes(vocab, start);
    return fault;
}

enum lm_status lm_vocab_add_special(struct lm_vocab *vocab, const void *name, size_t size,
                                    int32_t id, struct lm_err *err)
{
    char shown[LM_SHOWN];
    if (size == 0 || size > LM_TOKEN_LONGEST)
        return lm_fail(err, LM_INVALID,
                       "a special token has no name, or one of more than %zu bytes; give it one",
                       LM_TOKEN_LONGEST);
    const struct lm_token_key key = lm_token_key(name, size);
    if (lm_token_map_find(&vocab->names, key, name, lm_vocab_bytes(vocab)) >= 0)
        return lm_fail(err, LM_INVALID, "special token \"%s\" is there twice; drop one",
                       lm_alphabet_show(shown, name, size));
    if (!has_room(vocab, id) || (id < vocab->size && vocab->tokens[id].kind != LM_TOKEN_NONE))
        return lm_fail(err, LM_INVALID,
                       "special token \"%s\" cannot have the id %d: it is taken or out of "
                       "bounds; choose another",
                       lm_alphabet_show(shown, name, size), id);
    size_t start = vocab->bytes.size;
    lm_buf_append(&vocab->bytes, name, size);
    LM_TRY(lm_buf_status(&vocab->bytes, err));
    if (!reserve_id(vocab, id) || !lm_token_map_add(&vocab->names, key, start, id))
        return lm_fail(err, LM_NOMEM, "no memory for a vocabulary of %d tokens; free some", id);
    set_token(vocab, id, start, size, LM_TOKEN_SPECIAL);
    return LM_OK;
}

/* ---- sealing ---- */

/* With ranks every two tokens whose bytes together are a token merge to it. */
static bool add_splits(struct lm_vocab *vocab, int32_t rank, int32_t id)
{
    const struct lm_token *token = &vocab->tokens[id];
    const uint8_t *bytes = lm_vocab_bytes(vocab) + token->offset;
    for (size_t cut = 1; cut < token->size; cut++) {
        int32_t left = lm_vocab_find(vocab, bytes, cut);
        int32_t right = left < 0 ? -1 : lm_vocab_find(vocab, bytes + cut, token->size - cut);
        if (right >= 0 && !lm_pair_map_add(&vocab->pairs, left, right, rank, id))
            return false;
    }
    return true;
}

static bool fill_pairs(struct lm_vocab *vocab)
{
    bool is_good = true;
    for (int32_t rank = 0; rank < vocab->merge_count && is_good; rank++) {
        const struct lm_merge *merge = &vocab->merges[rank];
        if (vocab->merging == LM_MERGING_RANKS)
            is_good = add_splits(vocab, rank, merge->id);
        else if (merge->left >= 0)
            is_good = lm_pair_map_add(&vocab->pairs, merge->left, merge->right, rank, merge->id);
    }
    return is_good;
}

/* Leaves in the table of tokens those that merging makes of their own bytes. */
static enum lm_status keep_self_encoding(struct lm_vocab *vocab, struct lm_err *err)
{
    struct lm_bpe_scratch scratch = {0};
    enum lm_status status = LM_OK;
    lm_token_map_release(&vocab->whole);
    for (int32_t id = 0; id < vocab->size && status == LM_OK; id++) {
        const struct lm_token *token = &vocab->tokens[id];
        const uint8_t *bytes = lm_vocab_bytes(vocab) + token->offset;
        const int32_t *ids;
        size_t count;
        if (token->kind != LM_TOKEN_TEXT)
            continue;
        status = lm_bpe_merge(vocab, &scratch, bytes, token->size, &ids, &count, err);
        if (status == LM_OK && count == 1 &&
            !lm_token_map_add(&vocab->whole, lm_token_key(bytes, token->size), token->offset, id))
            status = lm_fail(err, LM_NOMEM, "no memory for a table of tokens; free some");
    }
    lm_bpe_scratch_release(&scratch);
    return status;
}

static int compare_descending(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x < *y) - (*x > *y);
}

/* What finding names of special tokens in a text needs. */
static bool note_names(struct lm_vocab *vocab)
{
    size_t count = 0;
    vocab->name_sizes = calloc((size_t)vocab->specials + 1, sizeof *vocab->name_sizes);
    if (vocab->name_sizes == NULL)
        return false;
    for (int32_t id = 0; id < vocab->size; id++) {
        const struct lm_token *token = &vocab->tokens[id];
        if (token->kind != LM_TOKEN_SPECIAL)
            continue;
        vocab->name_sizes[count++] = token->size;
        vocab->name_starts[lm_vocab_bytes(vocab)[token->offset]] = true;
    }
    qsort(vocab->name_sizes, count, sizeof *vocab->name_sizes, compare_descending);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || vocab->name_sizes[i] != vocab->name_sizes[i - 1])
            vocab->name_sizes[vocab->name_size_count++] = vocab->name_sizes[i];
    return true;
}

enum lm_status lm_vocab_seal(struct lm_vocab *vocab, struct lm_err *err)
{
    if (!fill_pairs(vocab) || !note_names(vocab))
        return lm_fail(err, LM_NOMEM, "no memory for a table of merges; free some");
    return vocab->merging == LM_MERGING_PAIRS ? keep_self_encoding(vocab, err) : LM_OK;
}

/* ---- looking ---- */

int64_t lm_vocab_size(const struct lm_vocab *vocab)
{
    return vocab->size;
}

int64_t lm_vocab_merges(const struct lm_vocab *vocab)
{
    return vocab->merge_count;
}

enum lm_pattern lm_vocab_pattern(const struct lm_vocab *vocab)
{
    return vocab->pattern;
}

const char *lm_vocab_regex(const struct lm_vocab *vocab)
{
    return vocab->regex;
}

void lm_vocab_unicode(char out[24], const struct lm_vocab *vocab)
{
    if (vocab->regex != NULL)
        lm_regex_unicode(out);
    else
        snprintf(out, 24, "%s", lm_unicode_version);
}

enum lm_merging lm_vocab_merging(const struct lm_vocab *vocab)
{
    return vocab->merging;
}

int32_t lm_vocab_end_of_text(const struct lm_vocab *vocab)
{
    return vocab->end_of_text;
}

bool lm_vocab_is_special(const struct lm_vocab *vocab, int32_t id)
{
    return id >= 0 && id < vocab->size && vocab->tokens[id].kind == LM_TOKEN_SPECIAL;
}

const uint8_t *lm_vocab_token(const struct lm_vocab *vocab, int32_t id, size_t *size)
{
    *size = 0;
    if (id < 0 || id >= vocab->size || vocab->tokens[id].kind == LM_TOKEN_NONE)
        return NULL;
    *size = vocab->tokens[id].size;
    return lm_vocab_bytes(vocab) + vocab->tokens[id].offset;
}

bool lm_vocab_merge(const struct lm_vocab *vocab, int64_t rank, int32_t *left, int32_t *right,
                    int32_t *id)
{
    if (rank < 0 || rank >= vocab->merge_count)
        return false;
    const struct lm_merge *merge = &vocab->merges[rank];
    *left = merge->left;
    *right = merge->right;
    *id = merge->id;
    return merge->left >= 0;
}
