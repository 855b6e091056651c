/* Tokenizers in GGUF files: what is written is read again with the same ids, what cannot be said is
 * refused, and damage is noticed. What llama.cpp makes of them: tests/cli/llama.t. */
#include "tokenizer/formats/gguf_vocab.h"

#include <stdio.h>
#include <unistd.h>

#include <lmpipe/gguf.h>
#include <lmpipe/hash.h>

#include "gguf/gguf.h"
#include "tap.h"
#include "text_samples.h"
#include "tokenizer/alphabet.h"
#include "tokenizer/vocab.h"

static const char sample[] =
    "the cat sat on the mat, the cats sat 12 123 the\n\tthere \xE4\xB8\xAD "
    "\xE4\xB8\xAD\xE6\x96\x87 then them catss aaaaaaa hahahaha";

static const char *path_of(void)
{
    static char path[64];
    snprintf(path, sizeof path, "test_gguf_vocab.%ld.gguf", (long)getpid());
    return path;
}

static enum lm_status save(const struct lm_vocab *vocab, int64_t rows, struct lm_err *err)
{
    struct lm_gguf_writer *writer = NULL;
    LM_TRY(lm_gguf_writer_create(&writer, err));
    enum lm_status status = lm_gguf_put_vocab(writer, vocab, rows, err);
    if (status == LM_OK)
        status = lm_gguf_write(writer, path_of(), err);
    lm_gguf_writer_free(writer);
    return status;
}

static enum lm_status load(struct lm_vocab **out, struct lm_err *err)
{
    const struct lm_vocab_source source = {.path = path_of()};
    return lm_vocab_import(out, &source, err);
}

