#include "web/html_page.h"

#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "text/documents.h"
#include "text/encoding.h"
#include "text/encoding_guess.h"
#include "text/utf16.h"
#include "web/html_main.h"
#include "web/html_meta.h"

enum { META_WITHIN = 4096, SURE_CHARACTERS = 4 };

static bool is_name_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == ':' || c == '.';
}

const char *lm_charset_of_type(const char *type, size_t type_size, size_t *size)
{
    static const char word[] = "charset";
    *size = 0;
    for (size_t at = 0; at + sizeof word <= type_size; at++) {
        if (strncasecmp(type + at, word, sizeof word - 1) != 0)
            continue;
        size_t start = at + sizeof word - 1;
        while (start < type_size && (type[start] == ' ' || type[start] == '='))
            start++;
        start += start < type_size && (type[start] == '"' || type[start] == '\'');
        while (start + *size < type_size && is_name_byte(type[start + *size]))
            ++*size;
        return type + start;
    }
    return type;
}

/* The label in a tag: of a meta element, or of an XML declaration; *size is 0 when it has none. */
static const char *label_of(const char *tag, size_t length, size_t *size)
{
    *size = 0;
    if (length > 5 && strncasecmp(tag, "<meta", 5) == 0)
        return lm_charset_of_type(tag, length, size);
    const char *word =
        length > 5 && strncasecmp(tag, "<?xml", 5) == 0 ? memmem(tag, length, "encoding", 8) : NULL;
    if (word == NULL)
        return tag;
    word += 8;
    while (word < tag + length && !is_name_byte(*word))
        word++;
    while (word + *size < tag + length && is_name_byte(word[*size]))
        ++*size;
    return word;
}

/* What the page's own meta elements (or its XML declaration) say. */
static const char *declared(const struct lm_html_page *page)
{
    const char *text = (const char *)page->bytes;
    size_t size = page->size < META_WITHIN ? page->size : META_WITHIN;
    for (size_t at = 0; at < size; at++) {
        const char *open = memchr(text + at, '<', size - at);
        if (open == NULL)
            return NULL;
        at = (size_t)(open - text);
        const char *close = memchr(open, '>', size - at);
        size_t length = close == NULL ? size - at : (size_t)(close - open), label_size = 0;
        const char *label = label_of(open, length, &label_size);
        const char *name = label_size > 0 ? lm_encoding_of_label(label, label_size) : NULL;
        if (name != NULL)
            return name;
    }
    return NULL;
}

/* UTF-8 with some characters beyond ASCII is hardly ever anything else by chance. */
static bool is_sure_utf8(const struct lm_html_page *page)
{
    size_t high = 0;
    if (lm_utf8_valid_prefix(page->bytes, page->size) != page->size)
        return false;
    for (size_t i = 0; i < page->size && high < SURE_CHARACTERS; i++)
        high += page->bytes[i] >= 0xC0;
    return high >= SURE_CHARACTERS;
}

/* A page that can be read as ASCII so far was not written in units of two bytes, whatever it says.
 */
static const char *sane(const char *name)
{
    return strncmp(name, "utf-16", 6) == 0 || strncmp(name, "utf-32", 6) == 0 ? "utf-8" : name;
}

const char *lm_html_page_encoding(const struct lm_html_page *page)
{
    struct lm_utf utf = lm_utf_detect(page->bytes, page->size);
    if (utf.unit != 0)
        return utf.unit == 4 ? "utf-32" : utf.is_big ? "utf-16be" : "utf-16le";
    if (page->size >= 3 && memcmp(page->bytes, "\xEF\xBB\xBF", 3) == 0)
        return "utf-8";
    if (strcmp(page->encoding, "utf-8") != 0 && strcmp(page->encoding, "auto") != 0)
        return page->encoding;
    if (is_sure_utf8(page))
        return "utf-8";
    const char *name =
        page->charset != NULL ? lm_encoding_of_label(page->charset, page->charset_size) : NULL;
    if (name == NULL)
        name = declared(page);
    if (name == NULL)
        name = lm_encoding_detect(page->bytes, page->size);
    return name != NULL ? sane(name) : "utf-8";
}

/* Well-formed UTF-8 without NULs and controls. */
static enum lm_status decode(struct lm_buf *out, const struct lm_html_page *page,
                             struct lm_clean_counts *counts, bool *is_rejected, struct lm_err *err)
{
    const struct lm_clean_options options = {.repair = page->repair, .max_blank_lines = -1};
    struct lm_clean_counts repairs = {0};
    size_t bad = 0;
    int64_t marks = 0, newlines = 0;
    struct lm_buf utf8;
    lm_buf_init(&utf8, 0);
    enum lm_status status =
        lm_encoding_convert(&utf8, lm_html_page_encoding(page), page->bytes, page->size, &bad, err);
    if (status == LM_OK && utf8.size > 0) {
        utf8.size = lm_newlines_normalise((uint8_t *)utf8.data, utf8.size, &marks, &newlines);
        status = lm_clean(out, (const uint8_t *)utf8.data, utf8.size, &options, &repairs,
                          is_rejected, err);
    }
    /* Controls between tags are no matter. */
    if (page->wrong != NULL && repairs.invalid_utf8 > 0)
        *page->wrong = lm_utf8_census((const uint8_t *)utf8.data, utf8.size).bad;
    counts->invalid_utf8 += repairs.invalid_utf8;
    counts->cp1252 += repairs.cp1252;
    lm_buf_release(&utf8);
    return status;
}

static void put_meta(struct lm_buf *meta, const struct lm_html *html)
{
    lm_html_meta_put(meta, "html.title", html->title.data, html->title.size);
    lm_buf_append(meta, html->meta.data, html->meta.size);
}

enum lm_status lm_html_page_text(struct lm_buf *out, const struct lm_html_page *page,
                                 struct lm_clean_counts *counts, bool *is_rejected,
                                 struct lm_err *err)
{
    struct lm_buf decoded;
    struct lm_html html = {.nodes = NULL};
    lm_buf_init(&decoded, 0);
    enum lm_status status = decode(&decoded, page, counts, is_rejected, err);
    if (status == LM_OK && !*is_rejected && decoded.size > 0) {
        status = lm_html_parse(&html, (const uint8_t *)decoded.data, decoded.size, err);
        if (status == LM_OK)
            status = lm_html_main_text(out, &html, err);
        if (status == LM_OK && page->meta != NULL)
            put_meta(page->meta, &html);
        lm_html_release(&html);
    }
    lm_buf_release(&decoded);
    return status;
}
