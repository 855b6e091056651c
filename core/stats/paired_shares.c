#include "stats/paired_shares.h"

#include <math.h>

#include "stats/distributions.h"

struct lm_difference lm_paired_shares(double gained, double lost, double count, double confidence)
{
    const double nan = (double)NAN;
    double first = (gained + 1) / (count + 2), second = (lost + 1) / (count + 2);
    double middle = first - second, z = lm_normal_quantile(1 - (1 - confidence) / 2);
    double error = sqrt((first + second - middle * middle) / (count + 2));
    struct lm_difference out = {(gained - lost) / count, nan, nan, nan, nan};
    if (count < LM_PAIRED_SHARES_LEAST)
        return out;
    out.low = fmax(middle - z * error, -1);
    out.high = fmin(middle + z * error, 1);
    out.error = error;
    out.detectable = lm_detectable(error, confidence);
    return out;
}
