/** Documents as sets of runs of words. */
#include "corpus/shingles.h"

#include <string.h>

#include "base/buf.h"
#include "tests/tap.h"

static void find(struct tap *tap, struct lm_shingles *out, const char *text, size_t ngram)
{
    struct lm_err err;
    REQUIRE(lm_shingles_find(out, (const uint8_t *)text, strlen(text), ngram, &err) == LM_OK);
}

static double jaccard(struct tap *tap, const char *a, const char *b, size_t ngram)
{
    struct lm_shingles x = {0}, y = {0};
    struct lm_err err;
    find(tap, &x, a, ngram);
    find(tap, &y, b, ngram);
    CHECK(lm_shingles_unite(&x, &err) == LM_OK && lm_shingles_unite(&y, &err) == LM_OK);
    double out = lm_shingles_jaccard(x.items, x.count, y.items, y.count, 0);
    CHECK(out == lm_shingles_jaccard(y.items, y.count, x.items, x.count, 0));
    CHECK(out == lm_shingles_jaccard(x.items, x.count, y.items, y.count, out));
    CHECK(lm_shingles_jaccard(x.items, x.count, y.items, y.count, out + 0.01) == 0);
    lm_shingles_release(&x);
    lm_shingles_release(&y);
    return out;
}

static void counts(struct tap *tap)
{
    static const struct {
        const char *text;
        size_t ngram, count;
    } rows[] = {
        {"", 5, 0},
        {" \n ", 5, 0},
        {"one", 5, 1},
        {"a b c d e", 5, 1},
        {"a b c d e f", 5, 2},
        {"a b c", 1, 3},
        {"a  b\n\nc", 2, 2},
        {"a b c d", 64, 1},
        {"\xE4\xB8\x80\xE4\xBA\x8C\xE4\xB8\x89", 2, 2}, /* three Han letters */
        {"a \xE4\xB8\x80\xE3\x80\x82 b", 1, 3},         /* the mark behind one is none */
    };

    struct lm_shingles out = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        find(tap, &out, rows[i].text, rows[i].ngram);
        CHECK_INT(out.count, rows[i].count);
    }
    lm_shingles_release(&out);
}

static void compares(struct tap *tap)
{
    CHECK_NEAR(jaccard(tap, "a b c d", "a b c d", 2), 1, 0);
    CHECK_NEAR(jaccard(tap, "a b c d", "a\nb  c\td", 2), 1, 0);        /* layout is none */
    CHECK_NEAR(jaccard(tap, "a b c d", "a b c e", 2), 2.0 / 4, 1e-15); /* ab bc | cd ce */
    CHECK_NEAR(jaccard(tap, "a b a b a b", "b a b", 2), 1, 0);         /* sets */
    CHECK_NEAR(jaccard(tap, "a b c", "c b a", 1), 1, 0);
    CHECK_NEAR(jaccard(tap, "a b c", "c b a", 2), 0, 0);   /* order counts within one */
    CHECK_NEAR(jaccard(tap, "A b c", "a b c", 1), 0.5, 0); /* case as well */
    CHECK_NEAR(jaccard(tap, "a b", "a b c", 5), 0, 0);
    CHECK_NEAR(jaccard(tap, "", "", 5), 0, 0);
}

/* Long ones are sorted by another way. */
static void unites(struct tap *tap)
{
    struct lm_shingles out = {0};
    struct lm_buf text;
    struct lm_err err;
    lm_buf_init(&text, 0);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 20000; i++)
            lm_buf_printf(&text, "w%d ", i);
    find(tap, &out, text.data, 1);
    CHECK_INT(out.count, 60000);
    REQUIRE(lm_shingles_unite(&out, &err) == LM_OK);
    CHECK_INT(out.count, 20000);
    size_t wrong = 0;
    for (size_t i = 1; i < out.count; i++)
        wrong += out.items[i - 1] >= out.items[i];
    CHECK_INT(wrong, 0);
    lm_buf_release(&text);
    lm_shingles_release(&out);
}

static const struct tap_test tests[] = {TAP_ROW(counts) TAP_ROW(compares) TAP_ROW(unites)};
LM_TEST_FILE(tests)
