/* Examples in JSON lines: the forms, what is refused and where it stands, which split is whose. */
#include "data/examples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "tests/tap.h"

#define CHOICE(id, gold)                                                                           \
    "{\"id\":\"" id "\",\"prompt\":\"text\",\"choices\":[\"no\",\"yes\"],\"gold\":" gold "}\n"

/* A corpus folder that a test fills with files. */
struct corpus {
    char folder[64];
    struct lm_arena *arena;
    struct lm_examples examples;
    struct lm_err err;
};

static bool corpus_open(struct corpus *corpus)
{
    *corpus = (struct corpus){.folder = "/tmp/lmpipe-examples-XXXXXX"};
    corpus->arena = lm_arena_create();
    return corpus->arena != NULL && mkdtemp(corpus->folder) != NULL;
}

static void corpus_close(struct corpus *corpus)
{
    lm_dir_remove(corpus->folder, NULL);
    lm_arena_free(corpus->arena);
}

static bool corpus_put(struct corpus *corpus, const char *source, const char *lines)
{
    char path[160];
    snprintf(path, sizeof path, "%s/files/%s", corpus->folder, source);
    if (lm_dir_create(path, &corpus->err) != LM_OK)
        return false;
    snprintf(path, sizeof path, "%s/files/%s/data", corpus->folder, source);
    return lm_file_write(path, lines, strlen(lines), &corpus->err) == LM_OK;
}

static enum lm_status read_as(struct corpus *corpus, enum lm_example_form form)
{
    const struct lm_example_options options = {
        .form = form, .valid = 0.25, .test = 0.25, .lowest = 1, .highest = 5};
    corpus->err.text[0] = '\0';
    return lm_examples_read(&corpus->examples, corpus->arena, corpus->folder, &options,
                            &corpus->err);
}

static bool is(const struct lm_example_text *text, const char *want)
{
    return text->size == strlen(want) && memcmp(text->data, want, text->size) == 0;
}

/* ---- forms ---- */

static void test_choice(struct tap *tap)
{
    struct corpus corpus;
    REQUIRE(corpus_open(&corpus));
    REQUIRE(corpus_put(&corpus, "b", CHOICE("z", "1") CHOICE("a", "0")));
    REQUIRE(corpus_put(&corpus, "a",
                       "{\"further\":[{}],\"gold\":1.0,\"choices\":[\"no\",\"yes\"],\"prompt\":"
                       "\"\\u00e4\\u0000b\",\"id\":\"m\"}")); /* no newline at the end */
    REQUIRE(read_as(&corpus, LM_EXAMPLE_CHOICE) == LM_OK);
    const struct lm_examples *got = &corpus.examples;
    REQUIRE(got->count == 3 && got->label_count == 2);
    CHECK(is(&got->labels[0], "no") && is(&got->labels[1], "yes"));
    CHECK_STR(got->items[0].id, "a"); /* by id, whatever file they are in */
    CHECK_STR(got->items[1].id, "m");
    CHECK_STR(got->items[2].id, "z");
    CHECK_INT(got->items[0].label, 0);
    CHECK_INT(got->items[1].label, 1);
    CHECK(got->items[1].prompt.size == 4 &&
          memcmp(got->items[1].prompt.data, "\xc3\xa4\0b", 4) == 0);
    CHECK_STR(got->items[0].file, "b/data");
    CHECK_INT(got->items[0].line, 2);
    CHECK_INT(got->splits[0] + got->splits[1] + got->splits[2], 3);
    corpus_close(&corpus);
}

