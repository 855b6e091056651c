#include <lmpipe/tokenizer.h>

#include "tap.h"
#include "text_samples.h"
#include "tokenizer/bpe_merge.h"
#include "tokenizer/vocab.h"

static const char sample[] =
    "the cat sat on the mat; the cats sat, the mats sat. aaaa aaa aa aaaaaaaa bcbcbcbc abcabc abab "
    "in the beginning there was the word and the word was the token   \n\n  "
    "\xE4\xB8\xAD\xE6\x96\x87"
    "\xE4\xB8\xAD\xE6\x96\x87 abcdefgh bcd cdef aabbaabb baabaab the the the there then them\n";

/* Lowest rank first, all of it from left to right, again and again. */
static size_t naive_merge(const struct lm_vocab *vocab, int32_t *ids, const uint8_t *piece,
                          size_t size)
{
    for (size_t i = 0; i < size; i++)
        ids[i] = piece[i];
    for (int32_t rank = 0; rank < lm_vocab_merges(vocab); rank++) {
        int32_t left, right, id;
        size_t kept = 0;
        lm_vocab_merge(vocab, rank, &left, &right, &id);
        for (size_t i = 0; i < size; i++) {
            bool is_match = ids[i] == left && i + 1 < size && ids[i + 1] == right;
            ids[kept++] = is_match ? id : ids[i];
            i += is_match;
        }
        size = kept;
    }
    return size;
}

static size_t naive_encode(const struct lm_vocab *vocab, int32_t *ids, const uint8_t *text,
                           size_t size)
{
    size_t count = 0;
    for (size_t at = 0; at < size;) {
        size_t length = first_piece(lm_vocab_pattern(vocab), text + at, size - at);
        count += naive_merge(vocab, ids + count, text + at, length);
        at += length;
    }
    return count;
}

static bool is_round_trip(const struct lm_vocab *vocab, struct lm_encoder *encoder,
                          const uint8_t *text, size_t size, uint8_t *back)
{
    const int32_t *ids;
    size_t count, length;
    if (lm_encode(encoder, text, size, &ids, &count, NULL) != LM_OK)
        return false;
    lm_decode(vocab, ids, count, false, back, size, &length);
    return length == size && memcmp(back, text, size) == 0;
}

static void decode_undoes_encode(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(1, "encode");
    for (size_t pattern = 0; pattern < 3; pattern++) {
        struct lm_vocab *vocab = learn_from(sample, strlen(sample), 400, (enum lm_pattern)pattern);
        struct lm_encoder *encoder = lm_encoder_create(vocab);
        REQUIRE(vocab != NULL && encoder != NULL);
        uint64_t repeats = LM_REPEAT(pattern == 0 ? 10000000u : 20000u);
        for (uint64_t i = 0; i < repeats && tap->failed == 0; i++) {
            uint8_t text[48], back[48];
            size_t size = draw_bytes(text, i % 16 == 0 ? sizeof text : 12, rng, i);
            CHECK(is_round_trip(vocab, encoder, text, size, back));
        }
        lm_encoder_free(encoder);
        lm_vocab_free(vocab);
    }
}

static void every_byte_and_pair(struct tap *tap)
{
    struct lm_vocab *vocab = learn_from(sample, strlen(sample), 400, LM_PATTERN_GPT2);
    struct lm_encoder *encoder = lm_encoder_create(vocab);
    for (unsigned i = 0; i < 65536 && tap->failed == 0; i++) {
        const uint8_t text[2] = {(uint8_t)(i >> 8), (uint8_t)i};
        uint8_t back[2];
        CHECK(is_round_trip(vocab, encoder, text, 1 + (i > 255), back));
    }
    lm_encoder_free(encoder);
    lm_vocab_free(vocab);
}

