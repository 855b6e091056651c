#include "train_speed.h"

#include <stdio.h>
#include <string.h>

#include "train_ramp.h"

/* Fewer operations than so many a thread are done before anybody looks: some two seconds. */
#define WORTH_MEASURING 2e11

/* Of examples, positions that were computed: their rows have many lengths. */
static double tokens_so_far(const struct train *train)
{
    const struct train_params *p = train->params;
    if (train->positions > 0)
        return (double)train->positions;
    return (double)train_ramp_at(p, (int64_t)train->step).before * (double)p->batch *
           (double)train->context;
}

static double flops_left(const struct train *train)
{
    const struct train_params *p = train->params;
    int64_t left =
        train_ramp_at(p, p->steps).before - train_ramp_at(p, (int64_t)train->step).before;
    return lm_model_step_flops(lm_model_config(train->model), p->batch, train->context) *
           (double)left;
}

void train_speed_begin(struct train *train)
{
    struct lm_machine_peak peak;
    size_t threads = lm_ctx_threads(train->ctx);
    if (flops_left(train) >= WORTH_MEASURING * (double)threads &&
        lm_machine_peak(&peak, lm_ctx_kernels(train->ctx), threads, NULL) == LM_OK) {
        bool is_bf16 = strcmp(train->params->precision, "bf16") == 0 && peak.bf16 > 0;
        train->peak = is_bf16 ? peak.bf16 : peak.fp32;
        lm_ctx_gauge(train->ctx, is_bf16 ? "peak.bf16" : "peak.fp32", train->peak);
    }
    train_speed_show(train);
}

void train_speed_show(struct train *train)
{
    struct lm_phase_stats phases[LM_PHASES];
    double flops = 0, tokens = tokens_so_far(train);
    lm_model_phases(train->model, phases);
    for (size_t i = 0; i < LM_PHASES; i++) {
        char name[40];
        snprintf(name, sizeof name, "%s.seconds", lm_phase_names[i]);
        lm_ctx_gauge(train->ctx, name, phases[i].seconds);
        snprintf(name, sizeof name, "%s.flops", lm_phase_names[i]);
        lm_ctx_gauge(train->ctx, name, phases[i].flops);
        flops += phases[i].flops;
    }
    lm_ctx_gauge(train->ctx, "tokens", tokens);
    lm_ctx_gauge(train->ctx, "flops", flops);
    lm_ctx_pace(train->ctx, "tokens_per_second", tokens, 1);
    if (train->peak > 0)
        lm_ctx_pace(train->ctx, "mfu", flops, 100 / train->peak);
}
