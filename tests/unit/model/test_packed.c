/* Texts of different lengths in one call: the bits of each alone, whatever stands beside it, and
 * whether it stands there whole or goes on from others. */
#include <lmpipe/model.h>

#include "tests/tap.h"

enum { V = 331, T = 150, C = 48, BATCH = 4, TEXTS = 9, ROWS = BATCH * T };

static const int32_t lengths[TEXTS] = {1, 7, 150, 64, 65, 2, 33, 128, 16};

struct way {
    struct lm_model_config config;
    struct lm_model_options options;
};

/* What enters a row's numbers by different paths of the code. */
static const struct way ways[] = {
    {.config = {.layers = 2, .heads = 3}},
    {.config = {.layers = 2, .heads = 3}, .options = {.kernels = "c"}},
    {.config = {.layers = 2, .heads = 3}, .options = {.precision = LM_PRECISION_BF16}},
    {.config = {.layers = 2,
                .heads = 4,
                .kv_heads = 2,
                .positions = LM_POSITIONS_ROTARY,
                .qk_norm = true,
                .window = 40,
                .window_every = 2}},
};

enum { WAYS = sizeof ways / sizeof ways[0] };

static struct lm_model *make(size_t way, size_t threads)
{
    struct lm_model_config config = ways[way].config;
    struct lm_model_options options = ways[way].options;
    struct lm_model *model = NULL;
    struct lm_err err;
    config.vocab = V;
    config.context = T;
    config.width = C;
    options.max_batch = BATCH;
    options.threads = threads;
    options.seed = 3;
    if (lm_model_create(&model, &config, &options, &err) != LM_OK) {
        printf("# %s\n", err.text);
        return NULL;
    }
    for (size_t i = 0; i < lm_model_tensors(model); i++) {
        struct lm_tensor tensor = lm_model_tensor(model, i);
        for (int64_t j = 0; j < tensor.count; j++)
            tensor.data[j] += 0.1F * (float)((j * 7919 + (int64_t)i) % 101 - 50) / 50;
    }
    return model;
}

/* Token t of text i, and whether it is a target. */
static int32_t token(size_t i, size_t t)
{
    return (int32_t)((i * 1009 + t * 7919 + 5) % V);
}

static int32_t target(size_t i, size_t t)
{
    return (i + t) % 3 == 0 ? -1 : token(i, t + 1);
}

struct numbers {
    float nll[ROWS], entropy[ROWS];
    int32_t rank[ROWS], equal[ROWS];
};

static struct numbers alone[TEXTS], together, again;

/* Scores the texts `order` in one call. */
static bool score(struct tap *tap, struct lm_model *model, const size_t *order, size_t count,
                  struct numbers *out)
{
    static int32_t tokens[ROWS], targets[ROWS];
    int32_t own[TEXTS];
    size_t rows = 0;
    struct lm_err err;
    memset(out, 0x55, sizeof *out);
    for (size_t k = 0; k < count; k++) {
        own[k] = lengths[order[k]];
        for (size_t t = 0; t < (size_t)own[k]; t++, rows++) {
            tokens[rows] = token(order[k], t);
            targets[rows] = target(order[k], t);
        }
    }
    const struct lm_scores scores = {out->nll, out->entropy, out->rank, out->equal};
    const struct lm_packed_texts texts = {tokens, targets, own, NULL, count};
    enum lm_status status = lm_model_score_packed(model, &texts, &scores, &err);
    CHECK_INT(status, LM_OK);
    return status == LM_OK;
}

static void check_same(struct tap *tap, const struct numbers *a, size_t at, const struct numbers *b,
                       size_t i)
{
    size_t n = (size_t)lengths[i];
    CHECK(memcmp(a->nll + at, b->nll, n * sizeof *a->nll) == 0);
    CHECK(memcmp(a->entropy + at, b->entropy, n * sizeof *a->entropy) == 0);
    CHECK(memcmp(a->rank + at, b->rank, n * sizeof *a->rank) == 0);
    CHECK(memcmp(a->equal + at, b->equal, n * sizeof *a->equal) == 0);
}

static void test_company(struct tap *tap)
{
    static const size_t orders[][TEXTS] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8}, {8, 7, 6, 5, 4, 3, 2, 1, 0}, {2, 0, 5, 1, 7, 8, 6, 4, 3}};
    for (size_t way = 0; way < WAYS; way++) {
        struct lm_model *one = make(way, 1), *three = make(way, 3);
        REQUIRE(one != NULL && three != NULL);
        for (size_t i = 0; i < TEXTS; i++)
            score(tap, one, &i, 1, &alone[i]);
        size_t count = ways[way].options.kernels != NULL ? 1 : sizeof orders / sizeof orders[0];
        for (size_t o = 0; o < count; o++) {
            REQUIRE(score(tap, o % 2 == 0 ? three : one, orders[o], TEXTS, &together));
            for (size_t k = 0, at = 0; k < TEXTS; at += (size_t)lengths[orders[o][k++]])
                check_same(tap, &together, at, &alone[orders[o][k]], orders[o][k]);
        }
        lm_model_free(one);
        lm_model_free(three);
    }
}

