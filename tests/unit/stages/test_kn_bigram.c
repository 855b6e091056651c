#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/json.h"
#include "stages/evaluate/kn_bigram.h"
#include "tap.h"

/* Numbers of tools/fixtures/kn_bigram.py, which counts by lists and keeps no tables. */
#define FIXTURE LM_TEST_DATA "/evaluate/kn_bigram.json"

static struct lm_json *read_fixture(struct lm_arena *arena)
{
    char *text;
    size_t size;
    struct lm_json *root = NULL;
    if (lm_file_read(&text, &size, arena, FIXTURE, 1 << 20, NULL) == LM_OK)
        lm_json_parse(&root, text, size, NULL);
    return root;
}

static bool add_stream(struct kn_bigram *counts, const struct lm_json *train)
{
    for (size_t i = 0; i < lm_json_count(train); i++) {
        int32_t id = (int32_t)lm_json_int(lm_json_at(train, i), -1);
        if (kn_bigram_add(counts, &id, 1, NULL) != LM_OK)
            return false;
    }
    return true;
}

static void equals_independent_counts(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_json *root = read_fixture(arena);
    REQUIRE(root != NULL);
    struct kn_bigram *counts =
        kn_bigram_create(lm_json_int(lm_json_get(root, "vocab"), 0),
                         (int32_t)lm_json_int(lm_json_get(root, "start"), 0));
    REQUIRE(counts != NULL && add_stream(counts, lm_json_get(root, "train")));
    const struct lm_json *queries = lm_json_get(root, "queries");
    CHECK_INT(lm_json_count(queries), 42);
    for (size_t i = 0; i < lm_json_count(queries); i++) {
        const struct lm_json *query = lm_json_at(queries, i);
        int32_t v = (int32_t)lm_json_int(lm_json_get(query, "v"), -1);
        int32_t w = (int32_t)lm_json_int(lm_json_get(query, "w"), -1);
        CHECK_NEAR(kn_unigram_nll(counts, w), lm_json_double(lm_json_get(query, "unigram"), 0),
                   1e-12);
        CHECK_NEAR(kn_bigram_nll(counts, v, w), lm_json_double(lm_json_get(query, "bigram"), 0),
                   1e-12);
    }
    kn_bigram_free(counts);
    lm_json_free(root);
    lm_arena_free(arena);
}

/* What comes first by the numbers themselves, ties shared. */
static double share_of(const double *nll, int32_t vocab, int32_t w)
{
    int equal = 0;
    for (int32_t other = 0; other < vocab; other++) {
        if (nll[other] < nll[w])
            return 0;
        equal += nll[other] == nll[w];
    }
    return 1.0 / equal;
}

static void knows_what_comes_first(struct tap *tap)
{
    enum { VOCAB = 7 };

    /* behind 1 twice 2, once 3; behind 2 both 1 and 4 once, and 4 stands behind more; 5, 6 never */
    static const int32_t stream[] = {1, 2, 1, 2, 4, 3, 4, 1, 3};
    struct kn_bigram *counts = kn_bigram_create(VOCAB, 0);
    double nll[VOCAB];
    REQUIRE(counts != NULL && kn_bigram_first(counts, 3, 3) == 1.0 / VOCAB);
    REQUIRE(kn_bigram_add(counts, stream, sizeof stream / sizeof stream[0], NULL) == LM_OK);
    CHECK_NEAR(kn_unigram_first(counts, 1), 1, 0);
    CHECK_NEAR(kn_bigram_first(counts, 1, 2), 1, 0);
    CHECK_NEAR(kn_bigram_first(counts, 1, 3), 0, 0);
    for (int32_t w = 0; w < VOCAB; w++)
        nll[w] = kn_unigram_nll(counts, w);
    for (int32_t w = 0; w < VOCAB; w++)
        CHECK_NEAR(kn_unigram_first(counts, w), share_of(nll, VOCAB, w), 0);
    for (int32_t v = 0; v < VOCAB; v++) {
        double sum = 0;
        for (int32_t w = 0; w < VOCAB; w++)
            nll[w] = kn_bigram_nll(counts, v, w);
        for (int32_t w = 0; w < VOCAB; w++) {
            CHECK_NEAR(kn_bigram_first(counts, v, w), share_of(nll, VOCAB, w), 0);
            sum += kn_bigram_first(counts, v, w);
        }
        CHECK_NEAR(sum, 1, 1e-15);
    }
    kn_bigram_free(counts);
}

static void sums_to_one(struct tap *tap)
{
    enum { VOCAB = 5000, TOKENS = 60000 };
    struct kn_bigram *counts = kn_bigram_create(VOCAB, 4999);
    uint64_t x = 1;
    REQUIRE(counts != NULL);
    for (int i = 0; i < TOKENS; i++) { /* many different pairs: the table grows */
        x = x * UINT64_C(6364136223846793005) + 1;
        int32_t id = (int32_t)((x >> 33) % 4000);
        REQUIRE(kn_bigram_add(counts, &id, 1, NULL) == LM_OK);
    }
    CHECK_INT(kn_total(counts), TOKENS);
    for (int32_t v = 0; v < VOCAB; v += 1250) {
        double sum = 0;
        for (int32_t w = 0; w < VOCAB; w++)
            sum += exp(-kn_bigram_nll(counts, v, w));
        CHECK_NEAR(sum, 1, 1e-9);
    }
    kn_bigram_free(counts);
}

static void nothing_counted_is_uniform(struct tap *tap)
{
    struct kn_bigram *counts = kn_bigram_create(10, 9);
    REQUIRE(counts != NULL);
    CHECK_NEAR(kn_bigram_nll(counts, 3, 4), log(10), 1e-12);
    CHECK_NEAR(kn_unigram_nll(counts, 4), log(10), 1e-12);
    kn_bigram_free(counts);
}

static void refuses_foreign_ids(struct tap *tap)
{
    struct lm_err err = {0};
    struct kn_bigram *counts = kn_bigram_create(10, 9);
    REQUIRE(counts != NULL);
    CHECK_INT(kn_bigram_add(counts, (const int32_t[]){3, 10}, 2, &err), LM_RANGE);
    CHECK_STR(err.text, "token id 10 is outside the vocabulary; encode again");
    kn_bigram_free(counts);
}

static const struct tap_test tests[] = {
    TAP_ROW(equals_independent_counts) TAP_ROW(knows_what_comes_first) TAP_ROW(sums_to_one)
        TAP_ROW(nothing_counted_is_uniform) TAP_ROW(refuses_foreign_ids)};
LM_TEST_FILE(tests)
