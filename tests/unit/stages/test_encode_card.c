/* The tokenizer card, by texts whose figures can be told by hand: vocabularies of bytes alone,
 * where every byte is a token, and one with the merge "ab". */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include <lmpipe/hash.h>
#include <lmpipe/rng.h>
#include <lmpipe/stage.h>

#include "base/io.h"
#include "base/json.h"
#include "ctx.h"
#include "data/jsonl.h"
#include "param/param_rows.h"
#include "stages/bpe/bpe_params.h"
#include "stages/encode/encode_card.h"
#include "stages/encode/encode_worst.h"
#include "tests/tap.h"

extern const struct lm_stage lm_stage_bpe, lm_stage_encode;
extern lm_run_fn lm_run_bpe, lm_run_encode;

enum { DOCUMENTS = 8 };

struct fixture {
    struct lm_arena *arena;
    char folder[64];
    struct bpe_params params;
    struct lm_ctx *ctx;
    struct lm_err err;
    const char *sources; /* path of a data card, or NULL */
    struct lm_json *card;
    size_t threads;
    unsigned runs;
};

static void fixture_open(struct fixture *f)
{
    *f = (struct fixture){.threads = 1};
    snprintf(f->folder, sizeof f->folder, "/tmp/lmpipe-test-XXXXXX");
    f->arena = lm_arena_create();
    if (f->arena == NULL || mkdtemp(f->folder) == NULL)
        abort();
    lm_params_defaults(&f->params, lm_stage_bpe.params);
    f->params.vocab_size = 257;
}

static void fixture_close(struct fixture *f)
{
    lm_json_free(f->card);
    lm_ctx_free(f->ctx);
    lm_dir_remove(f->folder, NULL);
    lm_arena_free(f->arena);
}

/* Documents of each split, up to NULL. */
static void write_text(struct fixture *f, const char *const texts[LM_SPLITS][DOCUMENTS])
{
    for (size_t split = 0; split < LM_SPLITS; split++) {
        struct lm_jsonl_writer *writer = NULL;
        const char *path =
            lm_arena_printf(f->arena, "%s/%s.jsonl", f->folder, lm_split_names[split]);
        if (lm_jsonl_create(&writer, path, NULL) != LM_OK)
            abort();
        for (size_t i = 0; i < DOCUMENTS && texts[split][i] != NULL; i++)
            if (lm_jsonl_put(writer, texts[split][i], strlen(texts[split][i]), NULL) != LM_OK)
                abort();
        if (lm_jsonl_finish(writer, NULL) != LM_OK)
            abort();
    }
}

static const char *output(struct fixture *f, const char *name)
{
    return lm_arena_printf(f->arena, "%s/run%u/out/%s", f->folder, f->runs, name);
}

/* The vocabulary of the train split, for the job that follows. */
static enum lm_status make_vocab(struct fixture *f, const char **path)
{
    const struct lm_job_input input = {"text", "text", f->folder};
    const struct lm_job job = {.stage = &lm_stage_bpe,
                               .params = &f->params,
                               .inputs = &input,
                               .input_count = 1,
                               .folder = lm_arena_printf(f->arena, "%s/bpe%u", f->folder, f->runs),
                               .checkpoints = f->folder,
                               .threads = f->threads};
    struct lm_ctx *ctx = NULL;
    *path = lm_arena_printf(f->arena, "%s/bpe%u/out/vocab", f->folder, f->runs);
    LM_TRY(lm_ctx_create(&ctx, &job, NULL, -1, &f->err));
    enum lm_status status = lm_run_bpe(ctx, &f->params, &f->err);
    lm_ctx_free(ctx);
    return status;
}

