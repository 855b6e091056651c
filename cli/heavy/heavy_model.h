/** Verbs over a model, and how they find it. */
#ifndef LM_CLI_HEAVY_MODEL_H
#define LM_CLI_HEAVY_MODEL_H

#include <lmpipe/model.h>
#include <lmpipe/tokenizer.h>

#include "loaded.h"

struct lm_heavy_model {
    struct lm_model *model;
    struct lm_vocab *vocab;
    const char *name; /**< as given */
};

/** Loads MODEL: a folder, or SPEC:STAGE.PORT (SPEC:STAGE for port "model"). LM_EXIT_OK, or the exit
 *  status after an error was printed. Release in every case. */
int lm_heavy_model_load(struct lm_heavy_model *out, struct lm_cli *cli, const char *name,
                        const struct lm_spec_args *args, size_t threads);
void lm_heavy_model_release(struct lm_heavy_model *model);

/** The verbs of cli/model_verbs.h. */
int lm_heavy_info(struct lm_cli *cli, const void *given, char **operands, size_t count);
int lm_heavy_generate(struct lm_cli *cli, const void *given, char **operands, size_t count);
/** What `doctor` asks: kernels, numerics, libraries. */
int lm_heavy_doctor(struct lm_cli *cli, const void *given, char **operands, size_t count);

#endif
