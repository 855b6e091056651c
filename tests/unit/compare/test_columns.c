/** Lists cut out of a baseline's text, held against the document tree of the whole text. */
#include "compare/columns.h"

#include <math.h>
#include <string.h>

#include <lmpipe/rng.h>

#include "tap.h"

static const char baseline[] =
    "{\"lmpipe_baseline\":1,\"experiment\":\"e\",\"stages\":[\n"
    "{\"stage\":\"a\",\"type\":\"t\",\"of\":{\"x\":\"y]\"},\"metrics\":{\"m\":1},\"items\":{"
    "\"v\":{\"id\":[\"a\",\"b]\\\"\",\"c\\u00e9\"],\"group\":[null,\"g\",\"g\"],"
    "\"nll\":[0.1,1234.5678901234567,null],\"tie\":[0,1,0]},"
    "\"w\":{\"id\":[],\"other\":[[1,{\"a\":\"]\"}],2]}}},\n"
    "{\"stage\":\"b\",\"items\":{}}]}\n";

/* What was read of one text in both ways. */
struct both {
    struct lm_arena *arena;
    struct lm_columns columns;
    struct lm_json *whole, *rest;
    size_t compared;
    bool is_same;
};

/* A column that both have: each of its elements as a number and as a text. */
static bool compare_column(void *user, const char *key, const struct lm_json *place)
{
    struct both *both = user;
    const struct lm_json *list = lm_json_get(both->whole, key); /* of one set */
    size_t count = lm_json_count(list), read = 0;
    double numbers[64];
    const char **texts = NULL;
    if (!lm_json_is_array(list))
        return true;
    both->compared++;
    both->is_same = count <= 64 &&
                    lm_columns_numbers(numbers, count, &both->columns, place) == LM_OK &&
                    lm_columns_numbers(numbers, count + 1, &both->columns, place) == LM_FORMAT &&
                    lm_columns_texts(&texts, &read, &both->columns, place, both->arena) == LM_OK &&
                    read == count;
    for (size_t i = 0; i < count && both->is_same; i++) {
        double want = lm_json_double(lm_json_at(list, i), (double)NAN);
        const char *text = lm_json_string(lm_json_at(list, i), NULL);
        both->is_same = (isnan(want) ? isnan(numbers[i]) : memcmp(&want, &numbers[i], 8) == 0) &&
                        (text == NULL) == (texts[i] == NULL) &&
                        (text == NULL || strcmp(text, texts[i]) == 0);
    }
    return both->is_same;
}

static bool compare_set(void *user, const char *key, const struct lm_json *set)
{
    struct both *both = user, inner = *both;
    inner.whole = (struct lm_json *)(void *)lm_json_get(both->whole, key);
    if (lm_json_is_object(set))
        lm_json_each(set, compare_column, &inner);
    both->columns = inner.columns;
    both->compared = inner.compared;
    both->is_same = inner.is_same;
    return both->is_same;
}

/* All columns of all stages; false: they differ somewhere. */
static bool compare(struct both *both)
{
    const struct lm_json *stages = lm_json_get(both->rest, "stages");
    struct both inner = *both;
    if (!lm_json_is_object(both->rest) || !lm_json_is_array(stages))
        return true;
    for (size_t i = 0; i < lm_json_count(stages) && inner.is_same; i++) {
        const struct lm_json *stage = lm_json_at(lm_json_get(both->whole, "stages"), i);
        const struct lm_json *items = lm_json_get(lm_json_at(stages, i), "items");
        inner.whole = (struct lm_json *)(void *)lm_json_get(stage, "items");
        if (lm_json_is_object(items))
            lm_json_each(items, compare_set, &inner);
    }
    both->columns = inner.columns;
    both->compared = inner.compared;
    return inner.is_same;
}

