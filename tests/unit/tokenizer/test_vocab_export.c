/* Exports are read again, by our own importers here; what other programs make of them is measured
 * by tools/fixtures/hf_ids.mjs. */
#include <stdio.h>
#include <unistd.h>

#include "tap.h"
#include "text_samples.h"
#include "tokenizer/formats/rank_split.h"
#include "tokenizer/vocab.h"

static const char sample[] =
    "the cat sat on the mat, the cats sat 12 123 the\n\tthere \xE4\xB8\xAD "
    "\xE4\xB8\xAD\xE6\x96\x87 then them catss aaaaaaa hahahaha";

struct folder {
    char path[64];
};

static struct folder make_folder(void)
{
    struct folder folder;
    snprintf(folder.path, sizeof folder.path, "test_vocab_export.%ld.tmp", (long)getpid());
    return folder;
}

static struct lm_vocab *import_again(struct lm_arena *arena, const struct folder *folder,
                                     enum lm_vocab_format format, const char *pattern)
{
    static const char *const names[] = {"tokenizer.json", "vocab.json", "vocab.tiktoken"};
    struct lm_vocab *vocab = NULL;
    const struct lm_vocab_source source = {.path = lm_path_join(arena, folder->path, names[format]),
                                           .pattern = format == LM_VOCAB_TIKTOKEN ? pattern : NULL};
    struct lm_err err = {LM_OK, ""};
    if (lm_vocab_import(&vocab, &source, &err) != LM_OK)
        printf("# %s\n", err.text);
    return vocab;
}

/* Whether two vocabularies give the same ids for drawn texts. */
static bool agree(const struct lm_vocab *a, const struct lm_vocab *b, size_t repeats)
{
    struct lm_rng rng = lm_rng_stream(1, "export");
    struct lm_encoder *one = lm_encoder_create(a), *two = lm_encoder_create(b);
    bool is_good = one != NULL && two != NULL;
    for (uint64_t i = 0; i < repeats && is_good; i++) {
        uint8_t text[200];
        const int32_t *x, *y;
        size_t m, n,
            size = i % 2 ? draw_bytes(text, sizeof text, rng, i) : draw_tricky(text, 50, rng, i);
        for (size_t k = 0; k < size && i % 5 == 4; k++)
            text[k] = (uint8_t) "acehst 12"[lm_rng_below(rng, i, 100 + k, 9)];
        is_good = lm_encode(one, text, size, &x, &m, NULL) == LM_OK &&
                  lm_encode(two, text, size, &y, &n, NULL) == LM_OK && m == n &&
                  memcmp(x, y, m * sizeof *x) == 0;
    }
    lm_encoder_free(one);
    lm_encoder_free(two);
    return is_good;
}

static void learned_ones_can_be_said_in_every_format(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct folder folder = make_folder();
    struct lm_vocab *vocab = learn_from(sample, strlen(sample), 330, LM_PATTERN_GPT2);
    REQUIRE(vocab != NULL);
    for (int format = 0; lm_vocab_format_names[format] != NULL; format++) {
        struct lm_err err = {LM_OK, ""};
        enum lm_status status =
            lm_vocab_export(vocab, (enum lm_vocab_format)format, folder.path, &err);
        CHECK_STR(err.text, "");
        REQUIRE(status == LM_OK);
        struct lm_vocab *again = import_again(arena, &folder, (enum lm_vocab_format)format, "gpt2");
        REQUIRE(again != NULL);
        CHECK(agree(vocab, again, LM_REPEAT(20000u)));
        CHECK_INT(lm_vocab_size(again), lm_vocab_size(vocab));
        CHECK_INT(lm_vocab_end_of_text(again), lm_vocab_end_of_text(vocab));
        lm_vocab_free(again);
    }
    CHECK(lm_dir_remove(folder.path, NULL) == LM_OK);
    lm_vocab_free(vocab);
    lm_arena_free(arena);
}

/* Their published expressions name the patterns again. */
static void patterns_travel(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct folder folder = make_folder();

    static const enum lm_pattern patterns[] = {LM_PATTERN_CL100K, LM_PATTERN_O200K};

    for (size_t i = 0; i < 2; i++) {
        struct lm_vocab *vocab = learn_from(sample, strlen(sample), 310, patterns[i]);
        struct lm_err err;
        REQUIRE(lm_vocab_export(vocab, LM_VOCAB_HF, folder.path, NULL) == LM_OK);
        struct lm_vocab *again = import_again(arena, &folder, LM_VOCAB_HF, NULL);
        REQUIRE(again != NULL);
        CHECK_INT(lm_vocab_pattern(again), patterns[i]);
        CHECK(agree(vocab, again, LM_REPEAT(2000u)));
        CHECK(lm_vocab_export(vocab, LM_VOCAB_GPT2, folder.path, &err) == LM_UNSUPPORTED);
        CHECK(strchr(err.text, ';') != NULL);
        lm_vocab_free(again);
        lm_vocab_free(vocab);
    }
    CHECK(lm_dir_remove(folder.path, NULL) == LM_OK);
    lm_arena_free(arena);
}

