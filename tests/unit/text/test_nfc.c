#include "text/nfc.h"

#include <utf8proc.h>

#include "tap.h"
#include "text/unicode.h"
#include "unit/tokenizer/text_samples.h"

/* Is our NFC of `text` the wanted text? */
static bool gives(const char *text, size_t size, const char *want, size_t want_size)
{
    struct lm_buf out;
    int64_t changed = 0;
    lm_buf_init(&out, 0);
    bool is_same = lm_nfc(&out, (const uint8_t *)text, size, &changed, NULL) == LM_OK &&
                   out.size == want_size && (size == 0 || memcmp(out.data, want, want_size) == 0) &&
                   (changed > 0) == (size != want_size || memcmp(text, want, size) != 0);
    lm_buf_release(&out);
    return is_same;
}

/* utf8proc over the whole text, without our shortcut. */
static void equals_normalising_everything(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(1, "nfc");
    uint32_t *marks = malloc(0x110000 * sizeof *marks);
    size_t kinds = 0;
    for (uint32_t c = 1; c < 0x110000; c++)
        if ((lm_unicode(c) & LM_UC_SUSPECT) && (c < 0xD800 || c > 0xDFFF))
            marks[kinds++] = c;
    CHECK(kinds > 1500);
    for (uint64_t i = 0; i < LM_REPEAT(200000u) && tap->failed == 0; i++) {
        static const uint32_t bases[] = {'a',    'e',    'o',    'A',   ' ',   '\n',   0x915,
                                         0x1100, 0xAC00, 0x4E2D, 0x438, 0x3C9, 0x1F600};
        char text[100];
        size_t size = 0, count = (size_t)lm_rng_below(rng, i, 0, 12);
        for (size_t j = 0; j < count; j++) {
            uint32_t c = marks[lm_rng_below(rng, i, 2 * j + 1, kinds)];
            if (lm_rng_below(rng, i, 2 * j + 2, 2))
                c = bases[lm_rng_below(rng, i, 100 + j, sizeof bases / sizeof bases[0])];
            else if (i % 2)
                c = 0x300 + c % 0x50;
            size += lm_utf8_encode((uint8_t *)text + size, c);
        }
        utf8proc_uint8_t *want = NULL;
        utf8proc_ssize_t length =
            utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &want,
                         UTF8PROC_STABLE | UTF8PROC_COMPOSE);
        REQUIRE(length >= 0);
        CHECK(gives(text, size, (const char *)want, (size_t)length));
        free(want);
    }
    free(marks);
}

/* Long runs of marks, of which utf8proc's own ordering makes a square: the same result, at once. */
static void long_runs_of_marks(struct tap *tap)
{
    static const uint32_t marks[] = {0x301, 0x316, 0x327, 0x345, 0x308, 0x5B0, 0x302, 0x1D165};

    enum { KINDS = sizeof marks / sizeof marks[0], LONG = 300000 };
    struct lm_rng rng = lm_rng_stream(1, "runs");
    char *text = malloc(4 * (LONG + 1));
    for (size_t count = 20; count <= LONG; count = count < 3000 ? count * 3 : count * 100) {
        size_t size = lm_utf8_encode((uint8_t *)text, 'e');
        count = count < LONG ? count : LONG;
        for (size_t i = 0; i < count; i++)
            size += lm_utf8_encode((uint8_t *)text + size, marks[lm_rng_below(rng, i, 0, KINDS)]);
        if (count < 3000) {
            utf8proc_uint8_t *want = NULL;
            utf8proc_ssize_t length =
                utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &want,
                             UTF8PROC_STABLE | UTF8PROC_COMPOSE);
            REQUIRE(length >= 0);
            CHECK(gives(text, size, (const char *)want, (size_t)length));
            free(want);
            continue;
        }
        struct lm_buf out;
        int64_t changed = 0;
        lm_buf_init(&out, 0);
        CHECK_INT(lm_nfc(&out, (const uint8_t *)text, size, &changed, NULL), LM_OK);
        CHECK_INT(changed, 1);
        lm_buf_release(&out);
        if (count == LONG)
            break;
    }
    free(text);
}

/* Every character by itself: NFC_Quick_Check = Yes must mean "unchanged". */
static void every_character(struct tap *tap)
{
    for (uint32_t c = 1; c < 0x110000 && tap->failed == 0; c += LM_REPEAT(20) == 20 ? 1 : 7) {
        char text[4];
        size_t size = lm_utf8_encode((uint8_t *)text, c);
        utf8proc_uint8_t *want = NULL;
        utf8proc_ssize_t length =
            utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &want,
                         UTF8PROC_STABLE | UTF8PROC_COMPOSE);
        CHECK(size == 0 || gives(text, size, (const char *)want, (size_t)length));
        free(want);
    }
}

/* "0041 030A" → UTF-8; returns where the field ends. */
static const char *read_field(char *out, size_t *size, const char *field)
{
    *size = 0;
    while (*field != ';' && *field != '\0') {
        char *end;
        *size += lm_utf8_encode((uint8_t *)out + *size, (uint32_t)strtoul(field, &end, 16));
        field = *end == ' ' ? end + 1 : end;
    }
    return *field == ';' ? field + 1 : field;
}

static void conformance(struct tap *tap)
{
    static const char path[] = "/usr/share/unicode/NormalizationTest.txt.bz2";
    if (!lm_path_exists(path))
        SKIP("Debian's unicode-data is not installed");
    FILE *file = popen("bzcat /usr/share/unicode/NormalizationTest.txt.bz2", "r");
    REQUIRE(file != NULL);
    char line[2000];
    size_t lines = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        char columns[3][400];
        size_t sizes[3];
        if (line[0] == '#' || line[0] == '@')
            continue;
        const char *at = line;
        for (size_t i = 0; i < 3; i++)
            at = read_field(columns[i], &sizes[i], at);
        lines++;
        for (size_t i = 0; i < 3; i++) /* c2 == NFC(c1) == NFC(c2) == NFC(c3) */
            CHECK(gives(columns[i], sizes[i], columns[1], sizes[1]));
    }
    pclose(file);
    CHECK(lines > 18000);
}

static const struct tap_test tests[] = {TAP_ROW(equals_normalising_everything) TAP_ROW(
    long_runs_of_marks) TAP_ROW(every_character) TAP_ROW(conformance)};

LM_TEST_FILE(tests)
