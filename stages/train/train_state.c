#include "train_state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A checkpoint: this head, the model's state, the best weights and the average if kept, the log so
 * far. It is
 * read by the same program on the same machine: native layout. */
struct head {
    char magic[8];
    uint64_t step, looks, best_step, skipped, skips, log_size, state_size, weights, average;
    double loss, valid, best;
    struct train_norms norms;
    struct train_patience patience;
};

static const char magic[8] = {'l', 'm', 't', 'r', 'a', 'i', 'n', '3'};

void train_weights_get(const struct train *train, float *out)
{
    for (size_t i = 0; i < lm_model_tensors(train->model); i++) {
        struct lm_tensor tensor = lm_model_tensor(train->model, i);
        memcpy(out, tensor.data, (size_t)tensor.count * sizeof *out);
        out += tensor.count;
    }
}

void train_weights_set(struct train *train, const float *weights)
{
    for (size_t i = 0; i < lm_model_tensors(train->model); i++) {
        struct lm_tensor tensor = lm_model_tensor(train->model, i);
        memcpy(tensor.data, weights, (size_t)tensor.count * sizeof *weights);
        weights += tensor.count;
    }
}

/* Bytes of a copy of all weights, if there is one. */
static size_t bytes_of(const struct train *train, const float *copy)
{
    return copy != NULL ? train->weights * sizeof(float) : 0;
}

enum lm_status train_checkpoint_save(struct train *train, struct lm_err *err)
{
    if (lm_model_check(train->model, NULL) != LM_OK)
        return LM_OK;
    struct head head = {
        .step = train->step,
        .looks = train->looks,
        .best_step = train->best_step,
        .skipped = train->skipped,
        .skips = train->skips,
        .log_size = train->log.size,
        .state_size = lm_model_state_size(train->model),
        .weights = bytes_of(train, train->best_weights),
        .average = bytes_of(train, train->average),
        .loss = train->loss,
        .valid = train->valid,
        .best = train->best,
        .norms = train->norms,
        .patience = train->patience,
    };
    memcpy(head.magic, magic, sizeof magic);
    size_t size = sizeof head + head.state_size + head.weights + head.average + head.log_size;
    char *data = malloc(size);
    if (data == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a checkpoint of %zu bytes", size);
    char *at = data;
    memcpy(at, &head, sizeof head);
    at += sizeof head;
    lm_model_state_save(train->model, at);
    at += head.state_size;
    if (head.weights > 0)
        memcpy(at, train->best_weights, head.weights);
    at += head.weights;
    if (head.average > 0)
        memcpy(at, train->average, head.average);
    at += head.average;
    if (head.log_size > 0)
        memcpy(at, train->log.data, head.log_size);
    enum lm_status status = lm_ctx_checkpoint_save(train->ctx, train->step, data, size, err);
    free(data);
    return status;
}

static bool fits(const struct train *train, const struct head *head, size_t size)
{
    return memcmp(head->magic, magic, sizeof magic) == 0 &&
           head->weights == bytes_of(train, train->best_weights) &&
           head->average == bytes_of(train, train->average) &&
           head->state_size == lm_model_state_size(train->model) &&
           head->log_size == size - sizeof *head - head->state_size - head->weights - head->average;
}

static void take_head(struct train *train, const struct head *head)
{
    train->step = head->step;
    train->looks = head->looks;
    train->best_step = head->best_step;
    train->skipped = head->skipped;
    train->skips = head->skips;
    train->loss = head->loss;
    train->valid = head->valid;
    train->best = head->best;
    train->norms = head->norms;
    train->patience = head->patience;
}

static enum lm_status take_up(struct train *train, struct lm_err *err)
{
    uint64_t position = 0;
    void *data = NULL;
    size_t size = 0;
    LM_TRY(lm_ctx_checkpoint_load(train->ctx, &position, &data, &size, err));
    if (data == NULL)
        return LM_OK;
    struct head head = {0};
    const char *at = data;
    if (size >= sizeof head)
        memcpy(&head, at, sizeof head);
    if (!fits(train, &head, size))
        return lm_fail(err, LM_FORMAT,
                       "the checkpoint does not belong to this training; clear the "
                       "stage's cache to start afresh");
    at += sizeof head;
    LM_TRY(lm_model_state_load(train->model, at, head.state_size, err));
    enum lm_status status = lm_model_check(train->model, err);
    if (status != LM_OK)
        return lm_wrap(err, status, "the checkpoint of step %llu", (unsigned long long)head.step);
    at += head.state_size;
    if (head.weights > 0)
        memcpy(train->best_weights, at, head.weights);
    at += head.weights;
    if (head.average > 0)
        memcpy(train->average, at, head.average);
    lm_buf_append(&train->log, at + head.average, head.log_size);
    take_head(train, &head);
    return lm_buf_status(&train->log, err);
}

/* What was read is copied into its places and not needed again: a resumed training holds no more
 * memory than another. */
enum lm_status train_checkpoint_load(struct train *train, struct lm_err *err)
{
    struct lm_arena *arena = lm_ctx_arena(train->ctx);
    struct lm_arena_mark mark = lm_arena_mark(arena);
    enum lm_status status = take_up(train, err);
    lm_arena_rewind(arena, mark);
    return status;
}
