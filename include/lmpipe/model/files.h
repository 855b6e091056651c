/** Models in files: our own folders, and what other programs write (docs/formats/model.md). */
#ifndef LMPIPE_MODEL_FILES_H
#define LMPIPE_MODEL_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include <lmpipe/model/life.h>
#include <lmpipe/status.h>

/** Model from a folder written by lm_model_save (config.json, model.safetensors). LM_FORMAT with
 * what differs; LM_NUMERIC as lm_model_check. */
enum lm_status lm_model_load(struct lm_model **out, const char *folder,
                             const struct lm_model_options *options, struct lm_err *err);

/** What changes when a stored model is trained further; zero-initialised: no head, no dropout. */
struct lm_tuning {
    int64_t labels; /**< classes of its classification head; 0: the folder's is left out */
    bool
        fresh_head; /**< the head is drawn even when the folder's has as many classes: other ones */
    double dropout; /**< in place of the folder's */
};
/** The same for fine-tuning. A head that the folder has not, or not for so many classes, is drawn
 * from options->seed as lm_model_create would. LM_RANGE: labels or dropout. */
enum lm_status lm_model_load_to_tune(struct lm_model **out, const char *folder,
                                     const struct lm_tuning *tuning,
                                     const struct lm_model_options *options, struct lm_err *err);
/** Shape of a saved model, from its config.json alone. */
enum lm_status lm_model_load_config(struct lm_model_config *out, const char *folder,
                                    struct lm_err *err);
/** Writes config.json and model.safetensors into an existing folder; equal models give equal bytes.
 */
enum lm_status lm_model_save(const struct lm_model *model, const char *folder, struct lm_err *err);

/* ---- other programs ---- */

/** How weights lie in a file: float32, IEEE 754's half, bfloat16. */
enum lm_dtype { LM_DTYPE_F32, LM_DTYPE_F16, LM_DTYPE_BF16, LM_DTYPES };

/** "f32", "f16", "bf16", NULL-terminated, by enum lm_dtype. */
extern const char *const lm_dtype_names[];

/** Model from a GPT-2 checkpoint in Hugging Face's form: a folder with config.json and
 *  model.safetensors, or the files that model.safetensors.index.json lists; or one .safetensors
 *  file with config.json beside it. Numbers of 16 bits are widened exactly. LM_UNSUPPORTED names
 *  what config.json says that makes it another architecture; LM_FORMAT: damaged, or the files do
 *  not belong together; LM_NUMERIC as lm_model_check; LM_NOT_FOUND, LM_IO, LM_NOMEM. */
enum lm_status lm_model_import_hf(struct lm_model **out, const char *path,
                                  const struct lm_model_options *options, struct lm_err *err);
/** Writes config.json and model.safetensors as transformers does, into an existing folder; each
 *  file is replaced as a whole. end_of_text: the id that begins and ends texts, -1: none.
 *  LM_UNSUPPORTED: the model has no GPT-2 architecture; LM_RANGE: a weight is too large for the
 *  dtype; LM_IO, LM_NOMEM. */
enum lm_status lm_model_export_hf(const struct lm_model *model, const char *folder,
                                  enum lm_dtype dtype, int32_t end_of_text, struct lm_err *err);

#endif
