/** Text that is a container of texts: JSON, tables, markup. Told by content, cautiously: prose with
 *  commas, footnotes in brackets and verse in columns stay text. */
#ifndef LM_TEXT_RECORD_KIND_H
#define LM_TEXT_RECORD_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * "JSON lines", "JSON", "CSV table", "TSV table", "HTML page", "XML document", "WARC archive",
 * "RTF document", or NULL for text. `data` is the file's beginning, `is_cut` when there is more.
 *
 * Markup is known by its first bytes. The others have no NUL. JSON: all of it is objects or arrays
 * one after the other, the first with a member or an element. A table: at least three records of
 * one number of fields, two or more, that are cut by commas, semicolons or tabs (RFC 4180), not
 * all of which begin with an empty field, nor end with one.
 */
const char *lm_record_kind(const uint8_t *data, size_t size, bool is_cut);

#endif
