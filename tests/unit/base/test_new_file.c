#include "base/new_file.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "tap.h"

#define ROOT "test_new_file.tmp"

static size_t count(const char *folder)
{
    struct lm_names names = {0};
    struct lm_arena *arena = lm_arena_create();
    size_t found = lm_dir_list(&names, arena, folder, NULL) == LM_OK ? names.count : SIZE_MAX;
    lm_arena_free(arena);
    return found;
}

static bool holds(const char *path, const char *want)
{
    char *text = NULL;
    struct lm_arena *arena = lm_arena_create();
    bool is =
        lm_file_read(&text, NULL, arena, path, 1000, NULL) == LM_OK && strcmp(text, want) == 0;
    lm_arena_free(arena);
    return is;
}

static void fresh(void)
{
    lm_dir_remove(ROOT, NULL);
    lm_dir_create(ROOT, NULL);
}

static void test_names(struct tap *tap)
{
    CHECK(lm_new_file_is_temporary("a.tmp.0123abcd.0123456789abcdef"));
    CHECK(lm_new_file_is_temporary("a.tmp.x.tmp.0123abcd.0123456789abcdef"));
    CHECK(!lm_new_file_is_temporary("a.tmp.0123abcd.0123456789abcdef.txt"));
    CHECK(!lm_new_file_is_temporary("a.tmp.0123abcd"));
    CHECK(!lm_new_file_is_temporary("a.tmp.1234"));
    CHECK(!lm_new_file_is_temporary("notes.tmp"));
    char name[300], *first, *second;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    first = lm_path_beside(name, "tmp");
    second = lm_path_beside(name, "tmp");
    REQUIRE(first != NULL && second != NULL);
    CHECK(strlen(first) <= 255 && strcmp(first, second) != 0);
    CHECK(lm_new_file_is_temporary(first));
    free(first);
    free(second);
}

/** Until the end a reader finds the old file, then the whole new one; a failure leaves nothing. */
static void test_takes_its_name(struct tap *tap)
{
    struct lm_new_file file;
    struct lm_err err = {0};
    fresh();
    CHECK_INT(lm_new_file_write(ROOT "/f", "old", 3, 0, &err), LM_OK);
    REQUIRE(lm_new_file_open(&file, ROOT "/f", 0666, &err) == LM_OK);
    CHECK(lm_write_all(file.fd, "new", 3, "f", &err) == LM_OK);
    CHECK(holds(ROOT "/f", "old"));
    CHECK_INT(lm_new_file_commit(&file, LM_NEW_DURABLE, &err), LM_OK);
    CHECK(holds(ROOT "/f", "new"));
    lm_new_file_drop(&file); /* nothing is left to drop */
    CHECK(holds(ROOT "/f", "new"));
    REQUIRE(lm_new_file_open(&file, ROOT "/f", 0666, &err) == LM_OK);
    lm_new_file_drop(&file);
    CHECK_INT(count(ROOT), 1);
    CHECK_INT(lm_new_file_open(&file, ROOT "/no/f", 0666, &err), LM_NOT_FOUND);
    CHECK_INT(err.error_number, ENOENT);
    lm_dir_remove(ROOT, NULL);
}

/** The mode is the user's umask's, as for any new file. */
static void test_umask(struct tap *tap)
{
    const mode_t masks[] = {022, 077, 002, 0};
    fresh();
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        struct stat st;
        mode_t before = umask(masks[i]);
        lm_new_file_write(ROOT "/f", "x", 1, 0, NULL);
        lm_file_copy(ROOT "/copy", ROOT "/f", 0666, NULL);
        umask(before);
        REQUIRE(stat(ROOT "/f", &st) == 0);
        CHECK_INT(st.st_mode & 07777, 0666 & ~masks[i]);
        REQUIRE(stat(ROOT "/copy", &st) == 0);
        CHECK_INT(st.st_mode & 07777, 0666 & ~masks[i]);
    }
    lm_dir_remove(ROOT, NULL);
}

