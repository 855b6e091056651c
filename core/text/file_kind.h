/**
 * What a file is, told by its bytes before it is taken for text: packings, images, programs and
 * other binary files, text in other encodings than UTF-8, and text that is a container of texts
 * (JSON lines, tables, web pages). Pure functions; the file's name is never asked.
 */
#ifndef LM_TEXT_FILE_KIND_H
#define LM_TEXT_FILE_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/utf16.h"

/** Name of the archive or compression that data begins with ("gzip", "tar" …; 512 bytes tell all of
 *  them), or NULL. */
const char *lm_file_packing(const uint8_t *data, size_t size);

enum lm_file_class {
    LM_FILE_TEXT,    /**< UTF-8, or nearly (lm_utf8_census says how nearly) */
    LM_FILE_UTF16,   /**< UTF-16 or UTF-32 for sure: see `utf` */
    LM_FILE_PACKED,  /**< an archive or compressed */
    LM_FILE_BINARY,  /**< no text */
    LM_FILE_ENCODED, /**< text in another encoding, whose escapes are pure ASCII */
    LM_FILE_RECORDS  /**< JSON, tables, markup: text that holds texts */
};

struct lm_file_kind {
    enum lm_file_class class;
    const char *name;  /**< "PNG image", "JSON lines"; NULL for text */
    struct lm_utf utf; /**< LM_FILE_UTF16 */
    size_t at;         /**< of what told it, where that is not the start */
};

/** What the whole file is. Looks at all bytes for NULs, else at the first 64 KiB. */
struct lm_file_kind lm_file_kind(const uint8_t *data, size_t size);

#endif
