/* The work of the stage type train. */
#include <lmpipe/model.h>
#include <lmpipe/stage.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/json.h"
#include "train_average.h"
#include "train_guard.h"
#include "train_open.h"
#include "train_patience.h"
#include "train_ramp.h"
#include "train_schedule.h"
#include "train_shape.h"
#include "train_speed.h"
#include "train_state.h"

/* ---- the log ---- */

static void log_open(struct lm_json_writer *writer, struct train *train)
{
    lm_json_begin(writer, &train->log, false);
    lm_json_open(writer, '{');
    lm_json_member_int(writer, "step", (int64_t)train->step);
    int64_t rows = train_ramp_at(train->params, (int64_t)train->step).before * train->params->batch;
    if (train->task == &train_lm)
        lm_json_member_int(writer, "tokens", rows * train->context);
    else
        lm_json_member_int(writer, "examples", rows);
}

static void log_close(struct lm_json_writer *writer, struct train *train)
{
    lm_json_close(writer, '}');
    lm_buf_putc(&train->log, '\n');
}

static void log_step(struct train *train, double rate, double norm)
{
    struct lm_json_writer writer;
    log_open(&writer, train);
    lm_json_member_double(&writer, "loss", train->loss);
    lm_json_member_double(&writer, "lr", rate);
    lm_json_member_double(&writer, "grad_norm", norm);
    log_close(&writer, train);
    lm_ctx_gauge(train->ctx, "loss", train->loss);
    lm_ctx_gauge(train->ctx, "lr", rate);
    lm_ctx_gauge(train->ctx, "grad_norm", norm);
}

static void log_skip(struct train *train, double rate, double loss, double norm)
{
    struct lm_json_writer writer;
    log_open(&writer, train);
    if (isfinite(loss))
        lm_json_member_double(&writer, "loss", loss);
    lm_json_member_double(&writer, "lr", rate);
    if (isfinite(norm))
        lm_json_member_double(&writer, "grad_norm", norm);
    lm_json_member_bool(&writer, "skipped", true);
    log_close(&writer, train);
}

static void log_divergence(struct train *train)
{
    struct lm_json_writer writer;
    log_open(&writer, train);
    lm_json_member_int(&writer, "diverged", 1);
    lm_json_member_int(&writer, "diverged_at", (int64_t)train->diverged_at);
    log_close(&writer, train);
}

/* Rows of the steps so far. */
static uint64_t rows_seen(const struct train *train)
{
    return (uint64_t)train_ramp_at(train->params, (int64_t)train->step).before *
           (uint64_t)train->params->batch;
}

/* What was learnt of each source of a named mixture. */
static void log_sources(struct train *train)
{
    struct lm_json_writer writer;
    if (train->mixture.count == 0)
        return;
    log_open(&writer, train);
    train_mixture_put(&writer, &train->mixture, &train->data, rows_seen(train));
    log_close(&writer, train);
}

static void log_valid(struct train *train)
{
    struct lm_json_writer writer;
    log_open(&writer, train);
    lm_json_member_double(&writer, "valid_loss", train->valid);
    if (train_patience_is_over(train))
        lm_json_member_bool(&writer, "stopped", true);
    log_close(&writer, train);
    lm_ctx_gauge(train->ctx, "valid_loss", train->valid);
}

/* ---- validation ---- */

static enum lm_status valid_loss(struct train *train, double *out, struct lm_err *err)
{
    lm_ctx_doing(train->ctx, "validating");
    LM_TRY(train->task->valid(train, out, err));
    lm_ctx_doing(train->ctx, "");
    if (!isfinite(*out)) {
        LM_TRY(train_guard_weights(train, err));
        return lm_fail(err, LM_NUMERIC, "the valid loss at step %llu is not finite; lower lr",
                       (unsigned long long)train->step);
    }
    return LM_OK;
}

static void keep_best(struct train *train)
{
    if (!isnan(train->best) && train->valid >= train->best)
        return;
    train->best = train->valid;
    train->best_step = train->step;
    if (train->best_weights != NULL)
        train_weights_get(train, train->best_weights);
}

/* With an average, of the average. */
static enum lm_status look(struct train *train, struct lm_err *err)
{
    train_average_swap(train);
    enum lm_status status = valid_loss(train, &train->valid, err);
    if (status == LM_OK)
        keep_best(train);
    train_average_swap(train);
    return status;
}

static enum lm_status validate(struct train *train, struct lm_err *err)
{
    if (train_has_valid(train)) {
        LM_TRY(look(train, err));
        train_patience_look(train);
        log_valid(train);
    }
    train->looks = train->step + 1;
    return LM_OK;
}

/* ---- steps ---- */

/* The gradient of a step, and its mean loss: over all that the step scores, so a part counts as
 * much as it has of that. */
