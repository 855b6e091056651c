/**
 * Cutting a file into documents. The file's newlines are made one kind first, so that every way
 * of cutting sees lines that end in "\n".
 */
#ifndef LM_TEXT_DOCUMENTS_H
#define LM_TEXT_DOCUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What makes a document. */
enum lm_documents_by {
    LM_BY_FILE,       /**< the whole file */
    LM_BY_LINE,       /**< each line that is not blank */
    LM_BY_BLANK_LINE, /**< lines up to the next blank one (only spaces and tabs) */
    LM_BY_UNINDENTED, /**< an entry: begins at a line without indentation that follows a blank line
                           or starts the file, and takes all up to the next such line */
    LM_BY_SEPARATOR   /**< text between occurrences of a string */
};

/** NULL-terminated names in enum order: "file", "line", "blank_line", "unindented", "separator". */
extern const char *const lm_documents_by_names[];

/** Cutting in progress; plain value. Set text, size, by and (for LM_BY_SEPARATOR, not empty)
 * separator. */
struct lm_documents {
    const uint8_t *text;
    size_t size, at;
    enum lm_documents_by by;
    const char *separator;
};

/** The next document, borrowed from the text; false after the last. Never empty. */
bool lm_documents_next(struct lm_documents *documents, const uint8_t **text, size_t *size);

/** Drops a byte order mark at the start and turns CR LF and CR into LF, in place; returns the new
 *  size. *marks and *newlines count what was changed. */
size_t lm_newlines_normalise(uint8_t *text, size_t size, int64_t *marks, int64_t *newlines);

#endif