static void test_generate(struct tap *tap)
{
    struct corpus corpus;
    REQUIRE(corpus_open(&corpus));
    REQUIRE(corpus_put(&corpus, "a",
                       "{\"id\":\"1\",\"prompt\":\"\",\"references\":[\"x\",\"yy\"],\"stop\":"
                       "[\"\\n\"]}\n{\"id\":\"2\",\"prompt\":\"p\",\"references\":[\"x\"]}\n"));
    REQUIRE(read_as(&corpus, LM_EXAMPLE_GENERATE) == LM_OK);
    const struct lm_example *items = corpus.examples.items;
    CHECK_INT(items[0].reference_count, 2);
    CHECK(is(&items[0].references[1], "yy") && is(&items[0].prompt, ""));
    CHECK_INT(items[0].stop_count, 1);
    CHECK(is(&items[0].stops[0], "\n"));
    CHECK_INT(items[1].stop_count, 0);
    CHECK_INT(corpus.examples.label_count, 0);
    corpus_close(&corpus);
}

static void test_similarity(struct tap *tap)
{
    struct corpus corpus;
    REQUIRE(corpus_open(&corpus));
    REQUIRE(corpus_put(&corpus, "a",
                       "{\"id\":\"1\",\"a\":\"x\",\"b\":\"y\",\"score\":1}\n"
                       "{\"id\":\"2\",\"a\":\"x\",\"b\":\"z\",\"score\":3}\n"
                       "{\"id\":\"3\",\"a\":\"x\",\"b\":\"\",\"score\":5}\n"));
    REQUIRE(read_as(&corpus, LM_EXAMPLE_SIMILARITY) == LM_OK);
    const struct lm_example *items = corpus.examples.items;
    CHECK(items[0].score == 0 && items[1].score == 0.5 && items[2].score == 1);
    CHECK(is(&items[1].prompt, "x") && is(&items[1].other, "z"));
    corpus_close(&corpus);
}

/* ---- what is refused ---- */

struct refusal {
    enum lm_example_form form;
    enum lm_status status;
    const char *line, *says;
};

#define GENERATE(members) "{\"id\":\"x\",\"prompt\":\"p\"" members "}"
#define PAIR(members) "{\"id\":\"x\",\"a\":\"p\",\"b\":\"q\"" members "}"

