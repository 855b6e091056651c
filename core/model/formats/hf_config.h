/** config.json of a GPT-2 checkpoint as Hugging Face's transformers writes it (GPT2Config). */
#ifndef LM_MODEL_HF_CONFIG_H
#define LM_MODEL_HF_CONFIG_H

#include <lmpipe/model.h>

/** Reads one. LM_UNSUPPORTED names the first value that makes another architecture; values that
 * mean nothing for inference are passed over. LM_FORMAT, LM_NOT_FOUND, LM_IO, LM_RANGE, LM_NOMEM.
 */
enum lm_status lm_hf_config_read(struct lm_model_config *out, const char *path, struct lm_err *err);

/** Writes one, replaced as a whole. end_of_text -1: none. LM_IO, LM_NOMEM. */
enum lm_status lm_hf_config_write(const struct lm_model_config *config, enum lm_dtype dtype,
                                  int32_t end_of_text, const char *path, struct lm_err *err);

#endif
