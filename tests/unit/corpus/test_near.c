/** Clusters of near-duplicates beside all pairs compared. */
#include "corpus/near.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "planted.h"
#include "tests/tap.h"

enum { MOST = 600 };

struct library {
    struct lm_buf texts[MOST];
    size_t count;
    struct lm_buf joined; /* pairs as they came */
};

static struct lm_buf *more(struct library *library)
{
    lm_buf_init(&library->texts[library->count], 0);
    return &library->texts[library->count++];
}

static void release(struct library *library)
{
    for (size_t i = 0; i < library->count; i++)
        lm_buf_release(&library->texts[i]);
    lm_buf_release(&library->joined);
    library->count = 0;
}

static enum lm_status read_text(void *user, size_t index, struct lm_buf *out, struct lm_err *err)
{
    const struct library *library = user;
    lm_buf_append(out, library->texts[index].data, library->texts[index].size);
    return lm_buf_status(out, err);
}

static void joined(void *user, size_t a, size_t b, double jaccard)
{
    struct library *library = user;
    lm_buf_printf(&library->joined, "%zu %zu %.17g\n", a, b, jaccard);
}

static void resolve(struct tap *tap, struct library *library, struct lm_near *near,
                    const struct lm_near_options *options, size_t threads)
{
    const struct lm_near_texts texts = {.read = read_text, .joined = joined, .user = library};
    struct lm_shingles shingles = {0};
    struct lm_err err;
    uint64_t keys[LM_MINHASH_MOST];
    struct lm_pool *pool = lm_pool_create(threads);
    lm_near_init(near, options);
    lm_buf_clear(&library->joined);
    for (size_t i = 0; i < library->count; i++) {
        const struct lm_buf *text = &library->texts[i];
        REQUIRE(lm_near_keys(near, keys, &shingles, (const uint8_t *)text->data, text->size,
                             &err) == LM_OK);
        REQUIRE(lm_near_add(near, keys, shingles.count, &err) == LM_OK);
    }
    REQUIRE(lm_near_resolve(near, &texts, pool, &err) == LM_OK);
    lm_shingles_release(&shingles);
    lm_pool_free(pool);
}

static const struct lm_near_options usual = {
    .threshold = 0.8, .ngram = 5, .bands = 14, .rows = 8, .memory = 1 << 20, .folder = "/tmp"};

static double jaccard(struct tap *tap, const struct library *library, size_t a, size_t b,
                      size_t ngram)
{
    struct lm_shingles sets[2] = {{0}, {0}};
    struct lm_err err;
    const size_t indices[] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        const struct lm_buf *text = &library->texts[indices[i]];
        CHECK(lm_shingles_find(&sets[i], (const uint8_t *)text->data, text->size, ngram, &err) ==
              LM_OK);
        CHECK(lm_shingles_unite(&sets[i], &err) == LM_OK);
    }
    double out = lm_shingles_jaccard(sets[0].items, sets[0].count, sets[1].items, sets[1].count, 0);
    lm_shingles_release(&sets[0]);
    lm_shingles_release(&sets[1]);
    return out;
}

/* Pairs of every likeness: after verification none below the threshold, and all that share a key
 * above it. */
static void verifies(struct tap *tap)
{
    struct library library = {.count = 0};
    struct lm_near near;
    lm_buf_init(&library.joined, 0);
    for (size_t p = 0; p < 100; p++) {
        plant(more(&library), p, 200, 0, 0, 0);
        plant(more(&library), p, 200, 10 + 3 * p, 3, 1);
    }
    resolve(tap, &library, &near, &usual, 1);
    size_t above = 0, missed = 0, wrong = 0;
    uint64_t keys[2][14];
    struct lm_shingles shingles = {0};
    struct lm_err err;
    for (size_t p = 0; p < 100; p++) {
        double own = jaccard(tap, &library, 2 * p, 2 * p + 1, 5);
        bool is_found = near.documents[2 * p + 1].first == 2 * p, is_candidate = false;
        for (size_t k = 0; k < 2; k++)
            CHECK(lm_near_keys(&near, keys[k], &shingles,
                               (const uint8_t *)library.texts[2 * p + k].data,
                               library.texts[2 * p + k].size, &err) == LM_OK);
        for (size_t b = 0; b < 14; b++)
            is_candidate = is_candidate || keys[0][b] == keys[1][b];
        above += own >= 0.8;
        missed += own >= 0.8 && !is_found;
        wrong += is_found != (is_candidate && own >= 0.8);
        wrong += near.documents[2 * p].first != 2 * p;
        if (is_found)
            CHECK_NEAR(near.documents[2 * p + 1].jaccard, own, 1e-6);
    }
    CHECK_INT(wrong, 0);
    CHECK(above > 50 && missed < above / 20);
    CHECK_INT(near.removed, above - missed);
    lm_shingles_release(&shingles);
    lm_near_release(&near);
    release(&library);
}

