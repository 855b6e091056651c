/* Vocabularies of other programs: small ones by hand, with the ids that these programs give
 * (tools/fixtures/small_tokenizers.mjs), refusals, damage. */
#include <stdio.h>
#include <unistd.h>

#include "ids_fixture.h"
#include "tap.h"
#include "text_samples.h"
#include "tokenizer/vocab.h"

static enum lm_status import_file(struct lm_vocab **out, const char *path, struct lm_err *err)
{
    const char *end = strrchr(path, '.');
    const struct lm_vocab_source source = {
        .path = path, .pattern = end != NULL && strcmp(end, ".tiktoken") == 0 ? "gpt2" : NULL};
    return lm_vocab_import(out, &source, err);
}

/* Checks a vocabulary against the ids of a case. */
static void check_case(struct tap *tap, const struct lm_vocab *vocab, const char *what,
                       const struct lm_json *strings, const struct lm_json *one)
{
    struct lm_encoder *encoder = lm_encoder_create(vocab);
    REQUIRE(encoder != NULL);
    bool is_ranks = lm_vocab_merging(vocab) == LM_MERGING_RANKS;
    lm_encoder_read_specials(encoder, !is_ranks);
    int other = first_other(encoder, strings, lm_json_get(one, "ids"));
    CHECK_INT(other, -1);
    if (other >= 0)
        printf("# %s\n", what);
    lm_encoder_free(encoder);
}

/* As imported, as saved and loaded, and as exported and imported again. */
static void small_ones_give_the_same_ids(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_json *root = read_fixture(arena, TOKENIZERS "/small.json");
    const struct lm_json *cases = lm_json_get(root, "cases"),
                         *strings = lm_json_get(root, "strings");
    CHECK_INT(lm_json_count(cases), 5);
    const char *saved = lm_arena_printf(arena, "test_vocab_import.%ld.tmp", (long)getpid());
    for (size_t i = 0; i < lm_json_count(cases); i++) {
        const struct lm_json *one = lm_json_at(cases, i);
        const char *name = lm_json_string(lm_json_get(one, "file"), NULL);
        struct lm_vocab *vocab = NULL, *again = NULL;
        struct lm_err err = {LM_OK, ""};
        enum lm_status status = import_file(&vocab, lm_path_join(arena, TOKENIZERS, name), &err);
        CHECK_STR(err.text, "");
        REQUIRE(status == LM_OK);
        check_case(tap, vocab, name, strings, one);
        REQUIRE(lm_vocab_save(vocab, saved, NULL) == LM_OK);
        REQUIRE(lm_vocab_load(&again, saved, &err) == LM_OK);
        check_case(tap, again, "saved and loaded", strings, one);
        lm_vocab_free(vocab);
        lm_vocab_free(again);
    }
    unlink(saved);
    lm_json_free(root);
    lm_arena_free(arena);
}

/* ---- where files are ---- */

static void a_folder_or_either_of_two_files(struct tap *tap)
{
    static const char *const paths[] = {TOKENIZERS "/pair", TOKENIZERS "/pair/vocab.json",
                                        TOKENIZERS "/pair/merges.txt"};
    for (size_t i = 0; i < 3; i++) {
        struct lm_vocab *vocab = NULL;
        struct lm_err err = {LM_OK, ""};
        const struct lm_vocab_source alone = {.path = paths[i], .is_alone = true};
        REQUIRE(import_file(&vocab, paths[i], &err) == LM_OK);
        CHECK_INT(lm_vocab_merges(vocab), 11);
        CHECK_INT(lm_vocab_size(vocab), 268);
        CHECK(lm_vocab_is_special(vocab, 266) && lm_vocab_is_special(vocab, 267));
        CHECK_INT(lm_vocab_end_of_text(vocab), -1);
        lm_vocab_free(vocab);
        vocab = NULL;
        CHECK(lm_vocab_import(&vocab, &alone, &err) == (i == 0 ? LM_OK : LM_INVALID));
        lm_vocab_free(vocab);
    }
}

