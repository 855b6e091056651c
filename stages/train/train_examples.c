#include "train_examples.h"

#include "train_state.h"

#include "base/io.h"

struct lm_objective train_objective(const struct train_params *params)
{
    const double *range = params->score_range.items;
    bool has_range = params->score_range.count == 2;
    return (struct lm_objective){
        .kind = params->objective != NULL ? lm_objective_find(params->objective) : LM_OBJECTIVE_LM,
        .pooling = params->pooling,
        .pair_loss = params->pair_loss,
        .temperature = params->temperature,
        .valid = params->held_out.valid,
        .test = params->held_out.test,
        .lowest = has_range ? range[0] : 0,
        .highest = has_range ? range[1] : 1,
    };
}

/* ---- beginning and end ---- */

static enum lm_status list_splits(struct train_examples *out, struct lm_arena *arena,
                                  struct lm_err *err)
{
    size_t filled[LM_SPLITS] = {0};
    for (size_t split = 0; split < LM_SPLITS; split++) {
        out->splits[split] = LM_NEW_ARRAY(arena, size_t, out->examples.splits[split]);
        if (out->splits[split] == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for the examples; give fewer");
    }
    for (size_t i = 0; i < out->examples.count; i++) {
        enum lm_split split = out->examples.items[i].split;
        out->splits[split][filled[split]++] = i;
    }
    return LM_OK;
}

enum lm_status train_examples_read(struct train_examples *out, struct lm_ctx *ctx,
                                   const struct train_params *params, struct lm_err *err)
{
    struct lm_arena *arena = lm_ctx_arena(ctx);
    *out = (struct train_examples){.objective = train_objective(params),
                                   .order = lm_rng_stream(lm_ctx_seed(ctx), "examples")};
    const struct lm_example_options options = lm_objective_examples(&out->objective);
    LM_TRY(lm_examples_read(&out->examples, arena, lm_ctx_input(ctx, "examples"), &options, err));
    if (out->examples.splits[LM_TRAIN] == 0)
        return lm_fail(err, LM_INVALID,
                       "all %zu examples are held out; give more, or hold out smaller shares",
                       out->examples.count);
    out->objective.labels = out->examples.labels;
    out->objective.label_count = out->examples.label_count;
    uint64_t most = (uint64_t)params->eval_batches * (uint64_t)params->batch;
    out->looks_at = out->examples.splits[LM_VALID];
    if (out->looks_at > most)
        out->looks_at = most;
    return list_splits(out, arena, err);
}

static enum lm_status encode(void *user, const void *text, size_t size, const int32_t **ids,
                             size_t *count, struct lm_err *err)
{
    return lm_encode(user, text, size, ids, count, err);
}

static enum lm_status encode_all(struct train_examples *examples, const struct lm_vocab *vocab,
                                 int64_t length, struct lm_err *err)
{
    int32_t end_of_text = lm_vocab_end_of_text(vocab);
    if (end_of_text < 0)
        return lm_fail(err, LM_INVALID,
                       "the vocabulary has no end-of-text, where an example begins and ends; "
                       "choose one that has");
    struct lm_encoder *encoder = lm_encoder_create(vocab);
    if (encoder == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for an encoder; free some");
    enum lm_status status = lm_example_tokens_init(&examples->tokens, &examples->examples,
                                                   end_of_text, length, encode, encoder, err);
    lm_encoder_free(encoder);
    return status;
}

enum lm_status train_examples_encode(struct train_examples *examples, const char *vocab,
                                     int64_t length, int64_t *vocab_size, struct lm_err *err)
{
    struct lm_vocab *loaded = NULL;
    LM_TRY(lm_vocab_load(&loaded, vocab, err));
    examples->objective.length = length;
    enum lm_status status = encode_all(examples, loaded, length, err);
    if (status == LM_OK)
        *vocab_size = lm_vocab_size(loaded);
    lm_vocab_free(loaded);
    return status;
}

void train_examples_release(struct train_examples *examples)
{
    lm_example_tokens_release(&examples->tokens);
}

void train_examples_report(const struct train_examples *examples, struct lm_ctx *ctx)
{
    const size_t *splits = examples->examples.splits;
    size_t cut = lm_example_tokens_cut(&examples->tokens,
                                       examples->objective.kind == LM_OBJECTIVE_TRANSLATE);
    lm_ctx_note(ctx, "%zu examples to train on, %zu for validation, %zu for the test",
                splits[LM_TRAIN], splits[LM_VALID], splits[LM_TEST]);
    if (cut > 0)
        lm_ctx_note(ctx, "%zu examples are longer than %lld tokens and lose their beginning", cut,
                    (long long)examples->tokens.length);
    lm_ctx_result(ctx, "examples", (double)splits[LM_TRAIN]);
    lm_ctx_result(ctx, "cut_examples", (double)cut);
}

/* ---- order ---- */

size_t train_examples_at(const struct train_examples *examples, uint64_t at)
{
    uint64_t count = examples->examples.splits[LM_TRAIN];
    return examples
        ->splits[LM_TRAIN][lm_rng_permute(examples->order, at / count, at % count, count)];
}

size_t train_examples_valid(const struct train_examples *examples, uint64_t at)
{
    uint64_t count = examples->examples.splits[LM_VALID];
    return examples->splits[LM_VALID][at * count / examples->looks_at];
}

struct lm_texts train_examples_texts(struct train *train, int64_t count, size_t sides)
{
    const struct lm_example_tokens *tokens = &train->examples.tokens;
    size_t texts = (size_t)count * sides;
    int32_t *end = train->inputs;
    for (size_t i = 0; i < texts; i++, end += train->lengths[i - 1])
        train->lengths[i] =
            (int32_t)lm_example_tokens_text(tokens, train->picked[i / sides], i % sides, end);
    train->positions += (uint64_t)(end - train->inputs);
    return (struct lm_texts){train->inputs, train->lengths, (int64_t)texts};
}
