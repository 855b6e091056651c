/* The published vocabularies, against ids that tiktoken gave (tools/fixtures/tiktoken_ids.mjs).
 * Their files are not in the tree: r50k_base.tiktoken and so on, encoder.json and vocab.bpe, in the
 * folder LMPIPE_TOKENIZERS, or tokenizers/ in LMPIPE_DATA. */
#include "tokenizer/formats/published.h"

#include "base/utf8.h"
#include "ids_fixture.h"
#include "tap.h"
#include "text_samples.h"
#include "tokenizer/bpe_merge.h"
#include "tokenizer/formats/rank_split.h"
#include "tokenizer/vocab.h"

/* A file of the folder; NULL when there is none. */
static const char *find_file(struct lm_arena *arena, const char *name)
{
    const char *folder = getenv("LMPIPE_TOKENIZERS"), *data = getenv("LMPIPE_DATA");
    if (folder == NULL && data != NULL)
        folder = lm_path_join(arena, data, "tokenizers");
    const char *path = folder == NULL ? NULL : lm_path_join(arena, folder, name);
    return path != NULL && lm_path_exists(path) ? path : NULL;
}

#define NO_FILES "LMPIPE_TOKENIZERS has no such file"

static struct lm_vocab *import_path(const char *path)
{
    struct lm_vocab *vocab = NULL;
    struct lm_err err = {LM_OK, ""};
    const struct lm_vocab_source source = {.path = path};
    if (lm_vocab_import(&vocab, &source, &err) != LM_OK)
        printf("# %s\n", err.text);
    return vocab;
}

/* ---- against tiktoken ---- */

static void check_digest(struct tap *tap, struct lm_sha256 *hash, const struct lm_json *want,
                         const char *what)
{
    struct lm_digest digest;
    char hex[LM_DIGEST_HEX];
    lm_sha256_final(hash, &digest);
    lm_digest_hex(hex, &digest);
    const char *text = lm_json_string(want, NULL);
    CHECK_STR(hex, text != NULL ? text : "nothing");
    if (text == NULL || strcmp(hex, text) != 0)
        printf("# %s\n", what);
}

/* Every assigned character alone, then after a letter. */
static void check_characters(struct tap *tap, struct lm_encoder *encoder,
                             const struct lm_json *runs, const struct lm_json *want)
{
    struct lm_sha256 *hash = lm_sha256_create();
    for (size_t i = 0; i < lm_json_count(runs); i++) {
        int64_t last = lm_json_int(lm_json_at(lm_json_at(runs, i), 1), -1);
        for (int64_t c = lm_json_int(lm_json_at(lm_json_at(runs, i), 0), -1); c <= last; c++) {
            uint8_t text[5] = {'a'};
            size_t size = lm_utf8_encode(text + 1, (uint32_t)c), count;
            const int32_t *ids;
            REQUIRE(lm_encode(encoder, text + 1, size, &ids, &count, NULL) == LM_OK);
            digest_ids(hash, ids, count);
            REQUIRE(lm_encode(encoder, text, size + 1, &ids, &count, NULL) == LM_OK);
            digest_ids(hash, ids, count);
        }
    }
    check_digest(tap, hash, want, "characters");
    lm_sha256_free(hash);
}

struct texts {
    struct tap *tap;
    struct lm_encoder *encoder;
    const char *folder;
};

static bool check_text(void *user, const char *name, const struct lm_json *want)
{
    struct texts *texts = user;
    struct tap *tap = texts->tap;
    struct lm_arena *arena = lm_arena_create();
    char *text;
    size_t size, count;
    const int32_t *ids;
    const char *path = lm_path_join(arena, texts->folder, name);
    if (path != NULL && lm_path_exists(path) &&
        lm_file_read(&text, &size, arena, path, 1u << 26, NULL) == LM_OK &&
        lm_encode(texts->encoder, text, size, &ids, &count, NULL) == LM_OK) {
        struct lm_sha256 *hash = lm_sha256_create();
        digest_ids(hash, ids, count);
        check_digest(tap, hash, want, name);
        lm_sha256_free(hash);
    }
    lm_arena_free(arena);
    return true;
}