static enum lm_status gather(struct train *train, double *loss, struct lm_err *err)
{
    const struct train_params *p = train->params;
    struct train_ramp_place place = train_ramp_at(p, (int64_t)train->step);
    uint64_t rows = (uint64_t)p->batch, first = (uint64_t)place.before * rows;
    double all = train->task->scored(train, first, p->batch * place.batches), sum = 0;
    for (int64_t part = 0; part < place.batches; part++, first += rows) {
        double scored = train->task->scored(train, first, p->batch), one;
        double weight = all > 0 ? scored * (double)place.batches / all : 0;
        lm_model_set_position(train->model, train->step, (uint64_t)part);
        LM_TRY(train->task->accumulate(train, first, weight / (double)place.batches, &one, err));
        sum += weight * one;
    }
    *loss = sum / (double)place.batches;
    return LM_OK;
}

/* Whether the weights of a step are tried on the valid split. */
static bool is_looked_at(const struct train_params *p, uint64_t step)
{
    return step % (uint64_t)p->eval_every == 0 || step == (uint64_t)p->steps;
}

static struct lm_step_options step_options(const struct train *train)
{
    const struct train_params *p = train->params;
    const char *const *groups = p->decay_groups.items;
    struct lm_step_options options = {
        .lr = train_rate(p, (int64_t)train->step),
        .beta1 = p->beta1,
        .beta2 = p->beta2,
        .eps = p->eps,
        .decay = p->decay,
        .clip = p->clip,
        .optimizer = lm_optimizer_find(p->optimizer),
        .momentum = p->momentum,
        .nesterov = p->nesterov,
        .ns_steps = p->ns_steps,
        .muon_scale = lm_muon_scale_find(p->muon_scale),
        .layer_decay = p->layer_decay,
        .ratios = is_looked_at(p, train->step + 1) ? train->ratios : NULL,
    };
    options.adamw_lr = p->adamw_lr * (options.lr / p->lr);
    if (p->ns_coefficients.count == 3)
        memcpy(options.ns_coefficients, p->ns_coefficients.items, sizeof options.ns_coefficients);
    for (size_t i = 0; i < p->decay_groups.count; i++)
        options.groups |= lm_tensor_group_find(groups[i]);
    return options;
}

/* Update-to-weight ratios, "ratio.embeddings", "ratio.layer.0", …, "ratio.head". */
static void show_ratios(struct train *train)
{
    int64_t layers = lm_model_config(train->model)->layers;
    lm_ctx_gauge(train->ctx, "ratio.embeddings", train->ratios[0]);
    for (int64_t i = 0; i < layers; i++) {
        char name[48];
        snprintf(name, sizeof name, "ratio.layer.%lld", (long long)i);
        lm_ctx_gauge(train->ctx, name, train->ratios[i + 1]);
    }
    lm_ctx_gauge(train->ctx, "ratio.head", train->ratios[layers + 1]);
}

static enum lm_status one_step(struct train *train, struct lm_err *err)
{
    const struct lm_step_options options = step_options(train);
    double rate = options.lr, loss = (double)NAN, norm = (double)NAN;
    struct lm_step_stats stats;
    if (train->before != NULL)
        train_weights_get(train, train->before);
    enum lm_status status = gather(train, &loss, err);
    if (status == LM_OK)
        status = train_guard_spike(train, &norm, err);
    if (status == LM_OK)
        status = lm_model_step(train->model, &options, &stats, err);
    if (status == LM_NUMERIC && train->before != NULL) {
        train_guard_diverge(train, train->step + 1, err);
        return LM_OK;
    }
    if (status == LM_NUMERIC) {
        LM_TRY(train_guard_skip(train, err));
        log_skip(train, rate, loss, norm);
        return LM_OK;
    }
    LM_TRY(status);
    train_guard_update(train);
    if (train->diverged_at > 0)
        return LM_OK;
    train_guard_pass(train, stats.grad_norm);
    train_average_update(train);
    train->step++;
    train->loss = loss;
    log_step(train, rate, stats.grad_norm);
    if (options.ratios != NULL)
        show_ratios(train);
    return LM_OK;
}

/* Whether the weights as they are are still to be tried on the valid split. */
static bool is_look_due(const struct train *train)
{
    return train->looks <= train->step && is_looked_at(train->params, train->step);
}

static void show_progress(struct train *train)
{
    lm_ctx_progress(train->ctx, train->step, (uint64_t)train->params->steps, "steps");
    train_speed_show(train);
}

/* A valid loss that is not finite is one more way to diverge: at the last step. */
static enum lm_status validate_or_diverge(struct train *train, struct lm_err *err)
{
    enum lm_status status = validate(train, err);
    if (status != LM_NUMERIC || train->before == NULL)
        return status;
    train_guard_diverge(train, train->step > 0 ? train->step : 1, err);
    return LM_OK;
}

