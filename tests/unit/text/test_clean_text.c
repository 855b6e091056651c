#include "text/clean_text.h"

#include "tap.h"
#include "text/text_measure.h"
#include "text/unicode.h"
#include "tsv.h"
#include "unit/tokenizer/text_samples.h"

static struct lm_clean_options read_options(char *words)
{
    struct lm_clean_options options = {.max_blank_lines = -1};
    for (char *at = words; *at != '\0';) {
        char *end = at + strcspn(at, " ");
        char *next = *end == '\0' ? end : end + 1;
        *end = '\0';
        for (size_t i = 0; lm_repair_names[i] != NULL; i++)
            if (strcmp(at, lm_repair_names[i]) == 0)
                options.repair = (enum lm_repair)i;
        options.nfc |= strcmp(at, "nfc") == 0;
        options.strip_trailing_space |= strcmp(at, "strip") == 0;
        options.trim |= strcmp(at, "trim") == 0;
        if (strncmp(at, "blanks=", 7) == 0)
            options.max_blank_lines = strtol(at + 7, NULL, 10);
        at = next;
    }
    return options;
}

static void cases(struct tap *tap)
{
    struct tsv tsv;
    REQUIRE(tsv_open(&tsv, LM_TEST_DATA "/clean/clean.tsv"));
    int count = 0;
    for (; tsv_next(&tsv); count++) {
        struct lm_clean_options options = read_options(tsv.fields[1]);
        struct lm_clean_counts counts = {0};
        struct lm_buf out;
        bool is_rejected = false;
        lm_buf_init(&out, 0);
        REQUIRE(tsv.count == 4);
        CHECK(lm_clean(&out, (const uint8_t *)tsv.fields[2], tsv.sizes[2], &options, &counts,
                       &is_rejected, NULL) == LM_OK);
        bool is_as_told =
            strcmp(tsv.fields[3], "REJECT") == 0
                ? is_rejected
                : !is_rejected && out.size == tsv.sizes[3] &&
                      (out.size == 0 || memcmp(out.data, tsv.fields[3], out.size) == 0);
        if (!is_as_told)
            printf("# line %d: %s\n", tsv.line, tsv.fields[0]);
        CHECK(is_as_told);
        lm_buf_release(&out);
    }
    CHECK(count > 30);
    tsv_close(&tsv);
}

static void repairs_are_counted(struct tap *tap)
{
    const char text[] = "\n\na\xFF\xFE \x01"
                        "e\xCC\x81\xC2\x85  \nb\n\n\n\nc\t\n";
    const struct lm_clean_options options = {
        .nfc = true, .strip_trailing_space = true, .trim = true, .max_blank_lines = 1};
    struct lm_clean_counts counts = {.controls = 10};
    struct lm_buf out;
    bool is_rejected;
    lm_buf_init(&out, 0);
    REQUIRE(lm_clean(&out, (const uint8_t *)text, sizeof text - 1, &options, &counts, &is_rejected,
                     NULL) == LM_OK);
    CHECK_STR(out.data, "a\xEF\xBF\xBD\xEF\xBF\xBD \xC3\xA9\nb\n\nc");
    CHECK_INT(counts.invalid_utf8, 2);
    CHECK_INT(counts.controls, 11);
    CHECK_INT(counts.separators, 1);
    CHECK_INT(counts.nfc, 1);
    CHECK_INT(counts.trailing_spaces, 2);
    CHECK_INT(counts.blank_lines, 4);
    lm_buf_release(&out);
}

/* Of all that Unicode calls white space, and all control characters, none makes two words one when
 * it separated them, and none that did not makes two of one. */