static enum lm_status fixture_run(struct fixture *f)
{
    const char *vocab;
    lm_ctx_free(f->ctx);
    lm_json_free(f->card);
    f->ctx = NULL;
    f->card = NULL;
    f->runs++;
    LM_TRY(make_vocab(f, &vocab));
    const struct lm_job_input inputs[] = {
        {"text", "text", f->folder}, {"vocab", "vocab", vocab}, {"sources", "sources", f->sources}};
    const struct lm_job job = {.stage = &lm_stage_encode,
                               .inputs = inputs,
                               .input_count = f->sources != NULL ? 3 : 2,
                               .folder = lm_arena_printf(f->arena, "%s/run%u", f->folder, f->runs),
                               .checkpoints = f->folder,
                               .threads = f->threads};
    char *text;
    size_t size;
    LM_TRY(lm_ctx_create(&f->ctx, &job, NULL, -1, &f->err));
    LM_TRY(lm_run_encode(f->ctx, NULL, &f->err));
    LM_TRY(lm_file_read(&text, &size, f->arena, output(f, "card"), 1 << 24, &f->err));
    return lm_json_parse(&f->card, text, size, &f->err);
}

/* A number of the card by its dotted path: "splits.train.bytes", "sources.1.words". */
static double figure(struct fixture *f, const char *path)
{
    const struct lm_json *at = f->card;
    char *rest = lm_arena_strdup(f->arena, path);
    for (char *key = strtok_r(rest, ".", &rest); key != NULL; key = strtok_r(NULL, ".", &rest))
        at = lm_json_is_array(at) ? lm_json_at(at, (size_t)atoi(key)) : lm_json_get(at, key);
    return lm_json_double(at, (double)NAN);
}

static const char *word(struct fixture *f, size_t line, const char *key)
{
    const struct lm_json *lines = lm_json_get(lm_json_get(f->card, "held_out"), "worst_lines");
    return lm_json_string(lm_json_get(lm_json_at(lines, line), key), NULL);
}

struct expected {
    const char *path;
    double value;
};

static void check_figures(struct tap *tap, struct fixture *f, const struct expected *want,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double value = figure(f, want[i].path);
        CHECK(fabs(value - want[i].value) < 1e-12 || (isnan(value) && isnan(want[i].value)));
        if (tap->failed)
            printf("# %s: %g, not %g\n", want[i].path, value, want[i].value);
    }
}

#define CHECK_FIGURES(f, want) check_figures(tap, f, want, sizeof(want) / sizeof((want)[0]))

/* ---- efficiency ---- */

static void efficiency_in_closed_form(struct tap *tap)
{
    static const int64_t none[4] = {0}, one[4] = {0, 9, 0, 0}, even[4] = {7, 7, 7, 7},
                         two[4] = {5, 0, 5, 0}, skewed[4] = {3, 0, 0, 1};
    CHECK(isnan(encode_renyi_efficiency(none, 4, 4)));
    CHECK_NEAR(encode_renyi_efficiency(one, 4, 4), 0, 1e-15);
    CHECK_NEAR(encode_renyi_efficiency(even, 4, 4), 1, 1e-14); /* 4 · 4^-2.5 = 4^-1.5 */
    CHECK_NEAR(encode_renyi_efficiency(two, 4, 4), 0.5, 1e-14);
    CHECK_NEAR(encode_renyi_efficiency(two, 4, 256), 0.125, 1e-14);
    double sum = pow(0.75, 2.5) + pow(0.25, 2.5);
    CHECK_NEAR(encode_renyi_efficiency(skewed, 4, 256), log(sum) / -1.5 / log(256), 1e-14);
}

/* ---- figures of a text ---- */

