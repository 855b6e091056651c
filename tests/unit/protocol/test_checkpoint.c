#include "protocol/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lmpipe/rng.h>

#include "base/io.h"
#include "tap.h"

#define SIZE 200

struct fixture {
    char root[64], folder[128], slots[2][160];
    struct lm_arena *arena;
};

static void setup(struct fixture *f)
{
    snprintf(f->root, sizeof f->root, "/tmp/lmpipe-test-checkpoint-XXXXXX");
    if (mkdtemp(f->root) == NULL)
        abort();
    snprintf(f->folder, sizeof f->folder, "%s/key", f->root);
    snprintf(f->slots[0], sizeof f->slots[0], "%s/a", f->folder);
    snprintf(f->slots[1], sizeof f->slots[1], "%s/b", f->folder);
    f->arena = lm_arena_create();
}

static void teardown(struct fixture *f)
{
    lm_dir_remove(f->root, NULL);
    lm_arena_free(f->arena);
}

static void fill(uint8_t data[SIZE], uint64_t position)
{
    struct lm_rng rng = lm_rng_stream(7, "data");
    for (uint64_t i = 0; i < SIZE; i++)
        data[i] = (uint8_t)lm_rng_u64(rng, position, i);
}

static enum lm_status save(struct fixture *f, uint64_t position)
{
    uint8_t data[SIZE];
    fill(data, position);
    return lm_checkpoint_save(f->folder, position, data, sizeof data, NULL);
}

/** Position of what a load gives, -1 for nothing, -2 for wrong bytes. */
static int64_t load(struct fixture *f)
{
    uint64_t position = 0;
    void *data = NULL;
    size_t size = 0;
    uint8_t want[SIZE];
    if (lm_checkpoint_load(&position, &data, &size, f->arena, f->folder, NULL) != LM_OK)
        return -3;
    if (data == NULL)
        return -1;
    fill(want, position);
    return size == SIZE && memcmp(data, want, SIZE) == 0 ? (int64_t)position : -2;
}

static void test_round_trip(struct tap *tap)
{
    struct fixture f;
    setup(&f);
    CHECK_INT(lm_checkpoint_peek(f.folder), -1);
    CHECK_INT(load(&f), -1);
    for (uint64_t position = 1; position <= 5; position++) {
        CHECK_INT(save(&f, position * 10), LM_OK);
        CHECK_INT(lm_checkpoint_peek(f.folder), (int64_t)position * 10);
        CHECK_INT(load(&f), (int64_t)position * 10);
    }
    CHECK(lm_path_exists(f.slots[0]) && lm_path_exists(f.slots[1]));
    teardown(&f);
}

/** A stage that starts over saves a smaller position: the newest is the last written. */
static void test_newest_is_last_written(struct tap *tap)
{
    struct fixture f;
    setup(&f);
    save(&f, 50);
    save(&f, 60);
    save(&f, 5);
    CHECK_INT(load(&f), 5);
    teardown(&f);
}

static void test_empty_data(struct tap *tap)
{
    struct fixture f;
    setup(&f);
    uint64_t position = 0;
    void *data = NULL;
    size_t size = 1;
    CHECK_INT(lm_checkpoint_save(f.folder, 3, "", 0, NULL), LM_OK);
    CHECK_INT(lm_checkpoint_load(&position, &data, &size, f.arena, f.folder, NULL), LM_OK);
    CHECK(data != NULL);
    CHECK_INT(size, 0);
    CHECK_INT(position, 3);
    teardown(&f);
}

/** Of another key: not this key's checkpoint. */
static void test_moved_folder(struct tap *tap)
{
    struct fixture f;
    setup(&f);
    char other[160];
    save(&f, 9);
    snprintf(other, sizeof other, "%s/other", f.root);
    REQUIRE(rename(f.folder, other) == 0);
    CHECK_INT(lm_checkpoint_peek(other), -1);
    teardown(&f);
}

enum damage { FLIP, TRUNCATE, EXTEND, ZERO, SWAP, DAMAGES };

static void damage(struct fixture *f, struct lm_rng rng, uint64_t i)
{
    const char *path = f->slots[lm_rng_below(rng, i, 0, 2)];
    uint8_t byte = 0;
    struct stat st;
    int fd = open(path, O_RDWR);
    if (fd < 0 || fstat(fd, &st) != 0)
        abort();
    off_t at = (off_t)lm_rng_below(rng, i, 1, (uint64_t)st.st_size);
    switch ((enum damage)lm_rng_below(rng, i, 2, DAMAGES)) {
    case FLIP:
        if (pread(fd, &byte, 1, at) != 1)
            abort();
        byte ^= (uint8_t)(1u << lm_rng_below(rng, i, 3, 8));
        if (pwrite(fd, &byte, 1, at) != 1)
            abort();
        break;
    case TRUNCATE:
        if (ftruncate(fd, at) != 0)
            abort();
        break;
    case EXTEND:
        if (ftruncate(fd, st.st_size + 1 + at) != 0)
            abort();
        break;
    case ZERO:
        if (ftruncate(fd, at) != 0 || ftruncate(fd, st.st_size) != 0)
            abort();
        break;
    default:
        rename(f->slots[0], f->slots[1]);
        break;
    }
    close(fd);
}

/** A damaged slot is never used: the load gives the other one, or nothing, never other bytes. */
static void test_damage(struct tap *tap)
{
    struct fixture f;
    struct lm_rng rng = lm_rng_stream(1, "damage");
    setup(&f);
    long older = 0, newer = 0;
    for (uint64_t i = 0; i < 500; i++) {
        lm_dir_remove(f.folder, NULL);
        save(&f, 10);
        save(&f, 20);
        damage(&f, rng, i);
        int64_t got = load(&f);
        CHECK(got == 10 || got == 20);
        older += got == 10;
        newer += got == 20;
        CHECK(lm_checkpoint_peek(f.folder) == got);
    }
    CHECK(older > 50);
    CHECK(newer > 50);
    teardown(&f);
}

