/* Frames outlive a process; what of them is not as it was written is not there. */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/spool.h"
#include "tests/tap.h"

#define PATH "test_spool.tmp"

enum { FRAMES = 5, OWNER = 7, HEAD = 88 };

static const char *const texts[FRAMES] = {"first", "", "the third of them", "4", "the last one"};

static struct lm_frame frame_of(size_t i)
{
    struct lm_frame frame = {.place = i, .count = 10 + i};
    frame.of.bytes[0] = (uint8_t)i;
    return frame;
}

static bool put(struct lm_spool *spool, size_t i)
{
    const struct lm_frame frame = frame_of(i);
    return lm_spool_put(spool, &frame, texts[i], strlen(texts[i]), NULL) == LM_OK;
}

/* Writes all frames, anew. */
static bool write_all(void)
{
    struct lm_spool spool;
    unlink(PATH);
    bool is_done = lm_spool_open(&spool, PATH, OWNER, true, NULL) == LM_OK;
    for (size_t i = 0; i < FRAMES && is_done; i++)
        is_done = put(&spool, i);
    is_done = is_done && lm_spool_sync(&spool, NULL) == LM_OK;
    lm_spool_close(&spool);
    return is_done;
}

static bool is_whole(const struct lm_spool *spool, size_t i)
{
    char data[100] = "";
    const struct lm_frame *frame = &spool->frames[i];
    return frame->place == i && frame->count == 10 + i && frame->of.bytes[0] == i &&
           frame->size == strlen(texts[i]) && lm_spool_read(spool, frame, data) &&
           strcmp(data, texts[i]) == 0;
}

/* Frames that whoever opens the file finds sound, from the first on. */
static size_t sound(uint64_t owner, bool is_own)
{
    struct lm_spool spool;
    size_t found = 0;
    if (lm_spool_open(&spool, PATH, owner, is_own, NULL) != LM_OK)
        return SIZE_MAX;
    while (found < spool.count && is_whole(&spool, found))
        found++;
    lm_spool_close(&spool);
    return found;
}

static void frames_come_back(struct tap *tap)
{
    struct lm_spool spool;
    REQUIRE(write_all());
    CHECK_INT(sound(OWNER, false), FRAMES);
    CHECK_INT(sound(OWNER, true), FRAMES);
    CHECK_INT(sound(OWNER + 1, false), 0);
    REQUIRE(lm_spool_open(&spool, PATH, OWNER, true, NULL) == LM_OK);
    CHECK(lm_spool_cut(&spool, 2, NULL) == LM_OK && put(&spool, 2));
    CHECK_INT(spool.count, 3);
    lm_spool_close(&spool);
    CHECK_INT(sound(OWNER, false), 3);
    CHECK_INT(sound(OWNER + 1, true), 0); /* whose it is now */
    CHECK_INT(sound(OWNER, false), 0);
    unlink(PATH);
    CHECK_INT(sound(OWNER, false), 0);
    CHECK(!lm_path_exists(PATH));
}

/* Cut anywhere, the frames before are there, and can be followed by others. */
/* Of a frame the beginning can be seen unchecked; one that is damaged can be taken away with what
 * is behind it, or with the file. */
static void damaged_ones_can_be_dropped(struct tap *tap)
{
    struct lm_spool spool;
    char data[100];
    REQUIRE(write_all() && lm_spool_open(&spool, PATH, OWNER, false, NULL) == LM_OK);
    CHECK(lm_spool_peek(&spool, &spool.frames[2], data, 3) == 3 && memcmp(data, "the", 3) == 0);
    CHECK_INT(lm_spool_peek(&spool, &spool.frames[3], data, sizeof data), 1);
    CHECK_INT(lm_spool_drop(&spool, &spool.frames[2], false, NULL), LM_OK);
    CHECK_INT(sound(OWNER, false), 2);
    CHECK(!lm_spool_read(&spool, &spool.frames[2], data)); /* for whom has it open, too */
    CHECK_INT(lm_spool_drop(&spool, &spool.frames[1], true, NULL), LM_OK);
    CHECK(!lm_path_exists(PATH));
    CHECK_INT(lm_spool_drop(&spool, &spool.frames[1], true, NULL), LM_OK); /* somebody else's was */
    lm_spool_close(&spool);
}

