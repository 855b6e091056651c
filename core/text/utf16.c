#include "text/utf16.h"

#include <string.h>

#include "base/utf8.h"

enum { UNITS_LOOKED_AT = 4096, DRAINED = 1 << 20, REPLACEMENT = 0xFFFD };

static const struct {
    const char *name;
    struct lm_utf utf;
    uint8_t mark[4];
} kinds[] = {
    /* UTF-32 first: its little-endian mark begins with UTF-16's */
    {"UTF-32LE", {4, false, 4}, {0xFF, 0xFE, 0, 0}},
    {"UTF-32BE", {4, true, 4}, {0, 0, 0xFE, 0xFF}},
    {"UTF-16LE", {2, false, 2}, {0xFF, 0xFE}},
    {"UTF-16BE", {2, true, 2}, {0xFE, 0xFF}},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static uint32_t unit_at(const struct lm_utf *utf, const uint8_t *data)
{
    uint32_t value = 0;
    for (size_t i = 0; i < utf->unit; i++)
        value = value << 8 | data[utf->is_big ? i : utf->unit - 1 - i];
    return value;
}

/** One character or fault; its bytes. */
static size_t decode(uint32_t *code_point, const struct lm_utf *utf, const uint8_t *data,
                     size_t size)
{
    *code_point = UINT32_MAX;
    if (size < utf->unit)
        return size;
    uint32_t unit = unit_at(utf, data);
    if (unit < 0xD800 || (unit > 0xDFFF && unit <= 0x10FFFF)) {
        *code_point = unit;
        return utf->unit;
    }
    if (utf->unit == 4 || unit > 0xDBFF || size < 4)
        return utf->unit;
    uint32_t low = unit_at(utf, data + 2);
    if (low < 0xDC00 || low > 0xDFFF)
        return utf->unit;
    *code_point = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    return 4;
}

static bool is_text(uint32_t code_point)
{
    return code_point >= 0x20 || (code_point >= '\t' && code_point <= '\r');
}

/** Certain without a mark: no fault anywhere, and most of the beginning is ASCII. */
static bool is_certain(const struct lm_utf *utf, const uint8_t *data, size_t size)
{
    size_t ascii = 0, seen = 0;
    if (size == 0 || size % utf->unit != 0)
        return false;
    for (size_t at = 0; at < size; seen++) {
        uint32_t code_point;
        at += decode(&code_point, utf, data + at, size - at);
        if (code_point > 0x10FFFF || !is_text(code_point))
            return false;
        ascii += seen < UNITS_LOOKED_AT && code_point < 0x80;
        if (seen + 1 == UNITS_LOOKED_AT && ascii * 2 <= UNITS_LOOKED_AT) /* no more will count */
            return false;
    }
    seen = seen < UNITS_LOOKED_AT ? seen : UNITS_LOOKED_AT;
    return ascii * 2 > seen;
}

struct lm_utf lm_utf_detect(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < KINDS; i++) {
        const struct lm_utf *utf = &kinds[i].utf;
        if (size > utf->marked && memcmp(data, kinds[i].mark, utf->marked) == 0 &&
            (utf->unit == 2 || size % 4 == 0))
            return *utf;
    }
    for (size_t i = 0; i < KINDS; i++) {
        struct lm_utf utf = kinds[i].utf;
        utf.marked = 0;
        if (is_certain(&utf, data, size))
            return utf;
    }
    return (struct lm_utf){0};
}

const char *lm_utf_name(const struct lm_utf *utf)
{
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i].utf.unit == utf->unit && kinds[i].utf.is_big == utf->is_big)
            return kinds[i].name;
    return "UTF-8";
}

enum lm_status lm_utf_decode_parts(struct lm_buf *out, const struct lm_utf *utf,
                                   const uint8_t *data, size_t size, size_t *bad,
                                   const struct lm_drain *drain, struct lm_err *err)
{
    size_t at = utf->marked;
    while (at < size) {
        for (size_t end = size - at < DRAINED ? size : at + DRAINED; at < end;) {
            uint8_t made[4];
            uint32_t code_point;
            size_t length = decode(&code_point, utf, data + at, size - at);
            bool is_bad = code_point > 0x10FFFF;
            *bad += is_bad ? length : 0;
            lm_buf_append(out, made, lm_utf8_encode(made, is_bad ? REPLACEMENT : code_point));
            at += length;
        }
        LM_TRY(lm_buf_status(out, err));
        if (drain != NULL)
            LM_TRY(drain->take(drain->user, out, err));
    }
    return LM_OK;
}

enum lm_status lm_utf_decode(struct lm_buf *out, const struct lm_utf *utf, const uint8_t *data,
                             size_t size, size_t *bad, struct lm_err *err)
{
    return lm_utf_decode_parts(out, utf, data, size, bad, NULL, err);
}
