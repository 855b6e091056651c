/**
 * Text shards: one document a line, {"id":"<64 hex>","text":"…"}, id being the SHA-256 of the
 * text's bytes; no spaces, keys in this order, every line ended by one newline, text in
 * well-formed UTF-8 (docs/formats/text.md). Reading and writing stream: memory is bounded by the
 * longest line.
 */
#ifndef LM_DATA_JSONL_H
#define LM_DATA_JSONL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/hash.h>
#include <lmpipe/status.h>

#include "base/buf.h"

/** Lines beyond this many bytes are an error (LM_RANGE). */
#define LM_JSONL_LONGEST ((size_t)1 << 31)

struct lm_jsonl_document {
    struct lm_digest id;
    const uint8_t *text; /**< unescaped; borrowed until the reader's next call; NUL follows */
    size_t size;         /**< bytes of text */
    uint64_t line;       /**< 1-based */
};

struct lm_jsonl_reader;
struct lm_jsonl_writer;

/** Opens a shard. LM_NOT_FOUND, LM_IO, LM_NOMEM. */
enum lm_status lm_jsonl_open(struct lm_jsonl_reader **out, const char *path, struct lm_err *err);
/** Next document; *is_end is true, and *document untouched, after the last. LM_FORMAT:
 *  "path:line:column: …", LM_RANGE, LM_IO, LM_NOMEM. The id is not compared with the text. */
enum lm_status lm_jsonl_next(struct lm_jsonl_reader *reader, struct lm_jsonl_document *document,
                             bool *is_end, struct lm_err *err);
/** Appends whole lines, newlines included, until `lines` holds `goal` bytes or more, or the file
 *  ends (*is_end): for lm_jsonl_parse by other threads. Errors as lm_jsonl_next's for the file. */
enum lm_status lm_jsonl_lines(struct lm_jsonl_reader *reader, struct lm_buf *lines, size_t goal,
                              bool *is_end, struct lm_err *err);
/** Takes line[0..size), without its newline, apart in place: the document borrows its memory.
 *  path and number are for the message: LM_FORMAT. */
enum lm_status lm_jsonl_parse(struct lm_jsonl_document *document, char *line, size_t size,
                              const char *path, uint64_t number, struct lm_err *err);
/** Lines given so far. */
uint64_t lm_jsonl_line(const struct lm_jsonl_reader *reader);
/** Bytes read from the file so far, for progress. */
uint64_t lm_jsonl_offset(const struct lm_jsonl_reader *reader);
void lm_jsonl_close(struct lm_jsonl_reader *reader); /**< NULL is fine */

/** Creates or truncates a shard. */
enum lm_status lm_jsonl_create(struct lm_jsonl_writer **out, const char *path, struct lm_err *err);
/** Appends a document; its id is computed here. LM_FORMAT when text is not well-formed UTF-8. */
enum lm_status lm_jsonl_put(struct lm_jsonl_writer *writer, const void *text, size_t size,
                            struct lm_err *err);
/** Writes what is left, closes and frees the writer (also on failure). */
enum lm_status lm_jsonl_finish(struct lm_jsonl_writer *writer, struct lm_err *err);
void lm_jsonl_abandon(struct lm_jsonl_writer *writer); /**< frees without finishing; NULL is fine */

#endif
