/* Opening what others wrote: types, scalars, and the ways in which headers lie. */
#include "model/formats/safetensors_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "tests/tap.h"

static char path[64];

static void make_path(void)
{
    snprintf(path, sizeof path, "/tmp/lmpipe-st-%ld.safetensors", (long)getpid());
}

/* A file of this header and `size` bytes 0, 1, 2 … behind it. */
static enum lm_status open_text(struct lm_safetensors **out, const char *header, size_t size,
                                struct lm_err *err)
{
    uint64_t length = strlen(header);
    unsigned char *data = calloc(1, 8 + length + size + 1);
    memcpy(data, &length, 8);
    memcpy(data + 8, header, length);
    for (size_t i = 0; i < size; i++)
        data[8 + length + i] = (unsigned char)i;
    enum lm_status status = lm_file_write(path, data, 8 + length + size, err);
    free(data);
    return status == LM_OK ? lm_safetensors_open(out, path, err) : status;
}

#define ROW(name, type, shape, from, to)                                                           \
    "\"" name "\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":[" from "," to "]}"

static void test_types(struct tap *tap)
{
    struct lm_safetensors *file = NULL;
    struct lm_err err;
    float out[4] = {0};
    make_path();
    REQUIRE(
        open_text(
            &file,
            "{" ROW("c", "BF16", "[1,1,2]", "8", "12") "," ROW("b", "F16", "[2]", "4", "8") "," ROW(
                "d", "BOOL", "[1,1,2,2]", "12",
                "16") ",\"__metadata__\":{\"a\":\"b\"}," ROW("a", "F32", "[]", "0", "4") "}  ",
            16, &err) == LM_OK);
    REQUIRE(lm_safetensors_count(file) == 4);
    for (size_t i = 0; i < 4; i++)
        CHECK_INT(lm_safetensors_at(file, i)->name[0], "abcd"[i]);
    CHECK_INT(lm_safetensors_at(file, 0)->dims, 0);
    CHECK_INT(lm_safetensors_at(file, 0)->count, 1);
    CHECK_INT(lm_safetensors_at(file, 3)->type, LM_ST_OTHER_TYPE);
    CHECK_INT(lm_safetensors_read(file, lm_safetensors_at(file, 0), 0, 1, out, &err), LM_OK);
    uint32_t bits;
    memcpy(&bits, out, 4);
    CHECK_INT(bits, 0x03020100);
    CHECK_INT(lm_safetensors_read(file, lm_safetensors_at(file, 1), 1, 1, out, &err), LM_OK);
    CHECK_NEAR(out[0], ldexp(1 + 0x306 / 1024.0, 1 - 15), 0);
    CHECK_INT(lm_safetensors_read(file, lm_safetensors_at(file, 2), 0, 2, out, &err), LM_OK);
    memcpy(&bits, out + 1, 4);
    CHECK_INT(bits, 0x0B0A0000);
    CHECK_INT(lm_safetensors_read(file, lm_safetensors_at(file, 3), 0, 2, out, &err), LM_FORMAT);
    CHECK_INT(truncate(path, 20), 0);
    CHECK_INT(lm_safetensors_read(file, lm_safetensors_at(file, 1), 0, 2, out, &err), LM_FORMAT);
    lm_safetensors_close(file);
    unlink(path);
}

