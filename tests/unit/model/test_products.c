/* Matrix products against double arithmetic at odd shapes, and against each other bit by bit. */
#include "model/kernels/products.h"

#include <lmpipe/rng.h>

#include "model/kernels/bf16.h"
#include "model/kernels/kernels.h"
#include "tests/tap.h"

/* Every table of a precision; those that this processor lacks are left out. */
struct set {
    const char *kernels; /* lm_kernels_pick knows whether they run here */
    const struct lm_products *products;
};

enum { SETS = 4 };

static const struct set sets[LM_PRECISIONS][SETS] = {
    {{"c", &lm_products_f32_c},
     {"avx2", &lm_products_f32_avx2},
     {"avx512", &lm_products_f32_avx512},
     {NULL, &lm_products_f32_blas}},
    {{"c", &lm_products_bf16_c},
     {"avx2", &lm_products_bf16_avx2},
     {"avx512", &lm_products_bf16_avx512},
     {NULL, NULL}},
};

/* The set at `index`, the last being the fastest of all; NULL: none here. */
static const struct lm_products *set_at(enum lm_precision precision, size_t index)
{
    const struct set *set = &sets[precision][index];
    if (set->kernels != NULL)
        return lm_kernels_pick(set->kernels) != NULL ? set->products : NULL;
    return set->products != NULL ? set->products
                                 : lm_products_pick(lm_kernels_pick(NULL)->name, precision);
}

static float *random_floats(uint64_t stream, size_t n)
{
    float *out = malloc((n + 1) * sizeof *out);
    struct lm_rng rng = lm_rng_stream(stream, "products");
    for (size_t i = 0; i < n; i++)
        out[i] = (float)lm_rng_normal(rng, 0, i);
    return out;
}

static float *copy_of(const float *x, size_t n)
{
    float *out = malloc((n + 1) * sizeof *out);
    memcpy(out, x, n * sizeof *out);
    return out;
}

static float *scratch_space(void)
{
    return aligned_alloc(64, LM_GEMM_SCRATCH * sizeof(float));
}

static const struct lm_causal whole = {LM_CAUSAL_NONE, 0};

/* A product to be checked, and its operands. */
struct product {
    enum lm_gemm_form form;
    size_t m, n, k, lda, ldb, ldc;
    bool accumulate;
    float *a, *b, *start;
};

static void product_init(struct product *p, enum lm_gemm_form form, const size_t shape[3],
                         bool accumulate)
{
    *p = (struct product){.form = form, .m = shape[0], .n = shape[1], .k = shape[2]};
    p->accumulate = accumulate;
    p->lda = (form == LM_TN ? p->m : p->k) + 3;
    p->ldb = (form == LM_NT ? p->k : p->n) + 5;
    p->ldc = p->n + 1;
    p->a = random_floats(1, (form == LM_TN ? p->k : p->m) * p->lda);
    p->b = random_floats(2, (form == LM_NT ? p->n : p->k) * p->ldb);
    p->start = random_floats(3, p->m * p->ldc);
}

static void product_release(struct product *p)
{
    free(p->a);
    free(p->b);
    free(p->start);
}

static double element(const struct product *p, bool left, size_t i, size_t at,
                      enum lm_precision precision)
{
    const float *data = left ? p->a : p->b;
    size_t ld = left ? p->lda : p->ldb;
    bool turned = left ? p->form == LM_TN : p->form != LM_NT;
    float x = turned ? data[at * ld + i] : data[i * ld + at];
    return (double)(precision == LM_PRECISION_BF16 ? lm_bits_float(lm_bf16_round(x)) : x);
}

static void check_values(struct tap *tap, const struct product *p, enum lm_precision precision,
                         const float *c)
{
    for (size_t i = 0; i < p->m; i++) {
        for (size_t j = 0; j < p->n; j++) {
            double want = p->accumulate ? (double)p->start[i * p->ldc + j] : 0;
            for (size_t at = 0; at < p->k; at++)
                want += element(p, true, i, at, precision) * element(p, false, j, at, precision);
            CHECK_NEAR((double)c[i * p->ldc + j], want, 1e-6 * (double)(p->k + 10));
        }
        CHECK(c[i * p->ldc + p->n] == p->start[i * p->ldc + p->n]); /* nothing beside it */
    }
}

