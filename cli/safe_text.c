#include "safe_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

void lm_safe_init(struct lm_safe *safe, FILE *out)
{
    *safe = (struct lm_safe){.out = out};
}

/* DEL and C1, marks of direction, line separators, tags and others that no terminal shows. */
static bool is_hidden(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0x7F, 0x9F},     {0x61C, 0x61C},   {0x200E, 0x200F}, {0x2028, 0x202E},
                  {0x2066, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE01EF}};

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

static bool is_control(const struct lm_safe *safe, uint32_t c)
{
    if (c == '\n' || c == '\t')
        return safe->one_line;
    return c < 0x20;
}

static bool starts(const unsigned char *data, size_t size, const char *with)
{
    return size >= strlen(with) && memcmp(data, with, strlen(with)) == 0;
}

/* White_Space of Unicode 15, section 4.6: runners of CI leave it out before a command. Others of it
 * are hidden. */
static bool is_space(uint32_t c)
{
    return c == ' ' || c == '\t' || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

static void note_line(struct lm_safe *safe, uint32_t c)
{
    if (c == '\n')
        safe->line_begun = false;
    else if (!is_space(c))
        safe->line_begun = true;
}

/* Is this the bracket of "##[error]", "##vso[…]", "##teamcity[…]", which stand anywhere in a line?
 */
static bool ends_hashes(struct lm_safe *safe, uint32_t c)
{
    bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    bool ends = safe->hashes >= 2 && c == '[';
    if (c == '#')
        safe->hashes += safe->hashes < 2;
    else if (!is_letter || safe->hashes < 2)
        safe->hashes = 0;
    return ends;
}

/* As JSON does, so that within a string of JSON it means the same. */
static void write_escape(FILE *out, uint32_t c)
{
    if (c <= 0xFFFF)
        fprintf(out, "\\u%04x", (unsigned)c);
    else
        fprintf(out, "\\u%04x\\u%04x", (unsigned)(0xD800 + ((c - 0x10000) >> 10)),
                (unsigned)(0xDC00 + ((c - 0x10000) & 0x3FF)));
}

/* Bytes that must be there before the first of them can be written. */
static size_t needed(unsigned char first)
{
    if (first < 0x80)
        return first == ':' ? 2 : first == '#' ? 3 : 1;
    return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

/* Writes the first character of data and returns its length. */
static size_t write_one(struct lm_safe *safe, const unsigned char *data, size_t size)
{
    uint32_t c = 0;
    size_t length = lm_utf8_decode(&c, data, size);
    bool command = (!safe->line_begun && starts(data, size, "::")) || starts(data, size, "##[");
    command = ends_hashes(safe, length > 0 && !command ? c : 0) || command;
    note_line(safe, length > 0 ? c : 0);
    if (length == 0) {
        fprintf(safe->out, "\\x%02x", data[0]);
        return 1;
    }
    if (is_control(safe, c))
        fprintf(safe->out, "\\x%02x", (unsigned)c);
    else if (command || is_hidden(c))
        write_escape(safe->out, c);
    else
        fwrite(data, 1, length, safe->out);
    return length;
}

/* Bytes from the beginning that are written as they are: letters, digits, blanks, most signs. */
static size_t plain_length(const unsigned char *data, size_t size)
{
    size_t length = 0;
    while (length < size && data[length] >= ' ' && data[length] < 0x7F && data[length] != ':' &&
           data[length] != '#')
        length++;
    return length;
}

void lm_safe_write(struct lm_safe *safe, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++) {
        bool is_free = safe->held_count == 0 && safe->hashes == 0;
        size_t plain = is_free ? plain_length(bytes + i, size - i) : 0;
        if (plain > 0) {
            fwrite(bytes + i, 1, plain, safe->out);
            for (size_t k = 0; k < plain && !safe->line_begun; k++)
                safe->line_begun = bytes[i + k] != ' ';
            i += plain - 1;
            continue;
        }
        safe->held[safe->held_count++] = bytes[i];
        while (safe->held_count > 0 && safe->held_count >= needed(safe->held[0])) {
            size_t taken = write_one(safe, safe->held, safe->held_count);
            safe->held_count -= taken;
            memmove(safe->held, safe->held + taken, safe->held_count);
        }
    }
}

void lm_safe_finish(struct lm_safe *safe)
{
    size_t at = 0;
    while (at < safe->held_count)
        at += write_one(safe, safe->held + at, safe->held_count - at);
    safe->held_count = 0;
}

const char *lm_safe_line(struct lm_arena *arena, const char *text)
{
    char *data = NULL;
    size_t size = strlen(text);
    const char *line = NULL;
    if (plain_length((const unsigned char *)text, size) == size)
        return text;
    struct lm_safe safe;
    FILE *out = open_memstream(&data, &size);
    if (out == NULL)
        return "";
    lm_safe_init(&safe, out);
    safe.one_line = true;
    lm_safe_write(&safe, text, strlen(text));
    lm_safe_finish(&safe);
    if (fclose(out) == 0 && data != NULL)
        line = lm_arena_strdup(arena, data);
    free(data);
    return line != NULL ? line : "";
}
