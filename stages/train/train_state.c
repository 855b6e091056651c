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

enum { PARTS = 2 + LM_STATE_FAMILIES + 3 };

/* What is stored, where it lies. */
struct stored {
    struct head head;
    struct lm_model_state state;
    struct lm_save_part parts[PARTS];
};

/* False: the weights are not finite. */
static bool collect(struct stored *out, const struct train *train)
{
    size_t at = 0;
    if (lm_model_check(train->model, NULL) != LM_OK)
        return false;
    out->head = head_of(train);
    lm_model_state_view(train->model, &out->state);
    out->parts[at++] = (struct lm_save_part){&out->head, sizeof out->head};
    out->parts[at++] = (struct lm_save_part){out->state.head, sizeof out->state.head};
    for (size_t i = 0; i < LM_STATE_FAMILIES; i++)
        out->parts[at++] = (struct lm_save_part){out->state.families[i], out->state.size};
    out->parts[at++] = (struct lm_save_part){train->best_weights, out->head.weights};
    out->parts[at++] = (struct lm_save_part){train->average, out->head.average};
    out->parts[at++] = (struct lm_save_part){train->log.data, out->head.log_size};
    return true;
}

enum lm_status train_checkpoint_save(struct train *train, struct lm_err *err)
{
    struct stored stored;
    if (!collect(&stored, train))
        return LM_OK;
    return lm_ctx_checkpoint_save_parts(train->ctx, train->step, stored.parts, PARTS, err);
}

void train_state_leave(struct train *train)
{
    struct stored stored;
    bool is_due = train->step == (uint64_t)train_prefix_steps(train->params) &&
                  train->looks <= train->step && train->diverged_at == 0;
    if (!is_due || train->has_left || !train_leaves_state(train->params))
        return;
    train->has_left = true;
    if (collect(&stored, train))
        lm_ctx_state_save(train->ctx, train->step, stored.parts, PARTS);
}

/* ---- taking up ---- */

/* Reads what all that is stored begins with. False: it is not of this training. */
static bool read_head(struct head *head, const struct train *train, struct lm_saved *saved)
{
    size_t weights = bytes_of(train, train->best_weights);
    size_t average = bytes_of(train, train->average);
    uint64_t state = lm_model_state_size(train->model);
    uint64_t least = sizeof *head + state + weights + average, size = lm_saved_size(saved);
    if (size < least || lm_saved_read(saved, head, sizeof *head, NULL) != LM_OK)
        return false;
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

static enum lm_status take_log(struct train *train, struct lm_saved *saved, uint64_t size,
                               struct lm_err *err)
{
    char some[4096];
    lm_buf_clear(&train->log);
    for (uint64_t count; size > 0; size -= count) {
        count = size < sizeof some ? size : sizeof some;
        LM_TRY(lm_saved_read(saved, some, count, err));
        lm_buf_append(&train->log, some, (size_t)count);
    }
    return lm_buf_status(&train->log, err);
}

/* All behind the head, each part read into its place. */
static enum lm_status take(struct train *train, const struct head *head, struct lm_saved *saved,
                           struct lm_err *err)
{
    struct lm_model_state state;
    LM_TRY(lm_saved_read(saved, state.head, sizeof state.head, err));
    LM_TRY(lm_model_state_begin(train->model, state.head, err));
    lm_model_state_view(train->model, &state);
    for (size_t i = 0; i < LM_STATE_FAMILIES; i++)
        LM_TRY(lm_saved_read(saved, state.families[i], state.size, err));
    LM_TRY(lm_saved_read(saved, train->best_weights, head->weights, err));
    LM_TRY(lm_saved_read(saved, train->average, head->average, err));
    LM_TRY(take_log(train, saved, head->log_size, err));
    enum lm_status status = lm_model_check(train->model, err);
    if (status != LM_OK)
        return lm_wrap(err, status, "the checkpoint of step %llu", (unsigned long long)head->step);
    take_head(train, head);
    return LM_OK;
}

static enum lm_status take_checkpoint(struct train *train, struct lm_err *err)
{
    struct lm_saved *saved = NULL;
    struct head head;
    LM_TRY(lm_ctx_checkpoint_open(train->ctx, &saved, err));
    if (saved == NULL)
        return LM_OK;
    enum lm_status status =
        read_head(&head, train, saved)
            ? take(train, &head, saved, err)
            : lm_fail(err, LM_FORMAT,
                      "the checkpoint does not belong to this training; clear the "
                      "stage's cache to start afresh");
    lm_saved_close(saved);
    return status;
}

/* Whether the model could take the state behind the head; it is read, and nothing changed. */
static bool is_sound(const struct train *train, struct lm_saved *saved)
{
    struct lm_model_state state;
    unsigned char head[LM_STATE_HEAD];
    float some[1024];
    lm_model_state_view(train->model, &state);
    if (lm_saved_read(saved, head, sizeof head, NULL) != LM_OK ||
        !lm_model_state_fits(train->model, head))
        return false;
    for (uint64_t left = state.size, count; left > 0; left -= count) {
        count = left < sizeof some ? left : sizeof some;
        if (lm_saved_read(saved, some, count, NULL) != LM_OK)
            return false;
        for (size_t i = 0; i < count / sizeof *some; i++)
            if (!isfinite(some[i]))
                return false;
    }
    return true;
}

/* Before a validation at its step, which is this training's to do or not. */
static enum lm_status use_state(struct train *train, struct lm_saved *saved, uint64_t most,
                                struct lm_err *err)
{
    uint64_t position = lm_saved_position(saved);
    struct head head;
    bool is_own = read_head(&head, train, saved) && head.step == position && head.looks <= position;
    if (!is_own || !is_sound(train, saved)) {
        lm_ctx_note(train->ctx, "the state of a shorter run is not of this training and not used");
        return LM_OK;
    }
    lm_saved_rewind(saved);
    LM_TRY(lm_saved_read(saved, &head, sizeof head, err));
    LM_TRY(take(train, &head, saved, err));
    train->has_left = position == most;
    lm_ctx_resumed(train->ctx, position);
    lm_ctx_note(train->ctx, "continues at step %llu of %lld, from the state of a shorter run",
                (unsigned long long)position, (long long)train->params->steps);
    return LM_OK;
}

static enum lm_status take_state(struct train *train, struct lm_err *err)
{
    uint64_t most = (uint64_t)train_prefix_steps(train->params);
    if (most <= train->step)
        return LM_OK;
    struct lm_saved *saved = lm_ctx_state_open(train->ctx, train->step + 1, most);
    enum lm_status status = saved != NULL ? use_state(train, saved, most, err) : LM_OK;
    lm_saved_close(saved);
    return status;
}

/* What is read goes to its places at once: a resumed training holds no more memory than another. */
enum lm_status train_resume(struct train *train, struct lm_err *err)
{
    LM_TRY(take_checkpoint(train, err));
    return take_state(train, err);
}
