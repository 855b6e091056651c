/**
 * Cutting a file into documents. The file's newlines are made one kind first, so that every way
 * of cutting sees lines that end in "\n".
 */
#ifndef LM_TEXT_DOCUMENTS_H
#define LM_TEXT_DOCUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What makes a document, X(code, name): the whole file; each line that is not blank; lines up to
 * the next blank one (only white space); an entry, which begins at a line without indentation that
 * follows a blank line or starts the file, and takes all up to the next such line; text between
 * occurrences of a string; a section, which begins at a heading. Then what is no plain text: a
 * record of JSON lines or of a JSON array, a record of a table, a web page, a record of a web
 * archive; a file of light markup or of source code; whatever the file's content tells. */
#define LM_DOCUMENTS_LIST(X)                                                                       \
    X(LM_BY_FILE, "file")                                                                          \
    X(LM_BY_LINE, "line")                                                                          \
    X(LM_BY_BLANK_LINE, "blank_line")                                                              \
    X(LM_BY_UNINDENTED, "unindented")                                                              \
    X(LM_BY_SEPARATOR, "separator")                                                                \
    X(LM_BY_HEADING, "heading")                                                                    \
    X(LM_BY_JSONL, "jsonl")                                                                        \
    X(LM_BY_CSV, "csv")                                                                            \
    X(LM_BY_TSV, "tsv")                                                                            \
    X(LM_BY_HTML, "html")                                                                          \
    X(LM_BY_WARC, "warc")                                                                          \
    X(LM_BY_MARKDOWN, "markdown")                                                                  \
    X(LM_BY_RST, "rst")                                                                            \
    X(LM_BY_CODE, "code")                                                                          \
    X(LM_BY_AUTO, "auto")

enum lm_documents_by {

#define LM_DOCUMENTS_ENUM(code, name) code,
    LM_DOCUMENTS_LIST(LM_DOCUMENTS_ENUM)
#undef LM_DOCUMENTS_ENUM
};

/** NULL-terminated names in enum order. */
extern const char *const lm_documents_by_names[];

/** Cutting of plain text in progress; plain value. Set text, size, by (up to LM_BY_HEADING) and,
 * for LM_BY_SEPARATOR, separator, which must not be empty. */
struct lm_documents {
    const uint8_t *text;
    size_t size, at;
    enum lm_documents_by by;
    const char *separator;
};

/** The next document, borrowed from the text; false after the last. Never empty. */
bool lm_documents_next(struct lm_documents *documents, const uint8_t **text, size_t *size);

/** Turns CR LF and CR into LF, in place; returns the new size. *newlines counts what was changed.
 */
size_t lm_newlines_even(uint8_t *text, size_t size, int64_t *newlines);
/** Drops a byte order mark at the start and turns CR LF and CR into LF, in place; returns the new
 *  size. *marks and *newlines count what was changed. */
size_t lm_newlines_normalise(uint8_t *text, size_t size, int64_t *marks, int64_t *newlines);

#endif
