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

/* At every size all placeholders are filled, and the vocabulary grows with the text. */
static void template_is_filled(struct tap *tap)
{
    int last = 0;
    for (uint64_t bytes = 100; bytes < UINT64_C(1) << 40; bytes *= 8) {
        struct lm_buf out;
        int vocab = 0;
        lm_buf_init(&out, 0);
        lm_init_spec_write(&out, &(const struct lm_init_corpus){.file = "experiment.yaml",
                                                                .experiment = "mine",
                                                                .description = "x",
                                                                .path = "my.txt",
                                                                .license = "unspecified",
                                                                .bytes = bytes,
                                                                .documents = "file",
                                                                .split = "hash"});
        REQUIRE(lm_buf_status(&out, NULL) == LM_OK);
        CHECK(strchr(out.data, '@') == NULL);
        CHECK(strstr(out.data, "path: \"my.txt\"") != NULL);
        const char *row = strstr(out.data, "\n  vocab: ");
        REQUIRE(row != NULL && sscanf(row, "\n  vocab: %d", &vocab) == 1);
        CHECK(vocab >= last && vocab > 257);
        last = vocab;
        lm_buf_release(&out);
    }
    CHECK(last > 10000);
}

static void starter_is_there(struct tap *tap)
{
    CHECK(strlen(lm_init_starter) > 10000);
    CHECK(strstr(lm_init_starter, "yak shaving") != NULL);
}

static const struct tap_test tests[] = {TAP_ROW(quotes_are_yaml) TAP_ROW(names_fit_the_grammar)
                                            TAP_ROW(template_is_filled) TAP_ROW(starter_is_there)};

LM_TEST_MAIN(tests)
