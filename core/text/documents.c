#include "text/documents.h"

#include <string.h>

#include "base/utf8.h"
#include "text/heading.h"
#include "text/unicode.h"

#define NAME(code, name) name,
const char *const lm_documents_by_names[] = {LM_DOCUMENTS_LIST(NAME) NULL};
#undef NAME

/* From text[at] on, moved to the start. */
static size_t even(uint8_t *text, size_t size, size_t at, int64_t *newlines)
{
    size_t kept = 0;
    while (at < size) {
        const uint8_t *found = memchr(text + at, '\r', size - at);
        size_t run = found == NULL ? size - at : (size_t)(found - text) - at;
        memmove(text + kept, text + at, run);
        kept += run;
        at += run;
        if (at == size)
            break;
        at += at + 1 < size && text[at + 1] == '\n' ? 2 : 1;
        text[kept++] = '\n';
        ++*newlines;
    }
    return kept;
}

size_t lm_newlines_even(uint8_t *text, size_t size, int64_t *newlines)
{
    return even(text, size, 0, newlines);
}

size_t lm_newlines_normalise(uint8_t *text, size_t size, int64_t *marks, int64_t *newlines)
{
    bool is_marked = size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
    *marks += is_marked;
    return even(text, size, is_marked ? 3 : 0, newlines);
}

/* ---- the ways of cutting: each takes at least one byte from documents->at ---- */

static size_t line_end(const struct lm_documents *documents, size_t at)
{
    const uint8_t *newline = memchr(documents->text + at, '\n', documents->size - at);
    return newline == NULL ? documents->size : (size_t)(newline - documents->text) + 1;
}

static bool is_blank(const struct lm_documents *documents, size_t from, size_t to)
{
    while (from < to) {
        uint32_t code_point;
        size_t length = lm_utf8_decode(&code_point, documents->text + from, to - from);
        if (length == 0 || (lm_unicode(code_point) & LM_UC_SPACE) == 0)
            return false;
        from += length;
    }
    return true;
}

static size_t take_file(const struct lm_documents *documents, size_t at)
{
    (void)at;
    return documents->size;
}

static size_t take_block(const struct lm_documents *documents, size_t at)
{
    size_t end = at;
    while (end < documents->size) {
        size_t next = line_end(documents, end);
        bool is_border = is_blank(documents, end, next);
        end = next;
        if (is_border)
            break;
    }
    return end;
}

static size_t take_entry(const struct lm_documents *documents, size_t at)
{
    bool is_after_blank = false;
    size_t end = at;
    while (end < documents->size) {
        size_t next = line_end(documents, end);
        bool is_line_blank = is_blank(documents, end, next);
        bool is_indented = documents->text[end] == ' ' || documents->text[end] == '\t';
        if (is_after_blank && !is_line_blank && !is_indented)
            break;
        is_after_blank = is_line_blank;
        end = next;
    }
    return end;
}

static size_t take_separated(const struct lm_documents *documents, size_t at)
{
    size_t length = strlen(documents->separator);
    const uint8_t *found =
        memmem(documents->text + at, documents->size - at, documents->separator, length);
    return found == NULL ? documents->size : (size_t)(found - documents->text) + length;
}

static bool is_fence(const uint8_t *line, size_t size)
{
    return size >= 3 && (memcmp(line, "```", 3) == 0 || memcmp(line, "~~~", 3) == 0);
}

/** A section: headings, their text, up to the next heading. Code between fences has none. */
static size_t take_section(const struct lm_documents *documents, size_t at)
{
    bool is_fenced = false, is_after_blank = true, has_text = false;
    size_t end = at;
    while (end < documents->size) {
        const uint8_t *line = documents->text + end;
        size_t left = documents->size - end;
        size_t heading = is_fenced ? 0 : lm_heading_size(line, left, is_after_blank);
        if (heading > 0 && has_text)
            break;
        size_t next = heading > 0 ? end + heading : line_end(documents, end);
        is_fenced ^= is_fence(line, left);
        is_after_blank = is_blank(documents, end, next);
        has_text = has_text || (heading == 0 && !is_after_blank);
        end = next;
    }
    return end;
}

bool lm_documents_next(struct lm_documents *documents, const uint8_t **text, size_t *size)
{
    static size_t (*const takes[])(const struct lm_documents *, size_t) = {
        take_file, line_end, take_block, take_entry, take_separated, take_section};
    while (documents->at < documents->size) {
        size_t start = documents->at, end = takes[documents->by](documents, start);
        documents->at = end;
        if (documents->by == LM_BY_SEPARATOR) {
            size_t length = strlen(documents->separator);
            bool is_cut = end - start >= length &&
                          memcmp(documents->text + end - length, documents->separator, length) == 0;
            end -= is_cut ? length : 0;
        }
        if (is_blank(documents, start, end))
            continue;
        *text = documents->text + start;
        *size = end - start;
        return true;
    }
    return false;
}
