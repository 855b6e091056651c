/* n-grams that texts share with a stream of tokens, against looking at every place. */
#include <string.h>

#include <lmpipe/rng.h>

#include "stages/evaluate/contamination.h"
#include "tap.h"

enum { STREAM = 20000, TEXTS = 300, LONGEST = 40, TYPES = 3, CHUNK = 500 };

struct texts {
    int32_t stream[STREAM], ids[TEXTS][LONGEST];
    size_t lengths[TEXTS];
};

/* Does a run of n tokens at `ids` stand in the stream? */
static bool stands(const struct texts *t, const int32_t *ids, size_t n)
{
    for (size_t i = 0; i + n <= STREAM; i++)
        if (memcmp(t->stream + i, ids, n * sizeof *ids) == 0)
            return true;
    return false;
}

static bool is_touched(const struct texts *t, size_t text)
{
    size_t count = t->lengths[text], n = count < CONTAMINATION_GRAM ? count : CONTAMINATION_GRAM;
    for (size_t i = 0; n >= CONTAMINATION_LEAST && i + n <= count; i++)
        if (stands(t, t->ids[text] + i, n))
            return true;
    return false;
}

static void draw(struct texts *t)
{
    struct lm_rng rng = lm_rng_stream(1, "texts");
    for (size_t i = 0; i < STREAM; i++)
        t->stream[i] = (int32_t)lm_rng_below(rng, 0, i, TYPES);
    for (size_t i = 0; i < TEXTS; i++) {
        t->lengths[i] = 1 + (size_t)lm_rng_below(rng, 1, i, LONGEST);
        for (size_t k = 0; k < t->lengths[i]; k++)
            t->ids[i][k] = (int32_t)lm_rng_below(rng, 2 + i, k, TYPES);
    }
    memcpy(t->ids[7], t->stream + CHUNK - 5,
           CONTAMINATION_GRAM * sizeof(int32_t)); /* over a border */
    t->lengths[7] = CONTAMINATION_GRAM;
    memcpy(t->ids[8], t->stream + STREAM - 8, 8 * sizeof(int32_t)); /* the last of all */
    t->lengths[8] = 8;
}

static void agrees_with_looking_everywhere(struct tap *tap)
{
    static struct texts t;
    struct lm_arena *arena = lm_arena_create();
    struct contamination set;
    size_t grams = 0, touched = 0, tested = 0;
    draw(&t);
    for (size_t i = 0; i < TEXTS; i++)
        grams += contamination_grams(t.lengths[i]);
    REQUIRE(contamination_init(&set, arena, grams, NULL) == LM_OK);
    for (size_t i = 0; i < TEXTS; i++)
        contamination_add(&set, t.ids[i], t.lengths[i]);
    for (size_t first = 0; first < STREAM; first += CHUNK) {
        size_t from = first > CONTAMINATION_GRAM - 1 ? first - (CONTAMINATION_GRAM - 1) : 0;
        size_t end = first + CHUNK < STREAM ? first + CHUNK : STREAM;
        contamination_scan(&set, t.stream + from, end - from);
    }
    for (size_t i = 0; i < TEXTS; i++) {
        bool want = is_touched(&t, i);
        CHECK_INT(contamination_has(&set, t.ids[i], t.lengths[i]), want);
        touched += want;
        tested += contamination_grams(t.lengths[i]) > 0;
    }
    CHECK(is_touched(&t, 7) && is_touched(&t, 8));
    CHECK(touched > TEXTS / 10 && touched < tested - TEXTS / 10); /* both kinds are there */
    lm_arena_free(arena);
}

static void short_texts_are_not_looked_for(struct tap *tap)
{
    CHECK_INT(contamination_grams(7), 0);
    CHECK_INT(contamination_grams(8), 1);
    CHECK_INT(contamination_grams(12), 1);
    CHECK_INT(contamination_grams(13), 1);
    CHECK_INT(contamination_grams(14), 2);
}

static const struct tap_test tests[] = {TAP_ROW(agrees_with_looking_everywhere)
                                            TAP_ROW(short_texts_are_not_looked_for)};

LM_TEST_FILE(tests)
