/* Steps against the formulas in double, element by element over some steps: AdamW and SGD, what
 * decays, what is frozen, rates by layer, the ratios; averages of weights. Gradients are the test's
 * own, so that nothing but the step is in play. */
#include <lmpipe/model.h>

#include "tests/tap.h"

enum { V = 700, T = 6, L = 3, H = 2, C = 48, STEPS = 7 };

static const struct lm_model_config config = {
    .vocab = V, .context = T, .layers = L, .heads = H, .width = C};

static struct lm_model *make(size_t threads, int64_t frozen)
{
    const struct lm_model_options options = {
        .training = true, .leaves = 64, .seed = 3, .threads = threads, .frozen_layers = frozen};
    struct lm_model *model = NULL;
    struct lm_err err;
    if (lm_model_create(&model, &config, &options, &err) != LM_OK)
        printf("# %s\n", err.text);
    return model;
}

/* A gradient the step may take, then the test's numbers in its place. */
static void give_gradient(struct lm_model *model, uint64_t step)
{
    int32_t tokens[T] = {1, 2, 3, 4, 5, 6}, targets[T] = {2, 3, 4, 5, 6, 7};
    struct lm_rng rng = lm_rng_stream(5, "gradient");
    if (lm_model_accumulate(model, tokens, targets, 1, T, 1, NULL, NULL) != LM_OK)
        abort();
    for (size_t t = 0; t < lm_model_tensors(model); t++) {
        struct lm_tensor tensor = lm_model_tensor(model, t);
        for (int64_t i = 0; i < tensor.count; i++)
            tensor.grad[i] = (float)(0.01 * lm_rng_normal(rng, step * 100 + t, (uint64_t)i));
    }
}

/* ---- the reference ---- */

struct reference {
    double *w, *m, *v;
    size_t count;
};

static struct reference open_reference(const struct lm_model *model)
{
    struct reference ref = {.count = (size_t)lm_model_parameters(&config)};
    ref.w = calloc(ref.count, sizeof *ref.w);
    ref.m = calloc(ref.count, sizeof *ref.m);
    ref.v = calloc(ref.count, sizeof *ref.v);
    size_t at = 0;
    for (size_t t = 0; t < lm_model_tensors(model); t++) {
        struct lm_tensor tensor = lm_model_tensor(model, t);
        for (int64_t i = 0; i < tensor.count; i++)
            ref.w[at++] = (double)tensor.data[i];
    }
    return ref;
}

static void close_reference(struct reference *ref)
{
    free(ref->w);
    free(ref->m);
    free(ref->v);
}

/* 0: embeddings, 1 … L layers, L + 1 the last norm; from the name, as the header says. */
static int level_of(const char *name)
{
    return name[0] == 'w' ? 0 : name[0] == 'h' ? name[2] - '0' + 1 : L + 1;
}

static bool decays(const char *name, unsigned groups)
{
    bool bias = strstr(name, "bias") != NULL, norm = strstr(name, "ln_") != NULL;
    unsigned group = name[0] == 'w' ? LM_GROUP_EMBEDDINGS
                     : norm         ? LM_GROUP_NORMS
                     : bias         ? LM_GROUP_BIASES
                                    : LM_GROUP_MATRICES;
    return (group & (groups == 0 ? LM_GROUP_EMBEDDINGS | LM_GROUP_MATRICES : groups)) != 0;
}

/* One element: its update, taken off the weight. */
static double moved(const struct lm_step_options *o, double *m, double *v, double g, int t)
{
    if (o->optimizer == LM_OPTIMIZER_SGD) {
        *m = o->momentum * *m + g;
        return o->nesterov ? g + o->momentum * *m : *m;
    }
    *m = o->beta1 * *m + (1 - o->beta1) * g;
    *v = o->beta2 * *v + (1 - o->beta2) * g * g;
    return *m / (1 - pow(o->beta1, t)) / (sqrt(*v / (1 - pow(o->beta2, t))) + o->eps);
}

