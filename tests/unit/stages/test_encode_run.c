#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <lmpipe/rng.h>
#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>
#include <lmpipe/tokens.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/utf8.h"
#include "ctx.h"
#include "data/jsonl.h"
#include "tap.h"

#define TOP "test_encode_run.tmp"

extern const struct lm_stage lm_stage_encode;
extern lm_run_fn lm_run_encode;

enum { LONGEST = 200000 };

static const size_t documents[LM_SPLITS] = {400, 40, 0};

/* Random scalar values, ASCII more often: document i of a split, at most LONGEST bytes. */
static size_t make_document(uint8_t *text, size_t split, size_t i)
{
    struct lm_rng rng = lm_rng_stream(split, "documents");
    size_t goal = i % 13 == 5 ? 0 : (size_t)lm_rng_below(rng, i, 0, i == 7 ? 150000 : 3000);
    size_t size = 0;
    for (uint64_t k = 1; size < goal; k++) {
        uint32_t bound = lm_rng_below(rng, i, 2 * k, 4) == 0 ? 0x110000 : 0x80;
        size += lm_utf8_encode(text + size, (uint32_t)lm_rng_below(rng, i, 2 * k + 1, bound));
    }
    return size;
}

static bool write_text(void)
{
    static uint8_t text[LONGEST];
    bool is_done = lm_dir_create(TOP "/text", NULL) == LM_OK;
    for (size_t split = 0; split < LM_SPLITS && is_done; split++) {
        struct lm_jsonl_writer *writer = NULL;
        char path[100];
        snprintf(path, sizeof path, TOP "/text/%s.jsonl", lm_split_names[split]);
        is_done = lm_jsonl_create(&writer, path, NULL) == LM_OK;
        for (size_t i = 0; i < documents[split] && is_done; i++)
            is_done = lm_jsonl_put(writer, text, make_document(text, split, i), NULL) == LM_OK;
        is_done = is_done && lm_jsonl_finish(writer, NULL) == LM_OK;
    }
    return is_done;
}

struct source {
    uint8_t text[LONGEST];
    size_t next, count;
};

static bool next_document(void *user, const uint8_t **text, size_t *size)
{
    struct source *source = user;
    if (source->next == source->count)
        return false;
    *size = make_document(source->text, LM_TRAIN, source->next++);
    *text = source->text;
    return true;
}

static bool write_vocab(int64_t size)
{
    static const char *const specials[] = {"<|endoftext|>"};
    static struct source source;
    struct lm_bpe_options options = {.vocab_size = size,
                                     .pattern = LM_PATTERN_GPT2,
                                     .min_frequency = 1,
                                     .specials = specials,
                                     .special_count = 1};
    struct lm_vocab *vocab = NULL;
    source.next = 0;
    source.count = documents[LM_TRAIN];
    bool is_done =
        lm_bpe_train(&vocab, &options, next_document, &source, NULL, NULL, NULL) == LM_OK &&
        lm_vocab_size(vocab) == size && lm_vocab_save(vocab, TOP "/vocab", NULL) == LM_OK;
    lm_vocab_free(vocab);
    return is_done;
}

static bool start(int64_t vocab_size)
{
    return lm_dir_remove(TOP, NULL) == LM_OK && write_text() && write_vocab(vocab_size);
}

/* Runs the stage into <folder>/out/tokens; *tokens is the result "train.tokens". */
static enum lm_status run(const char *folder, size_t threads, long cancel_after, double *tokens,
                          struct lm_err *err)
{
    const struct lm_job_input inputs[] = {{"text", "text", TOP "/text"},
                                          {"vocab", "vocab", TOP "/vocab"}};
    struct lm_job job = {.stage = &lm_stage_encode,
                         .inputs = inputs,
                         .input_count = 2,
                         .folder = folder,
                         .threads = threads};
    struct lm_ctx *ctx = NULL;
    LM_TRY(lm_ctx_create(&ctx, &job, NULL, -1, err));
    if (cancel_after >= 0)
        lm_ctx_cancel_after(ctx, cancel_after);
    enum lm_status status = lm_run_encode(ctx, NULL, err);
    *tokens = lm_ctx_result_value(ctx, "train.tokens");
    lm_ctx_free(ctx);
    return status;
}

static void check_split(struct tap *tap, struct lm_tokens *tokens, const struct lm_vocab *vocab,
                        enum lm_split split)
{
    static uint8_t want[LONGEST], got[LONGEST];
    static int32_t ids[LONGEST + 1];
    struct lm_err err = {0};
    CHECK_INT(lm_tokens_documents(tokens, split), documents[split]);
    REQUIRE(lm_tokens_check_documents(tokens, split, &err) == LM_OK);
    for (size_t i = 0; i < documents[split]; i++) {
        struct lm_document d = lm_tokens_document(tokens, split, i);
        size_t size = make_document(want, (size_t)split, i), decoded = 0;
        struct lm_digest digest;
        lm_sha256_bytes(&digest, want, size);
        REQUIRE(d.tokens >= 1 && d.tokens <= LONGEST + 1);
        REQUIRE(lm_tokens_read(tokens, split, d.first, d.tokens, ids, &err) == LM_OK);
        CHECK_INT(ids[d.tokens - 1], lm_vocab_end_of_text(vocab));
        lm_decode(vocab, ids, d.tokens - 1, false, got, sizeof got, &decoded);
        CHECK(decoded == size && d.bytes == size && memcmp(got, want, size) == 0);
        uint64_t id = 0;
        for (size_t k = 0; k < 8; k++)
            id = id << 8 | digest.bytes[k];
        CHECK(d.id == id);
    }
}

