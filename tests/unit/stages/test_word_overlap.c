/* The baselines on the real sets they are for, where these lie: words shared (SICK; Marelli et al.
 * 2014) and the source copied (Multi30k; Elliott et al. 2016). By hand: test_rank_correlation.c. */
#include "stages/evaluate/word_overlap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "stages/evaluate/bleu.h"
#include "stats/rank_correlation.h"
#include "tests/tap.h"

/* A task file as a corpus of that one file; false with a reason to skip. */
static bool read_task(struct lm_examples *out, struct lm_arena *arena, const char *name,
                      const struct lm_example_options *options, const char **reason)
{
    const char *data = getenv("LMPIPE_DATA");
    char folder[] = "/tmp/lmpipe-task-XXXXXX", path[80], file[400];
    struct lm_err err;
    *reason = "LMPIPE_DATA is not set";
    if (data == NULL)
        return false;
    snprintf(file, sizeof file, "%s/eval/tasks/%s", data, name);
    *reason = "the task is not in LMPIPE_DATA";
    if (!lm_path_exists(file) || mkdtemp(folder) == NULL)
        return false;
    snprintf(path, sizeof path, "%s/files", folder);
    enum lm_status status = lm_dir_create(path, &err);
    snprintf(path, sizeof path, "%s/files/data", folder);
    if (status == LM_OK && symlink(file, path) == 0)
        status = lm_examples_read(out, arena, folder, options, &err);
    if (status != LM_OK)
        printf("# %s\n", err.text);
    lm_dir_remove(folder, NULL);
    *reason = NULL;
    return status == LM_OK;
}

static void test_sick(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    const struct lm_example_options options = {
        .form = LM_EXAMPLE_SIMILARITY, .lowest = 1, .highest = 5};
    struct lm_examples examples;
    struct lm_rank_correlation pairs;
    struct lm_err err;
    const char *reason;
    if (!read_task(&examples, arena, "sick_similarity.jsonl", &options, &reason)) {
        lm_arena_free(arena);
        REQUIRE(reason != NULL);
        SKIP(reason);
    }
    double *overlap = LM_NEW_ARRAY(arena, double, examples.count);
    double *gold = LM_NEW_ARRAY(arena, double, examples.count);
    for (size_t i = 0; i < examples.count; i++) {
        const struct lm_example *item = &examples.items[i];
        CHECK_INT(word_overlap(&overlap[i], arena, &item->prompt, &item->other, &err), LM_OK);
        gold[i] = item->score;
    }
    REQUIRE(lm_rank_correlation_init(&pairs, arena, overlap, gold, examples.count, &err) == LM_OK);
    printf("# %zu pairs: Spearman %.4f, Pearson %.4f\n", examples.count, lm_spearman(&pairs, NULL),
           lm_pearson(&pairs, NULL));
    /* worked out in Python by re.findall(r"\w+") on lower case; with apostrophes inside words,
     * [a-z']+, it is 0.574376 */
    CHECK_NEAR(lm_spearman(&pairs, NULL), 0.574941, 1e-6);
    CHECK_NEAR(lm_pearson(&pairs, NULL), 0.581987, 1e-6);
    lm_arena_free(arena);
}

static void test_multi30k(struct tap *tap)
{
    static const size_t before = sizeof "English: " - 1, after = sizeof "\nGerman:" - 1;
    struct lm_arena *arena = lm_arena_create();
    const struct lm_example_options options = {.form = LM_EXAMPLE_GENERATE};
    struct lm_examples examples;
    struct bleu_stats sum = {0}, own;
    struct lm_err err;
    const char *reason;
    if (!read_task(&examples, arena, "multi30k_en_de.jsonl", &options, &reason)) {
        lm_arena_free(arena);
        REQUIRE(reason != NULL);
        SKIP(reason);
    }
    for (size_t i = 0; i < examples.count; i++) {
        const struct lm_example *item = &examples.items[i];
        REQUIRE(item->prompt.size > before + after);
        const struct lm_example_text source = {item->prompt.data + before,
                                               item->prompt.size - before - after};
        CHECK_INT(bleu_count(&own, arena, &source, item->references, item->reference_count, &err),
                  LM_OK);
        bleu_add(&sum, &own, 1);
    }
    printf("# %zu sentences: BLEU of the source %.3f\n", examples.count, bleu_score(&sum));
    CHECK_NEAR(bleu_score(&sum), 0.5, 0.06);
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {TAP_ROW(test_sick) TAP_ROW(test_multi30k)};
LM_TEST_FILE(tests)
