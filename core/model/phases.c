/* Where a step's time goes: wall time and useful work by phase. Nothing hashed reads it. */
#include "model/core.h"

#include "base/clock.h"

const char *const lm_phase_names[LM_PHASES] = {"forward", "attention", "head", "backward",
                                               "update"};

void lm_phase_run(struct lm_model *model, enum lm_phase phase, size_t count, lm_task_fn *fn,
                  void *user)
{
    uint64_t start = lm_clock_monotonic_ns();
    lm_pool_run(model->pool, count, fn, user);
    model->phases[phase].seconds += 1e-9 * (double)(lm_clock_monotonic_ns() - start);
}

/* Multiplications and additions of one pass through the layers' matrices, the attention of all
 * layers, and the head: lm_model_step_flops is three times their sum. */
static double layers_flops(const struct lm_model_config *config, size_t rows)
{
    double width = (double)config->width;
    return 2 * (double)rows * (double)config->layers * 12 * width * width;
}

static double attention_flops(const struct lm_model_config *config, size_t rows, size_t time)
{
    return 4 * (double)rows * (double)config->layers * (double)time * (double)config->width;
}

static double head_flops(const struct lm_model_config *config, size_t rows)
{
    return 2 * (double)rows * (double)config->vocab * (double)config->width;
}

void lm_phase_count_forward(struct lm_model *model, size_t rows, size_t time)
{
    model->phases[LM_PHASE_FORWARD].flops += layers_flops(&model->config, rows);
    model->phases[LM_PHASE_ATTENTION].flops += attention_flops(&model->config, rows, time);
}

void lm_phase_count_head(struct lm_model *model, size_t rows, bool gradients)
{
    model->phases[LM_PHASE_HEAD].flops += (gradients ? 3 : 1) * head_flops(&model->config, rows);
}

void lm_phase_count_backward(struct lm_model *model, size_t rows, size_t time)
{
    model->phases[LM_PHASE_BACKWARD].flops += 2 * layers_flops(&model->config, rows);
    model->phases[LM_PHASE_ATTENTION].flops += 2 * attention_flops(&model->config, rows, time);
}

void lm_model_phases(const struct lm_model *model, struct lm_phase_stats out[LM_PHASES])
{
    for (size_t i = 0; i < LM_PHASES; i++)
        out[i] = model->phases[i];
}