/* Every token of text, alone, is itself: what tiktoken takes for granted. */
static bool tokens_are_themselves(const struct lm_vocab *vocab)
{
    struct lm_bpe_scratch scratch = {0};
    bool is_good = true;
    for (int32_t id = 0; id < vocab->size && is_good; id++) {
        size_t size, count;
        const int32_t *ids;
        const uint8_t *bytes = lm_vocab_token(vocab, id, &size);
        if (bytes == NULL || lm_vocab_is_special(vocab, id))
            continue;
        is_good = lm_bpe_merge(vocab, &scratch, bytes, size, &ids, &count, NULL) == LM_OK &&
                  count == 1 && ids[0] == id;
        if (!is_good)
            printf("# token %d\n", id);
    }
    lm_bpe_scratch_release(&scratch);
    return is_good;
}

static void equals_tiktoken(struct tap *tap, const char *name, const char *file)
{
    struct lm_arena *arena = lm_arena_create();
    const char *path = find_file(arena, file);
    if (path == NULL) {
        lm_arena_free(arena);
        SKIP(NO_FILES);
    }
    struct lm_json *root = read_fixture(arena, TOKENIZERS "/tiktoken.json");
    const struct lm_json *want = lm_json_get(lm_json_get(root, "encodings"), name);
    struct lm_vocab *vocab = import_path(path);
    REQUIRE(vocab != NULL && want != NULL);
    struct lm_encoder *encoder = lm_encoder_create(vocab);
    CHECK_INT(first_other(encoder, lm_json_get(root, "strings"), lm_json_get(want, "ids")), -1);
    check_characters(tap, encoder, lm_json_get(root, "characters"),
                     lm_json_get(want, "characters"));
    const char *data = getenv("LMPIPE_DATA");
    struct texts texts = {tap, encoder, data};
    if (data != NULL)
        lm_json_each(lm_json_get(want, "texts"), check_text, &texts);
    CHECK(tokens_are_themselves(vocab));
    lm_encoder_free(encoder);
    lm_vocab_free(vocab);
    lm_json_free(root);
    lm_arena_free(arena);
}

static void r50k(struct tap *tap)
{
    equals_tiktoken(tap, "gpt2", "r50k_base.tiktoken");
}

static void gpt2(struct tap *tap)
{
    equals_tiktoken(tap, "gpt2", "vocab.bpe");
}

static void p50k(struct tap *tap)
{
    equals_tiktoken(tap, "p50k", "p50k_base.tiktoken");
}

static void cl100k(struct tap *tap)
{
    equals_tiktoken(tap, "cl100k", "cl100k_base.tiktoken");
}

static void o200k(struct tap *tap)
{
    equals_tiktoken(tap, "o200k", "o200k_base.tiktoken");
}

/* ---- what comes with them ---- */

static void specials_have_their_published_ids(struct tap *tap)
{
    static const struct {
        const char *file, *name;
        int32_t id;
        int64_t size;
    } cases[] = {
        {"r50k_base.tiktoken", "<|endoftext|>", 50256, 50257},
        {"encoder.json", "<|endoftext|>", 50256, 50257},
        {"p50k_base.tiktoken", "<|endoftext|>", 50256, 50281},
        {"cl100k_base.tiktoken", "<|fim_middle|>", 100259, 100277},
        {"cl100k_base.tiktoken", "<|endoftext|>", 100257, 100277},
        {"o200k_base.tiktoken", "<|endofprompt|>", 200018, 200019},
    };
    struct lm_arena *arena = lm_arena_create();
    bool is_there = find_file(arena, cases[0].file) != NULL;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0] && is_there; i++) {
        struct lm_vocab *vocab = import_path(find_file(arena, cases[i].file));
        size_t size;
        REQUIRE(vocab != NULL);
        const uint8_t *name = lm_vocab_token(vocab, cases[i].id, &size);
        CHECK(lm_vocab_is_special(vocab, cases[i].id));
        CHECK(size == strlen(cases[i].name) && memcmp(name, cases[i].name, size) == 0);
        CHECK_INT(lm_vocab_size(vocab), cases[i].size);
        lm_vocab_free(vocab);
    }
    lm_arena_free(arena);
    if (!is_there)
        SKIP(NO_FILES);
}

/* ---- a second encoder ---- */

/* tiktoken's first algorithm: parts by their places; look up every two neighbours anew, join the
 * two whose bytes have the lowest rank. No table of pairs, no heap. */