static void equals_the_naive_encoder(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(2, "encode");
    struct lm_vocab *vocab = learn_from(sample, strlen(sample), 500, LM_PATTERN_GPT2);
    struct lm_encoder *encoder = lm_encoder_create(vocab);
    for (uint64_t i = 0; i < LM_REPEAT(30000u) && tap->failed == 0; i++) {
        uint8_t text[300];
        int32_t want[300];
        size_t size = i % 2 ? draw_bytes(text, 300, rng, i) : draw_tricky(text, 70, rng, i);
        const int32_t *ids;
        size_t count, naive = naive_encode(vocab, want, text, size);
        REQUIRE(lm_encode(encoder, text, size, &ids, &count, NULL) == LM_OK);
        CHECK(count == naive && memcmp(ids, want, count * sizeof *ids) == 0);
    }
    lm_encoder_free(encoder);
    lm_vocab_free(vocab);
}

static void scan_and_heap_agree(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(3, "encode");
    struct lm_vocab *vocab = learn_from(sample, strlen(sample), 500, LM_PATTERN_GPT2);
    struct lm_bpe_scratch scratch = {0};
    for (uint64_t i = 0; i < LM_REPEAT(20000u) && tap->failed == 0; i++) {
        uint8_t text[LM_PIECE_SMALL];
        int32_t ids[LM_PIECE_SMALL];
        size_t size = draw_bytes(text, sizeof text - 1, rng, i), count;
        text[size++] = 'a';
        size_t small = lm_bpe_merge_small(vocab, ids, text, size);
        REQUIRE(lm_bpe_merge_long(vocab, &scratch, text, size, &count, NULL) == LM_OK);
        CHECK(small == count && memcmp(ids, scratch.ids, count * sizeof *ids) == 0);
    }
    lm_bpe_scratch_release(&scratch);
    lm_vocab_free(vocab);
}

/* A fresh encoder knows nothing; a used one has a warm cache. */
static void cache_changes_nothing(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(4, "encode");
    struct lm_vocab *vocab = learn_from(sample, strlen(sample), 300, LM_PATTERN_GPT2);
    struct lm_encoder *warm = lm_encoder_create(vocab);
    for (uint64_t i = 0; i < LM_REPEAT(4000u) && tap->failed == 0; i++) {
        struct lm_encoder *cold = lm_encoder_create(vocab);
        uint8_t text[120];
        size_t size = draw_bytes(text, sizeof text, rng, i * 3 + 1), count, cold_count;
        const int32_t *ids, *cold_ids;
        REQUIRE(lm_encode(warm, text, size, &ids, &count, NULL) == LM_OK);
        REQUIRE(lm_encode(cold, text, size, &cold_ids, &cold_count, NULL) == LM_OK);
        CHECK(count == cold_count && memcmp(ids, cold_ids, count * sizeof *ids) == 0);
        lm_encoder_free(cold);
    }
    lm_encoder_free(warm);
    lm_vocab_free(vocab);
}

/* abc is (a, bc), but ab is merged first: "abc" is ab c, though abc is a token. */
static void a_token_need_not_encode_to_itself(struct tap *tap)
{
    struct lm_vocab *vocab = NULL;
    REQUIRE(lm_vocab_create(&vocab, LM_PATTERN_GPT2, NULL, LM_MERGING_PAIRS, NULL) == LM_OK);
    CHECK_INT(lm_vocab_add(vocab, 'a', 'b'), LM_MERGE_FINE);
    CHECK_INT(lm_vocab_add(vocab, 'b', 'c'), LM_MERGE_FINE);
    CHECK_INT(lm_vocab_add(vocab, 'a', 257), LM_MERGE_FINE);
    REQUIRE(lm_vocab_seal(vocab, NULL) == LM_OK);
    struct lm_encoder *encoder = lm_encoder_create(vocab);
    const int32_t *ids;
    size_t count;
    REQUIRE(lm_encode(encoder, "abc", 3, &ids, &count, NULL) == LM_OK);
    CHECK_INT(count, 2);
    CHECK_INT(ids[0], 256);
    CHECK_INT(ids[1], 'c');
    lm_encoder_free(encoder);
    lm_vocab_free(vocab);
}

