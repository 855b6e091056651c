#include <inttypes.h>
#include <unistd.h>

#include <lmpipe/hash.h>

#include "tap.h"
#include "text_samples.h"
#include "tokenizer/vocab.h"

static const char sample[] =
    "the cat sat on the mat, the cats sat \xE4\xB8\xAD\xE6\x96\x87 \xFF\xFE "
    "there then them the\n\tthe\x01\x7F\xC2\xAD \xC2\xAD \x01\x7F";

static const char *scratch_file(struct lm_arena *arena)
{
    return lm_arena_printf(arena, "test_vocab.%ld.tmp", (long)getpid());
}

/* The file of the sample's vocabulary, as bytes in the arena. */
static char *saved(struct tap *tap, struct lm_arena *arena, size_t *size)
{
    struct lm_vocab *vocab = learn_from(sample, strlen(sample), 290, LM_PATTERN_GPT2);
    const char *path = scratch_file(arena);
    char *text = NULL;
    CHECK(lm_vocab_save(vocab, path, NULL) == LM_OK);
    CHECK(lm_file_read(&text, size, arena, path, 1u << 20, NULL) == LM_OK);
    lm_vocab_free(vocab);
    return text;
}

static void round_trip(struct tap *tap)
{
    static const char *const specials[] = {"<|user name|>", "<|endoftext|>"};
    const char *const texts[] = {sample};
    struct lm_arena *arena = lm_arena_create();
    const char *path = scratch_file(arena);
    for (size_t pattern = 0; pattern < 3; pattern++) {
        const struct lm_bpe_options options = {.vocab_size = 290,
                                               .min_frequency = 1,
                                               .pattern = (enum lm_pattern)pattern,
                                               .specials = specials,
                                               .special_count = 2};
        struct memory_documents documents = {texts, NULL, 1, 0};
        struct lm_vocab *vocab = NULL, *again = NULL;
        char *first, *second;
        size_t first_size, second_size;
        REQUIRE(lm_bpe_train(&vocab, &options, next_memory_document, &documents, NULL, NULL,
                             NULL) == LM_OK);
        REQUIRE(lm_vocab_save(vocab, path, NULL) == LM_OK);
        REQUIRE(lm_file_read(&first, &first_size, arena, path, 1u << 20, NULL) == LM_OK);
        REQUIRE(lm_vocab_load(&again, path, NULL) == LM_OK);
        REQUIRE(lm_vocab_save(again, path, NULL) == LM_OK);
        REQUIRE(lm_file_read(&second, &second_size, arena, path, 1u << 20, NULL) == LM_OK);
        CHECK(first_size == second_size && memcmp(first, second, first_size) == 0);
        CHECK_INT(lm_vocab_size(again), lm_vocab_size(vocab));
        CHECK_INT(lm_vocab_merges(again), lm_vocab_merges(vocab));
        CHECK_INT(lm_vocab_pattern(again), pattern);
        CHECK_INT(lm_vocab_end_of_text(again), lm_vocab_size(vocab) - 1);
        CHECK(lm_vocab_is_special(again, (int32_t)lm_vocab_size(vocab) - 2));
        CHECK(!lm_vocab_is_special(again, (int32_t)lm_vocab_size(vocab) - 3));
        lm_vocab_free(vocab);
        lm_vocab_free(again);
    }
    unlink(path);
    lm_arena_free(arena);
}

static void out_of_range_ids(struct tap *tap)
{
    struct lm_vocab *vocab = learn_from(sample, strlen(sample), 290, LM_PATTERN_GPT2);
    const int32_t bad[] = {-1, INT32_MIN, (int32_t)lm_vocab_size(vocab), INT32_MAX};
    for (size_t i = 0; i < 4; i++) {
        size_t size = 1;
        int32_t left, right, id;
        CHECK(lm_vocab_token(vocab, bad[i], &size) == NULL && size == 0);
        CHECK(!lm_vocab_is_special(vocab, bad[i]));
        CHECK(!lm_vocab_merge(vocab, bad[i], &left, &right, &id));
    }
    lm_vocab_free(vocab);
}

