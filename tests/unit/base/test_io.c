#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/new_file.h"
#include "tap.h"

static const char dir[] = "test_io.tmp";

static void start(void)
{
    lm_dir_remove(dir, NULL);
    lm_dir_create(dir, NULL);
}

static unsigned mode_of(const char *path)
{
    struct stat info = {0};
    stat(path, &info);
    return info.st_mode & 07777;
}

static size_t count_names(struct lm_arena *arena)
{
    struct lm_names names = {0};
    lm_dir_list(&names, arena, dir, NULL);
    return names.count;
}

static void test_paths(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    CHECK_STR(lm_path_join(arena, "a/b", "c"), "a/b/c");
    CHECK_STR(lm_path_join(arena, "a/b/", "c"), "a/b/c");
    CHECK_STR(lm_path_join(arena, "/", "c"), "/c");
    CHECK_STR(lm_path_join(arena, "a", "/c"), "/c");
    CHECK_STR(lm_path_dir(arena, "a/b/c"), "a/b");
    CHECK_STR(lm_path_dir(arena, "c"), ".");
    CHECK_STR(lm_path_dir(arena, "/c"), "/");
    CHECK_STR(lm_path_dir(arena, "/"), "/");
    CHECK_STR(lm_path_base("a/b/c"), "c");
    CHECK_STR(lm_path_base("c"), "c");
    CHECK_STR(lm_path_base("a/"), "");
    lm_arena_free(arena);
}

static void test_read(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_err err = {0};
    char *text = NULL;
    size_t size = 0;
    start();
    CHECK(lm_file_write("test_io.tmp/f", "a\0b", 3, &err) == LM_OK);
    CHECK(lm_file_read(&text, &size, arena, "test_io.tmp/f", 3, &err) == LM_OK);
    CHECK(size == 3 && memcmp(text, "a\0b", 4) == 0);
    CHECK_INT(lm_file_read(&text, &size, arena, "test_io.tmp/f", 2, &err), LM_RANGE);
    CHECK(strstr(err.text, "test_io.tmp/f") != NULL);
    CHECK(lm_file_write("test_io.tmp/f", NULL, 0, &err) == LM_OK);
    CHECK(lm_file_read(&text, &size, arena, "test_io.tmp/f", 0, &err) == LM_OK);
    CHECK_INT(size, 0);
    CHECK_INT(lm_file_read(&text, &size, arena, "test_io.tmp/none", 9, &err), LM_NOT_FOUND);
    CHECK_INT(lm_file_read(&text, &size, arena, dir, 9, &err), LM_IO);
    /* No size in its stat: read until the end. */
    CHECK(lm_file_read(&text, &size, arena, "/proc/self/maps", SIZE_MAX, &err) == LM_OK);
    CHECK(size > 1000 && strlen(text) == size);
    CHECK_INT(lm_file_read(&text, &size, arena, "/proc/self/maps", 100, &err), LM_RANGE);
    lm_arena_free(arena);
    lm_dir_remove(dir, NULL);
}

static void test_atomic(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_err err = {0};
    char *text = NULL;
    start();
    CHECK(lm_file_write_atomic("test_io.tmp/f", "old", 3, &err) == LM_OK);
    struct stat before, after;
    REQUIRE(stat("test_io.tmp/f", &before) == 0);
    int reader = open("test_io.tmp/f", O_RDONLY | O_CLOEXEC);
    CHECK(lm_file_write_atomic("test_io.tmp/f", "new!", 4, &err) == LM_OK);
    REQUIRE(stat("test_io.tmp/f", &after) == 0);
    CHECK(before.st_ino != after.st_ino); /* replaced, not rewritten: */
    char old[4] = {0};
    CHECK(read(reader, old, 3) == 3);
    CHECK_STR(old, "old"); /* who has it open keeps the old content */
    close(reader);
    CHECK(lm_file_read(&text, NULL, arena, "test_io.tmp/f", 10, &err) == LM_OK);
    CHECK_STR(text, "new!");
    CHECK_INT(count_names(arena), 1);
    /* A failure leaves the old file and no other. */
    CHECK(mkdir("test_io.tmp/d", 0777) == 0);
    CHECK(lm_file_write("test_io.tmp/d/x", "", 0, &err) == LM_OK);
    CHECK(lm_file_write_atomic("test_io.tmp/d", "x", 1, &err) == LM_IO);
    CHECK_INT(lm_file_write_atomic("test_io.tmp/no/f", "x", 1, &err), LM_NOT_FOUND);
    CHECK_INT(count_names(arena), 2);
    lm_arena_free(arena);
    lm_dir_remove(dir, NULL);
}