/** What stands in the goal's place: a link is replaced, never followed; a folder moves aside when
 *  that is asked for. */
static void test_in_the_way(struct tap *tap)
{
    struct lm_err err = {0};
    fresh();
    lm_file_write(ROOT "/users", "users", 5, NULL);
    REQUIRE(symlink("users", ROOT "/link") == 0);
    CHECK_INT(lm_new_file_write(ROOT "/link", "new", 3, LM_NEW_DURABLE, &err), LM_OK);
    CHECK(holds(ROOT "/users", "users") && holds(ROOT "/link", "new"));
    lm_dir_create(ROOT "/folder/inside", NULL);
    CHECK_INT(lm_new_file_write(ROOT "/folder", "new", 3, 0, &err), LM_IO);
    CHECK_INT(err.error_number, EISDIR);
    CHECK_INT(count(ROOT), 3); /* no leftover */
    CHECK_INT(lm_new_file_write(ROOT "/folder", "new", 3, LM_NEW_ASIDE, &err), LM_OK);
    CHECK(holds(ROOT "/folder", "new"));
    CHECK_INT(count(ROOT), 4); /* what was in it is kept */
    lm_dir_remove(ROOT, NULL);
}

static void test_no_room(struct tap *tap)
{
    struct lm_err err = {0};
    char *data = calloc(1, 1 << 20);
    int status = 0;
    fresh();
    lm_file_write(ROOT "/f", "old", 3, NULL);
    pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit limit = {1000, 1000};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        enum lm_status got = lm_new_file_write(ROOT "/f", data, 1 << 20, LM_NEW_DURABLE, &err);
        _exit(got == LM_IO && err.error_number == EFBIG ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    CHECK_INT(status, 0);
    CHECK(holds(ROOT "/f", "old"));
    CHECK_INT(count(ROOT), 1);
    free(data);
    lm_dir_remove(ROOT, NULL);
}

/** Leftovers of the dead go, what is being written stays, whoever writes it. */
static void test_sweep(struct tap *tap)
{
    struct lm_new_file live;
    int ready[2];
    char byte;
    fresh();
    REQUIRE(pipe(ready) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct lm_new_file file;
        bool done = lm_new_file_open(&file, ROOT "/other", 0666, NULL) == LM_OK;
        if (write(ready[1], done ? "y" : "n", 1) == 1)
            pause();
        _exit(0);
    }
    REQUIRE(read(ready[0], &byte, 1) == 1 && byte == 'y');
    REQUIRE(lm_new_file_open(&live, ROOT "/mine", 0666, NULL) == LM_OK);
    lm_file_write(ROOT "/users.tmp.77", "mine", 4, NULL);
    lm_new_file_sweep(ROOT);
    CHECK_INT(count(ROOT), 3);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    lm_new_file_sweep(ROOT);
    CHECK_INT(count(ROOT), 2);
    CHECK_INT(lm_new_file_commit(&live, 0, NULL), LM_OK);
    lm_new_file_sweep(ROOT);
    CHECK(lm_path_exists(ROOT "/mine") && lm_path_exists(ROOT "/users.tmp.77"));
    lm_new_file_sweep(ROOT "/no/such/folder");
    close(ready[0]);
    close(ready[1]);
    lm_dir_remove(ROOT, NULL);
}

/** Sweepers beside writers: every commit succeeds. */
static void test_sweep_beside_writers(struct tap *tap)
{
    fresh();
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            lm_new_file_sweep(ROOT);
    long failed = 0;
    for (int i = 0; i < 2000; i++)
        failed += lm_new_file_write(ROOT "/f", "x", 1, 0, NULL) != LM_OK;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    CHECK_INT(failed, 0);
    CHECK_INT(count(ROOT), 1);
    lm_dir_remove(ROOT, NULL);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_names) TAP_ROW(test_takes_its_name) TAP_ROW(test_umask) TAP_ROW(test_in_the_way)
        TAP_ROW(test_no_room) TAP_ROW(test_sweep) TAP_ROW(test_sweep_beside_writers)};
LM_TEST_FILE(tests)
