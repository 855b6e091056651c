/** Models in GGUF files, for the commands that take them in and give them out. */
#ifndef LM_HEAVY_GGUF_H
#define LM_HEAVY_GGUF_H

#include <lmpipe/model.h>
#include <lmpipe/tokenizer.h>

/** Writes model and vocabulary (NULL: none) to `path`, replaced as a whole. As lm_gguf_put_model,
 *  lm_gguf_put_vocab and lm_gguf_write. */
enum lm_status lm_heavy_gguf_export(const struct lm_model *model, const struct lm_vocab *vocab,
                                    enum lm_dtype weights, const char *path, struct lm_err *err);

/** Loads the model of `path` and its vocabulary; NULL when it holds none, *vocab_error says so. As
 *  lm_gguf_open, lm_gguf_load_model and lm_gguf_load_vocab. Both are the caller's to free. */
enum lm_status lm_heavy_gguf_import(struct lm_model **model, struct lm_vocab **vocab,
                                    struct lm_err *vocab_error, const char *path,
                                    const struct lm_model_options *options, struct lm_err *err);

#endif