/* The bits of a padded call where there is a target; nothing is written where there is none. */
static void test_padded(struct tap *tap)
{
    static int32_t tokens[T], targets[T];
    for (size_t way = 0; way < WAYS; way++) {
        struct lm_model *model = make(way, 2);
        REQUIRE(model != NULL);
        for (size_t i = 0; i < TEXTS; i++) {
            size_t n = (size_t)lengths[i];
            for (size_t t = 0; t < T; t++) {
                tokens[t] = t < n ? token(i, t) : 0;
                targets[t] = t < n ? target(i, t) : -1;
            }
            const struct lm_scores scores = {again.nll, again.entropy, again.rank, again.equal};
            REQUIRE(score(tap, model, &i, 1, &alone[i]));
            REQUIRE(lm_model_score(model, tokens, targets, 1, T, &scores, NULL) == LM_OK);
            for (size_t t = 0; t < n; t++) {
                bool is_scored = target(i, t) >= 0;
                uint32_t bits;
                memcpy(&bits, &alone[i].nll[t], sizeof bits);
                CHECK(is_scored ? memcmp(&alone[i].nll[t], &again.nll[t], sizeof bits) == 0
                                : bits == 0x55555555);
                CHECK_INT(alone[i].rank[t], is_scored ? again.rank[t] : 0x55555555);
            }
        }
        lm_model_free(model);
    }
}

/* Rows [first, end) of text 2, the longest, behind part `from` of it. */
struct part {
    int32_t from;
    size_t first, end;
};

/* A text cut where blocks of queries and bands of keys begin, and two that go on from one. */
static const struct part trees[][6] = {
    {{-1, 0, 20}, {0, 20, 70}, {1, 70, 150}, {0, 20, 150}, {1, 70, 71}, {-1, 0, 9}},
    {{-1, 0, 1}, {0, 1, 63}, {1, 63, 64}, {2, 64, 65}, {3, 65, 128}, {4, 128, 150}},
    {{-1, 0, 128}, {0, 128, 150}, {0, 128, 129}, {0, 128, 150}, {-1, 0, 64}, {4, 64, 149}},
};

static enum lm_status score_tree(struct lm_model *model, const struct part *parts, size_t count,
                                 struct numbers *out, struct lm_err *err)
{
    static int32_t tokens[ROWS], targets[ROWS];
    int32_t own[6], from[6];
    size_t rows = 0;
    for (size_t k = 0; k < count; k++) {
        own[k] = (int32_t)(parts[k].end - parts[k].first);
        from[k] = parts[k].from;
        for (size_t t = parts[k].first; t < parts[k].end; t++, rows++) {
            tokens[rows] = token(2, t);
            targets[rows] = target(2, t);
        }
    }
    const struct lm_scores scores = {out->nll, out->entropy, out->rank, out->equal};
    const struct lm_packed_texts texts = {tokens, targets, own, from, count};
    memset(out, 0x55, sizeof *out);
    return lm_model_score_packed(model, &texts, &scores, err);
}

static void test_prefixes(struct tap *tap)
{
    static const size_t text = 2;
    struct lm_err err;
    for (size_t way = 0; way < WAYS; way++) {
        size_t count = ways[way].options.kernels != NULL ? 1 : sizeof trees / sizeof trees[0];
        struct lm_model *model = make(way, 1 + way);
        REQUIRE(model != NULL);
        REQUIRE(score(tap, model, &text, 1, &alone[0]));
        for (size_t i = 0; i < count; i++) {
            REQUIRE(score_tree(model, trees[i], 6, &together, &err) == LM_OK);
            for (size_t k = 0, at = 0; k < 6; k++)
                for (size_t t = trees[i][k].first; t < trees[i][k].end; t++, at++) {
                    CHECK(memcmp(&together.nll[at], &alone[0].nll[t], sizeof(float)) == 0);
                    CHECK(memcmp(&together.entropy[at], &alone[0].entropy[t], sizeof(float)) == 0);
                    CHECK_INT(together.rank[at], alone[0].rank[t]);
                    CHECK_INT(together.equal[at], alone[0].equal[t]);
                }
        }
        lm_model_free(model);
    }
}

static void test_prefixes_refused(struct tap *tap)
{
    static const struct part later[] = {{1, 0, 5}, {-1, 0, 5}}, itself[] = {{0, 0, 5}};
    static const struct part beyond[] = {{-1, 0, 150}, {0, 149, 150}};
    struct lm_err err;
    struct lm_model *model = make(0, 1);
    REQUIRE(model != NULL);
    CHECK_INT(score_tree(model, later, 2, &together, &err), LM_RANGE);
    CHECK_INT(score_tree(model, itself, 1, &together, &err), LM_RANGE);
    CHECK_INT(score_tree(model, beyond, 2, &together, &err), LM_RANGE);
    lm_model_free(model);
}