static const struct refusal refusals[] = {
    {LM_EXAMPLE_CHOICE, LM_FORMAT, "\v\n", "a/data:2:"},
    {LM_EXAMPLE_CHOICE, LM_FORMAT, "\xEF\xBB\xBF{}", "a/data:2:"},
    {LM_EXAMPLE_CHOICE, LM_FORMAT, "no json", "a/data:2:"},
    {LM_EXAMPLE_CHOICE, LM_FORMAT, "[1]", "a/data:2: not an object"},
    {LM_EXAMPLE_CHOICE, LM_FORMAT, "{\"prompt\":\"p\"}", "a/data:2: no text \"id\""},
    {LM_EXAMPLE_CHOICE, LM_FORMAT, "{\"id\":7}", "a/data:2: no text \"id\""},
    {LM_EXAMPLE_CHOICE, LM_FORMAT, "{\"id\":\"\"}", "a/data:2: no text \"id\""},
    {LM_EXAMPLE_CHOICE, LM_FORMAT, "{\"id\":\"a\\u0000b\"}", "a/data:2: no text \"id\""},
    {LM_EXAMPLE_CHOICE, LM_FORMAT, PAIR(",\"score\":1"), "a/data:2: no text \"prompt\""},
    {LM_EXAMPLE_CHOICE, LM_FORMAT, GENERATE(",\"gold\":0"), "a/data:2: \"choices\""},
    {LM_EXAMPLE_CHOICE, LM_FORMAT, GENERATE(",\"choices\":[\"no\",1],\"gold\":0"),
     "a/data:2: \"choices\""},
    {LM_EXAMPLE_CHOICE, LM_FORMAT, GENERATE(",\"choices\":[\"no\",\"\"],\"gold\":0"),
     "a/data:2: \"choices\""},
    {LM_EXAMPLE_CHOICE, LM_FORMAT, GENERATE(",\"choices\":[\"yes\",\"no\"],\"gold\":0"), "differ"},
    {LM_EXAMPLE_CHOICE, LM_FORMAT, GENERATE(",\"choices\":[\"no\",\"yes\",\"ah\"],\"gold\":0"),
     "differ"},
    {LM_EXAMPLE_CHOICE, LM_RANGE, CHOICE("x", "2"), "a/data:2: \"gold\""},
    {LM_EXAMPLE_CHOICE, LM_RANGE, CHOICE("x", "-1"), "a/data:2: \"gold\""},
    {LM_EXAMPLE_CHOICE, LM_RANGE, CHOICE("x", "0.5"), "a/data:2: \"gold\""},
    {LM_EXAMPLE_CHOICE, LM_RANGE, CHOICE("x", "1e300"), "a/data:2: \"gold\""},
    {LM_EXAMPLE_CHOICE, LM_RANGE, CHOICE("x", "true"), "a/data:2: \"gold\""},
    {LM_EXAMPLE_CHOICE, LM_INVALID, CHOICE("ok", "1"), "a/data:1 and a/data:2 have one id"},
    {LM_EXAMPLE_GENERATE, LM_FORMAT, GENERATE(""), "\"references\""},
    {LM_EXAMPLE_GENERATE, LM_FORMAT, GENERATE(",\"references\":[]"), "at least one"},
    {LM_EXAMPLE_GENERATE, LM_FORMAT, GENERATE(",\"references\":\"x\""), "\"references\""},
    {LM_EXAMPLE_GENERATE, LM_FORMAT, GENERATE(",\"references\":[\"x\"],\"stop\":\"x\""),
     "\"stop\""},
    {LM_EXAMPLE_GENERATE, LM_FORMAT, GENERATE(",\"references\":[\"x\"],\"stop\":[\"\"]"),
     "\"stop\""},
    {LM_EXAMPLE_SIMILARITY, LM_FORMAT, GENERATE(",\"score\":1"), "no text \"a\""},
    {LM_EXAMPLE_SIMILARITY, LM_FORMAT, PAIR(""), "no number \"score\""},
    {LM_EXAMPLE_SIMILARITY, LM_FORMAT, PAIR(",\"score\":\"3\""), "no number \"score\""},
    {LM_EXAMPLE_SIMILARITY, LM_RANGE, PAIR(",\"score\":0.99"), "outside 1 to 5"},
    {LM_EXAMPLE_SIMILARITY, LM_FORMAT, PAIR(",\"score\":1e999"), "no number \"score\""},
    {LM_EXAMPLE_SIMILARITY, LM_FORMAT, PAIR(",\"score\":2,\"score\":2"), "duplicate"},
    {LM_EXAMPLE_SIMILARITY, LM_RANGE, PAIR(",\"score\":5.01"), "outside 1 to 5"},
};

/* By enum lm_example_form. */
static const char *const sound[] = {
    CHOICE("ok", "1"),
    "{\"id\":\"ok\",\"prompt\":\"p\",\"references\":[\"r\"]}\n",
    "{\"id\":\"ok\",\"a\":\"p\",\"b\":\"q\",\"score\":2}\n",
};

/* A sound line, then the bad one: it is named with file and line, on one line. */
static void test_refused(struct tap *tap)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *row = &refusals[i];
        char lines[400];
        struct corpus corpus;
        REQUIRE(corpus_open(&corpus));
        snprintf(lines, sizeof lines, "%s%s", sound[row->form], row->line);
        REQUIRE(corpus_put(&corpus, "a", lines));
        enum lm_status status = read_as(&corpus, row->form);
        const char *text = corpus.err.text;
        bool is_refused = status == row->status && strstr(text, row->says) != NULL &&
                          strstr(text, "a/data:2") != NULL && strchr(text, '\n') == NULL;
        CHECK(is_refused);
        if (!is_refused)
            printf("# row %zu: %d \"%s\"\n", i, (int)status, text);
        corpus_close(&corpus);
    }
}

/* A mark before the first line, lines ended in two ways, blank ones, a last one without its end,
 * and members that are passed over whatever number they hold. */
