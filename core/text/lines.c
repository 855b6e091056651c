#include "text/lines.h"

#include <string.h>

#include "base/utf8.h"
#include "text/blocks.h"
#include "text/unicode.h"

bool lm_line_next(struct lm_line_scan *scan, struct lm_line *line)
{
    if (scan->at == scan->size)
        return false;
    const uint8_t *newline = memchr(scan->text + scan->at, '\n', scan->size - scan->at);
    size_t end = newline == NULL ? scan->size : (size_t)(newline - scan->text);
    *line = (struct lm_line){scan->at, end - scan->at};
    scan->at = end + (newline != NULL);
    return true;
}

static bool is_space(const uint8_t *text, size_t size)
{
    uint32_t c = text[0];
    if (c >= 0x80)
        lm_utf8_decode(&c, text, size);
    return (lm_unicode(c) & LM_UC_SPACE) != 0;
}

/* Bytes of the last character of text[0..size), size ≥ 1. */
static size_t last_length(const uint8_t *text, size_t size)
{
    size_t length = 1;
    while (length < 4 && length < size && (text[size - length] & 0xC0) == 0x80)
        length++;
    return length;
}

struct lm_line lm_line_strip(const struct lm_line *line, const uint8_t *text)
{
    const uint8_t *bytes = text + line->at;
    size_t start = 0, end = line->size;
    while (start < end && is_space(bytes + start, end - start)) {
        start++;
        while (start < end && (bytes[start] & 0xC0) == 0x80)
            start++;
    }
    while (end > start) {
        size_t length = last_length(bytes + start, end - start);
        if (!is_space(bytes + end - length, length))
            break;
        end -= length;
    }
    return (struct lm_line){line->at + start, end - start};
}

int64_t lm_count_chars(const uint8_t *text, size_t size)
{
    size_t continued = 0, at = 0;
    while (size - at >= LM_BLOCK) { /* by the place in a block, at most 255 times */
        uint8_t lanes[LM_BLOCK] = {0};
        for (size_t k = 0; k < UINT8_MAX && size - at >= LM_BLOCK; k++, at += LM_BLOCK)
            for (size_t i = 0; i < LM_BLOCK; i++)
                lanes[i] = (uint8_t)(lanes[i] + ((text[at + i] & 0xC0) == 0x80));
        for (size_t i = 0; i < LM_BLOCK; i++)
            continued += lanes[i];
    }
    for (; at < size; at++)
        continued += (text[at] & 0xC0) == 0x80;
    return (int64_t)(size - continued);
}
