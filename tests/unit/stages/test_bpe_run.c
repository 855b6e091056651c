/* The stage type bpe through a context. */
#include <stdlib.h>
#include <unistd.h>

#include <lmpipe/hash.h>
#include <lmpipe/rng.h>
#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>

#include "base/io.h"
#include "ctx.h"
#include "data/jsonl.h"
#include "param/param_rows.h"
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
    size_t threads;
    long cancel_after;
    bool has_no_text;
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
    *f = (struct fixture){.cancel_after = -1, .threads = 1, .events = tmpfile()};
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
                               .input_count = !f->has_no_text,
                               .folder =
                                   lm_arena_printf(f->arena, "%s/run%u", f->folder, ++f->runs),
                               .checkpoints = f->folder,
                               .threads = f->threads};
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
    for (; i < LM_PATTERN_REGEX; i++) /* which is a parameter of its own */
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
    lm_vocab_free(vocab);
    fixture_close(&f);
}

/* Pieces are "the c", "the m" …, so a token ends with a space; the file carries the expression. */
static void a_regex_takes_the_place_of_the_pattern(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f);
    f.params.vocab_size = 262;
    f.params.regex = "the .|\\s";
    REQUIRE(fixture_run(&f) == LM_OK);
    struct lm_vocab *vocab = load(&f);
    REQUIRE(vocab != NULL);
    CHECK_INT(lm_vocab_pattern(vocab), LM_PATTERN_REGEX);
    CHECK_STR(lm_vocab_regex(vocab), "the .|\\s");
    bool has_token = false;
    for (int32_t id = 256; id < lm_vocab_size(vocab); id++) {
        size_t size;
        const uint8_t *bytes = lm_vocab_token(vocab, id, &size);
        has_token = has_token || (size == 4 && memcmp(bytes, "the ", 4) == 0);
    }
    CHECK(has_token);
    lm_vocab_free(vocab);
    f.params.regex = "(";
    CHECK_INT(fixture_run(&f), LM_INVALID);
    CHECK(strstr(f.err.text, "missing closing parenthesis at its byte 2; fix it") != NULL);
    f.params.pattern = "chars";
    CHECK_INT(fixture_run(&f), LM_INVALID);
    CHECK(strstr(f.err.text, "takes the place of pattern chars") != NULL);
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

/* What is left out for its length is told with its bound, not as too little text. */
static void long_pieces_are_told(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f);
    f.params.max_piece_bytes = 3;
    REQUIRE(fixture_run(&f) == LM_OK);
    char notes[4000] = "";
    rewind(f.events);
    notes[fread(notes, 1, sizeof notes - 1, f.events)] = '\0';
    CHECK(strstr(notes, "pieces of more than max_piece_bytes 3, ") != NULL);
    CHECK(strstr(notes, " % of the text, are not trained on; raise max_piece_bytes") != NULL);
    fixture_close(&f);
}

/* Bytes of the vocabulary of a run. */
static const char *learned(struct tap *tap, struct fixture *f)
{
    char *text = NULL;
    CHECK(fixture_run(f) == LM_OK);
    CHECK(lm_file_read(&text, NULL, f->arena, vocab_path(f), 1 << 20, NULL) == LM_OK);
    return text != NULL ? text : "";
}

/* One text in three shards, one of them compressed, teaches what it teaches in one. */
static void shards_are_one_text(struct tap *tap)
{
    static const char *const texts[] = {"the cat sat", "on the mat", "the cats", "sat on mats"};
    struct fixture f;
    fixture_open(&f);
    f.params.vocab_size = 270;
    write_shard(&f, "train.jsonl", texts, 4);
    const char *whole = learned(tap, &f);
    unlink(lm_path_join(f.arena, f.folder, "train.jsonl"));
    write_shard(&f, "train-00001-of-00003.jsonl", texts, 1);
    write_shard(&f, "train-00002-of-00003.jsonl", NULL, 0);
    write_shard(&f, "train-00003-of-00003.jsonl.zst", texts + 1, 3);
    CHECK_STR(learned(tap, &f), whole);
    fixture_close(&f);
}

/* What is drawn of a text is a matter of the documents alone, and about the share that was asked
 * for; rare pieces teach nothing. */
