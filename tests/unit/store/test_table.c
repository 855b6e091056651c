#include "store/table.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lmpipe/hash.h>
#include <lmpipe/rng.h>

#include "base/bytes.h"
#include "base/io.h"
#include "tap.h"

enum { KEY = 8, ROW = 32, MANY = 3000 };

static const struct lm_table_form plain = {.magic = "LMTESTA1", .row = ROW, .key = KEY};
static const struct lm_table_form blobs = {
    .magic = "LMTESTB1", .row = ROW, .key = KEY, .has_blobs = true};

static void setup(char root[64], char path[96])
{
    snprintf(root, 64, "/tmp/lmpipe-test-table-XXXXXX");
    if (mkdtemp(root) == NULL)
        abort();
    snprintf(path, 96, "%s/table", root);
}

static void make_row(uint8_t row[ROW], uint64_t number, uint64_t value)
{
    memset(row, 0, ROW);
    lm_set_u64(row, number);
    lm_set_u64(row + ROW - 8, value);
}

static bool put(struct lm_table *table, uint64_t number, uint64_t value)
{
    uint8_t row[ROW];
    char text[32];
    make_row(row, number, value);
    int n = snprintf(text, sizeof text, "blob %llu", (unsigned long long)value);
    return lm_table_put(table, row, text, (size_t)n);
}

/** The value of a number, -1: not there, -2: something that was never put there. */
static int64_t get(struct lm_table *table, uint64_t number, bool has_blob)
{
    uint8_t row[ROW];
    char want[32], got[32];
    make_row(row, number, 0);
    if (!lm_table_find(table, row))
        return -1;
    uint64_t value = lm_get_u64(row + ROW - 8);
    int n = snprintf(want, sizeof want, "blob %llu", (unsigned long long)value);
    if (lm_get_u64(row) != number)
        return -2;
    /* A blob carries no checksum of the table's: who reads it checks it. */
    if (has_blob &&
        (!lm_table_blob(table, row, got, (size_t)n) || memcmp(want, got, (size_t)n) != 0))
        return -1;
    return (int64_t)value;
}

static void test_round_trip(struct tap *tap)
{
    const struct lm_table_form *forms[] = {&plain, &blobs};
    for (size_t k = 0; k < 2; k++) {
        char root[64], path[96];
        bool damaged = true;
        setup(root, path);
        struct lm_table *table = lm_table_open(path, forms[k], &damaged);
        REQUIRE(table != NULL && !damaged);
        CHECK_INT(get(table, 1, false), -1);
        for (uint64_t i = 0; i < MANY; i++) /* it is written anew on the way */
            CHECK(put(table, i * 7919, i));
        for (uint64_t i = 0; i < MANY; i += 3)
            CHECK(put(table, i * 7919, i + 1)); /* replaced */
        CHECK_INT(lm_table_count(table), MANY);
        lm_table_close(table);
        table = lm_table_open(path, forms[k], &damaged);
        REQUIRE(table != NULL && !damaged);
        for (uint64_t i = 0; i < MANY; i++)
            CHECK_INT(get(table, i * 7919, k == 1), (int64_t)(i % 3 == 0 ? i + 1 : i));
        lm_table_clear(table);
        CHECK_INT(get(table, 0, false), -1);
        CHECK(put(table, 5, 6));
        CHECK_INT(get(table, 5, k == 1), 6);
        lm_table_close(table);
        lm_dir_remove(root, NULL);
    }
}

/** After many questions a table answers from memory: rows put later are found all the same. */
static void test_asked_often(struct tap *tap)
{
    const struct lm_table_form *forms[] = {&plain, &blobs};
    for (size_t k = 0; k < 2; k++) {
        char root[64], path[96];
        setup(root, path);
        struct lm_table *first = lm_table_open(path, forms[k], NULL);
        struct lm_table *second = lm_table_open(path, forms[k], NULL);
        REQUIRE(first != NULL && second != NULL);
        for (uint64_t i = 0; i < 500; i++)
            CHECK(put(first, i, i));
        for (int again = 0; again < 2; again++)
            for (uint64_t i = 0; i < 500; i++)
                CHECK_INT(get(first, i, k == 1), (int64_t)i);
        for (uint64_t i = 0; i < 500; i++) {
            CHECK(put(first, i, i + 1));
            CHECK_INT(get(first, i, k == 1), (int64_t)i + 1);
        }
        CHECK(put(second, 1000, 7)); /* another's, new */
        CHECK_INT(get(first, 1000, k == 1), 7);
        CHECK(put(second, 3, 9)); /* another's, in the place of one that is known */
        int64_t got = get(first, 3, k == 1);
        CHECK(got == 4 || got == 9);
        CHECK_INT(get(second, 3, k == 1), 9);
        for (uint64_t i = 2000; i < 2000 + MANY; i++) /* it is written anew on the way */
            CHECK(put(first, i, i));
        CHECK_INT(get(first, 3, k == 1), 9);
        CHECK_INT(get(first, 2000, k == 1), 2000);
        lm_table_close(first);
        lm_table_close(second);
        lm_dir_remove(root, NULL);
    }
}

static bool is_even(const void *row)
{
    return lm_get_u64(row) % 2 == 0;
}

