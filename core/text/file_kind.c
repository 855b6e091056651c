#include "text/file_kind.h"

#include <string.h>

#include "text/record_kind.h"

enum { LONGEST_MAGIC = 8, WINDOW = 65536 };

/** What stands at a place of every file of a kind. */
struct magic {
    const char *name;
    size_t at, size;
    uint8_t bytes[LONGEST_MAGIC];
};

static const struct magic packings[] = {
    {"gzip", 0, 3, {0x1f, 0x8b, 8}},
    {"zstd", 0, 4, {0x28, 0xb5, 0x2f, 0xfd}},
    {"xz", 0, 6, {0xfd, '7', 'z', 'X', 'Z', 0}},
    {"zip", 0, 4, {'P', 'K', 3, 4}},
    {"zip", 0, 4, {'P', 'K', 5, 6}},
    {"zip", 0, 4, {'P', 'K', 7, 8}},
    {"7-zip", 0, 6, {'7', 'z', 0xbc, 0xaf, 0x27, 0x1c}},
    {"rar", 0, 6, {'R', 'a', 'r', '!', 0x1a, 7}},
    {"compress", 0, 2, {0x1f, 0x9d}},
    {"pack", 0, 2, {0x1f, 0x1e}},
    {"lz4", 0, 4, {0x04, 0x22, 0x4d, 0x18}},
    {"lz4", 0, 4, {0x02, 0x21, 0x4c, 0x18}},
    {"lzip", 0, 5, {'L', 'Z', 'I', 'P', 1}},
    {"lzma", 0, 6, {0x5d, 0, 0, 0x80, 0}},
    {"lzop", 0, 5, {0x89, 'L', 'Z', 'O', 0}},
    {"snappy", 0, 8, {0xff, 6, 0, 0, 's', 'N', 'a', 'P'}},
    {"cabinet", 0, 8, {'M', 'S', 'C', 'F', 0, 0, 0, 0}},
    {"ar", 0, 8, {'!', '<', 'a', 'r', 'c', 'h', '>', '\n'}},
    {"rpm", 0, 4, {0xed, 0xab, 0xee, 0xdb}},
    {"cpio", 0, 6, {'0', '7', '0', '7', '0', '1'}},
    {"cpio", 0, 6, {'0', '7', '0', '7', '0', '2'}},
    {"tar", 257, 5, {'u', 's', 't', 'a', 'r'}},
};

