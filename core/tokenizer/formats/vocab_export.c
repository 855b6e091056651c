#include "tokenizer/formats/vocab_export.h"

#include <string.h>

#include "base/io.h"
#include "base/new_file.h"
#include "base/utf8.h"
#include "tokenizer/alphabet.h"
#include "tokenizer/bpe_merge.h"
#include "tokenizer/formats/rank_split.h"

const char *const lm_vocab_format_names[] = {"hf", "gpt2", "tiktoken", NULL};

static lm_export_fn *const formats[] = {lm_export_hf, lm_export_gpt2, lm_export_tiktoken};

enum lm_status lm_vocab_export(const struct lm_vocab *vocab, enum lm_vocab_format format,
                               const char *folder, struct lm_err *err)
{
    LM_TRY(lm_dir_create(folder, err));
    return formats[format](vocab, folder, err);
}

enum lm_status lm_export_file(struct lm_buf *text, const char *folder, const char *name,
                              struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    const char *path = arena == NULL ? NULL : lm_path_join(arena, folder, name);
    enum lm_status status = path == NULL ? lm_fail(err, LM_NOMEM, "no memory for a path; free some")
                                         : lm_new_file_write_buf(path, text, LM_NEW_DURABLE, err);
    lm_arena_free(arena);
    lm_buf_release(text);
    return status;
}

enum lm_status lm_export_pair(const struct lm_vocab *vocab, int32_t rank, int32_t *left,
                              int32_t *right, struct lm_err *err)
{
    const struct lm_merge *merge = &vocab->merges[rank];
    *left = merge->left;
    *right = merge->right;
    if (vocab->merging != LM_MERGING_RANKS || lm_rank_split(vocab, rank, left, right))
        return LM_OK;
    return lm_fail(err, LM_UNSUPPORTED,
                   "token %d is no pair of tokens of lower ranks, so that no list of pairs gives "
                   "the same ids; export as tiktoken",
                   merge->id);
}

/* Whether a token of text has these bytes, also one that is never looked up whole. */
static bool has_text(const struct lm_vocab *vocab, const struct lm_buf *bytes)
{
    for (int32_t id = 0; id < vocab->size; id++) {
        size_t size;
        const uint8_t *token = lm_vocab_token(vocab, id, &size);
        if (vocab->tokens[id].kind == LM_TOKEN_TEXT && size == bytes->size &&
            memcmp(token, bytes->data, size) == 0)
            return true;
    }
    return false;
}

/* A name must be a text, and none that stands for a token of text. */
static enum lm_status check_name(const struct lm_vocab *vocab, const uint8_t *name, size_t size,
                                 struct lm_buf *bytes, struct lm_err *err)
{
    char shown[LM_SHOWN];
    lm_buf_clear(bytes);
    if (lm_utf8_valid_prefix(name, size) != size || memchr(name, '\0', size) != NULL)
        return lm_fail(
            err, LM_UNSUPPORTED,
            "a special token's name is not UTF-8, which other programs need; choose another");
    bool is_taken = lm_alphabet_read(bytes, (const char *)name, size) == size && !bytes->failed &&
                    has_text(vocab, bytes);
    return is_taken ? lm_fail(err, LM_UNSUPPORTED,
                              "the special token \"%s\" is written like a token of text, which "
                              "this format cannot tell apart; choose another name",
                              lm_alphabet_show(shown, name, size))
                    : LM_OK;
}

enum lm_status lm_export_token_text(struct lm_buf *out, const struct lm_vocab *vocab, int32_t id,
                                    struct lm_err *err)
{
    size_t size;
    const uint8_t *bytes = lm_vocab_token(vocab, id, &size);
    if (lm_vocab_is_special(vocab, id)) {
        LM_TRY(check_name(vocab, bytes, size, out, err));
        lm_buf_clear(out);
        lm_buf_append(out, bytes, size);
    } else {
        lm_buf_clear(out);
        lm_alphabet_write(out, bytes, size);
    }
    return lm_buf_status(out, err);
}

enum lm_status lm_export_needs_whole(bool *out, const struct lm_vocab *vocab, struct lm_err *err)
{
    struct lm_bpe_scratch scratch = {0};
    enum lm_status status = LM_OK;
    *out = false;
    for (int32_t id = 0; id < vocab->size && status == LM_OK && !*out; id++) {
        size_t size, count;
        const int32_t *ids;
        const uint8_t *bytes = lm_vocab_token(vocab, id, &size);
        if (vocab->tokens[id].kind != LM_TOKEN_TEXT)
            continue;
        status = lm_bpe_merge(vocab, &scratch, bytes, size, &ids, &count, err);
        *out = status == LM_OK && (count != 1 || ids[0] != id);
    }
    lm_bpe_scratch_release(&scratch);
    return status;
}

static enum lm_status put_token(struct lm_json_writer *writer, const struct lm_vocab *vocab,
                                int32_t id, struct lm_buf *key, struct lm_err *err)
{
    size_t size;
    if (lm_vocab_token(vocab, id, &size) == NULL)
        return LM_OK;
    LM_TRY(lm_export_token_text(key, vocab, id, err));
    lm_json_member_int(writer, key->data, id);
    return LM_OK;
}

enum lm_status lm_export_tokens(struct lm_json_writer *writer, const struct lm_vocab *vocab,
                                struct lm_err *err)
{
    struct lm_buf key;
    enum lm_status status = LM_OK;
    lm_buf_init(&key, 0);
    lm_json_open(writer, '{');
    for (int32_t id = 0; id < vocab->size && status == LM_OK; id++)
        status = put_token(writer, vocab, id, &key, err);
    lm_json_close(writer, '}');
    lm_buf_release(&key);
    return status;
}
