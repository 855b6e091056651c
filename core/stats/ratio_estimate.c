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