/* All three ways out of a buffer: what it holds, nothing of one that failed, an empty one. */
static void test_buffers(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_err err = {0};
    struct lm_buf buf;
    char *text = NULL;
    size_t size;
    start();
    lm_buf_init(&buf, 4);
    CHECK(lm_file_write_buf("test_io.tmp/empty", &buf, &err) == LM_OK);
    CHECK(lm_new_file_write_buf("test_io.tmp/empty2", &buf, 0, &err) == LM_OK);
    CHECK(lm_buf_print(&buf, stderr, &err) == LM_OK);
    lm_buf_append(&buf, "a\0b", 3);
    CHECK(lm_file_write_buf("test_io.tmp/f", &buf, &err) == LM_OK);
    CHECK(lm_new_file_write_buf("test_io.tmp/g", &buf, LM_NEW_DURABLE, &err) == LM_OK);
    FILE *stream = fopen("test_io.tmp/h", "wbe");
    REQUIRE(stream != NULL);
    CHECK(lm_buf_print(&buf, stream, &err) == LM_OK);
    lm_buf_puts(&buf, "beyond its ceiling");
    CHECK_INT(lm_file_write_buf("test_io.tmp/f", &buf, &err), LM_NOMEM);
    CHECK_INT(lm_new_file_write_buf("test_io.tmp/g", &buf, LM_NEW_DURABLE, &err), LM_NOMEM);
    CHECK_INT(lm_buf_print(&buf, stream, &err), LM_NOMEM);
    CHECK(fclose(stream) == 0);
    const char *const files[] = {"test_io.tmp/f", "test_io.tmp/g", "test_io.tmp/h"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        CHECK(lm_file_read(&text, &size, arena, files[i], 9, &err) == LM_OK);
        CHECK(size == 3 && memcmp(text, "a\0b", 3) == 0);
    }
    CHECK_INT(count_names(arena), 5);
    lm_buf_release(&buf);
    lm_arena_free(arena);
    lm_dir_remove(dir, NULL);
}

static void test_full_disk(struct tap *tap)
{
    struct lm_err err = {0};
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        SKIP("no /dev/full here");
    CHECK_INT(lm_write_all(fd, "x", 1, "the disk", &err), LM_IO);
    CHECK_STR(err.text, "cannot write the disk: No space left on device");
    close(fd);
}

static void test_copy(struct tap *tap)
{
    enum { SIZE = 3000000 };
    struct lm_arena *arena = lm_arena_create();
    struct lm_err err = {0};
    char *data = lm_arena_alloc(arena, SIZE), *back = NULL;
    size_t size = 0;
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (char)(i * 2654435761u >> 13);
    start();
    CHECK(lm_file_write("test_io.tmp/a", data, SIZE, &err) == LM_OK);
    for (int round = 0; round < 2; round++) { /* the second replaces a read-only file */
        CHECK(lm_file_copy("test_io.tmp/b", "test_io.tmp/a", 0444, &err) == LM_OK);
        CHECK_INT(mode_of("test_io.tmp/b"), 0444);
        CHECK(lm_file_read(&back, &size, arena, "test_io.tmp/b", SIZE, &err) == LM_OK);
        CHECK(size == SIZE && memcmp(back, data, SIZE) == 0);
    }
    struct stat a, b;
    CHECK(stat("test_io.tmp/a", &a) == 0 && stat("test_io.tmp/b", &b) == 0);
    CHECK(a.st_ino != b.st_ino && a.st_nlink == 1);
    CHECK(lm_file_copy("test_io.tmp/v", "/proc/self/status", 0600, &err) == LM_OK);
    CHECK(lm_file_read(&back, &size, arena, "test_io.tmp/v", SIZE, &err) == LM_OK && size > 100);
    CHECK_INT(lm_file_copy("test_io.tmp/c", "test_io.tmp/none", 0600, &err), LM_NOT_FOUND);
    CHECK_INT(lm_file_copy("test_io.tmp/no/c", "test_io.tmp/a", 0600, &err), LM_NOT_FOUND);
    CHECK_INT(lm_file_copy("test_io.tmp/c", dir, 0600, &err), LM_IO);
    CHECK_INT(count_names(arena), 3);
    lm_arena_free(arena);
    lm_dir_remove(dir, NULL);
}

static void test_questions(struct tap *tap)
{
    start();
    CHECK(lm_path_exists(dir) && lm_path_is_dir(dir));
    CHECK(!lm_path_exists("test_io.tmp/x") && !lm_path_is_dir("test_io.tmp/x"));
    lm_file_write("test_io.tmp/x", "", 0, NULL);
    CHECK(lm_path_exists("test_io.tmp/x") && !lm_path_is_dir("test_io.tmp/x"));
    CHECK(lm_fsync_path("test_io.tmp/x", NULL) == LM_OK && lm_fsync_path(dir, NULL) == LM_OK);
    CHECK_INT(lm_fsync_path("test_io.tmp/y", NULL), LM_NOT_FOUND);
    lm_dir_remove(dir, NULL);
}

static const struct tap_test tests[] = {TAP_ROW(test_paths) TAP_ROW(test_read) TAP_ROW(test_atomic)
                                            TAP_ROW(test_buffers) TAP_ROW(test_full_disk)
                                                TAP_ROW(test_copy) TAP_ROW(test_questions)};
LM_TEST_FILE(tests)