/* ratios: L + 2 numbers. */
static void step_reference(struct reference *ref, const struct lm_model *model,
                           const struct lm_step_options *o, int64_t frozen, int t, double *norm,
                           double *ratios)
{
    double change[L + 2] = {0}, size[L + 2] = {0}, squares = 0;
    size_t at = 0;
    for (size_t k = 0; k < lm_model_tensors(model); k++) {
        struct lm_tensor tensor = lm_model_tensor(model, k);
        if (frozen == 0 || level_of(tensor.name) > frozen)
            for (int64_t i = 0; i < tensor.count; i++)
                squares += (double)tensor.grad[i] * (double)tensor.grad[i];
    }
    *norm = sqrt(squares);
    double scale = o->clip > 0 && *norm > o->clip ? o->clip / *norm : 1;
    for (size_t k = 0; k < lm_model_tensors(model); k++) {
        struct lm_tensor tensor = lm_model_tensor(model, k);
        int level = level_of(tensor.name);
        double rate = o->lr * pow(o->layer_decay > 0 ? o->layer_decay : 1, L + 1 - level);
        double decay = decays(tensor.name, o->groups) ? o->decay : 0;
        for (int64_t i = 0; i < tensor.count; i++, at++) {
            if (frozen > 0 && level <= frozen)
                continue;
            double old = ref->w[at];
            double step = moved(o, &ref->m[at], &ref->v[at], scale * (double)tensor.grad[i], t);
            ref->w[at] -= rate * (step + decay * old);
            change[level] += (ref->w[at] - old) * (ref->w[at] - old);
            size[level] += old * old;
        }
    }
    for (int i = 0; i < L + 2; i++)
        ratios[i] = size[i] > 0 ? sqrt(change[i] / size[i]) : 0;
}

/* ---- tests ---- */

static const struct lm_step_options ways[] = {
    {.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .decay = 0.1, .clip = 1},
    {.lr = 1e-2, .beta1 = 0.8, .beta2 = 0.99, .eps = 1e-6, .decay = 0.5, .layer_decay = 0.5},
    {.lr = 1, .optimizer = LM_OPTIMIZER_SGD, .momentum = 0.9, .decay = 0.01, .clip = 1},
    {.lr = 1, .optimizer = LM_OPTIMIZER_SGD, .momentum = 0.9, .nesterov = true, .clip = 0.5},
    {.lr = 2, .optimizer = LM_OPTIMIZER_SGD, .decay = 0.02, .layer_decay = 0.75},
    {.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .decay = 1, .groups = LM_GROUP_MATRICES},
    {.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .decay = 1, .groups = LM_GROUP_BIASES},
    {.lr = 1,
     .optimizer = LM_OPTIMIZER_SGD,
     .decay = 0.1,
     .groups = LM_GROUP_NORMS | LM_GROUP_EMBEDDINGS},
};

/* Largest distance of the weights, where all are of about the size of their update or more. */
static double distance(const struct lm_model *model, const struct reference *ref)
{
    double worst = 0;
    size_t at = 0;
    for (size_t t = 0; t < lm_model_tensors(model); t++) {
        struct lm_tensor tensor = lm_model_tensor(model, t);
        for (int64_t i = 0; i < tensor.count; i++, at++) {
            double off = fabs((double)tensor.data[i] - ref->w[at]);
            worst = off > worst || isnan(off) ? off : worst;
        }
    }
    return worst;
}

static void check_way(struct tap *tap, const struct lm_step_options *way, int64_t frozen)
{
    struct lm_model *model = make(2, frozen);
    REQUIRE(model != NULL);
    struct reference ref = open_reference(model);
    struct lm_step_stats stats;
    double got[L + 2], want[L + 2], norm;
    for (int step = 0; step < STEPS; step++) {
        struct lm_step_options options = *way;
        options.ratios = got;
        give_gradient(model, (uint64_t)step);
        step_reference(&ref, model, way, frozen, step + 1, &norm, want);
        REQUIRE(lm_model_step(model, &options, &stats, NULL) == LM_OK);
        CHECK_NEAR(stats.grad_norm, norm, 1e-9 * norm);
        CHECK(stats.clipped == (way->clip > 0 && norm > way->clip));
        for (int i = 0; i < L + 2; i++)
            CHECK_NEAR(got[i], want[i], 1e-4 * want[i]);
        CHECK(got[L + 1] > 0 && (frozen == 0) == (got[0] > 0));
    }
    double off = distance(model, &ref); /* weights are below 1.5, updates below 0.1 */
    CHECK(off < 1e-6);
    if (!(off < 1e-6))
        printf("# way %d, %d frozen: %g\n", (int)(way - ways), (int)frozen, off);
    close_reference(&ref);
    lm_model_free(model);
}

