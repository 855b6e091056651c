/** The shape of a model as the stages upstream describe it, for estimates. */
#ifndef LM_MODEL_UPSTREAM_SHAPE_H
#define LM_MODEL_UPSTREAM_SHAPE_H

#include <lmpipe/model.h>
#include <lmpipe/stage.h>

#include "model/arch.h"

/** Shape of the model that a stage upstream trains; false when there is none, or no vocabulary. */
static inline bool lm_upstream_shape(struct lm_model_config *out,
                                     const struct lm_upstream *upstream)
{
    *out = (struct lm_model_config){0};

    const struct {
        const char *type, *param;
        int64_t *value;
    } rows[] = {{"bpe", "vocab_size", &out->vocab},
                {"train", "context", &out->context},
                {"train", "layers", &out->layers},
                {"train", "heads", &out->heads},
                {"train", "width", &out->width}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (!upstream->get_int(upstream->user, rows[i].type, rows[i].param, rows[i].value))
            return false;
    for (size_t i = 0; i < LM_ARCH_ROWS; i++) {
        const struct lm_arch_row *row = &lm_arch_rows[i];
        const char *name = row->param != NULL ? row->param : row->name;
        int64_t value = 0;
        if (upstream->get_int(upstream->user, "train", name, &value))
            lm_arch_set(row, out, row->param != NULL ? !value : value);
    }
    return true;
}

/** What operations cost beside each other: what goes with the width alone (norms, attention's rows,
 *  sums) takes as long as 45 / width of the products, which go with its square. So trainings of
 *  widths 32 to 384 have one pace, within 10 % (docs/internals/estimates.md). */
static inline double lm_work_of(double flops, int64_t width)
{
    return width > 0 ? flops * (1 + 45.0 / (double)width) : flops;
}

/** Operations of one token on its way forward through a model. */
static inline double lm_token_flops(const struct lm_model_config *config)
{
    return lm_model_step_flops(config, 1, config->context) / (double)config->context / 3;
}

#endif
