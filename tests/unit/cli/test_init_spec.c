#include "init_spec.h"

#include "tap.h"

static void quotes_are_yaml(struct tap *tap)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_init_quote(&out, "a\"b\\c\n${x} $y 红楼 \xe2\x80\xa8 \x1b");
    CHECK_STR(out.data, "\"a\\\"b\\\\c\\x0a$${x} $y 红楼 \\u2028 \\x1b\"");
    lm_buf_release(&out);
}

static void names_fit_the_grammar(struct tap *tap)
{
    static const struct {
        const char *text, *name;
    } cases[] = {{"My Text.txt", "my-text-txt"},
                 {"红楼梦", "mine"},
                 {"store", "mine"},
                 {"", "mine"},
                 {"--x--", "x"},
                 {"a_b", "a_b"},
                 {"0123456789012345678901234567890123456789xyz",
                  "0123456789012345678901234567890123456789"}};

    char out[41];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        lm_init_experiment_name(out, cases[i].text);
        CHECK_STR(out, cases[i].name);
    }
}

/* At every size all placeholders are filled, the vocabulary grows with the text, and no training
 * lasts for hours on a slow machine. */
static void template_is_filled(struct tap *tap)
{
    int last = 0;
    const struct lm_init_source sources[] = {{"a", "my.txt", NULL}, {"b", "x y", "[\"*.txt\"]"}};
    for (uint64_t bytes = 100; bytes < UINT64_C(1) << 40; bytes *= 8) {
        struct lm_buf out;
        int vocab = 0;
        const struct lm_init_corpus corpus = {.file = "experiment.yaml",
                                              .experiment = "mine",
                                              .description = "x",
                                              .found = "2 files",
                                              .sources = sources,
                                              .source_count = 2,
                                              .license = "unspecified",
                                              .bytes = bytes,
                                              .documents = "by: file",
                                              .documents_why = "plain text",
                                              .count = 300,
                                              .encoding = "auto",
                                              .threads = 1,
                                              .peak = 1e10};
        lm_buf_init(&out, 0);
        lm_init_spec_write(&out, &corpus);
        REQUIRE(lm_buf_status(&out, NULL) == LM_OK);
        CHECK(strchr(out.data, '@') == NULL);
        CHECK(strstr(out.data, "path: \"my.txt\"") != NULL);
        CHECK(strstr(out.data, "path: \"x y\"\n          include: [\"*.txt\"]") != NULL);
        CHECK(strstr(out.data, "\n      encoding: auto   # not UTF-8\n") != NULL);
        const char *row = strstr(out.data, "\n  vocab: ");
        REQUIRE(row != NULL && sscanf(row, "\n  vocab: %d", &vocab) == 1);
        CHECK(vocab >= last && vocab > 257);
        last = vocab;
        struct lm_init_sizes sizes = lm_init_sizes(&corpus);
        CHECK(sizes.steps >= 150 && sizes.seconds > 0 && sizes.seconds < 3 * 3600);
        lm_buf_release(&out);
    }
    CHECK(last > 10000);
}

/* Characters of three bytes want a vocabulary that has them, as far as the text has examples. */
static void dense_scripts_have_more(struct tap *tap)
{
    struct lm_init_corpus corpus = {.bytes = 300000, .characters = 1500};
    struct lm_init_sizes latin = lm_init_sizes(&corpus);
    corpus.is_dense = true;
    struct lm_init_sizes han = lm_init_sizes(&corpus);
    CHECK_INT(latin.vocab, 2048);
    CHECK_INT(han.vocab, 3072);
    CHECK(latin.seconds == 0 && !latin.is_cut);
    corpus.bytes = 30000;
    CHECK(lm_init_sizes(&corpus).vocab <= 1500);
}

static void starter_is_there(struct tap *tap)
{
    CHECK(strlen(lm_init_starter) > 10000);
    CHECK(strstr(lm_init_starter, "yak shaving") != NULL);
}

static const struct tap_test tests[] = {
    TAP_ROW(quotes_are_yaml) TAP_ROW(names_fit_the_grammar) TAP_ROW(template_is_filled)
        TAP_ROW(dense_scripts_have_more) TAP_ROW(starter_is_there)};

LM_TEST_FILE(tests)