/* What float32 makes a 0 or a 1 of would divide 0 by 0, or learn nothing. */
static void test_limits(struct tap *tap)
{
    static const struct {
        struct lm_step_options options;
        const char *name;
    } rows[] = {
        {{.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-320}, "eps: "},
        {{.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.95, .eps = -1}, "eps: "},
        {{.lr = 1e-2, .beta1 = 1, .beta2 = 0.95, .eps = 1e-8}, "beta1: "},
        {{.lr = 1e-2, .beta1 = 0.9, .beta2 = 1 - 1e-12, .eps = 1e-8}, "beta2: "},
        {{.lr = -1, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8}, "lr: "},
        {{.lr = (double)NAN, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8}, "lr: "},
        {{.lr = 1, .optimizer = LM_OPTIMIZER_SGD, .momentum = 1}, "momentum: "},
    };
    struct lm_model *model = make(2, 0);
    struct lm_digest before, after;
    REQUIRE(model != NULL);
    lm_model_digest(model, &before);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_err err = {LM_OK, ""};
        give_gradient(model, 0);
        CHECK_INT(lm_model_step(model, &rows[i].options, NULL, &err), LM_RANGE);
        CHECK(strncmp(err.text, rows[i].name, strlen(rows[i].name)) == 0);
    }
    lm_model_digest(model, &after);
    CHECK_INT(lm_digest_compare(&before, &after), 0);
    lm_model_free(model);
}

static void test_formulas(struct tap *tap)
{
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        check_way(tap, &ways[i], 0);
}

static void test_frozen(struct tap *tap)
{
    for (int64_t frozen = 1; frozen <= L; frozen++) {
        check_way(tap, &ways[1], frozen);
        check_way(tap, &ways[3], frozen);
    }
    struct lm_model *model = NULL;
    struct lm_err err;
    const struct lm_model_options options = {.training = true, .frozen_layers = L + 1};
    CHECK_INT(lm_model_create(&model, &config, &options, &err), LM_RANGE);
    CHECK(strncmp(err.text, "frozen_layers:", 14) == 0);
}

/* Frozen tensors keep their bits and their moments; their gradient may be anything. */
static void test_frozen_bits(struct tap *tap)
{
    struct lm_err err;
    struct lm_model *model = make(1, 2);
    REQUIRE(model != NULL);
    uint64_t size = lm_model_state_size(model), part = (size - 24) / 3;
    char *before = malloc(size), *after = malloc(size);
    lm_model_state_save(model, before);
    give_gradient(model, 1);
    lm_model_tensor(model, 0).grad[5] = NAN;
    CHECK_INT(lm_model_step(model, &ways[0], NULL, &err), LM_OK);
    lm_model_state_save(model, after);
    const float *base = lm_model_tensor(model, 0).data;
    for (size_t t = 0; t < lm_model_tensors(model); t++) {
        struct lm_tensor tensor = lm_model_tensor(model, t);
        size_t bytes = (size_t)tensor.count * sizeof(float);
        for (size_t family = 0; family < 3; family++) {
            size_t at = 24 + family * part + (size_t)(tensor.data - base) * sizeof(float);
            CHECK((memcmp(before + at, after + at, bytes) == 0) == (level_of(tensor.name) <= 2));
        }
    }
    give_gradient(model, 2);
    lm_model_tensor(model, lm_model_tensors(model) - 1).grad[5] = NAN;
    CHECK_INT(lm_model_step(model, &ways[0], NULL, &err), LM_NUMERIC);
    free(before);
    free(after);
    lm_model_free(model);
}