static const struct magic binaries[] = {
    {"ELF program", 0, 4, {0x7f, 'E', 'L', 'F'}},
    {"PNG image", 0, 8, {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}},
    {"JPEG image", 0, 3, {0xff, 0xd8, 0xff}},
    {"GIF image", 0, 6, {'G', 'I', 'F', '8', '7', 'a'}},
    {"GIF image", 0, 6, {'G', 'I', 'F', '8', '9', 'a'}},
    {"TIFF image", 0, 4, {'I', 'I', '*', 0}},
    {"TIFF image", 0, 4, {'M', 'M', 0, '*'}},
    {"WebP image", 8, 4, {'W', 'E', 'B', 'P'}},
    {"DjVu document", 0, 8, {'A', 'T', '&', 'T', 'F', 'O', 'R', 'M'}},
    {"PDF document", 0, 5, {'%', 'P', 'D', 'F', '-'}},
    {"PostScript document", 0, 4, {'%', '!', 'P', 'S'}},
    {"Microsoft Office document", 0, 8, {0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}},
    {"Parquet table", 0, 4, {'P', 'A', 'R', '1'}},
    {"Arrow table", 0, 6, {'A', 'R', 'R', 'O', 'W', '1'}},
    {"Avro table", 0, 4, {'O', 'b', 'j', 1}},
    {"SQLite database", 0, 8, {'S', 'Q', 'L', 'i', 't', 'e', ' ', 'f'}},
    {"HDF5 file", 0, 8, {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'}},
    {"NumPy array", 0, 6, {0x93, 'N', 'U', 'M', 'P', 'Y'}},
    {"GGUF model", 0, 4, {'G', 'G', 'U', 'F'}},
    {"WebAssembly program", 0, 4, {0, 'a', 's', 'm'}},
    {"Java class", 0, 4, {0xca, 0xfe, 0xba, 0xbe}},
    {"Python pickle", 0, 2, {0x80, 2}},
    {"Python pickle", 0, 2, {0x80, 3}},
    {"Python pickle", 0, 2, {0x80, 4}},
    {"Python pickle", 0, 2, {0x80, 5}},
    {"Ogg recording", 0, 4, {'O', 'g', 'g', 'S'}},
    {"FLAC recording", 0, 4, {'f', 'L', 'a', 'C'}},
    {"MP3 recording", 0, 4, {'I', 'D', '3', 3}},
    {"MP3 recording", 0, 4, {'I', 'D', '3', 4}},
    {"MP4 film", 4, 4, {'f', 't', 'y', 'p'}},
    {"Matroska film", 0, 4, {0x1a, 0x45, 0xdf, 0xa3}},
};

static const char *find_magic(const struct magic *table, size_t count, const uint8_t *data,
                              size_t size)
{
    for (size_t i = 0; i < count; i++)
        if (size >= table[i].at + table[i].size &&
            memcmp(data + table[i].at, table[i].bytes, table[i].size) == 0)
            return table[i].name;
    return NULL;
}

/** "BZh", a digit, and a block or the end: three letters alone could be text. */
static bool is_bzip2(const uint8_t *data, size_t size)
{
    static const uint8_t block[6] = {0x31, 0x41, 0x59, 0x26, 0x53, 0x59};
    static const uint8_t end[6] = {0x17, 0x72, 0x45, 0x38, 0x50, 0x90};
    return size >= 10 && memcmp(data, "BZh", 3) == 0 && data[3] >= '1' && data[3] <= '9' &&
           (memcmp(data + 4, block, 6) == 0 || memcmp(data + 4, end, 6) == 0);
}

const char *lm_file_packing(const uint8_t *data, size_t size)
{
    if (is_bzip2(data, size))
        return "bzip2";
    return find_magic(packings, sizeof packings / sizeof packings[0], data, size);
}

/** The share of characters that no text has: controls other than white space, backspace, escape. */
static bool has_many_controls(const uint8_t *data, size_t size)
{
    size_t controls = 0;
    for (size_t i = 0; i < size; i++)
        controls += (data[i] < 0x20 && (data[i] < '\b' || data[i] > '\r') && data[i] != 0x1B) ||
                    data[i] == 0x7F;
    return controls * 20 > size;
}

/** Japanese, Korean and Chinese mail encodings: ASCII bytes alone, switched by escapes. */
static const char *find_escapes(const uint8_t *data, size_t size)
{
    static const struct {
        const char *name, *escape;
    } kinds[] = {
        {"ISO-2022-JP", "\x1b$@"},
        {"ISO-2022-JP", "\x1b$B"},
        {"ISO-2022-KR", "\x1b$)C"},
        {"ISO-2022-CN", "\x1b$)A"},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (memmem(data, size, kinds[i].escape, strlen(kinds[i].escape)) != NULL)
            return kinds[i].name;
    return NULL;
}

/** NULs at odd or at even places alone, as in UTF-16 that holds some ASCII. */
static bool is_alternating(const uint8_t *data, size_t size)
{
    size_t nuls[2] = {0, 0};
    for (size_t i = 0; i < size; i++)
        nuls[i & 1] += data[i] == 0;
    return size % 2 == 0 && (nuls[0] == 0) != (nuls[1] == 0) && nuls[0] + nuls[1] > size / 50;
}

/** What is neither packed nor of a binary format that is known; *nul: its first NUL, or NULL. */
static struct lm_file_kind kind_of_rest(const uint8_t *data, size_t size, const uint8_t *nul)
{
    size_t window = size < WINDOW ? size : WINDOW;
    const char *name = nul == NULL ? find_escapes(data, window) : NULL;
    if (name != NULL)
        return (struct lm_file_kind){.class = LM_FILE_ENCODED, .name = name};
    name = lm_record_kind(data, window, window < size);
    if (name != NULL)
        return (struct lm_file_kind){.class = LM_FILE_RECORDS, .name = name};
    if (nul == NULL && !has_many_controls(data, window))
        return (struct lm_file_kind){.class = LM_FILE_TEXT};
    name = is_alternating(data, size) ? "binary file, or UTF-16 without its mark" : "binary file";
    return (struct lm_file_kind){
        .class = LM_FILE_BINARY, .name = name, .at = nul != NULL ? (size_t)(nul - data) : 0};
}

struct lm_file_kind lm_file_kind(const uint8_t *data, size_t size)
{
    const char *name = lm_file_packing(data, size);
    if (name != NULL)
        return (struct lm_file_kind){.class = LM_FILE_PACKED, .name = name};
    name = find_magic(binaries, sizeof binaries / sizeof binaries[0], data, size);
    if (name != NULL)
        return (struct lm_file_kind){.class = LM_FILE_BINARY, .name = name};
    const uint8_t *nul = size > 0 ? memchr(data, 0, size) : NULL;
    /* Without a NUL, UTF-16 is told by its mark alone. */
    struct lm_utf utf = {0};
    if (nul != NULL || (size >= 2 && data[0] >= 0xFE && data[1] >= 0xFE))
        utf = lm_utf_detect(data, size);
    if (utf.unit != 0)
        return (struct lm_file_kind){.class = LM_FILE_UTF16, .name = lm_utf_name(&utf), .utf = utf};
    return kind_of_rest(data, size, nul);
}