static void long_pieces(struct tap *tap)
{
    enum { LONG = LM_REPEAT(10000000) };
    struct lm_rng rng = lm_rng_stream(5, "encode");
    struct lm_vocab *vocab = learn_from(sample, strlen(sample), 500, LM_PATTERN_GPT2);
    struct lm_encoder *encoder = lm_encoder_create(vocab);
    uint8_t *text = malloc(LONG), *back = malloc(LONG);
    static const char *const letters[] = {"a", "abc", "abcdefghijklmnopqrstuvwxyz", " ", "\n", "="};
    for (size_t kind = 0; kind < sizeof letters / sizeof letters[0]; kind++) {
        size_t kinds = strlen(letters[kind]);
        for (size_t i = 0; i < LONG; i += 4) {
            uint32_t block[4];
            lm_rng_block(block, rng, kind, i);
            for (size_t j = 0; j < 4; j++)
                text[i + j] = (uint8_t)letters[kind][block[j] % kinds];
        }
        CHECK(is_round_trip(vocab, encoder, text, LONG, back));
    }
    free(text);
    free(back);
    lm_encoder_free(encoder);
    lm_vocab_free(vocab);
}

static void specials_are_text_in_text(struct tap *tap)
{
    struct lm_vocab *vocab = learn_from(sample, strlen(sample), 300, LM_PATTERN_GPT2);
    struct lm_encoder *encoder = lm_encoder_create(vocab);
    const int32_t *ids;
    size_t count, size;
    REQUIRE(lm_encode(encoder, "<|endoftext|>", 13, &ids, &count, NULL) == LM_OK);
    CHECK(count > 1);
    for (size_t i = 0; i < count; i++)
        CHECK(!lm_vocab_is_special(vocab, ids[i]));
    const int32_t with[] = {'a', lm_vocab_end_of_text(vocab), 'b'};
    uint8_t out[20];
    lm_decode(vocab, with, 3, true, out, sizeof out, &size);
    CHECK(size == 2 && memcmp(out, "ab", 2) == 0);
    lm_decode(vocab, with, 3, false, out, sizeof out, &size);
    CHECK(size == 15 && memcmp(out, "a<|endoftext|>b", 15) == 0);
    lm_decode(vocab, with, 3, false, out, 4, &size); /* too small: the size is still told */
    CHECK_INT(size, 15);
    lm_encoder_free(encoder);
    lm_vocab_free(vocab);
}

/* A vocabulary whose bytes follow a special token, with specials that begin alike. */
static struct lm_vocab *with_specials(void)
{
    struct lm_vocab *vocab = NULL;
    int32_t ids[LM_BYTES];
    for (int32_t i = 0; i < LM_BYTES; i++)
        ids[i] = i + 1;
    if (lm_vocab_create(&vocab, LM_PATTERN_GPT2, NULL, LM_MERGING_PAIRS, NULL) != LM_OK ||
        lm_vocab_set_bytes(vocab, ids) != LM_MERGE_FINE ||
        lm_vocab_add(vocab, 'a' + 1, 'b' + 1) != LM_MERGE_FINE ||
        lm_vocab_add_special(vocab, "<a", 2, 0, NULL) != LM_OK ||
        lm_vocab_add_special(vocab, "<ab>", 4, 400, NULL) != LM_OK ||
        lm_vocab_seal(vocab, NULL) != LM_OK)
        return NULL;
    return vocab;
}

