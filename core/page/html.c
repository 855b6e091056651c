#include "page/html.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

static const char *entity(uint32_t code_point)
{
    switch (code_point) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* The tile of a hidden code point, or of an ill-formed byte. */
static void put_tile(struct lm_buf *out, uint32_t value, bool is_byte, bool is_markup)
{
    lm_buf_puts(out, is_markup ? "<b class=\"x\">" : "[");
    lm_buf_printf(out, is_byte ? "\\x%02X" : "U+%04X", (unsigned)value);
    lm_buf_puts(out, is_markup ? "</b>" : "]");
}

static void put_escaped(struct lm_buf *out, const uint8_t *text, size_t size, bool is_markup)
{
    for (size_t i = 0; i < size;) {
        uint32_t code_point;
        size_t length = lm_utf8_decode(&code_point, text + i, size - i);
        const char *name = length == 1 ? entity(code_point) : NULL;
        if (length == 0 || lm_utf8_is_hidden(code_point))
            put_tile(out, code_point, length == 0, is_markup);
        else if (name != NULL)
            lm_buf_puts(out, name);
        else
            lm_buf_append(out, text + i, length);
        i += length > 0 ? length : 1;
    }
}

void lm_html_text(struct lm_buf *out, const void *text, size_t size)
{
    put_escaped(out, text, size, true);
}

void lm_html_attribute(struct lm_buf *out, const void *text, size_t size)
{
    put_escaped(out, text, size, false);
}

/* One conversion behind '%'; returns its length, 0 when it is none of ours. */
static size_t put_argument(struct lm_buf *out, const char *spec, va_list *arguments)
{
    if (spec[0] == 's') {
        const char *text = va_arg(*arguments, const char *);
        lm_html_text(out, text, strlen(text));
        return 1;
    }
    if (spec[0] == 'd') {
        lm_buf_printf(out, "%d", va_arg(*arguments, int));
        return 1;
    }
    if (strncmp(spec, "lld", 3) == 0) {
        lm_buf_printf(out, "%lld", va_arg(*arguments, long long));
        return 3;
    }
    if (strncmp(spec, "zu", 2) == 0) {
        lm_buf_printf(out, "%zu", va_arg(*arguments, size_t));
        return 2;
    }
    return 0;
}

void lm_html_printf(struct lm_buf *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    while (*format != '\0') {
        size_t plain = strcspn(format, "%");
        lm_buf_append(out, format, plain);
        format += plain;
        if (*format == '\0')
            break;
        size_t used = put_argument(out, format + 1, &arguments);
        if (used == 0)
            lm_buf_putc(out, '%');
        format += 1 + used + (used == 0 && format[1] == '%');
    }
    va_end(arguments);
}

void lm_html_begin(struct lm_buf *out, const char *title, const char *description)
{
    lm_html_begin_styled(out, title, description, "");
}

void lm_html_begin_styled(struct lm_buf *out, const char *title, const char *description,
                          const char *style)
{
    lm_html_head(out, &(struct lm_html_head){title, description, style, "en"});
    lm_buf_puts(out, "<main>\n");
}

void lm_html_head(struct lm_buf *out, const struct lm_html_head *head)
{
    lm_html_printf(out,
                   "<!DOCTYPE html>\n<html lang=\"%s\" "
                   "xmlns=\"http://www.w3.org/1999/xhtml\">\n",
                   head->language);
    lm_buf_puts(out, "<head>\n<meta charset=\"utf-8\"/>\n"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                     "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\"/>\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                     "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
                     "<meta name=\"referrer\" content=\"no-referrer\"/>\n<title>");
    lm_html_attribute(out, head->title, strlen(head->title));
    lm_buf_puts(out, "</title>\n<meta name=\"description\" content=\"");
    lm_html_attribute(out, head->description, strlen(head->description));
    lm_buf_puts(out, "\"/>\n<style>\n");
    for (size_t i = 0; lm_html_style[i] != NULL; i++)
        lm_buf_puts(out, lm_html_style[i]);
    lm_buf_puts(out, head->style);
    lm_buf_puts(out, "</style>\n</head>\n<body>\n");
}

void lm_html_end(struct lm_buf *out, const char *footer)
{
    lm_html_printf(out, "<footer>%s</footer>\n</main>\n</body>\n</html>\n", footer);
}

void lm_html_section(struct lm_buf *out, const char *id, const char *heading, const char *note)
{
    lm_html_printf(out, "<section id=\"%s\">\n<div class=\"margin\"><h2>%s</h2>\n", id, heading);
    if (note != NULL) {
        lm_buf_puts(out, "<p>");
        lm_buf_puts(out, note);
        lm_buf_puts(out, "</p>\n");
    }
    lm_buf_puts(out, "</div>\n<div class=\"matter\">\n");
}

void lm_html_section_end(struct lm_buf *out)
{
    lm_buf_puts(out, "</div>\n</section>\n");
}
