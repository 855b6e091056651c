#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "tap.h"

#define TOP "test_folder.tmp"

static void start(void)
{
    lm_dir_remove(TOP, NULL);
    lm_dir_create(TOP, NULL);
}

static void put(const char *path)
{
    lm_file_write(path, "x", 1, NULL);
}

static void test_create(struct tap *tap)
{
    struct lm_err err = {0};
    start();
    CHECK(lm_dir_create(TOP "/a/b/c", &err) == LM_OK && lm_path_is_dir(TOP "/a/b/c"));
    CHECK(lm_dir_create(TOP "/a/b/c", &err) == LM_OK);
    CHECK(lm_dir_create(TOP "//a/d/", &err) == LM_OK && lm_path_is_dir(TOP "/a/d"));
    put(TOP "/f");
    CHECK_INT(lm_dir_create(TOP "/f", &err), LM_IO);
    CHECK_INT(lm_dir_create(TOP "/f/g", &err), LM_IO);
    CHECK(strstr(err.text, TOP "/f") != NULL);
    CHECK(lm_dir_remove(TOP, &err) == LM_OK);
}

static void test_list(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_names names = {0};
    start();
    CHECK(lm_dir_list(&names, arena, TOP, NULL) == LM_OK);
    CHECK_INT(names.count, 0);
    char path[64];
    for (int i = 0; i < 100; i++) {
        snprintf(path, sizeof path, TOP "/%d", i);
        put(path);
    }
    put(TOP "/.hidden");
    put(TOP "/\xC3\xA9"); /* after every ASCII name: bytes, not letters */
    put(TOP "/B");
    put(TOP "/a");
    CHECK(lm_dir_list(&names, arena, TOP, NULL) == LM_OK);
    REQUIRE(names.count == 104);
    for (size_t i = 1; i < names.count; i++)
        CHECK(strcmp(names.items[i - 1], names.items[i]) < 0);
    CHECK_STR(names.items[0], ".hidden");
    CHECK_STR(names.items[101], "B");
    CHECK_STR(names.items[103], "\xC3\xA9");
    CHECK_INT(lm_dir_list(&names, arena, TOP "/none", NULL), LM_NOT_FOUND);
    CHECK_INT(lm_dir_list(&names, arena, TOP "/a", NULL), LM_IO);
    lm_dir_remove(TOP, NULL);
    lm_arena_free(arena);
}

static void test_walk(struct tap *tap)
{
    static const char *const want[] = {"a/b/c", "a/x", "a-", "link", "z"};
    struct lm_arena *arena = lm_arena_create();
    struct lm_names names = {0};
    start();
    lm_dir_create(TOP "/a/b", NULL);
    lm_dir_create(TOP "/empty", NULL);
    put(TOP "/a/b/c");
    put(TOP "/a/x");
    put(TOP "/a-");
    put(TOP "/z");
    CHECK(symlink("z", TOP "/link") == 0);
    CHECK(symlink("..", TOP "/a/up") == 0); /* back: not followed, so no endless walk */
    CHECK(mkfifo(TOP "/pipe", 0600) == 0);
    CHECK(lm_dir_walk(&names, NULL, arena, TOP, NULL) == LM_OK);
    CHECK_INT(names.count, 5);
    for (size_t i = 0; i < names.count && i < 5; i++) /* '-' sorts before '/' */
        CHECK_STR(names.items[i], i == 0 ? want[2] : i <= 2 ? want[i - 1] : want[i]);
    CHECK(symlink("nowhere", TOP "/dangling") == 0);
    CHECK(symlink("circle", TOP "/circle") == 0);
    CHECK(symlink("../a/b", TOP "/empty/b") == 0); /* a folder: followed */
    struct lm_names others = {0};
    static const char *const odd[] = {"a/up", "circle", "dangling", "pipe"};
    CHECK_INT(lm_dir_walk(&names, &others, arena, TOP, NULL), LM_OK);
    CHECK_INT(names.count, 6);
    CHECK_STR(names.items[3], "empty/b/c");
    CHECK_INT(others.count, 4);
    for (size_t i = 0; i < others.count && i < 4; i++)
        CHECK_STR(others.items[i], odd[i]);
    struct lm_err err = {0};
    CHECK_INT(lm_dir_walk(&names, NULL, arena, TOP "/none", &err), LM_NOT_FOUND);
    lm_dir_remove(TOP, NULL);
    lm_arena_free(arena);
}

static void test_remove(struct tap *tap)
{
    struct lm_err err = {0};
    start();
    CHECK(lm_dir_remove(TOP "/none", &err) == LM_OK);
    CHECK(lm_dir_remove(TOP "/none/deeper", &err) == LM_OK);
    lm_dir_create(TOP "/outside", NULL);
    put(TOP "/outside/kept");
    lm_dir_create(TOP "/a/b/c/d", NULL);
    put(TOP "/a/b/f");
    CHECK(chmod(TOP "/a/b/f", 0) == 0);
    CHECK(symlink("../../outside", TOP "/a/b/link") == 0);
    CHECK(symlink("outside", TOP "/direct") == 0);
    CHECK(lm_dir_remove(TOP "/a", &err) == LM_OK);
    CHECK(lm_dir_remove(TOP "/direct", &err) == LM_OK); /* the link, not what it names */
    CHECK(!lm_path_exists(TOP "/a") && lm_path_exists(TOP "/outside/kept"));
    CHECK(lm_dir_remove(TOP "/outside/kept", &err) == LM_OK);
    CHECK(lm_dir_remove(TOP, &err) == LM_OK && !lm_path_exists(TOP));
}

static const struct tap_test tests[] = {TAP_ROW(test_create) TAP_ROW(test_list) TAP_ROW(test_walk)
                                            TAP_ROW(test_remove)};
LM_TEST_FILE(tests)
