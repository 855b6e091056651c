/** Values where they lie, held against the document tree that Jansson makes of the same text. */
#include "base/json_text.h"

#include <lmpipe/rng.h>

#include "base/json.h"
#include "tap.h"

static bool walk(const char *text, size_t size, const char **wrong)
{
    struct lm_json_walk walk = {.text = text, .size = size};
    bool is_fine = lm_json_walk_value(&walk, NULL);
    lm_json_walk_space(&walk);
    *wrong = walk.wrong;
    return is_fine && walk.at == size;
}

static void grammar(struct tap *tap)
{
    static const struct {
        const char *text;
        bool is_json;
    } rows[] = {
        {"{}", true},
        {" [ ] ", true},
        {"{\"a\":[1,2,{\"b\":null}],\"c\":\"\\\"}\"}", true},
        {"[true,false,null,-1.5e3,NaN,-Infinity]", true},
        {"\"a\\\\\"", true},
        {"", false},
        {"{", false},
        {"[1,]", false},
        {"[,1]", false},
        {"{\"a\"}", false},
        {"{\"a\":}", false},
        {"{\"a\":1,}", false},
        {"{a:1}", false},
        {"[1 2]", false},
        {"[1}", false},
        {"{\"a\":1]", false},
        {"\"a", false},
        {"\"a\\\"", false},
        {"tru", false},
        {"-", false},
        {"1 2", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *wrong = NULL;
        bool is_json = walk(rows[i].text, strlen(rows[i].text), &wrong);
        if (is_json != rows[i].is_json)
            printf("# %s\n", rows[i].text);
        CHECK(is_json == rows[i].is_json);
    }
}

static void depth_is_bounded(struct tap *tap)
{
    char text[2 * LM_JSON_DEEPEST + 8];
    const char *wrong = NULL;
    for (size_t deep = LM_JSON_DEEPEST; deep <= LM_JSON_DEEPEST + 1; deep++) {
        memset(text, '[', deep);
        memset(text + deep, ']', deep);
        CHECK(walk(text, 2 * deep, &wrong) == (deep == LM_JSON_DEEPEST));
    }
    CHECK_STR(wrong, "it is nested too deeply");
}

/* Where the walk says no, so does Jansson; the walk lets more pass (odd numbers, NaN). */
static void stricter_than_nobody(struct tap *tap)
{
    static const char pieces[] = "{}[]\",:\\ tn1e";
    struct lm_rng rng = lm_rng_stream(7, "json");
    for (uint64_t i = 0; i < 200000; i++) {
        char text[16];
        const char *wrong;
        size_t size = 1 + (size_t)lm_rng_below(rng, i, 0, 12);
        for (size_t k = 0; k < size; k++)
            text[k] = pieces[lm_rng_below(rng, i, k + 1, sizeof pieces - 1)];
        struct lm_json *tree = NULL;
        bool is_json = lm_json_parse(&tree, text, size, NULL) == LM_OK;
        lm_json_free(tree);
        bool is_walked = walk(text, size, &wrong);
        if (is_json && !is_walked && !strstr(wrong, "deep"))
            printf("# %.*s\n", (int)size, text);
        CHECK(!is_json || is_walked);
    }
}

static void escapes(struct tap *tap)
{
    static const struct {
        const char *from, *to;
        size_t halves;
    } rows[] = {
        {"plain", "plain", 0},
        {"a\\nb\\\\\\\"\\/", "a\nb\\\"/", 0},
        {"\\u00e9\\uD83D\\uDE00", "\xC3\xA9\xF0\x9F\x98\x80", 0},
        {"x\\ud800y", "x\xEF\xBF\xBDy", 1},
        {"\\udc00\\ud800\\ud800", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 3},
        {"\\ud83d\\n", "\xEF\xBF\xBD\n", 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[64];
        size_t halves = 0, bad = 0;
        strcpy(text, rows[i].from);
        size_t size = lm_json_unescape_all(text, text, strlen(text), &halves, &bad);
        REQUIRE(size != SIZE_MAX);
        CHECK(size == strlen(rows[i].to) && memcmp(text, rows[i].to, size) == 0);
        CHECK_INT(halves, rows[i].halves);
    }
    static const char *const faults[] = {"\\", "a\\x", "\\u12", "\\u12g4"};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        char text[64];
        size_t halves = 0, bad = 99;
        CHECK(lm_json_unescape_all(text, faults[i], strlen(faults[i]), &halves, &bad) == SIZE_MAX);
        CHECK_INT(bad, i == 1);
    }
}

static const struct tap_test tests[] = {TAP_ROW(grammar) TAP_ROW(depth_is_bounded)
                                            TAP_ROW(stricter_than_nobody) TAP_ROW(escapes)};

LM_TEST_FILE(tests)
