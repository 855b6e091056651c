#include "stats/spread.h"

#include <math.h>

#include "stats/distributions.h"

struct lm_spread lm_spread_of(const double *values, size_t count, double confidence)
{
    double sum = 0, squares = 0, n = (double)count;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    struct lm_spread out = {count, sum / n, (double)NAN, (double)NAN, (double)NAN};
    if (count < 2)
        return out;
    for (size_t i = 0; i < count; i++)
        squares += (values[i] - out.mean) * (values[i] - out.mean);
    out.deviation = sqrt(squares / (n - 1));
    double half =
        lm_student_quantile(1 - (1 - confidence) / 2, count - 1) * out.deviation / sqrt(n);
    out.low = out.mean - half;
    out.high = out.mean + half;
    return out;
}