static void words_stay_apart(struct tap *tap)
{
    static const char *const around[][2] = {
        {"one", "two"}, {"", "two"}, {"one\n", "two"}, {"one", " two"}, {"one", ""}};
    const struct lm_clean_options options = {.nfc = true, .max_blank_lines = -1};
    size_t separators = 0;
    for (uint32_t c = 1; c < 0x3100; c++)
        for (size_t i = 0; i < sizeof around / sizeof around[0]; i++) {
            char text[32];
            uint8_t made[4];
            size_t size = lm_utf8_encode(made, c);
            bool is_space = (lm_unicode(c) & LM_UC_SPACE) != 0 || (c >= 0x1C && c <= 0x1F);
            if (!is_space && c >= 0xA0)
                continue;
            int length = snprintf(text, sizeof text, "%s%.*s%s", around[i][0], (int)size,
                                  (const char *)made, around[i][1]);
            struct lm_clean_counts counts = {0};
            struct lm_buf out;
            bool is_rejected;
            lm_buf_init(&out, 0);
            REQUIRE(lm_clean(&out, (const uint8_t *)text, (size_t)length, &options, &counts,
                             &is_rejected, NULL) == LM_OK);
            /* without their characters, all texts have the words they had */
            if (i == 0 && (is_space || c < 0x20 || (c >= 0x7F && c < 0xA0)))
                CHECK_INT(lm_text_words((const uint8_t *)out.data, out.size), is_space ? 2 : 1);
            CHECK(strstr(out.data, "\n\n") == NULL || c == '\n');
            separators += counts.separators > 0 && i == 0;
            lm_buf_release(&out);
        }
    CHECK_INT(separators, 8); /* VT, FF, CR, FS, GS, RS, US, NEL */
}

/* A line of any white space is blank, and so is a document. */
static void blank_is_what_unicode_says(struct tap *tap)
{
    const char text[] =
        "\xE3\x80\x80\na \xC2\xA0\n\xE2\x80\xA8\n\xC2\xA0\n\nb\xE3\x80\x80\n\xE2\x80\x83";
    const struct lm_clean_options options = {
        .strip_trailing_space = true, .trim = true, .max_blank_lines = 1};
    struct lm_clean_counts counts = {0};
    struct lm_buf out;
    bool is_rejected;
    lm_buf_init(&out, 0);
    REQUIRE(lm_clean(&out, (const uint8_t *)text, sizeof text - 1, &options, &counts, &is_rejected,
                     NULL) == LM_OK);
    CHECK_STR(out.data, "a\n\nb");
    lm_buf_release(&out);
}

/* Whatever comes in: what comes out is well-formed, and cleaning it again changes nothing. */
static void cleaning_is_idempotent(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(1, "clean");
    for (uint64_t i = 0; i < LM_REPEAT(100000u) && tap->failed == 0; i++) {
        uint8_t text[4 * 24];
        size_t size = i % 2 ? draw_tricky(text, 24, rng, i) : draw_bytes(text, 90, rng, i);
        const struct lm_clean_options options = {.repair = i % 5 == 0 ? LM_REPAIR_CP1252
                                                                      : LM_REPAIR_REPLACE,
                                                 .nfc = true,
                                                 .strip_trailing_space = i % 3 == 0,
                                                 .trim = true,
                                                 .max_blank_lines = (int64_t)(i % 4) - 1};
        struct lm_clean_counts counts = {0};
        struct lm_buf once, twice;
        bool is_rejected;
        lm_buf_init(&once, 0);
        lm_buf_init(&twice, 0);
        CHECK(lm_clean(&once, text, size, &options, &counts, &is_rejected, NULL) == LM_OK);
        const uint8_t *made = (const uint8_t *)once.data;
        CHECK(once.size == 0 || lm_utf8_valid_prefix(made, once.size) == once.size);
        if (once.size > 0) {
            CHECK(lm_clean(&twice, made, once.size, &options, &counts, &is_rejected, NULL) ==
                  LM_OK);
            CHECK(once.size == twice.size && memcmp(once.data, twice.data, once.size) == 0);
        }
        lm_buf_release(&once);
        lm_buf_release(&twice);
    }
}

static const struct tap_test tests[] = {TAP_ROW(cases) TAP_ROW(repairs_are_counted) TAP_ROW(
    words_stay_apart) TAP_ROW(blank_is_what_unicode_says) TAP_ROW(cleaning_is_idempotent)};

LM_TEST_FILE(tests)
