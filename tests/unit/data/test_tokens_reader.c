#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <lmpipe/arena.h>
#include <lmpipe/rng.h>

#include "base/io.h"
#include "base/pool.h"
#include "tap.h"
#include "tokens_sample.h"

static const char path[] = "test_tokens_reader.tmp.mdb", bad_path[] = "test_tokens_bad.tmp.mdb";

static const struct sample small = {300, {20, 5, 5}, 60};
static const struct sample middle = {70000, {110, 12, 0}, 900};

/* Opens a file that may be damaged. True when that is noticed, or harms nothing. */
static bool is_noticed_or_harmless(const struct sample *s, bool *is_noticed)
{
    struct lm_err err = {0};
    struct lm_tokens *tokens = NULL;
    enum lm_status status = lm_tokens_open(&tokens, bad_path, &err);
    bool is_equal = status == LM_OK && sample_matches(tokens, s, 4096, &err);
    lm_tokens_close(tokens);
    *is_noticed = !is_equal;
    return is_equal || (err.status == LM_FORMAT && err.text[0] != '\0') ||
           err.status == LM_UNSUPPORTED || err.status == LM_NOMEM;
}

static void damage(struct tap *tap, const struct sample *s, uint64_t rounds, size_t region)
{
    struct lm_arena *arena = lm_arena_create();
    char *data = NULL;
    size_t size = 0, noticed = 0;
    bool is_noticed = false;
    REQUIRE(sample_write(path, s, NULL, NULL) == LM_OK);
    REQUIRE(lm_file_read(&data, &size, arena, path, SIZE_MAX, NULL) == LM_OK);
    struct lm_rng rng = lm_rng_stream(1, "damage");
    region = region && region < size ? region : size;
    REQUIRE(lm_file_write(bad_path, data, size, NULL) == LM_OK);
    int fd = open(bad_path, O_WRONLY | O_CLOEXEC);
    for (uint64_t i = 0; i < rounds; i++) {
        size_t at = (size_t)lm_rng_below(rng, 0, i, region);
        char flipped = (char)(data[at] ^ (int)(1 + lm_rng_below(rng, 1, i, 255)));
        CHECK(pwrite(fd, &flipped, 1, (off_t)at) == 1);
        CHECK(is_noticed_or_harmless(s, &is_noticed));
        noticed += is_noticed;
        CHECK(pwrite(fd, data + at, 1, (off_t)at) == 1);
    }
    printf("# %zu of %llu damages matter, all noticed\n", noticed, (unsigned long long)rounds);
    CHECK(noticed > 0);
    CHECK(is_noticed_or_harmless(s, &is_noticed) && !is_noticed);
    close(fd);
    unlink(path);
    unlink(bad_path);
    lm_arena_free(arena);
}

static void test_damaged_bytes(struct tap *tap)
{
    damage(tap, &small, 3000, 0);
    damage(tap, &middle, 150, 0);
    damage(tap, &middle, 300, 8192); /* the meta pages */
}

/* Every structural page filled with zeros, ones, and with another page. */
static void test_damaged_pages(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    char *data = NULL;
    size_t size = 0;
    bool is_noticed;
    REQUIRE(sample_write(path, &small, NULL, NULL) == LM_OK);
    REQUIRE(lm_file_read(&data, &size, arena, path, SIZE_MAX, NULL) == LM_OK);
    char *bad = lm_arena_alloc(arena, size);
    for (size_t page = 0; page + 4096 <= size; page += 4096)
        for (int kind = 0; kind < 3; kind++) {
            memcpy(bad, data, size);
            if (kind < 2)
                memset(bad + page, kind ? 0xFF : 0, 4096);
            else
                memcpy(bad + page, data + (page + 4096) % (size & ~(size_t)4095), 4096);
            REQUIRE(lm_file_write(bad_path, bad, size, NULL) == LM_OK);
            CHECK(is_noticed_or_harmless(&small, &is_noticed));
        }
    unlink(path);
    unlink(bad_path);
    lm_arena_free(arena);
}

static void test_truncated(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    char *data = NULL;
    size_t size = 0;
    bool is_noticed;
    REQUIRE(sample_write(path, &small, NULL, NULL) == LM_OK);
    REQUIRE(lm_file_read(&data, &size, arena, path, SIZE_MAX, NULL) == LM_OK);
    for (size_t length = 0; length < size; length += 1 + length / 40) {
        REQUIRE(lm_file_write(bad_path, data, length, NULL) == LM_OK);
        CHECK(is_noticed_or_harmless(&small, &is_noticed));
        CHECK(is_noticed);
    }
    unlink(path);
    unlink(bad_path);
    lm_arena_free(arena);
}

