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

/** Opens a shard; one whose name ends in ".zst" is compressed. LM_NOT_FOUND, LM_IO, LM_NOMEM. */
enum lm_status lm_jsonl_open(struct lm_jsonl_reader **out, const char *path, struct lm_err *err);
/** Opens `count` ≥ 1 shards, read as one, one after the other; lines and places are those of each.
 *  The paths are borrowed until the reader is closed, and by blocks as long as these are used. */
enum lm_status lm_jsonl_open_shards(struct lm_jsonl_reader **out, const char *const *paths,
                                    size_t count, struct lm_err *err);
/** Next document; *is_end is true, and *document untouched, after the last. LM_FORMAT:
 *  "path:line:column: …", LM_RANGE, LM_IO, LM_NOMEM. The id is not compared with the text. */
enum lm_status lm_jsonl_next(struct lm_jsonl_reader *reader, struct lm_jsonl_document *document,
                             bool *is_end, struct lm_err *err);
/** Takes line[0..size), without its newline, apart in place: the document borrows its memory.
 *  path and number are for the message: LM_FORMAT. */
enum lm_status lm_jsonl_parse(struct lm_jsonl_document *document, char *line, size_t size,
                              const char *path, uint64_t number, struct lm_err *err);
/** Bytes read from the files so far, as they lie there, for progress. */
uint64_t lm_jsonl_offset(const struct lm_jsonl_reader *reader);
void lm_jsonl_close(struct lm_jsonl_reader *reader); /**< NULL is fine */

/** Whole lines as they were read, to be taken apart by another thread than the one that reads. Its
 *  memory is kept from filling to filling; zero-initialise. */
struct lm_jsonl_block {
    char *data;
    size_t size, capacity; /**< bytes of lines; 0 at the end of the file */
    size_t at;             /**< where the next line starts */
    uint64_t line;         /**< lines before it */
    const char *path;      /**< for messages: the reader's, or another set by who outlives it */
};

/** Fills a block with the next whole lines of one file: about `bytes` ≥ 1, more when a line is
 * longer. block->size is 0 at the end of the file. LM_FORMAT for a last line without newline,
 * LM_RANGE, LM_IO, LM_NOMEM. */
enum lm_status lm_jsonl_read_block(struct lm_jsonl_reader *reader, struct lm_jsonl_block *block,
                                   size_t bytes, struct lm_err *err);
/** As lm_jsonl_next, of a block; the document is borrowed until the block is filled again. */
enum lm_status lm_jsonl_block_next(struct lm_jsonl_block *block, struct lm_jsonl_document *document,
                                   bool *is_end, struct lm_err *err);
/** Passes over the next lines of a block, at most so many; returns how many there were. */
uint64_t lm_jsonl_block_skip(struct lm_jsonl_block *block, uint64_t lines);
void lm_jsonl_block_release(struct lm_jsonl_block *block);

/** Creates or truncates a shard; one whose name ends in ".zst" is compressed. */
enum lm_status lm_jsonl_create(struct lm_jsonl_writer **out, const char *path, struct lm_err *err);
/** Appends a document; its id is computed here. LM_FORMAT when text is not well-formed UTF-8. */
enum lm_status lm_jsonl_put(struct lm_jsonl_writer *writer, const void *text, size_t size,
                            struct lm_err *err);
/** Appends a document's line, without its newline, to a buffer; text is well-formed UTF-8, and
 * `digest` its SHA-256. */
void lm_jsonl_line(struct lm_buf *out, const struct lm_digest *digest, const void *text,
                   size_t size);
/** Appends a line as it is, which must hold no newline: of a file that goes along with a shard. */
enum lm_status lm_jsonl_put_line(struct lm_jsonl_writer *writer, const char *line, size_t size,
                                 struct lm_err *err);
/** Writes what is left, closes and frees the writer (also on failure). */
enum lm_status lm_jsonl_finish(struct lm_jsonl_writer *writer, struct lm_err *err);
void lm_jsonl_abandon(struct lm_jsonl_writer *writer); /**< frees without finishing; NULL is fine */

#endif
