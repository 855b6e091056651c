#include "store/stat_index.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <lmpipe/rng.h>

#include "base/io.h"
#include "base/stat_time.h"
#include "tap.h"

struct fixture {
    char root[64], index[96], file[96];
};

static void setup(struct fixture *f)
{
    snprintf(f->root, sizeof f->root, "/tmp/lmpipe-test-index-XXXXXX");
    if (mkdtemp(f->root) == NULL)
        abort();
    snprintf(f->index, sizeof f->index, "%s/index", f->root);
    snprintf(f->file, sizeof f->file, "%s/file", f->root);
}

static struct stat write_file(const char *path, const char *text)
{
    struct stat st;
    if (lm_file_write(path, text, strlen(text), NULL) != LM_OK || stat(path, &st) != 0)
        abort();
    return st;
}

/** A stat that never was, old enough to be trusted. */
static struct stat invented(uint64_t number)
{
    struct stat st = {.st_dev = 1, .st_ino = (ino_t)number, .st_size = 10};
    st.st_mtim.tv_sec = 1000;
    st.st_mtim.tv_nsec = 5;
    st.st_ctim = st.st_mtim;
    return st;
}

static struct lm_digest digest_of(uint64_t number)
{
    struct lm_digest digest;
    lm_sha256_bytes(&digest, &number, sizeof number);
    return digest;
}

static bool knows(const struct lm_stat_index *index, const struct stat *st, uint64_t number)
{
    struct lm_digest got, want = digest_of(number);
    return lm_stat_index_find(index, st, &got) && lm_digest_compare(&got, &want) == 0;
}

/** What was changed as late as the hashing is not entered. */
static void test_racily_new(struct tap *tap)
{
    struct fixture f;
    setup(&f);
    struct lm_stat_index *index = lm_stat_index_open(f.index, NULL);
    struct lm_digest digest = digest_of(1);
    struct stat st = write_file(f.file, "x");
    lm_stat_index_put(index, &st, &digest, lm_stat_mtime_ns(&st));
    CHECK(!knows(index, &st, 1));
    lm_stat_settle(lm_stat_mtime_ns(&st));
    CHECK(lm_stat_clock_ns() > lm_stat_mtime_ns(&st));
    lm_stat_index_put(index, &st, &digest, lm_stat_clock_ns());
    CHECK(knows(index, &st, 1));
    lm_stat_index_close(index);
    lm_dir_remove(f.root, NULL);
}

/** Any change of a file is seen: its bytes, its size, its times moved back, another file in place.
 */
static void test_changes(struct tap *tap)
{
    struct fixture f;
    setup(&f);
    struct lm_stat_index *index = lm_stat_index_open(f.index, NULL);
    struct lm_digest digest = digest_of(1);
    struct stat st = write_file(f.file, "first"), now;
    lm_stat_settle(lm_stat_mtime_ns(&st));
    lm_stat_index_put(index, &st, &digest, lm_stat_clock_ns());
    const struct timespec before[2] = {st.st_mtim, st.st_mtim};
    usleep(20000);
    write_file(f.file, "other");
    REQUIRE(utimensat(AT_FDCWD, f.file, before, 0) == 0 && stat(f.file, &now) == 0);
    CHECK(now.st_size == st.st_size && lm_stat_mtime_ns(&now) == lm_stat_mtime_ns(&st));
    CHECK(!knows(index, &now, 1)); /* by ctime alone */
    now = st;
    now.st_size++;
    CHECK(!knows(index, &now, 1));
    now = st;
    now.st_ino++;
    CHECK(!knows(index, &now, 1));
    lm_stat_index_close(index);
    lm_dir_remove(f.root, NULL);
}

