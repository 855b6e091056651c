#include "text/encoding.h"

#include <errno.h>
#include <gnu/libc-version.h>
#include <iconv.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "text/utf16.h"

enum { CHUNK = 1 << 16, PART = 1 << 20 };

#define NAME(name, iconv_name) name,
#define TARGET(name, iconv_name) iconv_name,
const char *const lm_encoding_names[] = {LM_ENCODING_LIST(NAME) NULL};
static const char *const targets[] = {LM_ENCODING_LIST(TARGET)};

/* ---- labels ---- */

/** Other names that pages use, and what browsers take them for. */
static const struct {
    const char *label, *name;
} labels[] = {
    {"utf8", "utf-8"},
    {"unicode-1-1-utf-8", "utf-8"},
    {"ascii", "windows-1252"},
    {"us-ascii", "windows-1252"},
    {"latin1", "windows-1252"},
    {"iso-8859-1", "windows-1252"},
    {"iso8859-1", "windows-1252"},
    {"iso_8859-1", "windows-1252"},
    {"cp1252", "windows-1252"},
    {"x-cp1252", "windows-1252"},
    {"cp1250", "windows-1250"},
    {"x-cp1250", "windows-1250"},
    {"cp1251", "windows-1251"},
    {"x-cp1251", "windows-1251"},
    {"cp1253", "windows-1253"},
    {"iso-8859-9", "windows-1254"},
    {"latin5", "windows-1254"},
    {"cp1254", "windows-1254"},
    {"cp1255", "windows-1255"},
    {"cp1256", "windows-1256"},
    {"cp1257", "windows-1257"},
    {"cp1258", "windows-1258"},
    {"tis-620", "windows-874"},
    {"iso-8859-11", "windows-874"},
    {"latin2", "iso-8859-2"},
    {"latin-9", "iso-8859-15"},
    {"iso8859-15", "iso-8859-15"},
    {"iso-8859-8-i", "iso-8859-8"},
    {"gbk", "gb18030"},
    {"x-gbk", "gb18030"},
    {"gb2312", "gb18030"},
    {"gb_2312-80", "gb18030"},
    {"chinese", "gb18030"},
    {"hz-gb-2312", "gb18030"},
    {"big5-hkscs", "big5"},
    {"x-x-big5", "big5"},
    {"cn-big5", "big5"},
    {"sjis", "shift_jis"},
    {"shift-jis", "shift_jis"},
    {"x-sjis", "shift_jis"},
    {"ms_kanji", "shift_jis"},
    {"windows-31j", "shift_jis"},
    {"x-euc-jp", "euc-jp"},
    {"ks_c_5601-1987", "euc-kr"},
    {"ksc5601", "euc-kr"},
    {"korean", "euc-kr"},
    {"windows-949", "euc-kr"},
    {"koi8", "koi8-r"},
    {"koi", "koi8-r"},
    {"koi8-ru", "koi8-u"},
    {"mac", "macintosh"},
    {"x-mac-roman", "macintosh"},
    {"unicode", "utf-16le"},
    {"ucs-2", "utf-16le"},
    {"utf-16", "utf-16le"},
};

static bool is_label(const char *name, const char *label, size_t size)
{
    return strlen(name) == size && strncasecmp(name, label, size) == 0;
}

const char *lm_encoding_of_label(const char *label, size_t size)
{
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (is_label(labels[i].label, label, size))
            return labels[i].name;
    for (size_t i = 0; lm_encoding_names[i] != NULL; i++)
        if (strcmp(lm_encoding_names[i], "auto") != 0 &&
            is_label(lm_encoding_names[i], label, size))
            return lm_encoding_names[i];
    return NULL;
}

/* ---- conversion ---- */

/** What iconv left: one byte that makes no character, or the start of one at the end. */
static void put_bad(struct lm_buf *out, char **in, size_t *left, size_t *bad)
{
    size_t count = errno == EINVAL ? *left : 1;
    for (size_t i = 0; i < count; i++)
        lm_buf_putc(out, (char)0xFF);
    *bad += count;
    *in += count;
    *left -= count;
}

static enum lm_status drained(const struct lm_drain *drain, struct lm_buf *out, struct lm_err *err)
{
    LM_TRY(lm_buf_status(out, err));
    return drain != NULL ? drain->take(drain->user, out, err) : LM_OK;
}

static enum lm_status convert_all(struct lm_buf *out, iconv_t iconv_way, const uint8_t *data,
                                  size_t size, size_t *bad, const struct lm_drain *drain,
                                  struct lm_err *err)
{
    char chunk[CHUNK];
    char *in = (char *)(uintptr_t)data;
    size_t left = size;
    while (left > 0) {
        char *to = chunk;
        size_t room = sizeof chunk;
        size_t result = iconv(iconv_way, &in, &left, &to, &room);
        int error = errno;
        lm_buf_append(out, chunk, (size_t)(to - chunk));
        errno = error;
        if (result == (size_t)-1 && error != E2BIG)
            put_bad(out, &in, &left, bad);
        LM_TRY(drained(drain, out, err));
    }
    char *to = chunk;
    size_t room = sizeof chunk;
    (void)iconv(iconv_way, NULL, NULL, &to, &room); /* what a character may still wait for */
    lm_buf_append(out, chunk, (size_t)(to - chunk));
    return lm_buf_status(out, err);
}

/** "utf-16", "utf-32" … without a mark are little-endian, as nearly all such files are. */
static enum lm_status convert_utf(struct lm_buf *out, const char *name, const uint8_t *data,
                                  size_t size, size_t *bad, const struct lm_drain *drain,
                                  struct lm_err *err)
{
    struct lm_utf utf = lm_utf_detect(data, size);
    if (strncmp(name, "utf-8", 5) == 0) {
        for (size_t at = 0; at < size; at += PART) {
            lm_buf_append(out, data + at, size - at < PART ? size - at : PART);
            LM_TRY(drained(drain, out, err));
        }
        return LM_OK;
    }
    if (utf.marked == 0)
        utf = (struct lm_utf){.unit = strncmp(name, "utf-32", 6) == 0 ? 4 : 2,
                              .is_big = strcmp(name, "utf-16be") == 0};
    return lm_utf_decode_parts(out, &utf, data, size, bad, drain, err);
}

enum lm_status lm_encoding_convert_parts(struct lm_buf *out, const char *name, const uint8_t *data,
                                         size_t size, size_t *bad, const struct lm_drain *drain,
                                         struct lm_err *err)
{
    size_t i = 0;
    while (lm_encoding_names[i] != NULL && strcmp(lm_encoding_names[i], name) != 0)
        i++;
    if (lm_encoding_names[i] == NULL)
        return lm_fail(err, LM_UNSUPPORTED, "encoding \"%s\" is not known", name);
    if (targets[i][0] == '\0')
        return convert_utf(out, name, data, size, bad, drain, err);
    iconv_t way = iconv_open("UTF-8", targets[i]);
    if (way == (iconv_t)-1)
        return lm_fail(err, LM_UNSUPPORTED,
                       "glibc cannot read %s here; install its converters (Debian: libc6)", name);
    enum lm_status status = convert_all(out, way, data, size, bad, drain, err);
    iconv_close(way);
    return status;
}

enum lm_status lm_encoding_convert(struct lm_buf *out, const char *name, const uint8_t *data,
                                   size_t size, size_t *bad, struct lm_err *err)
{
    return lm_encoding_convert_parts(out, name, data, size, bad, NULL, err);
}

void lm_encoding_version(char text[128])
{
    snprintf(text, 128, "%s", gnu_get_libc_version());
}
