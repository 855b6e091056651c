#include <lmpipe/tokenizer.h>

#include "tap.h"
#include "text/piece_table.h"
#include "text_samples.h"

/* ---- the reference: recounts every pair of the whole text at every merge ---- */

struct naive {
    int32_t *ids; /* the text as symbols; -1 between pieces */
    size_t count;

    struct {
        char *bytes;
        size_t size;
    } tokens[2048];

    int32_t token_count;
    int32_t left[2048], right[2048];
};

static void naive_init(struct naive *naive, const char *text, size_t size, enum lm_pattern pattern)
{
    memset(naive, 0, sizeof *naive);
    naive->ids = malloc((2 * size + 1) * sizeof *naive->ids);
    for (size_t at = 0; at < size;) {
        size_t length = first_piece(pattern, (const uint8_t *)text + at, size - at);
        for (size_t i = 0; i < length; i++)
            naive->ids[naive->count++] = (uint8_t)text[at + i];
        naive->ids[naive->count++] = -1;
        at += length;
    }
    for (int i = 0; i < 256; i++) {
        naive->tokens[i].bytes = malloc(1);
        naive->tokens[i].bytes[0] = (char)i;
        naive->tokens[i].size = 1;
    }
    naive->token_count = 256;
}

static void naive_release(struct naive *naive)
{
    for (int32_t i = 0; i < naive->token_count; i++)
        free(naive->tokens[i].bytes);
    free(naive->ids);
}

static bool naive_allowed(struct naive *naive, int32_t left, int32_t right, size_t longest)
{
    size_t size = naive->tokens[left].size + naive->tokens[right].size;
    if (longest > 0 && size > longest)
        return false;
    for (int32_t i = 256; i < naive->token_count; i++)
        if (naive->tokens[i].size == size &&
            memcmp(naive->tokens[i].bytes, naive->tokens[left].bytes, naive->tokens[left].size) ==
                0 &&
            memcmp(naive->tokens[i].bytes + naive->tokens[left].size, naive->tokens[right].bytes,
                   naive->tokens[right].size) == 0)
            return false;
    return true;
}

/* Best allowed pair: counts by a dense table over the tokens there are. */
static int64_t naive_best(struct naive *naive, size_t longest, int32_t *left, int32_t *right)
{
    size_t n = (size_t)naive->token_count;
    int32_t *counts = calloc(n * n, sizeof *counts);
    int64_t best = 0;
    for (size_t i = 0; i + 1 < naive->count; i++)
        if (naive->ids[i] >= 0 && naive->ids[i + 1] >= 0)
            counts[(size_t)naive->ids[i] * n + (size_t)naive->ids[i + 1]]++;
    for (size_t i = 0; i < n * n; i++)
        if (counts[i] > best && naive_allowed(naive, (int32_t)(i / n), (int32_t)(i % n), longest)) {
            best = counts[i];
            *left = (int32_t)(i / n);
            *right = (int32_t)(i % n);
        }
    free(counts);
    return best;
}

static void naive_merge(struct naive *naive, int32_t left, int32_t right)
{
    int32_t id = naive->token_count++;
    size_t size = naive->tokens[left].size, kept = 0;
    naive->tokens[id].size = size + naive->tokens[right].size;
    naive->tokens[id].bytes = malloc(naive->tokens[id].size);
    memcpy(naive->tokens[id].bytes, naive->tokens[left].bytes, size);
    memcpy(naive->tokens[id].bytes + size, naive->tokens[right].bytes, naive->tokens[right].size);
    naive->left[id] = left;
    naive->right[id] = right;
    for (size_t i = 0; i < naive->count; i++) {
        bool is_match = naive->ids[i] == left && i + 1 < naive->count && naive->ids[i + 1] == right;
        naive->ids[kept++] = is_match ? id : naive->ids[i];
        i += is_match;
    }
    naive->count = kept;
}

/* Compares every merge of `vocab` with the reference's. */
static void compare_with_naive(struct tap *tap, const char *text, size_t size,
                               const struct lm_bpe_options *options, const struct lm_vocab *vocab)
{
    struct naive *naive = malloc(sizeof *naive);
    REQUIRE(naive != NULL);
    naive_init(naive, text, size, options->pattern);
    int64_t most = options->vocab_size - 256 - (int64_t)options->special_count;
    for (int64_t merge = 0;; merge++) {
        int32_t left = -1, right = -1, got_left = -1, got_right = -1, got_id = -1;
        int64_t count =
            merge == most ? 0 : naive_best(naive, (size_t)options->max_token_length, &left, &right);
        if (count < options->min_frequency || count == 0) {
            CHECK_INT(lm_vocab_merges(vocab), merge);
            break;
        }
        CHECK(lm_vocab_merge(vocab, (int64_t)merge, &got_left, &got_right, &got_id));
        CHECK_INT(got_left, left);
        CHECK_INT(got_right, right);
        CHECK_INT(got_id, 256 + (int32_t)merge);
        if (tap->failed)
            break;
        naive_merge(naive, left, right);
    }
    naive_release(naive);
    free(naive);
}

