/** The formats that lm_vocab_export writes, one a source file (vocab_export_<format>.c). */
#ifndef LM_TOKENIZER_VOCAB_EXPORT_H
#define LM_TOKENIZER_VOCAB_EXPORT_H

#include "base/buf.h"
#include "base/json.h"
#include "tokenizer/vocab.h"

/** Writes the files of a format into an existing folder. */
typedef enum lm_status lm_export_fn(const struct lm_vocab *vocab, const char *folder,
                                    struct lm_err *err);

lm_export_fn lm_export_hf;
lm_export_fn lm_export_gpt2;
lm_export_fn lm_export_tiktoken;

/** Writes folder/name, replaced as a whole; releases the buffer. LM_IO, LM_NOMEM. */
enum lm_status lm_export_file(struct lm_buf *text, const char *folder, const char *name,
                              struct lm_err *err);

/** Parts of line `rank` as a list of pairs has them: with LM_MERGING_RANKS those that lower ranks
 *  leave. *left -1 for a line that has no pair. LM_UNSUPPORTED when no pair gives the same ids. */
enum lm_status lm_export_pair(const struct lm_vocab *vocab, int32_t rank, int32_t *left,
                              int32_t *right, struct lm_err *err);

/** A token as other programs write it: text in the printable alphabet, a special token by its name.
 *  LM_UNSUPPORTED for a name that is not UTF-8 or is how another token is written. LM_NOMEM. */
enum lm_status lm_export_token_text(struct lm_buf *out, const struct lm_vocab *vocab, int32_t id,
                                    struct lm_err *err);

/** *out: whether a piece that is a token must be looked up whole, because merging its bytes gives
 *  others. LM_NOMEM. */
enum lm_status lm_export_needs_whole(bool *out, const struct lm_vocab *vocab, struct lm_err *err);

/** Tokens and ids as a JSON object, by id: text in the printable alphabet, special tokens by name.
 *  LM_UNSUPPORTED for a name that is not UTF-8 or is how another token is written. LM_NOMEM. */
enum lm_status lm_export_tokens(struct lm_json_writer *writer, const struct lm_vocab *vocab,
                                struct lm_err *err);

#endif