/* Bytes: train has a and b equally often. */
static void figures_in_closed_form(struct tap *tap)
{
    static const char *const texts[LM_SPLITS][DOCUMENTS] = {
        {"abab", "ba"}, {"aaab"}, {"a b\n c\xE4\xB8\xAD\xE6\x96\x87!"}};
    static const struct expected want[] = {
        {"lmpipe_tokenizer_card", 1},
        {"vocabulary.size", 257},
        {"vocabulary.tokens", 256},
        {"vocabulary.merges", 0},
        {"vocabulary.specials", 1},
        {"vocabulary.end_of_text", 256},
        {"longest.0.id", 0},
        {"longest.0.bytes", 1},
        {"longest.19.id", 19},
        {"longest.20.id", (double)NAN},
        {"splits.train.documents", 2},
        {"splits.train.bytes", 6},
        {"splits.train.tokens", 6},
        {"splits.train.words", 2},
        {"splits.train.bytes_per_token", 1},
        {"splits.train.tokens_per_word", 3},
        {"splits.train.single_byte_share", 1},
        {"splits.train.renyi_efficiency", 0.125},
        {"splits.valid.renyi_efficiency", 0.078991015307060335},
        {"splits.test.documents", 1},
        {"splits.test.words", 6}, /* a, b, c, two letters of Han, and ! */
        {"splits.test.tokens", 13},
        {"held_out.unused_tokens", 256 - 12}, /* a b c ! space newline and 6 bytes of Han */
        {"held_out.unused_share", 244. / 256},
        {"held_out.worst_lines.0.bytes", (double)NAN}, /* none of 20 bytes */
    };
    struct fixture f;
    fixture_open(&f);
    write_text(&f, texts);
    REQUIRE(fixture_run(&f) == LM_OK);
    CHECK_FIGURES(&f, want);
    CHECK_INT(lm_json_count(lm_json_get(f.card, "sources")), 0);
    CHECK(lm_ctx_result_value(f.ctx, "train.bytes_per_token") == 1);
    CHECK(lm_ctx_result_value(f.ctx, "train.tokens_per_word") == 3);
    CHECK_NEAR(lm_ctx_result_value(f.ctx, "train.renyi_efficiency"), 0.125, 1e-14);
    CHECK_NEAR(lm_ctx_result_value(f.ctx, "held_out.unused_share"), 244. / 256, 1e-15);
    fixture_close(&f);
}

/* One merge: "abab c" is ab, ab, space, c. */
static void merges_count_as_one(struct tap *tap)
{
    static const char *const texts[LM_SPLITS][DOCUMENTS] = {{"abab c"}, {"abc"}, {NULL}};
    static const struct expected want[] = {
        {"vocabulary.tokens", 257},
        {"longest.0.id", 256},
        {"longest.0.bytes", 2},
        {"splits.train.tokens", 4},
        {"splits.train.bytes_per_token", 1.5},
        {"splits.train.single_byte_share", 0.5},
        {"splits.valid.single_byte_share", 0.5},
        {"splits.test.documents", 0},
        {"splits.test.bytes_per_token", (double)NAN},
        {"splits.test.renyi_efficiency", (double)NAN},
        {"held_out.unused_tokens", 255},
    };
    struct fixture f;
    fixture_open(&f);
    f.params.vocab_size = 258;
    write_text(&f, texts);
    REQUIRE(fixture_run(&f) == LM_OK);
    CHECK_FIGURES(&f, want);
    CHECK(isnan(lm_ctx_result_value(f.ctx, "test.bytes_per_token")));
    fixture_close(&f);
}

/* ---- sources ---- */

static void write_sources(struct fixture *f, const char *json)
{
    f->sources = lm_path_join(f->arena, f->folder, "sources.json");
    if (lm_file_write(f->sources, json, strlen(json), NULL) != LM_OK)
        abort();
}

static void sources_by_the_data_card(struct tap *tap)
{
    static const char *const texts[LM_SPLITS][DOCUMENTS] = {
        {"aa", "bb bb", "c"}, {"dddd"}, {"ee", "f f f"}};
    static const struct expected want[] = {{"sources.0.documents", 2},
                                           {"sources.0.bytes", 4},
                                           {"sources.0.words", 2},
                                           {"sources.1.documents", 0},
                                           {"sources.2.documents", 4},
                                           {"sources.2.bytes", 15},
                                           {"sources.2.words", 7},
                                           {"sources.1.bytes_per_token", (double)NAN},
                                           {"sources.2.tokens_per_word", 15. / 7}};
    struct fixture f;
    fixture_open(&f);
    write_text(&f, texts);
    write_sources(&f, "{\"sources\":[{\"name\":\"x\",\"train\":1,\"valid\":0,\"test\":1},"
                      "{\"name\":\"y\",\"train\":0,\"valid\":0,\"test\":0},"
                      "{\"name\":\"z\",\"train\":2,\"valid\":1,\"test\":1}]}");
    REQUIRE(fixture_run(&f) == LM_OK);
    CHECK_FIGURES(&f, want);
    CHECK_INT(lm_json_count(lm_json_get(f.card, "sources")), 3);
    fixture_close(&f);
}

