#include "train_tokens.h"

#include "base/io.h"

static const char *folder_of(const struct lm_ctx *ctx, size_t index)
{
    return index == 0 ? lm_ctx_input(ctx, "tokens")
                      : lm_ctx_input_at(ctx, "extra_tokens", index - 1);
}

/* The files of two vocabularies are equal byte for byte. */
static enum lm_status check_vocab(const struct lm_ctx *ctx, size_t index, struct lm_arena *arena,
                                  struct lm_err *err)
{
    struct lm_digest own, first;
    const char *path = lm_path_join(arena, folder_of(ctx, index), "vocab");
    const char *other = lm_path_join(arena, folder_of(ctx, 0), "vocab");
    if (path == NULL || other == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory");
    LM_TRY(lm_sha256_file(&own, NULL, path, err));
    LM_TRY(lm_sha256_file(&first, NULL, other, err));
    if (lm_digest_compare(&own, &first) != 0)
        return lm_fail(err, LM_MISMATCH,
                       "extra_tokens: %s has another vocabulary than tokens; encode both with one",
                       lm_ctx_input_label(ctx, "extra_tokens", index - 1));
    return LM_OK;
}

enum lm_status train_tokens_open(struct train_tokens *tokens, struct lm_ctx *ctx,
                                 struct lm_err *err)
{
    struct lm_arena *arena = lm_ctx_arena(ctx);
    size_t count = 1 + lm_ctx_input_count(ctx, "extra_tokens");
    *tokens = (struct train_tokens){LM_NEW_ARRAY(arena, struct lm_tokens *, count), 0};
    if (tokens->sets == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory");
    for (; tokens->count < count; tokens->count++) {
        const char *path = lm_path_join(arena, folder_of(ctx, tokens->count), "data.mdb");
        if (path == NULL)
            return lm_fail(err, LM_NOMEM, "out of memory");
        if (tokens->count > 0)
            LM_TRY(check_vocab(ctx, tokens->count, arena, err));
        LM_TRY(lm_tokens_open(&tokens->sets[tokens->count], path, err));
    }
    return LM_OK;
}

void train_tokens_close(struct train_tokens *tokens)
{
    for (size_t i = 0; i < tokens->count; i++)
        lm_tokens_close(tokens->sets[i]);
    tokens->count = 0;
}
