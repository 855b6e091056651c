#include "data/tokens_lmdb.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <lmpipe/hash.h>

#include "rows_put.h"
#include "tap.h"

static const char path[] = "test_tokens_lmdb.tmp.mdb";

enum { ROWS = 300, LARGEST = 40000 };

static size_t fill(char *value, size_t row)
{
    size_t size = row * row % LARGEST;
    memset(value, 'a' + (int)(row % 26), size);
    return size;
}

static enum lm_status write_rows(size_t rows, struct lm_err *err)
{
    static char value[LARGEST];
    struct lm_rows_writer *writer = NULL;
    unlink(path);
    LM_TRY(lm_rows_create(&writer, path, err));
    enum lm_status status = LM_OK;
    for (size_t i = 0; i < rows && status == LM_OK; i++) {
        char key[32];
        snprintf(key, sizeof key, "%06zu", i);
        status = rows_put(writer, key, 6, value, fill(value, i), err);
    }
    if (status == LM_OK)
        return lm_rows_finish(writer, err);
    lm_rows_abandon(writer);
    return status;
}

struct walk {
    size_t rows, bad;
};

static enum lm_status visit(void *user, const uint8_t *key, size_t key_size, const uint8_t *value,
                            size_t size, struct lm_err *err)
{
    static char want[LARGEST];
    struct walk *walk = user;
    char name[32];
    snprintf(name, sizeof name, "%06zu", walk->rows);
    walk->bad += key_size != 6 || memcmp(key, name, 6) != 0 || size != fill(want, walk->rows) ||
                 memcmp(value, want, size) != 0;
    walk->rows++;
    return walk->rows == 1000 ? lm_fail(err, LM_CANCELLED, "enough") : LM_OK;
}

/* Megabytes of rows from a first map of one: it grows. Deep enough for branch pages. */
static void test_rows(struct tap *tap)
{
    static const size_t counts[] = {0, 1, 2, ROWS, 3000};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct lm_err err = {0};
        struct walk walk = {0};
        struct lm_rows *rows = NULL;
        CHECK(write_rows(counts[i], &err) == LM_OK);
        REQUIRE(lm_rows_open(&rows, path, &err) == LM_OK);
        enum lm_status status = lm_rows_each(rows, visit, &walk, &err);
        CHECK_INT(status, counts[i] < 1000 ? LM_OK : LM_CANCELLED); /* the visitor's own status */
        CHECK_INT(walk.rows, counts[i] < 1000 ? counts[i] : 1000);
        CHECK_INT(walk.bad, 0);
        lm_rows_close(rows);
    }
    unlink(path);
}

/* Same rows, same bytes: nothing of the process reaches the file. */
static void test_same_bytes(struct tap *tap)
{
    struct lm_digest first, second;
    REQUIRE(write_rows(ROWS, NULL) == LM_OK && lm_sha256_file(&first, NULL, path, NULL) == LM_OK);
    REQUIRE(write_rows(ROWS, NULL) == LM_OK && lm_sha256_file(&second, NULL, path, NULL) == LM_OK);
    CHECK_INT(lm_digest_compare(&first, &second), 0);
    unlink(path);
}

static void test_order(struct tap *tap)
{
    struct lm_rows_writer *writer = NULL;
    struct lm_err err = {0};
    REQUIRE(lm_rows_create(&writer, path, &err) == LM_OK);
    CHECK(rows_put(writer, "b", 1, "x", 1, &err) == LM_OK);
    CHECK_INT(rows_put(writer, "b", 1, "x", 1, &err), LM_INVALID); /* there already */
    CHECK(rows_put(writer, "c", 1, "x", 1, &err) == LM_OK);        /* still usable */
    CHECK(rows_put(writer, "a", 1, "x", 1, &err) == LM_OK);        /* keys come in any order */
    CHECK(lm_rows_finish(writer, &err) == LM_OK);
    CHECK_INT(lm_rows_create(&writer, path, &err), LM_IO);
    unlink(path);
    lm_rows_abandon(NULL);
    lm_rows_close(NULL);
}