static void another_data_card_is_refused(struct tap *tap)
{
    static const char *const texts[LM_SPLITS][DOCUMENTS] = {{"aa", "b"}, {"c"}, {NULL}};

    static const struct {
        const char *json, *words;
    } cases[] = {
        {"{\"sources\":[{\"name\":\"x\",\"train\":1,\"valid\":1,\"test\":0}]}",
         "sources: the data card tells of other documents in train"},
        {"{\"sources\":[{\"name\":\"x\",\"train\":2,\"valid\":2,\"test\":0}]}",
         "sources: the data card tells of other documents in valid"},
        {"{\"sources\":[{\"name\":\"x\",\"kept\":3}]}", "connect the card of a clean stage"},
        {"{\"sources\":", "sources: "}};
    struct fixture f;
    fixture_open(&f);
    write_text(&f, texts);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_sources(&f, cases[i].json);
        f.err = (struct lm_err){LM_OK, ""};
        CHECK_INT(fixture_run(&f), i < 3 ? LM_INVALID : LM_FORMAT);
        CHECK(strstr(f.err.text, cases[i].words) != NULL);
        if (tap->failed)
            printf("# %s\n", f.err.text);
    }
    fixture_close(&f);
}

/* ---- worst lines ---- */

/* With the merge "ab", lines of "ab" have 2 bytes a token and others 1. */
static void worst_lines_in_order(struct tap *tap)
{
    static const char *const texts[LM_SPLITS][DOCUMENTS] = {
        {"abababababab", "not held out, never a worst line"},
        {"abababababababababababab\n" /* 2 bytes a token */
         "cdcdcdcdcdcdcdcdcdcdcdcd\n" /* 1, 24 bytes */
         "too short, 19 bytes",
         "efefefefefefefefefefefef\ncdcdcdcdcdcdcdcdcdcdcdcd"},
        {"longer: so it is worse at the same ratio",
         "cdcdcdcdcdcdcdcdcdcdcdcd\nghghghghghghghghghgh"}};

    static const struct {
        const char *split, *text;
        double line, tokens;
    } want[] = {{"test", "longer: so it is worse at the same ratio", 1, 40},
                {"valid", "cdcdcdcdcdcdcdcdcdcdcdcd", 2, 24},
                {"valid", "efefefefefefefefefefefef", 1, 24},
                {"test", "ghghghghghghghghghgh", 2, 20},
                {"valid", "abababababababababababab", 1, 12}};
    struct fixture f;
    fixture_open(&f);
    f.params.vocab_size = 258;
    f.params.max_token_length = 2;
    write_text(&f, texts);
    REQUIRE(fixture_run(&f) == LM_OK);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        char path[60], hex[LM_DIGEST_HEX];
        struct lm_digest digest;
        REQUIRE(word(&f, i, "split") != NULL);
        CHECK_STR(word(&f, i, "split"), want[i].split);
        CHECK_STR(word(&f, i, "text"), want[i].text);
        snprintf(path, sizeof path, "held_out.worst_lines.%zu.line", i);
        CHECK(figure(&f, path) == want[i].line);
        snprintf(path, sizeof path, "held_out.worst_lines.%zu.tokens", i);
        CHECK(figure(&f, path) == want[i].tokens);
        if (i == 0) {
            lm_sha256_bytes(&digest, texts[LM_TEST][0], strlen(texts[LM_TEST][0]));
            lm_digest_hex(hex, &digest);
            CHECK_STR(word(&f, i, "document"), hex);
        }
    }
    CHECK(word(&f, 5, "split") == NULL);
    CHECK(figure(&f, "held_out.worst_lines.4.ids.11") == 256);
    CHECK(isnan(figure(&f, "held_out.worst_lines.4.ids.12")));
    fixture_close(&f);
}

