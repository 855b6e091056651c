#include "text/nfc.h"

#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "base/utf8.h"
#include "text/unicode.h"

/* From `at` on: end of the run that needs no look, and in *border the start of its last character.
 */
static size_t skip_sure(const uint8_t *text, size_t size, size_t at, size_t *border)
{
    while (at < size) {
        uint32_t code_point = text[at];
        size_t length = 1;
        if (code_point >= 0x80) {
            length = lm_utf8_decode(&code_point, text + at, size - at);
            if (lm_unicode(code_point) & LM_UC_SUSPECT)
                break;
        }
        *border = at;
        at += length == 0 ? 1 : length;
    }
    return at;
}

static size_t skip_suspects(const uint8_t *text, size_t size, size_t at)
{
    while (at < size) {
        uint32_t code_point;
        size_t length = lm_utf8_decode(&code_point, text + at, size - at);
        if ((lm_unicode(code_point) & LM_UC_SUSPECT) == 0)
            break;
        at += length == 0 ? 1 : length;
    }
    return at;
}

size_t lm_nfc_prefix(const uint8_t *text, size_t size)
{
    size_t border = 0, end = skip_sure(text, size, 0, &border);
    return end == size ? size : border;
}

/* Normalises a stretch that starts with a character nothing before it combines with. */
static enum lm_status put_stretch(struct lm_buf *out, const uint8_t *text, size_t size,
                                  int64_t *changed, struct lm_err *err)
{
    utf8proc_uint8_t *made = NULL;
    utf8proc_ssize_t length =
        utf8proc_map(text, (utf8proc_ssize_t)size, &made, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (length < 0)
        return lm_fail(err, LM_NOMEM, "no memory to normalise %zu bytes of text; free some", size);
    *changed += (size_t)length != size || memcmp(made, text, size) != 0;
    lm_buf_append(out, made, (size_t)length);
    free(made);
    return LM_OK;
}

enum lm_status lm_nfc(struct lm_buf *out, const uint8_t *text, size_t size, int64_t *changed,
                      struct lm_err *err)
{
    for (size_t at = 0; at < size;) {
        size_t border = at, suspect = skip_sure(text, size, at, &border);
        if (suspect == size)
            border = size;
        lm_buf_append(out, text + at, border - at);
        if (suspect == size)
            break;
        size_t end = skip_suspects(text, size, suspect);
        LM_TRY(put_stretch(out, text + border, end - border, changed, err));
        at = end;
    }
    return lm_buf_status(out, err);
}
