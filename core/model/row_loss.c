/*
 * The loss of a row of logits:
 * log Z − Σ q·l + z·log²Z, with q = 1 − e at the target plus e/V everywhere: plain likelihood when
 * e = z = 0. Szegedy et al. 2016; Chowdhery et al. 2022.
 */
#include "model/row_loss.h"

#include <string.h>

#include "base/elem.h"

/* log Z, from what the forward pass kept of the row. */
static double row_log_sum(const struct lm_model *model, size_t row)
{
    const struct lm_layout *at = &model->layout;
    return (double)lm_at(model, at->row_max)[row] + lm_log((double)lm_at(model, at->row_sum)[row]);
}

/* Σ q·l of a row of logits. */
static float row_hit(const struct lm_model *model, const float *line, int32_t target)
{
    size_t V = (size_t)model->config.vocab;
    double e = model->options.label_smoothing;
    if (target < 0)
        return 0;
    if (e == 0)
        return line[target];
    return (float)((1 - e) * (double)line[target] +
                   e * (double)model->kernels->sum(line, V) / (double)V);
}

double lm_row_loss(const struct lm_model *model, size_t row)
{
    double log_sum = row_log_sum(model, row), z = model->options.z_loss;
    double loss = log_sum - (double)lm_at(model, model->layout.row_hit)[row];
    return z > 0 ? loss + z * log_sum * log_sum : loss;
}

/* softmax·(1 + 2·z·log Z) − q, times the scale. */
static struct lm_smooth smooth_of(const struct lm_pass *pass, size_t row, float scale)
{
    const struct lm_model *model = pass->model;
    const struct lm_layout *at = &model->layout;
    double e = model->options.label_smoothing, wide = (double)scale;
    double mass = 1 + 2 * model->options.z_loss * row_log_sum(model, row);
    return (struct lm_smooth){
        .max = lm_at(model, at->row_max)[row],
        .mass = (float)(wide * mass / (double)lm_at(model, at->row_sum)[row]),
        .floor = (float)(wide * e / (double)model->config.vocab),
        .hit = (float)(wide * (1 - e)),
    };
}

enum { CAPPED = 1024 };

/* The same of capped logits, before they were capped: piece by piece, since both are needed. */
static void capped_gradient(const struct lm_model *model, float *line, size_t hit,
                            const struct lm_smooth *smooth)
{
    float kept[CAPPED];
    size_t V = (size_t)model->config.vocab;
    for (size_t at = 0; at < V; at += CAPPED) {
        size_t count = V - at < CAPPED ? V - at : CAPPED;
        bool is_hit = hit >= at && hit - at < count;
        struct lm_smooth piece = *smooth;
        piece.hit = is_hit ? smooth->hit : 0;
        memcpy(kept, line + at, count * sizeof *kept);
        model->kernels->smooth_backward(line + at, count, is_hit ? hit - at : 0, &piece);
        model->kernels->cap_backward(line + at, kept, count, (float)model->config.logit_cap);
    }
}

/* Gradients of a row of logits in their place, as an operand. */
static void row_gradient(const struct lm_pass *pass, float *line, size_t row, int32_t target)
{
    const struct lm_model *model = pass->model;
    const struct lm_layout *at = &model->layout;
    size_t V = (size_t)model->config.vocab, hit = target < 0 ? 0 : (size_t)target;
    float scale = target < 0 ? 0 : pass->scale;
    const struct lm_smooth smooth = smooth_of(pass, row, scale);
    if (model->config.logit_cap > 0) {
        capped_gradient(model, line, hit, &smooth);
    } else if (model->options.label_smoothing > 0 || model->options.z_loss > 0) {
        model->kernels->smooth_backward(line, V, hit, &smooth);
    } else {
        model->kernels->cross_entropy_backward(line, V, hit, lm_at(model, at->row_max)[row],
                                               lm_at(model, at->row_sum)[row], scale);
    }
    lm_store(model, line, line, 1, V);
}

void lm_row_learn(const struct lm_pass *pass, float *line, size_t row)
{
    const struct lm_model *model = pass->model;
    const struct lm_layout *at = &model->layout;
    int32_t target = ((const int32_t *)lm_at(model, at->targets))[row];
    model->kernels->softmax_stats(lm_at(model, at->row_max) + row, lm_at(model, at->row_sum) + row,
                                  line, model->shape.V);
    lm_at(model, at->row_hit)[row] = row_hit(model, line, target);
    if (pass->want_grad)
        row_gradient(pass, line, row, target);
}