static void what_is_cut_short_is_cut_off(struct tap *tap)
{
    struct stat info;
    REQUIRE(write_all() && stat(PATH, &info) == 0);
    size_t end = 0, whole = 0;
    for (off_t cut = 0; cut < info.st_size; cut++) {
        if ((size_t)cut == end + HEAD + strlen(texts[whole])) {
            end = (size_t)cut;
            whole++;
        }
        REQUIRE(write_all() && truncate(PATH, cut) == 0);
        CHECK_INT(sound(OWNER, false), whole);
        struct lm_spool spool;
        REQUIRE(lm_spool_open(&spool, PATH, OWNER, true, NULL) == LM_OK);
        CHECK_INT(spool.size, end);
        CHECK(put(&spool, whole));
        lm_spool_close(&spool);
        CHECK_INT(sound(OWNER, false), whole + 1);
    }
    unlink(PATH);
}

static bool flip(off_t at)
{
    FILE *file = fopen(PATH, "r+b");
    int byte = file != NULL && fseek(file, at, SEEK_SET) == 0 ? fgetc(file) : EOF;
    bool is_done = byte != EOF && fseek(file, at, SEEK_SET) == 0 && fputc(byte ^ 4, file) != EOF;
    return file != NULL && fclose(file) == 0 && is_done;
}

static void altered_bytes_are_a_miss(struct tap *tap)
{
    struct stat info;
    REQUIRE(write_all() && stat(PATH, &info) == 0);
    for (off_t at = 0; at < info.st_size; at++) {
        REQUIRE(write_all() && flip(at));
        CHECK(sound(OWNER, false) < FRAMES);
    }
    unlink(PATH);
}

/* A full disk: an error with the system's reason, and the frames before it stay. */
static void a_full_disk_loses_nothing(struct tap *tap)
{
    struct lm_spool spool;
    struct lm_err err = {LM_OK, ""};
    struct rlimit before;
    const struct lm_frame frame = frame_of(3);
    static char large[100000];
    REQUIRE(write_all() && getrlimit(RLIMIT_FSIZE, &before) == 0);
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit low = {50000, before.rlim_max};
    REQUIRE(lm_spool_open(&spool, PATH, OWNER, true, NULL) == LM_OK);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &low) == 0);
    CHECK_INT(lm_spool_put(&spool, &frame, large, sizeof large, &err), LM_IO);
    CHECK_INT(err.error_number, EFBIG);
    CHECK(strstr(err.text, PATH) != NULL);
    setrlimit(RLIMIT_FSIZE, &before);
    CHECK_INT(spool.count, FRAMES);
    lm_spool_close(&spool);
    CHECK_INT(sound(OWNER, false), FRAMES);
    unlink(PATH);
}

static void what_is_no_file_is_told(struct tap *tap)
{
    struct lm_spool spool;
    struct lm_err err = {LM_OK, ""};
    REQUIRE(mkdir(PATH, 0777) == 0);
    CHECK_INT(lm_spool_open(&spool, PATH, OWNER, true, &err), LM_IO);
    CHECK(strstr(err.text, "cannot write " PATH) != NULL);
    CHECK_INT(sound(OWNER, false), 0);
    rmdir(PATH);
    CHECK_INT(symlink("nowhere", PATH), 0);
    CHECK_INT(lm_spool_open(&spool, PATH, OWNER, true, &err), LM_IO);
    unlink(PATH);
}

static const struct tap_test tests[] = {
    TAP_ROW(frames_come_back) TAP_ROW(damaged_ones_can_be_dropped)
        TAP_ROW(what_is_cut_short_is_cut_off) TAP_ROW(altered_bytes_are_a_miss)
            TAP_ROW(a_full_disk_loses_nothing) TAP_ROW(what_is_no_file_is_told)};

LM_TEST_FILE(tests)
