#include "width.h"

#include <string.h>
#include <sys/ioctl.h>

#include "base/utf8.h"

struct range {
    uint32_t first, last;
};

static const struct range zero[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A}, {0x064B, 0x065F},
    {0x0900, 0x0902}, {0x093C, 0x093C}, {0x0941, 0x0948}, {0x0E31, 0x0E31}, {0x0E34, 0x0E3A},
    {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x2064},
    {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0100, 0xE01EF},
};

static const struct range wide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23EC},
    {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},
    {0xA000, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F},
    {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
};

static int within(uint32_t code_point, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (code_point >= ranges[i].first && code_point <= ranges[i].last)
            return 1;
    }
    return 0;
}

size_t lm_char_width(uint32_t code_point)
{
    if (code_point < 0x300)
        return 1;
    if (within(code_point, zero, sizeof zero / sizeof zero[0]))
        return 0;
    return within(code_point, wide, sizeof wide / sizeof wide[0]) ? 2 : 1;
}

/* Walks characters while they fit; returns bytes, *columns gets the width taken. */
static size_t walk(const char *text, size_t limit, size_t *columns)
{
    size_t size = strlen(text), at = 0;
    *columns = 0;
    while (at < size) {
        uint32_t code_point = 0;
        size_t length = lm_utf8_decode(&code_point, (const uint8_t *)text + at, size - at);
        size_t width = length > 0 ? lm_char_width(code_point) : 1;
        if (*columns + width > limit)
            break;
        *columns += width;
        at += length > 0 ? length : 1;
    }
    return at;
}

size_t lm_text_width(const char *text)
{
    size_t columns = 0;
    walk(text, SIZE_MAX / 2, &columns);
    return columns;
}

size_t lm_text_fit(const char *text, size_t columns)
{
    size_t taken = 0;
    return walk(text, columns, &taken);
}

bool lm_screen_size(FILE *out, size_t *rows, size_t *columns)
{
    struct winsize size;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
        return false;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return true;
}
