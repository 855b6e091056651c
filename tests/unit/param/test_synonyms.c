#include "tap.h"

#include "param/synonyms.h"

static const struct lm_param inner[] = {
    {.name = "valid", .also = "validation dev", .type = LM_P_FLOAT}, {0}};
static const struct lm_param rows[] = {
    {.name = "lr", .also = "learning_rate max_lr", .type = LM_P_FLOAT},
    {.name = "steps", .also = "epochs", .type = LM_P_INT},
    {.name = "top_k", .type = LM_P_INT},
    {.name = "split", .type = LM_P_RECORD, .fields = inner},
    {0},
};

static void test_have(struct tap *tap)
{
    CHECK(lm_synonyms_have("learning_rate max_lr", "learning_rate"));
    CHECK(lm_synonyms_have("learning_rate max_lr", "maxLR"));
    CHECK(lm_synonyms_have("learning_rate", "learning-rate"));
    CHECK(!lm_synonyms_have("learning_rate max_lr", "max"));
    CHECK(!lm_synonyms_have("learning_rate max_lr", "max_lr2"));
    CHECK(!lm_synonyms_have("learning_rate max_lr", "learning_rate max_lr"));
    CHECK(!lm_synonyms_have("a b", "") && !lm_synonyms_have("", "a") &&
          !lm_synonyms_have(NULL, "a"));
}

static void test_print(struct tap *tap)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_synonyms_print(&out, NULL);
    CHECK_INT(out.size, 0);
    lm_synonyms_print(&out, rows[0].also);
    CHECK_STR(out.data, "; also called learning_rate, max_lr");
    lm_buf_release(&out);
}

static void test_meant(struct tap *tap)
{
    static const struct {
        const char *typed, *meant;
    } cases[] = {
        {"learning_rate", "lr"}, {"lerning_rate", "lr"},        {"LR", "lr"},
        {"epochs", "steps"},     {"num_epoch", "none"},         {"stepz", "steps"},
        {"topk", "top_k"},       {"validation", "split.valid"}, {"valid", "split.valid"},
        {"speed", "none"},
    };
    struct lm_arena *arena = lm_arena_create();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *meant = lm_param_meant(arena, rows, cases[i].typed);
        CHECK_STR(meant ? meant : "none", cases[i].meant);
    }
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {TAP_ROW(test_have) TAP_ROW(test_print) TAP_ROW(test_meant)};
LM_TEST_FILE(tests)
