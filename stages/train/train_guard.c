#include "train_guard.h"

#include <math.h>
#include <string.h>

enum lm_status train_guard_weights(const struct train *train, struct lm_err *err)
{
    enum lm_status status = lm_model_check(train->model, err);
    if (status == LM_OK)
        return LM_OK;
    return lm_wrap(err, status, "after step %llu", (unsigned long long)train->step);
}

enum lm_status train_guard_skip(struct train *train, struct lm_err *err)
{
    uint64_t most = (uint64_t)train->params->max_skips;
    LM_TRY(train_guard_weights(train, err));
    if (train->skips >= most) {
        lm_ctx_note(train->ctx, "with a larger max_skips the stage resumes after step %llu",
                    (unsigned long long)train->step);
        return train->skips == 0
                   ? LM_NUMERIC
                   : lm_wrap(err, LM_NUMERIC, "stopped after %llu skipped steps in a row",
                             (unsigned long long)train->skips);
    }
    train->step++;
    train->skipped++;
    train->skips++;
    lm_ctx_note(train->ctx, "step %llu is skipped: %s", (unsigned long long)train->step, err->text);
    *err = (struct lm_err){LM_OK, ""};
    return LM_OK;
}

void train_guard_pass(struct train *train, double norm)
{
    struct train_norms *norms = &train->norms;
    train->skips = 0;
    norms->last[norms->count++ % TRAIN_NORMS] = norm;
}

bool train_guard_records(const struct train *train)
{
    return strcmp(train->params->on_divergence, "record") == 0;
}

void train_guard_diverge(struct train *train, uint64_t step, const struct lm_err *why)
{
    train->diverged_at = step;
    lm_ctx_note(train->ctx, "training diverged at step %llu: %s", (unsigned long long)step,
                why->text);
}

void train_guard_update(struct train *train)
{
    struct lm_err err = {LM_OK, ""};
    if (train->before == NULL || lm_model_check(train->model, &err) == LM_OK)
        return;
    train_weights_set(train, train->before);
    train_guard_diverge(train, train->step + 1, &err);
}

/* The upper median, by insertion: norms are finite, so they have one order. */
static double median(const struct train_norms *norms)
{
    double sorted[TRAIN_NORMS];
    for (size_t i = 0; i < TRAIN_NORMS; i++) {
        size_t at = i;
        for (; at > 0 && sorted[at - 1] > norms->last[i]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = norms->last[i];
    }
    return sorted[TRAIN_NORMS / 2];
}

enum lm_status train_guard_spike(struct train *train, double *norm, struct lm_err *err)
{
    double times = train->params->max_spike;
    if (times == 0)
        return LM_OK;
    LM_TRY(lm_model_gradient_norm(train->model, norm, err));
    if (train->norms.count < TRAIN_NORMS)
        return LM_OK;
    double usual = median(&train->norms);
    if (*norm <= times * usual)
        return LM_OK;
    lm_model_drop_gradient(train->model);
    return lm_fail(err, LM_NUMERIC,
                   "the gradient at step %llu has a norm of %.3g where %.3g is usual; lower lr or "
                   "raise max_spike",
                   (unsigned long long)train->step + 1, *norm, usual);
}

enum lm_status train_guard_stop(struct train *train, struct lm_err *err)
{
    struct lm_err other = {LM_OK, ""};
    if (train_guard_weights(train, NULL) != LM_OK)
        lm_ctx_note(train->ctx, "the weights after step %llu are not kept: they are not finite",
                    (unsigned long long)train->step);
    else if (train_checkpoint_save(train, &other) != LM_OK)
        lm_ctx_note(train->ctx, "what was reached could not be kept: %s", other.text);
    return err->status;
}

enum lm_status train_guard_result(const struct train *train, struct lm_err *err)
{
    bool is_begun = train->step > 0 || !lm_ctx_partial(train->ctx); /* else it is as it was made */
    if (is_begun && train->diverged_at == 0 && isnan(train->loss))
        return lm_fail(err, LM_NUMERIC,
                       "none of %llu steps had a finite loss and gradient; lower lr or set clip",
                       (unsigned long long)train->step);
    return train_guard_weights(train, err);
}

void train_guard_report(const struct train *train)
{
    if (train_guard_records(train))
        lm_ctx_result(train->ctx, "diverged", train->diverged_at > 0);
    if (train->diverged_at > 0)
        lm_ctx_result(train->ctx, "diverged_at", (double)train->diverged_at);
    lm_ctx_result(train->ctx, "skipped_steps", (double)train->skipped);
    if (train->skipped > 0)
        lm_ctx_note(train->ctx, "%llu of %llu steps were skipped",
                    (unsigned long long)train->skipped, (unsigned long long)train->step);
}