static void test_lines(struct tap *tap)
{
    struct corpus corpus;
    REQUIRE(corpus_open(&corpus));
    REQUIRE(corpus_put(
        &corpus, "a",
        "\xEF\xBB\xBF{\"id\":\"1\",\"a\":\"p\",\"b\":\"q\",\"score\":2,\"x\":1e999}\r\n"
        "\r\n \t\n"
        "{\"id\":\"2\",\"a\":\"p\\u0000\",\"b\":\"q\",\"score\":2.5,\"y\":[1e999,-9e9999]}\n"
        "{\"id\":\"3\",\"a\":\"p\",\"b\":\"q\",\"score\":5,\"n\":123456789012345678901}\n\n\n"
        "{\"id\":\"4\",\"a\":\"p\",\"b\":\"q\",\"score\":1}"));
    CHECK_INT(read_as(&corpus, LM_EXAMPLE_SIMILARITY), LM_OK);
    CHECK_INT(corpus.examples.count, 4);
    if (corpus.examples.count == 4) {
        CHECK_INT(corpus.examples.items[3].line, 8);
        CHECK(corpus.examples.items[1].score == 0.375 && corpus.examples.items[1].prompt.size == 2);
    }
    corpus_close(&corpus);
}

static void test_nothing(struct tap *tap)
{
    struct corpus corpus;
    REQUIRE(corpus_open(&corpus));
    CHECK(read_as(&corpus, LM_EXAMPLE_CHOICE) != LM_OK); /* no folder of files */
    REQUIRE(corpus_put(&corpus, "a", ""));
    CHECK_INT(read_as(&corpus, LM_EXAMPLE_CHOICE), LM_INVALID);
    REQUIRE(corpus_put(&corpus, "a",
                       "{\"id\":\"x\",\"prompt\":\"p\",\"choices\":[\"one\"],\"gold\":0}"));
    CHECK_INT(read_as(&corpus, LM_EXAMPLE_CHOICE), LM_RANGE);
    REQUIRE(corpus_put(&corpus, "a",
                       "{\"id\":\"x\",\"prompt\":\"p\",\"choices\":[\"a\",\"a\"],\"gold\":0}"));
    CHECK_INT(read_as(&corpus, LM_EXAMPLE_CHOICE), LM_FORMAT);
    corpus_close(&corpus);
}

/* Every beginning of a sound file is read or refused in one line. */
static void test_cut_short(struct tap *tap)
{
    static const char whole[] = CHOICE("a", "1") CHOICE("b", "0");
    struct corpus corpus;
    REQUIRE(corpus_open(&corpus));
    for (size_t size = 0; size < sizeof whole; size++) {
        char lines[sizeof whole];
        snprintf(lines, size + 1, "%s", whole);
        REQUIRE(corpus_put(&corpus, "a", lines));
        enum lm_status status = read_as(&corpus, LM_EXAMPLE_CHOICE);
        size_t line = strlen(CHOICE("a", "1"));
        bool is_whole = size + 1 == line || size == line || size + 2 >= sizeof whole;
        CHECK((status == LM_OK) == is_whole);
        CHECK(is_whole || (corpus.err.text[0] != '\0' && strchr(corpus.err.text, '\n') == NULL));
    }
    corpus_close(&corpus);
}

/* ---- splits ---- */

/* u by SHA-256 of "lmpipe-examples\0" and, after its length in eight bytes, id and texts; worked
 * out with Python's hashlib: 0.937 0.727 0.359 0.374 0.980 0.305 0.967 0.991 0.092 0.960 0.174
 * 0.550. Valid and test are a quarter each: test below 0.25, valid below 0.5. */
