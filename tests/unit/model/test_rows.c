/* Every row kernel (kernels/rows.inc) of every instruction set against the same formula in double,
 * at odd widths. Bounds follow from the order of operations: 16 lanes and a tree make n/16 + 4
 * roundings of a sum. */
#include "model/kernels/kernels.h"

#include <stdint.h>

#include <lmpipe/rng.h>

#include "reference64.h"
#include "tests/tap.h"

#define U 0x1p-24

enum { SETS = 3, ROWS = 5 };

static const char *const names[SETS] = {"c", "avx2", "avx512"};
static const size_t widths[] = {1, 2, 3, 15, 16, 17, 31, 33, 63, 64, 65, 130, 257};

enum { WIDTHS = sizeof widths / sizeof widths[0] };

/* Roundings of a sum over n elements in lanes, and of a product before it, as a relative error. */
static double lanes(size_t n)
{
    return ((double)n / 16 + 6) * U;
}

static float *draw(uint64_t stream, size_t n, double scale)
{
    float *out = malloc((n + 1) * sizeof *out);
    struct lm_rng rng = lm_rng_stream(stream, "rows");
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(scale * lm_rng_normal(rng, 0, i));
    return out;
}

/* Frees all of a NULL-terminated list. */
static void free_all(void *const *list)
{
    for (; *list != NULL; list++)
        free(*list);
}

#define FREE(...) free_all((void *[]){__VA_ARGS__, NULL})

static float *copied(const float *x, size_t n)
{
    float *out = malloc((n + 1) * sizeof *out);
    memcpy(out, x, n * sizeof *out);
    return out;
}

static double *widened(const float *x, size_t n)
{
    double *out = malloc((n + 1) * sizeof *out);
    for (size_t i = 0; i < n; i++)
        out[i] = (double)x[i];
    return out;
}

static double largest(const double *x, size_t n)
{
    double out = 0;
    for (size_t i = 0; i < n; i++)
        out = fabs(x[i]) > out ? fabs(x[i]) : out;
    return out;
}

typedef void rows_fn(struct tap *tap, const struct lm_kernels *kernels, size_t n);

/* Runs a check at all widths with all kernels this processor has. */
static void everywhere(struct tap *tap, rows_fn *check)
{
    for (size_t set = 0; set < SETS; set++) {
        const struct lm_kernels *kernels = lm_kernels_pick(names[set]);
        for (size_t i = 0; i < WIDTHS && kernels != NULL; i++)
            check(tap, kernels, widths[i]);
    }
}

/* ---- layer norm ---- */

/* h, mean and rstd as they must be for x. */
static void hold_norm(struct tap *tap, const float *h, const float *mean, const float *rstd,
                      const float *x, const float *w, const float *b, size_t n)
{
    double *want = malloc((ROWS * n + 1) * sizeof *want), *in = widened(x, ROWS * n);
    double *gain = widened(w, n), *bias = widened(b, n), m[ROWS], s[ROWS];
    reference64_norm(want, m, s, in, gain, bias, ROWS, n);
    for (size_t r = 0; r < ROWS; r++) {
        double most = largest(in + r * n, n), shift = lanes(n) * most * s[r];
        CHECK_NEAR((double)mean[r], m[r], lanes(n) * most);
        CHECK_NEAR((double)rstd[r], s[r], 3 * (lanes(n) + shift) * s[r]);
        for (size_t i = 0; i < n; i++) {
            double unit = fabs((in[r * n + i] - m[r]) * s[r]);
            CHECK_NEAR((double)h[r * n + i], want[r * n + i],
                       3 * (lanes(n) + shift) * (1 + unit) * fabs(gain[i]) +
                           2 * U * (fabs(bias[i]) + fabs(want[r * n + i])));
        }
    }
    FREE(want, in, gain, bias);
}

