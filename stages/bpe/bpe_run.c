/* Stage type bpe: the work. */
#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>

#include <string.h>

#include "base/io.h"
#include "bpe_import.h"
#include "bpe_kept.h"
#include "bpe_params.h"
#include "bpe_shard.h"

#define SAMPLE_SEED UINT64_C(0x73616D706C65) /* "sample" */

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

struct counting {
    struct lm_bpe_trainer *trainer;
    uint64_t bound; /* documents whose draw is above it are not learned from */
    struct bpe_kept kept;
};

/* The draws up to it are the share of all. */
static uint64_t share_bound(double share)
{
    return share >= 1 ? UINT64_MAX : (uint64_t)(share * 0x1p64);
}

/* A document's draw is a function of its digest alone, another one than that by which it was shared
 * out to its split. */
static enum lm_status count_document(void *user, size_t worker,
                                     const struct lm_jsonl_document *document, struct lm_err *err)
{
    const struct counting *counting = user;
    uint64_t draw = lm_hash64(document->id.bytes, sizeof document->id.bytes, SAMPLE_SEED);
    return draw <= counting->bound
               ? lm_bpe_trainer_add(counting->trainer, worker, document->text, document->size, err)
               : LM_OK;
}

static enum lm_status pause(void *user, const struct bpe_place *place, struct lm_err *err)
{
    struct counting *counting = user;
    return bpe_kept_save(&counting->kept, place, err);
}

/* Text that was left out is told: nothing in it becomes a token of its own. */
static void tell_left_out(struct lm_ctx *ctx, const struct lm_bpe_trainer *trainer,
                          int64_t max_piece_bytes)
{
    const struct lm_bpe_left_out out = lm_bpe_trainer_left_out(trainer);
    if (out.pieces == 0)
        return;
    lm_ctx_note(ctx,
                "%lld piece%s of more than max_piece_bytes %lld, %.2g %% of the text, %s not "
                "trained on; raise max_piece_bytes, or cut by another pattern",
                (long long)out.pieces, out.pieces == 1 ? "" : "s", (long long)max_piece_bytes,
                100 * (double)out.bytes / (double)out.of_bytes, out.pieces == 1 ? "is" : "are");
}

/* Whoever is stopped while merges are learned need not count again. */
static enum lm_status count(struct counting *counting, struct lm_ctx *ctx, const char *path,
                            struct lm_err *err)
{
    struct lm_shards shards;
    struct bpe_place place = {.documents = 0};
    const struct bpe_takers takers = {count_document, pause, counting};
    LM_TRY(lm_shards_find(&shards, lm_ctx_arena(ctx), path, "train", err));
    LM_TRY(bpe_kept_open(&counting->kept, ctx, counting->trainer, shards.bytes, &place, err));
    LM_TRY(bpe_shard_each(ctx, &shards, &takers, &place, err));
    if (place.documents == 0)
        return lm_fail(err, LM_INVALID,
                       "the train split has no documents; give the clean stage more text");
    return bpe_kept_save(&counting->kept, &place, err);
}

static enum lm_status count_and_train(struct lm_vocab **out, struct lm_bpe_trainer *trainer,
                                      struct lm_ctx *ctx, const char *path,
                                      const struct bpe_params *p, struct lm_err *err)
{
    struct counting counting = {.trainer = trainer, .bound = share_bound(p->sample)};
    enum lm_status status = count(&counting, ctx, path, err);
    if (status == LM_OK) {
        tell_left_out(ctx, trainer, p->max_piece_bytes);
        status = lm_bpe_trainer_learn(out, trainer, on_merge, ctx, err);
    }
    bpe_kept_release(&counting.kept);
    return status;
}

/* What is not told is bounded by the memory of the stage, half of which the words take. */
static size_t table_memory(const struct lm_ctx *ctx, const struct bpe_params *p)
{
    size_t half = lm_ctx_memory(ctx) / 2, told = (size_t)p->count_memory;
    return told < half ? told : half;
}

static enum lm_status train(struct lm_vocab **out, struct lm_ctx *ctx, const struct bpe_params *p,
                            const char *path, struct lm_err *err)
{
    struct lm_bpe_options options = {
        .vocab_size = p->vocab_size,
        .pattern = p->regex[0] != '\0' ? LM_PATTERN_REGEX : find_pattern(p->pattern),
        .regex = p->regex,
        .min_frequency = p->min_frequency,
        .max_token_length = p->max_token_length,
        .max_piece_bytes = p->max_piece_bytes,
        .specials = all_specials(lm_ctx_arena(ctx), p),
        .special_count = p->specials.count + 1,
        .threads = lm_ctx_threads(ctx),
        .min_piece_frequency = p->min_piece_frequency,
        .count_memory = table_memory(ctx, p),
    };
    if (options.specials == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the special tokens; free some");
    LM_TRY(lm_ctx_keep(ctx, &options.spill_folder, err));
    struct lm_bpe_trainer *trainer = NULL;
    LM_TRY(lm_bpe_trainer_create(&trainer, &options, err));
    enum lm_status status = count_and_train(out, trainer, ctx, path, p, err);
    lm_bpe_trainer_free(trainer);
    return status;
}

static void tell(struct lm_ctx *ctx, const struct bpe_params *p, const struct lm_vocab *vocab)
{
    int64_t size = lm_vocab_size(vocab);
    if (!bpe_imports(p) && size < p->vocab_size)
        lm_ctx_note(ctx,
                    "the text supports %lld tokens, fewer than vocab_size %lld: no further pair "
                    "in what is trained on occurs %lld times within the bounds",
                    (long long)size, (long long)p->vocab_size, (long long)p->min_frequency);
    lm_ctx_result(ctx, "tokens", (double)size);
    lm_ctx_result(ctx, "merges", (double)lm_vocab_merges(vocab));
    lm_ctx_headline(ctx, "%lld tokens", (long long)size);
}

static enum lm_status make(struct lm_vocab **out, struct lm_ctx *ctx, const struct bpe_params *p,
                           const char *path, struct lm_err *err)
{
    if (bpe_imports(p))
        return bpe_import(out, &p->import, err);
    if (path == NULL)
        return lm_fail(err, LM_INVALID, "there is no text to train on; connect one");
    return train(out, ctx, p, path, err);
}

extern lm_run_fn lm_run_bpe;

enum lm_status lm_run_bpe(struct lm_ctx *ctx, const void *params, struct lm_err *err)
{
    const struct bpe_params *p = params;
    struct lm_vocab *vocab = NULL;
    LM_TRY(make(&vocab, ctx, p, lm_ctx_input(ctx, "text"), err));
    enum lm_status status = lm_vocab_save(vocab, lm_ctx_output(ctx, "vocab"), err);
    if (status == LM_OK)
        tell(ctx, p, vocab);
    lm_vocab_free(vocab);
    return status;
}