/* Chains: the first is like the second, that like the third, but the first not like the third. */
static void joins_chains(struct tap *tap)
{
    struct library library = {.count = 0};
    struct lm_near near;
    const struct lm_near_options options = {
        .threshold = 0.7, .ngram = 1, .bands = 64, .rows = 2, .memory = 1 << 20, .folder = "/tmp"};
    lm_buf_init(&library.joined, 0);
    for (size_t i = 0; i < 8; i++) { /* words 20 i … 20 i + 99 of one long text */
        struct lm_buf *text = more(&library);
        for (size_t w = 0; w < 100; w++)
            lm_buf_printf(text, "w%zu ", 15 * i + w);
    }
    plant(more(&library), 1, 100, 0, 0, 0);
    resolve(tap, &library, &near, &options, 1);
    CHECK(jaccard(tap, &library, 0, 1, 1) >= 0.7 && jaccard(tap, &library, 0, 2, 1) < 0.7);
    for (size_t i = 0; i < 8; i++)
        CHECK_INT(near.documents[i].first, 0);
    CHECK_INT(near.documents[8].first, 8);
    CHECK_INT(near.documents[8].partner, 8);
    CHECK_INT(near.removed, 7);
    lm_near_release(&near);
    release(&library);
}

/* A cluster whose likeness is only seen late: the first two are alike by the third alone. */
static void fill_mixed(struct library *library)
{
    for (size_t d = 0; d < 60; d++)
        for (size_t copy = 0; copy < 1 + d % 9; copy++)
            plant(more(library), d, 60 + 7 * d, copy > 0 ? 40 + 10 * copy : 0, copy, copy);
    lm_buf_puts(more(library), "");
    lm_buf_puts(more(library), "two words");
    lm_buf_puts(more(library), "two words");
    lm_buf_puts(more(library), "");
}

static void depends_on_documents_alone(struct tap *tap)
{
    struct library library = {.count = 0};
    struct lm_near first, near;
    struct lm_buf pairs;
    lm_buf_init(&library.joined, 0);
    lm_buf_init(&pairs, 0);
    fill_mixed(&library);
    resolve(tap, &library, &first, &usual, 1);
    lm_buf_append(&pairs, library.joined.data, library.joined.size);
    CHECK(first.removed > 100);
    static const size_t ways[][2] = {{2, 1 << 20}, {3, 1}, {5, 1 << 12}, {1, 1 << 15}};
    for (size_t k = 0; k < 4; k++) {
        struct lm_near_options options = usual;
        options.memory = ways[k][1];
        resolve(tap, &library, &near, &options, ways[k][0]);
        CHECK_STR(library.joined.data, pairs.data);
        size_t wrong = 0;
        for (size_t i = 0; i < near.count; i++)
            wrong += near.documents[i].first != first.documents[i].first ||
                     near.documents[i].partner != first.documents[i].partner ||
                     near.documents[i].jaccard != first.documents[i].jaccard;
        CHECK_INT(wrong, 0);
        lm_near_release(&near);
    }
    size_t end = library.count;
    CHECK(first.documents[end - 4].first == end - 4 && first.documents[end - 1].first == end - 1);
    CHECK_INT(first.documents[end - 2].first, end - 3);
    lm_near_release(&first);
    lm_buf_release(&pairs);
    release(&library);
}

/* Many copies of one text are compared with one of them each, not all with all. */
static void is_quick_with_copies(struct tap *tap)
{
    struct library library = {.count = 0};
    struct lm_near near;
    lm_buf_init(&library.joined, 0);
    for (size_t i = 0; i < MOST; i++)
        plant(more(&library), 5, 100, 0, 0, 0);
    resolve(tap, &library, &near, &usual, 2);
    CHECK_INT(near.removed, MOST - 1);
    CHECK_INT(near.candidates, MOST - 1);
    lm_near_release(&near);
    release(&library);
}

static bool stop(void *user)
{
    (void)user;
    return true;
}

static enum lm_status fail_to_read(void *user, size_t index, struct lm_buf *out, struct lm_err *err)
{
    (void)user, (void)out;
    return index == 1 ? lm_fail(err, LM_IO, "the disk is broken") : LM_OK;
}

static void ends_early(struct tap *tap)
{
    struct lm_near near;
    struct lm_err err;
    struct library library = {.count = 0};
    const uint64_t keys[14] = {0};
    lm_buf_init(&library.joined, 0);
    plant(more(&library), 5, 100, 0, 0, 0);
    plant(more(&library), 5, 100, 0, 0, 0);
    for (size_t i = 0; i < 2; i++) {
        const struct lm_near_texts texts = {.read = i == 0 ? read_text : fail_to_read,
                                            .is_cancelled = i == 0 ? stop : NULL,
                                            .user = &library};
        lm_near_init(&near, &usual);
        REQUIRE(lm_near_add(&near, keys, 96, &err) == LM_OK);
        REQUIRE(lm_near_add(&near, keys, 96, &err) == LM_OK);
        CHECK_INT(lm_near_resolve(&near, &texts, NULL, &err), i == 0 ? LM_CANCELLED : LM_IO);
        lm_near_release(&near);
    }
    CHECK_STR(err.text, "the disk is broken");
    release(&library);
}

static const struct tap_test tests[] = {TAP_ROW(verifies) TAP_ROW(joins_chains) TAP_ROW(
    depends_on_documents_alone) TAP_ROW(is_quick_with_copies) TAP_ROW(ends_early)};
LM_TEST_FILE(tests)
