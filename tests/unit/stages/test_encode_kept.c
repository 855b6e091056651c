/* An encoding that was stopped has the tokens, the card and the metrics of one that was not, and
 * what is encoded is not encoded again. */
#include <sys/stat.h>
#include <unistd.h>

#include <lmpipe/rng.h>
#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>
#include <lmpipe/tokens.h>

#include "base/io.h"
#include "ctx.h"
#include "data/jsonl.h"
#include "tests/tap.h"

extern const struct lm_stage lm_stage_encode;
extern lm_run_fn lm_run_encode;

struct fixture {
    struct lm_arena *arena;
    char folder[64];
    uint64_t interrupt_at, bytes;
    size_t threads;
    char notes[10000];
    double tokens;
    struct lm_digest digest;
};

enum { USUAL = 6000, LONG = 700000 /* some: room that is kept makes later blocks longer */ };

/* Batches are of 4 MiB: some of train, one each of the others. */
static const size_t documents[LM_SPLITS] = {1300, 200, 100};

static size_t make_document(char text[LONG + 64], size_t split, uint64_t i)
{
    struct lm_rng rng = lm_rng_stream(split, "words");
    size_t size = 0, goal = (size_t)lm_rng_below(rng, i, 0, i % 400 == 3 ? LONG : USUAL);
    for (uint64_t k = 1; size < goal; k++)
        size += (size_t)snprintf(text + size, 60, k % 40 == 0 ? "\n" : "w%u \xC3\xA9",
                                 (unsigned)lm_rng_below(rng, i, k, 300));
    return size;
}

static void write_split(struct fixture *f, size_t split, size_t of)
{
    static char text[LONG + 64];
    struct lm_jsonl_writer *writer = NULL;
    struct stat info;
    const char *path =
        lm_arena_printf(f->arena, "%s/text/%s.jsonl", f->folder, lm_split_names[split]);
    if (lm_jsonl_create(&writer, path, NULL) != LM_OK)
        abort();
    for (uint64_t i = 0; i < documents[split] / of; i++)
        if (lm_jsonl_put(writer, text, make_document(text, split, i), NULL) != LM_OK)
            abort();
    if (lm_jsonl_finish(writer, NULL) != LM_OK || stat(path, &info) != 0)
        abort();
    f->bytes += (uint64_t)info.st_size;
}

static void write_vocab(struct fixture *f)
{
    static const char *const specials[] = {"<|endoftext|>"};
    static const char text[] = "w1 w2 w3 w10 w11 w22 w23 \xC3\xA9 w1\xC3\xA9";
    const struct lm_bpe_options options = {.vocab_size = 265,
                                           .pattern = LM_PATTERN_GPT2,
                                           .min_frequency = 1,
                                           .specials = specials,
                                           .special_count = 1};
    struct lm_bpe_trainer *trainer = NULL;
    struct lm_vocab *vocab = NULL;
    if (lm_bpe_trainer_create(&trainer, &options, NULL) != LM_OK ||
        lm_bpe_trainer_add(trainer, 0, (const uint8_t *)text, sizeof text - 1, NULL) != LM_OK ||
        lm_bpe_trainer_learn(&vocab, trainer, NULL, NULL, NULL) != LM_OK ||
        lm_vocab_save(vocab, lm_path_join(f->arena, f->folder, "vocab"), NULL) != LM_OK)
        abort();
    lm_vocab_free(vocab);
    lm_bpe_trainer_free(trainer);
}

/* One document in `of`. */
static void fixture_open(struct fixture *f, size_t of)
{
    *f = (struct fixture){.threads = 1};
    snprintf(f->folder, sizeof f->folder, "/tmp/lmpipe-test-XXXXXX");
    f->arena = lm_arena_create();
    if (f->arena == NULL || mkdtemp(f->folder) == NULL ||
        lm_dir_create(lm_path_join(f->arena, f->folder, "text"), NULL) != LM_OK)
        abort();
    for (size_t split = 0; split < LM_SPLITS; split++)
        write_split(f, split, of);
    write_vocab(f);
}

static void fixture_close(struct fixture *f)
{
    lm_dir_remove(f->folder, NULL);
    lm_arena_free(f->arena);
}

