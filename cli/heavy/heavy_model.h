/** Commands over a model, and how they find it. */
#ifndef LM_CLI_HEAVY_MODEL_H
#define LM_CLI_HEAVY_MODEL_H

#include <lmpipe/model.h>
#include <lmpipe/tokenizer.h>

#include "loaded.h"

struct lm_heavy_model {
    struct lm_model *model;
    struct lm_vocab *vocab;    /**< NULL: a checkpoint made elsewhere has none that can be read */
    const char *name;          /**< as given */
    const char *form;          /**< "lmpipe", "safetensors", "gguf": how it is written */
    struct lm_err vocab_error; /**< why there is no vocabulary */
};

/** Loads MODEL: a folder, SPEC:STAGE.PORT (SPEC:STAGE for port "model"), or a checkpoint made
 *  elsewhere (lm_model_import_hf, GGUF) with the tokenizer beside or in it. LM_EXIT_OK, or the exit
 * status after an error was printed. Release in every case. */
int lm_heavy_model_load(struct lm_heavy_model *out, struct lm_cli *cli, const char *name,
                        const struct lm_spec_args *args, size_t threads);
/** LM_EXIT_OK when the model has a vocabulary; else the reason was printed. */
int lm_heavy_model_need_vocab(const struct lm_heavy_model *model, struct lm_cli *cli);
/** Reads a vocabulary for the model: as lm_heavy_vocab_load. */
int lm_heavy_model_take_vocab(struct lm_heavy_model *model, struct lm_cli *cli, const char *name,
                              const struct lm_spec_args *args);
void lm_heavy_model_release(struct lm_heavy_model *model);

/** The commands of cli/model_commands.h. */
int lm_heavy_info(struct lm_cli *cli, const void *given, char **operands, size_t count);
int lm_heavy_generate(struct lm_cli *cli, const void *given, char **operands, size_t count);
int lm_heavy_model_create(struct lm_cli *cli, const void *given, char **operands, size_t count);
int lm_heavy_model_score(struct lm_cli *cli, const void *given, char **operands, size_t count);
int lm_heavy_model_export(struct lm_cli *cli, const void *given, char **operands, size_t count);
int lm_heavy_model_import(struct lm_cli *cli, const void *given, char **operands, size_t count);
/** `init`, which looks into texts. */
int lm_heavy_init(struct lm_cli *cli, const void *given, char **operands, size_t count);

/** What `doctor` asks: kernels, numerics, libraries. `given` is a struct lm_heavy_doctor_args. */
struct lm_heavy_doctor_args {
    bool json;
};

int lm_heavy_doctor(struct lm_cli *cli, const void *given, char **operands, size_t count);

#endif
