#include "text/gutenberg.h"

#include <string.h>
#include <strings.h>

enum { CREDITS_MOST = 2000 }; /* bytes below the front matter in which credits are looked for */

/* The line from text[at]; its length without the newline and the blanks around. */
static const char *take_line(const char *text, size_t size, size_t at, size_t *length, size_t *next)
{
    const char *newline = memchr(text + at, '\n', size - at);
    size_t end = newline != NULL ? (size_t)(newline - text) : size;
    *next = end + (newline != NULL);
    while (at < end && (text[at] == ' ' || text[at] == '\t'))
        at++;
    while (end > at && (text[end - 1] == ' ' || text[end - 1] == '\t' || text[end - 1] == '\r'))
        end--;
    *length = end - at;
    return text + at;
}

static bool begins(const char *line, size_t length, const char *words)
{
    size_t size = strlen(words);
    return length >= size && strncasecmp(line, words, size) == 0;
}

static bool holds(const char *line, size_t length, const char *words)
{
    size_t size = strlen(words);
    for (size_t i = 0; i + size <= length; i++)
        if (strncasecmp(line + i, words, size) == 0)
            return true;
    return false;
}

/* "*** START OF", "***START OF": which is `word`. */
static bool is_marked(const char *line, size_t length, const char *word)
{
    size_t stars = 0;
    while (stars < length && line[stars] == '*')
        stars++;
    size_t blanks = stars + (stars < length && line[stars] == ' ');
    return stars >= 2 && begins(line + blanks, length - blanks, word) &&
           holds(line, length, "gutenberg");
}

static bool is_start(const char *line, size_t length)
{
    return is_marked(line, length, "start of") || begins(line, length, "*END*THE SMALL PRINT") ||
           begins(line, length, "*END THE SMALL PRINT");
}

static bool is_end(const char *line, size_t length)
{
    return is_marked(line, length, "end of") ||
           (begins(line, length, "end of ") && holds(line, length, "project gutenberg")) ||
           (begins(line, length, "this file should be named ") && holds(line, length, ".txt"));
}

/* Behind the paragraphs of credits at text[at]. */
static size_t pass_credits(const char *text, size_t size, size_t at)
{
    static const char *const words[] = {
        "produced by",        "e-text prepared by", "etext prepared by", "etext produced by",
        "e-text produced by", "this etext was",     "transcribed from",  "this ebook was",
        "prepared by",        "[transcriber"};
    size_t limit = size - at > CREDITS_MOST ? at + CREDITS_MOST : size, length, next;
    bool is_credit = false;
    for (size_t here = at; here < limit; here = next) {
        const char *line = take_line(text, size, here, &length, &next);
        if (length == 0) {
            at = is_credit ? next : at;
            is_credit = false;
            continue;
        }
        for (size_t i = 0; i < sizeof words / sizeof words[0] && !is_credit; i++)
            is_credit = begins(line, length, words[i]);
        if (!is_credit)
            break;
    }
    return at;
}

bool lm_gutenberg_find(const char *text, size_t size, size_t *start, size_t *end)
{
    bool is_found = false;
    size_t length, next;
    *start = 0;
    *end = size;
    for (size_t at = 0; at < size; at = next) {
        const char *line = take_line(text, size, at, &length, &next);
        if (length < 10)
            continue;
        if (is_start(line, length)) {
            *start = next;
            is_found = true;
        } else if (is_end(line, length)) {
            *end = at;
            is_found = true;
            break;
        }
    }
    if (*start > 0)
        *start = pass_credits(text, *end, *start);
    return is_found && *start <= *end;
}