/* Asking for the ratios, and threads, change no bit; nor do they of the ratios. */
static void test_ratios_bits(struct tap *tap)
{
    struct lm_digest plain, asked;
    double one[L + 2], more[L + 2];
    for (size_t w = 0; w < 4; w++) {
        struct lm_model *quiet = make(1, 0), *single = make(1, 0), *model = make(3, 0);
        REQUIRE(quiet != NULL && single != NULL && model != NULL);
        for (uint64_t step = 0; step < 2; step++) {
            struct lm_step_options options = ways[w];
            give_gradient(quiet, step);
            give_gradient(single, step);
            give_gradient(model, step);
            CHECK_INT(lm_model_step(quiet, &options, NULL, NULL), LM_OK);
            options.ratios = one;
            CHECK_INT(lm_model_step(single, &options, NULL, NULL), LM_OK);
            options.ratios = more;
            CHECK_INT(lm_model_step(model, &options, NULL, NULL), LM_OK);
            CHECK_INT(memcmp(one, more, sizeof one), 0);
        }
        lm_model_digest(quiet, &plain);
        lm_model_digest(model, &asked);
        CHECK_INT(lm_digest_compare(&plain, &asked), 0);
        lm_model_free(quiet);
        lm_model_free(single);
        lm_model_free(model);
    }
}

/* mean = Σ b^(n − i) w_i / Σ b^(n − i); exchanged and back it is as it was. */
static void test_average(struct tap *tap)
{
    const double b = 0.75;
    struct lm_model *model = make(2, 0);
    REQUIRE(model != NULL);
    size_t count = (size_t)lm_model_parameters(&config);
    float *average = calloc(count, sizeof *average), *kept = calloc(count, sizeof *kept);
    double *sum = calloc(count, sizeof *sum), mass = 0;
    for (int t = 1; t <= STEPS; t++) {
        give_gradient(model, (uint64_t)t);
        CHECK_INT(lm_model_step(model, &ways[0], NULL, NULL), LM_OK);
        lm_model_average(model, average, (1 - b) / (1 - pow(b, t)));
        mass = b * mass + 1;
        size_t at = 0;
        for (size_t k = 0; k < lm_model_tensors(model); k++) {
            struct lm_tensor tensor = lm_model_tensor(model, k);
            for (int64_t i = 0; i < tensor.count; i++, at++) {
                sum[at] = b * sum[at] + (double)tensor.data[i];
                CHECK(t > 1 || average[at] == tensor.data[i]);
            }
        }
        CHECK_INT(at, count);
    }
    for (size_t i = 0; i < count; i++)
        CHECK_NEAR((double)average[i], sum[i] / mass, 4e-7 * (1 + fabs(sum[i] / mass)));
    struct lm_digest before, swapped, after;
    memcpy(kept, average, count * sizeof *kept);
    lm_model_digest(model, &before);
    lm_model_swap(model, average);
    lm_model_digest(model, &swapped);
    CHECK(lm_digest_compare(&before, &swapped) != 0);
    CHECK_INT(memcmp(lm_model_tensor(model, 0).data, kept, (size_t)V * C * sizeof *kept), 0);
    lm_model_swap(model, average);
    lm_model_digest(model, &after);
    CHECK_INT(lm_digest_compare(&before, &after), 0);
    CHECK_INT(memcmp(average, kept, count * sizeof *kept), 0);
    free(average);
    free(kept);
    free(sum);
    lm_model_free(model);
}

static void test_names(struct tap *tap)
{
    for (size_t i = 0; i < LM_OPTIMIZERS; i++)
        CHECK_INT(lm_optimizer_find(lm_optimizer_names[i]), i);
    CHECK(lm_optimizer_names[LM_OPTIMIZERS] == NULL);
    CHECK_INT(lm_optimizer_find("adam"), LM_OPTIMIZER_ADAMW);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_limits) TAP_ROW(test_formulas) TAP_ROW(test_frozen) TAP_ROW(test_frozen_bits)
        TAP_ROW(test_ratios_bits) TAP_ROW(test_average) TAP_ROW(test_names)};
LM_TEST_FILE(tests)