/* From the last part to the first: none needs another. */
static void pack_all(const struct lm_products *products, const struct lm_packed *packed,
                     const struct lm_operand *right)
{
    for (size_t part = lm_packed_parts(products->depth, packed->n, packed->k); part-- > 0;)
        products->pack(packed, right, part);
}

/* The same product with its right operand packed, which has more rows and columns than are used. */
static float *packed_product(const struct lm_products *products, const struct product *p)
{
    struct lm_packed packed = {.n = p->n, .k = p->k};
    const struct lm_operand left = {p->form == LM_TN ? LM_TN : LM_NN, p->a, p->lda, false};
    const struct lm_operand right = {p->form == LM_NT ? LM_NT : LM_NN, p->b, p->ldb, false};
    size_t floats = lm_packed_floats(products->depth, p->n, p->k);
    packed.data = aligned_alloc(64, (floats + 15) / 16 * 64);
    float *c = copy_of(p->start, p->m * p->ldc), *scratch = scratch_space();
    pack_all(products, &packed, &right);
    products->multiply(p->m, p->n, p->k, left, &packed, p->accumulate, c, p->ldc, whole, scratch);
    free(packed.data);
    free(scratch);
    return c;
}

/* One shape: error against double; all sets equal in every bit, packed or not. */
static void check_gemm(struct tap *tap, const struct product *p, enum lm_precision precision)
{
    float *first = NULL, *scratch = scratch_space();
    size_t bytes = p->m * p->ldc * sizeof *p->a;
    for (size_t i = 0; i < SETS; i++) {
        const struct lm_products *products = set_at(precision, i);
        if (products == NULL)
            continue;
        float *c = copy_of(p->start, p->m * p->ldc);
        products->gemm(p->form, p->m, p->n, p->k, p->a, p->lda, p->b, p->ldb, p->accumulate, c,
                       p->ldc, whole, scratch);
        check_values(tap, p, precision, c);
        if (first == NULL)
            first = copy_of(c, p->m * p->ldc);
        if (products->pack != NULL) { /* OpenBLAS has bits of its own */
            float *again = packed_product(products, p);
            CHECK_INT(memcmp(first, c, bytes), 0);
            CHECK_INT(memcmp(first, again, bytes), 0);
            free(again);
        }
        free(c);
    }
    free(first);
    free(scratch);
}

