/** Sketches: what they say of two texts beside what all of their shingles say. */
#include "corpus/sketch.h"

#include <math.h>
#include <string.h>

#include "corpus/shingles.h"
#include "planted.h"
#include "tests/tap.h"

/* Letters, so that words begin in many ways. */
static void write_text(struct lm_buf *out, uint64_t seed, size_t words, size_t step)
{
    static const char letters[] = "etaoinshrdlucmfwypvbgkjqxz";
    const struct lm_rng rng = lm_rng_stream(1, "sketches");
    lm_buf_clear(out);
    for (size_t i = 0; i < words; i++) {
        const uint64_t own = step > 0 && i % step == 7 ? seed + 1000000 : seed;
        const size_t length = 2 + lm_rng_below(rng, own, 20 * i, 8);
        for (size_t k = 0; k < length; k++)
            lm_buf_putc(out, letters[lm_rng_below(rng, own, 20 * i + 1 + k, 26)]);
        lm_buf_putc(out, i % 12 == 11 ? '\n' : ' ');
    }
}

static double exact(struct tap *tap, const struct lm_buf *a, const struct lm_buf *b)
{
    struct lm_shingles x = {.items = NULL}, y = {.items = NULL};
    CHECK(lm_shingles_find(&x, (const uint8_t *)a->data, a->size, LM_SKETCH_WORDS, NULL) == LM_OK);
    CHECK(lm_shingles_find(&y, (const uint8_t *)b->data, b->size, LM_SKETCH_WORDS, NULL) == LM_OK);
    CHECK(lm_shingles_unite(&x, NULL) == LM_OK && lm_shingles_unite(&y, NULL) == LM_OK);
    double jaccard = lm_shingles_jaccard(x.items, x.count, y.items, y.count, 0);
    lm_shingles_release(&x);
    lm_shingles_release(&y);
    return jaccard;
}

/* On the average a sketch says what all shingles say. */
static void agrees_on_the_average(struct tap *tap)
{
    static const size_t steps[] = {0, 200, 60, 25};
    struct lm_buf a, b;
    lm_buf_init(&a, 0);
    lm_buf_init(&b, 0);
    for (size_t s = 0; s < 4; s++) {
        double said = 0, wanted = 0;
        for (size_t i = 0; i < 40; i++) {
            struct lm_sketch x, y;
            write_text(&a, i, 3000, 0);
            write_text(&b, i, 3000, steps[s]);
            lm_sketch_make(&x, (const uint8_t *)a.data, a.size);
            lm_sketch_make(&y, (const uint8_t *)b.data, b.size);
            CHECK(x.count > 8);
            said += lm_sketch_jaccard(&x, &y) / 40;
            wanted += exact(tap, &a, &b) / 40;
        }
        CHECK(fabs(said - wanted) < 0.04);
    }
    lm_buf_release(&a);
    lm_buf_release(&b);
}

/* About one of 64 words begins a shingle; other lines are no other text. */
static void samples_by_content(struct tap *tap)
{
    struct lm_sketch x, y;
    struct lm_buf text;
    size_t sum = 0;
    lm_buf_init(&text, 0);
    for (size_t i = 0; i < 100; i++) {
        write_text(&text, i, 640, 0);
        lm_sketch_make(&x, (const uint8_t *)text.data, text.size);
        for (size_t k = 0; k < text.size; k++)
            if (text.data[k] == ' ' && k % 3 == 0)
                text.data[k] = '\n';
        lm_sketch_make(&y, (const uint8_t *)text.data, text.size);
        CHECK(x.count == y.count && memcmp(x.hashes, y.hashes, x.count * 8) == 0);
        for (size_t k = 1; k < x.count; k++)
            CHECK(x.hashes[k - 1] < x.hashes[k]);
        sum += x.count;
    }
    CHECK(sum > 500 && sum < 2000);
    lm_buf_release(&text);
}

/* Texts of any length, with characters at their ends, and letters that stand alone. */
static void takes_any_text(struct tap *tap)
{
    struct lm_sketch sketch;
    struct lm_buf text;
    lm_buf_init(&text, 0);
    lm_sketch_make(&sketch, NULL, 0);
    CHECK_INT(sketch.count, 0);
    for (size_t i = 0; i < 300; i++) {
        char *own = malloc(text.size + 1); /* so that what lies behind it is not read */
        REQUIRE(own != NULL);
        if (text.size > 0)
            memcpy(own, text.data, text.size);
        lm_sketch_make(&sketch, (const uint8_t *)own, text.size);
        free(own);
        const uint32_t letter = 0x4E00 + (uint32_t)(i * 7919 % 20000);
        lm_buf_putc(&text, (char)(0xE0 | letter >> 12));
        lm_buf_putc(&text, (char)(0x80 | (letter >> 6 & 0x3F)));
        lm_buf_putc(&text, (char)(0x80 | (letter & 0x3F)));
    }
    CHECK(sketch.count > 0);
    lm_buf_release(&text);
}

static const struct tap_test tests[] = {TAP_ROW(agrees_on_the_average) TAP_ROW(samples_by_content)
                                            TAP_ROW(takes_any_text)};
LM_TEST_FILE(tests)
