#include "text/markup.h"

#include <string.h>

/** Lines that are gone through and written back, fewer of them. */
struct lines {
    uint8_t *text;
    size_t size, at, kept;
};

struct line {
    const uint8_t *text;
    size_t size;   /**< with its newline */
    size_t length; /**< without white space at its end */
    size_t indent; /**< spaces and tabs at its start */
};

static bool next_line(struct lines *lines, struct line *out)
{
    if (lines->at >= lines->size)
        return false;
    out->text = lines->text + lines->at;
    const uint8_t *newline = memchr(out->text, '\n', lines->size - lines->at);
    out->size = newline == NULL ? lines->size - lines->at : (size_t)(newline - out->text) + 1;
    out->length = out->size;
    while (out->length > 0 &&
           (out->text[out->length - 1] == '\n' || out->text[out->length - 1] == ' ' ||
            out->text[out->length - 1] == '\t'))
        out->length--;
    out->indent = 0;
    while (out->indent < out->length &&
           (out->text[out->indent] == ' ' || out->text[out->indent] == '\t'))
        out->indent++;
    lines->at += out->size;
    return true;
}

static void keep(struct lines *lines, const uint8_t *text, size_t size)
{
    memmove(lines->text + lines->kept, text, size);
    lines->kept += size;
}

static bool starts(const struct line *line, const char *prefix)
{
    size_t length = strlen(prefix);
    return line->length - line->indent >= length &&
           memcmp(line->text + line->indent, prefix, length) == 0;
}

/* ---- Markdown ---- */

/* Behind the front matter; 0 when there is none. */
static size_t front_matter(const uint8_t *text, size_t size)
{
    struct lines lines = {.text = (uint8_t *)(uintptr_t)text, .size = size};
    struct line first, line;
    bool is_any = next_line(&lines, &first) && first.indent == 0 && first.length == 3 &&
                  (memcmp(first.text, "---", 3) == 0 || memcmp(first.text, "+++", 3) == 0);
    for (size_t count = 0; is_any && count < 1000 && next_line(&lines, &line); count++)
        if (line.indent == 0 && line.length == 3 &&
            (memcmp(line.text, first.text, 3) == 0 || memcmp(line.text, "...", 3) == 0))
            return lines.at;
    return 0;
}

/** A run of code between fences. */
struct fence {
    uint8_t mark; /**< 0: none is open */
    size_t length;
};

static size_t fence_length(const struct line *line)
{
    size_t at = line->indent;
    uint8_t mark = at < line->length ? line->text[at] : 0;
    if (line->indent > 3 || (mark != '`' && mark != '~'))
        return 0;
    while (at < line->length && line->text[at] == mark)
        at++;
    size_t length = at - line->indent;
    bool is_inline = mark == '`' && memchr(line->text + at, '`', line->length - at) != NULL;
    return length >= 3 && !is_inline ? length : 0;
}

/* Does the line open or close a fence? */
static bool is_fence(struct fence *fence, const struct line *line)
{
    size_t length = fence_length(line);
    if (length == 0)
        return false;
    if (fence->mark == 0) {
        *fence = (struct fence){line->text[line->indent], length};
        return true;
    }
    bool is_close = line->text[line->indent] == fence->mark && length >= fence->length &&
                    line->indent + length == line->length;
    if (is_close)
        fence->mark = 0;
    return is_close;
}

/* Writes a line without its comments; *is_in says whether one is open. */
static void keep_uncommented(struct lines *lines, const struct line *line, bool *is_in)
{
    size_t at = 0, before = lines->kept;
    bool was_any = *is_in;
    while (at < line->size) {
        const char *mark = *is_in ? "-->" : "<!--";
        const uint8_t *found = memmem(line->text + at, line->size - at, mark, strlen(mark));
        size_t end = found == NULL ? line->size : (size_t)(found - line->text);
        if (!*is_in)
            keep(lines, line->text + at, end - at);
        if (found == NULL)
            break;
        was_any = true;
        at = end + strlen(mark);
        *is_in = !*is_in;
    }
    /* a line that was nothing but a comment goes with its newline */
    size_t left = lines->kept;
    while (left > before && (lines->text[left - 1] == ' ' || lines->text[left - 1] == '\n'))
        left--;
    if (was_any && left == before)
        lines->kept = before;
}