static void expressions_travel(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct folder folder = make_folder();
    struct lm_vocab *vocab = NULL;
    const struct lm_vocab_source source = {.path = LM_TEST_DATA "/tokenizers/single.json"};
    REQUIRE(lm_vocab_import(&vocab, &source, NULL) == LM_OK);
    REQUIRE(lm_vocab_export(vocab, LM_VOCAB_HF, folder.path, NULL) == LM_OK);
    struct lm_vocab *again = import_again(arena, &folder, LM_VOCAB_HF, NULL);
    REQUIRE(again != NULL);
    CHECK_INT(lm_vocab_pattern(again), LM_PATTERN_REGEX);
    CHECK_STR(lm_vocab_regex(again), lm_vocab_regex(vocab));
    CHECK(agree(vocab, again, LM_REPEAT(2000u)));
    lm_vocab_free(again);
    lm_vocab_free(vocab);
    CHECK(lm_dir_remove(folder.path, NULL) == LM_OK);
    lm_arena_free(arena);
}

/* Adds pairs of single characters or of earlier tokens, as text. */
static void add_pair(struct lm_vocab *vocab, const char *left, const char *right)
{
    if (lm_vocab_add(vocab, lm_vocab_find(vocab, (const uint8_t *)left, strlen(left)),
                     lm_vocab_find(vocab, (const uint8_t *)right, strlen(right))) != LM_MERGE_FINE)
        abort();
}

static void doubtful_expressions_stay(struct tap *tap)
{
    struct folder folder = make_folder();
    struct lm_err err;

    static const struct {
        enum lm_pattern pattern;
        const char *regex;
    } cases[] = {{LM_PATTERN_REGEX, "\\w+"}, {LM_PATTERN_BYTES, NULL}};

    for (size_t i = 0; i < 2; i++) {
        struct lm_vocab *vocab = NULL;
        REQUIRE(lm_vocab_create(&vocab, cases[i].pattern, cases[i].regex, LM_MERGING_PAIRS, NULL) ==
                LM_OK);
        add_pair(vocab, "a", "b");
        REQUIRE(lm_vocab_seal(vocab, NULL) == LM_OK);
        CHECK(lm_vocab_export(vocab, LM_VOCAB_HF, folder.path, &err) == LM_UNSUPPORTED);
        CHECK(strstr(err.text, "export as tiktoken") != NULL);
        CHECK(lm_vocab_export(vocab, LM_VOCAB_TIKTOKEN, folder.path, &err) == LM_OK);
        lm_vocab_free(vocab);
    }
    CHECK(lm_dir_remove(folder.path, NULL) == LM_OK);
}

/* ---- where ranks and pairs differ ---- */

static struct lm_vocab *with_tokens(enum lm_merging merging, const char *const *tokens,
                                    size_t count)
{
    struct lm_vocab *vocab = NULL;
    if (lm_vocab_create(&vocab, LM_PATTERN_GPT2, NULL, merging, NULL) != LM_OK)
        abort();
    for (size_t i = 0; i < count; i++)
        if (lm_vocab_add_token(vocab, (const uint8_t *)tokens[i], strlen(tokens[i]),
                               256 + (int32_t)i) != LM_MERGE_FINE)
            abort();
    return vocab;
}

static void pairs_are_recovered_from_ranks(struct tap *tap)
{
    static const char *const tokens[] = {"ab", "cd", "abcd", "bc", "abc", "abcdabcd"};
    static const char *const parts[][2] = {{"a", "b"}, {"c", "d"},  {"ab", "cd"},
                                           {"b", "c"}, {"ab", "c"}, {"abcd", "abcd"}};
    struct lm_vocab *vocab = with_tokens(LM_MERGING_RANKS, tokens, 6);
    REQUIRE(lm_vocab_seal(vocab, NULL) == LM_OK);
    for (int32_t rank = 0; rank < 6; rank++) {
        int32_t left, right;
        size_t size;
        CHECK(lm_rank_split(vocab, rank, &left, &right));
        const uint8_t *bytes = lm_vocab_token(vocab, left, &size);
        CHECK(size == strlen(parts[rank][0]) && memcmp(bytes, parts[rank][0], size) == 0);
        bytes = lm_vocab_token(vocab, right, &size);
        CHECK(size == strlen(parts[rank][1]) && memcmp(bytes, parts[rank][1], size) == 0);
    }
    lm_vocab_free(vocab);
}

/* "abc" comes from no pair of lower ranks: "ab" is later, "bc" is no token. */
static void ranks_that_no_pairs_say_are_refused(struct tap *tap)
{
    static const char *const tokens[] = {"abc", "ab"};
    struct folder folder = make_folder();
    struct lm_err err;
    struct lm_vocab *vocab = with_tokens(LM_MERGING_RANKS, tokens, 2);
    REQUIRE(lm_vocab_seal(vocab, NULL) == LM_OK);
    CHECK(lm_vocab_export(vocab, LM_VOCAB_HF, folder.path, &err) == LM_UNSUPPORTED);
    CHECK(strstr(err.text, "token 256") != NULL);
    CHECK(lm_vocab_export(vocab, LM_VOCAB_GPT2, folder.path, &err) == LM_UNSUPPORTED);
    CHECK(lm_vocab_export(vocab, LM_VOCAB_TIKTOKEN, folder.path, &err) == LM_OK);
    lm_vocab_free(vocab);
    CHECK(lm_dir_remove(folder.path, NULL) == LM_OK);
}

