/* Rows made of examples: where texts begin and end, what is a target, what is cut; and the file
 * that says what a model was trained to do. */
#include "data/example_tokens.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "data/objective.h"
#include "tests/tap.h"

enum { END = 99 };

/* A letter is its place in the alphabet. */
static enum lm_status letters(void *user, const void *text, size_t size, const int32_t **ids,
                              size_t *count, struct lm_err *err)
{
    int32_t *out = user;
    (void)err;
    for (size_t i = 0; i < size; i++)
        out[i] = ((const char *)text)[i] - 'a';
    *ids = out;
    *count = size;
    return LM_OK;
}

static bool is_row(const int32_t *row, int64_t time, const int32_t *want)
{
    return memcmp(row, want, (size_t)time * sizeof *row) == 0;
}

static struct lm_example_tokens encode(int64_t length)
{
    static struct lm_example_text reference = {"de", 2};
    static struct lm_example example = {
        .prompt = {"abc", 3}, .references = &reference, .reference_count = 1};
    const struct lm_examples examples = {.items = &example, .count = 1};
    int32_t scratch[16];
    struct lm_example_tokens tokens;
    struct lm_err err;
    if (lm_example_tokens_init(&tokens, &examples, END, length, letters, scratch, &err) != LM_OK)
        printf("# %s\n", err.text);
    return tokens;
}

static void test_rows(struct tap *tap)
{
    static const int32_t text[] = {END, 0, 1, 2, END};
    static const int32_t inputs[] = {END, 0, 1, 2, 3, 4};
    static const int32_t targets[] = {-1, -1, -1, 3, 4, END};
    int32_t row[6], other[6];
    struct lm_example_tokens tokens = encode(16);
    CHECK_INT(lm_example_tokens_text_length(&tokens, 0, 0), 5);
    CHECK_INT(lm_example_tokens_pair_length(&tokens, 0), 6);
    CHECK_INT(lm_example_tokens_scored(&tokens, 0), 3);
    CHECK_INT(lm_example_tokens_cut(&tokens, true), 0);
    CHECK_INT(lm_example_tokens_text(&tokens, 0, 0, row), 5);
    CHECK(is_row(row, 5, text));
    CHECK_INT(lm_example_tokens_pair(&tokens, 0, row, other), 6);
    CHECK(is_row(row, 6, inputs) && is_row(other, 6, targets));
    CHECK_INT(lm_example_tokens_prompt(&tokens, 0, 9, row), 4);
    CHECK(is_row(row, 4, inputs));
    lm_example_tokens_release(&tokens);
}

/* What is too long loses its beginning, and nothing of its end. */
static void test_cut(struct tap *tap)
{
    static const int32_t text[] = {1, 2, END}, inputs[] = {2, 3, 4}, targets[] = {3, 4, END};
    int32_t row[3], other[3];
    struct lm_example_tokens tokens = encode(3);
    CHECK_INT(lm_example_tokens_cut(&tokens, true), 1);
    CHECK_INT(lm_example_tokens_cut(&tokens, false), 1);
    CHECK_INT(lm_example_tokens_text(&tokens, 0, 0, row), 3);
    CHECK(is_row(row, 3, text));
    CHECK_INT(lm_example_tokens_pair(&tokens, 0, row, other), 3);
    CHECK(is_row(row, 3, inputs) && is_row(other, 3, targets));
    CHECK_INT(lm_example_tokens_prompt(&tokens, 0, 2, row), 2);
    CHECK(is_row(row, 2, text)); /* the last two of the prompt */
    lm_example_tokens_release(&tokens);
}

/* ---- objective.json ---- */

