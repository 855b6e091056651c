#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tap.h"

#include "base/io.h"
#include "tokens_sample.h"

static const char path[] = "test_tokens_writer.tmp.mdb";

static long long file_size(const char *name)
{
    struct stat info = {0};
    return stat(name, &info) == 0 ? (long long)info.st_size : -1;
}

static void check_round_trip(struct tap *tap, const struct sample *s)
{
    struct lm_err err = {0};
    struct lm_digest digest, walked;
    struct lm_tokens *tokens = NULL;
    if (sample_write(path, s, &digest, &err) != LM_OK)
        printf("# %s\n", err.text);
    CHECK(lm_tokens_digest(&walked, path, &err) == LM_OK);
    CHECK_INT(lm_digest_compare(&digest, &walked), 0);
    CHECK(lm_tokens_open(&tokens, path, &err) == LM_OK);
    REQUIRE(tokens != NULL);
    CHECK_INT(lm_tokens_end_of_text(tokens), s->vocab - 1);
    CHECK(sample_matches(tokens, s, 1000, &err));
    CHECK(sample_matches(tokens, s, SAMPLE_LONGEST + 1, &err));
    lm_tokens_close(tokens);
    unlink(path);
}

static void test_round_trips(struct tap *tap)
{
    static const struct sample samples[] = {
        {300, {0, 0, 0}, 10},        {300, {1, 0, 0}, 10},       {300, {0, 0, 1}, 10},
        {300, {0, 5, 0}, 0},         {4096, {900, 70, 60}, 300}, {65536, {200, 3, 100}, 3000},
        {65537, {200, 60, 3}, 2000},
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++)
        check_round_trip(tap, &samples[i]);
}

/* 65,536 ids are stored in two bytes, 65,537 in four. */
static void test_width(struct tap *tap)
{
    struct sample s = {65536, {40, 0, 0}, 10000};
    REQUIRE(sample_write(path, &s, NULL, NULL) == LM_OK);
    long long narrow = file_size(path);
    s.vocab++;
    REQUIRE(sample_write(path, &s, NULL, NULL) == LM_OK);
    long long wide = file_size(path);
    CHECK(wide > narrow * 19 / 10 && wide < narrow * 21 / 10);
    unlink(path);
}

/* 100 MB of ids in documents of 700 on average. 24 bytes a document are its index; all else that is
 * not ids is overhead: page headers, checksums, the tree, what the last rows leave free. */
static void test_overhead(struct tap *tap)
{
    enum { DOCUMENT = 699, DOCUMENTS = 50000000 / (DOCUMENT + 1) };

    static int32_t ids[DOCUMENT];
    struct lm_tokens_writer *writer = NULL;
    struct lm_digest vocab = {{0}};
    REQUIRE(lm_tokens_create(&writer, path, 50257, 50256, &vocab, NULL) == LM_OK);
    enum lm_status status = LM_OK;
    for (size_t i = 0; i < DOCUMENTS && status == LM_OK; i++)
        status = lm_tokens_add(writer, LM_TRAIN, ids, DOCUMENT, i, 3000, NULL);
    CHECK_INT(status, LM_OK);
    REQUIRE(lm_tokens_finish(writer, NULL, NULL) == LM_OK);
    double data = 2.0 * DOCUMENTS * (DOCUMENT + 1), index = 24.0 * DOCUMENTS;
    double over = (double)file_size(path) - data - index;
    printf("# %.0f bytes of ids, %.0f of index, %.0f more: %.3f %%\n", data, index, over,
           100 * over / data);
    CHECK(data > 99.9e6 && over > 0 && over <= 0.001 * data);
    unlink(path);
}

/* Token and document borders at every place around the border of a block. */
static void test_block_borders(struct tap *tap)
{
    enum { PER_BLOCK = (64 * 4096 - 16 - 8) / 2 };
    struct lm_digest vocab = {{0}};
    int32_t *ids = calloc(2 * PER_BLOCK, sizeof *ids);
    for (int shift = -2; shift <= 2; shift++) {
        struct lm_tokens_writer *writer = NULL;
        struct lm_tokens *tokens = NULL;
        size_t first = (size_t)(PER_BLOCK - 1 + shift);
        for (size_t i = 0; i < 2 * PER_BLOCK; i++)
            ids[i] = (int32_t)(i % 251);
        REQUIRE(lm_tokens_create(&writer, path, 256, 255, &vocab, NULL) == LM_OK);
        CHECK(lm_tokens_add(writer, LM_TRAIN, ids, first, 1, 1, NULL) == LM_OK);
        CHECK(lm_tokens_add(writer, LM_TRAIN, ids, 2 * PER_BLOCK, 2, 2, NULL) == LM_OK);
        CHECK(lm_tokens_add(writer, LM_TRAIN, ids, 3, 3, 3, NULL) == LM_OK);
        CHECK(lm_tokens_finish(writer, NULL, NULL) == LM_OK);
        REQUIRE(lm_tokens_open(&tokens, path, NULL) == LM_OK);
        int32_t got[8];
        CHECK(lm_tokens_read(tokens, LM_TRAIN, first - 2, 8, got, NULL) == LM_OK);
        CHECK(got[0] == ids[first - 2] && got[1] == ids[first - 1] && got[2] == 255);
        for (int32_t k = 0; k < 5; k++)
            CHECK_INT(got[3 + k], k);
        CHECK_INT(lm_tokens_document(tokens, LM_TRAIN, 1).tokens, 0); /* not checked */
        CHECK(lm_tokens_check_documents(tokens, LM_TRAIN, NULL) == LM_OK);
        CHECK_INT(lm_tokens_document(tokens, LM_TRAIN, 1).first, first + 1);
        CHECK_INT(lm_tokens_document(tokens, LM_TRAIN, 2).first, first + 2 + 2 * PER_BLOCK);
        CHECK_INT(lm_tokens_document(tokens, LM_TRAIN, 2).id, 3);
        lm_tokens_close(tokens);
        unlink(path);
    }
    free(ids);
}

