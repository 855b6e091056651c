#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <lmpipe/hash.h>
#include <lmpipe/tokenizer.h>

#include "tap.h"
#include "text/unicode.h"
#include "text_samples.h"

enum { PATTERNS = 3 }; /* with an expression to hold them to */

/* The expressions as they were published: GPT-2's encoder.py (Radford et al. 2019), tiktoken's
 * openai_public.py. */
static const char *const published[PATTERNS] = {
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    "\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
};

/* PCRE2 for one expression, and the pretokenizer to compare with it. */
struct oracle {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    struct lm_pretokenizer *pretokenizer;
};

static bool oracle_init(struct oracle *oracle, const char *expression, enum lm_pattern pattern)
{
    int error;
    PCRE2_SIZE offset;
    memset(oracle, 0, sizeof *oracle);
    oracle->code =
        pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED,
                      PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY, &error, &offset, NULL);
    if (oracle->code == NULL)
        return false;
    pcre2_jit_compile(oracle->code, PCRE2_JIT_COMPLETE);
    oracle->match = pcre2_match_data_create_from_pattern(oracle->code, NULL);
    oracle->context = pcre2_match_context_create(NULL);
    oracle->stack = pcre2_jit_stack_create(1u << 16, 8u << 20, NULL);
    pcre2_jit_stack_assign(oracle->context, NULL, oracle->stack);
    return lm_pretokenizer_create(&oracle->pretokenizer, pattern, NULL, NULL) == LM_OK;
}

static void oracle_release(struct oracle *oracle)
{
    lm_pretokenizer_free(oracle->pretokenizer);
    pcre2_match_data_free(oracle->match);
    pcre2_match_context_free(oracle->context);
    pcre2_jit_stack_free(oracle->stack);
    pcre2_code_free(oracle->code);
}

/* End of the match at `at`, or `at` when there is none. */
static size_t oracle_next(const struct oracle *oracle, const uint8_t *text, size_t size, size_t at)
{
    int rc = pcre2_match(oracle->code, text, size, at, PCRE2_NO_UTF_CHECK, oracle->match,
                         oracle->context);
    const PCRE2_SIZE *found = pcre2_get_ovector_pointer(oracle->match);
    return rc < 1 || found[0] != at ? at : found[1];
}

/* Where scanner and oracle first differ in well-formed text, or `size`. */
static size_t first_difference(const struct oracle *oracle, const uint8_t *text, size_t size)
{
    size_t ends[64], count, at = 0, start = 0;
    do {
        if (lm_pretokenize(oracle->pretokenizer, text, size, &at, ends, 64, &count, NULL) != LM_OK)
            return start;
        for (size_t i = 0; i < count; start = ends[i++])
            if (ends[i] <= start || oracle_next(oracle, text, size, start) != ends[i])
                return start;
    } while (count > 0);
    return start;
}

static void equal_pcre2_on_tricky_strings(struct tap *tap)
{
    for (size_t pattern = 0; pattern < PATTERNS; pattern++) {
        struct oracle oracle;
        REQUIRE(oracle_init(&oracle, published[pattern], (enum lm_pattern)pattern));
        struct lm_rng rng = lm_rng_stream(7, "pretoken");
        uint8_t text[4 * 24];
        for (uint64_t i = 0; i < LM_REPEAT(600000u) && tap->failed == 0; i++) {
            size_t size = draw_tricky(text, 24, rng, i);
            CHECK_INT(first_difference(&oracle, text, size), size);
        }
        oracle_release(&oracle);
    }
}

/* Singly, after a letter, after a space and between letters. What Unicode 15 has assigned since
 * PCRE2's Unicode 14 it takes for unassigned, and U+180E for white space. */