static void check_layernorm(struct tap *tap, const struct lm_kernels *kernels, size_t n)
{
    size_t all = ROWS * n;
    float *x = draw(1, all, 2), *delta = draw(2, all, 1), *w = draw(3, n, 1), *b = draw(4, n, 1);
    float *y = draw(5, all, 1), *h = draw(6, all, 1), mean[ROWS], rstd[ROWS];
    kernels->norms[LM_NORM_LAYER].forward(h, mean, rstd, x, w, b, ROWS, n);
    hold_norm(tap, h, mean, rstd, x, w, b, n);
    kernels->norms[LM_NORM_LAYER].residual(y, h, mean, rstd, x, delta, NULL, w, b, ROWS, n);
    for (size_t i = 0; i < all; i++)
        CHECK(y[i] == x[i] + delta[i]);
    hold_norm(tap, h, mean, rstd, y, w, b, n);
    kernels->norms[LM_NORM_LAYER].residual(y, delta, mean, rstd, x, delta, b, w, b, ROWS,
                                           n); /* in place */
    float *before = draw(2, all, 1);
    for (size_t i = 0; i < all; i++)
        CHECK(y[i] == x[i] + (before[i] + b[i % n]));
    hold_norm(tap, delta, mean, rstd, y, w, b, n);
    FREE(x, delta, w, b, y, h, before);
}

static void test_layernorm(struct tap *tap)
{
    everywhere(tap, check_layernorm);
}

/* The kernel on what is in `in`, with or without a residual gradient. */
static void hold_norm_back(struct tap *tap, const struct lm_kernels *kernels, size_t n,
                           const float *dres)
{
    size_t all = ROWS * n;
    float *x = draw(1, all, 2), *dh = draw(2, all, 1), *w = draw(3, n, 1), *dx = draw(7, all, 1);
    float *dw = draw(4, n, 1), *db = draw(5, n, 1), mean[ROWS], rstd[ROWS];
    double *in = widened(x, all), *d = widened(dh, all), *gain = widened(w, n), m[ROWS], s[ROWS];
    double *want = calloc(all + 1, sizeof *want), *want_w = widened(dw, n);
    double *want_b = widened(db, n), *none = calloc(n + 1, sizeof *none);
    reference64_norm(want, m, s, in, gain, none, ROWS, n);
    for (size_t r = 0; r < ROWS; r++) {
        m[r] = (double)(mean[r] = (float)m[r]); /* the same for both */
        s[r] = (double)(rstd[r] = (float)s[r]);
    }
    for (size_t i = 0; i < all; i++)
        want[i] = dres == NULL ? 0 : (double)dres[i];
    reference64_norm_back(want, want_w, want_b, d, in, m, s, gain, ROWS, n);
    kernels->norms[LM_NORM_LAYER].backward(dx, dw, db, dh, x, mean, rstd, w, dres, ROWS, n);
    for (size_t r = 0; r < ROWS; r++) {
        double plain = 0, along = 0;
        for (size_t i = r * n; i < (r + 1) * n; i++) {
            plain += fabs(d[i] * gain[i - r * n]) / (double)n;
            along += fabs(d[i] * gain[i - r * n] * (in[i] - m[r]) * s[r]) / (double)n;
        }
        for (size_t i = r * n; i < (r + 1) * n; i++) {
            double unit = fabs((in[i] - m[r]) * s[r]), own = fabs(d[i] * gain[i - r * n]);
            CHECK_NEAR((double)dx[i], want[i],
                       2 * lanes(n) * s[r] * (own + plain + unit * along) +
                           U * (dres == NULL ? 0 : 2 * fabs((double)dres[i])));
        }
    }
    for (size_t i = 0; i < n; i++) {
        double sum_w = 1 + fabs(want_w[i]), sum_b = 1 + fabs(want_b[i]);
        for (size_t r = 0; r < ROWS; r++) {
            sum_w += fabs(d[r * n + i] * (in[r * n + i] - m[r]) * s[r]);
            sum_b += fabs(d[r * n + i]);
        }
        CHECK_NEAR((double)dw[i], want_w[i], (ROWS + 4) * U * sum_w);
        CHECK_NEAR((double)db[i], want_b[i], ROWS * U * sum_b);
    }
    FREE(x, dh, w, dx, dw, db, in, d, gain, want, want_w, want_b, none);
}

static void check_layernorm_backward(struct tap *tap, const struct lm_kernels *kernels, size_t n)
{
    float *dres = draw(6, ROWS * n, 1);
    hold_norm_back(tap, kernels, n, NULL);
    hold_norm_back(tap, kernels, n, dres);
    FREE(dres);
}

