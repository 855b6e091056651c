#include "text/clean_text.h"

#include <string.h>

#include "base/utf8.h"
#include "text/blocks.h"
#include "text/nfc.h"
#include "text/unicode.h"

#define NAME(code, name) name,
const char *const lm_repair_names[] = {LM_REPAIR_LIST(NAME) NULL};
#undef NAME

/* Windows-1252's 0x80..0x9F (best practice table of the WHATWG is not followed: unassigned is
 * U+FFFD); 0xA0..0xFF are Latin-1. */
static const uint16_t cp1252[32] = {0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                    0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD,
                                    0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};

void lm_clean_counts_add(struct lm_clean_counts *a, const struct lm_clean_counts *b)
{
#define ADD(field, name) a->field += b->field;
    LM_CLEAN_COUNTS(ADD)
#undef ADD
}

static bool is_plain(uint8_t c)
{
    return (c >= 0x20 && c < 0x7F) || c == '\n' || c == '\t';
}

/* What stops a run of text that is kept as it is. */
struct stop {
    size_t length;   /* in bytes */
    bool is_control; /* else an invalid sequence */
    uint32_t control;
};

/* End of the run from `at` that is kept as it is. */
static size_t kept_end(const uint8_t *text, size_t size, size_t at, struct stop *stop)
{
    while (at < size) {
        uint32_t code_point = text[at];
        size_t length = 1;
        if (size - at >= LM_BLOCK && lm_block_is_plain(text + at)) {
            at += LM_BLOCK;
            continue;
        }
        if (!is_plain(text[at])) {
            length = lm_utf8_read(&code_point, text + at, size - at);
            bool is_control =
                length > 0 && (code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0));
            *stop = (struct stop){length, is_control, code_point};
            if (length == 0)
                stop->length = lm_utf8_bad_length(text + at, size - at);
            if (length == 0 || is_control)
                break;
        }
        at += length;
    }
    return at;
}

/* What stands for a control character: '\n' or ' ' where it separates words, else 0. */
static char separator(uint32_t control)
{
    if (control == 0x1F)
        return ' ';
    return (control >= 0x0B && control <= 0x0D) || (control >= 0x1C && control <= 0x1E) ||
                   control == 0x85
               ? '\n'
               : 0;
}

static bool is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* A control character goes, but where it alone separates two words. */
static void put_control(struct lm_buf *out, uint32_t control, const uint8_t *rest, size_t size,
                        struct lm_clean_counts *counts)
{
    char made = separator(control);
    counts->separators += made != 0;
    counts->controls += made == 0;
    bool is_needed = made != 0 && out->size > 0 && size > 0 && !is_white((char)rest[0]) &&
                     !is_white(out->data[out->size - 1]);
    if (is_needed)
        lm_buf_putc(out, made);
}

static void put_repaired(struct lm_buf *out, const uint8_t *bytes, size_t size,
                         enum lm_repair repair, struct lm_clean_counts *counts)
{
    if (repair == LM_REPAIR_REPLACE) {
        lm_buf_append(out, "\xEF\xBF\xBD", 3);
        counts->invalid_utf8++;
        return;
    }
    for (size_t i = 0; i < size; i++) {
        uint8_t made[4];
        uint32_t code_point = bytes[i] < 0xA0 ? cp1252[bytes[i] - 0x80] : bytes[i];
        lm_buf_append(out, made, lm_utf8_encode(made, code_point));
        counts->cp1252++;
    }
}

/* Well-formed text without control characters; false when it is to be rejected. */
static bool repair_into(struct lm_buf *out, const uint8_t *text, size_t size, enum lm_repair repair,
                        struct lm_clean_counts *counts)
{
    for (size_t at = 0; at < size;) {
        struct stop stop = {0};
        size_t end = kept_end(text, size, at, &stop);
        lm_buf_append(out, text + at, end - at);
        if (end == size)
            break;
        at = end + stop.length;
        if (stop.is_control)
            put_control(out, stop.control, text + at, size - at, counts);
        else if (repair == LM_REPAIR_REJECT)
            return false;
        else
            put_repaired(out, text + end, stop.length, repair, counts);
    }
    return true;
}

static enum lm_status normalise(struct lm_buf *text, struct lm_clean_counts *counts,
                                struct lm_err *err)
{
    const uint8_t *bytes = (const uint8_t *)text->data;
    if (lm_nfc_prefix(bytes, text->size) == text->size)
        return LM_OK;
    struct lm_buf made;
    lm_buf_init(&made, 0);
    enum lm_status status = lm_nfc(&made, bytes, text->size, &counts->nfc, err);
    if (status != LM_OK) {
        lm_buf_release(&made);
        return status;
    }
    lm_buf_release(text);
    *text = made;
    return LM_OK;
}

enum lm_status lm_clean(struct lm_buf *out, const uint8_t *text, size_t size,
                        const struct lm_clean_options *options, struct lm_clean_counts *counts,
                        bool *is_rejected, struct lm_err *err)
{
    *is_rejected = !repair_into(out, text, size, options->repair, counts);
    LM_TRY(lm_buf_status(out, err));
    if (*is_rejected || out->size == 0)
        return LM_OK;
    if (options->nfc)
        LM_TRY(normalise(out, counts, err));
    lm_clean_lines(out, options, counts);
    return LM_OK;
}

/* ---- lines ---- */

/* Length without the white space at the end. */
static size_t visible_end(const char *text, size_t size)
{
    while (size > 0) {
        uint32_t code_point = (uint8_t)text[size - 1];
        size_t start = size - 1;
        if (code_point > ' ' && code_point < 0x80)
            break;
        while (start > 0 && size - start < 4 && ((uint8_t)text[start] & 0xC0) == 0x80)
            start--;
        if (start < size - 1)
            lm_utf8_decode(&code_point, (const uint8_t *)text + start, size - start);
        if ((lm_unicode(code_point) & LM_UC_SPACE) == 0)
            break;
        size = start;
    }
    return size;
}

static void trim_end(struct lm_buf *text)
{
    text->size = visible_end(text->data, text->size);
    text->data[text->size] = '\0';
}

void lm_clean_lines(struct lm_buf *text, const struct lm_clean_options *options,
                    struct lm_clean_counts *counts)
{
    char *data = text->data;
    size_t size = text->size, kept = 0;
    int64_t blanks = 0;
    for (size_t at = 0; at < size;) {
        const char *newline = memchr(data + at, '\n', size - at);
        size_t length = newline == NULL ? size - at : (size_t)(newline - data) - at;
        size_t visible = visible_end(data + at, length), next = at + length + (newline != NULL);
        blanks = visible == 0 ? blanks + 1 : 0;
        bool is_dropped =
            visible == 0 && ((options->trim && kept == 0) ||
                             (options->max_blank_lines >= 0 && blanks > options->max_blank_lines));
        counts->blank_lines += is_dropped;
        if (!is_dropped) {
            size_t wanted = options->strip_trailing_space ? visible : length;
            counts->trailing_spaces += wanted != length;
            if (kept != at)
                memmove(data + kept, data + at, wanted);
            kept += wanted;
            if (newline != NULL)
                data[kept++] = '\n';
        }
        at = next;
    }
    text->size = kept;
    data[kept] = '\0';
    if (options->trim)
        trim_end(text);
}
