/** Small trainings through a context, and what they leave. */
#ifndef LM_TESTS_TRAIN_LEFT_H
#define LM_TESTS_TRAIN_LEFT_H

#include <lmpipe/model.h>
#include <lmpipe/tokens.h>

#include <string.h>

#include "train_fixture.h"

enum { VOCAB = TRAIN_TOKENS_VOCAB, STEPS = 12 };

static inline struct train_params defaults(void)
{
    struct train_params params = train_usual();
    params.batch = 2;
    params.steps = STEPS;
    params.lr = 1e-2;
    params.min_lr = 1e-3;
    params.eval_every = 4;
    return params;
}

/* What a run left: its log and weights, and a digest over both. */
struct left {
    enum lm_status status;
    double stopped, valid, best_step;
    char *log, hex[LM_DIGEST_HEX];
    float *weights;
    size_t count;
};

static inline void left_free(struct left *left)
{
    free(left->log);
    free(left->weights);
}

static inline void read_left(struct left *left, const struct place *place)
{
    char path[200], *text = NULL;
    size_t size = 0;
    struct lm_arena *arena = lm_arena_create();
    struct lm_model *model = NULL;
    const struct lm_model_options options = {0};
    struct lm_digest digests[2] = {0}, all;
    snprintf(path, sizeof path, "%s/out/log", place->work);
    if (lm_file_read(&text, &size, arena, path, 1 << 20, NULL) == LM_OK) {
        left->log = strndup(text, size);
        lm_sha256_bytes(&digests[0], text, size);
    }
    lm_arena_free(arena);
    snprintf(path, sizeof path, "%s/out/model", place->work);
    if (lm_model_load(&model, path, &options, NULL) == LM_OK) {
        lm_model_digest(model, &digests[1]);
        left->weights = calloc((size_t)lm_model_parameters(lm_model_config(model)), sizeof(float));
        for (size_t t = 0; t < lm_model_tensors(model); t++) {
            struct lm_tensor tensor = lm_model_tensor(model, t);
            memcpy(left->weights + left->count, tensor.data, (size_t)tensor.count * sizeof(float));
            left->count += (size_t)tensor.count;
        }
    }
    lm_model_free(model);
    lm_sha256_bytes(&all, digests, sizeof digests);
    lm_digest_hex(left->hex, &all);
}

/* One run; cancelled after `polls` questions when polls ≥ 0. */
static inline struct left run(struct place *place, const struct train_params *params,
                              size_t threads, long polls)
{
    struct left left = {.status = LM_INTERNAL};
    struct lm_job job;
    struct lm_job_input input[2];
    struct lm_ctx *ctx = place_context(place, params, threads, &job, input);
    if (ctx == NULL)
        return left;
    if (polls >= 0)
        lm_ctx_cancel_after(ctx, polls);
    place->err = (struct lm_err){LM_OK, ""};
    left.status = lm_run_train(ctx, params, &place->err);
    lm_ctx_flush(ctx);
    left.stopped = lm_ctx_result_value(ctx, "stopped_step");
    left.valid = lm_ctx_result_value(ctx, "valid_loss");
    left.best_step = lm_ctx_result_value(ctx, "best_step");
    lm_ctx_free(ctx);
    if (left.status == LM_OK)
        read_left(&left, place);
    return left;
}

static inline bool open_place(struct place *place)
{
    return place_open(place) && train_tokens(place->data, 8, &place->err) == LM_OK;
}

#endif
