/* The page docs/formats/tokens.md against the writer: its example, and a reader written from it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <lmpipe/arena.h>

#include "base/buf.h"
#include "base/io.h"
#include "data/tokens_lmdb.h"
#include "tap.h"
#include "tokens_sample.h"

static const char path[] = "test_tokens_page.tmp.mdb";

static enum lm_status write_example(struct lm_digest *digest, struct lm_err *err)
{
    static const int32_t ids[] = {258, 105};
    struct lm_digest vocab;
    struct lm_tokens_writer *writer = NULL;
    lm_sha256_bytes(&vocab, "vocab", 5);
    unlink(path);
    LM_TRY(lm_tokens_create(&writer, path, 300, 299, &vocab, err));
    enum lm_status status = lm_tokens_add(writer, LM_TRAIN, ids, 2, 0x0123456789abcdef, 5, err);
    if (status == LM_OK)
        status = lm_tokens_add(writer, LM_TRAIN, ids, 0, 0xe3b0c44298fc1c14, 0, err);
    if (status == LM_OK)
        status = lm_tokens_add(writer, LM_VALID, ids + 1, 1, 0xfedcba9876543210, 1, err);
    if (status == LM_OK)
        return lm_tokens_finish(writer, digest, err);
    lm_tokens_abandon(writer);
    return status;
}

static void put_hex(struct lm_buf *out, const uint8_t *data, size_t size, const char *indent)
{
    for (size_t i = 0; i < size; i++)
        lm_buf_printf(out, "%s%02x", i % 16 == 0 ? indent : " ", data[i]);
}

static enum lm_status put_row(void *user, const uint8_t *key, size_t key_size, const uint8_t *value,
                              size_t size, struct lm_err *err)
{
    put_hex(user, key, key_size, "\n");
    put_hex(user, value, size, "\n    ");
    lm_buf_putc(user, '\n');
    return lm_buf_status(user, err);
}

static void test_example(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_rows *rows = NULL;
    struct lm_digest digest;
    struct lm_buf example;
    char hex[LM_DIGEST_HEX], *page = NULL;
    lm_buf_init(&example, 0);
    REQUIRE(write_example(&digest, NULL) == LM_OK);
    REQUIRE(lm_rows_open(&rows, path, NULL) == LM_OK);
    CHECK(lm_rows_each(rows, put_row, &example, NULL) == LM_OK);
    lm_rows_close(rows);
    REQUIRE(lm_file_read(&page, NULL, arena, LM_TEST_DATA "/../../docs/formats/tokens.md", 100000,
                         NULL) == LM_OK);
    if (strstr(page, example.data) == NULL)
        printf("%s\n", example.data); /* what the page should show */
    CHECK(strstr(page, example.data) != NULL);
    lm_digest_hex(hex, &digest);
    CHECK(strstr(page, hex) != NULL);
    lm_buf_release(&example);
    lm_arena_free(arena);
    unlink(path);
}

/* What the other reader should print. */
static void describe(struct lm_buf *out, struct lm_tokens *tokens, const struct lm_digest *digest)
{
    char hex[LM_DIGEST_HEX], index_hex[LM_DIGEST_HEX];
    lm_buf_printf(out, "vocab %lld eot %d width %d\n", (long long)lm_tokens_vocab(tokens),
                  lm_tokens_end_of_text(tokens), lm_tokens_vocab(tokens) <= 65536 ? 2 : 4);
    for (int s = 0; s < LM_SPLITS; s++) {
        enum lm_split split = (enum lm_split)s;
        uint64_t count = lm_tokens_count(tokens, split), n = lm_tokens_documents(tokens, split);
        int32_t *ids = calloc(count + 1, sizeof *ids);
        struct lm_digest stream, index;
        struct lm_buf entries;
        lm_buf_init(&entries, 0);
        if (ids == NULL || lm_tokens_check_documents(tokens, split, NULL) != LM_OK ||
            lm_tokens_read(tokens, split, 0, count, ids, NULL) != LM_OK)
            out->failed = true;
        lm_sha256_bytes(&stream, ids, count * sizeof *ids);
        for (uint64_t i = 0; i < n; i++) {
            struct lm_document d = lm_tokens_document(tokens, split, i);
            lm_buf_put_u64(&entries, d.first);
            lm_buf_put_u32(&entries, d.tokens);
            lm_buf_put_u32(&entries, d.bytes);
            lm_buf_put_u64(&entries, d.id);
        }
        lm_sha256_bytes(&index, entries.data, entries.size);
        lm_digest_hex(hex, &stream);
        lm_digest_hex(index_hex, &index);
        lm_buf_printf(out, "%s %llu tokens %s %llu documents %s\n", lm_split_names[s],
                      (unsigned long long)count, hex, (unsigned long long)n, index_hex);
        lm_buf_release(&entries);
        free(ids);
    }
    lm_digest_hex(hex, digest);
    lm_buf_printf(out, "digest %s\n", hex);
}

static void test_other_reader(struct tap *tap)
{
    static const struct sample samples[] = {
        {300, {4, 0, 1}, 10}, {4096, {300, 40, 20}, 900}, {70000, {200, 1, 40}, 900}};
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct lm_buf want;
        struct lm_digest digest;
        struct lm_tokens *tokens = NULL;
        static char got[4096];
        lm_buf_init(&want, 0);
        REQUIRE(sample_write(path, &samples[i], &digest, NULL) == LM_OK);
        FILE *reader = popen("/usr/bin/python3 '" LM_TEST_DATA
                             "/../oracle/read_tokens.py' test_tokens_page.tmp.mdb",
                             "r");
        REQUIRE(reader != NULL);
        got[fread(got, 1, sizeof got - 1, reader)] = '\0';
        int code = pclose(reader);
        if (WIFEXITED(code) && (WEXITSTATUS(code) == 3 || WEXITSTATUS(code) == 127)) {
            unlink(path);
            SKIP("python3 or python3-lmdb is not installed");
        }
        CHECK_INT(code, 0);
        REQUIRE(lm_tokens_open(&tokens, path, NULL) == LM_OK);
        describe(&want, tokens, &digest);
        CHECK_STR(got, want.data);
        lm_tokens_close(tokens);
        lm_buf_release(&want);
        unlink(path);
    }
}

static const struct tap_test tests[] = {TAP_ROW(test_example) TAP_ROW(test_other_reader)};
LM_TEST_FILE(tests)
