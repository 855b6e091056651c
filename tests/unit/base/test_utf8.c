#include "base/utf8.h"

#include "tap.h"

/* Table 3-7 of the Unicode Standard, written as a predicate of its own. */
static int is_well_formed(const uint8_t *b, size_t n)
{
#define IN(x, low, high) ((x) >= (low) && (x) <= (high))
#define TAIL(x) IN(x, 0x80, 0xBF)
    if (n == 1)
        return b[0] <= 0x7F;
    if (n == 2)
        return IN(b[0], 0xC2, 0xDF) && TAIL(b[1]);
    if (n == 3)
        return TAIL(b[2]) &&
               ((b[0] == 0xE0 && IN(b[1], 0xA0, 0xBF)) || (IN(b[0], 0xE1, 0xEC) && TAIL(b[1])) ||
                (b[0] == 0xED && IN(b[1], 0x80, 0x9F)) || (IN(b[0], 0xEE, 0xEF) && TAIL(b[1])));
    return n == 4 && TAIL(b[2]) && TAIL(b[3]) &&
           ((b[0] == 0xF0 && IN(b[1], 0x90, 0xBF)) || (IN(b[0], 0xF1, 0xF3) && TAIL(b[1])) ||
            (b[0] == 0xF4 && IN(b[1], 0x80, 0x8F)));
}

static void test_every_code_point(struct tap *tap)
{
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        uint8_t bytes[4];
        uint32_t back = 0;
        size_t length = lm_utf8_encode(bytes, c);
        if (c >= 0xD800 && c <= 0xDFFF) {
            CHECK_INT(length, 0);
            continue;
        }
        CHECK(length >= 1 && is_well_formed(bytes, length));
        CHECK_INT(lm_utf8_decode(&back, bytes, length), length);
        CHECK_INT(back, c);
        for (size_t cut = 1; cut < length; cut++) {
            CHECK_INT(lm_utf8_decode(&back, bytes, cut), 0);
            CHECK_INT(back, bytes[0]);
            CHECK_INT(lm_utf8_bad_length(bytes, cut), cut);
        }
    }
    uint8_t bytes[4];
    CHECK_INT(lm_utf8_encode(bytes, 0x110000), 0);
    CHECK_INT(lm_utf8_encode(bytes, UINT32_MAX), 0);
}

/* All pairs of lead and second byte, with good, absent and bad ends. */
static void test_every_start(struct tap *tap)
{
    static const uint8_t ends[][2] = {{0x80, 0xBF}, {0x7F, 0x80}, {0x80, 0xC0}};
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++)
            for (size_t e = 0; e < 3; e++) {
                uint8_t data[4] = {(uint8_t)a, (uint8_t)b, ends[e][0], ends[e][1]};
                size_t want = 0;
                for (size_t n = 1; n <= 4 && want == 0; n++)
                    want = is_well_formed(data, n) ? n : 0;
                uint32_t c;
                CHECK_INT(lm_utf8_decode(&c, data, 4), want);
            }
}

static void test_valid_prefix(struct tap *tap)
{
    static const struct {
        const char *text;
        size_t size, valid;
    } rows[] = {
        {"", 0, 0},
        {"abc", 3, 3},
        {"a\0b", 3, 3},
        {"é中😀", 9, 9},
        {"ab\xC3", 3, 2},
        {"ab\xC3(", 4, 2},
        {"\xC0\x80", 2, 0},
        {"x\xED\xA0\x80", 4, 1},
        {"\xF4\x90\x80\x80", 4, 0},
        {"\xF5\x80\x80\x80", 4, 0},
        {"é\xE2\x82", 4, 2},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_INT(lm_utf8_valid_prefix((const uint8_t *)rows[i].text, rows[i].size), rows[i].valid);
}

/* Unicode 15, section 3.9, tables 3-8, 3-10 and 3-11: how many U+FFFD each text becomes. */
static void test_maximal_subparts(struct tap *tap)
{
    static const struct {
        const char *text;
        size_t size, lengths[10];
    } rows[] = {
        {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82", 8, {1, 1, 1, 1, 1, 1, 1, 1}}, /* non-shortest forms */
        {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF", 8, {1, 1, 1, 1, 1, 1, 1, 1}}, /* surrogates */
        {"\xF4\x91\x92\x93\xFF\x80\xBF", 7, {1, 1, 1, 1, 1, 1, 1}},        /* other ill-formed */
        {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF", 8, {2, 1, 3, 2}},             /* truncated */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const uint8_t *data = (const uint8_t *)rows[i].text;
        size_t at = 0;
        for (size_t k = 0; at < rows[i].size; k++) {
            uint32_t c;
            CHECK_INT(lm_utf8_decode(&c, data + at, rows[i].size - at), 0);
            size_t length = lm_utf8_bad_length(data + at, rows[i].size - at);
            CHECK_INT(length, rows[i].lengths[k]);
            at += length ? length : 1;
        }
    }
}

static void test_hidden(struct tap *tap)
{
    static const uint32_t hidden[] = {0,      8,      0x0b,    0x0d,    0x1f,    0x7f,    0x85,
                                      0xad,   0x200b, 0x200f,  0x2028,  0x202e,  0x2066,  0xfeff,
                                      0xfff9, 0xffff, 0xe0001, 0xe0041, 0xf0000, 0x10ffff};
    static const uint32_t shown[] = {'\t', '\n',   ' ',    '~',    0xa0,
                                     0xfc, 0x2027, 0x3000, 0xfffd, 0x1f600};
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        CHECK(lm_utf8_is_hidden(hidden[i]));
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        CHECK(!lm_utf8_is_hidden(shown[i]));
}

static const struct tap_test tests[] = {
    TAP_ROW(test_every_code_point) TAP_ROW(test_every_start) TAP_ROW(test_valid_prefix)
        TAP_ROW(test_maximal_subparts) TAP_ROW(test_hidden)};
LM_TEST_FILE(tests)