/* Loads `text`; the verdict with its message in err. */
static enum lm_status load_text(struct lm_arena *arena, const char *text, size_t size,
                                struct lm_err *err)
{
    const char *path = scratch_file(arena);
    struct lm_vocab *vocab = NULL;
    enum lm_status status = lm_file_write(path, text, size, err);
    if (status == LM_OK)
        status = lm_vocab_load(&vocab, path, err);
    lm_vocab_free(vocab);
    unlink(path);
    return status;
}

static char *with_check_line(struct lm_arena *arena, const char *text, size_t size)
{
    return lm_arena_printf(arena, "%.*scheck %016" PRIx64 "\n", (int)size, text,
                           lm_hash64(text, size, 0));
}

static void every_damage_is_noticed(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(1, "damage");
    struct lm_arena *arena = lm_arena_create();
    size_t size;
    char *good = saved(tap, arena, &size);
    REQUIRE(good != NULL && load_text(arena, good, size, NULL) == LM_OK);
    char *text = lm_arena_alloc(arena, size + 100);
    for (uint64_t i = 0; i < 1000; i++) {
        memcpy(text, good, size);
        size_t length = size, at = (size_t)lm_rng_below(rng, i, 0, size);
        if (i % 3 == 0)
            text[at] = (char)(text[at] ^ (1 << lm_rng_below(rng, i, 1, 8)));
        else if (i % 3 == 1)
            length = at;
        else
            memmove(text + at + 1, text + at, length++ - at);
        struct lm_err err = {LM_OK, ""};
        CHECK(load_text(arena, text, length, &err) != LM_OK);
        CHECK(strchr(err.text, ';') != NULL && strchr(err.text, '\n') == NULL);
    }
    lm_arena_free(arena);
}

/* The same with a check line that fits: the content is judged; anything but a crash will do. */
static void content_is_checked_too(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(2, "damage");
    struct lm_arena *arena = lm_arena_create();
    size_t size, refused = 0;
    char *good = saved(tap, arena, &size);
    const size_t body = size - 23;
    char *text = lm_arena_alloc(arena, size + 100);
    for (uint64_t i = 0; i < 1000; i++) {
        struct lm_arena_mark mark = lm_arena_mark(arena);
        memcpy(text, good, body);
        size_t at = (size_t)lm_rng_below(rng, i, 0, body);
        text[at] = "\n 09aA\xC4\xFF"[lm_rng_below(rng, i, 1, 8)];
        const char *whole = with_check_line(arena, text, i % 4 ? body : at + 1);
        struct lm_err err = {LM_OK, ""};
        if (load_text(arena, whole, strlen(whole), &err) != LM_OK) {
            refused++;
            CHECK(strchr(err.text, ';') != NULL);
        }
        lm_arena_rewind(arena, mark);
    }
    CHECK(refused > 900);
    lm_arena_free(arena);
}

static const char head[] = "lmpipe-vocab 1\npattern gpt2\nunicode 15.0.0\nbyte_order raw\n"
                           "merging pairs\n";