static enum lm_status run(struct fixture *f, struct lm_err *err)
{
    struct lm_ctx *ctx = NULL;
    FILE *events = tmpfile();
    const char *data = lm_path_join(f->arena, f->folder, "run/out/tokens/data.mdb");
    const struct lm_job_input inputs[] = {
        {"text", "text", lm_path_join(f->arena, f->folder, "text")},
        {"vocab", "vocab", lm_path_join(f->arena, f->folder, "vocab")}};
    const struct lm_job job = {.stage = &lm_stage_encode,
                               .inputs = inputs,
                               .input_count = 2,
                               .folder = lm_path_join(f->arena, f->folder, "run"),
                               .checkpoints = lm_path_join(f->arena, f->folder, "key"),
                               .interrupt_at = f->interrupt_at,
                               .threads = f->threads};
    unlink(data);
    LM_TRY(lm_ctx_create(&ctx, &job, events, -1, err));
    enum lm_status status = lm_run_encode(ctx, NULL, err);
    f->tokens = lm_ctx_result_value(ctx, "train.tokens") + lm_ctx_result_value(ctx, "valid.bytes");
    lm_ctx_free(ctx);
    rewind(events);
    f->notes[fread(f->notes, 1, sizeof f->notes - 1, events)] = '\0';
    fclose(events);
    return status == LM_OK ? lm_tokens_digest(&f->digest, data, err) : status;
}

/* Documents that were encoded before. */
static long taken(const struct fixture *f)
{
    const char *end = strstr(f->notes, " documents were encoded before");
    while (end != NULL && end > f->notes && end[-1] >= '0' && end[-1] <= '9')
        end--;
    return end != NULL ? strtol(end, NULL, 10) : 0;
}

static const char *card(struct fixture *f)
{
    char *text = NULL;
    const char *path = lm_path_join(f->arena, f->folder, "run/out/card");
    return lm_file_read(&text, NULL, f->arena, path, 1 << 20, NULL) == LM_OK ? text : "";
}

static void stopped_is_as_if_never(struct tap *tap)
{
    struct fixture f;
    struct lm_err err = {LM_OK, ""};
    fixture_open(&f, 1);
    REQUIRE(run(&f, &err) == LM_OK);
    CHECK(!lm_path_exists(lm_path_join(f.arena, f.folder, "key"))); /* small: nothing is kept */
    const struct lm_digest digest = f.digest;
    const char *want = card(&f);
    const double tokens = f.tokens;
    long before = 0;
    CHECK(strlen(want) > 1000);
    for (uint64_t i = 0; i <= 2; i++) {
        f.interrupt_at = i > 0 ? f.bytes * i / 2 : 1;
        f.threads = 1 + (size_t)i % 3;
        CHECK_INT(run(&f, &err), LM_CANCELLED);
        CHECK(taken(&f) >= before);
        before = taken(&f);
    }
    CHECK(before > 0);
    f.interrupt_at = 0;
    CHECK_INT(run(&f, &err), LM_OK);
    CHECK(taken(&f) >= (long)(documents[0] + documents[1])); /* all but the last batch */
    CHECK_INT(lm_digest_compare(&f.digest, &digest), 0);
    CHECK_STR(card(&f), want);
    CHECK(f.tokens == tokens);
    fixture_close(&f);
}

static void damage_is_a_miss(struct tap *tap)
{
    struct fixture f;
    struct lm_err err = {LM_OK, ""};
    fixture_open(&f, 20);
    REQUIRE(run(&f, &err) == LM_OK);
    const struct lm_digest digest = f.digest;
    const char *want = card(&f);
    for (int kind = 0; kind < 3; kind++) {
        lm_dir_remove(lm_path_join(f.arena, f.folder, "key"), NULL);
        f.interrupt_at = f.bytes;
        REQUIRE(run(&f, &err) == LM_CANCELLED);
        const char *path = lm_path_join(f.arena, f.folder, "key/keep/work-key");
        FILE *file = fopen(path, "r+b");
        REQUIRE(file != NULL && fseek(file, 5000, SEEK_SET) == 0 && fputc(77, file) != EOF);
        fclose(file);
        CHECK(kind != 1 || truncate(path, 4000) == 0);
        CHECK(kind != 2 || unlink(path) == 0);
        f.interrupt_at = 0;
        CHECK_INT(run(&f, &err), LM_OK);
        CHECK_INT(taken(&f), 0);
        CHECK(strstr(f.notes, "starting anew") != NULL);
        CHECK_INT(lm_digest_compare(&f.digest, &digest), 0);
        CHECK_STR(card(&f), want);
    }
    fixture_close(&f);
}

static const struct tap_test tests[] = {TAP_ROW(stopped_is_as_if_never) TAP_ROW(damage_is_a_miss)};

LM_TEST_FILE(tests)