static bool is_same_text(const struct lm_example_text *a, const struct lm_example_text *b)
{
    return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

static void test_objective(struct tap *tap)
{
    static struct lm_example_text labels[] = {{" no", 3}, {"y\xc3\xa4", 3}};
    const struct lm_objective objectives[] = {
        {.kind = LM_OBJECTIVE_CLASSIFY,
         .length = 8,
         .test = 0.25,
         .labels = labels,
         .label_count = 2},
        {.kind = LM_OBJECTIVE_TRANSLATE, .length = 9, .valid = 0.1, .test = 0.2},
        {.kind = LM_OBJECTIVE_SIMILAR,
         .length = 7,
         .pooling = "mean",
         .pair_loss = "contrastive",
         .temperature = 0.05,
         .lowest = 1,
         .highest = 5}};

    char folder[] = "/tmp/lmpipe-objective.XXXXXX";
    struct lm_arena *arena = lm_arena_create();
    struct lm_objective got;
    struct lm_err err;
    REQUIRE(mkdtemp(folder) != NULL);
    CHECK_INT(lm_objective_load(&got, arena, folder, &err), LM_OK);
    CHECK_INT(got.kind, LM_OBJECTIVE_LM);
    for (size_t i = 0; i < 3; i++) {
        CHECK_INT(lm_objective_save(&objectives[i], folder, &err), LM_OK);
        CHECK_INT(lm_objective_load(&got, arena, folder, &err), LM_OK);
        CHECK_INT(got.kind, objectives[i].kind);
        CHECK_INT(got.length, objectives[i].length);
        CHECK(got.test == objectives[i].test && got.valid == objectives[i].valid);
        CHECK_INT(got.label_count, objectives[i].label_count);
        for (size_t k = 0; k < got.label_count; k++)
            CHECK(is_same_text(&got.labels[k], &labels[k]));
        if (got.kind == LM_OBJECTIVE_SIMILAR)
            CHECK(got.lowest == 1 && got.highest == 5 && strcmp(got.pooling, "mean") == 0);
    }
    lm_dir_remove(folder, NULL);
    lm_arena_free(arena);
}

static void test_damaged_objective(struct tap *tap)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "{\"lmpipe_objective\": 1, \"objective\": \"lm\", \"length\": 8, \"valid\": 0, \"test\": "
        "0}",
        "{\"lmpipe_objective\": 2, \"objective\": \"translate\", \"length\": 8, \"valid\": 0, "
        "\"test\": 0}",
        "{\"lmpipe_objective\": 1, \"objective\": \"translate\", \"length\": 0, \"valid\": 0, "
        "\"test\": 0}",
        "{\"lmpipe_objective\": 1, \"objective\": \"translate\", \"length\": 8, \"valid\": 0.5, "
        "\"test\": 0.5}",
        "{\"lmpipe_objective\": 1, \"objective\": \"classify\", \"length\": 8, \"valid\": 0, "
        "\"test\": 0}",
        "{\"lmpipe_objective\": 1, \"objective\": \"classify\", \"length\": 8, \"valid\": 0, "
        "\"test\": 0, "
        "\"labels\": [\"a\", 1]}",
        "{\"lmpipe_objective\": 1, \"objective\": \"similar\", \"length\": 8, \"valid\": 0, "
        "\"test\": 0, "
        "\"pooling\": \"mean\", \"pair_loss\": \"regression\", \"temperature\": 1, \"lowest\": 1, "
        "\"highest\": 1}"};

    char folder[] = "/tmp/lmpipe-objective.XXXXXX", path[80];
    struct lm_arena *arena = lm_arena_create();
    struct lm_objective got;
    struct lm_err err;
    REQUIRE(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/objective.json", folder);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CHECK_INT(lm_file_write(path, texts[i], strlen(texts[i]), &err), LM_OK);
        CHECK_INT(lm_objective_load(&got, arena, folder, &err), LM_FORMAT);
        CHECK(strncmp(err.text, "objective.json", 14) == 0);
    }
    lm_dir_remove(folder, NULL);
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {TAP_ROW(test_rows) TAP_ROW(test_cut) TAP_ROW(test_objective)
                                            TAP_ROW(test_damaged_objective)};
LM_TEST_FILE(tests)