static void specials_are_read_when_asked_for(struct tap *tap)
{
    struct lm_vocab *vocab = with_specials();
    REQUIRE(vocab != NULL);
    struct lm_encoder *encoder = lm_encoder_create(vocab);
    static const char text[] = "ab<ab>ab<ab<<a";
    static const int32_t plain[] = {257,     '<' + 1, 257,     '>' + 1, 257,
                                    '<' + 1, 257,     '<' + 1, '<' + 1, 'a' + 1};
    static const int32_t read[] = {257, 400, 257, 0, 'b' + 1, '<' + 1, 0};
    const int32_t *ids;
    size_t count;
    CHECK_INT(lm_vocab_size(vocab), 401);
    REQUIRE(lm_encode(encoder, text, sizeof text - 1, &ids, &count, NULL) == LM_OK);
    CHECK(count == 10 && memcmp(ids, plain, sizeof plain) == 0);
    lm_encoder_read_specials(encoder, true);
    REQUIRE(lm_encode(encoder, text, sizeof text - 1, &ids, &count, NULL) == LM_OK);
    CHECK(count == 7 && memcmp(ids, read, sizeof read) == 0);
    lm_encoder_read_specials(encoder, false);
    REQUIRE(lm_encode(encoder, "<a", 2, &ids, &count, NULL) == LM_OK);
    CHECK_INT(count, 2);
    lm_encoder_free(encoder);
    lm_vocab_free(vocab);
}

/* Tokens ab, bc, abc, and bcd that no pair makes: what is listed or ranked decides. */
static struct lm_vocab *merging_by(enum lm_merging merging)
{
    static const char *const tokens[] = {"bc", "ab", "abc", "abcd"};
    static const int32_t pairs[][2] = {{'b', 'c'}, {'a', 'b'}, {257, 'c'}, {-1, -1}};
    struct lm_vocab *vocab = NULL;
    if (lm_vocab_create(&vocab, LM_PATTERN_GPT2, NULL, merging, NULL) != LM_OK)
        return NULL;
    for (int32_t i = 0; i < 4; i++) {
        bool is_listed = merging != LM_MERGING_RANKS && pairs[i][0] >= 0;
        enum lm_merge_fault fault =
            is_listed
                ? lm_vocab_add(vocab, pairs[i][0], pairs[i][1])
                : lm_vocab_add_token(vocab, (const uint8_t *)tokens[i], strlen(tokens[i]), 256 + i);
        if (fault != LM_MERGE_FINE)
            return NULL;
    }
    return lm_vocab_seal(vocab, NULL) == LM_OK ? vocab : NULL;
}

static void merging_is_as_the_vocabulary_says(struct tap *tap)
{
    static const struct {
        enum lm_merging merging;
        const char *text;
        size_t count;
        int32_t ids[4];
    } cases[] = {
        /* bc comes first, then nothing is listed for a and bc. */
        {LM_MERGING_PAIRS, "abc", 2, {'a', 256}},
        {LM_MERGING_PAIRS, "abcd", 3, {'a', 256, 'd'}},
        {LM_MERGING_PAIRS_WHOLE, "abc", 1, {258}},
        {LM_MERGING_PAIRS_WHOLE, "abcd", 1, {259}},
        {LM_MERGING_PAIRS_WHOLE, "abcda", 4, {'a', 256, 'd', 'a'}},
        /* a and bc are the bytes of a token. */
        {LM_MERGING_RANKS, "abc", 1, {258}},
        {LM_MERGING_RANKS, "abcda", 2, {259, 'a'}},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lm_vocab *vocab = merging_by(cases[i].merging);
        REQUIRE(vocab != NULL);
        struct lm_encoder *encoder = lm_encoder_create(vocab);
        const int32_t *ids;
        size_t count;
        REQUIRE(lm_encode(encoder, cases[i].text, strlen(cases[i].text), &ids, &count, NULL) ==
                LM_OK);
        CHECK(count == cases[i].count && memcmp(ids, cases[i].ids, count * sizeof *ids) == 0);
        lm_encoder_free(encoder);
        lm_vocab_free(vocab);
    }
}

static const struct tap_test tests[] = {
    TAP_ROW(decode_undoes_encode) TAP_ROW(every_byte_and_pair) TAP_ROW(equals_the_naive_encoder)
        TAP_ROW(scan_and_heap_agree) TAP_ROW(cache_changes_nothing)
            TAP_ROW(a_token_need_not_encode_to_itself) TAP_ROW(long_pieces)
                TAP_ROW(specials_are_text_in_text) TAP_ROW(specials_are_read_when_asked_for)
                    TAP_ROW(merging_is_as_the_vocabulary_says)};

LM_TEST_FILE(tests)
