/** Other encodings, converted and told. The bytes are what other programs made of the sentences. */
#include "text/encoding.h"

#include "tap.h"

/* "第一回" and "Все", "café" in their encodings (Python's codecs made them). */
static const struct {
    const char *name, *bytes, *text;
} rows[] = {
    {"gb18030", "\xB5\xDA\xD2\xBB\xBB\xD8", "\xE7\xAC\xAC\xE4\xB8\x80\xE5\x9B\x9E"},
    {"gbk", "\xB5\xDA\xD2\xBB\xBB\xD8", "\xE7\xAC\xAC\xE4\xB8\x80\xE5\x9B\x9E"},
    {"gb18030", "\x94\x39\xDA\x33", "\xF0\x9F\x92\xA9"},
    {"big5", "\xB2\xC4\xA4\x40\xA6\x5E", "\xE7\xAC\xAC\xE4\xB8\x80\xE5\x9B\x9E"},
    {"shift_jis", "\x91\xE6\x88\xEA\x89\xF1\x87\x40",
     "\xE7\xAC\xAC\xE4\xB8\x80\xE5\x9B\x9E\xE2\x91\xA0"},
    {"euc-jp", "\xC2\xE8\xB0\xEC\xB2\xF3", "\xE7\xAC\xAC\xE4\xB8\x80\xE5\x9B\x9E"},
    {"iso-2022-jp", "\x1b$BBh0l2s\x1b(B!", "\xE7\xAC\xAC\xE4\xB8\x80\xE5\x9B\x9E!"},
    {"euc-kr", "\xB0\xA1\xB3\xAA", "\xEA\xB0\x80\xEB\x82\x98"},
    {"windows-1251", "\xC2\xF1\xE5", "\xD0\x92\xD1\x81\xD0\xB5"},
    {"koi8-r", "\xF7\xD3\xC5", "\xD0\x92\xD1\x81\xD0\xB5"},
    {"windows-1252", "caf\xE9 \x80", "caf\xC3\xA9 \xE2\x82\xAC"},
    {"iso-8859-15", "\xA4", "\xE2\x82\xAC"},
    {"utf-16le", "a\0\xE9\0", "a\xC3\xA9"},
    {"utf-16be", "\0a\0\xE9", "a\xC3\xA9"},
    {"utf-16", "a\0\xE9\0", "a\xC3\xA9"},
    {"utf-32", "a\0\0\0\xE9\0\0\0", "a\xC3\xA9"},
    {"utf-8", "a\xC3\xA9", "a\xC3\xA9"},
};

static size_t length_of(size_t row)
{
    const char *name = rows[row].name;
    return strcmp(name, "utf-32") == 0       ? 8
           : strncmp(name, "utf-16", 6) == 0 ? 4
                                             : strlen(rows[row].bytes);
}

static void converts(struct tap *tap)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_buf out;
        size_t bad = 0;
        lm_buf_init(&out, 0);
        CHECK(lm_encoding_convert(&out, rows[i].name, (const uint8_t *)rows[i].bytes, length_of(i),
                                  &bad, NULL) == LM_OK);
        CHECK_STR(out.data, rows[i].text);
        CHECK_INT(bad, 0);
        lm_buf_release(&out);
    }
}

static void all_names_are_known_to_iconv(struct tap *tap)
{
    for (size_t i = 0; lm_encoding_names[i] != NULL; i++) {
        struct lm_buf out;
        struct lm_err err = {LM_OK, ""};
        size_t bad = 0;
        lm_buf_init(&out, 0);
        if (lm_encoding_convert(&out, lm_encoding_names[i], (const uint8_t *)"", 0, &bad, &err) !=
            LM_OK)
            printf("# %s: %s\n", lm_encoding_names[i], err.text);
        CHECK(err.status == LM_OK);
        lm_buf_release(&out);
    }
}