static void pins_are_checked(struct tap *tap)
{
    struct lm_vocab *vocab = NULL;
    struct lm_digest digest;
    struct lm_err err;
    char hex[LM_DIGEST_HEX];
    struct lm_vocab_source source = {.path = TOKENIZERS "/pairs.json", .sha256 = hex};
    REQUIRE(lm_sha256_file(&digest, NULL, source.path, NULL) == LM_OK);
    lm_digest_hex(hex, &digest);
    CHECK(lm_vocab_import(&vocab, &source, &err) == LM_OK);
    lm_vocab_free(vocab);
    hex[5] = hex[5] == '0' ? '1' : '0';
    CHECK(lm_vocab_import(&vocab, &source, &err) == LM_MISMATCH);
    hex[5] = 'x';
    CHECK(lm_vocab_import(&vocab, &source, &err) == LM_INVALID);
    source.path = TOKENIZERS "/pair";
    CHECK(lm_vocab_import(&vocab, &source, &err) == LM_INVALID);
    source = (struct lm_vocab_source){.path = TOKENIZERS "/nothing.json"};
    CHECK(lm_vocab_import(&vocab, &source, &err) == LM_NOT_FOUND);
    source.path = LM_TEST_DATA;
    CHECK(lm_vocab_import(&vocab, &source, &err) == LM_NOT_FOUND);
}

