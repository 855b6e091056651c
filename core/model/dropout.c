/* Dropout by counter: the mask is a function of (seed, step, micro-batch, site, element). */
#include "model/core.h"

void lm_dropout(const struct lm_pass *pass, size_t layer, enum lm_site site, float *x,
                uint64_t first, size_t n)
{
    const struct lm_model *model = pass->model;
    double p = model->config.dropout;
    uint32_t limit = (uint32_t)(p * 4294967296.0);
    float keep = (float)(1.0 / (1.0 - p));
    uint64_t major = model->step << 20 | (model->micro_batch & 0xFFFFF);
    uint64_t minor = (uint64_t)(layer * LM_SITES + site) << 44;
    uint32_t word[4];
    for (size_t i = 0; i < n; i++) {
        uint64_t element = first + i;
        if (i == 0 || element % 4 == 0)
            lm_rng_block(word, model->dropout, major, minor | element / 4);
        x[i] *= word[element % 4] < limit ? 0.0F : keep;
    }
}

void lm_dropout_rows(const struct lm_pass *pass, size_t layer, enum lm_site site, float *x,
                     size_t row, size_t rows, size_t width)
{
    lm_dropout(pass, layer, site, x, (uint64_t)row * width, rows * width);
}
