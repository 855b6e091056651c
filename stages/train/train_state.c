#include "train_state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train_prefix.h"

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

static const char magic[8] = {'l', 'm', 't', 'r', 'a', 'i', 'n', '0' + TRAIN_STATE_FORMAT};

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

static struct head head_of(const struct train *train)
{
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
    return head;
}

/* *out to be freed; NULL when the weights are not finite. */
static enum lm_status pack(char **out, size_t *size, const struct train *train, struct lm_err *err)
{
    const struct head head = head_of(train);
    *out = NULL;
    *size = sizeof head + head.state_size + head.weights + head.average + head.log_size;
    if (lm_model_check(train->model, NULL) != LM_OK)
        return LM_OK;
    char *at = *out = malloc(*size);
    if (at == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a checkpoint of %zu bytes", *size);
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
    return LM_OK;
}

enum lm_status train_checkpoint_save(struct train *train, struct lm_err *err)
{
    char *data = NULL;
    size_t size = 0;
    enum lm_status status = pack(&data, &size, train, err);
    if (data != NULL)
        status = lm_ctx_checkpoint_save(train->ctx, train->step, data, size, err);
    free(data);
    return status;
}

enum lm_status train_state_leave(struct train *train, struct lm_err *err)
{
    char *data = NULL;
    size_t size = 0;
    bool is_due = train->step == (uint64_t)train_prefix_steps(train->params) &&
                  train->looks <= train->step && train->diverged_at == 0;
    if (!is_due || train->has_left || !train_leaves_state(train->params))
        return LM_OK;
    train->has_left = true;
    LM_TRY(pack(&data, &size, train, err));
    if (data != NULL)
        lm_ctx_state_save(train->ctx, train->step, data, size);
    free(data);
    return LM_OK;
}

/* ---- taking up ---- */

/* Parts of what was stored, as it says. */
struct parts {
    struct head head;
    const char *state, *weights, *average, *log;
};

/* False: it is not of this training. */
static bool unpack(struct parts *out, const struct train *train, const char *data, size_t size)
{
    struct head *head = &out->head;
    size_t weights = bytes_of(train, train->best_weights),
           average = bytes_of(train, train->average);
    size_t state = (size_t)lm_model_state_size(train->model), least = sizeof *head;
    least += state + weights + average;
    if (size < least)
        return false;
    memcpy(head, data, sizeof *head);
    out->state = data + sizeof *head;
    out->weights = out->state + state;
    out->average = out->weights + weights;
    out->log = out->average + average;
    return memcmp(head->magic, magic, sizeof magic) == 0 && head->weights == weights &&
           head->average == average && head->state_size == state && head->log_size == size - least;
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

static enum lm_status take(struct train *train, const struct parts *parts, struct lm_err *err)
{
    const struct head *head = &parts->head;
    LM_TRY(lm_model_state_load(train->model, parts->state, head->state_size, err));
    enum lm_status status = lm_model_check(train->model, err);
    if (status != LM_OK)
        return lm_wrap(err, status, "the checkpoint of step %llu", (unsigned long long)head->step);
    if (head->weights > 0)
        memcpy(train->best_weights, parts->weights, head->weights);
    if (head->average > 0)
        memcpy(train->average, parts->average, head->average);
    lm_buf_clear(&train->log);
    lm_buf_append(&train->log, parts->log, head->log_size);
    take_head(train, head);
    return lm_buf_status(&train->log, err);
}

static enum lm_status take_checkpoint(struct train *train, struct lm_err *err)
{
    uint64_t position = 0;
    void *data = NULL;
    size_t size = 0;
    struct parts parts;
    LM_TRY(lm_ctx_checkpoint_load(train->ctx, &position, &data, &size, err));
    if (data == NULL)
        return LM_OK;
    if (!unpack(&parts, train, data, size))
        return lm_fail(err, LM_FORMAT,
                       "the checkpoint does not belong to this training; clear the "
                       "stage's cache to start afresh");
    return take(train, &parts, err);
}

/* Before a validation at its step, which is this training's to do or not. */
static enum lm_status take_state(struct train *train, struct lm_err *err)
{
    uint64_t position = 0, most = (uint64_t)train_prefix_steps(train->params);
    void *data = NULL;
    size_t size = 0;
    struct parts parts;
    if (most <= train->step)
        return LM_OK;
    lm_ctx_state_load(train->ctx, train->step + 1, most, &position, &data, &size);
    if (data == NULL)
        return LM_OK;
    if (!unpack(&parts, train, data, size) || parts.head.step != position ||
        parts.head.looks > position ||
        lm_model_state_check(train->model, parts.state, parts.head.state_size, NULL) != LM_OK) {
        lm_ctx_note(train->ctx, "the state of a shorter run is not of this training and not used");
        return LM_OK;
    }
    LM_TRY(take(train, &parts, err));
    train->has_left = position == most;
    lm_ctx_resumed(train->ctx, position);
    lm_ctx_note(train->ctx, "continues at step %llu of %lld, from the state of a shorter run",
                (unsigned long long)position, (long long)train->params->steps);
    return LM_OK;
}

/* What was read is copied into its places and not needed again: a resumed training holds no more
 * memory than another. */
enum lm_status train_resume(struct train *train, struct lm_err *err)
{
    struct lm_arena *arena = lm_ctx_arena(train->ctx);
    struct lm_arena_mark mark = lm_arena_mark(arena);
    enum lm_status status = take_checkpoint(train, err);
    lm_arena_rewind(arena, mark);
    if (status == LM_OK)
        status = take_state(train, err);
    lm_arena_rewind(arena, mark);
    return status;
}
