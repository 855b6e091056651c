/* Kernels against plain double arithmetic at odd shapes, and against each other bit by bit. */
#include "model/kernels/kernels.h"

#include <lmpipe/rng.h>

#include "tests/tap.h"

enum { SETS = 3 };

static const char *const names[SETS] = {"c", "avx2", "avx512"};

static float *random_floats(uint64_t stream, size_t n, double scale)
{
    float *out = malloc((n + 1) * sizeof *out);
    struct lm_rng rng = lm_rng_stream(stream, "kernels");
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(scale * lm_rng_normal(rng, 0, i));
    return out;
}

/* Runs every row kernel on rows of n and gathers all they write. */
static size_t run_rows(const struct lm_kernels *kernels, size_t n, float *out)
{
    enum { ROWS = 3 };

    size_t all = ROWS * n;
    float *x = random_floats(10, all, 2), *w = random_floats(11, n, 1),
          *b = random_floats(12, n, 1);
    float *d = random_floats(13, all, 1), *at_out = out;
    float mean[ROWS], rstd[ROWS], max[ROWS], sum[ROWS];
    kernels->norms[LM_NORM_LAYER].forward(at_out, mean, rstd, x, w, b, ROWS, n);
    kernels->norms[LM_NORM_LAYER].residual(at_out + all, at_out + 2 * all, mean, rstd, x, d, w, w,
                                           b, ROWS, n);
    at_out += 3 * all;
    memset(at_out, 0, (all + 2 * n) * sizeof *at_out);
    kernels->norms[LM_NORM_LAYER].backward(at_out + 2 * n, at_out, at_out + n, d, x, mean, rstd, w,
                                           x, ROWS, n);
    at_out += all + 2 * n;
    memcpy(at_out, x, all * sizeof *x);
    kernels->mlps[LM_MLP_GELU].forward(at_out, at_out + all, b, ROWS, n);
    at_out += 2 * all;
    memcpy(at_out, d, all * sizeof *d);
    memset(at_out + all, 0, 2 * n * sizeof *at_out);
    kernels->mlps[LM_MLP_GELU].backward(at_out, at_out + all, at_out, x, ROWS, n);
    kernels->column_sums(at_out + all + n, x, ROWS, n, n);
    at_out += all + 2 * n;
    memcpy(at_out, x, all * sizeof *x);
    size_t rows = n < ROWS ? n : ROWS; /* a causal block needs as many columns as rows */
    kernels->softmax_causal(at_out, n, rows, n - rows, n, 0, 0.3F, max, sum);
    memcpy(at_out + all, x, all * sizeof *x);
    kernels->softmax_again(at_out + all, n, rows, n - rows, n, 0, 0.3F, max, sum);
    memcpy(at_out + 2 * all, d, all * sizeof *d);
    kernels->softmax_backward(at_out + 2 * all, at_out, n, rows, n - rows, n, 0.3F, x, d, n, n);
    at_out += 3 * all;
    memcpy(at_out, x, n * sizeof *x);
    kernels->softmax_stats(max, sum, x, n);
    kernels->cross_entropy_backward(at_out, n, n / 2, max[0], sum[0], 0.5F);
    struct lm_row_score score;
    kernels->score(&score, x, n, n / 2);
    at_out += n;
    memcpy(at_out,
           (float[]){score.max, score.sum, score.moment, (float)score.above, (float)score.equal,
                     (float)kernels->square_sum(x, n)},
           6 * sizeof *at_out);
    at_out += 6;
    const struct lm_adamw adamw = {0.5F, 1e-3F, 0.9F, 0.95F, 1e-8F, 0.1F, 10, 20};
    memcpy(at_out, x, n * sizeof *x);
    memset(at_out + n, 0, 2 * n * sizeof *at_out);
    kernels->adamw(at_out, d, at_out + n, at_out + 2 * n, n, &adamw);
    at_out += 3 * n;
    const struct lm_sgd sgd = {0.5F, 1e-3F, 0.9F, 0.1F, 1, 0.9F};
    memcpy(at_out, x, n * sizeof *x);
    memcpy(at_out + n, d, n * sizeof *x);
    kernels->sgd(at_out, d, at_out + n, n, &sgd);
    kernels->approach(at_out + n, x, n, 0.3F);
    at_out += 2 * n;
    memcpy(at_out, x, n * sizeof *x);
    kernels->remember(at_out + n, at_out, d, n, &sgd);
    kernels->combine(at_out + 2 * n, 0.3F, at_out, -0.7F, at_out + n, n);
    kernels->scale(at_out + 2 * n, n, 1.7F);
    memcpy(at_out + 3 * n, at_out + 2 * n, n * sizeof *x);
    kernels->travel(at_out + 3 * n, at_out, n, 0.01F, 3, 0.1F);
    at_out += 4 * n;
    const struct lm_smooth smooth = {max[0], 1.25F / sum[0], 0.1F / (float)n, 0.9F};
    memcpy(at_out, x, n * sizeof *x);
    kernels->smooth_backward(at_out, n, n / 2, &smooth);
    at_out[n] = kernels->sum(x, n);
    at_out += n + 1;
    free(x);
    free(w);
    free(b);
    free(d);
    return (size_t)(at_out - out);
}