static void parts_of_a_text_are_learned_from(struct tap *tap)
{
    enum { MANY = 2000 };

    static const char *texts[MANY], *drawn[MANY];
    size_t count = 0;
    struct fixture f;
    fixture_open(&f);
    f.params.vocab_size = 300;
    for (size_t i = 0; i < MANY; i++) {
        struct lm_digest id;
        texts[i] = lm_arena_printf(f.arena, "%s %zu", i % 2 ? "ever and ever" : "rare", i * i);
        lm_sha256_bytes(&id, texts[i], strlen(texts[i]));
        if (lm_hash64(id.bytes, sizeof id.bytes, UINT64_C(0x73616D706C65)) < UINT64_MAX / 10)
            drawn[count++] = texts[i];
    }
    CHECK(count > MANY / 10 - 60 && count < MANY / 10 + 60);
    write_shard(&f, "train.jsonl", drawn, count);
    const char *want = learned(tap, &f);
    write_shard(&f, "train.jsonl", texts, MANY);
    f.params.sample = 0.1;
    CHECK_STR(learned(tap, &f), want);
    f.params.sample = 1;
    f.params.min_piece_frequency = MANY / 2;
    const char *few = learned(tap, &f);
    CHECK(strcmp(few, want) != 0);
    CHECK(lm_ctx_result_value(f.ctx, "tokens") < 300); /* four words, and their parts */
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
    /* Asked before text is counted and before the first merge. */
    for (f.cancel_after = 0; f.cancel_after < 2; f.cancel_after++)
        CHECK_INT(fixture_run(&f), LM_CANCELLED);
    fixture_close(&f);
}

/* Enough lines for several blocks and banks of them. */
static void write_many(struct fixture *f, const char *bad_line, size_t bad_at)
{
    struct lm_rng rng = lm_rng_stream(31, "lines");
    const char *path = lm_path_join(f->arena, f->folder, "train.jsonl");
    struct lm_jsonl_writer *writer = NULL;
    static char text[1 << 18];
    if (lm_jsonl_create(&writer, path, NULL) != LM_OK)
        abort();
    for (size_t k = 0; k < sizeof text; k++)
        text[k] = "etaoinshrdlu cm\n"[lm_rng_below(rng, 0, k, 16)];
    for (size_t i = 0; i < 24; i++) {
        if (i == 4 && lm_jsonl_put(writer, text, sizeof text, NULL) != LM_OK)
            abort();
        for (size_t at = i; at + 700 <= sizeof text; at += 700)
            if (lm_jsonl_put(writer, text + at, 700, NULL) != LM_OK)
                abort();
    }
    if (lm_jsonl_finish(writer, NULL) != LM_OK)
        abort();
    if (bad_line == NULL)
        return;
    FILE *file = fopen(path, "r+");
    if (file == NULL || fseek(file, (long)bad_at, SEEK_SET) != 0 ||
        fwrite(bad_line, 1, strlen(bad_line), file) == 0 || fclose(file) != 0)
        abort();
}

/* Threads and memory decide how it is counted, never what comes out. */
static void threads_and_memory_do_not_matter(struct tap *tap)
{
    static const size_t threads[] = {1, 2, 7, 2};
    struct fixture f;
    char *text[4];
    size_t sizes[4];
    fixture_open(&f);
    write_many(&f, NULL, 0);
    f.params.vocab_size = 1000;
    for (size_t i = 0; i < 4; i++) {
        f.threads = threads[i];
        f.params.count_memory = i == 3 ? 300 << 10 : 1 << 30;
        REQUIRE(fixture_run(&f) == LM_OK);
        REQUIRE(lm_file_read(&text[i], &sizes[i], f.arena, vocab_path(&f), 1 << 20, NULL) == LM_OK);
        CHECK(sizes[i] == sizes[0] && memcmp(text[i], text[0], sizes[0]) == 0);
    }
    fixture_close(&f);
}

/* Two lines are damaged: the first one is told, whoever meets the second one. */
static void the_first_failure_is_told(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f);
    write_many(&f, "\x01", 300000);
    const char *path = lm_path_join(f.arena, f.folder, "train.jsonl");
    REQUIRE(truncate(path, 5000000) == 0);
    char first[sizeof f.err.text] = "";
    for (f.threads = 1; f.threads <= 7; f.threads += 3) {
        CHECK_INT(fixture_run(&f), LM_FORMAT);
        if (f.threads == 1)
            memcpy(first, f.err.text, sizeof first);
        CHECK_STR(f.err.text, first);
    }
    CHECK(strstr(first, "control character") != NULL);
    write_many(&f, NULL, 0);
    REQUIRE(truncate(path, 5000000) == 0);
    CHECK_INT(fixture_run(&f), LM_FORMAT);
    CHECK(strstr(f.err.text, "the last line has no newline") != NULL);
    fixture_close(&f);
}

/* ---- import ---- */

#define SMALL LM_TEST_DATA "/tokenizers/"

