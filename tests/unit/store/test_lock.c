#include "store/lock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "tap.h"

static void setup(char root[64], char path[96])
{
    snprintf(root, 64, "/tmp/lmpipe-test-lock-XXXXXX");
    if (mkdtemp(root) == NULL)
        abort();
    snprintf(path, 96, "%s/lock", root);
}

static bool try_lock(struct lm_lock *lock, const char *path, bool exclusive, int *owner)
{
    bool taken = false;
    return lm_lock_try(lock, &taken, owner, path, exclusive, NULL) == LM_OK && taken;
}

static void test_shared_and_exclusive(struct tap *tap)
{
    char root[64], path[96];
    struct lm_lock a = {-1}, b = {-1}, c = {-1};
    int owner = 0;
    setup(root, path);
    CHECK(try_lock(&a, path, false, NULL) && try_lock(&b, path, false, NULL));
    CHECK(!try_lock(&c, path, true, NULL));
    lm_lock_release(&a, NULL);
    lm_lock_release(&b, NULL);
    CHECK(try_lock(&c, path, true, NULL));
    CHECK(!try_lock(&a, path, true, &owner));
    CHECK_INT(owner, getpid());
    CHECK(!try_lock(&a, path, false, NULL));
    lm_lock_release(&c, path);
    CHECK(!lm_path_exists(path));
    CHECK(try_lock(&a, path, true, NULL));
    lm_lock_release(&a, NULL);
    lm_dir_remove(root, NULL);
}

/** A lock dies with its process, and is not given to the programs that process starts. */
static void test_dies_with_its_process(struct tap *tap)
{
    char root[64], path[96], byte;
    struct lm_lock lock = {-1};
    int ready[2];
    setup(root, path);
    REQUIRE(pipe2(ready, O_CLOEXEC) == 0);
    pid_t holder = fork();
    if (holder == 0) {
        bool taken = try_lock(&lock, path, true, NULL);
        pid_t child = taken ? fork() : -1;
        if (child == 0) {
            execl("/bin/sleep", "sleep", "3", (char *)NULL);
            _exit(1);
        }
        usleep(100000);
        if (write(ready[1], taken && child > 0 ? "y" : "n", 1) == 1)
            pause();
        _exit(0);
    }
    REQUIRE(read(ready[0], &byte, 1) == 1 && byte == 'y');
    CHECK(!try_lock(&lock, path, true, NULL));
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    CHECK(try_lock(&lock, path, true, NULL));
    lm_lock_release(&lock, NULL);
    close(ready[0]);
    close(ready[1]);
    lm_dir_remove(root, NULL);
}

/** Holders that remove the file when they go: never two at once. */
static void test_removed_while_waiting(struct tap *tap)
{
    char root[64], path[96], inside[96];
    setup(root, path);
    snprintf(inside, sizeof inside, "%s/inside", root);
    pid_t children[4];
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        if (children[i] != 0)
            continue;
        int bad = 0;
        for (int done = 0; done < 200;) {
            struct lm_lock lock = {-1};
            if (!try_lock(&lock, path, true, NULL))
                continue;
            int fd = open(inside, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
            bad += fd < 0;
            if (fd >= 0)
                close(fd);
            unlink(inside);
            lm_lock_release(&lock, path);
            done++;
        }
        _exit(bad > 0);
    }
    for (int i = 0; i < 4; i++) {
        int status = 0;
        waitpid(children[i], &status, 0);
        CHECK_INT(status, 0);
    }
    lm_dir_remove(root, NULL);
}

static void test_no_folder(struct tap *tap)
{
    struct lm_lock lock = {-1};
    struct lm_err err = {LM_OK, ""};
    bool taken = true;
    CHECK(lm_lock_try(&lock, &taken, NULL, "/no/such/folder/lock", true, &err) != LM_OK);
    CHECK(err.text[0] != '\0');
    lm_lock_release(&lock, NULL);
}

static const struct tap_test tests[] = {TAP_ROW(test_shared_and_exclusive) TAP_ROW(
    test_dies_with_its_process) TAP_ROW(test_removed_while_waiting) TAP_ROW(test_no_folder)};
LM_TEST_FILE(tests)
