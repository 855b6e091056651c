#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "store/store.h"
#include "tap.h"

static void test_round_trip(struct tap *tap)
{
    char root[] = "/tmp/lmpipe-test-last-XXXXXX";
    struct lm_arena *arena = lm_arena_create();
    struct lm_last rows[2] = {{.stage = "text"}, {.stage = "model"}}, *back = rows;
    size_t count = 9;
    const char *spec = "x";
    REQUIRE(mkdtemp(root) != NULL);
    CHECK_INT(lm_last_load(&back, &count, &spec, arena, root, "exp", NULL), LM_OK);
    CHECK(count == 0 && spec == NULL);
    lm_sha256_bytes(&rows[0].key, "a", 1);
    lm_sha256_bytes(&rows[1].key, "b", 1);
    CHECK_INT(lm_last_save(rows, 2, "experiments/my spec.yaml", root, "exp", NULL), LM_OK);
    CHECK_INT(lm_last_load(&back, &count, &spec, arena, root, "exp", NULL), LM_OK);
    REQUIRE(count == 2 && spec != NULL);
    CHECK_STR(spec, "experiments/my spec.yaml");
    CHECK_STR(back[1].stage, "model");
    CHECK(lm_digest_compare(&back[1].key, &rows[1].key) == 0);
    lm_dir_remove(root, NULL);
    lm_arena_free(arena);
}

/** It only remembers: what is damaged is forgotten. */
static void test_damage(struct tap *tap)
{
    static const struct {
        const char *text;
        size_t count;
    } rows[] = {
        {"", 0},
        {"nonsense\n", 0},
        {"lmpipe-last 2\nspec x\n", 0},
        {"lmpipe-last 1\nspec x\nstage model zz\n", 0},
        {"lmpipe-last 1\nstage model\nother\nspec x", 0},
        {"lmpipe-last 1\nspec x\n"
         "stage m e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nstage",
         1},
    };

    char root[] = "/tmp/lmpipe-test-last-XXXXXX";
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(mkdtemp(root) != NULL);
    const char *folder = lm_path_join(arena, root, "artifacts/exp");
    REQUIRE(lm_dir_create(folder, NULL) == LM_OK);
    const char *path = lm_path_join(arena, folder, ".lmpipe");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_last *back;
        size_t count = 9;
        const char *spec;
        REQUIRE(lm_file_write(path, rows[i].text, strlen(rows[i].text), NULL) == LM_OK);
        CHECK_INT(lm_last_load(&back, &count, &spec, arena, root, "exp", NULL), LM_OK);
        CHECK_INT(count, rows[i].count);
    }
    lm_dir_remove(root, NULL);
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {TAP_ROW(test_round_trip) TAP_ROW(test_damage)};
LM_TEST_MAIN(tests)
