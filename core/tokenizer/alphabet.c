#include "tokenizer/alphabet.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

static bool is_own(uint32_t c)
{
    return (c >= 0x21 && c <= 0x7E) || (c >= 0xA1 && c <= 0xAC) || (c >= 0xAE && c <= 0xFF);
}

/* The other bytes in order: 00..20, 7F..A0, AD. */
static uint32_t character_of(uint8_t byte)
{
    if (is_own(byte))
        return byte;
    return 0x100u + (byte <= 0x20 ? byte : byte <= 0xA0 ? byte - 0x7Fu + 0x21u : 0x43u);
}

static int byte_of(uint32_t c)
{
    if (is_own(c))
        return (int)c;
    if (c < 0x100 || c > 0x143)
        return -1;
    c -= 0x100;
    return (int)(c <= 0x20 ? c : c <= 0x42 ? c - 0x21 + 0x7F : 0xAD);
}

void lm_alphabet_write(struct lm_buf *out, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t text[4];
        lm_buf_append(out, text, lm_utf8_encode(text, character_of(bytes[i])));
    }
}

const char *lm_alphabet_show(char out[LM_SHOWN], const void *bytes, size_t size)
{
    enum { MOST = 40 }; /* of two bytes each */

    size_t end = 0;
    for (size_t i = 0; i < size && i < MOST; i++)
        end += lm_utf8_encode((uint8_t *)out + end, character_of(((const uint8_t *)bytes)[i]));
    const char *more = size > MOST ? "…" : "";
    memcpy(out + end, more, strlen(more) + 1);
    return out;
}

size_t lm_alphabet_read(struct lm_buf *out, const char *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        uint32_t c;
        size_t length = lm_utf8_decode(&c, (const uint8_t *)text + at, size - at);
        int byte = length == 0 ? -1 : byte_of(c);
        if (byte < 0)
            break;
        lm_buf_putc(out, (char)byte);
        at += length;
    }
    return at;
}

void lm_alphabet_ids(int32_t ids[256])
{
    int32_t id = 0;
    for (uint32_t c = 0; c <= 0x143; c++) {
        int byte = byte_of(c);
        if (byte >= 0)
            ids[byte] = id++;
    }
}