static enum lm_status write_shrunk(size_t size, struct lm_err *err)
{
    struct lm_rows_writer *writer = NULL;
    uint8_t *place = NULL, *other = NULL;
    unlink(path);
    LM_TRY(lm_rows_create(&writer, path, err));
    enum lm_status status = lm_rows_reserve(&place, writer, "000000", 6, LARGEST, err);
    if (status == LM_OK && lm_rows_reserve(&other, writer, "l", 1, 1, NULL) != LM_INTERNAL)
        status = lm_fail(err, LM_INVALID, "two rows at once");
    if (status == LM_OK)
        memset(place, 'a', LARGEST);
    if (status == LM_OK)
        status = lm_rows_shrink(&place, writer, size, err);
    if (status == LM_OK)
        status = lm_rows_commit(writer, err);
    if (status == LM_OK)
        return lm_rows_finish(writer, err);
    lm_rows_abandon(writer);
    return status;
}

static enum lm_status visit_shrunk(void *user, const uint8_t *key, size_t key_size,
                                   const uint8_t *value, size_t size, struct lm_err *err)
{
    static char want[LARGEST];
    size_t *expected = user;
    memset(want, 'a', sizeof want);
    bool is_good = key_size == 6 && memcmp(key, "000000", 6) == 0 && size == *expected &&
                   memcmp(value, want, size) == 0;
    return is_good ? LM_OK : lm_fail(err, LM_FORMAT, "another row");
}

/* The last block of a split is not known to be short when it is begun. */
static void test_shrink(struct tap *tap)
{
    static size_t sizes[] = {0, 1, 100, 3000, 39999};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct lm_err err = {0};
        struct lm_digest first, second;
        struct lm_rows *rows = NULL;
        REQUIRE(write_shrunk(sizes[i], &err) == LM_OK);
        CHECK(lm_sha256_file(&first, NULL, path, NULL) == LM_OK);
        REQUIRE(write_shrunk(sizes[i], &err) == LM_OK);
        CHECK(lm_sha256_file(&second, NULL, path, NULL) == LM_OK);
        CHECK_INT(lm_digest_compare(&first, &second), 0);
        REQUIRE(lm_rows_open(&rows, path, &err) == LM_OK);
        CHECK(lm_rows_each(rows, visit_shrunk, &sizes[i], &err) == LM_OK);
        lm_rows_close(rows);
        unlink(path);
    }
}

/* A row of any size fits: from maps that are nearly full, and larger than the first map. */
static void test_growth(struct tap *tap)
{
    static char value[3 << 20];
    struct lm_err err = {0};
    for (size_t step = 1; step < sizeof value; step = step * 5 + 4096) {
        struct lm_rows_writer *writer = NULL;
        struct lm_rows *rows = NULL;
        char key[32];
        REQUIRE(lm_rows_create(&writer, path, &err) == LM_OK);
        for (size_t i = 0, size = step; i < 12 && size <= sizeof value; i++, size += step) {
            snprintf(key, sizeof key, "%zu", i * 7919 % 13);
            if (rows_put(writer, key, strlen(key), value, size, &err) != LM_OK)
                printf("# %zu: %s\n", size, err.text);
        }
        CHECK_STR(err.text, "");
        CHECK(lm_rows_finish(writer, &err) == LM_OK);
        CHECK(lm_rows_open(&rows, path, &err) == LM_OK);
        lm_rows_close(rows);
        unlink(path);
    }
}

/* A file that may not grow: an error in words, no signal. */
static void test_no_room(struct tap *tap)
{
    struct rlimit old, small = {.rlim_cur = 200000};
    struct lm_err err = {0};
    REQUIRE(getrlimit(RLIMIT_FSIZE, &old) == 0);
    small.rlim_max = old.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
    enum lm_status status = write_rows(ROWS, &err);
    CHECK(setrlimit(RLIMIT_FSIZE, &old) == 0);
    signal(SIGXFSZ, SIG_DFL);
    CHECK_INT(status, LM_IO);
    CHECK(strstr(err.text, path) != NULL);
    printf("# %s\n", err.text);
    unlink(path);
}

static const struct tap_test tests[] = {TAP_ROW(test_rows) TAP_ROW(test_same_bytes) TAP_ROW(
    test_order) TAP_ROW(test_shrink) TAP_ROW(test_growth) TAP_ROW(test_no_room)};
LM_TEST_FILE(tests)