static void faults_have_words(struct tap *tap)
{
    static const struct {
        const char *rest, *words;
    } cases[] = {
        {"merges 1\nspecials 0\nend_of_text -1\na b\n", NULL},
        {"merges 0\nspecials 1\nend_of_text 256\n<x>\n", NULL},
        {"merges 2\nspecials 0\nend_of_text -1\na b\nab c\n", NULL},
        {"merges 2\nspecials 0\nend_of_text -1\nab c\na b\n",
         ":9: a part is not a token of an earlier"},
        {"merges 2\nspecials 0\nend_of_text -1\na b\na b\n", ":10: a token with these bytes"},
        {"merges 1\nspecials 0\nend_of_text -1\nabcd\n", NULL},
        {"merges 2\nspecials 1\nend_of_text 900\nabcd\t300\na b\n<x>\t900\n", NULL},
        {"merges 3\nspecials 0\nend_of_text -1\na b\nab c\na bc\n", ":11: a part is not"},
        {"merges 4\nspecials 0\nend_of_text -1\na b\nb c\nab c\na bc\t258\n", NULL},
        {"merges 4\nspecials 0\nend_of_text -1\na b\nb c\nab c\na bc\t257\n",
         ":12: a token with these bytes"},
        {"merges 1\nspecials 0\nend_of_text -1\na b\t97\n", ":9: the id has a token"},
        {"merges 1\nspecials 0\nend_of_text -1\na b\t256\n", ":9: not an id, or one that need"},
        {"merges 1\nspecials 0\nend_of_text -1\na b\t9999999\n", ":9: the id is out of bounds"},
        {"merges 1\nspecials 0\nend_of_text -1\na b\t-1\n", ":9: not an id"},
        {"merges 1\nspecials 0\nend_of_text -1\na b\t\n", ":9: not an id"},
        {"merges 0\nspecials 1\nend_of_text -1\nx\t97\n", ":9: special token \"x\" cannot have"},
        {"merges 1\nspecials 0\nend_of_text -1\na b c\n",
         ":9: a character that stands for no byte"},
        {"merges 1\nspecials 0\nend_of_text -1\n a\n\n", ":9: a character that stands for no byte"},
        {"merges 2\nspecials 0\nend_of_text -1\na b\n", ":10: the file ends too early"},
        {"merges 0\nspecials 0\nend_of_text -1\na b\n", ":9: more lines than announced"},
        {"merges 01\nspecials 0\nend_of_text -1\na b\n", ":6: not a number"},
        {"merges 99999999\nspecials 0\nend_of_text -1\na b\n", ":6: not a number"},
        {"merges 16777216\nspecials 0\nend_of_text -1\na b\n", ":10: the file ends too early"},
        {"merges -1\nspecials 0\nend_of_text -1\n", ":6: not a number"},
        {"merges 1\nspecials 0\nend_of_text 256\na b\n", "end_of_text is not"},
        {"merges 0\nspecials 2\nend_of_text -1\nx\nx\n", ":10: special token \"x\" is there twice"},
        {"specials 0\nmerges 0\nend_of_text -1\n", ":6: not the header line"},
    };
    struct lm_arena *arena = lm_arena_create();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *body = lm_arena_printf(arena, "%s%s", head, cases[i].rest);
        const char *text = with_check_line(arena, body, strlen(body));
        struct lm_err err = {LM_OK, ""};
        enum lm_status status = load_text(arena, text, strlen(text), &err);
        bool is_as_told = cases[i].words == NULL
                              ? status == LM_OK
                              : status != LM_OK && strstr(err.text, cases[i].words);
        if (!is_as_told)
            printf("# case %zu: %s\n", i, err.text);
        CHECK(is_as_told);
    }
    struct lm_err err;
    CHECK_INT(load_text(arena, "", 0, &err), LM_FORMAT);
    CHECK_INT(load_text(arena, "some text\n", 10, &err), LM_FORMAT);
    struct lm_vocab *vocab = NULL;
    CHECK_INT(lm_vocab_load(&vocab, "no/such/file", &err), LM_NOT_FOUND);
    lm_arena_free(arena);
}

/* What is read is written again byte for byte, whatever the ids. */
static void foreign_ids_round_trip(struct tap *tap)
{
    static const char *const rests[] = {
        "byte_order gpt2\nmerging pairs\nmerges 2\nspecials 1\nend_of_text 258\na b\nab c\n<x>\n",
        "byte_order raw\nmerging ranks\nmerges 3\nspecials 2\nend_of_text 300\nab\nabc\t260\nbc\n"
        "<x>\t299\n<y>\n",
        "byte_order raw\nmerging pairs_whole\nmerges 4\nspecials 0\nend_of_text -1\na b\nb c\nab "
        "c\n"
        "a bc\t258\n",
        "byte_order raw\nmerging pairs\nmerges 2\nspecials 0\nend_of_text -1\na b\t400\nab "
        "c\t300\n",
    };
    struct lm_arena *arena = lm_arena_create();
    const char *path = scratch_file(arena);
    for (size_t i = 0; i < sizeof rests / sizeof rests[0]; i++) {
        const char *body =
            lm_arena_printf(arena, "lmpipe-vocab 1\npattern gpt2\nunicode 15.0.0\n%s", rests[i]);
        const char *text = with_check_line(arena, body, strlen(body));
        struct lm_err err = {LM_OK, ""};
        struct lm_vocab *vocab = NULL;
        char *again;
        size_t size;
        REQUIRE(lm_file_write(path, text, strlen(text), NULL) == LM_OK);
        CHECK(lm_vocab_load(&vocab, path, &err) == LM_OK);
        CHECK_STR(err.text, "");
        REQUIRE(vocab != NULL && lm_vocab_save(vocab, path, NULL) == LM_OK);
        REQUIRE(lm_file_read(&again, &size, arena, path, 1u << 20, NULL) == LM_OK);
        CHECK_STR(again, text);
        lm_vocab_free(vocab);
    }
    unlink(path);
    lm_arena_free(arena);
}

