#include "differ/differ_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/utf8.h"

enum {
    CHUNK = 1 << 20,
    BEFORE = 24, /**< bytes of an excerpt that are equal */
    SHOWN = 80   /**< bytes of an excerpt */
};

/* ---- texts for people ---- */

/** The first byte of the character that text[at] belongs to. */
static size_t character_at(const char *text, size_t at)
{
    size_t back = 0;
    while (at > back && back < 3 && ((unsigned char)text[at - back] & 0xC0) == 0x80)
        back++;
    return at - back;
}

/** One character of `text`, or U+FFFD; returns the bytes that were taken. */
static size_t put_character(char out[LM_DIFFER_VALUE], size_t *used, const char *text, size_t size)
{
    uint32_t point = 0;
    uint8_t bytes[4];
    const uint8_t *at = (const uint8_t *)text;
    size_t length = lm_utf8_decode(&point, at, size);
    size_t taken = length > 0 ? length : lm_utf8_bad_length(at, size);
    if (length == 0)
        point = 0xFFFD;
    else if (point < 0x20 || point == 0x7F)
        point = ' ';
    length = lm_utf8_encode(bytes, point);
    memcpy(out + *used, bytes, length);
    *used += length;
    return taken;
}

void lm_differ_excerpt(char out[LM_DIFFER_VALUE], const char *text, size_t size, size_t at)
{
    static const char more[] = "…";
    size_t used = 0, from = 0;
    at = at < size ? at : size;
    if (at > BEFORE)
        from = character_at(text, at - BEFORE);
    if (from > 0) {
        memcpy(out, more, sizeof more - 1);
        used = sizeof more - 1;
    }
    size_t end = size - from > SHOWN ? from + SHOWN : size;
    while (from < end)
        from += put_character(out, &used, text + from, size - from);
    if (from < size) {
        memcpy(out + used, more, sizeof more - 1);
        used += sizeof more - 1;
    }
    out[used] = '\0';
}

static void put_byte(char out[LM_DIFFER_VALUE], const struct lm_differ_pair *pair, int side)
{
    unsigned char byte = 0;
    if (lm_read_at(pair->fds[side], &byte, 1, pair->at) == 1)
        snprintf(out, LM_DIFFER_VALUE, "0x%02x", byte);
    else
        snprintf(out, LM_DIFFER_VALUE, "the end of the file");
}

bool lm_differ_bytes(struct lm_differ *out, const struct lm_differ_pair *pair)
{
    snprintf(out->place, sizeof out->place, "byte %" PRIu64, pair->at);
    put_byte(out->stored, pair, 0);
    put_byte(out->now, pair, 1);
    return true;
}

/* ---- the first byte ---- */

static enum lm_status open_one(struct lm_differ_pair *pair, int side, const char *path,
                               struct lm_err *err)
{
    struct stat st;
    pair->paths[side] = path;
    pair->fds[side] = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (pair->fds[side] < 0 || fstat(pair->fds[side], &st) != 0)
        return lm_fail_errno(err, errno, "cannot open %s", path);
    if (!S_ISREG(st.st_mode))
        return lm_fail(err, LM_IO, "%s is no plain file", path);
    pair->sizes[side] = (uint64_t)st.st_size;
    return LM_OK;
}

/** The first place where two buffers differ, at most `size`. */
static size_t common(const char *a, const char *b, size_t size)
{
    size_t i = 0;
    while (i < size && a[i] == b[i])
        i++;
    return i;
}

/** Sets pair->at; *differs false: there is no such place. */
static enum lm_status scan(struct lm_differ_pair *pair, bool *differs, struct lm_err *err)
{
    char *a = malloc(CHUNK), *b = malloc(CHUNK);
    enum lm_status status = LM_OK;
    bool over = a == NULL || b == NULL;
    if (over)
        status = lm_fail(err, LM_NOMEM, "out of memory comparing files");
    *differs = false;
    while (!over) {
        size_t x = lm_read_at(pair->fds[0], a, CHUNK, pair->at);
        size_t y = lm_read_at(pair->fds[1], b, CHUNK, pair->at);
        size_t less = x < y ? x : y;
        size_t same = memcmp(a, b, less) == 0 ? less : common(a, b, less);
        pair->at += same;
        *differs = same < less || x != y;
        over = *differs || less < CHUNK;
    }
    free(a);
    free(b);
    return status;
}

/* ---- all formats ---- */

static void find(struct lm_differ *out, const struct lm_differ_pair *pair)
{
    static lm_differ_finder *const finders[] = {lm_differ_tensors, lm_differ_rows, lm_differ_json,
                                                lm_differ_lines, lm_differ_bytes};
    bool found = false;
    for (size_t i = 0; !found && i < sizeof finders / sizeof finders[0]; i++) {
        *out = (struct lm_differ){.place = ""};
        found = finders[i](out, pair);
    }
}

enum lm_status lm_differ_files(struct lm_differ *out, bool *differs, const char *stored,
                               const char *now, struct lm_err *err)
{
    struct lm_differ_pair pair = {.fds = {-1, -1}};
    enum lm_status status = open_one(&pair, 0, stored, err);
    if (status == LM_OK)
        status = open_one(&pair, 1, now, err);
    if (status == LM_OK)
        status = scan(&pair, differs, err);
    if (status == LM_OK && *differs)
        find(out, &pair);
    for (int side = 0; side < 2; side++)
        if (pair.fds[side] >= 0)
            close(pair.fds[side]);
    return status;
}
