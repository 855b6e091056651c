/** A place for one training: its folders, the parameters most tests begin with, and a context. */
#ifndef LM_TESTS_TRAIN_FIXTURE_H
#define LM_TESTS_TRAIN_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>

#include <lmpipe/rng.h>
#include <lmpipe/tokens.h>

#include "base/io.h"
#include "ctx.h"
#include "stages/train/train_params.h"

extern const struct lm_stage lm_stage_train;
extern lm_run_fn lm_run_train;

struct place {
    char dir[64], tokens[96], data[128], work[96], checkpoints[96];
    FILE *events;      /**< NULL: nobody listens */
    int signal_fd;     /**< readable: cancel; -1: never */
    const char *more;  /**< folder of a further token set, or NULL */
    const char *state; /**< folder of the state that longer trainings begin from, or NULL */
    bool afresh;       /**< it is not begun from */
    struct lm_err err;
    double valid_loss, train_loss, skipped, diverged; /**< results of the last run */
};

/** Two small layers, no dropout, the last weights kept. */
static inline struct train_params train_usual(void)
{
    return (struct train_params){.preset = "gpt2-micro",
                                 .context = 16,
                                 .layers = 2,
                                 .heads = 2,
                                 .width = 32,
                                 .objective = "lm",
                                 .held_out = {TRAIN_VALID_SHARE, TRAIN_TEST_SHARE},
                                 .pooling = "mean",
                                 .pair_loss = "regression",
                                 .temperature = TRAIN_TEMPERATURE,
                                 .batch = 1,
                                 .accumulate = 2,
                                 .lr = 1e-3,
                                 .min_lr = 1e-4,
                                 .warmup = 3,
                                 .schedule = "cosine",
                                 .decay = 0.1,
                                 .beta1 = 0.9,
                                 .beta2 = 0.95,
                                 .eps = 1e-8,
                                 .clip = 1,
                                 .eval_every = 10,
                                 .eval_batches = 2,
                                 .precision = "f32",
                                 .order = "windows",
                                 .optimizer = "adamw",
                                 .layer_decay = 1,
                                 .tie_embeddings = true,
                                 .keep = "last",
                                 .on_divergence = "fail",
                                 .keep_state = "auto"};
}

/** New folders with a vocabulary; the tokens are the test's to write, to place->data. */
static inline bool place_open(struct place *place)
{
    char path[160];
    *place = (struct place){.dir = "/tmp/lmpipe-train-XXXXXX", .signal_fd = -1};
    if (mkdtemp(place->dir) == NULL)
        return false;
    snprintf(place->tokens, sizeof place->tokens, "%s/tokens", place->dir);
    snprintf(place->data, sizeof place->data, "%s/data.mdb", place->tokens);
    snprintf(place->work, sizeof place->work, "%s/work", place->dir);
    snprintf(place->checkpoints, sizeof place->checkpoints, "%s/checkpoints", place->dir);
    snprintf(path, sizeof path, "%s/vocab", place->tokens);
    return lm_dir_create(place->tokens, &place->err) == LM_OK &&
           lm_dir_create(place->checkpoints, &place->err) == LM_OK &&
           lm_file_write(path, "words\n", 6, &place->err) == LM_OK;
}

static inline void place_close(struct place *place)
{
    lm_dir_remove(place->dir, NULL);
}

/** A context for one run, its output folder empty; NULL with a note when there is none. The caller
 *  frees it, and keeps *job and input[2] until then: the tokens, and a further token set. */
static inline struct lm_ctx *place_context(struct place *place, const struct train_params *params,
                                           size_t threads, struct lm_job *job,
                                           struct lm_job_input *input)
{
    struct lm_ctx *ctx = NULL;
    input[0] = (struct lm_job_input){"tokens", "tokens", place->tokens};
    input[1] = (struct lm_job_input){"extra_tokens", "others", place->more};
    *job = (struct lm_job){.stage = &lm_stage_train,
                           .params = params,
                           .inputs = input,
                           .input_count = place->more != NULL ? 2 : 1,
                           .folder = place->work,
                           .checkpoints = place->checkpoints,
                           .state = place->state,
                           .afresh = place->afresh,
                           .seed = 7,
                           .threads = threads,
                           .portable = true};
    lm_dir_remove(place->work, NULL);
    if (lm_dir_create(place->work, &place->err) != LM_OK ||
        lm_ctx_create(&ctx, job, place->events, place->signal_fd, &place->err) != LM_OK)
        printf("# %s\n", place->err.text);
    return ctx;
}

enum { TRAIN_TOKENS_VOCAB = 60 };

/** Vocabulary 60, 30 documents to train on and `valid` held out, of 40 ids: each id is likely
 * followed by one of two. */
static inline enum lm_status train_tokens(const char *path, size_t valid, struct lm_err *err)
{
    struct lm_tokens_writer *writer = NULL;
    struct lm_digest digest;
    int32_t ids[40];
    lm_sha256_bytes(&digest, "v", 1);
    LM_TRY(
        lm_tokens_create(&writer, path, TRAIN_TOKENS_VOCAB, TRAIN_TOKENS_VOCAB - 1, &digest, err));
    struct lm_rng rng = lm_rng_stream(1, "text");
    enum lm_status status = LM_OK;
    for (size_t document = 0; document < 30 + valid && status == LM_OK; document++) {
        for (uint64_t i = 0; i < 40; i++)
            ids[i] = i == 0 ? (int32_t)(document % TRAIN_TOKENS_VOCAB)
                            : (ids[i - 1] * 3 + (int32_t)lm_rng_below(rng, document, i, 2)) % 59;
        status =
            lm_tokens_add(writer, document < 30 ? LM_TRAIN : LM_VALID, ids, 40, document, 80, err);
    }
    if (status != LM_OK) {
        lm_tokens_abandon(writer);
        return status;
    }
    return lm_tokens_finish(writer, &digest, err);
}

#endif
