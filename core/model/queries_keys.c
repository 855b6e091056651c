#include "model/queries_keys.h"

#include <string.h>

#include "base/elem.h"

enum { ROTARY_BASE = 10000 };

/* Angle i of position p is p · base^(−2i/D) (Su et al. 2021, section 3.2.2). */
void lm_turns_fill(struct lm_model *model)
{
    const struct lm_model_config *config = &model->config;
    const struct lm_shape *s = &model->shape;
    if (config->positions != LM_POSITIONS_ROTARY)
        return;
    double base = lm_log(config->rotary_base > 0 ? config->rotary_base : ROTARY_BASE);
    size_t half = s->D / 2;
    for (size_t i = 0; i < half; i++) {
        double turn = lm_exp(-base * 2 * (double)i / (double)s->D);
        for (size_t p = 0; p < s->T; p++) {
            float *at = lm_at(model, model->layout.turns) + p * s->D + i;
            at[0] = (float)lm_cos((double)p * turn);
            at[half] = (float)lm_sin((double)p * turn);
        }
    }
}

bool lm_qk_is_changed(const struct lm_model *model)
{
    return model->config.qk_norm || model->config.positions == LM_POSITIONS_ROTARY;
}

static void turn(const struct lm_model *model, float *row, size_t position, float sign)
{
    const struct lm_shape *s = &model->shape;
    if (model->config.positions == LM_POSITIONS_ROTARY)
        model->kernels->rotate(row, s->H + s->K, s->D,
                               lm_at(model, model->layout.turns) + position * s->D, sign);
}

void lm_qk_row(const struct lm_model *model, size_t layer, float *row, size_t position,
               float *before, float *rstd)
{
    const struct lm_shape *s = &model->shape;
    const struct lm_norm_kernels *rms = &model->kernels->norms[LM_NORM_RMS];
    if (before != NULL && model->config.qk_norm)
        memcpy(before, row, (s->H + s->K) * s->D * sizeof *row);
    for (size_t h = 0; model->config.qk_norm && h < s->H + s->K; h++) {
        float unused, *head = row + h * s->D;
        rms->forward(head, NULL, rstd != NULL ? rstd + h : &unused, head,
                     lm_gain(model, h < s->H ? LM_QN_W : LM_KN_W, layer), NULL, 1, s->D);
    }
    turn(model, row, position, 1);
}

void lm_qk_row_backward(const struct lm_model *model, size_t layer, float *drow, size_t position,
                        const float *before, const float *rstd, float *dq_w, float *dk_w)
{
    const struct lm_shape *s = &model->shape;
    const struct lm_norm_kernels *rms = &model->kernels->norms[LM_NORM_RMS];
    turn(model, drow, position, -1);
    if (!model->config.qk_norm)
        return;
    rms->backward(drow, dq_w, NULL, drow, before, NULL, rstd, lm_gain(model, LM_QN_W, layer), NULL,
                  s->H, s->D);
    size_t keys = s->H * s->D;
    rms->backward(drow + keys, dk_w, NULL, drow + keys, before + keys, NULL, rstd + s->H,
                  lm_gain(model, LM_KN_W, layer), NULL, s->K, s->D);
}
