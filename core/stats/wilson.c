#include "stats/wilson.h"

#include <math.h>

#define Z 1.959963984540054 /* quantile 0.975 of the standard normal */

void lm_wilson(double *low, double *high, double hits, double count)
{
    double p = hits / count, zz = Z * Z / count;
    double centre = (p + zz / 2) / (1 + zz);
    double half = Z * sqrt((p * (1 - p) + zz / 4) / count) / (1 + zz);
    *low = hits > 0 ? centre - half : 0;
    *high = hits < count ? centre + half : 1;
}
