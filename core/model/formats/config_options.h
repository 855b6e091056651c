/** Every option of a GPT-2's config.json (transformers' GPT2Config, and what all its configurations
 *  have), and what may stand there for this code to be right. */
#ifndef LM_MODEL_CONFIG_OPTIONS_H
#define LM_MODEL_CONFIG_OPTIONS_H

#include <lmpipe/status.h>

#include "base/json.h"

/** Names of GPT-2's GELU, all the tanh form: the first is what is written. NULL-terminated. */
extern const char *const lm_config_gelus[];

/** Checks each member of a configuration; `is_own`: with the options of core/model/arch.h.
 *  LM_UNSUPPORTED names the first that says another architecture, is of the wrong kind, is missing,
 *  or is not known: an unknown one might change what the model computes. */
enum lm_status lm_config_options_check(const struct lm_json *root, bool is_own, struct lm_err *err);

#endif