static void test_layernorm_backward(struct tap *tap)
{
    everywhere(tap, check_layernorm_backward);
}

/* ---- sums and GELU ---- */

/* One rounding an element: exact. Column sums go through the rows in order. */
static void check_sums(struct tap *tap, const struct lm_kernels *kernels, size_t n)
{
    size_t ld = n + 3;
    float *x = draw(1, ROWS * ld, 2), *y = draw(2, ROWS * n, 1), *b = draw(3, n, 1);
    float *got = copied(y, ROWS * n), *sum = copied(b, n);
    kernels->add_bias(got, b, ROWS, n);
    for (size_t i = 0; i < ROWS * n; i++)
        CHECK(got[i] == y[i] + b[i % n]);
    memcpy(got, y, ROWS * n * sizeof *y);
    kernels->add(got, x, ROWS * n);
    for (size_t i = 0; i < ROWS * n; i++)
        CHECK(got[i] == y[i] + x[i]);
    for (int with = 0; with < 2; with++) {
        memcpy(got, y, ROWS * n * sizeof *y);
        kernels->add_residual(got, with ? b : NULL, x, ROWS, n);
        for (size_t i = 0; i < ROWS * n; i++)
            CHECK(got[i] == (with ? y[i] + b[i % n] : y[i]) + x[i]);
    }
    kernels->column_sums(sum, x, ROWS, n, ld);
    for (size_t i = 0; i < n; i++) {
        float want = b[i];
        for (size_t r = 0; r < ROWS; r++)
            want += x[r * ld + i];
        CHECK(sum[i] == want);
    }
    double *wide = widened(x, n), squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += wide[i] * wide[i];
    CHECK_NEAR(kernels->square_sum(x, n), squares, 1e-14 * squares);
    FREE(x, y, b, got, sum, wide);
}

static void test_sums(struct tap *tap)
{
    everywhere(tap, check_sums);
}

/* Error of GELU's slope s + x·s·(1 − s)·q: 1 − s is off by u where s is near 1, and is 0 beyond 7.
 */
static double slope_error(double x)
{
    double q = 1.595769122 + 0.214064449 * x * x;
    return (16 + (x > 0 && x < 7 ? x * q : 0)) * U;
}

static void check_gelu(struct tap *tap, const struct lm_kernels *kernels, size_t n)
{
    static const float ends[] = {0, -0.0F, 1e-30F, -1e-30F, 30, -30, 1000, -1000, 5.5F, -5.5F};
    size_t all = ROWS * n;
    float *f = draw(1, all, 3), *b = draw(2, n, 1), *g = draw(3, all, 1), *d = draw(4, all, 1);
    float *db = draw(5, n, 1), *before = copied(f, all);
    for (size_t i = 0; i < all && i < 10; i++)
        before[i] = f[i] = ends[i];
    kernels->mlps[LM_MLP_GELU].forward(f, g, b, ROWS, n);
    for (size_t i = 0; i < all; i++) {
        double want = reference64_gelu((double)f[i]);
        CHECK(f[i] == before[i] + b[i % n]);
        CHECK_NEAR((double)g[i], want, 4e-7 * (0.1 + fabs(want)));
    }
    double *slopes = widened(d, all), *sums = widened(db, n), *sizes = widened(db, n);
    for (size_t i = 0; i < all; i++)
        slopes[i] *= reference64_gelu_slope((double)f[i]);
    for (size_t i = 0; i < n; i++) {
        sizes[i] = fabs(sizes[i]);
        for (size_t r = 0; r < ROWS; r++) {
            sums[i] += slopes[r * n + i];
            sizes[i] += fabs((double)d[r * n + i]);
        }
    }
    float *got = copied(d, all);
    kernels->mlps[LM_MLP_GELU].backward(got, db, got, f, ROWS, n);
    for (size_t i = 0; i < all; i++)
        CHECK_NEAR((double)got[i], slopes[i], slope_error((double)f[i]) * fabs((double)d[i]));
    for (size_t i = 0; i < n; i++)
        CHECK_NEAR((double)db[i], sums[i], (6e-6 + 2 * ROWS * U) * sizes[i]);
    FREE(f, b, g, d, db, before, slopes, sums, sizes, got);
}

static void test_gelu(struct tap *tap)
{
    everywhere(tap, check_gelu);
}

