/** What a file is, by its bytes. */
#include "text/file_kind.h"

#include <stdlib.h>
#include <string.h>

#include <lmpipe/rng.h>

#include "tests/tap.h"

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static void kinds(struct tap *tap)
{
    static const struct {
        const uint8_t *data;
        size_t size;
        enum lm_file_class class;
        const char *name;
    } rows[] = {
        {BYTES(""), LM_FILE_TEXT, NULL},
        {BYTES("plain\ttext\f\r\n"), LM_FILE_TEXT, NULL},
        {BYTES("caf\xE9\n"), LM_FILE_TEXT, NULL},
        {BYTES("BZh is how bzip2 begins"), LM_FILE_TEXT, NULL},
        {BYTES("\x1b[1mbold\x1b[0m\n"), LM_FILE_TEXT, NULL},
        {BYTES("\x1f\x8b\x08\0\0"), LM_FILE_PACKED, "gzip"},
        {BYTES("BZh91AY&SY..."), LM_FILE_PACKED, "bzip2"},
        {BYTES("PK\3\4..."), LM_FILE_PACKED, "zip"},
        {BYTES("7z\xbc\xaf\x27\x1c"), LM_FILE_PACKED, "7-zip"},
        {BYTES("\x7f"
               "ELF\2\1\1"),
         LM_FILE_BINARY, "ELF program"},
        {BYTES("\x89PNG\r\n\x1a\n"), LM_FILE_BINARY, "PNG image"},
        {BYTES("\xff\xd8\xff\xe0"), LM_FILE_BINARY, "JPEG image"},
        {BYTES("PAR1\x15\4"), LM_FILE_BINARY, "Parquet table"},
        {BYTES("%PDF-1.7\n"), LM_FILE_BINARY, "PDF document"},
        {BYTES("text with a \0 in it"), LM_FILE_BINARY, "binary file"},
        {BYTES("\1\2\3\4text"), LM_FILE_BINARY, "binary file"},
        {BYTES("\x41\x04\x42\x04\n\0"), LM_FILE_BINARY, "binary file, or UTF-16 without its mark"},
        {BYTES("\xFF\xFE\x41\x04"), LM_FILE_UTF16, "UTF-16LE"},
        {BYTES("a\0b\0\n\0"), LM_FILE_UTF16, "UTF-16LE"},
        {BYTES("\x1b$B8c\x1b(B\n"), LM_FILE_ENCODED, "ISO-2022-JP"},
        {BYTES("{\"a\": 1}\n{\"a\": 2}\n"), LM_FILE_RECORDS, "JSON lines"},
        {BYTES("WARC/1.0\r\n\r\n\0"), LM_FILE_RECORDS, "WARC archive"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_file_kind kind = lm_file_kind(rows[i].data, rows[i].size);
        CHECK_INT(kind.class, rows[i].class);
        CHECK_INT(kind.name != NULL, rows[i].name != NULL);
        if (kind.name != NULL && rows[i].name != NULL)
            CHECK_STR(kind.name, rows[i].name);
    }
}

static void a_tar_by_its_magic(struct tap *tap)
{
    uint8_t head[512] = "name";
    CHECK(lm_file_packing(head, sizeof head) == NULL);
    memcpy(head + 257, "ustar", 5);
    CHECK_STR(lm_file_packing(head, sizeof head), "tar");
    CHECK(lm_file_packing(head, 261) == NULL);
}

/* A NUL anywhere, not in the beginning alone. */
static void late_nuls(struct tap *tap)
{
    static uint8_t text[300000];
    memset(text, 'a', sizeof text);
    CHECK_INT(lm_file_kind(text, sizeof text).class, LM_FILE_TEXT);
    text[299998] = 0;
    CHECK_INT(lm_file_kind(text, sizeof text).class, LM_FILE_BINARY);
    CHECK_INT(lm_file_kind(text, sizeof text).at, 299998);
}

/* Anything at all, at its exact end. */
static void random_bytes(struct tap *tap)
{
    static const char common[] = "{}[]\",:;\t\r\n \\<>/!ab01-\0\x1b$B\xEF\xBB\xBF\xFF\xFE";
    struct lm_rng rng = lm_rng_stream(1, "kinds");
    for (uint64_t i = 0; i < 50000; i++) {
        size_t size = (size_t)lm_rng_below(rng, i, 0, 40);
        uint8_t *data = malloc(size > 0 ? size : 1);
        for (size_t k = 0; k < size; k++)
            data[k] = i % 2 ? (uint8_t)lm_rng_below(rng, i, k + 1, 256)
                            : (uint8_t)common[lm_rng_below(rng, i, k + 1, sizeof common - 1)];
        struct lm_file_kind kind = lm_file_kind(data, size);
        CHECK((kind.name == NULL) == (kind.class == LM_FILE_TEXT));
        free(data);
    }
}

static const struct tap_test tests[] = {TAP_ROW(kinds) TAP_ROW(a_tar_by_its_magic)
                                            TAP_ROW(late_nuls) TAP_ROW(random_bytes)};
LM_TEST_FILE(tests)