/* By ranks "aab" would come from (a, ab), which this list does not have. */
static void pairs_that_no_ranks_say_are_refused(struct tap *tap)
{
    struct folder folder = make_folder();
    struct lm_err err;
    struct lm_vocab *vocab = NULL;
    REQUIRE(lm_vocab_create(&vocab, LM_PATTERN_GPT2, NULL, LM_MERGING_PAIRS, NULL) == LM_OK);
    add_pair(vocab, "a", "b");
    add_pair(vocab, "a", "a");
    add_pair(vocab, "aa", "b");
    REQUIRE(lm_vocab_seal(vocab, NULL) == LM_OK);
    CHECK(lm_vocab_export(vocab, LM_VOCAB_TIKTOKEN, folder.path, &err) == LM_UNSUPPORTED);
    CHECK(strstr(err.text, "; export as hf") != NULL);
    CHECK(lm_vocab_export(vocab, LM_VOCAB_HF, folder.path, &err) == LM_OK);
    lm_vocab_free(vocab);
    CHECK(lm_dir_remove(folder.path, NULL) == LM_OK);
}

static void whole_tokens_need_a_format_that_says_so(struct tap *tap)
{
    static const char *const tokens[] = {"a\xE4\xB8", "zz"};
    for (size_t count = 1; count <= 2; count++) {
        struct folder folder = make_folder();
        struct lm_err err;
        struct lm_arena *arena = lm_arena_create();
        struct lm_vocab *vocab = with_tokens(LM_MERGING_PAIRS_WHOLE, tokens, count);
        REQUIRE(lm_vocab_seal(vocab, NULL) == LM_OK);
        CHECK(lm_vocab_export(vocab, LM_VOCAB_GPT2, folder.path, &err) == LM_UNSUPPORTED);
        CHECK(lm_vocab_export(vocab, LM_VOCAB_TIKTOKEN, folder.path, &err) == LM_UNSUPPORTED);
        CHECK(lm_vocab_export(vocab, LM_VOCAB_HF, folder.path, &err) == LM_OK);
        struct lm_vocab *again = import_again(arena, &folder, LM_VOCAB_HF, NULL);
        REQUIRE(again != NULL);
        CHECK(agree(vocab, again, LM_REPEAT(2000u)));
        lm_vocab_free(again);
        lm_vocab_free(vocab);
        lm_arena_free(arena);
        CHECK(lm_dir_remove(folder.path, NULL) == LM_OK);
    }
}

static void names_that_cannot_be_told_are_refused(struct tap *tap)
{
    static const struct {
        const char *name;
        enum lm_status hf, gpt2;
    } cases[] = {
        {"<|x|>", LM_OK, LM_OK},
        {"two words", LM_OK, LM_UNSUPPORTED},
        {"\xC3\xA9t\xC3\xA9", LM_OK, LM_UNSUPPORTED},
        {"\xFF", LM_UNSUPPORTED, LM_UNSUPPORTED},
        {"x", LM_UNSUPPORTED, LM_UNSUPPORTED},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct folder folder = make_folder();
        struct lm_vocab *vocab = NULL;
        REQUIRE(lm_vocab_create(&vocab, LM_PATTERN_GPT2, NULL, LM_MERGING_PAIRS, NULL) == LM_OK);
        REQUIRE(lm_vocab_add_special(vocab, cases[i].name, strlen(cases[i].name), 256, NULL) ==
                LM_OK);
        REQUIRE(lm_vocab_seal(vocab, NULL) == LM_OK);
        CHECK_INT(lm_vocab_export(vocab, LM_VOCAB_HF, folder.path, NULL), cases[i].hf);
        CHECK_INT(lm_vocab_export(vocab, LM_VOCAB_GPT2, folder.path, NULL), cases[i].gpt2);
        lm_vocab_free(vocab);
        CHECK(lm_dir_remove(folder.path, NULL) == LM_OK);
    }
}

static const struct tap_test tests[] = {
    TAP_ROW(learned_ones_can_be_said_in_every_format) TAP_ROW(patterns_travel)
        TAP_ROW(expressions_travel) TAP_ROW(doubtful_expressions_stay)
            TAP_ROW(pairs_are_recovered_from_ranks) TAP_ROW(ranks_that_no_pairs_say_are_refused)
                TAP_ROW(pairs_that_no_ranks_say_are_refused)
                    TAP_ROW(whole_tokens_need_a_format_that_says_so)
                        TAP_ROW(names_that_cannot_be_told_are_refused)};

LM_TEST_FILE(tests)