static void test_misuse(struct tap *tap)
{
    struct lm_digest vocab = {{0}};
    struct lm_tokens_writer *writer = NULL;
    struct lm_err err = {0};
    int32_t good[] = {1, 2}, high[] = {1, 300}, low[] = {-1};
    CHECK_INT(lm_tokens_create(&writer, path, 300, 300, &vocab, &err), LM_INVALID);
    CHECK_INT(lm_tokens_create(&writer, path, 300, -1, &vocab, &err), LM_INVALID);
    CHECK_INT(lm_tokens_create(&writer, path, 0, 0, &vocab, &err), LM_INVALID);
    CHECK_INT(lm_tokens_create(&writer, "no/such/folder", 9, 0, &vocab, &err), LM_NOT_FOUND);
    REQUIRE(lm_tokens_create(&writer, path, 300, 299, &vocab, &err) == LM_OK);
    CHECK_INT(lm_tokens_add(writer, LM_VALID, high, 2, 0, 0, &err), LM_RANGE);
    CHECK_INT(lm_tokens_add(writer, LM_VALID, low, 1, 0, 0, &err), LM_RANGE);
    CHECK_INT(lm_tokens_add(writer, LM_SPLITS, good, 2, 0, 0, &err), LM_INVALID);
    CHECK(lm_tokens_add(writer, LM_VALID, good, 2, 0, 0, &err) == LM_OK);
    CHECK_INT(lm_tokens_add(writer, LM_TRAIN, good, 2, 0, 0, &err), LM_INVALID);
    CHECK(lm_tokens_finish(writer, NULL, &err) == LM_OK);
    CHECK_INT(lm_tokens_create(&writer, path, 300, 299, &vocab, &err), LM_IO); /* exists */
    unlink(path);
    CHECK(!lm_path_exists("test_tokens_writer.tmp.mdb-lock"));
    lm_tokens_abandon(NULL);
}

/* Abandoned half-way: no reader takes the file for a whole one. */
static void test_abandoned(struct tap *tap)
{
    struct lm_digest vocab = {{0}};
    struct lm_tokens_writer *writer = NULL;
    struct lm_tokens *tokens = NULL;
    struct lm_err err = {0};
    int32_t *ids = calloc(SAMPLE_LONGEST, sizeof *ids);
    REQUIRE(lm_tokens_create(&writer, path, 300, 299, &vocab, &err) == LM_OK);
    CHECK(lm_tokens_add(writer, LM_TRAIN, ids, SAMPLE_LONGEST, 0, 0, &err) == LM_OK);
    lm_tokens_abandon(writer);
    CHECK_INT(lm_tokens_open(&tokens, path, &err), LM_FORMAT);
    CHECK(strstr(err.text, "it was not finished; make it anew") != NULL);
    unlink(path);
    free(ids);
}

/* The promise of the format: these bytes mean this content. Version 2 is fixed by this digest. */
static void test_digest_is_fixed(struct tap *tap)
{
    struct sample s = {4096, {30, 5, 2}, 200};
    struct lm_digest digest;
    char hex[LM_DIGEST_HEX];
    REQUIRE(sample_write(path, &s, &digest, NULL) == LM_OK);
    lm_digest_hex(hex, &digest);
    CHECK_STR(hex, "f7e3672bfd939661649e39bcb8763fd7f5363531282eaf946c95c0fd77fe87e5");
    unlink(path);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_round_trips) TAP_ROW(test_width) TAP_ROW(test_overhead) TAP_ROW(test_block_borders)
        TAP_ROW(test_misuse) TAP_ROW(test_abandoned) TAP_ROW(test_digest_is_fixed)};
LM_TEST_FILE(tests)
