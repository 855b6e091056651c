#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <lmpipe/hash.h>
#include <lmpipe/tokenizer.h>

#include "tap.h"
#include "text/pretoken.h"
#include "text_samples.h"

/* The pattern as GPT-2's encoder.py has it (Radford et al. 2019). */
static const char published[] =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

struct oracle {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

static bool oracle_init(struct oracle *oracle)
{
    int error;
    PCRE2_SIZE offset;
    oracle->code =
        pcre2_compile((PCRE2_SPTR)published, PCRE2_ZERO_TERMINATED,
                      PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY, &error, &offset, NULL);
    if (oracle->code == NULL)
        return false;
    pcre2_jit_compile(oracle->code, PCRE2_JIT_COMPLETE);
    oracle->match = pcre2_match_data_create_from_pattern(oracle->code, NULL);
    oracle->context = pcre2_match_context_create(NULL);
    oracle->stack = pcre2_jit_stack_create(1u << 16, 8u << 20, NULL);
    pcre2_jit_stack_assign(oracle->context, NULL, oracle->stack);
    return true;
}

static void oracle_release(struct oracle *oracle)
{
    pcre2_match_data_free(oracle->match);
    pcre2_match_context_free(oracle->context);
    pcre2_jit_stack_free(oracle->stack);
    pcre2_code_free(oracle->code);
}

static size_t oracle_next(const struct oracle *oracle, const uint8_t *text, size_t size, size_t at)
{
    int rc = pcre2_match(oracle->code, text, size, at, PCRE2_NO_UTF_CHECK, oracle->match,
                         oracle->context);
    const PCRE2_SIZE *found = pcre2_get_ovector_pointer(oracle->match);
    return rc < 1 || found[0] != at ? 0 : found[1] - found[0];
}

/* Where scanner and oracle first differ, or `size`. */
static size_t first_difference(const struct oracle *oracle, const uint8_t *text, size_t size)
{
    for (size_t at = 0; at < size;) {
        size_t length = lm_pretoken_next(LM_PATTERN_GPT2, text + at, size - at);
        if (length == 0 || length != oracle_next(oracle, text, size, at))
            return at;
        at += length;
    }
    return size;
}

static void gpt2_equals_pcre2_on_tricky_strings(struct tap *tap)
{
    struct oracle oracle;
    REQUIRE(oracle_init(&oracle));
    struct lm_rng rng = lm_rng_stream(7, "pretoken");
    uint8_t text[4 * 24];
    for (uint64_t i = 0; i < LM_REPEAT(400000u) && tap->failed == 0; i++) {
        size_t size = draw_tricky(text, 24, rng, i);
        CHECK_INT(first_difference(&oracle, text, size), size);
    }
    oracle_release(&oracle);
}

static size_t valid_prefix_of_file(struct tap *tap, struct lm_arena *arena, const char *path,
                                   char **text)
{
    size_t size = 0;
    *text = NULL;
    CHECK(lm_file_read(text, &size, arena, path, (size_t)1 << 30, NULL) == LM_OK);
    return *text == NULL ? 0 : lm_utf8_valid_prefix((const uint8_t *)*text, size);
}

static void gpt2_equals_pcre2_on_real_text(struct tap *tap)
{
    const char *folder = getenv("LMPIPE_DATA");
    if (folder == NULL)
        SKIP("LMPIPE_DATA is not set");
    struct oracle oracle;
    REQUIRE(oracle_init(&oracle));
    struct lm_arena *arena = lm_arena_create();
    struct lm_names names = {NULL, 0};
    REQUIRE(lm_dir_walk(&names, arena, folder, NULL) == LM_OK);
    size_t bytes = 0;
    for (size_t i = 0; i < names.count; i += LM_REPEAT(20) == 20 ? 1 : 20) {
        struct lm_arena_mark mark = lm_arena_mark(arena);
        const char *path = lm_path_join(arena, folder, names.items[i]);
        char *text;
        size_t size = valid_prefix_of_file(tap, arena, path, &text);
        size_t differs = first_difference(&oracle, (const uint8_t *)text, size);
        /* The one known difference: PCRE2 takes U+180E for white space, Unicode does not. */
        if (differs != size && memmem(text, size, "\xE1\xA0\x8E", 3) == NULL) {
            printf("# %s differs at byte %zu\n", names.items[i], differs);
            tap->failed++;
        }
        bytes += size;
        lm_arena_rewind(arena, mark);
    }
    printf("# %zu files, %zu bytes\n", names.count, bytes);
    CHECK(bytes > 0);
    lm_arena_free(arena);
    oracle_release(&oracle);
}

/* Pieces joined by '|'. */
static void split(char *out, enum lm_pattern pattern, const char *text)
{
    size_t size = strlen(text);
    for (size_t at = 0; at < size;) {
        size_t length = lm_pretoken_next(pattern, (const uint8_t *)text + at, size - at);
        memcpy(out, text + at, length);
        out += length;
        at += length;
        *out++ = '|';
    }
    *out = '\0';
}

static void known_splits(struct tap *tap)
{
    static const struct {
        enum lm_pattern pattern;
        const char *text, *pieces;
    } cases[] = {
        {LM_PATTERN_GPT2, "Hello world", "Hello| world|"},
        {LM_PATTERN_GPT2, "a  b", "a| | b|"},
        {LM_PATTERN_GPT2, "a \n b", "a| \n| b|"},
        {LM_PATTERN_GPT2, "a\n\nb", "a|\n|\n|b|"},
        {LM_PATTERN_GPT2, "a  ", "a|  |"},
        {LM_PATTERN_GPT2, "I'm 'sure they'll", "I|'m| '|sure| they|'ll|"},
        {LM_PATTERN_GPT2, "'sure", "'s|ure|"},
        {LM_PATTERN_GPT2, "I'M x'S", "I|'|M| x|'|S|"},
        {LM_PATTERN_GPT2, "x1.5!?y", "x|1|.|5|!?|y|"},
        {LM_PATTERN_GPT2, "\r\n\r\n", "\r\n\r\n|"},
        {LM_PATTERN_GPT2, "<|endoftext|>", "<||endoftext||>|"},
        {LM_PATTERN_GPT2, "\xE4\xB8\xAD\xE6\x96\x87", "\xE4\xB8\xAD\xE6\x96\x87|"},
        {LM_PATTERN_GPT2,
         "a\xE3\x80\x80\xE3\x80\x80"
         "b",
         "a|\xE3\x80\x80|\xE3\x80\x80|b|"},
        /* Ill-formed bytes are "other" characters: they run together and are never lost. */
        {LM_PATTERN_GPT2,
         "a\xFF\xFE"
         "b",
         "a|\xFF\xFE|b|"},
        {LM_PATTERN_GPT2,
         " \xE4\xB8"
         "z",
         " \xE4\xB8|z|"},
        {LM_PATTERN_GPT2, "\xED\xA0\x80\xC0\xAF!", "\xED\xA0\x80\xC0\xAF!|"},
        {LM_PATTERN_CHARS, "a \xE4\xB8\xAD\xFF\n", "a| |\xE4\xB8\xAD|\xFF|\n|"},
        {LM_PATTERN_BYTES, "a\xC3\xA9", "a|\xC3|\xA9|"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[200];
        split(out, cases[i].pattern, cases[i].text);
        CHECK_STR(out, cases[i].pieces);
    }
}

static void mongolian_vowel_separator_is_no_space(struct tap *tap)
{
    /* U+180E lost White_Space in Unicode 6.3; PCRE2 still counts it. */
    const uint8_t text[] = "a\xE1\xA0\x8E";
    CHECK_INT(lm_pretoken_next(LM_PATTERN_GPT2, text, 4), 1);
    const uint8_t after[] = " \xE1\xA0\x8E";
    CHECK_INT(lm_pretoken_next(LM_PATTERN_GPT2, after, 4), 4);
}

static void pieces_cover_every_byte_string(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(8, "pretoken");
    uint8_t text[40];
    for (uint64_t i = 0; i < LM_REPEAT(100000u) && tap->failed == 0; i++) {
        size_t size = draw_bytes(text, sizeof text, rng, i);
        for (size_t pattern = 0; lm_pattern_names[pattern] != NULL; pattern++)
            for (size_t at = 0; at < size;) {
                size_t length = lm_pretoken_next((enum lm_pattern)pattern, text + at, size - at);
                REQUIRE(length >= 1 && length <= size - at);
                at += length;
            }
    }
}

static const struct tap_test tests[] = {
    TAP_ROW(known_splits) TAP_ROW(mongolian_vowel_separator_is_no_space)
        TAP_ROW(pieces_cover_every_byte_string) TAP_ROW(gpt2_equals_pcre2_on_tricky_strings)
            TAP_ROW(gpt2_equals_pcre2_on_real_text)};

LM_TEST_MAIN(tests)
