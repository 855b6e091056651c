#include "zip_end.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    END = 22,       /**< bytes of the end record without its comment */
    LOCATOR = 20,   /**< of the record that says where zip64's end record is */
    END64 = 56,     /**< of zip64's end record, as it stands before the locator */
    COMMENT = 65535 /**< longest comment */
};

static uint64_t little(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    while (size-- > 0)
        value = value << 8 | bytes[size];
    return value;
}

static bool starts(const uint8_t *at, const char *magic)
{
    return memcmp(at, magic, 4) == 0;
}

/** The last record whose comment ends where the file does, or NULL. */
static const uint8_t *find_end(const uint8_t *tail, size_t size)
{
    for (size_t comment = 0; comment + END <= size; comment++) {
        const uint8_t *at = tail + size - END - comment;
        if (starts(at, "PK\5\6") && little(at + 20, 2) == comment)
            return at;
    }
    return NULL;
}

static uint64_t count_members(const uint8_t *tail, const uint8_t *end)
{
    uint64_t members = little(end + 10, 2);
    if (members != 0xFFFF)
        return members;
    bool is_long = end - tail >= LOCATOR + END64 && starts(end - LOCATOR, "PK\6\7") &&
                   starts(end - LOCATOR - END64, "PK\6\6");
    return is_long ? little(end - LOCATOR - END64 + 32, 8) : LM_ZIP_MANY;
}

/** Whether the directory's first record stands where the end record says that it begins. A program
 *  before the zip shifts it: what counts is its distance from the end. */
static bool has_directory(int fd, uint64_t end_at, const uint8_t *end, uint64_t members)
{
    uint8_t first[4];
    uint64_t size = little(end + 12, 4);
    if (members == 0)
        return size == 0;
    if (size == 0xFFFFFFFF || members == LM_ZIP_MANY || size < 46 || size > end_at)
        return size == 0xFFFFFFFF || members == LM_ZIP_MANY;
    if (pread(fd, first, sizeof first, (off_t)(end_at - size)) != (ssize_t)sizeof first)
        return false;
    if (starts(first, "PK\1\2"))
        return true;
    /* zip64's records lie between the directory and the end record. */
    uint64_t more = LOCATOR + END64;
    return size + more <= end_at &&
           pread(fd, first, sizeof first, (off_t)(end_at - more - size)) == (ssize_t)sizeof first &&
           starts(first, "PK\1\2");
}

enum lm_status lm_zip_end_read(struct lm_zip_end *out, int fd, uint64_t size, struct lm_err *err)
{
    *out = (struct lm_zip_end){.members = LM_ZIP_MANY};
    size_t wanted =
        size < COMMENT + END + LOCATOR + END64 ? (size_t)size : COMMENT + END + LOCATOR + END64;
    uint8_t *tail = wanted >= END ? malloc(wanted) : NULL;
    if (wanted < END)
        return LM_OK;
    if (tail == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory while unpacking");
    ssize_t n = pread(fd, tail, wanted, (off_t)(size - wanted));
    const uint8_t *end = n == (ssize_t)wanted ? find_end(tail, wanted) : NULL;
    if (end != NULL) {
        uint64_t end_at = size - wanted + (uint64_t)(end - tail);
        out->members = count_members(tail, end);
        out->is_zip = has_directory(fd, end_at, end, out->members);
        uint64_t disk = little(end + 4, 2), first_disk = little(end + 6, 2);
        out->is_split = (disk != 0 && disk != 0xFFFF) || (first_disk != 0 && first_disk != 0xFFFF);
    }
    free(tail);
    return n < 0 ? lm_fail_errno(err, errno, "cannot read the file") : LM_OK;
}