static void test_splits(struct tap *tap)
{
    static const enum lm_split want[] = {LM_TRAIN, LM_TRAIN, LM_VALID, LM_VALID,
                                         LM_TRAIN, LM_VALID, LM_TRAIN, LM_TRAIN,
                                         LM_TEST,  LM_TRAIN, LM_TEST,  LM_TRAIN};

    char lines[2000] = "";
    struct corpus corpus;
    REQUIRE(corpus_open(&corpus));
    for (int i = 0; i < 12; i++) {
        size_t size = strlen(lines);
        snprintf(lines + size, sizeof lines - size,
                 "{\"id\":\"c/%d\",\"prompt\":\"text %d\",\"choices\":[\"n\",\"y\"],\"gold\":0}\n",
                 i, i);
    }
    REQUIRE(corpus_put(&corpus, "a", lines));
    REQUIRE(read_as(&corpus, LM_EXAMPLE_CHOICE) == LM_OK);
    CHECK_INT(corpus.examples.splits[LM_TRAIN], 7);
    CHECK_INT(corpus.examples.splits[LM_VALID], 3);
    CHECK_INT(corpus.examples.splits[LM_TEST], 2);
    for (size_t i = 0; i < 12; i++)
        CHECK_INT(corpus.examples.items[i].split, want[atoi(corpus.examples.items[i].id + 2)]);
    /* among others, in another file, with further members, and another gold */
    REQUIRE(corpus_put(&corpus, "a", CHOICE("x", "0") CHOICE("y", "1")));
    REQUIRE(corpus_put(&corpus, "b",
                       "{\"id\":\"c/8\",\"note\":1,\"prompt\":\"text 8\",\"choices\":[\"no\","
                       "\"yes\"],\"gold\":1}"));
    REQUIRE(read_as(&corpus, LM_EXAMPLE_CHOICE) == LM_OK);
    CHECK_STR(corpus.examples.items[0].id, "c/8");
    CHECK_INT(corpus.examples.items[0].split, LM_TEST);
    corpus_close(&corpus);
}

/* Texts are hashed after their lengths: u is 0.607 of s, "one", "two" and 0.568 of so, "ne", "two";
 * 0.470 of g, "p" with the references "r1", "r2". */
static void test_split_of_texts(struct tap *tap)
{
    struct corpus corpus;
    struct lm_example_options options = {.form = LM_EXAMPLE_SIMILARITY, .test = 0.59, .highest = 1};
    REQUIRE(corpus_open(&corpus));
    REQUIRE(corpus_put(&corpus, "a",
                       "{\"id\":\"s\",\"a\":\"one\",\"b\":\"two\",\"score\":1}\n"
                       "{\"id\":\"so\",\"a\":\"ne\",\"b\":\"two\",\"score\":1}\n"));
    REQUIRE(lm_examples_read(&corpus.examples, corpus.arena, corpus.folder, &options,
                             &corpus.err) == LM_OK);
    CHECK_INT(corpus.examples.items[0].split, LM_TRAIN);
    CHECK_INT(corpus.examples.items[1].split, LM_TEST);
    REQUIRE(corpus_put(&corpus, "a",
                       "{\"id\":\"g\",\"prompt\":\"p\",\"references\":[\"r1\",\"r2\"]}\n"));
    for (int i = 0; i < 2; i++) {
        options = (struct lm_example_options){.form = LM_EXAMPLE_GENERATE,
                                              .test = i == 0 ? 0.4700222 : 0.4700223};
        REQUIRE(lm_examples_read(&corpus.examples, corpus.arena, corpus.folder, &options,
                                 &corpus.err) == LM_OK);
        CHECK_INT(corpus.examples.items[0].split, i == 0 ? LM_TRAIN : LM_TEST);
    }
    corpus_close(&corpus);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_choice) TAP_ROW(test_generate) TAP_ROW(test_similarity) TAP_ROW(test_refused)
        TAP_ROW(test_lines) TAP_ROW(test_nothing) TAP_ROW(test_cut_short) TAP_ROW(test_splits)
            TAP_ROW(test_split_of_texts)};
LM_TEST_FILE(tests)
