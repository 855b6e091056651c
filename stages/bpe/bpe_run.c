/* Stage type bpe: the work. */
#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>

#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "bpe_card.h"
#include "bpe_params.h"
#include "data/jsonl.h"

/* The documents of a shard, for the trainer. */
struct shard {
    struct lm_ctx *ctx;
    struct lm_jsonl_reader *reader;
    uint64_t file_bytes, documents;
    enum lm_status status;
    struct lm_err *err;
};

static bool next_document(void *user, const uint8_t **text, size_t *size)
{
    struct shard *shard = user;
    struct lm_jsonl_document document;
    bool is_end = false;
    lm_ctx_progress(shard->ctx, lm_jsonl_offset(shard->reader), shard->file_bytes, "bytes");
    if (lm_ctx_cancelled(shard->ctx))
        shard->status = lm_fail(shard->err, LM_CANCELLED, "stopped while reading; run again");
    if (shard->status == LM_OK)
        shard->status = lm_jsonl_next(shard->reader, &document, &is_end, shard->err);
    if (shard->status != LM_OK || is_end)
        return false;
    shard->documents++;
    *text = document.text;
    *size = document.size;
    return true;
}

static bool on_merge(void *user, int64_t done, int64_t total)
{
    struct lm_ctx *ctx = user;
    lm_ctx_progress(ctx, (uint64_t)done, (uint64_t)total, "merges");
    return !lm_ctx_cancelled(ctx);
}

static enum lm_pattern find_pattern(const char *name)
{
    size_t i = 0;
    while (lm_pattern_names[i + 1] != NULL && strcmp(lm_pattern_names[i], name) != 0)
        i++;
    return (enum lm_pattern)i;
}

/* The names of the parameters, then end-of-text; NULL when memory is out. */
static const char *const *all_specials(struct lm_arena *arena, const struct bpe_params *p)
{
    const char **names = LM_NEW_ARRAY(arena, const char *, p->specials.count + 1);
    if (names == NULL)
        return NULL;
    if (p->specials.count > 0)
        memcpy(names, p->specials.items, p->specials.count * sizeof *names);
    names[p->specials.count] = LM_END_OF_TEXT;
    return names;
}

static enum lm_status learn(struct lm_vocab **out, struct lm_ctx *ctx, const struct bpe_params *p,
                            const char *path, struct lm_err *err)
{
    const struct lm_bpe_options options = {
        .vocab_size = p->vocab_size,
        .pattern = find_pattern(p->pattern),
        .min_frequency = p->min_frequency,
        .max_token_length = p->max_token_length,
        .max_piece_bytes = p->max_piece_bytes,
        .specials = all_specials(lm_ctx_arena(ctx), p),
        .special_count = p->specials.count + 1,
    };
    if (options.specials == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the special tokens; free some");
    struct stat info;
    struct shard shard = {.ctx = ctx, .err = err};
    shard.file_bytes = stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
    LM_TRY(lm_jsonl_open(&shard.reader, path, err));
    struct lm_err failure = {LM_OK, ""};
    enum lm_status status =
        lm_bpe_train(out, &options, next_document, &shard, on_merge, ctx, &failure);
    lm_jsonl_close(shard.reader);
    if (status == LM_OK && (shard.status != LM_OK || shard.documents == 0))
        lm_vocab_free(*out);
    if (shard.status != LM_OK)
        return shard.status;
    if (status != LM_OK)
        return lm_fail(err, status, "%s", failure.text);
    if (shard.documents == 0)
        return lm_fail(err, LM_INVALID,
                       "the train split has no documents; give the clean stage more text");
    return LM_OK;
}

static void tell(struct lm_ctx *ctx, const struct bpe_params *p, const struct lm_vocab *vocab,
                 double bytes_per_token)
{
    int64_t size = lm_vocab_size(vocab);
    if (size < p->vocab_size)
        lm_ctx_note(ctx,
                    "the text supports %lld tokens, fewer than vocab_size %lld: no further pair "
                    "occurs %lld times within the bounds",
                    (long long)size, (long long)p->vocab_size, (long long)p->min_frequency);
    lm_ctx_result(ctx, "tokens", (double)size);
    lm_ctx_result(ctx, "merges", (double)lm_vocab_merges(vocab));
    lm_ctx_headline(ctx, "%lld tokens, %.2f bytes/token", (long long)size, bytes_per_token);
}

extern lm_run_fn lm_run_bpe;

enum lm_status lm_run_bpe(struct lm_ctx *ctx, const void *params, struct lm_err *err)
{
    const struct bpe_params *p = params;
    struct lm_vocab *vocab = NULL;
    double bytes_per_token;
    const char *path = lm_path_join(lm_ctx_arena(ctx), lm_ctx_input(ctx, "text"), "train.jsonl");
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
    LM_TRY(learn(&vocab, ctx, p, path, err));
    enum lm_status status = lm_vocab_save(vocab, lm_ctx_output(ctx, "vocab"), err);
    if (status == LM_OK)
        status = bpe_card_write(ctx, vocab, &bytes_per_token, err);
    if (status == LM_OK)
        tell(ctx, p, vocab, bytes_per_token);
    lm_vocab_free(vocab);
    return status;
}
