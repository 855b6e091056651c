#include "stats/ratio_estimate.h"

#include <math.h>

struct lm_ratio_estimate lm_ratio_estimate(const double *over, const double *under,
                                           const uint32_t *counts, size_t items)
{
    double sum = 0, total = 0, squares = 0;
    for (size_t i = 0; i < items; i++) {
        double count = counts != NULL ? counts[i] : 1;
        sum += count * over[i];
        total += count * under[i];
    }
    struct lm_ratio_estimate out = {(double)NAN, (double)NAN};
    if (!(total > 0))
        return out;
    out.ratio = sum / total;
    for (size_t i = 0; i < items; i++) {
        double rest = over[i] - out.ratio * under[i];
        squares += (counts != NULL ? counts[i] : 1) * (rest * rest);
    }
    out.error = sqrt(squares) / total;
    return out;
}

void lm_ratio_estimates(struct lm_ratio_estimate out[LM_RATIO_LANES], const double *over,
                        const double *under, const uint32_t *counts, size_t items)
{
    double sum[LM_RATIO_LANES] = {0}, total[LM_RATIO_LANES] = {0}, squares[LM_RATIO_LANES] = {0};
    double ratio[LM_RATIO_LANES];
    for (size_t i = 0; i < items; i++)
        for (size_t l = 0; l < LM_RATIO_LANES; l++) {
            double count = counts[l * items + i];
            sum[l] += count * over[i];
            total[l] += count * under[i];
        }
    for (size_t l = 0; l < LM_RATIO_LANES; l++)
        ratio[l] = total[l] > 0 ? sum[l] / total[l] : (double)NAN;
    for (size_t i = 0; i < items; i++)
        for (size_t l = 0; l < LM_RATIO_LANES; l++) {
            double rest = over[i] - ratio[l] * under[i];
            squares[l] += counts[l * items + i] * (rest * rest);
        }
    for (size_t l = 0; l < LM_RATIO_LANES; l++)
        out[l] = (struct lm_ratio_estimate){ratio[l], total[l] > 0 ? sqrt(squares[l]) / total[l]
                                                                   : (double)NAN};
}