/* ---- softmax ---- */

/* Relative error of a share: exp is within 2 ulp, its argument has two roundings of at most its own
 * size, the sum and the quotient come on top. */
static double share_error(size_t n, double range)
{
    return lanes(n) + (8 + 3 * range) * U;
}

/* Row r of a causal block has first + r + 1 scores; what lies beyond `width` is not touched. */
static void check_causal(struct tap *tap, const struct lm_kernels *kernels, size_t n)
{
    const float scale = 0.3F;
    size_t rows = n < ROWS ? n : ROWS, first = n - rows, ld = n + 2, all = rows * ld;
    float *s = draw(1, all, 4), *p = copied(s, all), *again = copied(s, all);
    float max[ROWS], sum[ROWS];
    kernels->softmax_causal(p, ld, rows, first, n, 0, scale, max, sum);
    kernels->softmax_again(again, ld, rows, first, n, 0, scale, max, sum);
    CHECK_INT(memcmp(p, again, all * sizeof *p), 0);
    for (size_t r = 0; r < rows; r++) {
        size_t count = first + r + 1;
        double *want = widened(s + r * ld, count), range = 0;
        for (size_t i = 0; i < count; i++)
            want[i] *= (double)scale;
        range = 2 * largest(want, count);
        double log_sum = reference64_softmax(want, count);
        CHECK_NEAR((double)max[r] + log((double)sum[r]), log_sum, share_error(count, range));
        for (size_t i = 0; i < ld; i++) {
            double share = i < count ? want[i] : 0;
            if (i < n)
                CHECK_NEAR((double)p[r * ld + i], share, share_error(count, range) * share);
            else
                CHECK(p[r * ld + i] == s[r * ld + i]);
        }
        FREE(want);
    }
    FREE(s, p, again);
}

static void test_causal(struct tap *tap)
{
    everywhere(tap, check_causal);
}

static void check_softmax_backward(struct tap *tap, const struct lm_kernels *kernels, size_t n)
{
    enum { FIRST = 2, WIDTH = 11, LD = 13 };

    const float scale = 0.3F;
    size_t ld_o = n + 1;
    float *d = draw(1, ROWS * LD, 1), *p = draw(2, ROWS * LD, 1), *got = copied(d, ROWS * LD);
    float *o = draw(3, ROWS * ld_o, 1), *dout = draw(4, ROWS * ld_o, 1);
    kernels->softmax_backward(got, p, LD, ROWS, FIRST, WIDTH, scale, o, dout, ld_o, n);
    for (size_t r = 0; r < ROWS; r++) {
        double mean = 0, size = 0;
        for (size_t i = 0; i < n; i++) {
            double term = (double)o[r * ld_o + i] * (double)dout[r * ld_o + i];
            mean += term;
            size += fabs(term);
        }
        for (size_t i = r * LD; i < r * LD + LD; i++) {
            double own = (double)d[i], by = (double)p[i] * (double)scale;
            if (i < r * LD + FIRST + r + 1)
                CHECK_NEAR((double)got[i], by * (own - mean),
                           fabs(by) * (lanes(n) * size + 4 * U * (fabs(own) + fabs(mean))));
            else
                CHECK(got[i] == (i < r * LD + WIDTH ? 0 : d[i]));
        }
    }
    FREE(d, p, got, o, dout);
}

static void test_softmax_backward(struct tap *tap)
{
    everywhere(tap, check_softmax_backward);
}