/* Other targets of a row have the bits of the row scored with each of them. */
static void test_others(struct tap *tap)
{
    enum { OTHERS = 9, N = 33 };

    static const int32_t length[] = {N}, rows[OTHERS] = {0, 5, 5, 32, 5, 1, 0, 32, 7};
    for (size_t way = 0; way < WAYS; way++) {
        static struct numbers one;
        int32_t tokens[N], targets[N], others[N], wanted[OTHERS], next[OTHERS];
        struct lm_err err;
        struct lm_model *model = make(way, 1 + way);
        REQUIRE(model != NULL);
        for (size_t t = 0; t < N; t++) {
            tokens[t] = token(6, t);
            targets[t] = t % 4 == 2 ? -1 : token(6, t + 1);
            others[t] = -1;
        }
        for (int32_t j = 0; j < OTHERS; j++) {
            wanted[j] = (j * 97 + 3) % V;
            next[j] = others[rows[j]];
            others[rows[j]] = j;
        }
        const struct lm_packed_texts all = {tokens, targets, length, NULL,  1,
                                            others, wanted,  next,   OTHERS};
        const struct lm_scores out = {together.nll, together.entropy, together.rank,
                                      together.equal};
        const struct lm_scores single = {one.nll, one.entropy, one.rank, one.equal};
        REQUIRE(lm_model_score_packed(model, &all, &out, &err) == LM_OK);
        for (size_t j = 0; j < OTHERS; j++) {
            const struct lm_packed_texts plain = {tokens, targets, length, NULL, 1};
            int32_t own = targets[rows[j]];
            targets[rows[j]] = wanted[j];
            REQUIRE(lm_model_score_packed(model, &plain, &single, &err) == LM_OK);
            targets[rows[j]] = own;
            CHECK(memcmp(&together.nll[N + j], &one.nll[rows[j]], sizeof(float)) == 0);
            CHECK(memcmp(&together.entropy[N + j], &one.entropy[rows[j]], sizeof(float)) == 0);
            CHECK_INT(together.rank[N + j], one.rank[rows[j]]);
            CHECK_INT(together.equal[N + j], one.equal[rows[j]]);
        }
        others[2] = 0; /* a row without a target of its own */
        CHECK_INT(lm_model_score_packed(model, &all, &out, &err), LM_RANGE);
        others[2] = -1;
        next[3] = 3; /* a circle */
        CHECK_INT(lm_model_score_packed(model, &all, &out, &err), LM_RANGE);
        next[3] = -1;
        wanted[1] = V;
        CHECK_INT(lm_model_score_packed(model, &all, &out, &err), LM_RANGE);
        lm_model_free(model);
    }
}

/* Of an all-zero model every id is as likely as the target. */
static void test_equal(struct tap *tap)
{
    struct lm_model *model = make(0, 1);
    size_t i = 1;
    REQUIRE(model != NULL);
    for (size_t k = 0; k < lm_model_tensors(model); k++) {
        struct lm_tensor tensor = lm_model_tensor(model, k);
        memset(tensor.data, 0, (size_t)tensor.count * sizeof *tensor.data);
    }
    REQUIRE(score(tap, model, &i, 1, &alone[1]));
    for (size_t t = 0; t < (size_t)lengths[1]; t++)
        if (target(1, t) >= 0) {
            CHECK_INT(alone[1].equal[t], V - 1);
            CHECK_NEAR((double)alone[1].nll[t], log(V), 1e-6);
        }
    lm_model_free(model);
}

static enum lm_status ask(struct lm_model *model, const int32_t *tokens, const int32_t *targets,
                          const int32_t *own, size_t count)
{
    static float nll[ROWS];
    const struct lm_scores out = {.nll = nll};
    const struct lm_packed_texts texts = {tokens, targets, own, NULL, count};
    struct lm_err err;
    return lm_model_score_packed(model, &texts, &out, &err);
}

static void test_refused(struct tap *tap)
{
    int32_t tokens[ROWS] = {0}, targets[ROWS] = {0};
    static const int32_t none[] = {0}, long_one[] = {T + 1}, many[] = {T, T, T, T, 1};
    struct lm_model *model = make(0, 1);
    REQUIRE(model != NULL);
    CHECK_INT(ask(model, tokens, targets, none, 1), LM_RANGE);
    CHECK_INT(ask(model, tokens, targets, long_one, 1), LM_RANGE);
    CHECK_INT(ask(model, tokens, targets, many, 5), LM_RANGE);
    CHECK_INT(ask(model, tokens, targets, none, 0), LM_RANGE);
    tokens[2] = V;
    CHECK_INT(ask(model, tokens, targets, lengths + 1, 1), LM_RANGE);
    tokens[2] = 0;
    targets[6] = V;
    CHECK_INT(ask(model, tokens, targets, lengths + 1, 1), LM_RANGE);
    for (size_t t = 0; t < 7; t++)
        targets[t] = -1; /* nothing to score is no mistake */
    CHECK_INT(ask(model, tokens, targets, lengths + 1, 1), LM_OK);
    lm_model_free(model);
}

static const struct tap_test tests[] = {
    {"company", test_company},   {"padded", test_padded},
    {"prefixes", test_prefixes}, {"prefixes refused", test_prefixes_refused},
    {"others", test_others},     {"equal", test_equal},
    {"refused", test_refused}};

LM_TEST_FILE(tests)
