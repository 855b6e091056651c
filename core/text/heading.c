#include "text/heading.h"

#include <string.h>

enum { LONGEST_HEADING = 200 };

/* Bytes of the line without its newline and the white space at its end. */
static size_t line_length(const uint8_t *text, size_t size, size_t *next)
{
    const uint8_t *newline = size > 0 ? memchr(text, '\n', size) : NULL;
    size_t length = newline == NULL ? size : (size_t)(newline - text);
    *next = length + (newline != NULL);
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    return length;
}

static bool is_hashes(const uint8_t *text, size_t length)
{
    size_t at = 0;
    while (at < length && text[at] == '#')
        at++;
    return at >= 1 && at <= 6 && at < length && (text[at] == ' ' || text[at] == '\t');
}

/* A line of one punctuation mark. */
static bool is_rule(const uint8_t *text, size_t length)
{
    if (length < 3 || text[0] == 0 || strchr("=-~^\"'`*+#:._", text[0]) == NULL)
        return false;
    for (size_t i = 1; i < length; i++)
        if (text[i] != text[0])
            return false;
    return true;
}

/* A title and the line under it, and possibly one above. */
static size_t underlined(const uint8_t *text, size_t size, size_t length, size_t next)
{
    size_t above = is_rule(text, length) ? length : 0, at = above > 0 ? next : 0, title_next,
           under_next;
    size_t title = line_length(text + at, size - at, &title_next);
    if (title == 0 || title > LONGEST_HEADING || (above == 0 && text[at] == ' ') ||
        is_rule(text + at, title))
        return 0;
    at += title_next;
    size_t under = line_length(text + at, size - at, &under_next);
    bool is_fine = is_rule(text + at, under) && under * 2 >= title &&
                   (above == 0 || (under == above && text[0] == text[at]));
    return is_fine ? at + under_next : 0;
}

static bool is_number(const uint8_t *text, size_t length)
{
    size_t at = 0;
    while (at < length && text[at] != 0 && strchr("0123456789IVXLCivxlc", text[at]) != NULL)
        at++;
    return at > 0 && (at == length || strchr(" .:,-)", text[at]) != NULL);
}

static bool is_english_chapter(const uint8_t *text, size_t length)
{
    static const char *const words[] = {"CHAPTER", "Chapter", "BOOK",  "Book",  "PART",   "Part",
                                        "VOLUME",  "Volume",  "CANTO", "Canto", "LETTER", "Letter",
                                        "ACT",     "Act",     "SCENE", "Scene", "STAVE",  "Stave"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t word = strlen(words[i]);
        if (length > word + 1 && memcmp(text, words[i], word) == 0 && text[word] == ' ' &&
            is_number(text + word + 1, length - word - 1))
            return true;
    }
    return false;
}

static bool is_chinese_chapter(const uint8_t *text, size_t length)
{
    static const char numbers[] = "零〇一二三四五六七八九十百千两０１２３４５６７８９";
    static const char *const units[] = {"回", "章", "卷", "节", "節", "部", "篇", "集"};
    size_t at = 3, digits = 0;
    if (length < 9 || memcmp(text, "第", 3) != 0)
        return false;
    for (; at < length; digits++) {
        char one[4] = {(char)text[at], 0, 0, 0};
        if (text[at] >= '0' && text[at] <= '9') {
            at++;
            continue;
        }
        if (at + 3 > length)
            return false;
        memcpy(one, text + at, 3);
        if (strstr(numbers, one) == NULL)
            break;
        at += 3;
    }
    for (size_t i = 0; digits > 0 && at + 3 <= length && i < sizeof units / sizeof units[0]; i++)
        if (memcmp(text + at, units[i], 3) == 0)
            return true;
    return false;
}

size_t lm_heading_size(const uint8_t *text, size_t size, bool is_after_blank)
{
    size_t next = 0, after = 0;
    size_t length = line_length(text, size, &next);
    if (length == 0)
        return 0;
    if (is_hashes(text, length))
        return next;
    if (!is_after_blank)
        return 0;
    size_t taken = underlined(text, size, length, next);
    if (taken > 0)
        return taken;
    bool is_alone = length <= LONGEST_HEADING &&
                    (next == size || line_length(text + next, size - next, &after) == 0);
    bool is_chapter =
        is_alone && (is_english_chapter(text, length) || is_chinese_chapter(text, length));
    return is_chapter ? next : 0;
}