static void faults_are_counted(struct tap *tap)
{
    struct lm_buf out;
    size_t bad = 0;
    lm_buf_init(&out, 0);
    REQUIRE(lm_encoding_convert(&out, "gb18030",
                                (const uint8_t *)"a\xFF"
                                                 "b\xB5",
                                4, &bad, NULL) == LM_OK);
    CHECK_STR(out.data, "a\xFF"
                        "b\xFF");
    CHECK_INT(bad, 2);
    lm_buf_release(&out);
}

static void labels(struct tap *tap)
{
    static const char *const pairs[][2] = {
        {"UTF-8", "utf-8"},         {"utf8", "utf-8"},       {"ISO-8859-1", "windows-1252"},
        {"Shift_JIS", "shift_jis"}, {"x-sjis", "shift_jis"}, {"GB2312", "gb18030"},
        {"EUC-KR", "euc-kr"},       {"koi8-r", "koi8-r"},    {"Windows-1251", "windows-1251"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        CHECK_STR(lm_encoding_of_label(pairs[i][0], strlen(pairs[i][0])), pairs[i][1]);
    CHECK(lm_encoding_of_label("auto", 4) == NULL);
    CHECK(lm_encoding_of_label("no", 2) == NULL);
    CHECK(lm_encoding_of_label("", 0) == NULL);
}

/* A sentence said often enough, in an encoding. */
static const char *detect(const char *bytes, size_t times)
{
    struct lm_buf text;
    lm_buf_init(&text, 0);
    for (size_t i = 0; i < times; i++)
        lm_buf_puts(&text, bytes);
    const char *name = lm_encoding_detect((const uint8_t *)text.data, text.size);
    lm_buf_release(&text);
    return name != NULL ? name : "none";
}

static void tells_what_is_certain(struct tap *tap)
{
    static const char russian[] = "\xC2\xF1\xE5 \xF1\xF7\xE0\xF1\xF2\xEB\xE8\xE2\xFB\xE5 "
                                  "\xF1\xE5\xEC\xFC\xE8 \xEF\xEE\xF5\xEE\xE6\xE8 ";
    static const char french[] = "Toutes les familles heureuses se ressemblent; l'\xE9l\xE8ve a "
                                 "\xE9t\xE9 re\xE7u \xE0 l'\xE9"
                                 "cole. ";
    static const char polish[] = "Za\xBF\xF3\xB3\xE6 g\xEA\x9Cl\xB9 ja\x9F\xF1. ";
    static const char chinese[] = "\xB5\xDA\xD2\xBB\xBB\xD8 \xD5\xE7\xCA\xBF\xD2\xFE\xC3\xCE\xBB"
                                  "\xC3\xCA\xB6\xCD\xA8\xC1\xE9 \xBC\xD6\xD3\xEA\xB4\xE5\xB7\xE7"
                                  "\xB3\xBE\xBB\xB3\xB9\xEB\xD0\xE3\xA1\xA3";
    CHECK_STR(detect(russian, 5), "windows-1251");
    CHECK_STR(detect(french, 20), "windows-1252");
    CHECK_STR(detect(chinese, 4), "gb18030");
    CHECK_STR(detect(russian, 1), "none"); /* too short to tell */
    CHECK_STR(detect(french, 3), "none");
    CHECK_STR(detect(polish, 30), "none"); /* looks like Windows-1252, and is not */
    CHECK_STR(detect("caf\xC3\xA9 ", 40), "none");
    CHECK_STR(detect("\xD0\x92\xD1\x81\xD0\xB5 \xE9 ", 40), "none"); /* UTF-8 with faults */
    CHECK_STR(detect("plain", 40), "none");
    CHECK_STR(detect("\x01\xFE\x99\xAB\x02\xC1", 40), "none");
}

static const struct tap_test tests[] = {TAP_ROW(converts) TAP_ROW(all_names_are_known_to_iconv)
                                            TAP_ROW(faults_are_counted) TAP_ROW(labels)
                                                TAP_ROW(tells_what_is_certain)};

LM_TEST_FILE(tests)
