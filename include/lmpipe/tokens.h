/**
 * Token sets: encoded text in one LMDB file (docs/formats/tokens.md), with splits, document
 * borders and a logical digest that depends on content only, never on LMDB's pages.
 */
#ifndef LMPIPE_TOKENS_H
#define LMPIPE_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/hash.h>
#include <lmpipe/status.h>

enum lm_split { LM_TRAIN, LM_VALID, LM_TEST, LM_SPLITS };

/** "train", "valid", "test". */
extern const char *const lm_split_names[LM_SPLITS];

/** One document of a split. Its end-of-text token is counted in `tokens`. */
struct lm_document {
    uint64_t first;  /**< index of its first token in the split's stream */
    uint32_t tokens; /**< number of tokens, end-of-text included */
    uint32_t bytes;  /**< bytes of its text */
    uint64_t id;     /**< first 64 bits (big-endian) of the text's SHA-256 */
};

struct lm_tokens_writer;
struct lm_tokens;

/** New file at `path` (must not exist). vocab_size decides u16 (≤ 65,536) or u32. */
enum lm_status lm_tokens_create(struct lm_tokens_writer **out, const char *path, int64_t vocab_size,
                                int32_t end_of_text, const struct lm_digest *vocab_digest,
                                struct lm_err *err);
/** Appends a document (ids without end-of-text; the writer adds it). Splits come in enum order. */
enum lm_status lm_tokens_add(struct lm_tokens_writer *writer, enum lm_split split,
                             const int32_t *ids, size_t count, uint64_t id, uint32_t bytes,
                             struct lm_err *err);
/** Writes what is left, syncs, closes and frees the writer (also on failure); *digest: logical
 * digest. */
enum lm_status lm_tokens_finish(struct lm_tokens_writer *writer, struct lm_digest *digest,
                                struct lm_err *err);
void lm_tokens_abandon(
    struct lm_tokens_writer *writer); /**< frees without finishing; NULL is fine */

/** Opens read-only, without a lock file, in a time that does not depend on how much is in it: rows
 *  are looked for and checked when they are first used, so damage is found then. Keeps one read
 *  transaction. LM_FORMAT: not sound as far as it was looked at; LM_UNSUPPORTED: another version;
 *  LM_NOT_FOUND, LM_IO, LM_NOMEM. */
enum lm_status lm_tokens_open(struct lm_tokens **out, const char *path, struct lm_err *err);
void lm_tokens_close(struct lm_tokens *tokens); /**< NULL is fine */
int64_t lm_tokens_vocab(const struct lm_tokens *tokens);
/** SHA-256 of the vocabulary's file; borrowed. */
const struct lm_digest *lm_tokens_vocab_digest(const struct lm_tokens *tokens);
int32_t lm_tokens_end_of_text(const struct lm_tokens *tokens);
uint64_t lm_tokens_count(const struct lm_tokens *tokens, enum lm_split split);
uint64_t lm_tokens_documents(const struct lm_tokens *tokens, enum lm_split split);
/** Checks all that says where the documents of a split lie: each row, that they join, and that they
 *  add up to what is counted. Not while other threads use the set. LM_FORMAT: damaged; LM_IO,
 *  LM_NOMEM. */
enum lm_status lm_tokens_check_documents(struct lm_tokens *tokens, enum lm_split split,
                                         struct lm_err *err);
/** A document; of no tokens when there is none, or before lm_tokens_check_documents. */
struct lm_document lm_tokens_document(const struct lm_tokens *tokens, enum lm_split split,
                                      uint64_t index);
/** Text bytes of a whole split. */
uint64_t lm_tokens_bytes(const struct lm_tokens *tokens, enum lm_split split);
/** Copies tokens [first, first + count) of a split's stream into out. Safe from several threads.
 * LM_RANGE beyond the end; LM_FORMAT: what is read is damaged; LM_IO. */
enum lm_status lm_tokens_read(const struct lm_tokens *tokens, enum lm_split split, uint64_t first,
                              size_t count, int32_t *out, struct lm_err *err);
/** Tells the system that these tokens will be read soon, so that a disk may fetch them meanwhile;
 *  what lies beyond the end is passed over. */
void lm_tokens_prefetch(const struct lm_tokens *tokens, enum lm_split split, uint64_t first,
                        uint64_t count);
/** Logical digest of a file, every row read and checked; equals lm_tokens_finish's. LM_FORMAT. */
enum lm_status lm_tokens_digest(struct lm_digest *out, const char *path, struct lm_err *err);

/** SHA-256 of what a compressed shard of a text holds (docs/formats/text.md): what it is known by,
 *  whatever compressed it. LM_IO, LM_NOT_FOUND, LM_FORMAT, LM_NOMEM. */
enum lm_status lm_shard_digest(struct lm_digest *out, const char *path, struct lm_err *err);

#endif