static size_t encode_by_ranks(const struct lm_vocab *vocab, int32_t *ids, const uint8_t *piece,
                              size_t size)
{
    size_t ends[200], parts = size;
    int32_t whole = lm_vocab_find(vocab, piece, size);
    if (whole >= 0) {
        ids[0] = whole;
        return 1;
    }
    for (size_t i = 0; i < size; i++)
        ends[i] = i + 1;
    for (;;) {
        int32_t best = INT32_MAX;
        size_t place = 0;
        for (size_t i = 0; i + 1 < parts; i++) {
            size_t start = i == 0 ? 0 : ends[i - 1];
            int32_t id = lm_vocab_find(vocab, piece + start, ends[i + 1] - start);
            if (id >= 0 && id < best) {
                best = id;
                place = i;
            }
        }
        if (best == INT32_MAX)
            break;
        parts--;
        memmove(&ends[place], &ends[place + 1], (parts - place) * sizeof *ends);
    }
    for (size_t i = 0; i < parts; i++) {
        size_t start = i == 0 ? 0 : ends[i - 1];
        ids[i] = lm_vocab_find(vocab, piece + start, ends[i] - start);
    }
    return parts;
}

/* Pieces of letters alone, which are one piece for the pattern; some look like words. */
static size_t draw_piece(uint8_t *piece, struct lm_rng rng, uint64_t index)
{
    size_t size = 1 + (size_t)lm_rng_below(rng, index, 0, 200);
    uint64_t kinds = index % 3 == 0 ? 26 : index % 3 == 1 ? 8 : 2;
    for (size_t i = 0; i < size; i++)
        piece[i] = (uint8_t) "etaoinshrdlucmfwypvbgkjqxz"[lm_rng_below(rng, index, i + 1, kinds)];
    return size;
}

static void check_second_encoder(struct tap *tap, const struct lm_vocab *vocab, uint64_t repeats)
{
    struct lm_rng rng = lm_rng_stream(7, "pieces");
    struct lm_encoder *encoder = lm_encoder_create(vocab);
    for (uint64_t i = 0; i < repeats && tap->failed == 0; i++) {
        uint8_t piece[200];
        int32_t want[200];
        const int32_t *ids;
        size_t size = draw_piece(piece, rng, i), count;
        size_t parts = encode_by_ranks(vocab, want, piece, size);
        REQUIRE(lm_encode(encoder, piece, size, &ids, &count, NULL) == LM_OK);
        CHECK(count == parts && memcmp(ids, want, count * sizeof *ids) == 0);
    }
    lm_encoder_free(encoder);
}

static void a_second_encoder_agrees_on_published_ranks(struct tap *tap)
{
    static const char *const files[] = {"r50k_base.tiktoken", "cl100k_base.tiktoken"};
    for (size_t i = 0; i < 2; i++) {
        struct lm_arena *arena = lm_arena_create();
        const char *path = find_file(arena, files[i]);
        struct lm_vocab *vocab = path == NULL ? NULL : import_path(path);
        lm_arena_free(arena);
        if (path == NULL)
            SKIP(NO_FILES);
        REQUIRE(vocab != NULL);
        check_second_encoder(tap, vocab, LM_REPEAT(5000u));
        lm_vocab_free(vocab);
    }
}

/* The same without any file from elsewhere: tokens that were learned here, as ranks. */
static void a_second_encoder_agrees_on_learned_ranks(struct tap *tap)
{
    static const char text[] =
        "the tea eats at the seat in there, he hesitates: one in ten tens "
        "tonnes nations intention attention shorter rhinos rheas hoarse teeth "
        "ettettet eeteeet teteeet";
    struct lm_vocab *vocab = learn_from(text, strlen(text), 400, LM_PATTERN_GPT2), *ranks = NULL;
    REQUIRE(vocab != NULL && lm_vocab_as_ranks(&ranks, vocab, NULL) == LM_OK);
    check_second_encoder(tap, ranks, LM_REPEAT(20000u));
    lm_vocab_free(ranks);
    lm_vocab_free(vocab);
}

static const struct tap_test tests[] = {TAP_ROW(r50k) TAP_ROW(gpt2) TAP_ROW(p50k) TAP_ROW(
    cl100k) TAP_ROW(o200k) TAP_ROW(specials_have_their_published_ids)
                                            TAP_ROW(a_second_encoder_agrees_on_published_ranks)
                                                TAP_ROW(a_second_encoder_agrees_on_learned_ranks)};

LM_TEST_FILE(tests)
