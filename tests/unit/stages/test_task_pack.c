/* Calls of texts that share beginnings: whatever the texts, the segments spell each of them. */
#include <string.h>

#include <lmpipe/rng.h>

#include "stages/evaluate/task_pack.h"

#include "tap.h"

enum { ROOM = 64, CONTEXT = 12, TEXTS = 40, ROUNDS = 300 };

struct text {
    int32_t tokens[CONTEXT], targets[CONTEXT];
    size_t length;
};

/* A text of few words, most often a change to the end of the one before it. */
static struct text draw(const struct text *last, uint64_t round, uint64_t i)
{
    struct lm_rng rng = lm_rng_stream(round, "texts");
    struct text out = *last;
    size_t kept = (size_t)lm_rng_below(rng, i, 0, 4) == 0
                      ? 0
                      : (size_t)lm_rng_below(rng, i, 1, last->length + 1);
    out.length = 1 + (size_t)lm_rng_below(rng, i, 2, CONTEXT);
    for (size_t t = kept; t < out.length; t++) {
        out.tokens[t] = (int32_t)lm_rng_below(rng, i, 3 + 2 * t, 2);
        out.targets[t] = (int32_t)lm_rng_below(rng, i, 4 + 2 * t, 2) - 1;
    }
    return out;
}

static bool add(struct task_pack *pack, const struct text *text)
{
    memcpy(pack->fresh_tokens, text->tokens, sizeof text->tokens);
    memcpy(pack->fresh_targets, text->targets, sizeof text->targets);
    return task_pack_add(pack, text->length);
}

/* The row of a place: its own, or the one that has it as another target, which is then *target. */
static int32_t row_of(const struct lm_packed_texts *texts, int32_t rows, int32_t place,
                      int32_t *target)
{
    *target = place < rows ? texts->targets[place] : texts->other_targets[place - rows];
    for (int32_t row = 0; row < rows && place >= rows; row++)
        for (int32_t j = texts->others[row]; j >= 0; j = texts->other_next[j])
            if (j == place - rows)
                return row;
    return place < rows ? place : -1;
}

/* The token and target that the segments give to each place of a text: of the rows of whole
 * segments, one going on from the other. */
static void check_text(struct tap *tap, const struct lm_packed_texts *texts, int32_t rows,
                       const int32_t *places, size_t length, const struct text *text)
{
    int32_t first[ROOM], before[ROOM], path[CONTEXT], at = 0;
    for (size_t s = 0; s < texts->count; s++, at += texts->lengths[s - 1]) {
        int32_t from = texts->prefixes[s];
        CHECK(from < (int32_t)s && texts->lengths[s] > 0);
        first[s] = at;
        before[s] = from < 0 ? 0 : before[from] + texts->lengths[from];
    }
    CHECK_INT(length, text->length);
    int32_t last = -1;
    for (size_t t = 0; t < length; t++) {
        int32_t target;
        path[t] = row_of(texts, rows, places[t], &target);
        REQUIRE(path[t] >= 0);
        CHECK_INT(texts->tokens[path[t]], text->tokens[t]);
        CHECK_INT(target, text->targets[t]);
        int32_t segment = 0;
        while (segment + 1 < (int32_t)texts->count && first[segment + 1] <= path[t])
            segment++;
        CHECK_INT(before[segment] + path[t] - first[segment], t);
        if (segment != last) {
            CHECK_INT(texts->prefixes[segment], last);
            CHECK(last < 0 || path[t - 1] == first[last] + texts->lengths[last] - 1);
        }
        last = segment;
    }
}

static void test_drawn(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct task_pack pack;
    size_t own = 0, all = 0;
    REQUIRE(arena != NULL && task_pack_create(&pack, arena, ROOM, CONTEXT, NULL) == LM_OK);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct text texts[TEXTS], last = {.length = 0};
        size_t count = 0;
        task_pack_clear(&pack);
        for (; count < TEXTS; count++) {
            texts[count] = last = draw(&last, round, count);
            if (!add(&pack, &last))
                break;
            all += last.length;
        }
        const struct lm_packed_texts call = task_pack_texts(&pack);
        CHECK(count > 0 && pack.rows <= ROOM);
        CHECK_INT(pack.texts, count);
        own += pack.rows;
        for (size_t i = 0; i < count; i++) {
            size_t length;
            const int32_t *path = task_pack_path(&pack, i, &length);
            check_text(tap, &call, (int32_t)pack.rows, path, length, &texts[i]);
        }
    }
    CHECK(own < all);
    lm_arena_free(arena);
}

/* Choices behind one context: one ends where the other goes on, one is there twice, one parts
 * before. */
static void test_shared(struct tap *tap)
{
    static const struct text a = {{7, 1, 2, 3}, {-1, -1, 3, 5}, 4}, b = {{7, 1, 2}, {-1, -1, 4}, 3};
    static const struct text c = {{7, 1, 6}, {-1, -1, 4}, 3};
    struct lm_arena *arena = lm_arena_create();
    struct task_pack pack;
    REQUIRE(arena != NULL && task_pack_create(&pack, arena, ROOM, CONTEXT, NULL) == LM_OK);
    CHECK(add(&pack, &a) && add(&pack, &b) && add(&pack, &b) && add(&pack, &c));
    CHECK_INT(pack.rows, 5);
    CHECK_INT(pack.other_count, 1);
    const struct lm_packed_texts call = task_pack_texts(&pack);
    CHECK_INT(call.count, 3); /* the context, and what is behind it */
    CHECK_INT(call.lengths[0], 2);
    CHECK_INT(call.lengths[1], 2);
    CHECK_INT(call.lengths[2], 1);
    CHECK_INT(call.prefixes[0], -1);
    CHECK_INT(call.prefixes[1], 0);
    CHECK_INT(call.prefixes[2], 0);
    lm_arena_free(arena);
}

/* A call that is full takes no more, whatever is shared. */
static void test_full(struct tap *tap)
{
    struct text text = {.length = CONTEXT};
    struct lm_arena *arena = lm_arena_create();
    struct task_pack pack;
    REQUIRE(arena != NULL && task_pack_create(&pack, arena, CONTEXT, CONTEXT, NULL) == LM_OK);
    CHECK(add(&pack, &text));
    text.tokens[CONTEXT - 1] = 1;
    CHECK(!add(&pack, &text));
    CHECK_INT(pack.texts, 1);
    task_pack_clear(&pack);
    CHECK(add(&pack, &text));
    for (size_t i = 1; i < CONTEXT; i++)
        CHECK(add(&pack, &text)); /* the same again has no rows of its own */
    CHECK(!add(&pack, &text));
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {
    {"drawn", test_drawn}, {"shared", test_shared}, {"full", test_full}};

LM_TEST_FILE(tests)
