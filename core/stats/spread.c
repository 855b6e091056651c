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

struct lm_spread_difference lm_spread_subtract(const struct lm_spread *a, const struct lm_spread *b,
                                               double confidence)
{
    struct lm_spread_difference out = {a->mean - b->mean, (double)NAN, (double)NAN};
    if (a->count < 2 || b->count < 2)
        return out;
    double x = a->deviation * a->deviation / (double)a->count;
    double y = b->deviation * b->deviation / (double)b->count;
    double rest = x * x / (double)(a->count - 1) + y * y / (double)(b->count - 1);
    double freedom = rest > 0 ? floor((x + y) * (x + y) / rest + 1e-9) : 1;
    double half =
        lm_student_quantile(1 - (1 - confidence) / 2, freedom < 1 ? 1 : (uint64_t)freedom) *
        sqrt(x + y);
    out.low = out.value - half;
    out.high = out.value + half;
    return out;
}