/* A row of logits with ties: what the loss, its gradient and a score say of it. */
static void check_logits(struct tap *tap, const struct lm_kernels *kernels, size_t n)
{
    const float scale = 0.25F;
    float *x = draw(1, n, 3), max, sum;
    for (size_t i = 0; i < n; i += 3)
        x[i] = x[0];
    double *want = widened(x, n), range = 2 * largest(want, n), most = want[0], moment = 0;
    for (size_t i = 0; i < n; i++)
        most = want[i] > most ? want[i] : most;
    double log_sum = reference64_softmax(want, n), weight = exp(log_sum - most), size = 0;
    kernels->softmax_stats(&max, &sum, x, n);
    CHECK((double)max == most);
    CHECK_NEAR((double)sum, weight, share_error(n, range) * weight);
    for (size_t target = 0; target < n; target += 1 + n / 5) {
        struct lm_row_score score;
        float *got = copied(x, n);
        uint32_t above = 0, equal = 0;
        kernels->cross_entropy_backward(got, n, target, max, sum, scale);
        for (size_t i = 0; i < n; i++) {
            CHECK_NEAR((double)got[i], 0.25 * (want[i] - (i == target)),
                       0.25 * (2 * share_error(n, range) * want[i] + U * (i == target)));
            above += x[i] > x[target];
            equal += i != target && x[i] == x[target];
        }
        kernels->score(&score, x, n, target);
        CHECK(score.max == max && score.sum == sum);
        CHECK_INT(score.above, above);
        CHECK_INT(score.equal, equal);
        moment = size = 0;
        for (size_t i = 0; i < n; i++) {
            moment += want[i] * weight * ((double)x[i] - most);
            size += fabs(want[i] * weight * ((double)x[i] - most));
        }
        CHECK_NEAR((double)score.moment, moment, 2 * share_error(n, range) * size);
        FREE(got);
    }
    FREE(x, want);
}

static void test_logits(struct tap *tap)
{
    everywhere(tap, check_logits);
}

/* ---- AdamW ---- */

/* Loshchilov & Hutter 2019, algorithm 2, with corrections as factors. */
static void check_adamw(struct tap *tap, const struct lm_kernels *kernels, size_t n)
{
    const struct lm_adamw o = {0.5F, 1e-3F, 0.9F, 0.95F, 1e-8F, 0.1F, 10, 20};
    float *p = draw(1, n, 1), *g = draw(2, n, 1), *m = draw(3, n, 0.1), *v = draw(4, n, 0.1);
    for (size_t i = 0; i < n; i++)
        v[i] = v[i] * v[i];
    double *p0 = widened(p, n), *g0 = widened(g, n), *m0 = widened(m, n), *v0 = widened(v, n);
    kernels->adamw(p, g, m, v, n, &o);
    for (size_t i = 0; i < n; i++) {
        double gradient = g0[i] * (double)o.scale;
        double a = (double)o.beta1 * m0[i], b = (1 - (double)o.beta1) * gradient;
        double square = (double)o.beta2 * v0[i] + (1 - (double)o.beta2) * gradient * gradient;
        double root = sqrt(square * (double)o.correction2) + (double)o.eps;
        double step = (a + b) * (double)o.correction1 / root;
        double want = p0[i] - (double)o.lr * (step + (double)o.decay * p0[i]);
        double slack = 8 * U * (fabs(a) + fabs(b)) * (double)o.correction1 / root;
        CHECK_NEAR((double)m[i], a + b, 4 * U * (fabs(a) + fabs(b)));
        CHECK_NEAR((double)v[i], square, 5 * U * square);
        CHECK_NEAR((double)p[i], want,
                   U * fabs(want) + (double)o.lr * (slack + 4 * U * (fabs(step) + fabs(p0[i]))));
        CHECK((double)g[i] == g0[i]); /* left as it is */
    }
    FREE(p, g, m, v, p0, g0, m0, v0);
}

static void test_adamw(struct tap *tap)
{
    everywhere(tap, check_adamw);
}

/* ---- SGD, averages, smoothed losses ---- */

/* Sutskever et al. 2013 in PyTorch's form, with and without Nesterov. */
static void check_sgd(struct tap *tap, const struct lm_kernels *kernels, size_t n)
{
    static const struct lm_sgd ways[] = {{0.5F, 1e-2F, 0.9F, 0.1F, 0, 1},
                                         {1, 1e-1F, 0.75F, 0, 1, 0.75F}};
    for (size_t w = 0; w < 2; w++) {
        const struct lm_sgd o = ways[w];
        float *p = draw(1, n, 1), *g = draw(2, n, 1), *m = draw(3, n, 1);
        double *p0 = widened(p, n), *g0 = widened(g, n), *m0 = widened(m, n);
        kernels->sgd(p, g, m, n, &o);
        for (size_t i = 0; i < n; i++) {
            double gradient = g0[i] * (double)o.scale, old = (double)o.momentum * m0[i];
            double step = (double)o.fresh * gradient + (double)o.kept * (old + gradient);
            double size = 2 * (fabs(gradient) + fabs(old)) + fabs(p0[i]);
            double want = p0[i] - (double)o.lr * (step + (double)o.decay * p0[i]);
            CHECK_NEAR((double)m[i], old + gradient, 4 * U * size);
            CHECK_NEAR((double)p[i], want, U * fabs(want) + (double)o.lr * 6 * U * size);
            CHECK((double)g[i] == g0[i]);
        }
        FREE(p, g, m, p0, g0, m0);
    }
}