static enum lm_status learn(struct lm_vocab **out, const char *text, size_t size,
                            const struct lm_bpe_options *options, struct lm_err *err)
{
    struct memory_documents documents = {&text, &size, 1, 0};
    return lm_bpe_train(out, options, next_memory_document, &documents, NULL, NULL, err);
}

static void check_against_naive(struct tap *tap, const char *text, size_t size,
                                const struct lm_bpe_options *options)
{
    struct lm_vocab *vocab = NULL;
    REQUIRE(learn(&vocab, text, size, options, NULL) == LM_OK);
    compare_with_naive(tap, text, size, options, vocab);
    lm_vocab_free(vocab);
}

/* ---- tests ---- */

static void ties_only(struct tap *tap)
{
    static const char *const texts[] = {"bbbaaaddddcccc",
                                        "ccccddddaaabbb",
                                        "abcdabcd dcba dcba",
                                        "ab ba ab ba",
                                        "aaaa",
                                        "aaaaa",
                                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                        "abababababab",
                                        "aabaabaab",
                                        "zyxwvuts zyxwvuts",
                                        "aaaa aaa aa a aaaaa aaaaaaa",
                                        "abcabcabcabcab",
                                        "xyxyyxyx yxyxxy xxyy",
                                        ""};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (size_t pattern = 0; pattern < 2; pattern++) {
            const struct lm_bpe_options options = {
                .vocab_size = 256 + 40, .min_frequency = 1, .pattern = (enum lm_pattern)pattern};
            check_against_naive(tap, texts[i], strlen(texts[i]), &options);
        }
}

static void random_texts(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(3, "train");
    for (uint64_t i = 0; i < LM_REPEAT(400u); i++) {
        char text[400];
        for (size_t j = 0; j < sizeof text; j++)
            text[j] = "ab c"[lm_rng_below(rng, i, j, i % 2 ? 4 : 2)];
        const struct lm_bpe_options options = {.vocab_size = 256 + 60,
                                               .min_frequency = 1 + (int64_t)(i % 3),
                                               .max_token_length =
                                                   i % 4 == 0 ? 3 + (int64_t)(i % 7) : 0};
        check_against_naive(tap, text, sizeof text, &options);
        if (tap->failed)
            break;
    }
}

static void real_text(struct tap *tap)
{
    const char *folder = getenv("LMPIPE_DATA");
    if (folder == NULL)
        SKIP("LMPIPE_DATA is not set");
    struct lm_arena *arena = lm_arena_create();
    char *text;
    size_t size;
    REQUIRE(lm_file_read(&text, &size, arena,
                         lm_path_join(arena, folder, "british-fiction/Austen_Emma.txt"), 1u << 30,
                         NULL) == LM_OK);
    const struct lm_bpe_options options = {.vocab_size = 256 + LM_REPEAT(1000) + 50,
                                           .min_frequency = 1};
    check_against_naive(tap, text, size < 100000 ? size : 100000, &options);
    lm_arena_free(arena);
}

static void bounds_are_inclusive(struct tap *tap)
{
    const char text[] = "abc abc abc abd abd";
    struct lm_bpe_options options = {.vocab_size = 400, .min_frequency = 1, .max_token_length = 3};
    struct lm_vocab *vocab = NULL;
    REQUIRE(learn(&vocab, text, strlen(text), &options, NULL) == LM_OK);
    size_t longest = 0, size;
    for (int32_t id = 0; id < lm_vocab_size(vocab); id++) {
        lm_vocab_token(vocab, id, &size);
        longest = size > longest ? size : longest;
    }
    CHECK_INT(longest, 3);
    lm_vocab_free(vocab);
    /* "ab" occurs 5 times, "abc" and " abc" 3 and 2 times: a bound of 5 leaves one merge, of 6
     * none. */
    options = (struct lm_bpe_options){.vocab_size = 400, .min_frequency = 5};
    REQUIRE(learn(&vocab, text, strlen(text), &options, NULL) == LM_OK);
    CHECK_INT(lm_vocab_merges(vocab), 1);
    lm_vocab_free(vocab);
    options.min_frequency = 6;
    REQUIRE(learn(&vocab, text, strlen(text), &options, NULL) == LM_OK);
    CHECK_INT(lm_vocab_merges(vocab), 0);
    lm_vocab_free(vocab);
    options = (struct lm_bpe_options){.vocab_size = 400, .min_frequency = 1, .max_piece_bytes = 3};
    REQUIRE(learn(&vocab, text, strlen(text), &options, NULL) == LM_OK);
    CHECK_INT(lm_vocab_merges(vocab), 2); /* only the first "abc", without a space, is that short */
    lm_vocab_free(vocab);
}