size_t lm_markdown_strip(uint8_t *text, size_t size, bool drops_code)
{
    struct lines lines = {.text = text, .size = size, .at = front_matter(text, size)};
    struct fence fence = {0, 0};
    struct line line;
    bool is_in_comment = false;
    while (next_line(&lines, &line)) {
        bool was_open = fence.mark != 0;
        bool is_code = !is_in_comment && (is_fence(&fence, &line) || was_open);
        if (!is_code)
            keep_uncommented(&lines, &line, &is_in_comment);
        else if (!drops_code)
            keep(&lines, line.text, line.size);
    }
    return lines.kept;
}

/* ---- reStructuredText ---- */

enum block { BLOCK_NONE, BLOCK_COMMENT, BLOCK_CODE, BLOCK_KEPT };

static bool is_code_directive(const struct line *line)
{
    static const char *const names[] = {".. code::",      ".. code-block::", ".. sourcecode::",
                                        ".. highlight::", ".. doctest::",    ".. testcode::"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (starts(line, names[i]))
            return true;
    return false;
}

/* Behind "..": a target, a note, a substitution, or a directive's name and two colons. */
static bool is_markup(const uint8_t *text, size_t size)
{
    if (size > 0 && (text[0] == '_' || text[0] == '[' || text[0] == '|'))
        return true;
    for (size_t i = 0; i + 1 < size && text[i] != ' ' && text[i] != '\t'; i++)
        if (text[i] == ':' && text[i + 1] == ':')
            return i > 0;
    return false;
}

/* What a line that begins with ".." begins. */
static enum block explicit_block(const struct line *line)
{
    if (!starts(line, ".."))
        return BLOCK_NONE;
    const uint8_t *text = line->text + line->indent + 2;
    size_t size = line->length - line->indent - 2;
    if (size > 0 && text[0] != ' ' && text[0] != '\t')
        return BLOCK_NONE;
    if (is_code_directive(line))
        return BLOCK_CODE;
    while (size > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        size--;
    }
    return is_markup(text, size) ? BLOCK_KEPT : BLOCK_COMMENT;
}

/* A paragraph that ends in "::" announces code; what is left of its line: "text:", or nothing. */
static size_t announced(const struct line *line)
{
    size_t length = line->length;
    if (length < line->indent + 2 || memcmp(line->text + length - 2, "::", 2) != 0)
        return SIZE_MAX;
    if (length == line->indent + 2)
        return 0;
    return line->text[length - 3] == ' ' ? length - 3 : length - 1;
}

/** A document on its way: a block goes on as long as lines are blank or indented deeper. */
struct rst {
    struct lines lines;
    enum block block;
    size_t indent;
    bool is_doctest, drops_code;
};

static bool is_dropped(const struct rst *rst, enum block block)
{
    return block == BLOCK_COMMENT || (block == BLOCK_CODE && rst->drops_code);
}

/* A line that begins something of its own. */
static void begin_line(struct rst *rst, const struct line *line)
{
    rst->indent = line->indent;
    rst->block = explicit_block(line);
    if (is_dropped(rst, rst->block))
        return;
    size_t left = rst->block == BLOCK_NONE && rst->drops_code ? announced(line) : SIZE_MAX;
    if (rst->block == BLOCK_KEPT)
        rst->block = BLOCK_NONE;
    if (left == SIZE_MAX) {
        keep(&rst->lines, line->text, line->size);
        return;
    }
    rst->block = BLOCK_CODE;
    keep(&rst->lines, line->text, left);
    if (left > 0)
        keep(&rst->lines, (const uint8_t *)"\n", 1);
}

static void rst_line(struct rst *rst, const struct line *line)
{
    bool is_blank = line->length == line->indent;
    if (!is_blank && line->indent <= rst->indent)
        rst->block = BLOCK_NONE;
    rst->is_doctest = !is_blank && (rst->is_doctest || starts(line, ">>> "));
    bool is_code = rst->is_doctest && rst->drops_code;
    if (rst->block == BLOCK_NONE && !is_blank && !is_code)
        begin_line(rst, line);
    else if (!is_code && !is_dropped(rst, rst->block))
        keep(&rst->lines, line->text, line->size);
}

size_t lm_rst_strip(uint8_t *text, size_t size, bool drops_code)
{
    struct rst rst = {.lines = {.size = size}, .drops_code = drops_code};
    rst.lines.text = text;
    struct line line;
    while (next_line(&rst.lines, &line))
        rst_line(&rst, &line);
    return rst.lines.kept;
}
