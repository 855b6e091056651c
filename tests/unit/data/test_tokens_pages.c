#include "data/tokens_pages.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "rows_put.h"
#include "tap.h"

static const char path[] = "test_tokens_pages.tmp.mdb";

enum { ROWS = 400 };

static enum lm_status check_all(struct lm_err *err)
{
    struct lm_pages *pages = NULL;
    LM_TRY(lm_pages_open(&pages, path, err));
    enum lm_status status = lm_pages_check_all(pages, err);
    lm_pages_close(pages);
    return status;
}

/* The way to each key, one by one: what one of them says is the first that is wrong. */
static enum lm_status check_keys(struct lm_err *err)
{
    struct lm_pages *pages = NULL;
    LM_TRY(lm_pages_open(&pages, path, err));
    enum lm_status status = LM_OK;
    for (int i = 0; i < ROWS && status == LM_OK; i++) {
        char key[16];
        snprintf(key, sizeof key, "%08d", i);
        status = lm_pages_check_key(pages, key, 8, err);
    }
    lm_pages_close(pages);
    return status;
}

/* Enough rows for a branch page over leaves; every tenth value has pages of its own. */
static void write_tree(void)
{
    static char value[20000];
    struct lm_rows_writer *writer = NULL;
    unlink(path);
    if (lm_rows_create(&writer, path, NULL) != LM_OK)
        return;
    for (int i = 0; i < ROWS; i++) {
        char key[16];
        snprintf(key, sizeof key, "%08d", i);
        rows_put(writer, key, 8, value, i % 10 ? 60 : sizeof value, NULL);
    }
    lm_rows_finish(writer, NULL);
}

/* Writes `size` bytes of `value` at `offset`. */
static void patch(long offset, unsigned long long value, size_t size)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || pwrite(fd, &value, size, offset) != (ssize_t)size)
        printf("# cannot patch\n");
    close(fd);
}

static unsigned long long peek(long offset, size_t size)
{
    unsigned long long value = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || pread(fd, &value, size, offset) != (ssize_t)size)
        printf("# cannot peek\n");
    close(fd);
    return value;
}

/* Offset of the meta record LMDB would use, and of its root page. */
static long meta_at(void)
{
    return peek(16 + 128, 8) < peek(4096 + 16 + 128, 8) ? 4096 + 16 : 16;
}

static long root_at(void)
{
    return (long)peek(meta_at() + 72 + 40, 8) * 4096;
}

static void test_sound(struct tap *tap)
{
    struct lm_rows_writer *writer = NULL;
    unlink(path);
    REQUIRE(lm_rows_create(&writer, path, NULL) == LM_OK);
    CHECK(lm_rows_finish(writer, NULL) == LM_OK);
    CHECK(check_all(NULL) == LM_OK); /* no rows at all */
    write_tree();
    CHECK(check_all(NULL) == LM_OK);
    CHECK(check_keys(NULL) == LM_OK);
    CHECK(peek(root_at() + 10, 2) == 1); /* the tree has a branch, or the next test proves little */
    unlink(path);
    CHECK_INT(check_all(NULL), LM_NOT_FOUND);
}

struct row {
    char base; /* 'm': newer meta record, 'r': root page, 'l': its first leaf */
    long offset;
    unsigned long long value;
    size_t size;
    const char *message;
};

static const struct row rows[] = {
    {'m', 0, 0, 4, "no LMDB meta page"},
    {'m', 4, 2, 4, "another version"},
    {'m', 8, 4096, 8, "fixed address"},
    {'m', 24, 4097, 4, "page size"},
    {'m', 24, 8192, 4, ""},
    {'m', 72 + 4, 4, 2, "has flags"},
    {'m', 72 + 6, 40, 2, "impossible tree"},
    {'m', 72 + 6, 1, 2, "not what it should be"},
    {'m', 72 + 32, 0, 8, "impossible tree"},
    {'m', 72 + 40, 1, 8, "out of range"},
    {'m', 72 + 40, 1000000, 8, "out of range"},
    {'m', 120, 1ull << 60, 8, "shorter than its pages"},
    {'r', 0, 7, 8, "not what it should be"},
    {'r', 10, 2, 2, "not what it should be"},
    {'r', 12, 17, 2, "free space"},
    {'r', 12, 18, 2, "is empty"},
    {'r', 14, 5000, 2, "free space"},
    {'r', 16, 4095, 2, "outside its page"},
    {'l', 12, 16, 2, "is empty"},
    {'l', 16, 8, 2, "outside its page"},
    {'l', 10, 0x12, 2, "not what it should be"},
};

static void test_unsound(struct tap *tap)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_err err = {0};
        write_tree();
        long base = rows[i].base == 'm' ? meta_at() : root_at();
        if (rows[i].base == 'l') {
            long node = base + (long)peek(base + 16, 2);
            base = (long)(peek(node, 2) | peek(node + 2, 2) << 16) * 4096;
        }
        patch(base + rows[i].offset, rows[i].value, rows[i].size);
        CHECK_INT(check_keys(NULL), LM_FORMAT);
        CHECK_INT(check_all(&err), LM_FORMAT);
        if (strstr(err.text, rows[i].message) == NULL) {
            tap->failed++;
            printf("# row %zu: %s\n", i, err.text);
        }
    }
    unlink(path);
}

/* A key that is not there: between others, before the first, behind the last. */
static void test_missing(struct tap *tap)
{
    static const char *const keys[] = {"00000007x", "", "0", "1", "\xFF"};
    struct lm_pages *pages = NULL;
    write_tree();
    REQUIRE(lm_pages_open(&pages, path, NULL) == LM_OK);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct lm_err err = {0};
        CHECK_INT(lm_pages_check_key(pages, keys[i], strlen(keys[i]), &err), LM_NOT_FOUND);
        CHECK(strstr(err.text, path) != NULL);
    }
    CHECK(lm_pages_check_key(pages, "00000399", 8, NULL) == LM_OK);
    lm_pages_close(pages);
    lm_pages_close(NULL);
    unlink(path);
}

/* Two keys of a leaf that changed places: a search might miss what a walk meets. */
static void test_order(struct tap *tap)
{
    struct lm_err err = {0};
    write_tree();
    long node = root_at() + (long)peek(root_at() + 16, 2);
    long leaf = (long)(peek(node, 2) | peek(node + 2, 2) << 16) * 4096;
    unsigned long long first = peek(leaf + 16, 2), second = peek(leaf + 18, 2);
    patch(leaf + 16, second, 2);
    patch(leaf + 18, first, 2);
    CHECK_INT(check_keys(NULL), LM_FORMAT);
    CHECK_INT(check_all(&err), LM_FORMAT);
    CHECK(strstr(err.text, "out of order") != NULL);
    unlink(path);
}

/* A child that is its own parent must end in a message. */
static void test_cycle(struct tap *tap)
{
    struct lm_err err = {0};
    write_tree();
    long root = root_at();
    long node = root + (long)peek(root + 16, 2);
    patch(node, (unsigned long long)root / 4096, 4);
    patch(meta_at() + 72 + 6, 32, 2);
    CHECK_INT(check_all(&err), LM_FORMAT);
    printf("# %s\n", err.text);
    unlink(path);
}

static const struct tap_test tests[] = {TAP_ROW(test_sound) TAP_ROW(test_unsound) TAP_ROW(
    test_missing) TAP_ROW(test_order) TAP_ROW(test_cycle)};
LM_TEST_FILE(tests)