static void check_round_trip(struct tap *tap, const char *data)
{
    struct lm_err err = {0};
    struct lm_tokens *tokens = NULL;
    struct lm_vocab *vocab = NULL;
    CHECK(lm_vocab_load(&vocab, TOP "/vocab", &err) == LM_OK);
    CHECK(lm_tokens_open(&tokens, data, &err) == LM_OK);
    if (vocab != NULL && tokens != NULL) {
        CHECK_INT(lm_tokens_vocab(tokens), lm_vocab_size(vocab));
        CHECK_INT(lm_tokens_end_of_text(tokens), lm_vocab_end_of_text(vocab));
        for (int split = 0; split < LM_SPLITS; split++)
            check_split(tap, tokens, vocab, (enum lm_split)split);
    }
    lm_tokens_close(tokens);
    lm_vocab_free(vocab);
}

/* Every byte comes back, and no number of threads shows in the result. */
static void test_round_trip_and_threads(struct tap *tap)
{
    static const size_t threads[] = {1, 2, 7};
    struct lm_digest digests[3], copy, vocab;
    struct lm_err err = {0};
    REQUIRE(start(700));
    for (size_t i = 0; i < 3; i++) {
        char folder[100], data[140];
        double train_tokens = 0;
        snprintf(folder, sizeof folder, TOP "/run%zu", threads[i]);
        snprintf(data, sizeof data, "%s/out/tokens/data.mdb", folder);
        if (run(folder, threads[i], -1, &train_tokens, &err) != LM_OK)
            printf("# %s\n", err.text);
        REQUIRE(lm_tokens_digest(&digests[i], data, &err) == LM_OK);
        CHECK_INT(lm_digest_compare(&digests[0], &digests[i]), 0);
        if (i == 1)
            check_round_trip(tap, data);
        struct lm_tokens *tokens = NULL;
        CHECK(lm_tokens_open(&tokens, data, &err) == LM_OK);
        CHECK(train_tokens == (double)lm_tokens_count(tokens, LM_TRAIN));
        lm_tokens_close(tokens);
    }
    CHECK(lm_sha256_file(&copy, NULL, TOP "/run7/out/tokens/vocab", &err) == LM_OK);
    CHECK(lm_sha256_file(&vocab, NULL, TOP "/vocab", &err) == LM_OK);
    CHECK_INT(lm_digest_compare(&copy, &vocab), 0);
    lm_dir_remove(TOP, NULL);
}

static size_t size_of(const char *path)
{
    struct stat info = {0};
    return stat(path, &info) == 0 ? (size_t)info.st_size : 0;
}

/* Up to 65,536 ids two bytes each, one id more and all take four. */
static void test_width(struct tap *tap)
{
    static const char data[] = TOP "/run/out/tokens/data.mdb";

    static const struct {
        int64_t vocab;
        double least, most;
    } rows[] = {{300, 2.0, 2.6}, {65537, 4.0, 5.2}}; /* the borders between: test_tokens_writer */

    for (size_t i = 0; i < 2; i++) {
        struct lm_err err = {0};
        double tokens = 0;
        REQUIRE(start(rows[i].vocab));
        CHECK(run(TOP "/run", 3, -1, &tokens, &err) == LM_OK);
        check_round_trip(tap, data);
        printf("# %zu bytes for %.0f train tokens\n", size_of(data), tokens);
        CHECK((double)size_of(data) > rows[i].least * tokens);
        CHECK((double)size_of(data) < rows[i].most * tokens);
    }
    lm_dir_remove(TOP, NULL);
}

static void test_failures(struct tap *tap)
{
    struct lm_err err = {0};
    double ignored;
    REQUIRE(start(300));
    CHECK_INT(run(TOP "/cancelled", 2, 0, &ignored, &err), LM_CANCELLED);
    CHECK(lm_file_write(TOP "/text/valid.jsonl", "{}\n", 3, NULL) == LM_OK);
    CHECK_INT(run(TOP "/bad", 2, -1, &ignored, &err), LM_FORMAT);
    CHECK(strstr(err.text, "valid.jsonl:1:1: ") != NULL);
    CHECK(lm_dir_remove(TOP "/text/train.jsonl", NULL) == LM_OK);
    CHECK_INT(run(TOP "/missing", 2, -1, &ignored, &err), LM_NOT_FOUND);
    CHECK(lm_file_write(TOP "/vocab", "no vocabulary", 13, NULL) == LM_OK);
    CHECK_INT(run(TOP "/novocab", 2, -1, &ignored, &err), LM_FORMAT);
    lm_dir_remove(TOP, NULL);
}

static const struct tap_test tests[] = {TAP_ROW(test_round_trip_and_threads) TAP_ROW(test_width)
                                            TAP_ROW(test_failures)};
LM_TEST_FILE(tests)
