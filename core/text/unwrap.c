#include "text/unwrap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "text/unicode.h"

enum { NARROWEST = 30, WIDEST = 140, NO_HANG = -1 };

/* A line where it lies, without its newline. */
struct line {
    size_t at, size;   /* bytes */
    size_t width;      /* characters without those of white space at its end */
    size_t first_word; /* characters of it, behind the indentation */
    size_t indent;     /* bytes of white space before the first */
    size_t marker;     /* bytes of an item's mark and the spaces behind it; 0: no item */
    bool is_blank;
    bool is_apart;   /* goes on no line before: an item, a rule, a heading, a table's row */
    bool is_capital; /* its first letter is */
    bool is_inner;   /* the next line is of the same paragraph */
};

/* Lines first..last of a paragraph of more than one. */
struct run {
    size_t first, last;
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

/* Bytes of "1.", "12)", "a)", "#."; 0: none. */
static size_t number_size(const char *text, size_t size)
{
    size_t at = 0;
    while (at < size && at < 3 && text[at] >= '0' && text[at] <= '9')
        at++;
    bool may_dot = at > 0 || text[0] == '#';
    at += at == 0 && (text[0] == '#' || (text[0] >= 'a' && text[0] <= 'z'));
    if (at == 0 || at + 1 >= size || text[at + 1] != ' ')
        return 0;
    return text[at] == ')' || (may_dot && text[at] == '.') ? at + 1 : 0;
}

/* Bytes of "- ", "* ", "+ ", "• ", "1. " and the spaces behind; 0: no item. */
static size_t marker_size(const char *text, size_t size)
{
    size_t mark = size > 1 && strchr("-*+", text[0]) != NULL ? 1 : number_size(text, size);
    if (size > 4 && memcmp(text, "\xE2\x80\xA2", 3) == 0)
        mark = 3;
    size_t end = mark;
    while (mark > 0 && end < size && text[end] == ' ')
        end++;
    return end > mark ? end : 0;
}

/* A heading, a quotation, a table's row, a directive or a field: "#", ">", "|", "..", ":x:". */
static bool is_marked(const char *text, size_t size)
{
    return strchr("#>|", text[0]) != NULL || (size > 2 && memcmp(text, ".. ", 3) == 0) ||
           (text[0] == ':' && size > 1 && memchr(text + 1, ':', size - 1) != NULL);
}

/* Nothing but signs, as what underlines a heading. */
static bool is_rule(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((uint8_t)text[i] >= 0x80 || (lm_unicode((uint8_t)text[i]) & ~(unsigned)LM_UC_SPACE))
            return false;
    return size > 1;
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
    size_t end = size;
    while (end > 0 && is_space(start[end - 1]))
        end--;
    while (line.indent < end && is_space(start[line.indent]))
        line.indent++;
    line.width = count(start, end);
    line.is_blank = end == 0;
    start += line.indent;
    end -= line.indent;
    if (line.is_blank)
        return line;
    size_t word = 0;
    while (word < end && !is_space(start[word]))
        word++;
    uint32_t first = 0;
    if (lm_utf8_decode(&first, (const uint8_t *)start, end) > 0)
        line.is_capital = (lm_unicode(first) & LM_UC_UPPER) != 0;
    line.first_word = is_spaceless(start, end) ? 1 : count(start, word);
    line.marker = marker_size(start, end);
    line.is_apart = line.marker > 0 || is_marked(start, end) || is_rule(start, end);
    return line;
}

/* Which breaks are within paragraphs: of lines that begin at the margin, or where the text of an
 * item does. */
static void find_paragraphs(struct line *lines, size_t lines_count)
{
    int64_t hang = NO_HANG;
    for (size_t i = 0; i + 1 < lines_count; i++) {
        struct line *line = &lines[i];
        const struct line *next = line + 1;
        bool goes_on = i > 0 && lines[i - 1].is_inner;
        if (line->marker > 0)
            hang = (int64_t)(line->indent + line->marker);
        else if (!goes_on)
            hang = line->is_apart ? NO_HANG : 0;
        line->is_inner =
            !line->is_blank && !next->is_blank && !next->is_apart && hang == (int64_t)next->indent;
    }
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
    if (out != NULL)
        find_paragraphs(out, used);
    *lines = used;
    return out;
}

/* The width that the first word of the next line would have made. */
static size_t reach(const struct line *line)
{
    return line->width + 1 + line[1].first_word;
}

static bool next_run(struct run *run, const struct line *lines, size_t lines_count, size_t from)
{
    while (from < lines_count && !lines[from].is_inner)
        from++;
    run->first = run->last = from;
    while (run->last < lines_count && lines[run->last].is_inner)
        run->last++;
    return from < lines_count;
}

/* The widths that a paragraph may have been filled to, *least to *most; false: to none. */
static bool is_filled(const struct run *run, const struct line *lines, size_t *most)
{
    size_t least = lines[run->last].width;
    *most = SIZE_MAX;
    for (size_t i = run->first; i < run->last; i++) {
        size_t beyond = reach(&lines[i]) - 1;
        least = lines[i].width > least ? lines[i].width : least;
        *most = beyond < *most ? beyond : *most;
    }
    return least <= *most;
}

/* What says that a text was filled by paragraphs of three lines and more. */
struct census {
    size_t widths[WIDEST + 1]; /* paragraphs by the widest that they may have been filled to */
    size_t runs, filled;       /* paragraphs, those that were filled to some width */
    size_t breaks, capitals;   /* in the latter; those before a capital, as of verse */
};

static void take_census(struct census *out, const struct line *lines, size_t lines_count)
{
    struct run run;
    size_t most;
    for (size_t at = 0; next_run(&run, lines, lines_count, at); at = run.last) {
        bool is_long = run.last - run.first >= 2;
        out->runs += is_long;
        if (!is_long || !is_filled(&run, lines, &most) || most > WIDEST)
            continue;
        out->filled++;
        out->widths[most]++;
        for (size_t i = run.first; i < run.last; i++) {
            out->breaks++;
            out->capitals += lines[i + 1].is_capital;
        }
    }
}

/* The width by paragraphs: a third of them must be filled. Widths differ in a text of many hands,
 * and so the narrowest counts, but for one in twenty. 0: none. */
static size_t width_of_paragraphs(const struct line *lines, size_t lines_count)
{
    struct census census = {.runs = 0};
    size_t below = 0, width = 0;
    take_census(&census, lines, lines_count);
    if (census.filled * 3 <= census.runs || census.capitals * 2 > census.breaks)
        return 0;
    while (width <= WIDEST && (below += census.widths[width]) * 20 <= census.filled)
        width++;
    return width;
}

/* The width by lines, where paragraphs are not cut by blank ones: of one line in two hundred it is
 * less; most breaks must be of it. 0: none. */
static size_t width_of_lines(const struct line *lines, size_t lines_count)
{
    size_t widths[WIDEST + 2] = {0}, breaks = 0, beyond = 0, width = WIDEST + 1;
    size_t wrapped = 0, capitals = 0;
    for (size_t i = 0; i < lines_count; i++)
        if (lines[i].is_inner) {
            widths[lines[i].width > WIDEST ? WIDEST + 1 : lines[i].width]++;
            breaks++;
        }
    while (width > 0 && (beyond += widths[width]) * 200 <= breaks)
        width--;
    for (size_t i = 0; i < lines_count; i++)
        if (lines[i].is_inner && reach(&lines[i]) > width) {
            wrapped++;
            capitals += lines[i + 1].is_capital;
        }
    return wrapped >= 2 && wrapped * 10 > breaks * 6 && capitals * 2 <= wrapped ? width : 0;
}

/* The width that the text was filled to, as a program fills it; 0: to none. */
static size_t find_width(const struct line *lines, size_t lines_count)
{
    size_t width = width_of_paragraphs(lines, lines_count);
    if (width < NARROWEST)
        width = width_of_lines(lines, lines_count);
    return width >= NARROWEST && width <= WIDEST ? width : 0;
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

/* Moves the lines together, joining those that were broken at the width. */
static int64_t join(struct lm_buf *text, const struct line *lines, size_t lines_count, size_t width)
{
    size_t to = 0;
    int64_t joined = 0;
    bool is_joined = false; /* to the line before */
    bool has_end = text->data[text->size - 1] == '\n';
    for (size_t i = 0; i < lines_count; i++) {
        const struct line *line = &lines[i], *next = line + 1;
        size_t skipped = is_joined ? line->indent : 0;
        memmove(text->data + to, text->data + line->at + skipped, line->size - skipped);
        to += line->size - skipped;
        is_joined = line->is_inner && reach(line) > width;
        joined += is_joined;
        while (is_joined && is_space(text->data[to - 1]))
            to--;
        if (is_joined ? !is_tight(text->data, to, text->data + next->at + next->indent,
                                  next->size - next->indent)
                      : i + 1 < lines_count || has_end)
            text->data[to++] = is_joined ? ' ' : '\n';
    }
    text->size = to;
    text->data[to] = '\0';
    return joined;
}

enum lm_status lm_unwrap(struct lm_buf *text, int64_t *joined, struct lm_err *err)
{
    size_t lines_count = 0;
    struct line *lines = take_lines(text, &lines_count);
    if (lines == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for lines; free some");
    size_t width = find_width(lines, lines_count);
    if (width > 0)
        *joined += join(text, lines, lines_count, width);
    free(lines);
    return LM_OK;
}