static void test_rows_equal(struct tap *tap)
{
    static const size_t widths[] = {1, 2, 15, 16, 17, 31, 48, 63, 64, 65, 130, 192, 257};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        size_t n = widths[i], size = 64 * n + 64;
        float *want = calloc(size, sizeof *want), *got = calloc(size, sizeof *got);
        size_t count = run_rows(lm_kernels_pick("c"), n, want);
        CHECK(count < size);
        for (size_t set = 1; set < SETS; set++) {
            const struct lm_kernels *kernels = lm_kernels_pick(names[set]);
            if (kernels == NULL)
                continue;
            run_rows(kernels, n, got);
            CHECK_INT(memcmp(want, got, count * sizeof *got), 0);
        }
        free(want);
        free(got);
    }
}

/* Values against libm in double: relative error of the exponential inside softmax and GELU. */
static void test_values(struct tap *tap)
{
    enum { N = 4001 };
    const struct lm_kernels *kernels = lm_kernels_pick(NULL);
    float *x = malloc(N * sizeof *x), *e = malloc(N * sizeof *e);
    double worst = 0;
    for (int i = 0; i < N; i++)
        e[i] = x[i] = (float)(i - N + 1) * 0.02F; /* -80 … 0 */
    float zero = 0, one = 1;
    kernels->softmax_again(e, N, 1, N - 1, N, 0, 1, &zero, &one);
    for (int i = 0; i < N; i++) {
        double want = exp((double)x[i]), error = fabs((double)e[i] - want) / want;
        worst = error > worst ? error : worst;
    }
    CHECK(worst < 2.4e-7); /* 2 ulp */
    for (int i = 0; i < N; i++)
        e[i] = x[i] = (float)(i - N / 2) * 0.004F; /* -8 … 8 */
    kernels->gelu(e, N);
    for (int i = 0; i < N; i++) {
        double v = (double)x[i];
        double want = 0.5 * v * (1 + tanh(0.7978845608028654 * (v + 0.044715 * v * v * v)));
        CHECK_NEAR((double)e[i], want, 4e-7 * (0.1 + fabs(want)));
    }
    float logits[3] = {1, NAN, 2}, max, sum;
    kernels->softmax_stats(&max, &sum, logits, 3);
    CHECK(isnan(sum)); /* a bad number is never lost */
    free(x);
    free(e);
}

static void test_pick(struct tap *tap)
{
    CHECK(lm_kernels_pick("c") == &lm_kernels_c);
    CHECK(lm_kernels_pick("sse9") == NULL);
    CHECK(lm_kernels_pick("auto") == lm_kernels_pick(NULL));
    char text[96];
    lm_blas_describe(text, sizeof text);
    CHECK(strncmp(text, "openblas 0.", 11) == 0);
    const char *better = lm_blas_better_core(); /* never what it already is */
    CHECK(better == NULL || strstr(text, better) == NULL);
}

static const struct tap_test tests[] = {TAP_ROW(test_rows_equal) TAP_ROW(test_values)
                                            TAP_ROW(test_pick)};
LM_TEST_FILE(tests)
