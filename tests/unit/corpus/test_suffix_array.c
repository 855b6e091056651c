/** The suffix array against sorting suffixes one by one, on texts of few letters, which repeat. */
#include "corpus/suffix_array.h"

#include <stdlib.h>
#include <string.h>

#include <lmpipe/rng.h>

#include "tests/tap.h"

enum { LONGEST = 400 };

static bool is_before(const uint8_t *text, size_t size, size_t a, size_t b)
{
    const size_t x = size - a, y = size - b;
    int order = memcmp(text + a, text + b, x < y ? x : y);
    return order < 0 || (order == 0 && x < y);
}

/* Each suffix once, each before the next. */
static bool is_suffix_array(const int32_t *sa, const uint8_t *text, size_t size)
{
    uint8_t *seen = calloc(size + 1, 1);
    bool is_good = seen != NULL;
    for (size_t i = 0; i < size && is_good; i++) {
        is_good = sa[i] >= 0 && (size_t)sa[i] < size && !seen[sa[i]]++ &&
                  (i == 0 || is_before(text, size, (size_t)sa[i - 1], (size_t)sa[i]));
    }
    free(seen);
    return is_good;
}

static void sorts_drawn_texts(struct tap *tap)
{
    const struct lm_rng rng = lm_rng_stream(1, "suffixes");
    uint8_t text[LONGEST];
    int32_t sa[LONGEST];
    size_t wrong = 0;
    for (size_t turn = 0; turn < 4000; turn++) {
        const size_t size = lm_rng_below(rng, turn, 0, LONGEST / (1 + turn % 8) + 1),
                     letters = 1 + turn % 5 + (turn % 31 == 0 ? 251 : 0);
        for (size_t i = 0; i < size; i++)
            text[i] = (uint8_t)(256 - letters + lm_rng_below(rng, turn, i + 1, letters));
        wrong += lm_suffix_array(sa, text, size, NULL, NULL) != LM_OK ||
                 !is_suffix_array(sa, text, size);
    }
    CHECK_INT(wrong, 0);
}

/* Every text of up to ten letters of two, eight of three. */
static void sorts_all_short_texts(struct tap *tap)
{
    static const size_t most[] = {0, 0, 10, 7};
    size_t wrong = 0;
    for (size_t letters = 2; letters <= 3; letters++)
        for (size_t size = 1, all = letters; size <= most[letters]; size++, all *= letters)
            for (size_t number = 0; number < all; number++) {
                uint8_t text[16];
                int32_t sa[16];
                for (size_t i = 0, rest = number; i < size; i++, rest /= letters)
                    text[i] = (uint8_t)('a' + rest % letters);
                wrong += lm_suffix_array(sa, text, size, NULL, NULL) != LM_OK ||
                         !is_suffix_array(sa, text, size);
            }
    CHECK_INT(wrong, 0);
}

/* Periods, Fibonacci's word, which recurses most, and bytes that hardly repeat. */
static void sorts_long_texts(struct tap *tap)
{
    enum { SIZE = 60000 };

    const struct lm_rng rng = lm_rng_stream(2, "suffixes");
    uint8_t *text = malloc(SIZE);
    int32_t *sa = malloc(SIZE * sizeof *sa);
    REQUIRE(text != NULL && sa != NULL);
    for (size_t kind = 0; kind < 4; kind++) {
        size_t a = 1, size = kind < 2 ? 3000 : SIZE; /* comparing long equal starts takes long */
        text[0] = 'b';
        text[1] = 'a';
        for (size_t at = 2, b = 2; kind == 1 && at < size; b += a, a = b - a)
            for (size_t i = 0; i < a && at < size; i++)
                text[at++] = text[i];
        for (size_t i = 0; kind != 1 && i < size; i++)
            text[i] = kind == 0   ? (uint8_t) "abcab"[i % 5]
                      : kind == 2 ? (uint8_t)lm_rng_below(rng, 0, i, 256)
                                  : (uint8_t)('a' + lm_rng_below(rng, 1, i, 2));
        REQUIRE(lm_suffix_array(sa, text, size, NULL, NULL) == LM_OK);
        CHECK(is_suffix_array(sa, text, size));
    }
    free(text);
    free(sa);
}

static bool stop_third(void *user)
{
    size_t *calls = user;
    return ++*calls == 3;
}

static void can_be_stopped(struct tap *tap)
{
    static const uint8_t text[] = "she sells sea shells by the sea shore";
    int32_t sa[sizeof text];
    struct lm_err err;
    size_t calls = 0;
    const struct lm_suffix_watch watch = {stop_third, &calls};
    CHECK_INT(lm_suffix_array(sa, text, sizeof text, &watch, &err), LM_CANCELLED);
    CHECK_INT(lm_suffix_array(sa, text, LM_SUFFIXES_MOST + 1, NULL, &err), LM_RANGE);
}

static const struct tap_test tests[] = {TAP_ROW(sorts_drawn_texts) TAP_ROW(sorts_all_short_texts)
                                            TAP_ROW(sorts_long_texts) TAP_ROW(can_be_stopped)};
LM_TEST_FILE(tests)
