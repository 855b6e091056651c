#include "runs/differing.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "store/store.h"
#include "tap.h"

struct fixture {
    char root[64];
    struct lm_arena *arena;
    struct lm_store *store;
};

static void setup(struct fixture *f)
{
    snprintf(f->root, sizeof f->root, "/tmp/lmpipe-test-differing-XXXXXX");
    f->arena = lm_arena_create();
    if (mkdtemp(f->root) == NULL || lm_store_open(&f->store, f->root, NULL) != LM_OK)
        abort();
}

static void teardown(struct fixture *f)
{
    lm_store_close(f->store);
    lm_dir_remove(f->root, NULL);
    lm_arena_free(f->arena);
}

static struct lm_differing sample(unsigned char key, const char *stage, const char *file)
{
    return (struct lm_differing){.key = {.bytes = {key}},
                                 .experiment = "x",
                                 .stage = stage,
                                 .type = "train",
                                 .found = "verify",
                                 .host = "h",
                                 .when = 1795460000,
                                 .difference = {.port = "model",
                                                .file = file,
                                                .place = "line 1, \"odd\"",
                                                .stored = "a",
                                                .now = "b",
                                                .stored_digest = "sha256:00",
                                                .now_digest = "sha256:01"}};
}

static void test_round_trip(struct tap *tap)
{
    struct fixture f;
    struct lm_differings all;
    size_t times = 7;
    setup(&f);
    REQUIRE(lm_differing_load(&all, f.arena, f.store, NULL) == LM_OK);
    CHECK_INT(all.count, 0);
    const struct lm_differing rows[] = {sample(1, "a@lr=0.1", "w.bin"), sample(2, "b", NULL),
                                        sample(1, "renamed", "w.bin")};
    for (size_t i = 0; i < 3; i++)
        REQUIRE(lm_differing_note(f.store, &rows[i], NULL) == LM_OK);
    REQUIRE(lm_differing_load(&all, f.arena, f.store, NULL) == LM_OK);
    REQUIRE(all.count == 3);
    CHECK(all.rows[1].difference.file == NULL && all.rows[1].when == 1795460000);
    const struct lm_differing *last = lm_differing_find(&all, &rows[0].key, &times);
    REQUIRE(last != NULL);
    CHECK_INT(times, 2);
    CHECK_STR(last->stage, "renamed");
    CHECK_STR(lm_difference_text(f.arena, &last->difference),
              "model/w.bin: line 1, \"odd\": a was stored, now b");
    CHECK_STR(lm_difference_text(f.arena, &all.rows[1].difference),
              "model: line 1, \"odd\": a was stored, now b");
    CHECK(lm_differing_find(&all, &(struct lm_digest){.bytes = {9}}, &times) == NULL);
    CHECK_INT(times, 0);
    teardown(&f);
}

/** Every cut of the file, and every flipped byte: the lines that are whole stay. */
static void test_damaged(struct tap *tap)
{
    struct fixture f;
    struct lm_differings all;
    char *text = NULL;
    size_t size = 0;
    setup(&f);
    const struct lm_differing rows[] = {sample(1, "a", NULL), sample(2, "b", NULL)};
    for (size_t i = 0; i < 2; i++)
        REQUIRE(lm_differing_note(f.store, &rows[i], NULL) == LM_OK);
    const char *path = lm_path_join(f.arena, f.root, "runs/differing");
    REQUIRE(lm_file_read(&text, &size, f.arena, path, 1 << 20, NULL) == LM_OK);
    for (size_t i = 0; i < size; i += 3) {
        lm_file_write(path, text, i, NULL);
        REQUIRE(lm_differing_load(&all, f.arena, f.store, NULL) == LM_OK);
        CHECK(all.count <= 1 || i == size - 1); /* its last line lacks but its end */
        text[i] ^= 1;
        lm_file_write(path, text, size, NULL);
        text[i] ^= 1;
        REQUIRE(lm_differing_load(&all, f.arena, f.store, NULL) == LM_OK);
        CHECK(all.count <= 1 || text[i] == '\n');
    }
    lm_file_write(path, "0011223344556677 {}\n\n{}\n", 24, NULL);
    REQUIRE(lm_differing_load(&all, f.arena, f.store, NULL) == LM_OK);
    CHECK_INT(all.count, 0);
    teardown(&f);
}

static const struct tap_test tests[] = {TAP_ROW(test_round_trip) TAP_ROW(test_damaged)};
LM_TEST_FILE(tests)