static void patterns_must_fit(struct tap *tap)
{
    static const struct {
        const char *path, *pattern;
        enum lm_status status;
        enum lm_pattern got;
    } cases[] = {
        {TOKENIZERS "/pairs.json", "gpt2", LM_OK, LM_PATTERN_GPT2},
        {TOKENIZERS "/pairs.json", "cl100k", LM_INVALID, 0},
        {TOKENIZERS "/whole.json", NULL, LM_OK, LM_PATTERN_CL100K},
        {TOKENIZERS "/single.json", NULL, LM_OK, LM_PATTERN_REGEX},
        {TOKENIZERS "/pair", "o200k", LM_OK, LM_PATTERN_O200K},
        {TOKENIZERS "/pair", "regex", LM_INVALID, 0},
        {TOKENIZERS "/ranks.tiktoken", "o200k", LM_OK, LM_PATTERN_O200K},
        {TOKENIZERS "/ranks.tiktoken", NULL, LM_INVALID, 0},
        {TOKENIZERS "/ranks.tiktoken", "words", LM_INVALID, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lm_vocab *vocab = NULL;
        const struct lm_vocab_source source = {.path = cases[i].path, .pattern = cases[i].pattern};
        enum lm_status status = lm_vocab_import(&vocab, &source, NULL);
        CHECK_INT(status, cases[i].status);
        if (status == LM_OK)
            CHECK_INT(lm_vocab_pattern(vocab), cases[i].got);
        lm_vocab_free(vocab);
    }
}

/* No rank file has special tokens; one of no published length gets an end of text. */
static void ranks_get_an_end_of_text(struct tap *tap)
{
    struct lm_vocab *vocab = NULL;
    REQUIRE(import_file(&vocab, TOKENIZERS "/ranks.tiktoken", NULL) == LM_OK);
    CHECK_INT(lm_vocab_size(vocab), 292);
    CHECK_INT(lm_vocab_end_of_text(vocab), 291);
    CHECK(!lm_vocab_is_special(vocab, 290));
    lm_vocab_free(vocab);
}

/* ---- refusals ---- */

/* A file's text with `from` replaced by `to`, once. */
static char *edited(struct lm_arena *arena, const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    if (at == NULL)
        return NULL;
    return lm_arena_printf(arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static const struct {
    const char *from, *to, *word;
} refusals[] = {
    {"\"normalizer\":null", "\"normalizer\":{\"type\":\"NFC\"}", "normalizer"},
    {"\"truncation\":null", "\"truncation\":{\"max_length\":5}", "truncation"},
    {"\"padding\":null", "\"padding\":{\"pad_id\":0}", "padding"},
    {"\"dropout\":null", "\"dropout\":0.1", "dropout"},
    {"\"continuing_subword_prefix\":\"\"", "\"continuing_subword_prefix\":\"##\"", "prefix"},
    {"\"end_of_word_suffix\":\"\"", "\"end_of_word_suffix\":\"</w>\"", "suffix"},
    {"\"byte_fallback\":false", "\"byte_fallback\":true", "byte_fallback"},
    {"\"type\":\"BPE\"", "\"type\":\"Unigram\"", "not BPE"},
    {"\"add_prefix_space\":false", "\"add_prefix_space\":true", "adds a space"},
    {"\"use_regex\":true", "\"use_regex\":false", "cuts no words"},
    {"\"type\":\"ByteLevel\"", "\"type\":\"Metaspace\"", "pre_tokenizer"},
    {"\"decoder\":{\"type\":\"ByteLevel\"", "\"decoder\":{\"type\":\"WordPiece\"", "decoder"},
    {"\"lstrip\":false", "\"lstrip\":true", "lstrip"},
    {"\"rstrip\":false", "\"rstrip\":1", "rstrip"},
    {"\"single_word\":false", "\"single_word\":true", "single_word"},
    {"\"normalized\":false", "\"normalized\":true", "two rounds"},
    {"\"content\":\"<y>\"", "\"content\":\"<|x|>\"", "twice"},
    {"\"content\":\"<y>\"", "\"contents\":\"<y>\"", "content"},
    {"\"id\":1,", "\"id\":0,", "twice"},
    {"\"id\":1,", "\"id\":5,", "two ids"},
    {"\"id\":1,", "\"id\":-1,", "no id"},
    {"\"<y>\":1}", "\"<y>\":1.5}", "two ids"},
    {"\"bcd\":", "\"b cd\":", "alphabet"},
    {"\"bcd\":", "\"ab\":", "uplicate"},
    {"\"<y>\":1}", "\"cccd\":1}", "gives it 276"},
    {"\"!\":2,", "", "0x21"},
    {"\"!\":2,", "\"!\":16777216,", "no id"},
    {"\"!\":2,", "\"!\":3,", "twice"},
    {"\"!\":2,", "\"!\":9999999,", "out of bounds"},
    {"\"a b\",", "\"a b\",\"a b\",", "listed twice"},
    {"\"a b\",", "\"a b c\",", "merge 0: its right part"},
    {"\"a b\",", "\"ab\",", "merge 0: not two tokens"},
    {"\"a b\",", "[\"a\",\"b\",\"c\"],", "merge 0: not two tokens"},
    {"\"a b\",", "17,", "merge 0: not two tokens"},
    {"\"a b\",", "\"x y\",", "what it makes"},
    {"\"a b\",", "\" b\",", "left part"},
    {"\"vocab\":", "\"words\":", "no \"vocab\""},
    {"\"merges\":", "\"pairs\":", "no \"merges\""},
    {"\"model\":", "\"models\":", "no \"model\""},
    {"\"added_tokens\":[", "\"added_tokens\":7,\"x\":[", "no list"},
    {"{", "{{", "line 1"},
};

static void what_differs_is_refused(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    char *text;
    size_t size;
    const char *path = lm_arena_printf(arena, "test_vocab_import.%ld.json", (long)getpid());
    REQUIRE(lm_file_read(&text, &size, arena, TOKENIZERS "/pairs.json", 1u << 20, NULL) == LM_OK);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct lm_vocab *vocab = NULL;
        struct lm_err err = {LM_OK, ""};
        char *bad = edited(arena, text, refusals[i].from, refusals[i].to);
        REQUIRE(bad != NULL && lm_file_write(path, bad, strlen(bad), NULL) == LM_OK);
        enum lm_status status = import_file(&vocab, path, &err);
        bool is_refused = status != LM_OK && strstr(err.text, refusals[i].word) != NULL &&
                          strchr(err.text, ';') != NULL && strchr(err.text, '\n') == NULL;
        CHECK(is_refused);
        if (!is_refused)
            printf("# %s -> %s: %s\n", refusals[i].from, refusals[i].to, err.text);
        lm_vocab_free(vocab);
    }
    unlink(path);
    lm_arena_free(arena);
}

/* ---- damage ---- */

static const char *const whole_files[] = {
    TOKENIZERS "/pairs.json", TOKENIZERS "/whole.json", TOKENIZERS "/ranks.tiktoken",
    TOKENIZERS "/pair/vocab.json", TOKENIZERS "/pair/merges.txt"};

enum { WHOLE_FILES = sizeof whole_files / sizeof whole_files[0] };

/* Cuts, flips, doubles or overwrites a piece of the bytes; returns the new size. */
static size_t damage(char *bytes, size_t size, struct lm_rng rng, uint64_t index)
{
    size_t at = (size_t)lm_rng_below(rng, index, 1, size), length = size - at;
    length = length < 40 ? length : (size_t)lm_rng_below(rng, index, 2, 40) + 1;
    switch (lm_rng_below(rng, index, 3, 5)) {
    case 0:
        return at;
    case 1:
        bytes[at] = (char)(bytes[at] ^ (1 << lm_rng_below(rng, index, 4, 8)));
        return size;
    case 2:
        memmove(bytes + at, bytes + at + length, size - at - length);
        return size - length;
    case 3:
        memmove(bytes + at + length, bytes + at, size - at);
        return size + length;
    default:
        memset(bytes + at, (int)lm_rng_below(rng, index, 4, 256), length < 4 ? length : 4);
        return size;
    }
}

/* What loads in spite of damage is a vocabulary: it gives every text back. */
static bool is_sane(const struct lm_vocab *vocab)
{
    static const char text[] = "abcd <|x|> caf\xC3\xA9 \xFF 123\n\n";
    uint8_t back[sizeof text];
    const int32_t *ids;
    size_t count, size = 0;
    struct lm_encoder *encoder = lm_encoder_create(vocab);
    bool is_good =
        encoder != NULL && lm_encode(encoder, text, sizeof text, &ids, &count, NULL) == LM_OK;
    if (is_good)
        lm_decode(vocab, ids, count, false, back, sizeof back, &size);
    lm_encoder_free(encoder);
    return is_good && size == sizeof text && memcmp(text, back, size) == 0;
}

static void damaged_files_are_told(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(1, "damage");
    unsigned refused = 0;
    char folder[64], path[128], other[128];
    snprintf(folder, sizeof folder, "test_vocab_import.%ld.folder", (long)getpid());
    for (unsigned file = 0; file < WHOLE_FILES; file++) {
        struct lm_arena *arena = lm_arena_create();
        char *text;
        size_t size;
        const char *name = lm_path_base(whole_files[file]);
        REQUIRE(lm_file_read(&text, &size, arena, whole_files[file], 1u << 20, NULL) == LM_OK);
        REQUIRE(lm_dir_create(folder, NULL) == LM_OK);
        snprintf(path, sizeof path, "%s/%s", folder, name);
        for (unsigned pair = 3; pair < WHOLE_FILES; pair++) {
            snprintf(other, sizeof other, "%s/%s", folder, lm_path_base(whole_files[pair]));
            REQUIRE(lm_file_copy(other, whole_files[pair], 0644, NULL) == LM_OK);
        }
        for (uint64_t i = 0; i < LM_REPEAT(2000u) && tap->failed == 0; i++) {
            struct lm_vocab *vocab = NULL;
            struct lm_err err = {LM_OK, ""};
            struct lm_arena_mark mark = lm_arena_mark(arena);
            char *bytes = lm_arena_alloc(arena, size + 64);
            memcpy(bytes, text, size);
            size_t damaged = damage(bytes, size, rng, i + file * 100000);
            REQUIRE(lm_file_write(path, bytes, damaged, NULL) == LM_OK);
            enum lm_status status = import_file(&vocab, path, &err);
            CHECK(status == LM_OK
                      ? is_sane(vocab)
                      : strchr(err.text, ';') != NULL && strchr(err.text, '\n') == NULL);
            if (tap->failed)
                printf("# %s %u: %s\n", name, (unsigned)i, err.text);
            refused += status != LM_OK;
            lm_vocab_free(vocab);
            lm_arena_rewind(arena, mark);
        }
        lm_dir_remove(folder, NULL);
        lm_arena_free(arena);
    }
    CHECK(refused > LM_REPEAT(2000u) * WHOLE_FILES / 2);
}

static const struct tap_test tests[] = {
    TAP_ROW(small_ones_give_the_same_ids) TAP_ROW(a_folder_or_either_of_two_files)
        TAP_ROW(pins_are_checked) TAP_ROW(patterns_must_fit) TAP_ROW(ranks_get_an_end_of_text)
            TAP_ROW(what_differs_is_refused) TAP_ROW(damaged_files_are_told)};

LM_TEST_FILE(tests)