static void test_gemm(struct tap *tap)
{
    static const size_t shapes[][3] = {{1, 1, 1},    {7, 5, 3},      {12, 32, 16}, {13, 33, 17},
                                       {31, 64, 65}, {25, 100, 300}, {241, 40, 9}, {5, 530, 40},
                                       {9, 600, 35}, {4, 21, 1030}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (int form = LM_NN; form <= LM_TN; form++)
            for (int precision = 0; precision < LM_PRECISIONS; precision++) {
                struct product p;
                product_init(&p, (enum lm_gemm_form)form, shapes[i], i % 2 == (size_t)form % 2);
                check_gemm(tap, &p, (enum lm_precision)precision);
                product_release(&p);
            }
}

/* Any way of cutting the outputs gives the same bits: that is what makes task grids free. */
static void test_cuts(struct tap *tap)
{
    enum { M = 70, N = 90, K = 1031 };

    for (int precision = 0; precision < LM_PRECISIONS; precision++) {
        const struct lm_products *products =
            lm_products_pick(lm_kernels_pick(NULL)->name, (enum lm_precision)precision);
        float *a = random_floats(1, (size_t)M * K), *b = random_floats(2, (size_t)N * K);
        float *all = malloc(sizeof(float[M * N])), *parts = malloc(sizeof(float[M * N]));
        float *scratch = scratch_space();
        products->gemm(LM_NN, M, N, K, a, K, b, N, false, all, N, whole, scratch);
        for (size_t i = 0; i < M; i += 9)
            for (size_t j = 0; j < N; j += 23)
                products->gemm(LM_NN, M - i < 9 ? M - i : 9, N - j < 23 ? N - j : 23, K, a + i * K,
                               K, b + j, N, false, parts + i * N + j, N, whole, scratch);
        size_t bytes = sizeof(float[M * N]);
        CHECK_INT(memcmp(all, parts, bytes), 0);
        free(a);
        free(b);
        free(all);
        free(parts);
        free(scratch);
    }
}

/* Whether query i sees key j. */
static bool sees(const struct lm_causal *causal, size_t i, size_t j)
{
    return j <= i + causal->first;
}

/* A left operand that is 0 where its part of a causal product says so. */
static float *causal_left(const struct lm_causal *causal, size_t queries, size_t keys)
{
    float *out = random_floats(7, queries * keys);
    for (size_t i = 0; i < queries && causal->part != LM_CAUSAL_OUT; i++)
        for (size_t j = 0; j < keys; j++)
            out[i * keys + j] = sees(causal, i, j) ? out[i * keys + j] : 0;
    return out;
}

/* What counts of a causal product, packed or not, equals the whole product. */
static void check_causal(struct tap *tap, const struct lm_products *products,
                         const struct lm_causal *causal, const size_t shape[3], bool accumulate)
{
    bool turned = causal->part == LM_CAUSAL_TURNED, out = causal->part == LM_CAUSAL_OUT;
    size_t queries = shape[0], keys = shape[1], size = shape[2];
    size_t m = turned ? keys : queries, n = out ? keys : size, k = turned ? queries : keys;
    k = out ? size : k;
    enum lm_gemm_form form = turned ? LM_TN : LM_NN;
    float *a = causal_left(causal, queries, out ? size : keys), *b = random_floats(8, k * n);
    float *want = random_floats(9, m * n), *scratch = scratch_space();
    float *got[2] = {copy_of(want, m * n), copy_of(want, m * n)};
    struct lm_packed packed = {.n = n, .k = k};
    const struct lm_operand left = {form, a, turned ? m : k, false}, right = {LM_NN, b, n, false};
    packed.data = aligned_alloc(64, lm_packed_floats(products->depth, n, k) * 4 / 64 * 64 + 64);
    pack_all(products, &packed, &right);
    products->gemm(form, m, n, k, a, left.ld, b, n, accumulate, want, n, whole, scratch);
    products->gemm(form, m, n, k, a, left.ld, b, n, accumulate, got[0], n, *causal, scratch);
    products->multiply(m, n, k, left, &packed, accumulate, got[1], n, *causal, scratch);
    size_t differing = 0;
    for (size_t i = 0; i < m * n; i++)
        if (!out || sees(causal, i / n, i % n))
            differing += want[i] != got[0][i] || want[i] != got[1][i];
    CHECK_INT(differing, 0);
    free(a);
    free(b);
    free(want);
    free(got[0]);
    free(got[1]);
    free(packed.data);
    free(scratch);
}

static void test_causal(struct tap *tap)
{
    static const size_t shapes[][3] = {/* queries, keys, size of a head */
                                       {1, 1, 1},    {64, 64, 32},  {17, 17, 40}, {5, 64, 64},
                                       {64, 600, 9}, {64, 128, 33}, {300, 300, 8}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0] * 3; i++)
        for (int part = LM_CAUSAL_OUT; part <= LM_CAUSAL_TURNED; part++)
            for (size_t set = 0; set < 2 * SETS; set++) {
                const size_t *shape = shapes[i / 3];
                const struct lm_products *products =
                    set_at(set % 2 ? LM_PRECISION_BF16 : LM_PRECISION_F32, set / 2);
                /* queries follow keys that all see, stand beside them, or follow a few */
                const size_t firsts[] = {shape[1] - shape[0], 0, 3};
                const struct lm_causal causal = {(enum lm_causal_part)part, firsts[i % 3]};
                if (products != NULL && products->pack != NULL)
                    check_causal(tap, products, &causal, shape, i % 2 == 0);
            }
}

/* The first columns and rows of a packed operand serve as an operand of their own. */
static void test_part_of_packed(struct tap *tap)
{
    enum { M = 20, N = 700, K = 1100, n = 610, k = 530 };

    for (int precision = 0; precision < LM_PRECISIONS; precision++) {
        const struct lm_products *products =
            lm_products_pick(lm_kernels_pick(NULL)->name, (enum lm_precision)precision);
        float *a = random_floats(1, (size_t)M * K), *b = random_floats(2, (size_t)N * K);
        float *want = malloc(sizeof(float[M * N])), *got = malloc(sizeof(float[M * N]));
        float *scratch = scratch_space();
        struct lm_packed packed = {.n = N, .k = K};
        const struct lm_operand left = {LM_NN, a, K, false}, right = {LM_NN, b, N, false};
        packed.data = aligned_alloc(64, lm_packed_floats(products->depth, N, K) * 4 / 64 * 64 + 64);
        pack_all(products, &packed, &right);
        products->gemm(LM_NN, M, n, k, a, K, b, N, false, want, n, whole, scratch);
        products->multiply(M, n, k, left, &packed, false, got, n, whole, scratch);
        size_t bytes = sizeof(float[M * n]);
        CHECK_INT(memcmp(want, got, bytes), 0);
        free(a);
        free(b);
        free(want);
        free(got);
        free(packed.data);
        free(scratch);
    }
}

