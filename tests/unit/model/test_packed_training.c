/* Training on texts of different lengths behind one another: the gradients of the same texts as
 * padded rows, the same bits on any threads and kernels, and what a model made for it refuses. */
#include <lmpipe/hash.h>
#include <lmpipe/model.h>

#include "tests/tap.h"

enum { V = 131, T = 70, C = 48, TEXTS = 6, ROWS = TEXTS * T };

static const int32_t lengths[TEXTS] = {1, 70, 7, 65, 2, 33};

struct way {
    const char *name;
    struct lm_model_config config;
    struct lm_model_options options;
    double bound; /* relative to the largest gradient of a tensor */
};

/* What rows of a pass are told apart by: positions, tokens before, windows, tiles, operands. */
static const struct way ways[] = {
    {"learned", {.layers = 2, .heads = 3}, {.kernels = "c"}, 3e-5},
    {"rotary",
     {.layers = 2,
      .heads = 4,
      .kv_heads = 2,
      .positions = LM_POSITIONS_ROTARY,
      .qk_norm = true,
      .window = 20,
      .window_every = 2,
      .smear = true,
      .embed_norm = true,
      .untied = true,
      .logit_cap = 15},
     {.recompute = true},
     3e-5},
    {"blas", {.layers = 2, .heads = 3}, {.numerics = LM_NUMERICS_BLAS}, 3e-5},
    {"bf16", {.layers = 1, .heads = 3}, {.precision = LM_PRECISION_BF16}, 2e-2},
};

enum { WAYS = sizeof ways / sizeof ways[0] };

static struct lm_model *make(const struct way *way, const char *kernels, size_t threads,
                             double dropout)
{
    struct lm_model_config config = way->config;
    struct lm_model_options options = way->options;
    struct lm_model *model = NULL;
    struct lm_err err;
    config.vocab = V;
    config.context = T;
    config.width = C;
    config.dropout = dropout;
    options.max_batch = TEXTS;
    options.threads = threads;
    options.kernels = kernels != NULL ? kernels : options.kernels;
    options.training = true;
    options.leaves = 2;
    options.seed = 3;
    if (lm_model_create(&model, &config, &options, &err) != LM_OK)
        return NULL;
    for (size_t i = 0; i < lm_model_tensors(model); i++) {
        struct lm_tensor tensor = lm_model_tensor(model, i);
        for (int64_t j = 0; j < tensor.count; j++)
            tensor.data[j] += 0.1F * (float)((j * 7919 + (int64_t)i) % 101 - 50) / 50;
    }
    return model;
}

/* The texts twice: as rows of T, and behind one another. Every third row is a target. */
struct texts {
    int32_t rows[ROWS], row_targets[ROWS], packed[ROWS], targets[ROWS];
    struct lm_packed_texts call;
};

static void fill(struct texts *out)
{
    size_t at = 0;
    for (size_t i = 0; i < ROWS; i++) {
        bool inside = i % T < (size_t)lengths[i / T];
        out->rows[i] = (int32_t)((i * 7919 + 5) % V);
        out->row_targets[i] = inside && i % 3 == 1 ? (int32_t)((i * 1009 + 3) % V) : -1;
        if (inside) {
            out->packed[at] = out->rows[i];
            out->targets[at++] = out->row_targets[i];
        }
    }
    out->call = (struct lm_packed_texts){
        .tokens = out->packed, .targets = out->targets, .lengths = lengths, .count = TEXTS};
}

static struct texts texts; /* of the running test */

static double distance(const struct lm_tensor *a, const struct lm_tensor *b)
{
    double most = 1e-6, error = 0;
    for (int64_t j = 0; j < a->count; j++) {
        double x = (double)a->grad[j], y = (double)b->grad[j], off = fabs(x - y);
        most = fabs(x) > most ? fabs(x) : most;
        error = off > error || isnan(off) ? off : error;
    }
    return error / most;
}

static void test_gradients(struct tap *tap)
{
    fill(&texts);
    for (size_t i = 0; i < WAYS; i++) {
        double padded = 0, packed = 1, worst = 0;
        struct lm_model *one = make(&ways[i], NULL, 1, 0), *two = make(&ways[i], NULL, 2, 0);
        REQUIRE(one != NULL && two != NULL);
        CHECK_INT(
            lm_model_accumulate(one, texts.rows, texts.row_targets, TEXTS, T, 0.5, &padded, NULL),
            LM_OK);
        CHECK_INT(lm_model_accumulate_packed(two, &texts.call, 0.5, &packed, NULL), LM_OK);
        CHECK_NEAR(packed, padded, ways[i].bound);
        for (size_t t = 0; t < lm_model_tensors(one); t++) {
            struct lm_tensor a = lm_model_tensor(one, t), b = lm_model_tensor(two, t);
            double off = distance(&a, &b);
            worst = off > worst || isnan(off) ? off : worst;
            CHECK(off <= ways[i].bound);
            if (!(off <= ways[i].bound))
                printf("# %s, %s: %g\n", ways[i].name, a.name, off);
        }
        printf("# %s: within %.1e of %.1e\n", ways[i].name, worst, ways[i].bound);
        lm_model_free(one);
        lm_model_free(two);
    }
}

