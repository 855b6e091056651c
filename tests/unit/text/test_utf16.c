/** UTF-16 and UTF-32, with marks and without. The bytes are those of Python's codecs. */
#include "text/utf16.h"

#include <string.h>

#include "tests/tap.h"

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static void detects(struct tap *tap)
{
    static const struct {
        const char *name;
        const uint8_t *data;
        size_t size, marked;
    } rows[] = {
        {"UTF-16LE", BYTES("\xFF\xFE\x41\x04"), 2},
        {"UTF-16BE", BYTES("\xFE\xFF\x04\x41"), 2},
        {"UTF-32LE", BYTES("\xFF\xFE\0\0\x41\x04\0\0"), 4},
        {"UTF-32BE", BYTES("\0\0\xFE\xFF\0\0\x04\x41"), 4},
        {"UTF-16LE", BYTES("h\0i\0\n\0"), 0},
        {"UTF-16BE", BYTES("\0h\0i\0\n"), 0},
        {"UTF-32LE", BYTES("h\0\0\0\n\0\0\0"), 0},
        {"UTF-32BE", BYTES("\0\0\0h\0\0\0\n"), 0},
        {NULL, BYTES("hi\n!"), 0},
        {NULL, BYTES("h\0i\0\n"), 0},             /* half a unit */
        {NULL, BYTES("h\0i\0\0\0"), 0},           /* U+0000 */
        {NULL, BYTES("h\0i\0\1\0"), 0},           /* a control character */
        {NULL, BYTES("h\0i\0\0\xD8i\0"), 0},      /* an unpaired surrogate */
        {NULL, BYTES("\x41\x04\x42\x04\n\0"), 0}, /* not certain */
        {NULL, BYTES("\xFF\xFE"), 0},             /* nothing but a mark */
        {NULL, BYTES(""), 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_utf utf = lm_utf_detect(rows[i].data, rows[i].size);
        CHECK_INT(utf.unit != 0, rows[i].name != NULL);
        if (rows[i].name != NULL)
            CHECK_STR(lm_utf_name(&utf), rows[i].name);
        CHECK_INT(utf.marked, rows[i].marked);
    }
}

static void decodes(struct tap *tap)
{
    static const struct {
        const uint8_t *data;
        size_t size;
        const char *text;
        size_t bad;
    } rows[] = {
        {BYTES("\xFF\xFE\xE9\0\x2C\x7B\x3D\xD8\x00\xDE\n\0"),
         "\xC3\xA9\xE7\xAC\xAC\xF0\x9F\x98\x80\n", 0},
        {BYTES("\xFE\xFF\0\xE9\x7B\x2C\xD8\x3D\xDE\x00\0\n"),
         "\xC3\xA9\xE7\xAC\xAC\xF0\x9F\x98\x80\n", 0},
        {BYTES("\xFF\xFE\0\0\xE9\0\0\0\0\xF6\x01\0"), "\xC3\xA9\xF0\x9F\x98\x80", 0},
        {BYTES("\xFF\xFE\x00\xDE"
               "a\0"),
         "\xEF\xBF\xBD"
         "a",
         2},
        {BYTES("\xFF\xFE\x3D\xD8"
               "a\0"),
         "\xEF\xBF\xBD"
         "a",
         2},
        {BYTES("\xFF\xFE"
               "a\0\x3D\xD8"),
         "a\xEF\xBF\xBD", 2},
        {BYTES("\xFF\xFE"
               "a\0b"),
         "a\xEF\xBF\xBD", 1},
        {BYTES("\0\0\xFE\xFF\0\x11\0\0\0\0\0a"),
         "\xEF\xBF\xBD"
         "a",
         4},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_buf out;
        struct lm_utf utf = lm_utf_detect(rows[i].data, rows[i].size);
        size_t bad = 0;
        lm_buf_init(&out, 0);
        CHECK_INT(lm_utf_decode(&out, &utf, rows[i].data, rows[i].size, &bad, NULL), LM_OK);
        CHECK_STR(out.data, rows[i].text);
        CHECK_INT(bad, rows[i].bad);
        lm_buf_release(&out);
    }
}

static const struct tap_test tests[] = {TAP_ROW(detects) TAP_ROW(decodes)};
LM_TEST_FILE(tests)