static void test_no_room(struct tap *tap)
{
    struct lm_err err = {LM_OK, ""};
    CHECK_INT(lm_checkpoint_save("/proc/no-such-place/key", 1, "x", 1, &err), err.status);
    CHECK(err.status != LM_OK && err.text[0] != '\0');
}

/** In a child with mounts of its own: reading slot a fails with EIO, as on a failing disk. */
static int load_from_failing_disk(struct fixture *f, bool has_other)
{
    struct stat before, after;
    uint64_t position = 0;
    void *data = NULL;
    size_t size = 0;
    struct lm_err err = {0};
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("/proc/self/mem", f->slots[0], NULL, MS_BIND, NULL) != 0)
        return 77;
    enum lm_status status = lm_checkpoint_load(&position, &data, &size, f->arena, f->folder, &err);
    if (has_other ? status != LM_OK || position != 20 : status != LM_IO || err.error_number != EIO)
        return 1;
    if (umount(f->slots[0]) != 0 || stat(f->slots[0], &before) != 0 || before.st_size == 0)
        return 2; /* it must still be there */
    if (!has_other && load(f) != 10)
        return 3; /* the disk is well again */
    return stat(f->slots[0], &after) == 0 && save(f, 30) == LM_OK && load(f) == 30 ? 0 : 4;
}

/** A read error is no damage: the slot stays, and training does not begin anew behind one's back.
 */
static void test_read_error(struct tap *tap)
{
    for (int has_other = 0; has_other < 2; has_other++) {
        struct fixture f;
        int status = 0;
        setup(&f);
        save(&f, 10);
        if (has_other)
            save(&f, 20);
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0)
            _exit(load_from_failing_disk(&f, has_other));
        waitpid(pid, &status, 0);
        teardown(&f);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
            SKIP("no right to mount over a file");
        CHECK_INT(WEXITSTATUS(status), 0);
    }
}

/** What is no file is no slot, stops nobody and is not lost. */
static void test_in_the_way(struct tap *tap)
{
    for (int kind = 0; kind < 3; kind++) {
        struct fixture f;
        char inside[200];
        setup(&f);
        save(&f, 10);
        save(&f, 20);
        unlink(f.slots[1]);
        if (kind == 0) {
            snprintf(inside, sizeof inside, "%s/full", f.slots[1]);
            lm_dir_create(inside, NULL);
        } else if (kind == 1) {
            REQUIRE(symlink("/etc/hostname", f.slots[1]) == 0);
        } else {
            REQUIRE(mkfifo(f.slots[1], 0600) == 0);
        }
        CHECK_INT(lm_checkpoint_peek(f.folder), 10);
        CHECK_INT(save(&f, 30), LM_OK);
        CHECK_INT(load(&f), 30);
        unlink(f.slots[0]);
        unlink(f.slots[1]);
        lm_dir_create(f.slots[0], NULL);
        CHECK_INT(load(&f), -1);
        CHECK_INT(save(&f, 40), LM_OK);
        CHECK_INT(load(&f), 40);
        teardown(&f);
    }
}

/* Never more often than every ten seconds, never more than a tenth of the time, and a minute of
 * work at most is lost while that allows. */
/** Who looks in beside a writer finds what a load would, and removes nothing. */
static void test_read(struct tap *tap)
{
    struct fixture f;
    uint64_t position = 0;
    void *data = NULL;
    size_t size = 0;
    setup(&f);
    CHECK_INT(lm_checkpoint_read(&position, &data, &size, f.arena, f.folder, NULL), LM_OK);
    CHECK(data == NULL && !lm_path_exists(f.folder));
    save(&f, 10);
    save(&f, 20);
    REQUIRE(truncate(f.slots[1], SIZE) == 0);
    CHECK_INT(lm_checkpoint_read(&position, &data, &size, f.arena, f.folder, NULL), LM_OK);
    CHECK(data != NULL && position == 10 && size == SIZE);
    REQUIRE(truncate(f.slots[0], SIZE) == 0);
    CHECK_INT(lm_checkpoint_read(&position, &data, &size, f.arena, f.folder, NULL), LM_OK);
    CHECK(data == NULL);
    CHECK(lm_path_exists(f.slots[0]) && lm_path_exists(f.slots[1]));
    CHECK_INT(load(&f), -1);
    CHECK(!lm_path_exists(f.slots[0]) && !lm_path_exists(f.slots[1]));
    teardown(&f);
}

static void test_cadence(struct tap *tap)
{
    const uint64_t ms = 1000000, s = 1000 * ms;
    CHECK(lm_checkpoint_wait_ns(0) == 10 * s);
    CHECK(lm_checkpoint_wait_ns(200 * ms) == 10 * s);
    CHECK(lm_checkpoint_wait_ns(600 * ms) == 30 * s);
    CHECK(lm_checkpoint_wait_ns(3 * s) == 50 * s);
    CHECK(lm_checkpoint_wait_ns(30 * s) == 300 * s);
    CHECK(lm_checkpoint_wait_ns(UINT64_MAX) == UINT64_MAX);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_read) TAP_ROW(test_cadence) TAP_ROW(test_round_trip)
        TAP_ROW(test_newest_is_last_written) TAP_ROW(test_empty_data) TAP_ROW(test_moved_folder)
            TAP_ROW(test_damage) TAP_ROW(test_no_room) TAP_ROW(test_read_error)
                TAP_ROW(test_in_the_way)};
LM_TEST_MAIN(tests)