/* Digest of the weights after two steps of two calls each with dropout. */
static void train(char hex[LM_DIGEST_HEX], struct lm_model *model)
{
    const struct lm_step_options adamw = {
        .lr = 3e-3, .beta1 = 0.9, .beta2 = 0.95, .decay = 0.1, .clip = 1};
    struct lm_digest digest;
    bool fine = true;
    for (uint64_t i = 0; i < 4 && fine; i++) {
        lm_model_set_position(model, i / 2, i % 2);
        fine = lm_model_accumulate_packed(model, &texts.call, 0.5, NULL, NULL) == LM_OK &&
               (i % 2 == 0 || lm_model_step(model, &adamw, NULL, NULL) == LM_OK);
    }
    hex[0] = '\0';
    if (fine) {
        lm_model_digest(model, &digest);
        lm_digest_hex(hex, &digest);
    }
    lm_model_free(model);
}

static void test_bits(struct tap *tap)
{
    static const struct {
        const char *kernels;
        size_t threads;
    } others[] = {{"c", 3}, {"avx2", 1}, {"avx512", 2}};

    char want[LM_DIGEST_HEX], got[LM_DIGEST_HEX];
    fill(&texts);
    for (size_t i = 0; i < WAYS; i++) {
        bool blas = ways[i].options.numerics == LM_NUMERICS_BLAS;
        struct lm_model *first = make(&ways[i], "c", 1, 0.1);
        REQUIRE(first != NULL);
        train(want, first);
        CHECK(want[0] != '\0');
        for (size_t k = 0; k < (blas ? 1 : sizeof others / sizeof others[0]); k++) {
            struct lm_model *model = make(&ways[i], others[k].kernels, others[k].threads, 0.1);
            if (model == NULL) /* this processor may lack the kernels */
                continue;
            train(got, model);
            CHECK_STR(got, want);
        }
    }
}

/* With dropout equal texts of a call are not dropped alike: their losses differ. */
static void test_dropout(struct tap *tap)
{
    static const int32_t two[] = {40, 40};
    double both = 0, one = 0;
    struct lm_model *model = make(&ways[0], NULL, 1, 0.5);
    REQUIRE(model != NULL);
    fill(&texts);
    memcpy(texts.packed + 40, texts.packed, 40 * sizeof *texts.packed);
    for (size_t t = 0; t < 80; t++)
        texts.targets[t] = (int32_t)(t % 40);
    texts.call.lengths = two;
    texts.call.count = 1;
    CHECK_INT(lm_model_accumulate_packed(model, &texts.call, 1, &one, NULL), LM_OK);
    texts.call.count = 2;
    CHECK_INT(lm_model_accumulate_packed(model, &texts.call, 1, &both, NULL), LM_OK);
    CHECK(fabs(both - one) > 1e-4);
    lm_model_free(model);
}

static void test_nothing_to_learn(struct tap *tap)
{
    double loss = 7, norm = 7;
    struct lm_model *model = make(&ways[0], NULL, 1, 0);
    REQUIRE(model != NULL);
    fill(&texts);
    CHECK_INT(lm_model_accumulate_packed(model, &texts.call, 1, &loss, NULL), LM_OK);
    lm_model_drop_gradient(model);
    for (size_t i = 0; i < ROWS; i++)
        texts.targets[i] = -1;
    CHECK_INT(lm_model_accumulate_packed(model, &texts.call, 1, &loss, NULL), LM_OK);
    CHECK_INT(lm_model_gradient_norm(model, &norm, NULL), LM_OK);
    CHECK(loss == 0 && norm == 0);
    lm_model_free(model);
}

static void test_refused(struct tap *tap)
{
    static const int32_t from[TEXTS] = {-1, 0, -1, -1, -1, -1};
    struct lm_err err;
    struct lm_model *model = make(&ways[0], NULL, 1, 0);
    REQUIRE(model != NULL);
    fill(&texts);
    texts.call.prefixes = from;
    CHECK_INT(lm_model_accumulate_packed(model, &texts.call, 1, NULL, &err), LM_INVALID);
    texts.call.prefixes = NULL;
    texts.call.count = 0;
    CHECK_INT(lm_model_accumulate_packed(model, &texts.call, 1, NULL, &err), LM_RANGE);
    texts.call.count = TEXTS;
    texts.targets[9] = V;
    CHECK_INT(lm_model_accumulate_packed(model, &texts.call, 1, NULL, &err), LM_RANGE);
    texts.targets[9] = 0;
    CHECK_INT(lm_model_accumulate_packed(model, &texts.call, 1, NULL, &err), LM_OK);
    CHECK_INT(lm_model_backward(model, 1, &err), LM_INVALID); /* its forward is used up */
    lm_model_free(model);
}

static const struct tap_test tests[] = {{"gradients", test_gradients},
                                        {"bits", test_bits},
                                        {"dropout", test_dropout},
                                        {"nothing to learn", test_nothing_to_learn},
                                        {"refused", test_refused}};

LM_TEST_FILE(tests)
