/** Runs that stood before, against comparing all with all. */
#include "corpus/repeats.h"

#include <stdlib.h>
#include <string.h>

#include <lmpipe/rng.h>

#include "base/buf.h"
#include "tests/tap.h"

enum { DOCUMENTS = 12, LONGEST = 120 };

struct texts {
    uint8_t bytes[DOCUMENTS][LONGEST];
    size_t sizes[DOCUMENTS], count;
};

static void find(struct tap *tap, struct lm_repeats *out, size_t starts[DOCUMENTS],
                 const struct texts *texts, size_t bytes, struct lm_pool *pool)
{
    size_t all = 0;
    for (size_t i = 0; i < texts->count; i++)
        all += texts->sizes[i];
    REQUIRE(lm_repeats_begin(out, bytes, all, texts->count, NULL) == LM_OK);
    for (size_t i = 0; i < texts->count; i++)
        starts[i] = lm_repeats_add(out, texts->bytes[i], texts->sizes[i]);
    REQUIRE(lm_repeats_find(out, pool, NULL, NULL) == LM_OK);
}

/* Is a byte cut, by the definition: is it in a run whose first place is before, and not in that
 * one? */
static bool is_cut(const struct texts *texts, size_t document, size_t at, size_t bytes)
{
    const size_t from = at + 1 > bytes ? at + 1 - bytes : 0;
    for (size_t p = from; p <= at && p + bytes <= texts->sizes[document]; p++) {
        const uint8_t *run = texts->bytes[document] + p;
        for (size_t d = 0; d <= document; d++)
            for (size_t q = 0; q + bytes <= texts->sizes[d] && (d < document || q < p); q++)
                if (memcmp(texts->bytes[d] + q, run, bytes) == 0) { /* the first place */
                    if (d < document || at >= q + bytes)
                        return true;
                    d = document;
                    break;
                }
    }
    return false;
}

static size_t count_wrong(const struct lm_repeats *repeats, const size_t *starts,
                          const struct texts *texts, size_t bytes)
{
    size_t wrong = 0;
    for (size_t d = 0; d < texts->count; d++) {
        struct lm_repeat cut = {0, 0};
        bool has_cut = true;
        for (size_t at = 0; at < texts->sizes[d]; at++) {
            if (has_cut && at >= cut.end)
                has_cut = lm_repeats_next(repeats, starts[d], texts->sizes[d], at, &cut);
            wrong += (has_cut && at >= cut.at) != is_cut(texts, d, at, bytes);
        }
    }
    return wrong;
}

static void agrees_with_all_pairs(struct tap *tap)
{
    const struct lm_rng rng = lm_rng_stream(1, "repeats");
    size_t wrong = 0;
    for (size_t turn = 0; turn < 300; turn++) {
        struct texts texts = {.count = 1 + turn % DOCUMENTS};
        struct lm_repeats repeats;
        size_t starts[DOCUMENTS], bytes = 1 + turn % 9;
        for (size_t d = 0; d < texts.count; d++) {
            texts.sizes[d] = lm_rng_below(rng, turn, d, LONGEST + 1);
            for (size_t i = 0; i < texts.sizes[d]; i++)
                texts.bytes[d][i] =
                    (uint8_t)('a' + lm_rng_below(rng, turn, 100 + d * LONGEST + i, 1 + turn % 4));
        }
        find(tap, &repeats, starts, &texts, bytes, NULL);
        wrong += count_wrong(&repeats, starts, &texts, bytes);
        lm_repeats_release(&repeats);
    }
    CHECK_INT(wrong, 0);
}

/* What is left of an endless repetition is one run. */
static void keeps_the_first_run(struct tap *tap)
{
    struct texts texts = {.count = 2, .sizes = {LONGEST, LONGEST}};
    struct lm_repeats repeats;
    struct lm_repeat cut;
    size_t starts[DOCUMENTS];
    memset(texts.bytes[0], '-', LONGEST);
    memset(texts.bytes[1], '-', LONGEST);
    find(tap, &repeats, starts, &texts, 20, NULL);
    REQUIRE(lm_repeats_next(&repeats, starts[0], LONGEST, 0, &cut));
    CHECK_INT(cut.at, 20);
    CHECK_INT(cut.end, LONGEST);
    REQUIRE(lm_repeats_next(&repeats, starts[1], LONGEST, 0, &cut));
    CHECK_INT(cut.at, 0);
    CHECK_INT(cut.end, LONGEST);
    CHECK(!lm_repeats_next(&repeats, starts[1], LONGEST, LONGEST, &cut));
    lm_repeats_release(&repeats);
}

