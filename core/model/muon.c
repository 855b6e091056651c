#include "model/muon.h"

#include <math.h>
#include <string.h>

const char *const lm_muon_scale_names[] = {"rms", "spectral", NULL};

enum lm_muon_scale lm_muon_scale_find(const char *name)
{
    for (size_t i = 0; name != NULL && i < LM_MUON_SCALES; i++)
        if (strcmp(name, lm_muon_scale_names[i]) == 0)
            return (enum lm_muon_scale)i;
    return LM_MUON_RMS;
}

/* Of an orthonormal matrix; matrices lie as [in, out]. */
static double factor_of(enum lm_muon_scale rule, size_t rows, size_t cols)
{
    double m = (double)rows, n = (double)cols;
    if (rule == LM_MUON_SPECTRAL)
        return n > m ? sqrt(n / m) : 1;
    return 0.2 * sqrt(m > n ? m : n);
}

void lm_muon_update(const struct lm_model *model, size_t worker, const struct lm_muon *how,
                    const struct lm_muon_piece *piece, double sizes[2])
{
    const struct lm_tensor *tensor = &model->tensors[piece->tensor];
    size_t rows = (size_t)tensor->shape[0], ld = (size_t)tensor->shape[1], cols = piece->cols;
    float *momentum = lm_at(model, model->layout.moment1) +
                      (tensor->data - lm_at(model, model->layout.params)) + piece->first;
    float *weights = tensor->data + piece->first;
    const float *gradient = tensor->grad + piece->first;
    float *x = lm_at(model, model->layout.muon + worker * model->layout.muon_stride);
    for (size_t r = 0; r < rows; r++)
        model->kernels->remember(x + r * cols, momentum + r * ld, gradient + r * ld, cols,
                                 &how->memory);
    double norm = sqrt(model->kernels->square_sum(x, rows * cols));
    lm_polar(&how->polar, x, rows, cols, norm, x + (rows * cols + 15) / 16 * 16);
    float lr = (float)how->lr, decay = (float)how->decay;
    float factor = (float)factor_of(how->rule, rows, cols);
    for (size_t r = 0; r < rows; r++) {
        float *row = weights + r * ld, *step = x + r * cols;
        if (sizes != NULL)
            sizes[1] += model->kernels->square_sum(row, cols);
        model->kernels->travel(row, step, cols, lr, factor, decay);
        if (sizes != NULL)
            sizes[0] += model->kernels->square_sum(step, cols);
    }
}