/* Whether two vocabularies give the same ids for drawn texts. */
static bool agree(const struct lm_vocab *a, const struct lm_vocab *b, size_t repeats)
{
    struct lm_rng rng = lm_rng_stream(2, "gguf");
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

static void digest_of(struct lm_digest *out, const struct lm_vocab *vocab)
{
    char path[80];
    snprintf(path, sizeof path, "%s.vocab", path_of());
    if (lm_vocab_save(vocab, path, NULL) != LM_OK || lm_sha256_file(out, NULL, path, NULL) != LM_OK)
        abort();
    unlink(path);
}

/* ---- there and back ---- */

static void learned_ones_come_back_as_they_were(struct tap *tap)
{
    static const enum lm_pattern patterns[] = {LM_PATTERN_GPT2, LM_PATTERN_CL100K};

    for (size_t i = 0; i < 2; i++) {
        struct lm_vocab *vocab = learn_from(sample, strlen(sample), 330, patterns[i]),
                        *again = NULL;
        struct lm_err err = {LM_OK, ""};
        struct lm_digest want, got;
        REQUIRE(vocab != NULL);
        CHECK_INT(save(vocab, lm_vocab_size(vocab) + 3 * (int64_t)i, &err), LM_OK);
        CHECK_INT(load(&again, &err), LM_OK);
        CHECK_STR(err.text, "");
        REQUIRE(again != NULL);
        digest_of(&want, vocab);
        digest_of(&got, again);
        CHECK_INT(lm_digest_compare(&want, &got), 0);
        CHECK(agree(vocab, again, LM_REPEAT(5000u)));
        lm_vocab_free(vocab);
        lm_vocab_free(again);
    }
    unlink(path_of());
}

/* Ranks become pairs: the same ids. */
static void ranks_become_pairs(struct tap *tap)
{
    struct lm_vocab *learned = learn_from(sample, strlen(sample), 330, LM_PATTERN_GPT2);
    struct lm_vocab *ranks = NULL, *again = NULL;
    struct lm_arena *arena = lm_arena_create();
    char folder[80];
    struct lm_err err = {LM_OK, ""};
    snprintf(folder, sizeof folder, "%s.folder", path_of());
    REQUIRE(learned != NULL);
    REQUIRE(lm_vocab_export(learned, LM_VOCAB_TIKTOKEN, folder, &err) == LM_OK);
    const struct lm_vocab_source source = {.path = lm_path_join(arena, folder, "vocab.tiktoken"),
                                           .pattern = "gpt2"};
    REQUIRE(lm_vocab_import(&ranks, &source, &err) == LM_OK);
    CHECK_INT(lm_vocab_merging(ranks), LM_MERGING_RANKS);
    CHECK_INT(save(ranks, lm_vocab_size(ranks), &err), LM_OK);
    CHECK_INT(load(&again, &err), LM_OK);
    CHECK_STR(err.text, "");
    REQUIRE(again != NULL);
    CHECK_INT(lm_vocab_merging(again), LM_MERGING_PAIRS);
    CHECK(agree(ranks, again, LM_REPEAT(5000u)));
    lm_dir_remove(folder, NULL);
    lm_vocab_free(learned);
    lm_vocab_free(ranks);
    lm_vocab_free(again);
    lm_arena_free(arena);
    unlink(path_of());
}

/* Fixtures of other programs that say what llama.cpp cannot. */
static void what_llama_cannot_say_stays(struct tap *tap)
{
    static const struct {
        const char *name, *pattern, *message;
    } rows[] = {
        {"pair", NULL, "it has no end-of-text token"},
        {"ranks.tiktoken", "gpt2", "token 258 is no pair"},
        {"ranks.tiktoken", "o200k", "it knows no such pattern"},
        {"single.json", NULL, "it knows no such pattern"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_arena *arena = lm_arena_create();
        struct lm_vocab *vocab = NULL;
        const struct lm_vocab_source source = {
            .path = lm_path_join(arena, LM_TEST_DATA "/tokenizers", rows[i].name),
            .pattern = rows[i].pattern};
        struct lm_err err = {LM_OK, ""};
        REQUIRE(lm_vocab_import(&vocab, &source, &err) == LM_OK);
        CHECK_INT(save(vocab, lm_vocab_size(vocab), &err), LM_UNSUPPORTED);
        CHECK(strstr(err.text, rows[i].message) != NULL);
        CHECK(strstr(err.text, "; export as ") != NULL);
        lm_vocab_free(vocab);
        lm_arena_free(arena);
    }
}

/* A token that no pair makes is found whole: cl100k has a name for that, gpt2 has not. */
static void whole_tokens_need_a_name_for_it(struct tap *tap)
{
    static const enum lm_pattern patterns[] = {LM_PATTERN_GPT2, LM_PATTERN_CL100K};

    static const enum lm_status statuses[] = {LM_UNSUPPORTED, LM_OK};

    for (size_t i = 0; i < 2; i++) {
        struct lm_vocab *vocab = NULL, *again = NULL;
        struct lm_err err;
        REQUIRE(lm_vocab_create(&vocab, patterns[i], NULL, LM_MERGING_PAIRS_WHOLE, &err) == LM_OK);
        CHECK_INT(lm_vocab_add_token(vocab, (const uint8_t *)"zz", 2, 256), LM_MERGE_FINE);
        CHECK_INT(lm_vocab_add_special(vocab, "<e>", 3, 257, &err), LM_OK);
        vocab->end_of_text = 257;
        REQUIRE(lm_vocab_seal(vocab, &err) == LM_OK);
        CHECK_INT(save(vocab, 258, &err), statuses[i]);
        if (statuses[i] == LM_OK) {
            CHECK_INT(load(&again, &err), LM_OK);
            REQUIRE(again != NULL);
            CHECK_INT(lm_vocab_merging(again), LM_MERGING_PAIRS_WHOLE);
            CHECK_INT(lm_vocab_end_of_text(again), 257);
            CHECK(agree(vocab, again, LM_REPEAT(2000u)));
        }
        lm_vocab_free(vocab);
        lm_vocab_free(again);
    }
    unlink(path_of());
}

/* Ids without a token, in the middle and behind the last, are unused ones there. */
static void unused_ids_have_names(struct tap *tap)
{
    struct lm_vocab *vocab = NULL, *again = NULL;
    struct lm_gguf *gguf = NULL;
    struct lm_gguf_items texts, kinds;
    struct lm_err err;
    const char *text = NULL;
    size_t size = 0;
    int64_t kind = 0, unused = 0;
    REQUIRE(lm_vocab_create(&vocab, LM_PATTERN_GPT2, NULL, LM_MERGING_PAIRS, &err) == LM_OK);
    CHECK_INT(lm_vocab_add_special(vocab, "<|endoftext|>", 13, 260, &err), LM_OK);
    vocab->end_of_text = 260;
    REQUIRE(lm_vocab_seal(vocab, &err) == LM_OK);
    CHECK_INT(save(vocab, 260, &err), LM_RANGE);
    REQUIRE(save(vocab, 264, &err) == LM_OK);
    REQUIRE(lm_gguf_open(&gguf, path_of(), &err) == LM_OK);
    CHECK_INT(lm_gguf_get_texts(gguf, "tokenizer.ggml.tokens", &texts, &err), LM_OK);
    CHECK_INT(lm_gguf_get_ints(gguf, "tokenizer.ggml.token_type", &kinds, &err), LM_OK);
    CHECK(texts.left == 264 && kinds.left == 264);
    for (int id = 0; lm_gguf_next_text(&texts, &text, &size) && lm_gguf_next_int(&kinds, &kind);
         id++) {
        char want[16];
        snprintf(want, sizeof want, "[PAD%d]", id);
        bool is_named = size == strlen(want) && memcmp(text, want, size) == 0;
        CHECK(is_named == (kind == LM_GGUF_TOKEN_UNUSED));
        unused += kind == LM_GGUF_TOKEN_UNUSED;
    }
    CHECK_INT(unused, 7);
    CHECK_INT(load(&again, &err), LM_OK);
    REQUIRE(again != NULL);
    CHECK_INT(lm_vocab_size(again), 261);
    CHECK(lm_vocab_token(again, 258, &size) == NULL);
    lm_gguf_close(gguf);
    lm_vocab_free(vocab);
    lm_vocab_free(again);
    unlink(path_of());
}

static void names_of_unused_ids_are_not_taken(struct tap *tap)
{
    static const struct {
        const char *name;
        enum lm_status status;
    } rows[] = {{"[PAD259]", LM_UNSUPPORTED}, {"[PAD256]", LM_OK}, {"[PAD300]", LM_OK},
                {"[PAD0259]", LM_OK},         {"[PAD]", LM_OK},    {"\xFF\xFE", LM_UNSUPPORTED}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_vocab *vocab = NULL;
        struct lm_err err;
        REQUIRE(lm_vocab_create(&vocab, LM_PATTERN_GPT2, NULL, LM_MERGING_PAIRS, &err) == LM_OK);
        CHECK_INT(lm_vocab_add_special(vocab, "<e>", 3, 256, &err), LM_OK);
        CHECK_INT(lm_vocab_add_special(vocab, rows[i].name, strlen(rows[i].name), 257, &err),
                  LM_OK);
        vocab->end_of_text = 256;
        REQUIRE(lm_vocab_seal(vocab, &err) == LM_OK);
        CHECK_INT(save(vocab, 260, &err), rows[i].status);
        lm_vocab_free(vocab);
    }
    unlink(path_of());
}

/* ---- what is refused ---- */

struct variant {
    const char *model, *pre, *token, *merge;
    int32_t kind; /* of the token 256 */
    int kinds;    /* how many more than tokens */
    bool adds_space;
    enum lm_status status;
    const char *message;
};

/* 256 bytes, then one token, then the end of text. */
static void write_variant(const struct variant *variant)
{
    struct lm_gguf_writer *writer = NULL;
    struct lm_vocab *bytes = NULL;
    struct lm_buf text;
    if (lm_gguf_writer_create(&writer, NULL) != LM_OK ||
        lm_vocab_create(&bytes, LM_PATTERN_GPT2, NULL, LM_MERGING_PAIRS, NULL) != LM_OK)
        abort();
    if (variant->model != NULL)
        lm_gguf_put_text(writer, "tokenizer.ggml.model", variant->model);
    lm_gguf_put_text(writer, "tokenizer.ggml.pre", variant->pre);
    lm_gguf_put_array(writer, "tokenizer.ggml.tokens", LM_GGUF_STRING, 258);
    lm_buf_init(&text, 0);
    for (int id = 0; id < 256; id++) {
        const uint8_t byte = (uint8_t)id;
        lm_buf_clear(&text);
        lm_alphabet_write(&text, &byte, 1);
        lm_gguf_put_item_text(writer, text.data, text.size);
    }
    lm_gguf_put_item_text(writer, variant->token, strlen(variant->token));
    lm_gguf_put_item_text(writer, "</s>", 4);
    lm_gguf_put_array(writer, "tokenizer.ggml.token_type", LM_GGUF_I32,
                      (uint64_t)(258 + variant->kinds));
    for (int id = 0; id < 258 + variant->kinds; id++)
        lm_gguf_put_item_i32(writer, id == 256 ? variant->kind : id == 257 ? 3 : 1);
    lm_gguf_put_array(writer, "tokenizer.ggml.merges", LM_GGUF_STRING, 1);
    lm_gguf_put_item_text(writer, variant->merge, strlen(variant->merge));
    lm_gguf_put_bool(writer, "tokenizer.ggml.add_space_prefix", variant->adds_space);
    if (lm_gguf_write(writer, path_of(), NULL) != LM_OK)
        abort();
    lm_buf_release(&text);
    lm_vocab_free(bytes);
    lm_gguf_writer_free(writer);
}

static void what_is_not_known_is_refused(struct tap *tap)
{
    static const struct variant rows[] = {
        {"gpt2", "gpt-2", "ab", "a b", 1, 0, false, LM_OK, ""},
        {"gpt2", "phi-2", "ab", "a b", 1, 0, false, LM_OK, ""},
        {"gpt2", "llama-bpe", "ab", "a b", 1, 0, false, LM_OK, ""},
        {"llama", "gpt-2", "ab", "a b", 1, 0, false, LM_UNSUPPORTED,
         "tokenizer.ggml.model is \"llama\""},
        {NULL, "gpt-2", "ab", "a b", 1, 0, false, LM_NOT_FOUND,
         "does not say tokenizer.ggml.model"},
        {"gpt2", "gpt-4o", "ab", "a b", 1, 0, false, LM_UNSUPPORTED,
         "tokenizer.ggml.pre is \"gpt-4o\""},
        {"gpt2", "gpt-2", "ab", "a b", 1, 0, true, LM_UNSUPPORTED, "add_space_prefix is \"true\""},
        {"gpt2", "gpt-2", "a b", "a b", 1, 0, false, LM_UNSUPPORTED, "in no byte-level alphabet"},
        {"gpt2", "gpt-2", "ab", "a b", 6, 0, false, LM_UNSUPPORTED, "token 256 is of kind 6"},
        {"gpt2", "gpt-2", "ab", "a b", 1, 1, false, LM_FORMAT, "not as many kinds as tokens"},
        {"gpt2", "gpt-2", "ab", "ab", 1, 0, false, LM_FORMAT, "merge 0 is not two tokens"},
        {"gpt2", "gpt-2", "ab", "", 1, 0, false, LM_FORMAT, "merge 0 is not two tokens"},
        {"gpt2", "gpt-2", "ab", "a c", 1, 0, false, LM_FORMAT,
         "merge 0: what it makes is no token"},
        {"gpt2", "gpt-2", "ab", "a b", 5, 0, false, LM_FORMAT,
         "merge 0: what it makes is no token"},
        {"gpt2", "gpt-2", "a", "a b", 1, 0, false, LM_FORMAT, "is there twice"},
        {"gpt2", "gpt-2", "\xFF", "a b", 4, 0, false, LM_FORMAT, "token 256 is not UTF-8"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_vocab *vocab = NULL;
        struct lm_err err = {LM_OK, ""};
        write_variant(&rows[i]);
        CHECK_INT(load(&vocab, &err), rows[i].status);
        CHECK(strstr(err.text, rows[i].message) != NULL);
        CHECK(err.text[0] == '\0' || (strstr(err.text, "; ") != NULL &&
                                      strncmp(err.text, path_of(), strlen(path_of())) == 0));
        if (strstr(err.text, rows[i].message) == NULL)
            printf("# row %zu: %s\n", i, err.text);
        if (vocab != NULL)
            CHECK_INT(lm_vocab_end_of_text(vocab), 257);
        lm_vocab_free(vocab);
    }
    unlink(path_of());
}

static void pins_and_patterns_are_held_to(struct tap *tap)
{
    struct lm_vocab *vocab = learn_from(sample, strlen(sample), 300, LM_PATTERN_GPT2),
                    *again = NULL;
    struct lm_digest digest;
    char digits[LM_DIGEST_HEX];
    struct lm_err err;
    REQUIRE(vocab != NULL && save(vocab, 300, &err) == LM_OK);
    CHECK_INT(lm_sha256_file(&digest, NULL, path_of(), &err), LM_OK);
    lm_digest_hex(digits, &digest);
    const struct lm_vocab_source good = {.path = path_of(), .pattern = "gpt2", .sha256 = digits};
    CHECK_INT(lm_vocab_import(&again, &good, &err), LM_OK);
    const struct lm_vocab_source other = {.path = path_of(), .pattern = "cl100k"};
    lm_vocab_free(again);
    again = NULL;
    CHECK_INT(lm_vocab_import(&again, &other, &err), LM_INVALID);
    digits[0] = digits[0] == '0' ? '1' : '0';
    CHECK_INT(lm_vocab_import(&again, &good, &err), LM_MISMATCH);
    CHECK(again == NULL);
    lm_vocab_free(vocab);
    unlink(path_of());
}

/* Damage anywhere: refused with one line, or the same vocabulary. */
static void damage_is_noticed(struct tap *tap)
{
    struct lm_vocab *vocab = learn_from(sample, strlen(sample), 300, LM_PATTERN_GPT2);
    struct lm_arena *arena = lm_arena_create();
    struct lm_rng rng = lm_rng_stream(5, "damage");
    struct lm_digest want, got;
    char *data = NULL, *copy;
    size_t size = 0, refused = 0, repeats = LM_REPEAT(20000u);
    struct lm_err err;
    REQUIRE(vocab != NULL && save(vocab, 310, &err) == LM_OK);
    REQUIRE(lm_file_read(&data, &size, arena, path_of(), 1 << 24, &err) == LM_OK);
    digest_of(&want, vocab);
    copy = malloc(size);
    for (uint64_t i = 0; i < repeats; i++) {
        struct lm_vocab *again = NULL;
        size_t length = i % 4 == 0 ? lm_rng_below(rng, i, 0, size) : size;
        memcpy(copy, data, size);
        for (uint64_t k = 0; k < i % 4; k++)
            copy[lm_rng_below(rng, i, 2 * k + 1, size)] ^=
                (char)(1 << lm_rng_below(rng, i, 2 * k + 2, 8));
        CHECK_INT(lm_file_write(path_of(), copy, length, &err), LM_OK);
        err.text[0] = '\0';
        if (load(&again, &err) == LM_OK) {
            digest_of(&got, again);
            CHECK_INT(lm_digest_compare(&want, &got), 0);
        } else {
            refused++;
            CHECK(strstr(err.text, "; ") != NULL && strchr(err.text, '\n') == NULL);
        }
        lm_vocab_free(again);
    }
    CHECK(refused > repeats * 9 / 10);
    free(copy);
    lm_vocab_free(vocab);
    lm_arena_free(arena);
    unlink(path_of());
}

static const struct tap_test tests[] = {
    TAP_ROW(learned_ones_come_back_as_they_were) TAP_ROW(ranks_become_pairs)
        TAP_ROW(what_llama_cannot_say_stays) TAP_ROW(whole_tokens_need_a_name_for_it)
            TAP_ROW(unused_ids_have_names) TAP_ROW(names_of_unused_ids_are_not_taken)
                TAP_ROW(what_is_not_known_is_refused) TAP_ROW(pins_and_patterns_are_held_to)
                    TAP_ROW(damage_is_noticed)};

LM_TEST_FILE(tests)