/* Both ways take a text or neither does, and they see the same. Returns the columns compared. */
static size_t check(struct tap *tap, const char *text, size_t size)
{
    struct both both = {.arena = lm_arena_create(), .is_same = true};
    struct lm_buf rest;
    lm_buf_init(&rest, 0);
    bool is_whole = lm_json_parse(&both.whole, text, size, NULL) == LM_OK;
    bool is_cut = lm_columns_cut(&both.columns, &rest, both.arena, text, size) == LM_OK &&
                  lm_json_parse(&both.rest, rest.data, rest.size, NULL) == LM_OK;
    if (is_whole && is_cut)
        both.is_same = compare(&both);
    is_cut = is_cut && lm_columns_check(&both.columns) == LM_OK;
    bool is_fine = is_cut == is_whole && both.is_same;
    CHECK(is_fine);
    if (!is_fine)
        printf("# %d %d %d %.*s\n", is_whole, is_cut, both.is_same, (int)size, text);
    size_t compared = both.compared;
    lm_json_free(both.whole);
    lm_json_free(both.rest);
    lm_buf_release(&rest);
    lm_arena_free(both.arena);
    return compared;
}

static void reads_what_is_written(struct tap *tap)
{
    CHECK_INT(check(tap, baseline, sizeof baseline - 1), 6);
}

static void cuts_lists_of_items_alone(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_columns columns;
    struct lm_buf rest;
    lm_buf_init(&rest, 0);
    REQUIRE(lm_columns_cut(&columns, &rest, arena, baseline, sizeof baseline - 1) == LM_OK);
    CHECK_INT(columns.count, 6);
    CHECK_STR(rest.data,
              "{\"lmpipe_baseline\":1,\"experiment\":\"e\",\"stages\":[\n"
              "{\"stage\":\"a\",\"type\":\"t\",\"of\":{\"x\":\"y]\"},\"metrics\":{\"m\":1},"
              "\"items\":{\"v\":{\"id\":[0],\"group\":[1],\"nll\":[2],\"tie\":[3]},"
              "\"w\":{\"id\":[4],\"other\":[5]}}},\n{\"stage\":\"b\",\"items\":{}}]}\n");
    lm_buf_release(&rest);
    lm_arena_free(arena);
}

static void refuses_what_is_no_column(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_columns columns = {0};
    struct lm_json *places;
    const char **texts;
    size_t count;
    double number;
    static const char text[] = "[5,{},[],[0],[-1],[\"0\"]]";
    REQUIRE(lm_json_parse(&places, text, sizeof text - 1, NULL) == LM_OK);
    for (size_t i = 0; i < lm_json_count(places); i++) {
        const struct lm_json *place = lm_json_at(places, i);
        CHECK_INT(lm_columns_numbers(&number, 1, &columns, place), LM_FORMAT);
        CHECK_INT(lm_columns_texts(&texts, &count, &columns, place, arena), LM_FORMAT);
    }
    CHECK_INT(lm_columns_numbers(&number, 1, &columns, NULL), LM_FORMAT);
    lm_json_free(places);
    lm_arena_free(arena);
}

/* Baselines with bytes changed, put in and taken out. */
static void agrees_on_mutated_baselines(struct tap *tap)
{
    static const char pieces[] = "{}[]\",:\\ tnf019e.-\n\x01\xc3\xa9";
    struct lm_rng rng = lm_rng_stream(13, "columns");
    size_t compared = 0;
    for (uint64_t i = 0; i < 20000; i++) {
        char text[sizeof baseline + 8];
        size_t size = sizeof baseline - 1, changes = 1 + (size_t)lm_rng_below(rng, i, 1, 3);
        memcpy(text, baseline, size);
        for (uint64_t k = 0; k < changes; k++) {
            size_t at = (size_t)lm_rng_below(rng, i, 4 * k + 2, size);
            char piece = pieces[lm_rng_below(rng, i, 4 * k + 3, sizeof pieces - 1)];
            uint64_t how = lm_rng_below(rng, i, 4 * k + 4, 3);
            if (how == 1)
                memmove(text + at + 1, text + at, size++ - at);
            if (how == 2)
                memmove(text + at, text + at + 1, --size - at);
            else
                text[at] = piece;
        }
        compared += check(tap, text, size);
    }
    CHECK(compared > 20000);
}

static const struct tap_test tests[] = {
    TAP_ROW(reads_what_is_written) TAP_ROW(cuts_lists_of_items_alone)
        TAP_ROW(refuses_what_is_no_column) TAP_ROW(agrees_on_mutated_baselines)};
LM_TEST_FILE(tests)
