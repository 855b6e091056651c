#include "stages/clean/clean_bytes.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "tap.h"
#include "text/documents.h"

static const char path[] = "/tmp/lmpipe-test-clean-bytes";

static void open_bytes(struct tap *tap, struct clean_bytes *out, const void *data, size_t size)
{
    *out = (struct clean_bytes){.data = NULL};
    REQUIRE(lm_file_write(path, data, size, NULL) == LM_OK);
    REQUIRE(clean_bytes_open(out, path, NULL) == LM_OK);
    CHECK_INT(out->size, size);
}

/* A NUL follows, read or mapped, also where the file ends with a page. */
static void a_nul_follows(struct tap *tap)
{
    enum { MAPPED = 4 << 20 }; /* more is */

    static char data[MAPPED + 8192];
    static const size_t sizes[] = {0,
                                   1,
                                   4096,
                                   4097,
                                   MAPPED,
                                   MAPPED + 1,
                                   MAPPED + 4095,
                                   MAPPED + 4096,
                                   MAPPED + 4097,
                                   MAPPED + 8192};
    memset(data, 'x', sizeof data);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct clean_bytes bytes;
        open_bytes(tap, &bytes, data, sizes[i]);
        CHECK(memcmp(bytes.data, data, sizes[i]) == 0);
        CHECK_INT(bytes.data[sizes[i]], 0);
        CHECK_INT(bytes.mapped > 0, sizes[i] > MAPPED);
        clean_bytes_close(&bytes);
    }
    unlink(path);
}

/* What is let go is read again as it is in the file; what lies behind keeps its changes. */
static void what_is_dropped_is_forgotten(struct tap *tap)
{
    const size_t size = (size_t)9 << 20, at = (size_t)8 << 20;
    char *data = malloc(size);
    struct clean_bytes bytes;
    REQUIRE(data != NULL);
    memset(data, 'x', size);
    open_bytes(tap, &bytes, data, size);
    memset(bytes.data, 'y', size);
    clean_bytes_drop(&bytes, bytes.data + at);
    CHECK(bytes.data[0] == 'x' && bytes.data[at - 1] == 'x' && bytes.data[at] == 'y');
    CHECK(bytes.data[size - 1] == 'y');
    clean_bytes_drop(&bytes, bytes.data + at + 1);
    CHECK(bytes.data[at] == 'y');
    clean_bytes_close(&bytes);
    free(data);
    unlink(path);
}

/* Large texts are evened part by part, through a file: as all at once. */
static void newlines_are_evened(struct tap *tap)
{
    static const char *const ends[] = {"\r\n", "\n", "\r", "\r\r\n", "\n\r"};
    static const size_t sizes[] = {1000, ((size_t)3 << 20) + 5, ((size_t)9 << 20) + 7};
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        char *data = malloc(sizes[k] + 16);
        size_t size = 3;
        REQUIRE(data != NULL);
        memcpy(data, "\xEF\xBB\xBF", 3);
        for (size_t i = 0; size < sizes[k]; i++) /* every end at every place of a part's border */
            size += (size_t)sprintf(data + size, "%.*s%s", (int)(i % 5), "abcd", ends[i * 7 % 5]);
        struct clean_bytes bytes;
        int64_t marks[2] = {0}, newlines[2] = {0};
        open_bytes(tap, &bytes, data, size);
        REQUIRE(clean_bytes_even(&bytes, "/tmp", &marks[0], &newlines[0], NULL) == LM_OK);
        size = lm_newlines_normalise((uint8_t *)data, size, &marks[1], &newlines[1]);
        CHECK_INT(bytes.size, size);
        CHECK(memcmp(bytes.data, data, size) == 0);
        CHECK_INT(bytes.data[size], 0);
        CHECK(marks[0] == 1 && marks[1] == 1 && newlines[0] == newlines[1]);
        clean_bytes_close(&bytes);
        free(data);
    }
    unlink(path);
}

/* A mark alone moves nothing. */
static void marks_are_stepped_over(struct tap *tap)
{
    struct clean_bytes bytes;
    int64_t marks = 0, newlines = 0;
    open_bytes(tap, &bytes, "\xEF\xBB\xBFtext", 7);
    REQUIRE(clean_bytes_even(&bytes, "/nowhere", &marks, &newlines, NULL) == LM_OK);
    CHECK_STR((const char *)bytes.data, "text");
    CHECK(bytes.size == 4 && marks == 1 && newlines == 0);
    clean_bytes_close(&bytes);
    unlink(path);
}

static const struct tap_test tests[] = {TAP_ROW(a_nul_follows) TAP_ROW(
    what_is_dropped_is_forgotten) TAP_ROW(newlines_are_evened) TAP_ROW(marks_are_stepped_over)};

LM_TEST_FILE(tests)
