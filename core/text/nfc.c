#include "text/nfc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <stdio.h>
#include <utf8proc.h>

#include "base/utf8.h"
#include "text/blocks.h"
#include "text/unicode.h"

/* From `at` on: end of the run that needs no look, and in *border the start of its last character.
 */
static size_t skip_sure(const uint8_t *text, size_t size, size_t at, size_t *border)
{
    while (at < size) {
        uint32_t code_point = text[at];
        size_t length = 1;
        if (size - at >= LM_BLOCK && lm_block_is_ascii(text + at)) {
            at += LM_BLOCK;
            *border = at - 1;
            continue;
        }
        if (code_point >= 0x80) {
            length = lm_utf8_read(&code_point, text + at, size - at);
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

/* ---- a stretch in NFC ---- */

/* Decomposed characters, and their combining classes. */
struct decomposed {
    utf8proc_int32_t *characters; /* one more than the capacity: utf8proc ends them with 0 */
    utf8proc_int32_t *sorted;     /* room for a run while it is sorted */
    uint8_t *classes;
    size_t count, capacity;
};

static void decomposed_release(struct decomposed *d)
{
    free(d->characters);
    free(d->sorted);
    free(d->classes);
}

static bool reserve(struct decomposed *d, size_t capacity)
{
    utf8proc_int32_t *characters = realloc(d->characters, (capacity + 1) * sizeof *characters);
    d->characters = characters != NULL ? characters : d->characters;
    uint8_t *classes = realloc(d->classes, capacity);
    d->classes = classes != NULL ? classes : d->classes;
    utf8proc_int32_t *sorted = realloc(d->sorted, capacity * sizeof *sorted);
    d->sorted = sorted != NULL ? sorted : d->sorted;
    d->capacity = capacity;
    return characters != NULL && classes != NULL && sorted != NULL;
}

/* Appends a character's canonical decomposition, at most LONGEST characters. */
static bool decompose(struct decomposed *d, uint32_t code_point)
{
    enum { LONGEST = 32 };

    int last = 0;
    if (d->count + LONGEST > d->capacity && !reserve(d, 2 * d->capacity + LONGEST))
        return false;
    utf8proc_ssize_t length =
        utf8proc_decompose_char((utf8proc_int32_t)code_point, d->characters + d->count, LONGEST,
                                UTF8PROC_STABLE | UTF8PROC_DECOMPOSE, &last);
    if (length < 0 || length > LONGEST)
        return false;
    for (utf8proc_ssize_t i = 0; i < length; i++, d->count++)
        d->classes[d->count] =
            (uint8_t)utf8proc_get_property(d->characters[d->count])->combining_class;
    return true;
}

/* Canonical order (Unicode 3.11, D109): the marks of a run stably by class. Short runs by
 * insertion, long ones by counting, since a text may be one run. */
static void order_run(struct decomposed *d, size_t start, size_t end)
{
    enum { SHORT = 32 };

    utf8proc_int32_t *characters = d->characters;
    size_t places[257] = {0};
    for (size_t i = start + 1; i < end && end - start <= SHORT; i++) {
        utf8proc_int32_t character = characters[i];
        uint8_t class = d->classes[i];
        size_t k = i;
        for (; k > start && d->classes[k - 1] > class; k--) {
            characters[k] = characters[k - 1];
            d->classes[k] = d->classes[k - 1];
        }
        characters[k] = character;
        d->classes[k] = class;
    }
    if (end - start <= SHORT)
        return;
    for (size_t i = start; i < end; i++)
        places[d->classes[i] + 1]++;
    for (size_t class = 1; class < 257; class ++)
        places[class] += places[class - 1];
    for (size_t i = start; i < end; i++)
        d->sorted[places[d->classes[i]]++] = characters[i];
    memcpy(characters + start, d->sorted, (end - start) * sizeof *characters);
}

static void order_marks(struct decomposed *d)
{
    for (size_t at = 0; at < d->count;) {
        size_t end = at;
        while (end < d->count && d->classes[end] != 0)
            end++;
        order_run(d, at, end);
        at = end + 1;
    }
}

/* utf8proc_map does the same, but its canonical ordering is quadratic. */
static enum lm_status put_stretch(struct lm_buf *out, const uint8_t *text, size_t size,
                                  int64_t *changed, struct lm_err *err)
{
    struct decomposed d = {0};
    utf8proc_ssize_t length = -1;
    bool is_good = true;
    for (size_t at = 0; is_good && at < size;) {
        uint32_t code_point;
        at += lm_utf8_decode(&code_point, text + at, size - at);
        is_good = decompose(&d, code_point);
    }
    if (is_good) {
        order_marks(&d);
        length = utf8proc_reencode(d.characters, (utf8proc_ssize_t)d.count,
                                   UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    }
    if (length >= 0) {
        *changed += (size_t)length != size ||
                    (d.characters != NULL && memcmp(d.characters, text, size) != 0);
        lm_buf_append(out, d.characters, (size_t)length);
    }
    decomposed_release(&d);
    return length >= 0 ? LM_OK
                       : lm_fail(err, LM_NOMEM,
                                 "no memory to normalise %zu bytes of text; free some", size);
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

uint32_t lm_fold(uint32_t code_point)
{
    return (uint32_t)utf8proc_tolower(utf8proc_toupper((utf8proc_int32_t)code_point));
}

bool lm_is_punctuation(uint32_t code_point)
{
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code_point);
    return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

void lm_nfc_version(char out[48])
{
    snprintf(out, 48, "%.16s Unicode %.16s", utf8proc_version(), utf8proc_unicode_version());
}
