#include "tokenizer/formats/base64.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void lm_base64_write(struct lm_buf *out, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i += 3) {
        size_t count = size - i < 3 ? size - i : 3;
        uint32_t group = (uint32_t)bytes[i] << 16;
        group |= count > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
        group |= count > 2 ? bytes[i + 2] : 0;
        char text[4] = {'=', '=', '=', '='};
        for (size_t k = 0; k <= count; k++)
            text[k] = digits[group >> (18 - 6 * k) & 63];
        lm_buf_append(out, text, sizeof text);
    }
}

static int value_of(char c)
{
    const char *digit = c == '\0' ? NULL : strchr(digits, c);
    return digit == NULL ? -1 : (int)(digit - digits);
}

/* Four characters, of which the last one or two may be padding when the text ends there. */
static bool read_group(struct lm_buf *out, const char *text, bool is_last)
{
    size_t padding = !is_last ? 0 : text[2] == '=' && text[3] == '=' ? 2 : text[3] == '=';
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        int value = i >= 4 - padding ? 0 : value_of(text[i]);
        if (value < 0)
            return false;
        group = group << 6 | (uint32_t)value;
    }
    const uint8_t bytes[] = {(uint8_t)(group >> 16), (uint8_t)(group >> 8), (uint8_t)group};
    lm_buf_append(out, bytes, 3 - padding);
    /* bits that no byte takes must be zero: one text for one string */
    return (padding == 0) || (padding == 1 ? bytes[2] == 0 : bytes[1] == 0 && bytes[2] == 0);
}

bool lm_base64_read(struct lm_buf *out, const char *text, size_t size)
{
    bool is_good = size % 4 == 0;
    for (size_t i = 0; i < size && is_good; i += 4)
        is_good = read_group(out, text + i, i + 4 == size);
    return is_good;
}
