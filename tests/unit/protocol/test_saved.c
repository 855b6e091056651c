/* What was saved is read back piece by piece, and never other bytes. */
#include "protocol/saved.h"

#include <fcntl.h>
#include <unistd.h>

#include <lmpipe/hash.h>

#include "base/io.h"
#include "tap.h"

enum { START = 100, SIZE = 700001 }; /* more than is looked at at once */

static const char path[] = "test_saved.tmp";

static void fill(unsigned char *data)
{
    for (size_t i = 0; i < START + SIZE; i++)
        data[i] = (unsigned char)(i * i >> 3);
}

/* The file, and what lies in it from START on. */
static struct lm_saved *open_file(unsigned char *data)
{
    fill(data);
    if (lm_file_write(path, data, START + SIZE, NULL) != LM_OK)
        abort();
    return lm_saved_open(open(path, O_RDONLY | O_CLOEXEC), START, SIZE, 9,
                         lm_hash64(data + START, SIZE, 0));
}

static void test_pieces(struct tap *tap)
{
    static unsigned char want[START + SIZE], got[SIZE];
    struct lm_err err = {LM_OK, ""};
    int error;
    struct lm_saved *saved = open_file(want);
    REQUIRE(saved != NULL);
    CHECK(lm_saved_position(saved) == 9 && lm_saved_size(saved) == SIZE);
    for (int round = 0; round < 2; round++, lm_saved_rewind(saved)) {
        memset(got, 0, SIZE);
        CHECK(lm_saved_verify(saved, &error) && error == 0);
        CHECK_INT(lm_saved_read(saved, got, 3, &err), LM_OK);
        CHECK_INT(lm_saved_read(saved, NULL, 400000, &err), LM_OK);
        CHECK_INT(lm_saved_read(saved, got + 3, 0, &err), LM_OK);
        CHECK_INT(lm_saved_read(saved, got + 400003, SIZE - 400003, &err), LM_OK);
        CHECK(memcmp(got, want + START, 3) == 0);
        CHECK(memcmp(got + 400003, want + START + 400003, SIZE - 400003) == 0);
        CHECK_INT(lm_saved_read(saved, got, 1, &err), LM_RANGE);
    }
    lm_saved_close(saved);
    unlink(path);
}

/* Changed or cut behind the back of whoever opened it. */
static void test_changed(struct tap *tap)
{
    static unsigned char data[START + SIZE];
    struct lm_arena *arena = lm_arena_create();
    for (int kind = 0; kind < 2; kind++) {
        struct lm_err err = {LM_OK, ""};
        void *all = NULL;
        int error = 1;
        struct lm_saved *saved = open_file(data);
        REQUIRE(saved != NULL && lm_saved_verify(saved, &error));
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        REQUIRE(kind == 0 ? pwrite(fd, "?", 1, START + 5) == 1 : ftruncate(fd, START + 9) == 0);
        close(fd);
        CHECK(!lm_saved_verify(saved, &error));
        CHECK_INT(error, 0);
        CHECK_INT(lm_saved_take(&all, arena, saved, &err), LM_IO);
        CHECK(strstr(err.text, "saved") != NULL);
        unlink(path);
    }
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {TAP_ROW(test_pieces) TAP_ROW(test_changed)};
LM_TEST_FILE(tests)