/* Steps and looks until the last, or until the training has diverged. LM_CANCELLED leaves the
 * training as it was after the last whole step or look. */
static enum lm_status train_all(struct train *train, struct lm_err *err)
{
    for (;;) {
        train_state_leave(train);
        if (is_look_due(train))
            LM_TRY(validate_or_diverge(train, err));
        if (train->diverged_at > 0) {
            log_sources(train);
            log_divergence(train);
            return lm_buf_status(&train->log, err);
        }
        if (train->step == (uint64_t)train->params->steps || train_patience_is_over(train)) {
            log_sources(train);
            return lm_buf_status(&train->log, err);
        }
        LM_TRY(one_step(train, err));
        show_progress(train);
        if (train->diverged_at > 0)
            continue;
        if (lm_ctx_cancelled(train->ctx))
            return lm_fail(err, LM_CANCELLED, "interrupted");
        if (lm_ctx_checkpoint_due(train->ctx))
            LM_TRY(train_checkpoint_save(train, err));
    }
}

/* Trains; when it was cancelled or cannot go on, what was reached is kept. Of a training that is
 * only looked at, what was reached is all. */
static enum lm_status train_or_keep(struct train *train, struct lm_err *err)
{
    if (lm_ctx_partial(train->ctx))
        return LM_OK;
    enum lm_status status = train_all(train, err);
    if (status == LM_NUMERIC)
        return train_guard_stop(train, err);
    if (status != LM_CANCELLED)
        return status;
    LM_TRY(train_checkpoint_save(train, err));
    return lm_fail(err, LM_CANCELLED, "interrupted after step %llu; run again to resume",
                   (unsigned long long)train->step);
}

/* ---- beginning and end ---- */

static enum lm_status write_outputs(struct train *train, struct lm_err *err)
{
    const char *folder = lm_ctx_output(train->ctx, "model");
    const char *to = lm_path_join(lm_ctx_arena(train->ctx), folder, "vocab");
    if (to == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory");
    lm_ctx_doing(train->ctx, "writing the model");
    if (train->diverged_at > 0)
        lm_model_set_diverged(train->model, (int64_t)train->diverged_at);
    else if (train->best_weights != NULL && !isnan(train->best))
        train_weights_set(train, train->best_weights);
    else
        train_average_swap(train);
    LM_TRY(train_guard_result(train, err));
    LM_TRY(lm_model_save(train->model, folder, err));
    LM_TRY(lm_file_copy(to, train->vocab, 0644, err));
    if (train->task != &train_lm)
        LM_TRY(lm_objective_save(&train->examples.objective, folder, err));
    return lm_file_write_buf(lm_ctx_output(train->ctx, "log"), &train->log, err);
}

static void put_results(struct train *train)
{
    bool best = train->best_weights != NULL && !isnan(train->best);
    if (!isnan(train->loss))
        lm_ctx_result(train->ctx, "train_loss", train->loss);
    if (train->diverged_at > 0) {
        lm_ctx_headline(train->ctx, "diverged at step %llu",
                        (unsigned long long)train->diverged_at);
    } else if (!isnan(train->valid)) {
        lm_ctx_result(train->ctx, "valid_loss", best ? train->best : train->valid);
        lm_ctx_result(train->ctx, "best_step", (double)train->best_step);
        lm_ctx_headline(train->ctx, "valid loss %.3f at step %llu",
                        best ? train->best : train->valid,
                        (unsigned long long)(best ? train->best_step : train->step));
    } else {
        lm_ctx_headline(train->ctx, "loss %.3f", train->loss);
    }
    lm_ctx_result(train->ctx, "parameters", (double)train->weights);
    train_mixture_report(train->ctx, &train->mixture, &train->data, rows_seen(train));
    train_patience_report(train);
    train_guard_report(train);
}

lm_run_fn lm_run_train;

enum lm_status lm_run_train(struct lm_ctx *ctx, const void *params, struct lm_err *err)
{
    struct train train = {.ctx = ctx, .params = params};
    train.loss = train.valid = train.best = train.patience.lowest = (double)NAN;
    lm_buf_init(&train.log, 0);
    enum lm_status status = train_open(&train, err);
    if (status == LM_OK)
        status = train_or_keep(&train, err);
    if (status == LM_OK)
        status = write_outputs(&train, err);
    if (status == LM_OK)
        put_results(&train);
    lm_model_free(train.model);
    train_data_release(&train.data);
    train_examples_release(&train.examples);
    train_tokens_close(&train.tokens);
    lm_buf_release(&train.log);
    free(train.best_weights);
    free(train.average);
    free(train.before);
    return status;
}
