#include <lmpipe/tokenizer.h>

#include <unistd.h>

#include "base/pool.h"
#include "tap.h"
#include "text_samples.h"
#include "tokenizer/alphabet.h"
#include "tokenizer/bpe_train.h"

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

static void naive_init(struct naive *naive, const char *text, size_t size,
                       const struct lm_bpe_options *options)
{
    int32_t byte_ids[256];
    memset(naive, 0, sizeof *naive);
    lm_alphabet_ids(byte_ids);
    for (int i = 0; i < 256; i++)
        byte_ids[i] = options->byte_order == LM_BYTES_GPT2 ? byte_ids[i] : i;
    naive->ids = malloc((2 * size + 1) * sizeof *naive->ids);
    for (size_t at = 0; at < size;) {
        size_t length = first_piece(options->pattern, (const uint8_t *)text + at, size - at);
        for (size_t i = 0; i < length; i++)
            naive->ids[naive->count++] = byte_ids[(uint8_t)text[at + i]];
        naive->ids[naive->count++] = -1;
        at += length;
    }
    for (int i = 0; i < 256; i++) {
        naive->tokens[byte_ids[i]].bytes = malloc(1);
        naive->tokens[byte_ids[i]].bytes[0] = (char)i;
        naive->tokens[byte_ids[i]].size = 1;
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
    naive_init(naive, text, size, options);
    int64_t most = options->vocab_size - 256 - (int64_t)options->special_count;
    for (int64_t merge = 0;; merge++) {
        int32_t left = -1, right = -1, got_left = -1, got_right = -1, got_id = -1;
        int64_t count =
            merge == most ? 0 : naive_best(naive, (size_t)options->max_token_length, &left, &right);
        if (count < options->min_frequency || count == 0) {
            CHECK_INT(lm_vocab_merges(vocab), merge);
            break;
        }
        CHECK(lm_vocab_merge(vocab, merge, &got_left, &got_right, &got_id));
        CHECK_INT(got_left, left);
        CHECK_INT(got_right, right);
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
        const struct lm_bpe_options options = {
            .vocab_size = 256 + 60,
            .min_frequency = 1 + (int64_t)(i % 3),
            .max_token_length = i % 4 == 0 ? 3 + (int64_t)(i % 7) : 0,
            .byte_order = i % 5 == 0 ? LM_BYTES_GPT2 : LM_BYTES_RAW};
        check_against_naive(tap, text, sizeof text, &options);
        if (tap->failed)
            break;
    }
}

/* NUL, CR LF, ill-formed UTF-8, characters on which splitters differ. */
static void strange_texts(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(5, "strange");
    static const char tail[] = "a\0b a\0b\r\n\r\na\0b \xE4\xB8 \xE4\xB8\xAD\xE4\xB8 \xFF\xFF\xFF";
    for (uint64_t i = 0; i < LM_REPEAT(200u); i++) {
        uint8_t text[4 * 300 + sizeof tail];
        size_t size = i % 2 ? draw_tricky(text, 300, rng, i) : draw_bytes(text, 300, rng, i);
        memcpy(text + size, tail, sizeof tail);
        const struct lm_bpe_options options = {.vocab_size = 256 + 40,
                                               .min_frequency = 1,
                                               .byte_order = i % 3 ? LM_BYTES_RAW : LM_BYTES_GPT2};
        check_against_naive(tap, (const char *)text, size + sizeof tail, &options);
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

/* ---- counts without text ---- */

static void counts_are_64_bit(struct tap *tap)
{
    const struct lm_bpe_options options = {.vocab_size = 256 + 3, .min_frequency = 1};
    const int64_t large = INT64_C(3) << 40;
    struct lm_bpe_trainer *trainer = NULL;
    struct lm_vocab *vocab = NULL;
    REQUIRE(lm_bpe_trainer_create(&trainer, &options, NULL) == LM_OK);
    /* In 32 bits "cd" would have 0 and "ab" 2 occurrences. */
    for (int i = 0; i < 2; i++) {
        CHECK_INT(lm_bpe_trainer_put(trainer, 0, (const uint8_t *)"ab", 2, 1, NULL), LM_OK);
        CHECK_INT(lm_bpe_trainer_put(trainer, 0, (const uint8_t *)"cde", 3, large, NULL), LM_OK);
        CHECK_INT(lm_bpe_trainer_put(trainer, 0, (const uint8_t *)"xcd", 3, large, NULL), LM_OK);
    }
    REQUIRE(lm_bpe_trainer_learn(&vocab, trainer, NULL, NULL, NULL) == LM_OK);
    static const char *const want[] = {"cd", "xcd", "cde"};
    for (int32_t i = 0; i < 3; i++) {
        size_t size;
        const uint8_t *token = lm_vocab_token(vocab, 256 + i, &size);
        CHECK(size == strlen(want[i]) && memcmp(token, want[i], size) == 0);
    }
    lm_vocab_free(vocab);
    lm_bpe_trainer_free(trainer);
}

/* "abc" by a bc and by ab c: the second pair is not merged, and what follows goes on. */
static void equal_bytes_merge_once(struct tap *tap)
{
    struct lm_bpe_options options = {.vocab_size = 256 + 20, .min_frequency = 1};

    static const struct {
        const char *piece;
        int64_t times;
    } words[] = {{"bc", 1000}, {"abc", 100}, {"ab", 2000}, {"xbc", 900}, {"abd", 300}};

    struct lm_bpe_trainer *trainer = NULL;
    struct lm_vocab *vocab = NULL;
    REQUIRE(lm_bpe_trainer_create(&trainer, &options, NULL) == LM_OK);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        CHECK_INT(lm_bpe_trainer_put(trainer, 0, (const uint8_t *)words[i].piece,
                                     strlen(words[i].piece), words[i].times, NULL),
                  LM_OK);
    REQUIRE(lm_bpe_trainer_learn(&vocab, trainer, NULL, NULL, NULL) == LM_OK);
    size_t seen = 0;
    for (int32_t id = 256; id < lm_vocab_size(vocab); id++) {
        size_t size;
        const uint8_t *token = lm_vocab_token(vocab, id, &size);
        seen += size == 3 && memcmp(token, "abc", 3) == 0;
    }
    CHECK_INT(seen, 1);
    CHECK_INT(lm_vocab_merges(vocab), 5); /* ab bc xbc abd abc */
    lm_vocab_free(vocab);
    lm_bpe_trainer_free(trainer);
    /* All texts over two letters come to such pairs, "aaaa" first. */
    for (unsigned bits = 0; bits < 4096; bits += LM_SANITIZED ? 31 : 5) {
        char text[12];
        for (unsigned i = 0; i < sizeof text; i++)
            text[i] = bits >> i & 1 ? 'b' : 'a';
        check_against_naive(tap, text, sizeof text, &options);
    }
}

/* ---- the same result however it is counted ---- */

struct crowd {
    struct lm_bpe_trainer *trainer;
    const char *text;
    size_t size, part;
    enum lm_status status[4096];
};

static void count_part(void *user, size_t task, size_t worker)
{
    struct crowd *crowd = user;
    size_t start = task * crowd->part, size = crowd->size - start;
    crowd->status[task] =
        lm_bpe_trainer_add(crowd->trainer, worker, (const uint8_t *)crowd->text + start,
                           size < crowd->part ? size : crowd->part, NULL);
}

/* Learns from a text in documents of 500 bytes. */
static struct lm_vocab *learn_by(struct tap *tap, const char *text, size_t size,
                                 const struct lm_bpe_options *options, size_t *runs)
{
    struct lm_pool *pool = lm_pool_create(options->threads);
    struct crowd crowd = {.text = text, .size = size, .part = 500};
    struct lm_vocab *vocab = NULL;
    struct lm_err err = {LM_OK, ""};
    if (pool == NULL || lm_bpe_trainer_create(&crowd.trainer, options, NULL) != LM_OK)
        abort();
    size_t parts = (size + crowd.part - 1) / crowd.part;
    lm_pool_run(pool, parts, count_part, &crowd);
    for (size_t i = 0; i < parts; i++)
        CHECK_INT(crowd.status[i], LM_OK);
    *runs = lm_bpe_trainer_runs(crowd.trainer);
    CHECK_INT(lm_bpe_trainer_learn(&vocab, crowd.trainer, NULL, NULL, &err), LM_OK);
    lm_bpe_trainer_free(crowd.trainer);
    lm_pool_free(pool);
    return vocab;
}

static bool are_equal(const struct lm_vocab *a, const struct lm_vocab *b)
{
    if (a == NULL || b == NULL || lm_vocab_size(a) != lm_vocab_size(b))
        return false;
    for (int32_t id = 0; id < lm_vocab_size(a); id++) {
        size_t size_a, size_b;
        const uint8_t *x = lm_vocab_token(a, id, &size_a), *y = lm_vocab_token(b, id, &size_b);
        if (size_a != size_b || memcmp(x, y, size_a) != 0)
            return false;
    }
    return true;
}

/* Words of random letters, some long enough to leave their slots. */
static char *make_text(size_t size)
{
    char *text = malloc(size);
    struct lm_rng rng = lm_rng_stream(11, "words");
    for (size_t i = 0; text != NULL && i < size; i++) {
        uint64_t letter = lm_rng_below(rng, i, 0, 200);
        text[i] = letter < 30 && i % 200 > 60 ? ' ' : (char)('a' + letter % 7);
    }
    return text;
}

static void any_number_of_threads(struct tap *tap)
{
    const size_t size = 500 * LM_REPEAT(4000);
    char *text = make_text(size);
    struct lm_bpe_options options = {.vocab_size = 1200, .min_frequency = 2, .threads = 1};
    size_t runs;
    struct lm_vocab *one = learn_by(tap, text, size, &options, &runs);
    CHECK_INT(lm_vocab_size(one), 1200);
    CHECK_INT(runs, 0);
    for (options.threads = 2; options.threads <= 7; options.threads += 5) {
        struct lm_vocab *many = learn_by(tap, text, size, &options, &runs);
        CHECK(are_equal(one, many));
        lm_vocab_free(many);
    }
    lm_vocab_free(one);
    free(text);
}

static void spilled_is_the_same(struct tap *tap)
{
    const size_t size = 500 * LM_REPEAT(4000);
    char *text = make_text(size), folder[] = "/tmp/lmpipe-test-XXXXXX";
    REQUIRE(text != NULL && mkdtemp(folder) != NULL);
    struct lm_bpe_options options = {.vocab_size = 1200, .min_frequency = 2, .threads = 1};
    size_t runs;
    struct lm_vocab *memory = learn_by(tap, text, size, &options, &runs);
    static const size_t budgets[] = {1, 100 << 10, 200 << 10};
    options.spill_folder = folder;
    for (size_t i = 0; i < 6; i++) {
        options.count_memory = budgets[i % 3];
        options.threads = i < 3 ? 1 : 3;
        struct lm_vocab *spilled = learn_by(tap, text, size, &options, &runs);
        CHECK(runs > 1);
        CHECK(are_equal(memory, spilled));
        lm_vocab_free(spilled);
    }
    struct lm_arena *arena = lm_arena_create();
    struct lm_names names = {NULL, 0};
    CHECK_INT(lm_dir_list(&names, arena, folder, NULL), LM_OK);
    CHECK_INT(names.count, 0); /* the files have no names */
    lm_arena_free(arena);
    lm_vocab_free(memory);
    CHECK(rmdir(folder) == 0);
    free(text);
}

static void spilling_can_fail(struct tap *tap)
{
    struct lm_bpe_options options = {.vocab_size = 300, .min_frequency = 1, .count_memory = 1};
    struct lm_bpe_trainer *trainer = NULL;
    struct lm_err err;
    CHECK_INT(lm_bpe_trainer_create(&trainer, &options, &err), LM_INVALID);
    options.spill_folder = "/nowhere/at/all";
    REQUIRE(lm_bpe_trainer_create(&trainer, &options, &err) == LM_OK);
    CHECK_INT(lm_bpe_trainer_add(trainer, 0, (const uint8_t *)"some words", 10, &err), LM_OK);
    CHECK_INT(lm_bpe_trainer_add(trainer, 0, (const uint8_t *)"some words", 10, &err),
              LM_NOT_FOUND);
    CHECK(strstr(err.text, "/nowhere/at/all") != NULL);
    lm_bpe_trainer_free(trainer);
}

/* Pieces beyond what is kept in cells, beside short ones, against the reference. */
static void long_pieces(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(13, "long");
    for (uint64_t i = 0; i < LM_REPEAT(60u) + 2; i++) {
        char text[2500];
        for (size_t j = 0; j < sizeof text; j++)
            text[j] =
                j % 700 == 650 || j % 17 == i ? ' ' : "aabc"[lm_rng_below(rng, i, j, 2 + i % 3)];
        const struct lm_bpe_options options = {.vocab_size = 256 + 90,
                                               .min_frequency = 1 + (int64_t)(i % 2)};
        check_against_naive(tap, text, sizeof text, &options);
        if (tap->failed)
            return;
    }
    char same[1000];
    memset(same, 'a', sizeof same);
    for (size_t size = 250; size < 530; size += 1 + size % 9) {
        const struct lm_bpe_options options = {.vocab_size = 256 + 20, .min_frequency = 1};
        check_against_naive(tap, same, size, &options);
    }
}

/* One line of 10 MB; one piece of 1 MB beside words. */
static void long_lines(struct tap *tap)
{
    const size_t size = LM_REPEAT(10 << 20), piece = LM_REPEAT(1 << 20);
    char *text = make_text(size);
    struct lm_bpe_options options = {.vocab_size = 700, .min_frequency = 2};
    struct lm_vocab *vocab = NULL;
    REQUIRE(learn(&vocab, text, size, &options, NULL) == LM_OK);
    CHECK_INT(lm_vocab_size(vocab), 700);
    lm_vocab_free(vocab);
    for (size_t i = 0; i < piece; i++)
        text[i] = (char)('a' + text[i] % 5);
    options.vocab_size = 400;
    REQUIRE(learn(&vocab, text, size / 4, &options, NULL) == LM_OK);
    CHECK_INT(lm_vocab_size(vocab), 400);
    lm_vocab_free(vocab);
    free(text);
}

static void empty_corpora(struct tap *tap)
{
    const struct lm_bpe_options options = {.vocab_size = 300, .min_frequency = 1};
    static const char *const texts[] = {"", "a", "a\n", " "};
    struct lm_vocab *vocab = NULL;
    struct memory_documents none = {texts, NULL, 0, 0};
    REQUIRE(lm_bpe_train(&vocab, &options, next_memory_document, &none, NULL, NULL, NULL) == LM_OK);
    CHECK_INT(lm_vocab_size(vocab), 256);
    lm_vocab_free(vocab);
    for (size_t i = 0; i < 4; i++) {
        REQUIRE(learn(&vocab, texts[i], strlen(texts[i]), &options, NULL) == LM_OK);
        CHECK_INT(lm_vocab_size(vocab), 256);
        lm_vocab_free(vocab);
    }
}

static const struct tap_test tests[] = {
    TAP_ROW(ties_only) TAP_ROW(random_texts) TAP_ROW(strange_texts) TAP_ROW(bounds_are_inclusive)
        TAP_ROW(small_and_large_sizes) TAP_ROW(empty_corpora) TAP_ROW(cancel)
            TAP_ROW(order_of_documents_does_not_matter) TAP_ROW(counts_are_64_bit)
                TAP_ROW(equal_bytes_merge_once) TAP_ROW(any_number_of_threads)
                    TAP_ROW(spilled_is_the_same) TAP_ROW(spilling_can_fail) TAP_ROW(long_pieces)
                        TAP_ROW(long_lines) TAP_ROW(real_text)};

LM_TEST_FILE(tests)
