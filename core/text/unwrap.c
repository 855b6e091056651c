#include "text/unwrap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "text/unicode.h"

enum { NARROWEST = 30, WIDEST = 140, LEAST_BREAKS = 2 };

/* A line where it lies, without its newline. */
struct line {
    size_t at, size;         /* bytes */
    size_t width;            /* characters without those of white space at its end */
    size_t first_word;       /* characters of it, behind no indentation */
    bool is_blank, is_apart; /* apart: indented, or the start of an item */
    bool is_capital;         /* its first letter is */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Characters of a stretch. */
static size_t count(const char *text, size_t size)
{
    size_t characters = 0;
    for (size_t i = 0; i < size; i++)
        characters += ((uint8_t)text[i] & 0xC0) != 0x80;
    return characters;
}

/* "1. x", "12) x", "a) x". */
static bool is_numbered(const char *text, size_t size)
{
    size_t at = 0;
    while (at < size && at < 3 && text[at] >= '0' && text[at] <= '9')
        at++;
    bool has_digits = at > 0;
    at += !has_digits && size > 0 && text[0] >= 'a' && text[0] <= 'z';
    if (at == 0 || at + 1 >= size || text[at + 1] != ' ')
        return false;
    return text[at] == ')' || (has_digits && text[at] == '.');
}

/* "- x", "* x", "+ x", "• x", "#", ">", "|", or a number. */
static bool is_item(const char *text, size_t size)
{
    if (size == 0)
        return false;
    if (strchr("#>|", text[0]) != NULL || (size > 4 && memcmp(text, "\xE2\x80\xA2", 3) == 0))
        return true;
    return (size > 1 && strchr("-*+", text[0]) != NULL && text[1] == ' ') ||
           is_numbered(text, size);
}

/* The first character's script is written without spaces, so that a word is a character. */
static bool is_spaceless(const char *text, size_t size)
{
    uint32_t code_point = 0;
    return lm_utf8_decode(&code_point, (const uint8_t *)text, size) > 1 &&
           (lm_unicode(code_point) & LM_UC_UNSPACED) != 0;
}

static struct line measure(const char *text, size_t at, size_t size)
{
    const char *start = text + at;
    struct line line = {.at = at, .size = size};
    size_t end = size, word = 0;
    while (end > 0 && is_space(start[end - 1]))
        end--;
    line.width = count(start, end);
    line.is_blank = end == 0;
    line.is_apart = end > 0 && (is_space(start[0]) || is_item(start, end));
    while (word < end && !is_space(start[word]))
        word++;
    uint32_t first = 0;
    if (end > 0 && lm_utf8_decode(&first, (const uint8_t *)start, end) > 0)
        line.is_capital = (lm_unicode(first) & LM_UC_UPPER) != 0;
    line.first_word = is_spaceless(start, end) ? 1 : count(start, word);
    return line;
}

static struct line *take_lines(const struct lm_buf *text, size_t *lines)
{
    size_t capacity = 2, used = 0;
    for (size_t i = 0; i < text->size; i++)
        capacity += text->data[i] == '\n';
    struct line *out = malloc(capacity * sizeof *out);
    for (size_t at = 0; out != NULL && at < text->size;) {
        const char *newline = memchr(text->data + at, '\n', text->size - at);
        size_t end = newline != NULL ? (size_t)(newline - text->data) : text->size;
        out[used++] = measure(text->data, at, end - at);
        at = end + 1;
    }
    *lines = used;
    return out;
}

/* The width of the text: of one line in two hundred it is less; 0: there is none to speak of. */
static size_t find_width(const struct line *lines, size_t count_of)
{
    size_t widths[WIDEST + 2] = {0}, breaks = 0, beyond = 0, width = WIDEST + 1;
    for (size_t i = 0; i + 1 < count_of; i++)
        if (!lines[i].is_blank && !lines[i + 1].is_blank) {
            widths[lines[i].width > WIDEST ? WIDEST + 1 : lines[i].width]++;
            breaks++;
        }
    while (width > 0 && (beyond += widths[width]) * 200 <= breaks)
        width--;
    return breaks >= LEAST_BREAKS && width >= NARROWEST && width <= WIDEST ? width : 0;
}

static bool is_full(const struct line *line, const struct line *next, size_t width)
{
    return line->width + 1 + next->first_word > width;
}

/* Is the break behind a line one of width? */
static bool is_wrapped(const struct line *line, const struct line *next, size_t width)
{
    return !line->is_blank && !next->is_blank && !next->is_apart && is_full(line, next, width);
}

/* Are most breaks inside paragraphs of width, and does a sentence go on behind them? Lines of verse
 * may be of one length, but begin with a capital. */
static bool is_hard_wrapped(const struct line *lines, size_t count_of, size_t width)
{
    size_t breaks = 0, wrapped = 0, capitals = 0;
    for (size_t i = 0; i + 1 < count_of; i++) {
        bool is_one = is_wrapped(&lines[i], &lines[i + 1], width);
        breaks += !lines[i].is_blank && !lines[i + 1].is_blank;
        wrapped += is_one;
        capitals += is_one && lines[i + 1].is_capital;
    }
    return wrapped * 10 > breaks * 6 && capitals * 2 <= wrapped;
}

/* Is nothing put between text[..end) and what follows? */
static bool is_tight(const char *text, size_t end, const char *next, size_t next_size)
{
    size_t start = end - 1;
    while (start > 0 && end - start < 4 && ((uint8_t)text[start] & 0xC0) == 0x80)
        start--;
    if (text[end - 1] == '-' || (end - start == 3 && memcmp(text + start, "\xE2\x80\x94", 3) == 0))
        return true;
    return is_spaceless(text + start, end - start) || is_spaceless(next, next_size);
}

enum lm_status lm_unwrap(struct lm_buf *text, int64_t *joined, struct lm_err *err)
{
    size_t lines_count = 0, to = 0;
    struct line *lines = take_lines(text, &lines_count);
    if (lines == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for lines; free some");
    size_t width = find_width(lines, lines_count);
    if (width == 0 || !is_hard_wrapped(lines, lines_count, width))
        lines_count = 0;
    for (size_t i = 0; i < lines_count; i++) {
        const struct line *line = &lines[i], *next = line + 1;
        bool is_last = i + 1 == lines_count;
        memmove(text->data + to, text->data + line->at, line->size);
        to += line->size;
        bool is_joined = !is_last && is_wrapped(line, next, width);
        if (is_joined) {
            while (is_space(text->data[to - 1]))
                to--;
            if (!is_tight(text->data, to, text->data + next->at, next->size))
                text->data[to++] = ' ';
            ++*joined;
        } else if (!is_last || text->data[text->size - 1] == '\n') {
            text->data[to++] = '\n';
        }
    }
    if (lines_count > 0) {
        text->size = to;
        text->data[to] = '\0';
    }
    free(lines);
    return LM_OK;
}