/* Rows of an operand may be packed as they come: the same words as at once. */
static void test_pack_rows(struct tap *tap)
{
    enum { N = 700, K = 1101, PIECE = 126 };

    float *b = random_floats(2, (size_t)N * K);
    for (size_t i = 0; i < LM_PRECISIONS * SETS * 2; i++) {
        const struct lm_products *products =
            set_at((enum lm_precision)(i / 2 / SETS), i / 2 % SETS);
        if (products == NULL || products->pack == NULL) /* OpenBLAS packs for itself */
            continue;
        const struct lm_operand right = {i % 2 ? LM_NT : LM_NN, b, i % 2 ? K : N, false};
        size_t bytes = lm_packed_floats(products->depth, N, K) * sizeof *b / 64 * 64 + 64;
        struct lm_packed packed = {.n = N, .k = K};
        float *want = aligned_alloc(64, bytes), *got = aligned_alloc(64, bytes);
        memset(want, 0, bytes);
        memset(got, 0, bytes);
        packed.data = want;
        pack_all(products, &packed, &right);
        packed.data = got;
        for (size_t at = 0; at < K; at += PIECE)
            products->pack_rows(&packed, &right, at, K - at < PIECE ? K - at : PIECE);
        CHECK_INT(memcmp(want, got, bytes), 0);
        free(want);
        free(got);
    }
    free(b);
}

/* Rows as `store` writes them, in place too. */
static float *stored_rows(const struct lm_products *products, const float *x, size_t ld,
                          size_t rows, size_t n, bool in_place)
{
    size_t words = lm_stored_words(products->depth, n);
    float *out = copy_of(x, rows * ld);
    for (size_t r = 0; r < rows && in_place; r++)
        products->store(out + r * ld, ld, out + r * ld, ld, 1, n);
    if (!in_place)
        products->store(out, words, x, ld, rows, n);
    return out;
}

/* Stored operands, on either side and turned or not, give the bits of those that are not. */
static void test_stored(struct tap *tap)
{
    static const size_t shapes[][3] = {{1, 1, 1},    {7, 5, 3},     {24, 64, 32}, {13, 33, 17},
                                       {50, 31, 64}, {25, 99, 521}, {128, 70, 90}};
    float *scratch = scratch_space();
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0] * 8; i++) {
        size_t m = shapes[i / 8][0], n = shapes[i / 8][1], k = shapes[i / 8][2];
        bool turned_a = i & 1, turned_b = i & 2, in_place = i & 4;
        size_t rows_a = turned_a ? k : m, cols_a = turned_a ? m : k;
        size_t rows_b = turned_b ? n : k, cols_b = turned_b ? k : n;
        float *a = random_floats(4, rows_a * cols_a), *b = random_floats(5, rows_b * cols_b);
        float *want = calloc(m * n + 1, sizeof *want), *got = calloc(m * n + 1, sizeof *got);
        for (size_t set = 0; set < SETS; set++) {
            const struct lm_products *products = set_at(LM_PRECISION_BF16, set);
            if (products == NULL)
                continue;
            size_t ld_a = in_place ? cols_a : lm_stored_words(2, cols_a);
            size_t ld_b = in_place ? cols_b : lm_stored_words(2, cols_b);
            float *half_a = stored_rows(products, a, cols_a, rows_a, cols_a, in_place);
            float *half_b = stored_rows(products, b, cols_b, rows_b, cols_b, in_place);
            struct lm_packed packed = {.n = n, .k = k};
            packed.data = aligned_alloc(64, (lm_packed_floats(2, n, k) + 15) / 16 * 64);
            struct lm_operand left = {turned_a ? LM_TN : LM_NN, a, cols_a, false};
            struct lm_operand right = {turned_b ? LM_NT : LM_NN, b, cols_b, false};
            pack_all(products, &packed, &right);
            products->multiply(m, n, k, left, &packed, false, want, n, whole, scratch);
            left = (struct lm_operand){left.form, half_a, ld_a, true};
            right = (struct lm_operand){right.form, half_b, ld_b, true};
            pack_all(products, &packed, &right);
            products->multiply(m, n, k, left, &packed, false, got, n, whole, scratch);
            CHECK_INT(memcmp(want, got, m * n * sizeof *want), 0);
            free(half_a);
            free(half_b);
            free(packed.data);
        }
        free(a);
        free(b);
        free(want);
        free(got);
    }
    free(scratch);
}