static void equal_pcre2_on_all_characters(struct tap *tap)
{
    static const char *const before[] = {"", "a", " ", "A"}, *const after[] = {"", "", "b", "B's"};
    struct oracle oracles[PATTERNS], unassigned;
    size_t newer = 0;
    for (size_t i = 0; i < PATTERNS; i++)
        REQUIRE(oracle_init(&oracles[i], published[i], (enum lm_pattern)i));
    REQUIRE(oracle_init(&unassigned, "\\p{Cn}", LM_PATTERN_CHARS));
    for (uint32_t c = 0; c <= 0x10FFFF; c += LM_REPEAT(20) == 20 ? 1 : 7) {
        uint8_t text[16];
        for (size_t k = 0; k < 4; k++) {
            size_t size = strlen(before[k]);
            memcpy(text, before[k], size);
            size_t length = lm_utf8_encode(text + size, c);
            bool is_newer = lm_unicode(c) != 0 && length > 0 &&
                            oracle_next(&unassigned, text + size, length, 0) == length;
            newer += is_newer && k == 0;
            if (length == 0 || c == 0x180E || is_newer)
                continue;
            size += length;
            memcpy(text + size, after[k], strlen(after[k]));
            size += strlen(after[k]);
            for (size_t i = 0; i < PATTERNS; i++)
                if (first_difference(&oracles[i], text, size) != size) {
                    printf("# %s differs at U+%04X, form %zu\n", lm_pattern_names[i], c, k);
                    tap->failed++;
                }
        }
    }
    CHECK(newer < 5000);
    printf("# %zu characters newer than PCRE2's Unicode\n", newer);
    for (size_t i = 0; i < PATTERNS; i++)
        oracle_release(&oracles[i]);
    oracle_release(&unassigned);
}

static size_t valid_prefix_of_file(struct tap *tap, struct lm_arena *arena, const char *path,
                                   char **text)
{
    size_t size = 0;
    *text = NULL;
    CHECK(lm_file_read(text, &size, arena, path, (size_t)1 << 30, NULL) == LM_OK);
    return *text == NULL ? 0 : lm_utf8_valid_prefix((const uint8_t *)*text, size);
}

static void compare_files(struct tap *tap, const char *folder, const struct lm_names *names,
                          enum lm_pattern pattern)
{
    struct oracle oracle;
    REQUIRE(oracle_init(&oracle, published[pattern], pattern));
    struct lm_arena *arena = lm_arena_create();
    size_t bytes = 0;
    for (size_t i = 0; i < names->count; i += LM_REPEAT(20) == 20 ? 1 : 20) {
        struct lm_arena_mark mark = lm_arena_mark(arena);
        const char *path = lm_path_join(arena, folder, names->items[i]);
        char *text;
        size_t size = valid_prefix_of_file(tap, arena, path, &text);
        size_t differs = first_difference(&oracle, (const uint8_t *)text, size);
        /* The one known difference: PCRE2 takes U+180E for white space, Unicode does not. */
        if (differs != size && memmem(text, size, "\xE1\xA0\x8E", 3) == NULL) {
            printf("# %s: %s differs at byte %zu\n", lm_pattern_names[pattern], names->items[i],
                   differs);
            tap->failed++;
        }
        bytes += size;
        lm_arena_rewind(arena, mark);
    }
    printf("# %s: %zu files, %zu bytes\n", lm_pattern_names[pattern], names->count, bytes);
    CHECK(bytes > 0);
    lm_arena_free(arena);
    oracle_release(&oracle);
}

static void equal_pcre2_on_real_text(struct tap *tap)
{
    const char *folder = getenv("LMPIPE_DATA");
    if (folder == NULL)
        SKIP("LMPIPE_DATA is not set");
    struct lm_arena *arena = lm_arena_create();
    struct lm_names names = {NULL, 0};
    REQUIRE(lm_dir_walk(&names, NULL, arena, folder, NULL) == LM_OK);
    for (size_t pattern = 0; pattern < PATTERNS; pattern++)
        compare_files(tap, folder, &names, (enum lm_pattern)pattern);
    lm_arena_free(arena);
}