static void imports_instead_of_learning(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f);
    f.has_no_text = true;
    f.params.import.path = SMALL "pairs.json";
    REQUIRE(fixture_run(&f) == LM_OK);
    struct lm_vocab *vocab = load(&f);
    REQUIRE(vocab != NULL);
    CHECK_INT(lm_vocab_size(vocab), 276);
    CHECK(lm_ctx_result_value(f.ctx, "tokens") == 276);
    lm_vocab_free(vocab);
    fixture_close(&f);
}

static void imports_are_pinned(struct tap *tap)
{
    struct fixture f;
    struct lm_digest digest;
    char hex[LM_DIGEST_HEX];
    fixture_open(&f);
    f.has_no_text = true;
    REQUIRE(lm_sha256_file(&digest, NULL, SMALL "ranks.tiktoken", NULL) == LM_OK);
    lm_digest_hex(hex, &digest);
    for (size_t i = 0; hex[i] != '\0'; i++)
        hex[i] = (char)(hex[i] >= 'a' ? hex[i] - 'a' + 'A' : hex[i]);
    f.params.import = (struct bpe_import){SMALL "ranks.tiktoken", hex, "cl100k"};
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK(f.params.import.sha256[0] != '\0' && strpbrk(f.params.import.sha256, "ABCDEF") == NULL);
    f.params.import = (struct bpe_import){SMALL "pairs.json", hex, BPE_PATTERN_OF_FILE};
    CHECK_INT(fixture_run(&f), LM_MISMATCH);
    f.params.import = (struct bpe_import){SMALL "pair/merges.txt", "", BPE_PATTERN_OF_FILE};
    CHECK_INT(fixture_run(&f), LM_INVALID);
    CHECK(strstr(f.err.text, "name the folder that holds both") != NULL);
    f.params.import.path = SMALL "pair";
    CHECK_INT(fixture_run(&f), LM_OK);
    fixture_close(&f);
}

static void import_parameters_are_checked(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f);
    f.has_no_text = true;
    check_refused(tap, &f, "no text to train on");
    f.params.import.sha256 = "00";
    check_refused(tap, &f, "import.path: is missing");
    f.params.import.path = SMALL "pairs.json";
    check_refused(tap, &f, "import.sha256: must be 64 hex digits");
    f.params.import.sha256 = "";
    f.params.vocab_size = 300;
    check_refused(tap, &f, "vocab_size: has no effect");
    f.params.vocab_size = BPE_VOCAB_SIZE;
    f.params.pattern = "bytes";
    check_refused(tap, &f, "pattern: has no effect");
    f.params.pattern = "gpt2";
    f.params.import.pattern = "o200k";
    check_refused(tap, &f, "leave the pattern out");
    fixture_close(&f);
}

static bool has_none(const void *user, const char *port)
{
    (void)user, (void)port;
    return false;
}

static bool has_text(const void *user, const char *port)
{
    (void)user;
    return strcmp(port, "text") == 0;
}

static void text_may_be_missing_only_with_an_import(struct tap *tap)
{
    struct bpe_params params;
    struct lm_err err;
    lm_params_defaults(&params, lm_stage_bpe.params);
    CHECK_INT(lm_stage_bpe.check_ports(&params, has_text, NULL, &err), LM_OK);
    CHECK_INT(lm_stage_bpe.check_ports(&params, has_none, NULL, &err), LM_INVALID);
    CHECK(strncmp(err.text, "text: required", 14) == 0);
    params.import.path = SMALL "pairs.json";
    CHECK_INT(lm_stage_bpe.check_ports(&params, has_none, NULL, &err), LM_OK);
}

static const struct tap_test tests[] = {
    TAP_ROW(patterns_equal_the_table) TAP_ROW(learns_from_train_only)
        TAP_ROW(a_regex_takes_the_place_of_the_pattern) TAP_ROW(golden)
            TAP_ROW(stops_when_the_text_is_used_up) TAP_ROW(long_pieces_are_told)
                TAP_ROW(specials_come_last) TAP_ROW(shards_are_one_text)
                    TAP_ROW(parts_of_a_text_are_learned_from) TAP_ROW(parameters_are_checked)
                        TAP_ROW(empty_and_damaged_text) TAP_ROW(cancels)
                            TAP_ROW(threads_and_memory_do_not_matter)
                                TAP_ROW(the_first_failure_is_told)
                                    TAP_ROW(imports_instead_of_learning) TAP_ROW(imports_are_pinned)
                                        TAP_ROW(import_parameters_are_checked)
                                            TAP_ROW(text_may_be_missing_only_with_an_import)};

LM_TEST_FILE(tests)
