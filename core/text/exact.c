#include "text/exact.h"

#include <string.h>

#include "base/utf8.h"
#include "text/nfc.h"
#include "text/unicode.h"

/* ASCII without utf8proc: 0 is left out, ' ' is a space. */
static char fold_ascii(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c + 'a' - 'A');
    if (c <= ' ')
        return ' ';
    return strchr("!\"#%&'()*,-./:;?@[\\]_{}\x7F", c) != NULL ? 0 : (char)c;
}

void lm_exact_fold(struct lm_buf *out, const uint8_t *text, size_t size)
{
    size_t start = out->size;
    bool is_spaced = false;
    for (size_t at = 0; at < size;) {
        uint8_t bytes[4] = {text[at]};
        size_t count = 1, length = 1;
        if (text[at] < 0x80) {
            bytes[0] = (uint8_t)fold_ascii(text[at]);
            count = bytes[0] != 0;
        } else {
            uint32_t c;
            length = lm_utf8_decode(&c, text + at, size - at);
            bool is_space = length > 0 && (lm_unicode(c) & LM_UC_SPACE) != 0;
            bytes[0] = ' ';
            if (!is_space)
                count = length == 0 || lm_is_punctuation(c) ? 0 : lm_utf8_encode(bytes, lm_fold(c));
            length = length > 0 ? length : 1;
        }
        at += length;
        if (count == 1 && bytes[0] == ' ') {
            is_spaced = true;
            continue;
        }
        if (count > 0 && is_spaced && out->size > start)
            lm_buf_putc(out, ' ');
        is_spaced = is_spaced && count == 0;
        lm_buf_append(out, bytes, count);
    }
}

enum lm_status lm_exact_unit(struct lm_exact_unit *out, const uint8_t *text, size_t size,
                             struct lm_buf *scratch, struct lm_err *err)
{
    lm_buf_clear(scratch);
    lm_exact_fold(scratch, text, size);
    LM_TRY(lm_buf_status(scratch, err));
    *out = (struct lm_exact_unit){.size = size, .is_blank = scratch->size == 0};
    if (!out->is_blank)
        lm_sha256_bytes(&out->digest, scratch->data, scratch->size);
    return LM_OK;
}

static size_t line_end(const uint8_t *text, size_t size, size_t at)
{
    const uint8_t *newline = memchr(text + at, '\n', size - at);
    return newline == NULL ? size : (size_t)(newline - text) + 1;
}

static bool is_white(const uint8_t *text, size_t from, size_t to)
{
    while (from < to && (text[from] == ' ' || text[from] == '\t' || text[from] == '\n'))
        from++;
    return from == to;
}

enum lm_status lm_exact_next(struct lm_exact_unit *out, const uint8_t *text, size_t size, size_t at,
                             bool is_paragraph, struct lm_buf *scratch, struct lm_err *err)
{
    size_t end = line_end(text, size, at);
    bool was_blank = is_white(text, at, end);
    while (is_paragraph && end < size) {
        size_t next = line_end(text, size, end);
        bool is_blank = is_white(text, end, next);
        if (was_blank && !is_blank)
            break;
        was_blank = is_blank;
        end = next;
    }
    LM_TRY(lm_exact_unit(out, text + at, end - at, scratch, err));
    out->at = at;
    return LM_OK;
}
