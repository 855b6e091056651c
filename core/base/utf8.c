#include "base/utf8.h"

#include <string.h>

/* Rows of table 3-7 by lead byte: the sequence's length and the range of its second byte. */
struct lead {
    uint8_t first, last, length, low, high, payload;
};

static const struct lead leads[] = {
    {0x00, 0x7F, 1, 0x00, 0x00, 0x7F}, {0xC2, 0xDF, 2, 0x80, 0xBF, 0x1F},
    {0xE0, 0xE0, 3, 0xA0, 0xBF, 0x0F}, {0xE1, 0xEC, 3, 0x80, 0xBF, 0x0F},
    {0xED, 0xED, 3, 0x80, 0x9F, 0x0F}, {0xEE, 0xEF, 3, 0x80, 0xBF, 0x0F},
    {0xF0, 0xF0, 4, 0x90, 0xBF, 0x07}, {0xF1, 0xF3, 4, 0x80, 0xBF, 0x07},
    {0xF4, 0xF4, 4, 0x80, 0x8F, 0x07},
};

static const struct lead *find_lead(uint8_t byte)
{
    for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++)
        if (byte >= leads[i].first && byte <= leads[i].last)
            return &leads[i];
    return NULL;
}

/* Bytes of data that go on a well-formed sequence of `lead`; == lead->length when complete. */
static size_t matched(const struct lead *lead, const uint8_t *data, size_t size)
{
    size_t length = 1;
    while (length < lead->length && length < size) {
        uint8_t low = length == 1 ? lead->low : 0x80, high = length == 1 ? lead->high : 0xBF;
        if (data[length] < low || data[length] > high)
            break;
        length++;
    }
    return length;
}

static bool is_continued(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

size_t lm_utf8_decode(uint32_t *code_point, const uint8_t *data, size_t size)
{
    uint32_t first = data[0];
    *code_point = first;
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first < 0xE0 && size > 1 && is_continued(data[1])) {
        *code_point = (first & 0x1F) << 6 | (data[1] & 0x3F);
        return 2;
    }
    if (first >= 0xE1 && first < 0xED && size > 2 && is_continued(data[1]) &&
        is_continued(data[2])) {
        *code_point = (first & 0xF) << 12 | (uint32_t)(data[1] & 0x3F) << 6 | (data[2] & 0x3F);
        return 3;
    }
    const struct lead *lead = find_lead(data[0]);
    if (lead == NULL || matched(lead, data, size) < lead->length)
        return 0;
    uint32_t value = first & lead->payload;
    for (size_t i = 1; i < lead->length; i++)
        value = value << 6 | (data[i] & 0x3F);
    *code_point = value;
    return lead->length;
}

size_t lm_utf8_encode(uint8_t out[4], uint32_t code_point)
{
    static const uint8_t marks[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF))
        return 0;
    size_t length = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (code_point & 0x3F));
        code_point >>= 6;
    }
    out[0] = (uint8_t)(marks[length] | code_point);
    return length;
}

/* Bytes below 0x80 at the start, eight at a time. */
static size_t ascii_prefix(const uint8_t *data, size_t size)
{
    static const uint64_t high_bits = 0x8080808080808080;
    size_t at = 0;
    for (; at + 8 <= size; at += 8) {
        uint64_t eight;
        memcpy(&eight, data + at, 8);
        if (eight & high_bits)
            break;
    }
    while (at < size && data[at] < 0x80)
        at++;
    return at;
}

size_t lm_utf8_valid_prefix(const uint8_t *data, size_t size)
{
    size_t at = 0;
    while (at < size) {
        uint32_t code_point;
        size_t length = data[at] < 0x80 ? ascii_prefix(data + at, size - at)
                                        : lm_utf8_decode(&code_point, data + at, size - at);
        if (length == 0)
            break;
        at += length;
    }
    return at;
}

size_t lm_utf8_bad_length(const uint8_t *data, size_t size)
{
    const struct lead *lead = find_lead(data[0]);
    return lead == NULL ? 1 : matched(lead, data, size);
}

/* Code points that are invisible or change how their neighbours are laid out. */
static const struct {
    uint32_t first, last;
} hidden[] = {
    {0x00, 0x08},     {0x0b, 0x1f},     {0x7f, 0x9f},       {0xad, 0xad},
    {0x61c, 0x61c},   {0x180e, 0x180e}, {0x200b, 0x200b},   {0x200e, 0x200f},
    {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfdd0, 0xfdef},   {0xfeff, 0xfeff},
    {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe0fff}, {0xf0000, 0x10ffff},
};

bool lm_utf8_is_hidden(uint32_t code_point)
{
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        if (code_point >= hidden[i].first && code_point <= hidden[i].last)
            return true;
    }
    return false;
}
