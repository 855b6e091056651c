/** Models in GGUF files, for the commands that take them in and give them out. */
#ifndef LM_HEAVY_GGUF_H
#define LM_HEAVY_GGUF_H

#include "heavy_model.h"

/** Writes model and vocabulary to `path`, replaced as a whole; `weights` is one of
 *  lm_dtype_names. LM_INVALID for another; else as lm_gguf_put_model, lm_gguf_put_vocab and
 *  lm_gguf_write. */
enum lm_status lm_heavy_gguf_export(const struct lm_heavy_model *model, const char *weights,
                                    const char *path, struct lm_err *err);

/** Loads the model of `path` and its vocabulary when it holds one (else NULL). As lm_gguf_open,
 *  lm_gguf_load_model and lm_gguf_load_vocab. Release it in case of success. */
enum lm_status lm_heavy_gguf_import(struct lm_heavy_model *out, const char *path,
                                    const struct lm_model_options *options, struct lm_err *err);

#endif