static void test_kept(struct tap *tap)
{
    struct fixture f;
    struct stat before, after;
    bool damaged = true;
    setup(&f);
    struct lm_stat_index *index = lm_stat_index_open(f.index, &damaged);
    CHECK(!damaged);
    for (uint64_t i = 0; i < 3500; i++) {
        uint64_t number = i * 7919 % 3500;
        struct stat st = invented(number);
        struct lm_digest digest = digest_of(number);
        lm_stat_index_put(index, &st, &digest, lm_stat_clock_ns());
    }
    CHECK_INT(lm_stat_index_count(index), 3500);
    lm_stat_index_close(index);
    REQUIRE(stat(f.index, &before) == 0);
    index = lm_stat_index_open(f.index, &damaged);
    CHECK(!damaged);
    for (uint64_t i = 0; i < 3500; i++) {
        struct stat st = invented(i);
        CHECK(knows(index, &st, i));
    }
    lm_stat_index_close(index);
    REQUIRE(stat(f.index, &after) == 0);
    CHECK(before.st_ino == after.st_ino); /* unchanged: not written again */
    lm_dir_remove(f.root, NULL);
}

/** Two at once: both sets of entries stay, the later entry of an inode wins. */
static void test_merged(struct tap *tap)
{
    struct fixture f;
    setup(&f);
    struct lm_stat_index *a = lm_stat_index_open(f.index, NULL);
    struct lm_stat_index *b = lm_stat_index_open(f.index, NULL);
    for (uint64_t i = 0; i < 20; i++) {
        struct stat st = invented(i);
        struct lm_digest old = digest_of(100 + i), fresh = digest_of(i);
        lm_stat_index_put(a, &st, &old, lm_stat_clock_ns());
        if (i % 2 == 0)
            lm_stat_index_put(b, &st, &fresh, lm_stat_clock_ns());
    }
    lm_stat_index_close(a);
    lm_stat_index_close(b);
    a = lm_stat_index_open(f.index, NULL);
    CHECK_INT(lm_stat_index_count(a), 20);
    for (uint64_t i = 0; i < 20; i++) {
        struct stat st = invented(i);
        CHECK(knows(a, &st, i % 2 == 0 ? i : 100 + i));
    }
    lm_stat_index_close(a);
    lm_dir_remove(f.root, NULL);
}

/** Damage of an index is a loss of entries, never another digest. */
static void test_damage(struct tap *tap)
{
    struct fixture f;
    struct lm_rng rng = lm_rng_stream(5, "damage");
    struct lm_arena *arena = lm_arena_create();
    char *data;
    size_t size;
    long lost = 0, whole = 0;
    setup(&f);
    struct lm_stat_index *index = lm_stat_index_open(f.index, NULL);
    for (uint64_t i = 0; i < 300; i++) {
        struct stat st = invented(i);
        struct lm_digest digest = digest_of(i);
        lm_stat_index_put(index, &st, &digest, lm_stat_clock_ns());
    }
    lm_stat_index_close(index);
    REQUIRE(lm_file_read(&data, &size, arena, f.index, 1 << 20, NULL) == LM_OK);
    for (uint64_t i = 0; i < 500; i++) {
        /* every third in the header, which the whole rests on */
        size_t at = (size_t)lm_rng_below(rng, i, 0, i % 3 == 0 ? 32 : size), kept = size;
        char was = data[at];
        if (lm_rng_below(rng, i, 1, 4) == 0)
            kept = at;
        else
            data[at] = (char)(was ^ (char)(1u << lm_rng_below(rng, i, 2, 7)));
        bool damaged = false;
        REQUIRE(lm_file_write(f.index, data, kept, NULL) == LM_OK);
        index = lm_stat_index_open(f.index, &damaged);
        CHECK(i % 3 != 0 || damaged || at == 7); /* the eighth byte: another version */
        for (uint64_t k = 0; k < 300; k++) {
            struct stat st = invented(k);
            struct lm_digest got;
            bool known = lm_stat_index_find(index, &st, &got);
            CHECK(!known || knows(index, &st, k));
            CHECK(!known || !damaged);
            lost += !known;
        }
        whole += lm_stat_index_count(index) == 300;
        lm_stat_index_close(index);
        data[at] = was;
    }
    CHECK(lost > 0 && whole > 0);
    lm_arena_free(arena);
    lm_dir_remove(f.root, NULL);
}

static const struct tap_test tests[] = {TAP_ROW(test_racily_new) TAP_ROW(test_changes) TAP_ROW(
    test_kept) TAP_ROW(test_merged) TAP_ROW(test_damage)};
LM_TEST_FILE(tests)
