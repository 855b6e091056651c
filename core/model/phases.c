/* Where a step's time goes: wall time and useful work by phase. Nothing hashed reads it. */
#include "model/core.h"

#include "base/clock.h"
#include "model/trace.h"

const char *const lm_phase_names[LM_PHASES] = {"forward", "attention", "head", "backward",
                                               "update"};

/* One task after the other, each timed. */
static void trace_run(struct lm_model *model, enum lm_phase phase, size_t count, lm_task_fn *fn,
                      void *user)
{
    for (size_t task = 0; task < count; task++) {
        uint64_t start = lm_clock_monotonic_ns();
        fn(user, task, 0);
        model->trace->task(model->trace->user, phase, task,
                           1e-9 * (double)(lm_clock_monotonic_ns() - start));
    }
}

void lm_model_trace(struct lm_model *model, const struct lm_trace *trace)
{
    model->trace = trace;
}

size_t lm_model_cut_for(const struct lm_model *model)
{
    if (model->products->pack == NULL)
        return 1;
    return model->trace != NULL ? model->trace->threads : lm_pool_threads(model->pool);
}

struct lm_grid lm_model_grid(const struct lm_model *model, const struct lm_grid_job *jobs,
                             size_t count, size_t rows)
{
    if (model->products->pack == NULL)
        return (struct lm_grid){rows, (size_t)-1};
    return lm_grid_choose(jobs, count, lm_model_cut_for(model));
}

void lm_phase_run(struct lm_model *model, enum lm_phase phase, size_t near, size_t count,
                  lm_task_fn *fn, void *user)
{
    uint64_t start = lm_clock_monotonic_ns();
    if (model->trace != NULL) {
        trace_run(model, phase, count, fn, user);
        return;
    }
    lm_pool_run_near(model->pool, near, count, fn, user);
    model->phases[phase].seconds += 1e-9 * (double)(lm_clock_monotonic_ns() - start);
}

void lm_phase_count_forward(struct lm_model *model, size_t rows, size_t time)
{
    model->phases[LM_PHASE_FORWARD].flops += lm_layers_flops(&model->config, rows);
    model->phases[LM_PHASE_ATTENTION].flops += lm_attention_flops(&model->config, rows, time);
}

void lm_phase_count_head(struct lm_model *model, size_t rows, size_t products)
{
    model->phases[LM_PHASE_HEAD].flops += (double)products * lm_head_flops(&model->config, rows);
}

void lm_phase_count_backward(struct lm_model *model, size_t rows, size_t time)
{
    size_t L = model->shape.L;
    double twice = 2 * (double)(L - (size_t)model->options.frozen_layers) / (double)L;
    model->phases[LM_PHASE_BACKWARD].flops += twice * lm_layers_flops(&model->config, rows);
    model->phases[LM_PHASE_ATTENTION].flops +=
        twice * lm_attention_flops(&model->config, rows, time);
}

void lm_model_phases(const struct lm_model *model, struct lm_phase_stats out[LM_PHASES])
{
    for (size_t i = 0; i < LM_PHASES; i++)
        out[i] = model->phases[i];
}
