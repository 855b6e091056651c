#include "page/sparkline.h"

#include <math.h>

void lm_sparkline_put(struct lm_buf *out, const double *values, size_t count, size_t most)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double low = INFINITY, high = -INFINITY;
    size_t shown = count < most ? count : most;
    for (size_t i = 0; i < count; i++) {
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
    }
    for (size_t i = 0; i < shown; i++) {
        size_t first = i * count / shown, last = (i + 1) * count / shown;
        double sum = 0;
        for (size_t j = first; j < last; j++)
            sum += values[j];
        double height = high > low ? (sum / (double)(last - first) - low) / (high - low) : 0;
        lm_buf_puts(out, blocks[(size_t)(fmin(fmax(height, 0), 1) * 7.0 + 0.5)]);
    }
}
