/** config.json: what our own form and Hugging Face's have in common. */
#ifndef LM_MODEL_CONFIG_FILE_H
#define LM_MODEL_CONFIG_FILE_H

#include <lmpipe/model.h>

#include "base/json.h"

/** Makes a configuration of a parsed file. */
typedef enum lm_status lm_config_take_fn(struct lm_model_config *out, const struct lm_json *root,
                                         struct lm_err *err);

/** Reads the file at `path` by `take`, whose failures are told with the path. LM_NOT_FOUND, LM_IO,
 *  LM_FORMAT, LM_NOMEM; else what `take` says. */
enum lm_status lm_config_file_read(struct lm_model_config *out, const char *path,
                                   lm_config_take_fn *take, struct lm_err *err);
/** Writes it, replaced as a whole. LM_IO, LM_NOMEM. */
enum lm_status lm_config_file_write(const char *path, const struct lm_buf *text,
                                    struct lm_err *err);

/** "architectures": [name]. */
void lm_config_put_class(struct lm_json_writer *writer, const char *name);
/** Vocabulary, context, layers, heads and width by the names of GPT-2's published configurations.
 */
void lm_config_put_sizes(struct lm_json_writer *writer, const struct lm_model_config *config);
/** The same five, 0 where a key is missing or no whole number. */
void lm_config_take_sizes(struct lm_model_config *out, const struct lm_json *root);
/** GPT-2's three probabilities of dropout, which are one here; reading, that of the residual
 *  stream. */
void lm_config_put_dropout(struct lm_json_writer *writer, const struct lm_model_config *config);
void lm_config_take_dropout(struct lm_model_config *out, const struct lm_json *root);

#endif