/* A token belongs to the line in which it begins: here the newline takes two letters along, which
 * are part of the line's bytes and of its text, but not of its tokens. */
static void tokens_belong_to_where_they_begin(struct tap *tap)
{
    static const char *const texts[LM_SPLITS][DOCUMENTS] = {
        {"\nzz\nzz\nzz\nzz\nzz\nzz"}, {"x\nzzabcdefghijklmnopqrstuv"}, {NULL}};
    struct fixture f;
    fixture_open(&f);
    f.params.vocab_size = 259;
    f.params.pattern = "gpt2";
    f.params.regex = "\\n[a-z]+|[a-z]+";
    write_text(&f, texts);
    REQUIRE(fixture_run(&f) == LM_OK);
    CHECK(figure(&f, "splits.train.tokens") == 6);
    CHECK(figure(&f, "held_out.worst_lines.0.bytes") == 24);
    CHECK(figure(&f, "held_out.worst_lines.0.tokens") == 22);
    CHECK(figure(&f, "held_out.worst_lines.0.ids.0") == 'a');
    CHECK(figure(&f, "held_out.worst_lines.0.ids.21") == 'v');
    CHECK_STR(word(&f, 0, "text"), "zzabcdefghijklmnopqrstuv");
    fixture_close(&f);
}

/* Any order of putting gives the same list: lines with few ratios, sizes and texts. */
static void the_list_does_not_depend_on_order(struct tap *tap)
{
    enum { LINES = 60 };
    struct encode_line lines[LINES];
    struct encode_worst want = {.count = 0}, parts[3], sum;
    struct lm_rng rng = lm_rng_stream(1, "lines");
    memset(lines, 0, sizeof lines);
    for (int i = 0; i < LINES; i++) {
        lines[i].bytes = 20 + (int64_t)lm_rng_below(rng, (uint64_t)i, 0, 3);
        lines[i].tokens = lines[i].bytes / (1 + (int64_t)lm_rng_below(rng, (uint64_t)i, 1, 2));
        lines[i].hash = lm_rng_below(rng, (uint64_t)i, 2, 4) * 100 + (uint64_t)lines[i].tokens;
        lines[i].document = i + 1;
        encode_worst_put(&want, &lines[i]);
    }
    CHECK_INT(want.count, ENCODE_WORST_LINES);
    for (uint64_t round = 0; round < 50; round++) {
        memset(parts, 0, sizeof parts);
        memset(&sum, 0, sizeof sum);
        for (uint64_t i = 0; i < LINES; i++) /* 7 is prime to 60 */
            encode_worst_put(&parts[lm_rng_below(rng, 100 + round, i, 3)],
                             &lines[(7 * i + round) % LINES]);
        for (size_t k = 0; k < 3; k++)
            for (size_t i = 0; i < parts[k].count; i++)
                encode_worst_put(&sum, &parts[k].lines[i]);
        CHECK_INT(sum.count, want.count);
        for (size_t i = 0; i < want.count; i++)
            CHECK_INT(sum.lines[i].document, want.lines[i].document);
    }
}

/* 121 bytes, the cut in the middle of a character of 2. */
static void excerpts_are_whole_characters(struct tap *tap)
{
    char line[160];
    memset(line, 'x', sizeof line);
    memcpy(line + 119, "\xC3\xA9z", 4);
    const char *const texts[LM_SPLITS][DOCUMENTS] = {{"a"}, {line}, {NULL}};
    struct fixture f;
    fixture_open(&f);
    write_text(&f, texts);
    REQUIRE(fixture_run(&f) == LM_OK);
    CHECK(figure(&f, "held_out.worst_lines.0.bytes") == 122);
    REQUIRE(word(&f, 0, "text") != NULL);
    CHECK_INT(strlen(word(&f, 0, "text")), 119);
    CHECK(figure(&f, "held_out.worst_lines.0.ids.118") == 'x');
    CHECK(isnan(figure(&f, "held_out.worst_lines.0.ids.119")));
    fixture_close(&f);
}