static void bytes_may_have_any_ids(struct tap *tap)
{
    struct lm_vocab *vocab = NULL, *again = NULL;
    struct lm_arena *arena = lm_arena_create();
    const char *path = scratch_file(arena);
    int32_t ids[LM_BYTES], left, right, id;
    size_t size;
    for (int32_t i = 0; i < LM_BYTES; i++)
        ids[i] = 1000 - 2 * i;
    REQUIRE(lm_vocab_create(&vocab, LM_PATTERN_GPT2, NULL, LM_MERGING_PAIRS, NULL) == LM_OK);
    REQUIRE(lm_vocab_set_bytes(vocab, ids) == LM_MERGE_FINE);
    CHECK_INT(lm_vocab_add(vocab, 1000, 998), LM_MERGE_FINE);
    CHECK_INT(lm_vocab_add(vocab, 1000, 997), LM_MERGE_UNKNOWN);
    REQUIRE(lm_vocab_seal(vocab, NULL) == LM_OK && lm_vocab_save(vocab, path, NULL) == LM_OK);
    REQUIRE(lm_vocab_load(&again, path, NULL) == LM_OK);
    CHECK(lm_vocab_merge(again, 0, &left, &right, &id) && left == 1000 && right == 998);
    CHECK_INT(id, 1001);
    CHECK_INT(lm_vocab_size(again), 1002);
    CHECK_INT(lm_vocab_token(again, 1001, &size)[1], 1);
    CHECK(lm_vocab_token(again, 999, &size) == NULL);
    lm_vocab_free(vocab);
    lm_vocab_free(again);
    unlink(path);
    lm_arena_free(arena);
}

/* The example of docs/formats/vocab.md is a vocabulary. */
static void the_documented_example_loads(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    char *page;
    size_t size;
    struct lm_err err = {LM_OK, ""};
    REQUIRE(lm_file_read(&page, &size, arena, LM_TEST_DATA "/../../docs/formats/vocab.md", 1u << 20,
                         NULL) == LM_OK);
    const char *start = strstr(page, "```\n") + 4, *end = strstr(start, "```");
    CHECK(load_text(arena, start, (size_t)(end - start), &err) == LM_OK);
    CHECK_STR(err.text, "");
    lm_arena_free(arena);
}

/* 80 doublings would be a token of 2^80 bytes: refused, not attempted. */
static void tokens_cannot_explode(struct tap *tap)
{
    struct lm_vocab *vocab = NULL;
    REQUIRE(lm_vocab_create(&vocab, LM_PATTERN_GPT2, NULL, LM_MERGING_PAIRS, NULL) == LM_OK);
    int32_t last = 'a', added = 0;
    while (lm_vocab_add(vocab, last, last) == LM_MERGE_FINE)
        last = 256 + added++;
    CHECK_INT(added, 20);
    CHECK_INT(lm_vocab_add(vocab, last, last), LM_MERGE_LONG);
    REQUIRE(lm_vocab_seal(vocab, NULL) == LM_OK);
    lm_vocab_free(vocab);
}

static const struct tap_test tests[] = {
    TAP_ROW(round_trip) TAP_ROW(out_of_range_ids) TAP_ROW(every_damage_is_noticed)
        TAP_ROW(content_is_checked_too) TAP_ROW(faults_have_words) TAP_ROW(tokens_cannot_explode)
            TAP_ROW(foreign_ids_round_trip) TAP_ROW(bytes_may_have_any_ids)
                TAP_ROW(the_documented_example_loads)};

LM_TEST_FILE(tests)
