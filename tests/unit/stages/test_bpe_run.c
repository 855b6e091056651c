/* The stage type bpe through a context. */
#include <stdlib.h>
#include <unistd.h>

#include <lmpipe/hash.h>
#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>

#include "base/io.h"
#include "ctx.h"
#include "data/jsonl.h"
#include "param_rows.h"
#include "stages/bpe/bpe_params.h"
#include "tests/tap.h"

extern const struct lm_stage lm_stage_bpe;
extern lm_run_fn lm_run_bpe;

struct fixture {
    struct lm_arena *arena;
    char folder[64];
    struct bpe_params params;
    struct lm_ctx *ctx;
    struct lm_err err;
    FILE *events;
    unsigned runs;
    long cancel_after;
};

static void write_shard(struct fixture *f, const char *name, const char *const *texts, size_t count)
{
    struct lm_jsonl_writer *writer = NULL;
    if (lm_jsonl_create(&writer, lm_path_join(f->arena, f->folder, name), NULL) != LM_OK)
        abort();
    for (size_t i = 0; i < count; i++)
        if (lm_jsonl_put(writer, texts[i], strlen(texts[i]), NULL) != LM_OK)
            abort();
    if (lm_jsonl_finish(writer, NULL) != LM_OK)
        abort();
}

static void fixture_open(struct fixture *f)
{
    static const char *const train[] = {"the cat sat on the mat", "the cats sat on the mats",
                                        "a cat, a mat, the hat \xE4\xB8\xAD\xE6\x96\x87"};
    static const char *const valid[] = {"zzzz zzzz zzzz zzzz zzzz zzzz zzzz zzzz"};
    *f = (struct fixture){.cancel_after = -1, .events = tmpfile()};
    snprintf(f->folder, sizeof f->folder, "/tmp/lmpipe-test-XXXXXX");
    f->arena = lm_arena_create();
    if (f->arena == NULL || f->events == NULL || mkdtemp(f->folder) == NULL)
        abort();
    lm_params_defaults(&f->params, lm_stage_bpe.params);
    write_shard(f, "train.jsonl", train, 3);
    write_shard(f, "valid.jsonl", valid, 1);
    write_shard(f, "test.jsonl", NULL, 0);
}

static void fixture_close(struct fixture *f)
{
    lm_ctx_free(f->ctx);
    fclose(f->events);
    lm_dir_remove(f->folder, NULL);
    lm_arena_free(f->arena);
}

static enum lm_status fixture_run(struct fixture *f)
{
    lm_ctx_free(f->ctx);
    f->ctx = NULL;
    f->err = (struct lm_err){LM_OK, ""};
    LM_TRY(lm_stage_bpe.resolve(&f->params, f->arena, &f->err));
    const struct lm_job_input input = {"text", "text", f->folder};
    const struct lm_job job = {.stage = &lm_stage_bpe,
                               .params = &f->params,
                               .inputs = &input,
                               .input_count = 1,
                               .folder =
                                   lm_arena_printf(f->arena, "%s/run%u", f->folder, ++f->runs),
                               .checkpoints = f->folder,
                               .threads = 1};
    LM_TRY(lm_ctx_create(&f->ctx, &job, f->events, -1, &f->err));
    if (f->cancel_after >= 0)
        lm_ctx_cancel_after(f->ctx, f->cancel_after);
    return lm_run_bpe(f->ctx, &f->params, &f->err);
}

static const char *vocab_path(struct fixture *f)
{
    return lm_arena_printf(f->arena, "%s/run%u/out/vocab", f->folder, f->runs);
}

static struct lm_vocab *load(struct fixture *f)
{
    struct lm_vocab *vocab = NULL;
    lm_vocab_load(&vocab, vocab_path(f), &f->err);
    return vocab;
}

static void patterns_equal_the_table(struct tap *tap)
{
    const struct lm_param *pattern = lm_stage_bpe.params;
    while (strcmp(pattern->name, "pattern") != 0)
        pattern++;
    size_t i = 0;
    for (; lm_pattern_names[i] != NULL; i++)
        CHECK_STR(pattern->choices[i], lm_pattern_names[i]);
    CHECK(pattern->choices[i] == NULL);
}

static void learns_from_train_only(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f);
    f.params.vocab_size = 265;
    REQUIRE(fixture_run(&f) == LM_OK);
    struct lm_vocab *vocab = load(&f);
    REQUIRE(vocab != NULL);
    CHECK_INT(lm_vocab_size(vocab), 265);
    CHECK_INT(lm_vocab_end_of_text(vocab), 264);
    for (int32_t id = 256; id < 264; id++) {
        size_t size;
        const uint8_t *bytes = lm_vocab_token(vocab, id, &size);
        CHECK(memchr(bytes, 'z', size) == NULL);
    }
    CHECK(lm_ctx_result_value(f.ctx, "tokens") == 265);
    CHECK(lm_ctx_result_value(f.ctx, "merges") == 8);
    CHECK(lm_ctx_result_value(f.ctx, "train.bytes_per_token") > 1);
    lm_vocab_free(vocab);
    fixture_close(&f);
}

