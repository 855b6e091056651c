/* The polar factor by Newton-Schulz: against the same iteration in double, and the same bits. */
#include "model/polar.h"

#include <lmpipe/rng.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/kernels/kernels.h"
#include "tests/tap.h"

static const struct {
    size_t rows, cols;
} shapes[] = {{1, 1}, {1, 9}, {9, 1}, {16, 16}, {33, 33}, {70, 70}, {64, 20}, {20, 64}, {37, 90}};

enum { SHAPES = sizeof shapes / sizeof shapes[0], STEPS = 5 };

static void fill(float *x, size_t n, uint64_t at)
{
    struct lm_rng rng = lm_rng_stream(4, "polar");
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(3 * lm_rng_normal(rng, at, i));
}

static double norm_of(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sqrt(sum);
}

/* Through the kernels called `name`; false: this processor lacks them. */
static bool run(float *x, size_t rows, size_t cols, const char *name, const float abc[3])
{
    const struct lm_kernels *kernels = lm_kernels_pick(name);
    if (kernels == NULL)
        return false;
    const struct lm_polar how = {
        kernels, lm_products_pick(kernels->name, LM_PRECISION_F32), STEPS, abc[0], abc[1], abc[2]};
    float *room = aligned_alloc(64, (lm_polar_floats(rows, cols) + 16) / 16 * 64);
    lm_polar(&how, x, rows, cols, norm_of(x, rows * cols), room);
    free(room);
    return true;
}

/* X <- aX + (bA + cA^2)X with A = XX', of a wide or square matrix, whichever way it lies. */
static void reference(double *x, size_t rows, size_t cols, const float abc[3])
{
    double *a = calloc(rows * rows, sizeof *a), *p = calloc(rows * rows, sizeof *p);
    double *y = calloc(rows * cols, sizeof *y);
    for (int step = 0; step < STEPS; step++) {
        for (size_t i = 0; i < rows * rows; i++) {
            a[i] = 0;
            for (size_t k = 0; k < cols; k++)
                a[i] += x[i / rows * cols + k] * x[i % rows * cols + k];
        }
        for (size_t i = 0; i < rows * rows; i++) {
            p[i] = (double)abc[1] * a[i];
            for (size_t k = 0; k < rows; k++)
                p[i] += (double)abc[2] * a[i / rows * rows + k] * a[k * rows + i % rows];
        }
        for (size_t i = 0; i < rows * cols; i++) {
            y[i] = (double)abc[0] * x[i];
            for (size_t k = 0; k < rows; k++)
                y[i] += p[i / cols * rows + k] * x[k * cols + i % cols];
        }
        memcpy(x, y, rows * cols * sizeof *x);
    }
    free(a), free(p), free(y);
}

/* Largest difference from the reference. */
static double error_of(const float *got, const float *given, size_t rows, size_t cols,
                       const float abc[3])
{
    bool turned = rows > cols;
    size_t m = turned ? cols : rows, n = turned ? rows : cols;
    double *want = calloc(m * n, sizeof *want), norm = norm_of(given, m * n), worst = 0;
    for (size_t i = 0; i < m * n; i++)
        want[i] = (double)given[turned ? i % n * cols + i / n : i] / (norm * 1.01);
    reference(want, m, n, abc);
    for (size_t i = 0; i < m * n; i++) {
        double error = fabs((double)got[turned ? i % n * cols + i / n : i] - want[i]);
        worst = error > worst ? error : worst;
    }
    free(want);
    return worst;
}

static const float usual[] = {3.4445F, -4.775F, 2.0315F}, gentle[] = {1.875F, -1.25F, 0.375F};

static void test_against_double(struct tap *tap)
{
    for (size_t i = 0; i < SHAPES; i++) {
        size_t rows = shapes[i].rows, cols = shapes[i].cols, n = rows * cols;
        float *given = calloc(n, sizeof *given), *x = calloc(n, sizeof *x);
        fill(given, n, i);
        memcpy(x, given, n * sizeof *x);
        REQUIRE(run(x, rows, cols, "auto", usual));
        double error = error_of(x, given, rows, cols, usual);
        printf("# %zu x %zu: %.1e\n", rows, cols, error);
        CHECK(error < 1e-5);
        memcpy(x, given, n * sizeof *x);
        REQUIRE(run(x, rows, cols, "auto", gentle));
        CHECK(error_of(x, given, rows, cols, gentle) < 1e-5);
        free(given), free(x);
    }
}

/* Rows of unit length and at right angles, roughly: what the steps are for. */
static void test_orthogonal(struct tap *tap)
{
    enum { M = 12, N = 40 };

    float x[M * N];
    fill(x, M * N, 99);
    REQUIRE(run(x, M, N, "auto", usual));
    for (size_t i = 0; i < M; i++)
        for (size_t j = 0; j <= i; j++) {
            double product = 0;
            for (size_t k = 0; k < N; k++)
                product += (double)x[i * N + k] * (double)x[j * N + k];
            CHECK(fabs(product - (i == j ? 0.9 : 0)) < 0.45);
        }
}

static void test_zeros_and_bits(struct tap *tap)
{
    static const char *const kernels[] = {"avx2", "avx512"};
    float zero[40] = {0};
    REQUIRE(run(zero, 5, 8, "c", usual));
    CHECK(norm_of(zero, 40) == 0);
    for (size_t i = 0; i < SHAPES; i++) {
        size_t rows = shapes[i].rows, cols = shapes[i].cols, n = rows * cols;
        float *want = calloc(n, sizeof *want), *got = calloc(n, sizeof *got);
        fill(want, n, i);
        REQUIRE(run(want, rows, cols, "c", usual));
        for (size_t k = 0; k < 2; k++) {
            fill(got, n, i);
            if (run(got, rows, cols, kernels[k], usual))
                CHECK_INT(memcmp(want, got, n * sizeof *got), 0);
        }
        free(want), free(got);
    }
}

static const struct tap_test tests[] = {TAP_ROW(test_against_double) TAP_ROW(test_orthogonal)
                                            TAP_ROW(test_zeros_and_bits)};
LM_TEST_FILE(tests)