/* Of characters that a run begins or ends in the middle of nothing goes. */
static void cuts_whole_characters(struct tap *tap)
{
    static const char *const pair[] = {"\xC3\xA9 one and the same \xC3\xA9",
                                       "x\xC4\xA9 one and the same \xC3\xA8y"};
    struct texts texts = {.count = 2};
    struct lm_repeats repeats;
    struct lm_repeat cut;
    size_t starts[DOCUMENTS];
    for (size_t i = 0; i < 2; i++) {
        texts.sizes[i] = strlen(pair[i]);
        memcpy(texts.bytes[i], pair[i], texts.sizes[i]);
    }
    find(tap, &repeats, starts, &texts, 12, NULL);
    CHECK(!lm_repeats_next(&repeats, starts[0], texts.sizes[0], 0, &cut));
    REQUIRE(lm_repeats_next(&repeats, starts[1], texts.sizes[1], 0, &cut));
    CHECK_INT(cut.at, 3);
    CHECK_INT(cut.end, strlen(pair[1]) - 3);
    lm_repeats_release(&repeats);
}

/* Many tasks, on several threads, find the same. */
static void depends_on_no_thread(struct tap *tap)
{
    enum { SIZE = 600000 };

    const struct lm_rng rng = lm_rng_stream(2, "repeats");
    struct lm_pool *pool = lm_pool_create(3);
    struct lm_repeats repeats[2];
    uint8_t *text = malloc(SIZE);
    REQUIRE(text != NULL && pool != NULL);
    for (size_t i = 0; i < SIZE; i++)
        text[i] = (uint8_t)lm_rng_below(rng, 0, i, 128);
    for (size_t i = 0; i < 100; i++)
        memcpy(text + 300000 + i * 900, text + i * 700, 300);
    for (size_t k = 0; k < 2; k++) {
        REQUIRE(lm_repeats_begin(&repeats[k], 100, SIZE, 1, NULL) == LM_OK);
        CHECK_INT(lm_repeats_add(&repeats[k], text, SIZE), 0);
        REQUIRE(lm_repeats_find(&repeats[k], k == 0 ? NULL : pool, NULL, NULL) == LM_OK);
    }
    CHECK(memcmp(repeats[0].cuts, repeats[1].cuts, SIZE / 8) == 0);
    size_t cuts = 0;
    struct lm_repeat cut;
    for (size_t at = 0; lm_repeats_next(&repeats[0], 0, SIZE, at, &cut); at = cut.end)
        cuts += cut.end - cut.at >= 300 && cut.end - cut.at < 305;
    CHECK_INT(cuts, 100);
    lm_repeats_release(&repeats[0]);
    lm_repeats_release(&repeats[1]);
    lm_pool_free(pool);
    free(text);
}

static bool stop(void *user)
{
    (void)user;
    return true;
}

static void refuses(struct tap *tap)
{
    const struct lm_suffix_watch watch = {stop, NULL};
    struct lm_repeats repeats;
    struct lm_err err;
    REQUIRE(lm_repeats_begin(&repeats, 3, 6, 1, NULL) == LM_OK);
    lm_repeats_add(&repeats, "banana", 6);
    CHECK_INT(lm_repeats_find(&repeats, NULL, &watch, &err), LM_CANCELLED);
    lm_repeats_release(&repeats);
    CHECK_INT(lm_repeats_begin(&repeats, 3, LM_SUFFIXES_MOST, 1, &err), LM_RANGE);
    lm_repeats_release(&repeats);
    CHECK(lm_repeats_memory(1000000, 10) <= 5250117); /* the stage counts on it */
}

static const struct tap_test tests[] = {TAP_ROW(agrees_with_all_pairs) TAP_ROW(keeps_the_first_run)
                                            TAP_ROW(cuts_whole_characters)
                                                TAP_ROW(depends_on_no_thread) TAP_ROW(refuses)};
LM_TEST_FILE(tests)