static void test_keep(struct tap *tap)
{
    char root[64], path[96];
    struct lm_table_form form = plain;
    form.keep = is_even;
    setup(root, path);
    struct lm_table *table = lm_table_open(path, &form, NULL);
    for (uint64_t i = 0; i < MANY; i++)
        CHECK(put(table, i, i));
    CHECK_INT(get(table, 1, false), -1); /* it went when the table grew */
    CHECK_INT(get(table, 2, false), 2);
    lm_table_close(table);
    lm_dir_remove(root, NULL);
}

/** Any damage of the file loses rows, never gives other ones; what is lost can be put again. */
static void test_damage(struct tap *tap)
{
    char root[64], path[96], *data;
    size_t size;
    struct lm_arena *arena = lm_arena_create();
    struct lm_rng rng = lm_rng_stream(4, "table");
    setup(root, path);
    struct lm_table *table = lm_table_open(path, &blobs, NULL);
    for (uint64_t i = 0; i < 400; i++)
        CHECK(put(table, i, i));
    lm_table_close(table);
    REQUIRE(lm_file_read(&data, &size, arena, path, 1 << 24, NULL) == LM_OK);
    char *copy = lm_arena_alloc(arena, size * 2);
    long lost = 0;
    for (uint64_t i = 0; i < 300; i++) {
        memcpy(copy, data, size);
        size_t at = (size_t)lm_rng_below(rng, i, 0, i % 4 == 0 ? 32 : size), kept = size;
        size_t length = 1 + (size_t)lm_rng_below(rng, i, 1, 4000);
        length = length < size - at ? length : size - at;
        switch (lm_rng_below(rng, i, 2, 4)) {
        case 0:
            kept = at;
            break;
        case 1:
            memset(copy + at, 0, length);
            break;
        case 2:
            memset(copy + at, 0xff, length);
            break;
        default:
            copy[at] ^= 1;
        }
        REQUIRE(lm_file_write(path, copy, kept, NULL) == LM_OK);
        table = lm_table_open(path, &blobs, NULL);
        for (uint64_t k = 0; k < 400; k += 7) {
            int64_t got = get(table, k, true);
            CHECK(got == (int64_t)k || got == -1);
            lost += got == -1;
        }
        CHECK(put(table, 7, 7));
        CHECK_INT(get(table, 7, true), 7);
        lm_table_close(table);
    }
    CHECK(lost > 0);
    lm_arena_free(arena);
    lm_dir_remove(root, NULL);
}

/** Folders, links, devices, empty and foreign files in its place: not a table, and soon one. */
static void test_in_its_place(struct tap *tap)
{
    char root[64], path[96];
    for (int kind = 0; kind < 5; kind++) {
        bool damaged = false;
        setup(root, path);
        if (kind == 0)
            lm_dir_create(path, NULL);
        else if (kind == 1)
            REQUIRE(symlink("/dev/null", path) == 0);
        else if (kind == 2)
            REQUIRE(mkfifo(path, 0600) == 0);
        else
            lm_file_write(path, "something else altogether", kind == 3 ? 0 : 25, NULL);
        struct lm_table *table = lm_table_open(path, &plain, &damaged);
        REQUIRE(table != NULL);
        CHECK(damaged);
        CHECK(put(table, 1, 2));
        CHECK_INT(get(table, 1, false), 2);
        lm_table_close(table);
        table = lm_table_open(path, &plain, &damaged);
        CHECK(!damaged);
        CHECK_INT(get(table, 1, false), 2);
        lm_table_close(table);
        lm_dir_remove(root, NULL);
    }
}

/** Where nothing can be written, rows are kept for as long as the table is open. */
static void test_no_place(struct tap *tap)
{
    struct lm_table *table = lm_table_open("/proc/no-such-folder/table", &blobs, NULL);
    REQUIRE(table != NULL);
    for (uint64_t i = 0; i < MANY; i++)
        CHECK(put(table, i, i));
    for (uint64_t i = 0; i < MANY; i++)
        CHECK_INT(get(table, i, true), (int64_t)i);
    lm_table_close(table);
}

/** Four processes fill one table at once; nothing that was put is another's. */
static void test_processes(struct tap *tap)
{
    char root[64], path[96];
    setup(root, path);
    pid_t children[4];
    for (uint64_t c = 0; c < 4; c++) {
        children[c] = fork();
        if (children[c] != 0)
            continue;
        struct lm_table *table = lm_table_open(path, &blobs, NULL);
        int bad = 0;
        for (uint64_t i = 0; i < MANY / 2; i++) {
            put(table, i * 4 + c, i);
            int64_t got = get(table, i * 4 + c, true);
            bad += got != (int64_t)i && got != -1;
        }
        lm_table_close(table);
        _exit(bad > 0);
    }
    for (int c = 0; c < 4; c++) {
        int status = 0;
        waitpid(children[c], &status, 0);
        CHECK_INT(status, 0);
    }
    struct lm_table *table = lm_table_open(path, &blobs, NULL);
    size_t known = 0;
    for (uint64_t i = 0; i < MANY * 2; i++) {
        int64_t got = get(table, i, true);
        CHECK(got == -1 || got == (int64_t)(i / 4));
        known += got != -1;
    }
    CHECK(known > MANY); /* what a busy lock kept out is looked for elsewhere */
    lm_table_close(table);
    lm_dir_remove(root, NULL);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_round_trip) TAP_ROW(test_asked_often) TAP_ROW(test_keep) TAP_ROW(test_damage)
        TAP_ROW(test_in_its_place) TAP_ROW(test_no_place) TAP_ROW(test_processes)};
LM_TEST_FILE(tests)