static void test_not_a_token_file(struct tap *tap)
{
    struct lm_err err = {0};
    struct lm_tokens *tokens = NULL;
    struct lm_digest digest;
    CHECK_INT(lm_tokens_open(&tokens, "none.mdb", &err), LM_NOT_FOUND);
    CHECK_INT(lm_tokens_open(&tokens, "/dev/zero", &err), LM_FORMAT);
    CHECK_INT(lm_tokens_open(&tokens, ".", &err), LM_FORMAT);
    CHECK(lm_file_write(bad_path, "hello", 5, NULL) == LM_OK);
    CHECK_INT(lm_tokens_open(&tokens, bad_path, &err), LM_FORMAT);
    CHECK_INT(lm_tokens_digest(&digest, bad_path, &err), LM_FORMAT);
    CHECK(strstr(err.text, "make it anew") != NULL && tokens == NULL);
    unlink(bad_path);
    lm_tokens_close(NULL);
}

static void test_ranges(struct tap *tap)
{
    struct lm_err err = {0};
    struct lm_tokens *tokens = NULL;
    int32_t out[4];
    REQUIRE(sample_write(path, &small, NULL, NULL) == LM_OK);
    REQUIRE(lm_tokens_open(&tokens, path, &err) == LM_OK);
    uint64_t count = lm_tokens_count(tokens, LM_TRAIN);
    CHECK(lm_tokens_read(tokens, LM_TRAIN, count - 4, 4, out, &err) == LM_OK);
    CHECK(lm_tokens_read(tokens, LM_TRAIN, count, 0, out, &err) == LM_OK);
    CHECK_INT(lm_tokens_read(tokens, LM_TRAIN, count - 3, 4, out, &err), LM_RANGE);
    CHECK_INT(lm_tokens_read(tokens, LM_TRAIN, UINT64_MAX, 2, out, &err), LM_RANGE);
    CHECK_INT(lm_tokens_read(tokens, LM_TRAIN, count + 1, 0, out, &err), LM_RANGE);
    CHECK(lm_tokens_check_documents(tokens, LM_TRAIN, &err) == LM_OK);
    CHECK(lm_tokens_document(tokens, LM_TRAIN, 19).tokens > 0);
    CHECK_INT(lm_tokens_document(tokens, LM_TRAIN, 20).tokens, 0);
    lm_tokens_close(tokens);
    unlink(path);
}

struct shared {
    const struct lm_tokens *tokens;
    uint64_t sums[64];
};

static void read_part(void *user, size_t task, size_t worker)
{
    struct shared *shared = user;
    uint64_t count = lm_tokens_count(shared->tokens, LM_TRAIN);
    int32_t window[1024];
    (void)worker;
    for (uint64_t at = task * 37; at + 1024 <= count; at += 1024)
        if (lm_tokens_read(shared->tokens, LM_TRAIN, at, 1024, window, NULL) == LM_OK)
            shared->sums[task] = sample_mix(shared->sums[task] ^ (uint64_t)window[at % 1024]);
}

/* Several threads read one set, each block's first check included. */
static void test_threads(struct tap *tap)
{
    struct lm_tokens *tokens = NULL;
    uint64_t sums[64] = {0};
    REQUIRE(sample_write(path, &middle, NULL, NULL) == LM_OK);
    for (size_t threads = 1; threads <= 4; threads++) {
        REQUIRE(lm_tokens_open(&tokens, path, NULL) == LM_OK);
        struct shared shared = {.tokens = tokens};
        struct lm_pool *pool = lm_pool_create(threads);
        lm_pool_run(pool, 64, read_part, &shared);
        lm_pool_free(pool);
        lm_tokens_close(tokens);
        CHECK(threads == 1 || memcmp(sums, shared.sums, sizeof sums) == 0);
        memcpy(sums, shared.sums, sizeof sums);
    }
    unlink(path);
}

/* A copy, read-only in a read-only folder, opens: no lock file, no write. */
static void test_read_only_copy(struct tap *tap)
{
    struct lm_tokens *tokens = NULL;
    REQUIRE(sample_write(path, &small, NULL, NULL) == LM_OK);
    REQUIRE(lm_dir_create("test_tokens_ro.tmp", NULL) == LM_OK);
    CHECK(lm_file_copy("test_tokens_ro.tmp/data.mdb", path, 0444, NULL) == LM_OK);
    CHECK(chmod("test_tokens_ro.tmp", 0555) == 0);
    CHECK(lm_tokens_open(&tokens, "test_tokens_ro.tmp/data.mdb", NULL) == LM_OK);
    CHECK(tokens != NULL && sample_matches(tokens, &small, 100, NULL));
    lm_tokens_close(tokens);
    CHECK(chmod("test_tokens_ro.tmp", 0755) == 0);
    CHECK(lm_dir_remove("test_tokens_ro.tmp", NULL) == LM_OK);
    unlink(path);
}

static const struct tap_test tests[] = {TAP_ROW(test_damaged_bytes) TAP_ROW(test_damaged_pages)
                                            TAP_ROW(test_truncated) TAP_ROW(test_not_a_token_file)
                                                TAP_ROW(test_ranges) TAP_ROW(test_threads)
                                                    TAP_ROW(test_read_only_copy)};
LM_TEST_FILE(tests)
