/**
 * GGUF files: a model and its tokenizer in one file, as llama.cpp and its kin read them.
 *
 * Format: ggml's description of GGUF (ggml-org/ggml, docs/gguf.md), versions 2 and 3 read and 3
 * written, little-endian. What of it is a model here: docs/formats/gguf.md.
 */
#ifndef LMPIPE_GGUF_H
#define LMPIPE_GGUF_H

#include <stdbool.h>
#include <stdint.h>

#include <lmpipe/model.h>
#include <lmpipe/status.h>

struct lm_vocab;

/* ---- read ---- */

/** A file whose header has been read and checked; weights are read on demand. */
struct lm_gguf;

/** Opens a file. LM_NOT_FOUND, LM_IO; LM_FORMAT: damaged, with what is wrong; LM_UNSUPPORTED:
 *  another version, byte order or element type; LM_RANGE: more than the reader's bounds; LM_NOMEM.
 *  Every size is held against the file's before memory is taken for it. */
enum lm_status lm_gguf_open(struct lm_gguf **out, const char *path, struct lm_err *err);
void lm_gguf_close(struct lm_gguf *gguf); /**< NULL is fine */

/** The model in it, of architecture "gpt2", from F32, F16 or BF16. LM_UNSUPPORTED names what is not
 *  GPT-2's; LM_FORMAT: tensors that are missing, too many, of another shape; LM_NUMERIC as
 *  lm_model_check; else as lm_model_create. */
enum lm_status lm_gguf_load_model(struct lm_model **out, const struct lm_gguf *gguf,
                                  const struct lm_model_options *options, struct lm_err *err);

/** Whether it holds a tokenizer. */
bool lm_gguf_has_vocab(const struct lm_gguf *gguf);
/** The tokenizer in it, as lm_vocab_import: it gives the ids that llama.cpp gives, or is refused
 *  with LM_UNSUPPORTED. LM_NOT_FOUND without one. */
enum lm_status lm_gguf_load_vocab(struct lm_vocab **out, const struct lm_gguf *gguf,
                                  struct lm_err *err);

/* ---- write ---- */

/** What a file will hold, gathered in any order, then written at once. */
struct lm_gguf_writer;

/** An empty one. LM_NOMEM. */
enum lm_status lm_gguf_writer_create(struct lm_gguf_writer **out, struct lm_err *err);
void lm_gguf_writer_free(struct lm_gguf_writer *writer); /**< NULL is fine */

/** Adds a model, which must stay as it is until the file is written: matrices as `weights` says,
 *  vectors and positions in float32 in any case. LM_UNSUPPORTED names what
 *  llama.cpp's "gpt2" does not have. */
enum lm_status lm_gguf_put_model(struct lm_gguf_writer *writer, const struct lm_model *model,
                                 enum lm_dtype weights, struct lm_err *err);

/** Adds a tokenizer for a model with `rows` ids: those without a token become unused ones, as
 *  llama.cpp's converter does it. LM_UNSUPPORTED when GGUF cannot say the vocabulary so that
 *  llama.cpp gives the same ids; LM_RANGE when it has more than `rows` ids. */
enum lm_status lm_gguf_put_vocab(struct lm_gguf_writer *writer, const struct lm_vocab *vocab,
                                 int64_t rows, struct lm_err *err);

/** Writes the file, replaced as a whole and durable; equal contents give equal bytes. LM_IO,
 *  LM_NOMEM; LM_UNSUPPORTED names a tensor with a number that is too large for F16. */
enum lm_status lm_gguf_write(const struct lm_gguf_writer *writer, const char *path,
                             struct lm_err *err);

#endif
