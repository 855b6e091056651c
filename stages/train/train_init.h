/** The stored model that a training begins with: the port `init`, or the parameter. */
#ifndef LM_TRAIN_INIT_H
#define LM_TRAIN_INIT_H

#include <lmpipe/model.h>
#include <lmpipe/stage.h>

#include "data/objective.h"
#include "train_params.h"

/** Its folder, or NULL: weights are drawn. */
const char *train_init_folder(const struct lm_ctx *ctx, const struct train_params *params);

/** Its shape, with the pin on its weights checked: LM_MISMATCH. Errors of lm_model_load_config. */
enum lm_status train_init_config(struct lm_model_config *out, const char *folder,
                                 const struct train_params *params, struct lm_err *err);
/** LM_MISMATCH unless its vocabulary is that file, byte for byte. LM_NOT_FOUND when it has none. */
enum lm_status train_init_check_vocab(const char *folder, const char *vocab, struct lm_err *err);

/** The model with its weights, and `config`'s labels and dropout; its classification head only
 * where its labels are those of `objective`, else one as it is drawn. Errors of
 * lm_model_load_to_tune. */
enum lm_status train_init_load(struct lm_model **out, const char *folder,
                               const struct lm_model_config *config,
                               const struct lm_model_options *options,
                               const struct lm_objective *objective, struct lm_arena *arena,
                               struct lm_err *err);

#endif
