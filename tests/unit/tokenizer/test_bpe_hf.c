/*
 * Merges equal to Hugging Face's, over all that is English in LMPIPE_DATA. The digests are printed
 * by tools/fixtures/bpe_merges.mjs (npm tokenizers 0.23.2, November 2026), which says what the
 * documents are. Builds that check every access take the smallest folder alone.
 */
#include <lmpipe/hash.h>
#include <lmpipe/tokenizer.h>

#include "tap.h"
#include "text_samples.h"
#include "tokenizer/alphabet.h"

struct fixture {
    const char *const *folders;
    size_t files;
    int64_t vocab_size; /* as many tokens as theirs, and the bytes that do not occur */
    int64_t merges;
    const char *sha256;
};

static const char *const english[] = {"english-novels",  "british-fiction", "peps",
                                      "tinyshakespeare", "wikitext-2",      NULL};
static const char *const wikitext[] = {"wikitext-2", NULL};

/* The second one ends when its text is used up. */
static const struct fixture whole = {
    english, 450, 256 + 29813, 29813,
    "3e49ad3cb78d9a5239ce0ee54a530f4a28eec25677dae3713589c194955075d2"};
static const struct fixture small = {
    wikitext, 2, 40000, 25985, "0db8648c3b22330c8a1250b33d155817fdc9f0b9a009a65f268729b490690cbf"};

/* Counts the lines of a file, each with its newline, as documents. */
static void count_lines(struct tap *tap, struct lm_bpe_trainer *trainer, const char *path)
{
    struct lm_arena *arena = lm_arena_create();
    char *text;
    size_t size, end;
    REQUIRE(arena != NULL && lm_file_read(&text, &size, arena, path, 1u << 30, NULL) == LM_OK);
    for (size_t at = 0; at < size; at = end) {
        const char *newline = memchr(text + at, '\n', size - at);
        end = newline != NULL ? (size_t)(newline - text) + 1 : size;
        REQUIRE(lm_bpe_trainer_add(trainer, 0, (const uint8_t *)text + at, end - at, NULL) ==
                LM_OK);
    }
    lm_arena_free(arena);
}

static size_t count_folder(struct tap *tap, struct lm_bpe_trainer *trainer, const char *name)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_names names = {NULL, 0};
    const char *folder = lm_path_join(arena, getenv("LMPIPE_DATA"), name);
    CHECK_INT(lm_dir_list(&names, arena, folder, NULL), LM_OK);
    for (size_t i = 0; i < names.count; i++)
        count_lines(tap, trainer, lm_path_join(arena, folder, names.items[i]));
    size_t count = names.count;
    lm_arena_free(arena);
    return count;
}

/* SHA-256 of "LEFT RIGHT\n" for each merge, in the printable alphabet. */
static void digest_of(char hex[LM_DIGEST_HEX], const struct lm_vocab *vocab)
{
    struct lm_buf list;
    struct lm_digest digest;
    lm_buf_init(&list, 0);
    for (int64_t i = 0; i < lm_vocab_merges(vocab); i++) {
        int32_t parts[2] = {0, 0}, id;
        lm_vocab_merge(vocab, i, &parts[0], &parts[1], &id);
        for (size_t side = 0; side < 2; side++) {
            size_t size;
            const uint8_t *bytes = lm_vocab_token(vocab, parts[side], &size);
            lm_alphabet_write(&list, bytes, size);
            lm_buf_putc(&list, side == 0 ? ' ' : '\n');
        }
    }
    lm_sha256_bytes(&digest, list.data, list.size);
    lm_digest_hex(hex, &digest);
    lm_buf_release(&list);
}

static void check_fixture(struct tap *tap, const struct fixture *fixture)
{
    const struct lm_bpe_options options = {
        .vocab_size = fixture->vocab_size, .min_frequency = 1, .byte_order = LM_BYTES_GPT2};
    struct lm_bpe_trainer *trainer = NULL;
    struct lm_vocab *vocab = NULL;
    size_t files = 0;
    char hex[LM_DIGEST_HEX];
    REQUIRE(lm_bpe_trainer_create(&trainer, &options, NULL) == LM_OK);
    for (size_t i = 0; fixture->folders[i] != NULL; i++)
        files += count_folder(tap, trainer, fixture->folders[i]);
    CHECK_INT(files, fixture->files);
    CHECK_INT(lm_bpe_trainer_learn(&vocab, trainer, NULL, NULL, NULL), LM_OK);
    lm_bpe_trainer_free(trainer);
    REQUIRE(vocab != NULL);
    CHECK_INT(lm_vocab_merges(vocab), fixture->merges);
    digest_of(hex, vocab);
    CHECK_STR(hex, fixture->sha256);
    lm_vocab_free(vocab);
}

static void all_english(struct tap *tap)
{
    if (getenv("LMPIPE_DATA") == NULL)
        SKIP("LMPIPE_DATA is not set");
    check_fixture(tap, &whole);
}

static void until_no_pair_is_left(struct tap *tap)
{
    if (getenv("LMPIPE_DATA") == NULL)
        SKIP("LMPIPE_DATA is not set");
    check_fixture(tap, &small);
}

static const struct tap_test tests[] = {TAP_ROW(all_english) TAP_ROW(until_no_pair_is_left)};

LM_TEST_FILE(tests)