/* Pieces joined by '|'. */
static void split(char *out, enum lm_pattern pattern, const char *text)
{
    size_t size = strlen(text);
    for (size_t at = 0; at < size;) {
        size_t length = first_piece(pattern, (const uint8_t *)text + at, size - at);
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
        {LM_PATTERN_CL100K, "I'M 'sure x'Sy", "I|'M| '|sure| x|'S|y|"},
        {LM_PATTERN_CL100K, "'\xC5\xBF 'LL 'vex", "'\xC5\xBF| '|LL| '|vex|"},
        {LM_PATTERN_CL100K, "12345 678", "123|45| |678|"},
        {LM_PATTERN_CL100K, "a  b\n\n  c", "a| | b|\n\n| | c|"},
        {LM_PATTERN_CL100K, "a\n  ", "a|\n|  |"},
        {LM_PATTERN_CL100K, "(x) ((x)\n\ny\tz", "(x|)| ((|x|)\n\n|y|\tz|"},
        {LM_PATTERN_O200K, "camelCase HTMLParser", "camel|Case| HTMLParser|"},
        {LM_PATTERN_O200K, "ABC's don'T I'll", "ABC's| don'T| I'll|"},
        {LM_PATTERN_O200K, "a//\n/b !/\n c", "a|//\n/|b| !/\n| c|"},
        {LM_PATTERN_O200K, "AB\xE4\xB8\xAD", "AB\xE4\xB8\xAD|"},
        {LM_PATTERN_O200K,
         "\xE4\xB8\xAD"
         "AB",
         "\xE4\xB8\xAD|AB|"},
        {LM_PATTERN_O200K,
         "\xCC\x81"
         "AB",
         "\xCC\x81|AB|"},
        {LM_PATTERN_O200K,
         "\xCC\x81"
         "Ab",
         "\xCC\x81"
         "Ab|"},
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
    CHECK_INT(first_piece(LM_PATTERN_GPT2, text, 4), 1);
    const uint8_t after[] = " \xE1\xA0\x8E";
    CHECK_INT(first_piece(LM_PATTERN_GPT2, after, 4), 4);
}

static void pieces_cover_every_byte_string(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(8, "pretoken");
    uint8_t text[40];
    for (size_t pattern = 0; lm_pattern_names[pattern] != NULL; pattern++) {
        struct lm_pretokenizer *pretokenizer = NULL;
        const char *regex = pattern == LM_PATTERN_REGEX ? "[ab]+|\\s*" : NULL;
        REQUIRE(lm_pretokenizer_create(&pretokenizer, (enum lm_pattern)pattern, regex, NULL) ==
                LM_OK);
        for (uint64_t i = 0; i < LM_REPEAT(100000u) && tap->failed == 0; i++) {
            size_t size = draw_bytes(text, sizeof text, rng, i), ends[3], count, at = 0, last = 0;
            do {
                REQUIRE(lm_pretokenize(pretokenizer, text, size, &at, ends, 1 + i % 3, &count,
                                       NULL) == LM_OK);
                for (size_t k = 0; k < count; last = ends[k++])
                    CHECK(ends[k] > last);
                CHECK(at == last);
            } while (count > 0);
            CHECK_INT(at, size);
        }
        lm_pretokenizer_free(pretokenizer);
    }
}

/* An expression is the published one: the pieces are those of the scanner. */
static void a_regex_cuts_as_the_scanner_does(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(9, "pretoken");
    for (size_t pattern = 0; pattern < PATTERNS; pattern++) {
        struct lm_pretokenizer *regex = NULL, *scanner = NULL;
        REQUIRE(lm_pretokenizer_create(&regex, LM_PATTERN_REGEX, published[pattern], NULL) ==
                LM_OK);
        REQUIRE(lm_pretokenizer_create(&scanner, (enum lm_pattern)pattern, NULL, NULL) == LM_OK);
        for (uint64_t i = 0; i < LM_REPEAT(20000u) && tap->failed == 0; i++) {
            uint8_t text[4 * 24];
            size_t size = draw_tricky(text, 24, rng, i), a = 0, b = 0, count, other;
            size_t ends[100], others[100];
            lm_pretokenize(regex, text, size, &a, ends, 100, &count, NULL);
            lm_pretokenize(scanner, text, size, &b, others, 100, &other, NULL);
            CHECK(count == other && memcmp(ends, others, count * sizeof *ends) == 0);
        }
        lm_pretokenizer_free(regex);
        lm_pretokenizer_free(scanner);
    }
}

static void an_expression_that_is_none_is_refused(struct tap *tap)
{
    struct lm_pretokenizer *pretokenizer = NULL;
    struct lm_err err = {LM_OK, ""};
    CHECK_INT(lm_pretokenizer_create(&pretokenizer, LM_PATTERN_REGEX, "ab(", &err), LM_INVALID);
    CHECK(strstr(err.text, "at its byte 4; fix it") != NULL);
}

static const struct tap_test tests[] = {
    TAP_ROW(known_splits) TAP_ROW(mongolian_vowel_separator_is_no_space)
        TAP_ROW(pieces_cover_every_byte_string) TAP_ROW(a_regex_cuts_as_the_scanner_does)
            TAP_ROW(an_expression_that_is_none_is_refused) TAP_ROW(equal_pcre2_on_tricky_strings)
                TAP_ROW(equal_pcre2_on_all_characters) TAP_ROW(equal_pcre2_on_real_text)};

LM_TEST_FILE(tests)
