#include "text/clean_rules.h"

#include <lmpipe/rng.h>

#include "base/buf.h"
#include "tap.h"
#include "tsv.h"

static void cases(struct tap *tap)
{
    struct tsv tsv;
    bool is_seen[64] = {false};
    REQUIRE(tsv_open(&tsv, LM_TEST_DATA "/clean/rules.tsv"));
    while (tsv_next(&tsv)) {
        const struct lm_rule_kind *kind = lm_rule_find(tsv.fields[0]);
        struct lm_rule_measure measure = {.none = 0};
        REQUIRE(tsv.count == 3 && kind != NULL);
        REQUIRE(lm_text_measure(&measure.text, (const uint8_t *)tsv.fields[2], tsv.sizes[2],
                                NULL) == LM_OK);
        CHECK_INT(lm_text_words((const uint8_t *)tsv.fields[2], tsv.sizes[2]), measure.text.words);
        double value = lm_rule_value(kind, &measure);
        if (value != strtod(tsv.fields[1], NULL))
            printf("# line %d: %s is %g\n", tsv.line, kind->name, value);
        CHECK(value == strtod(tsv.fields[1], NULL));
        is_seen[kind - lm_rule_kinds] = true;
    }
    for (size_t i = 0; lm_rule_kinds[i].name != NULL; i++)
        CHECK(is_seen[i] || lm_rule_kinds[i].source != NULL); /* published ones: test_rule_passes */
    CHECK(lm_rule_find("no_such_rule") == NULL);
    tsv_close(&tsv);
}

/* Words are counted eight characters at a time and one at a time. */
static void words_are_the_same_either_way(struct tap *tap)
{
    static const char *const parts[] = {
        "a",    "b",   " ", "  ",   "\n",       "\t",           "\v",       "\r",   "\x0e",
        "\x08", "!",   "~", "\x7f", "\xC3\xA9", "\xE4\xB8\xAD", "\xC2\x85", "\xFF", "\xE2\x80\xA8",
        "word", "\x1f"};
    struct lm_rng rng = lm_rng_stream(7, "words");
    for (uint64_t i = 0; i < 3000; i++) {
        struct lm_buf text;
        struct lm_text_measure measure;
        lm_buf_init(&text, 0);
        for (uint64_t k = 0, n = lm_rng_below(rng, i, 0, 40); k < n; k++)
            lm_buf_puts(&text, parts[lm_rng_below(rng, i, k + 1, sizeof parts / sizeof parts[0])]);
        const uint8_t *bytes = (const uint8_t *)(text.data != NULL ? text.data : "");
        REQUIRE(lm_text_measure(&measure, bytes, text.size, NULL) == LM_OK);
        CHECK_INT(lm_text_words(bytes, text.size), measure.words);
        lm_buf_release(&text);
    }
}

static void bounds(struct tap *tap)
{
    const struct lm_rule_kind *chars = lm_rule_find("chars");
    const double none = (double)NAN;
    const struct lm_rule_measure measure = {.text = {.chars = 10}};
    CHECK(!lm_rule_drops(&(struct lm_rule){chars, 10, 10, 0}, &measure));
    CHECK(lm_rule_drops(&(struct lm_rule){chars, 11, none, 0}, &measure));
    CHECK(lm_rule_drops(&(struct lm_rule){chars, none, 9, 0}, &measure));
    CHECK(!lm_rule_drops(&(struct lm_rule){chars, none, none, 0}, &measure));
}

static void scripts(struct tap *tap)
{
    const char text[] =
        "ab \xCE\xB1 \xD0\x96 \xE4\xB8\xAD\xE6\x96\x87 \xE3\x81\x82 \xED\x95\x9C 12!";
    struct lm_text_measure measure, sum = {0};
    REQUIRE(lm_text_measure(&measure, (const uint8_t *)text, sizeof text - 1, NULL) == LM_OK);
    lm_text_measure_add(&sum, &measure);
    lm_text_measure_add(&sum, &measure);

    static const struct {
        const char *name;
        int64_t letters;
    } want[] = {{"Latin", 2},    {"Greek", 1},  {"Cyrillic", 1}, {"Han", 2},
                {"Hiragana", 1}, {"Hangul", 1}, {"other", 0},    {"Arabic", 0}};

    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        for (size_t j = 0; j < LM_SCRIPTS; j++)
            if (strcmp(lm_script_names[j], want[i].name) == 0) {
                CHECK_INT(measure.scripts[j], want[i].letters);
                CHECK_INT(sum.scripts[j], 2 * want[i].letters);
            }
    CHECK_INT(sum.longest_line, measure.longest_line);
    CHECK_INT(sum.chars, 2 * measure.chars);
}

static const struct tap_test tests[] = {TAP_ROW(cases) TAP_ROW(words_are_the_same_either_way)
                                            TAP_ROW(bounds) TAP_ROW(scripts)};

LM_TEST_FILE(tests)