static void test_lies(struct tap *tap)
{
    static const struct {
        const char *header;
        size_t size;
        const char *message;
    } rows[] = {
        {"{}", 1, "follow the last tensor"},
        {"{" ROW("a", "F32", "[0]", "0", "0") "}", 0, "dimensions"},
        {"{" ROW("a", "F32", "[1,-1]", "0", "4") "}", 4, "dimensions"},
        {"{" ROW("a", "F32", "[1.0]", "0", "4") "}", 4, "dimensions"},
        {"{" ROW("a", "F32", "[1,1,1,1,1]", "0", "4") "}", 4, "dimensions"},
        {"{" ROW("a", "F32", "[4294967296,4294967296]", "0", "0") "}", 0, "dimensions"},
        {"{" ROW("a", "F32", "[4611686018427387904]", "0", "0") "}", 0, "offsets"},
        {"{" ROW("a", "F32", "[9223372036854775808]", "0", "0") "}", 0, "header"},
        {"{" ROW("a", "F32", "{}", "0", "4") "}", 4, "dimensions"},
        {"{" ROW("a", "F32", "[1]", "-4", "0") "}", 4, "offsets"},
        {"{" ROW("a", "F32", "[1]", "4", "0") "}", 4, "offsets"},
        {"{" ROW("a", "F32", "[1]", "4", "8") "}", 4, "offsets"},
        {"{" ROW("a", "F32", "[1]", "0", "8") "}", 8, "offsets"},
        {"{" ROW("a", "F32", "[1]", "0", "4,8") "}", 4, "offsets"},
        {"{" ROW("a", "F32", "[1]", "4", "8") "}", 8, "holes"},
        {"{" ROW("a", "F32", "[1]", "0", "4") "," ROW("b", "F32", "[1]", "0", "4") "}", 4,
         "overlap"},
        {"{" ROW("a", "F32", "[2]", "0", "8") "," ROW("b", "F32", "[1]", "4", "8") "}", 8,
         "overlap"},
        {"{" ROW("a", "F32", "[1]", "0", "4") "," ROW("b", "F32", "[1]", "8", "12") "}", 12,
         "holes"},
        {"{" ROW("a", "F32", "[1]", "0", "4") "," ROW("a", "F32", "[1]", "4", "8") "}", 8,
         "header"},
        {"{" ROW("a", "F31", "[1]", "0", "4") "}", 4, "no known type"},
        {"{\"a\":{\"dtype\":3,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "no known type"},
        {"{\"a\":[]}", 0, "no known type"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}", 4, "members"},
        {"{\"__metadata__\":{\"a\":1}}", 0, "is no text"},
        {"[]", 0, "no list"},
        {"", 0, "header"},
        {"{", 0, "header"},
        {"{} x", 0, "header"},
    };

    make_path();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_safetensors *file = NULL;
        struct lm_err err = {0};
        CHECK_INT(open_text(&file, rows[i].header, rows[i].size, &err), LM_FORMAT);
        CHECK(file == NULL && strstr(err.text, rows[i].message) != NULL);
        if (strstr(err.text, rows[i].message) == NULL)
            printf("# %s: %s\n", rows[i].header, err.text);
        CHECK(strstr(err.text, path) != NULL && strchr(err.text, '\n') == NULL);
    }
    unlink(path);
}

/* Names: 256 bytes are the most; the length of the header; what is no file. */
static void test_bounds(struct tap *tap)
{
    char name[300], header[500];
    struct lm_safetensors *file = NULL;
    struct lm_err err;
    make_path();
    for (int size = 256; size <= 257; size++) {
        memset(name, 'n', (size_t)size);
        name[size] = '\0';
        snprintf(header, sizeof header,
                 "{\"%s\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", name);
        CHECK_INT(open_text(&file, header, 1, &err), size == 256 ? LM_OK : LM_FORMAT);
        if (size == 256)
            lm_safetensors_close(file);
    }
    static const uint64_t lengths[] = {3, 1 << 25, UINT64_MAX, (uint64_t)INT64_MAX + 1};
    for (size_t i = 0; i < 4; i++) {
        char data[10] = "12345678{}";
        memcpy(data, &lengths[i], 8);
        CHECK_INT(lm_file_write(path, data, 10, &err), LM_OK);
        CHECK_INT(lm_safetensors_open(&file, path, &err), LM_FORMAT);
    }
    for (size_t size = 0; size < 10; size++) {
        CHECK_INT(lm_file_write(path, "\2\0\0\0\0\0\0\0{}", size, &err), LM_OK);
        CHECK_INT(lm_safetensors_open(&file, path, &err), LM_FORMAT);
    }
    unlink(path);
    CHECK_INT(lm_safetensors_open(&file, path, &err), LM_NOT_FOUND);
    CHECK_INT(lm_safetensors_open(&file, "/tmp", &err), LM_FORMAT);
    CHECK_INT(mkfifo(path, 0600), 0);
    CHECK_INT(lm_safetensors_open(&file, path, &err), LM_FORMAT);
    unlink(path);
}

static const struct tap_test tests[] = {TAP_ROW(test_types) TAP_ROW(test_lies)
                                            TAP_ROW(test_bounds)};
LM_TEST_FILE(tests)