static void check_approach(struct tap *tap, const struct lm_kernels *kernels, size_t n)
{
    float *y = draw(1, n, 1), *x = draw(2, n, 1);
    double *y0 = widened(y, n);
    kernels->approach(y, x, n, 0.125F);
    for (size_t i = 0; i < n; i++)
        CHECK_NEAR((double)y[i], 0.875 * y0[i] + 0.125 * (double)x[i],
                   2 * U * (fabs(y0[i]) + fabs((double)x[i])));
    FREE(y, x, y0);
}

static void check_smooth(struct tap *tap, const struct lm_kernels *kernels, size_t n)
{
    float *x = draw(1, n, 3);
    double *x0 = widened(x, n), sum = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        sum += x0[i];
        size += fabs(x0[i]);
    }
    CHECK_NEAR((double)kernels->sum(x, n), sum, lanes(n) * size);
    const struct lm_smooth o = {.max = 2, .mass = 0.3F, .floor = 0.01F, .hit = 0.7F};
    kernels->smooth_backward(x, n, n / 3, &o);
    for (size_t i = 0; i < n; i++) {
        double peak = (double)o.mass * exp(x0[i] - (double)o.max);
        double want = peak - (double)o.floor - (i == n / 3 ? (double)o.hit : 0);
        double slack = U * (6 + 2 * fabs(x0[i] - 2)) * peak + 2 * U * (fabs(want) + 1);
        CHECK_NEAR((double)x[i], want, slack);
    }
    FREE(x, x0);
}

static void test_sgd(struct tap *tap)
{
    everywhere(tap, check_sgd);
}

static void test_approach(struct tap *tap)
{
    everywhere(tap, check_approach);
}

static void test_smooth(struct tap *tap)
{
    everywhere(tap, check_smooth);
}

/* By every path the numbers of the places that a loop finds. */
static void places_are_selected(struct tap *tap)
{
    enum { SIZE = 203 };

    static const struct {
        uint16_t first, count;
    } windows[] = {{0, 1}, {3, 2}, {0, 1024}, {1023, 1}, {5, 0}, {65535, 1}, {300, 65235}};

    uint16_t places[SIZE];
    uint32_t found[SIZE], want[SIZE];
    struct lm_rng rng = lm_rng_stream(9, "places");
    for (size_t k = 0; k < SETS; k++) {
        const struct lm_kernels *kernels = lm_kernels_pick(names[k]);
        for (size_t w = 0; kernels != NULL && w < sizeof windows / sizeof windows[0]; w++)
            for (size_t n = 0; n <= SIZE; n++) {
                size_t count = 0;
                for (uint64_t i = 0; i < SIZE; i++)
                    places[i] = (uint16_t)(i % 3 ? lm_rng_below(rng, n, i, 8) : 65535 - i * 321);
                for (uint32_t i = 0; i < n; i++)
                    if (places[i] >= windows[w].first &&
                        places[i] - windows[w].first < windows[w].count)
                        want[count++] = i;
                CHECK_INT(
                    kernels->select_places(found, places, n, windows[w].first, windows[w].count),
                    count);
                CHECK(memcmp(found, want, count * sizeof *found) == 0);
            }
    }
}

static const struct tap_test tests[] = {
    TAP_ROW(test_layernorm) TAP_ROW(test_layernorm_backward) TAP_ROW(test_sums) TAP_ROW(test_gelu)
        TAP_ROW(test_causal) TAP_ROW(test_softmax_backward) TAP_ROW(test_logits) TAP_ROW(test_adamw)
            TAP_ROW(test_sgd) TAP_ROW(test_approach) TAP_ROW(test_smooth)
                TAP_ROW(places_are_selected)};
LM_TEST_FILE(tests)