/* The bytes of the vocabulary are part of the promise: when this fails, raise the stage's version.
 */
static void golden(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f);
    f.params.vocab_size = 265;
    REQUIRE(fixture_run(&f) == LM_OK);
    char *text;
    size_t size;
    REQUIRE(lm_file_read(&text, &size, f.arena, vocab_path(&f), 1 << 20, NULL) == LM_OK);
    static const char want[] = "lmpipe-vocab 1\npattern gpt2\nunicode 15.0.0\nbyte_order raw\n"
                               "merging pairs\nmerges 8\nspecials 1\nend_of_text 264\n"
                               "a t\nh e\nt he\n\xC4\xA0 c\n\xC4\xA0 m\n\xC4\xA0 the\n"
                               "\xC4\xA0\x63 at\n\xC4\xA0m at\n<|endoftext|>\ncheck ";
    CHECK(size == sizeof want - 1 + 17 && memcmp(text, want, sizeof want - 1) == 0);
    if (tap->failed)
        printf("%s", text);
    fixture_close(&f);
}

static void stops_when_the_text_is_used_up(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f);
    f.params.vocab_size = 5000;
    REQUIRE(fixture_run(&f) == LM_OK);
    struct lm_vocab *vocab = load(&f);
    REQUIRE(vocab != NULL);
    CHECK(lm_vocab_size(vocab) > 257 && lm_vocab_size(vocab) < 320);
    lm_vocab_free(vocab);
    char notes[4000] = "";
    rewind(f.events);
    notes[fread(notes, 1, sizeof notes - 1, f.events)] = '\0';
    CHECK(strstr(notes, "fewer than vocab_size 5000") != NULL);
    fixture_close(&f);
}

static void specials_come_last(struct tap *tap)
{
    static const char *names[] = {"<|user|>", "<|system|>"};
    struct fixture f;
    fixture_open(&f);
    f.params.specials = (struct lm_list){names, 2};
    f.params.vocab_size = 259;
    REQUIRE(fixture_run(&f) == LM_OK);
    struct lm_vocab *vocab = load(&f);
    REQUIRE(vocab != NULL);
    size_t size;
    CHECK(memcmp(lm_vocab_token(vocab, 256, &size), "<|user|>", 8) == 0 && size == 8);
    CHECK(memcmp(lm_vocab_token(vocab, 257, &size), "<|system|>", 10) == 0 && size == 10);
    CHECK(memcmp(lm_vocab_token(vocab, 258, &size), "<|endoftext|>", 13) == 0 && size == 13);
    CHECK_INT(lm_vocab_end_of_text(vocab), 258);
    lm_vocab_free(vocab);
    fixture_close(&f);
}

static void check_refused(struct tap *tap, struct fixture *f, const char *words)
{
    enum lm_status status = fixture_run(f);
    CHECK(status == LM_RANGE || status == LM_INVALID);
    CHECK(strstr(f->err.text, words) != NULL);
    if (tap->failed)
        printf("# %s\n", f->err.text);
}

static void parameters_are_checked(struct tap *tap)
{
    static const char *names[] = {"<|user|>", "<|user|>"};
    struct fixture f;
    fixture_open(&f);
    f.params.vocab_size = 256;
    check_refused(tap, &f, "vocab_size: 256 is too small for the 256 bytes and 1 special token;");
    CHECK(strstr(f.err.text, "at least 257") != NULL);
    f.params.vocab_size = 1000;
    f.params.specials = (struct lm_list){names, 2};
    check_refused(tap, &f, "specials: items 1 and 2 are equal");
    names[1] = "<|endoftext|>";
    check_refused(tap, &f, "specials: <|endoftext|> is always there");
    names[1] = "";
    check_refused(tap, &f, "specials: a name must have");
    fixture_close(&f);
}

static void empty_and_damaged_text(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f);
    const char *path = lm_path_join(f.arena, f.folder, "train.jsonl");
    REQUIRE(lm_file_write(path, "", 0, NULL) == LM_OK);
    CHECK_INT(fixture_run(&f), LM_INVALID);
    CHECK(strstr(f.err.text, "no documents") != NULL);
    REQUIRE(lm_file_write(path, "{\"id\":1}\n", 9, NULL) == LM_OK);
    CHECK_INT(fixture_run(&f), LM_FORMAT);
    fixture_close(&f);
}

static void cancels(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f);
    for (f.cancel_after = 0; f.cancel_after < 5; f.cancel_after++)
        CHECK_INT(fixture_run(&f), LM_CANCELLED);
    fixture_close(&f);
}

static const struct tap_test tests[] = {
    TAP_ROW(patterns_equal_the_table) TAP_ROW(learns_from_train_only) TAP_ROW(golden)
        TAP_ROW(stops_when_the_text_is_used_up) TAP_ROW(specials_come_last)
            TAP_ROW(parameters_are_checked) TAP_ROW(empty_and_damaged_text) TAP_ROW(cancels)};

LM_TEST_MAIN(tests)
