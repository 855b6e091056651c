#include "stats/calibration.h"

#include <math.h>
#include <string.h>

#include "stats/bootstrap.h"

enum lm_status lm_calibration_cut(struct lm_calibration_bin bins[LM_CALIBRATION_BINS],
                                  const double *confidence, const double *correct, size_t count,
                                  struct lm_arena *arena, struct lm_err *err)
{
    double *sorted = LM_NEW_ARRAY(arena, double, count + 1);
    if (sorted == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu answers; free some", count);
    memset(bins, 0, LM_CALIBRATION_BINS * sizeof *bins);
    memcpy(sorted, confidence, count * sizeof *sorted);
    lm_bootstrap_sort(sorted, count);
    for (size_t i = 0; i < count; i++) {
        size_t b = 0;
        while (b + 1 < LM_CALIBRATION_BINS &&
               confidence[i] >= sorted[(b + 1) * count / LM_CALIBRATION_BINS])
            b++;
        bins[b].count++;
        bins[b].confidence += confidence[i];
        bins[b].correct += correct[i];
    }
    return LM_OK;
}

double lm_calibration_error(const struct lm_calibration_bin bins[LM_CALIBRATION_BINS])
{
    double count = 0, error = 0;
    for (size_t b = 0; b < LM_CALIBRATION_BINS; b++) {
        count += bins[b].count;
        error += fabs(bins[b].correct - bins[b].confidence);
    }
    return count > 0 ? error / count : (double)NAN;
}