/* ---- determinism ---- */

/* Documents of words over a few letters, enough for several tasks. */
static void write_many(struct fixture *f)
{
    struct lm_rng rng = lm_rng_stream(3, "text");
    char text[3000];
    for (size_t split = 0; split < LM_SPLITS; split++) {
        struct lm_jsonl_writer *writer = NULL;
        const char *path =
            lm_arena_printf(f->arena, "%s/%s.jsonl", f->folder, lm_split_names[split]);
        if (lm_jsonl_create(&writer, path, NULL) != LM_OK)
            abort();
        for (uint64_t d = 0; d < 200; d++) {
            size_t size = 1000 + (size_t)lm_rng_below(rng, d, split, 2000);
            for (size_t i = 0; i < size; i++)
                text[i] = "abcdef \n"[lm_rng_below(rng, d * LM_SPLITS + split, 10 + i, 8)];
            if (lm_jsonl_put(writer, text, size, NULL) != LM_OK)
                abort();
        }
        if (lm_jsonl_finish(writer, NULL) != LM_OK)
            abort();
    }
}

static void threads_do_not_matter(struct tap *tap)
{
    static const size_t threads[] = {1, 2, 7};
    char *first = NULL, *text;
    size_t size;
    struct fixture f;
    fixture_open(&f);
    f.params.vocab_size = 300;
    write_many(&f);
    write_sources(&f, "{\"sources\":[{\"name\":\"x\",\"train\":150,\"valid\":10,\"test\":1},"
                      "{\"name\":\"y\",\"train\":50,\"valid\":190,\"test\":199}]}");
    for (size_t i = 0; i < 3; i++) {
        f.threads = threads[i];
        REQUIRE(fixture_run(&f) == LM_OK);
        REQUIRE(lm_file_read(&text, &size, f.arena, output(&f, "card"), 1 << 24, NULL) == LM_OK);
        first = i == 0 ? text : first;
        CHECK_STR(text, first);
    }
    CHECK(word(&f, ENCODE_WORST_LINES - 1, "text") != NULL);
    fixture_close(&f);
}

/* The bytes of the card are part of the promise: when this fails, raise the stage's version. */
static void golden(struct tap *tap)
{
    static const char *const texts[LM_SPLITS][DOCUMENTS] = {
        {"abab abab", "ba"},
        {"aaab \xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9 aaabb"},
        {"a b"}};
    struct fixture f;
    struct lm_digest digest;
    char hex[LM_DIGEST_HEX];
    fixture_open(&f);
    f.params.vocab_size = 259;
    write_text(&f, texts);
    write_sources(&f, "{\"sources\":[{\"name\":\"x\",\"train\":2,\"valid\":1,\"test\":1}]}");
    REQUIRE(fixture_run(&f) == LM_OK);
    REQUIRE(lm_sha256_file(&digest, NULL, output(&f, "card"), NULL) == LM_OK);
    lm_digest_hex(hex, &digest);
    CHECK_STR(hex, "3e99e7d23a85133e2f15263e448f92fa61cc58f22c87b5c002170bb75d3e33a4");
    fixture_close(&f);
}

static const struct tap_test tests[] = {
    TAP_ROW(efficiency_in_closed_form) TAP_ROW(figures_in_closed_form) TAP_ROW(merges_count_as_one)
        TAP_ROW(sources_by_the_data_card) TAP_ROW(another_data_card_is_refused)
            TAP_ROW(worst_lines_in_order) TAP_ROW(tokens_belong_to_where_they_begin)
                TAP_ROW(the_list_does_not_depend_on_order) TAP_ROW(excerpts_are_whole_characters)
                    TAP_ROW(threads_do_not_matter) TAP_ROW(golden)};

LM_TEST_FILE(tests)