static void small_and_large_sizes(struct tap *tap)
{
    static const char *const specials[] = {"<|pad|>", "<|endoftext|>"};
    struct lm_bpe_options options = {
        .vocab_size = 257, .min_frequency = 1, .specials = specials, .special_count = 2};
    struct lm_vocab *vocab = NULL;
    struct lm_err err;
    CHECK_INT(learn(&vocab, "abab", 4, &options, &err), LM_RANGE);
    CHECK(strstr(err.text, "256") != NULL && strstr(err.text, "258") != NULL);
    options.vocab_size = 258;
    REQUIRE(learn(&vocab, "abab", 4, &options, &err) == LM_OK);
    CHECK_INT(lm_vocab_size(vocab), 258);
    CHECK_INT(lm_vocab_end_of_text(vocab), 257);
    lm_vocab_free(vocab);
    options.vocab_size = 100000; /* more than the text can give */
    REQUIRE(learn(&vocab, "abab", 4, &options, &err) == LM_OK);
    CHECK_INT(lm_vocab_merges(vocab), 2);
    CHECK_INT(lm_vocab_end_of_text(vocab), 256 + 2 + 1);
    lm_vocab_free(vocab);
}

static bool stop_at_once(void *user, int64_t done, int64_t total)
{
    *(int64_t *)user = total;
    return done < 0;
}

static void cancel(struct tap *tap)
{
    const struct lm_bpe_options options = {.vocab_size = 300, .min_frequency = 1};
    const char *text = "some words some words";
    size_t size = strlen(text);
    struct memory_documents documents = {&text, &size, 1, 0};
    struct lm_vocab *vocab = NULL;
    int64_t total = 0;
    CHECK_INT(lm_bpe_train(&vocab, &options, next_memory_document, &documents, stop_at_once, &total,
                           NULL),
              LM_CANCELLED);
    CHECK(vocab == NULL);
    CHECK_INT(total, 44);
}

static void order_of_documents_does_not_matter(struct tap *tap)
{
    const char *const one[] = {"the cat sat", "the dog ran", "a cat ran"};
    const char *const two[] = {"a cat ran", "the cat sat", "the dog ran"};
    const struct lm_bpe_options options = {.vocab_size = 300, .min_frequency = 1};
    struct memory_documents first = {one, NULL, 3, 0}, second = {two, NULL, 3, 0};
    struct lm_vocab *a = NULL, *b = NULL;
    REQUIRE(lm_bpe_train(&a, &options, next_memory_document, &first, NULL, NULL, NULL) == LM_OK);
    REQUIRE(lm_bpe_train(&b, &options, next_memory_document, &second, NULL, NULL, NULL) == LM_OK);
    CHECK_INT(lm_vocab_size(a), lm_vocab_size(b));
    for (int32_t id = 0; id < lm_vocab_size(a); id++) {
        size_t size_a, size_b;
        const uint8_t *x = lm_vocab_token(a, id, &size_a), *y = lm_vocab_token(b, id, &size_b);
        CHECK(size_a == size_b && memcmp(x, y, size_a) == 0);
    }
    lm_vocab_free(a);
    lm_vocab_free(b);
}

static void counts_are_64_bit(struct tap *tap)
{
    struct lm_piece_table table = {0};
    const uint8_t word[] = "word";
    REQUIRE(lm_piece_table_add(&table, word, 4, INT64_C(1) << 31));
    REQUIRE(lm_piece_table_add(&table, word, 4, INT64_C(1) << 33));
    CHECK_INT(table.count, 1);
    CHECK_INT(table.pieces[0].count, (INT64_C(1) << 31) + (INT64_C(1) << 33));
    lm_piece_table_release(&table);
}

static const struct tap_test tests[] = {
    TAP_ROW(ties_only) TAP_ROW(random_texts) TAP_ROW(bounds_are_inclusive)
        TAP_ROW(small_and_large_sizes) TAP_ROW(cancel) TAP_ROW(order_of_documents_does_not_matter)
            TAP_ROW(counts_are_64_bit) TAP_ROW(real_text)};

LM_TEST_MAIN(tests)
