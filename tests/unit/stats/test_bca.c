/* BCa intervals: SciPy's on the same resamples (tests/oracle/bca_scipy.py), and what they are where
 * nothing is to be corrected. */
#include "stats/bca.h"

#include <math.h>
#include <string.h>

#include "stats/bootstrap.h"
#include "tap.h"

enum { N = 12, RESAMPLES = 400 };

static const double data[N] = {1.5, 0.3, 2.8, 9.1, 0.7, 4.4, 1.1, 0.2, 6.3, 2.2, 0.9, 3.7};
static const double other[N] = {2.1, 0.8, 2.0, 7.5, 1.9, 3.1, 0.4, 1.2, 7.7, 1.6, 2.5, 3.3};

/* Statistics of `count` places. */
typedef double statistic_fn(const size_t *at, size_t count);

static double mean_of(const size_t *at, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += data[at[i]];
    return sum / (double)count;
}

static double deviation_of(const size_t *at, size_t count)
{
    double mean = mean_of(at, count), squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (data[at[i]] - mean) * (data[at[i]] - mean);
    return sqrt(squares / (double)count);
}

static double pearson_of(const size_t *at, size_t count)
{
    double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < count; i++) {
        x += data[at[i]] / (double)count;
        y += other[at[i]] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        double dx = data[at[i]] - x, dy = other[at[i]] - y;
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    return xy / sqrt(xx * yy);
}

static void interval_of(double *low, double *high, statistic_fn *of, double confidence)
{
    double values[RESAMPLES], jackknife[N];
    size_t at[N];
    uint64_t state = 1;
    for (size_t r = 0; r < RESAMPLES; r++) {
        for (size_t i = 0; i < N; i++) {
            state = (state * 1103515245 + 12345) % 2147483648U;
            at[i] = (size_t)(state >> 16) % N;
        }
        values[r] = of(at, N);
    }
    size_t kept = lm_bootstrap_sort(values, RESAMPLES);
    for (size_t out = 0; out < N; out++) {
        for (size_t i = 0, to = 0; i < N; i++)
            if (i != out)
                at[to++] = i;
        jackknife[out] = of(at, N - 1);
    }
    for (size_t i = 0; i < N; i++)
        at[i] = i;
    lm_bca(low, high, of(at, N), values, kept, jackknife, N, confidence);
}

static void test_scipy(struct tap *tap)
{
    static const struct {
        statistic_fn *of;
        double confidence, low, high;
    } rows[] = {
        {mean_of, 0.95, 1.5583333333333333, 4.7213255449323528},
        {deviation_of, 0.95, 1.5576081965156121, 3.7082096346380546},
        {pearson_of, 0.95, 0.57083188129944196, 0.97451348095850299},
        {mean_of, 0.8, 1.9604153250779701, 4.2216682618283654},
        {deviation_of, 0.8, 1.9962528845117509, 3.5192985483785812},
        {pearson_of, 0.8, 0.71780247936963637, 0.95177766391733509},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double low, high;
        interval_of(&low, &high, rows[i].of, rows[i].confidence);
        CHECK_NEAR(low, rows[i].low, 1e-9);
        CHECK_NEAR(high, rows[i].high, 1e-9);
    }
}

/* Values that lie evenly about the value, items that lie evenly about their mean: percentiles. */
static void test_nothing_to_correct(struct tap *tap)
{
    double values[101], jackknife[] = {1, 2, 3}, low, high;
    for (size_t i = 0; i <= 100; i++)
        values[i] = (double)i;
    lm_bca(&low, &high, 50, values, 101, jackknife, 3, 0.9);
    CHECK_NEAR(low, 5, 1e-9);
    CHECK_NEAR(high, 95, 1e-9);
    lm_bca(&low, &high, 500, values, 101, NULL, 0, 0.9); /* all on one side: nothing is known */
    CHECK_NEAR(low, 5, 1e-9);
    CHECK_NEAR(high, 95, 1e-9);
    for (size_t i = 0; i <= 100; i++)
        values[i] = 3;
    lm_bca(&low, &high, 3, values, 101, jackknife, 3, 0.95);
    CHECK(low == 3 && high == 3);
}

static const struct tap_test tests[] = {TAP_ROW(test_scipy) TAP_ROW(test_nothing_to_correct)};
LM_TEST_FILE(tests)
