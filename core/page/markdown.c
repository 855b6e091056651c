#include "page/markdown.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "page/html.h"

#define BREAK "&#8203;" /* zero-width space: no part of a word, of a name or of an address */

enum {
    SHORTEST_HASH = 7, /* of a commit */
    LONGEST_HASH = 40,
    HASH_PIECE = 6
};

static bool is_alnum(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool is_hex(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* The character at text[0], 1 ≤ size: letters, digits, spaces and a few signs as they are, the rest
 * of ASCII as entities, what cannot be seen as its number in brackets. Returns its length. */
static size_t put_character(struct lm_buf *out, const char *text, size_t size)
{
    static const char plain[] = " ,.;%?-+=";
    uint32_t code_point;
    size_t length = lm_utf8_decode(&code_point, (const uint8_t *)text, size);
    unsigned char c = (unsigned char)text[0];
    if (length == 0)
        lm_buf_printf(out, "&#91;&#92;x%02X&#93;", c);
    else if (lm_utf8_is_hidden(code_point))
        lm_buf_printf(out, "&#91;U+%04X&#93;", (unsigned)code_point);
    else if (length > 1 || is_alnum(c) || strchr(plain, c) != NULL)
        lm_buf_append(out, text, length);
    else
        lm_buf_printf(out, "&#%d;", c);
    return length > 0 ? length : 1;
}

/* Length of the run of hexadecimal digits at text + i that a filter could take for a commit; 0 when
 * it is none, or part of a longer word. */
static size_t hash_length(const char *text, size_t size, size_t i)
{
    size_t end = i;
    if (i > 0 && is_alnum((unsigned char)text[i - 1]))
        return 0;
    while (end < size && is_hex((unsigned char)text[end]))
        end++;
    bool is_whole = end == size || !is_alnum((unsigned char)text[end]);
    return is_whole && end - i >= SHORTEST_HASH && end - i <= LONGEST_HASH ? end - i : 0;
}

static void put_hash(struct lm_buf *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i += HASH_PIECE) {
        if (i > 0)
            lm_buf_puts(out, BREAK);
        lm_buf_append(out, text + i, size - i < HASH_PIECE ? size - i : HASH_PIECE);
    }
}

/* Does text[..i] end with `word`, in any case? */
static bool ends_with(const char *text, size_t i, const char *word)
{
    size_t length = strlen(word);
    for (size_t k = 0; k < length; k++)
        if (i + 1 < length || (text[i + 1 - length + k] | 0x20) != word[k])
            return false;
    return true;
}

/* Does a break belong behind text[i]? Signs before anything but a space or a stop; "www" before its
 * dot, "GH" before "-1". */
static bool is_broken(const char *text, size_t size, size_t i)
{
    static const char signs[] = "@#!$~^:&", stops[] = ",;?";
    char c = text[i], next = i + 1 < size ? text[i + 1] : ' ',
         third = i + 2 < size ? text[i + 2] : ' ';
    if (c == '\0' || next == '\0')
        return false;
    if (strchr(signs, c) != NULL)
        return (unsigned char)next > ' ' && strchr(stops, next) == NULL;
    if (c == '%')
        return is_alnum((unsigned char)next);
    return (next == '.' && ends_with(text, i, "www")) ||
           (next == '-' && third >= '0' && third <= '9' && ends_with(text, i, "gh"));
}

void lm_markdown_text(struct lm_buf *out, const void *text_, size_t size)
{
    const char *text = text_;
    for (size_t i = 0, length; i < size; i += length) {
        length = hash_length(text, size, i);
        if (length > 0) {
            put_hash(out, text + i, length);
            continue;
        }
        if (text[i] == '\n' || text[i] == '\r' || text[i] == '\t') {
            lm_buf_putc(out, ' ');
            length = 1;
        } else {
            length = put_character(out, text + i, size - i);
        }
        if (length == 1 && is_broken(text, size, i))
            lm_buf_puts(out, BREAK);
    }
}

void lm_markdown_preformatted(struct lm_buf *out, const void *text_, size_t size)
{
    const char *text = text_;
    for (size_t i = 0; i < size;) {
        bool is_blank = text[i] == '\n' && (i == 0 || text[i - 1] == '\n');
        if (is_blank)
            lm_buf_puts(out, "&#10;");
        else if (text[i] == '\n' || text[i] == '\t')
            lm_buf_putc(out, text[i]);
        if (text[i] == '\n' || text[i] == '\t')
            i++;
        else
            i += put_character(out, text + i, size - i);
    }
}