/* Numbers near the ends of the range, where rounding, flushing and NaN differ if anything does. */
static float wild(struct lm_rng rng, uint64_t at)
{
    uint32_t bits = (uint32_t)lm_rng_below(rng, 7, at, (uint64_t)1 << 32);
    switch (lm_rng_below(rng, 8, at, 6)) {
    case 0: /* its square is about the smallest normal number */
        return lm_bits_float((bits & 0x807FFFFFU) | (60 + bits / 7 % 8) << 23);
    case 1: /* denormal or nearly */
        return lm_bits_float((bits & 0x807FFFFFU) | bits / 7 % 3 << 23);
    case 2: /* huge, infinite or NaN */
        return lm_bits_float((bits & 0x807FFFFFU) | (252 + bits / 7 % 4) << 23);
    case 3:
        return lm_bits_float(bits & 0x80000000U);
    default:
        return lm_bits_float(bits);
    }
}

static bool same_number(float a, float b)
{
    return lm_float_bits(a) == lm_float_bits(b) || (isnan(a) && isnan(b));
}

/* All bfloat16 products agree wherever a number may lie; a NaN is a NaN. */
static void test_bf16_range(struct tap *tap)
{
    enum { M = 60, N = 64, K = 5 };

    struct lm_rng rng = lm_rng_stream(9, "wild");
    float *a = malloc(sizeof(float[M * K])), *b = malloc(sizeof(float[K * N]));
    float *want = malloc(sizeof(float[M * N])), *got = malloc(sizeof(float[M * N]));
    float *scratch = scratch_space();
    for (uint64_t round = 0; round < 200; round++) {
        for (uint64_t i = 0; i < M * K; i++)
            a[i] = wild(rng, round << 20 | i);
        for (uint64_t i = 0; i < K * N; i++)
            b[i] = wild(rng, round << 20 | 1 << 19 | i);
        lm_products_bf16_c.gemm(LM_NN, M, N, K, a, K, b, N, false, want, N, whole, scratch);
        for (size_t i = 1; i < SETS; i++) {
            const struct lm_products *products = set_at(LM_PRECISION_BF16, i);
            if (products == NULL)
                continue;
            products->gemm(LM_NN, M, N, K, a, K, b, N, false, got, N, whole, scratch);
            size_t differing = 0;
            for (size_t at = 0; at < M * N; at++)
                differing += !same_number(want[at], got[at]);
            CHECK_INT(differing, 0);
        }
    }
    free(a);
    free(b);
    free(want);
    free(got);
    free(scratch);
}

/* Rounding by the definition: the nearer neighbour, the even one on ties. */
static void test_rounding(struct tap *tap)
{
    static const uint32_t pairs[][2] = {
        {0x3F800000, 0x3F800000}, {0x3F808000, 0x3F800000}, {0x3F808001, 0x3F810000},
        {0x3F818000, 0x3F820000}, {0x3F817FFF, 0x3F810000}, {0x7F7FFFFF, 0x7F800000},
        {0x7F800000, 0x7F800000}, {0x7F800001, 0x7FC00000}, {0xFFFFFFFF, 0xFFFF0000},
        {0x00000001, 0x00000000}, {0x807FFFFF, 0x80000000}, {0x00800000, 0x00800000},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        CHECK_INT(lm_bf16_round(lm_bits_float(pairs[i][0])), pairs[i][1]);
    CHECK_INT(lm_bf16_pair(1.0F, -2.0F), 0xC0003F80);
}

static const struct tap_test tests[] = {TAP_ROW(test_gemm) TAP_ROW(test_cuts) TAP_ROW(test_causal)
                                            TAP_ROW(test_part_of_packed) TAP_ROW(test_pack_rows)
                                                TAP_ROW(test_stored) TAP_ROW(test_bf16_range)
                                                    TAP_ROW(test_rounding)};
LM_TEST_FILE(tests)
