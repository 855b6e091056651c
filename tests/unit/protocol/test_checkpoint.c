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
#include "protocol/saved.h"
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

/** In two parts: that they are joined is what each load looks at. */
static enum lm_status save(struct fixture *f, uint64_t position)
{
    uint8_t data[SIZE];
    fill(data, position);
    const struct lm_save_part parts[] = {
        {data, position % SIZE}, {NULL, 0}, {data + position % SIZE, SIZE - position % SIZE}};
    return lm_checkpoint_save(f->folder, position, parts, 3, NULL);
}

typedef enum lm_status open_fn(struct lm_saved **out, const char *folder, struct lm_err *err);

/** All that is opened, in the fixture's arena; *data NULL: nothing. */
static enum lm_status read_slot(open_fn *open_slot, struct fixture *f, uint64_t *position,
                                void **data, size_t *size, struct lm_err *err)
{
    struct lm_saved *saved = NULL;
    *data = NULL;
    LM_TRY(open_slot(&saved, f->folder, err));
    if (saved == NULL)
        return LM_OK;
    *position = lm_saved_position(saved);
    *size = (size_t)lm_saved_size(saved);
    return lm_saved_take(data, f->arena, saved, err);
}

/** Position of what a load gives, -1 for nothing, -2 for wrong bytes. */
static int64_t load(struct fixture *f)
{
    uint64_t position = 0;
    void *data = NULL;
    size_t size = 0;
    uint8_t want[SIZE];
    if (read_slot(lm_checkpoint_open, f, &position, &data, &size, NULL) != LM_OK)
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
    CHECK_INT(lm_checkpoint_save(f.folder, 3, NULL, 0, NULL), LM_OK);
    CHECK_INT(read_slot(lm_checkpoint_open, &f, &position, &data, &size, NULL), LM_OK);
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
    const struct lm_save_part part = {"x", 1};
    CHECK_INT(lm_checkpoint_save("/proc/no-such-place/key", 1, &part, 1, &err), err.status);
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
    enum lm_status status = read_slot(lm_checkpoint_open, f, &position, &data, &size, &err);
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
    CHECK_INT(read_slot(lm_checkpoint_look, &f, &position, &data, &size, NULL), LM_OK);
    CHECK(data == NULL && !lm_path_exists(f.folder));
    save(&f, 10);
    save(&f, 20);
    REQUIRE(truncate(f.slots[1], SIZE) == 0);
    CHECK_INT(read_slot(lm_checkpoint_look, &f, &position, &data, &size, NULL), LM_OK);
    CHECK(data != NULL && position == 10 && size == SIZE);
    REQUIRE(truncate(f.slots[0], SIZE) == 0);
    CHECK_INT(read_slot(lm_checkpoint_look, &f, &position, &data, &size, NULL), LM_OK);
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

/* ---- states ---- */

static enum lm_status state_save(struct fixture *f, uint64_t position)
{
    uint8_t data[SIZE];
    fill(data, position);
    const struct lm_save_part parts[] = {{data, 1}, {data + 1, SIZE - 1}};
    return lm_state_save(f->folder, position, parts, 2, NULL);
}

/** Position of what a load in a range gives; negative: -1 - what was found; -9 for wrong bytes. */
static int64_t state_load(struct fixture *f, uint64_t least, uint64_t most)
{
    enum lm_state_finding found;
    struct lm_saved *saved = NULL;
    void *data = NULL;
    uint8_t want[SIZE];
    struct lm_err err;
    if (lm_state_open(&found, &saved, f->folder, least, most, &err) != LM_OK)
        return -8;
    if (saved == NULL)
        return -1 - (int64_t)found;
    uint64_t position = lm_saved_position(saved), size = lm_saved_size(saved);
    fill(want, position);
    bool read = lm_saved_take(&data, f->arena, saved, &err) == LM_OK;
    return read && found == LM_STATE_SOUND && size == SIZE && memcmp(data, want, SIZE) == 0
               ? (int64_t)position
               : -9;
}

/** The furthest stays, one file; what is asked for is a range. */
static void test_state(struct tap *tap)
{
    struct fixture f;
    struct lm_names names = {0};
    setup(&f);
    CHECK_INT(lm_state_peek(f.folder), -1);
    CHECK_INT(state_load(&f, 0, 100), -1 - LM_STATE_NONE);
    CHECK_INT(state_save(&f, 10), LM_OK);
    CHECK_INT(state_save(&f, 30), LM_OK);
    CHECK_INT(state_save(&f, 20), LM_OK);
    CHECK_INT(lm_state_peek(f.folder), 30);
    CHECK_INT(state_load(&f, 0, 100), 30);
    CHECK_INT(state_load(&f, 30, 30), 30);
    CHECK_INT(state_load(&f, 31, 100), -1 - LM_STATE_NONE);
    CHECK_INT(state_load(&f, 0, 29), -1 - LM_STATE_NONE);
    REQUIRE(lm_dir_list(&names, f.arena, f.folder, NULL) == LM_OK);
    CHECK_INT(names.count, 1);
    CHECK_STR(lm_state_path(f.arena, f.folder), f.slots[0]);
    teardown(&f);
}

/** Never other bytes; what is damaged is told by a check, and by a load, which removes it. */
static void test_state_damage(struct tap *tap)
{
    struct fixture f;
    struct lm_rng rng = lm_rng_stream(2, "damage");
    enum lm_state_finding found;
    uint64_t size = 0;
    setup(&f);
    for (uint64_t i = 0; i < 200; i++) {
        lm_dir_remove(f.folder, NULL);
        state_save(&f, 20);
        lm_file_copy(f.slots[1], f.slots[0], 0644, NULL); /* for damage(), which hits either */
        damage(&f, rng, i);
        CHECK_INT(lm_state_check(&found, &size, f.folder, NULL), LM_OK);
        int64_t got = state_load(&f, 0, 100);
        CHECK(got == 20 || got == -1 - LM_STATE_DAMAGED || got == -1 - LM_STATE_NONE);
        CHECK_INT(got == 20, found == LM_STATE_SOUND);
        CHECK(got == 20 || !lm_path_exists(f.slots[0]));
        CHECK_INT(state_save(&f, got == 20 ? 30 : 5), LM_OK); /* a shorter one has its place */
        CHECK_INT(state_load(&f, 0, 100), got == 20 ? 30 : 5);
    }
    teardown(&f);
}

/** Of another folder: not this one's. */
static void test_state_moved(struct tap *tap)
{
    struct fixture f;
    char other[160];
    setup(&f);
    state_save(&f, 9);
    snprintf(other, sizeof other, "%s/other", f.root);
    REQUIRE(rename(f.folder, other) == 0);
    CHECK_INT(lm_state_peek(other), -1);
    snprintf(f.folder, sizeof f.folder, "%s/other", f.root);
    CHECK_INT(state_load(&f, 0, 100), -1 - LM_STATE_DAMAGED);
    teardown(&f);
}

enum { WRITERS = 4, WRITES = 40 };

/** Several processes write and read at once: a reader has a whole state or none, positions only
 * rise, and at the end the furthest is there, with nothing beside it. */
static void test_state_many(struct tap *tap)
{
    struct fixture f;
    struct lm_names names = {0};
    int64_t last = 0;
    int bad = 0;
    setup(&f);
    fflush(stdout);
    for (uint64_t w = 0; w < WRITERS; w++) {
        struct lm_rng rng = lm_rng_stream(w, "positions");
        if (fork() != 0)
            continue;
        for (uint64_t i = 0; i < WRITES; i++)
            if (state_save(&f, 1 + lm_rng_below(rng, i, 0, 1000)) != LM_OK)
                _exit(1);
        _exit(state_save(&f, 2000 + w) == LM_OK ? 0 : 1);
    }
    for (int left = WRITERS, status; left > 0;) {
        int64_t got = state_load(&f, 0, 9999);
        CHECK(got == -1 - LM_STATE_NONE || got >= last);
        last = got > last ? got : last;
        for (; waitpid(-1, &status, WNOHANG) > 0; left--)
            bad += status != 0;
    }
    CHECK_INT(bad, 0);
    CHECK_INT(state_load(&f, 0, 9999), 2000 + WRITERS - 1);
    REQUIRE(lm_dir_list(&names, f.arena, f.folder, NULL) == LM_OK);
    CHECK_INT(names.count, 1);
    teardown(&f);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_read) TAP_ROW(test_state) TAP_ROW(test_state_damage) TAP_ROW(test_state_moved)
        TAP_ROW(test_state_many) TAP_ROW(test_cadence) TAP_ROW(test_round_trip)
            TAP_ROW(test_newest_is_last_written) TAP_ROW(test_empty_data) TAP_ROW(test_moved_folder)
                TAP_ROW(test_damage) TAP_ROW(test_no_room) TAP_ROW(test_read_error)
                    TAP_ROW(test_in_the_way)};
LM_TEST_FILE(tests)
