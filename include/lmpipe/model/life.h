/** A model's life: how it is to run, made, freed; its tensors. */
#ifndef LMPIPE_MODEL_LIFE_H
#define LMPIPE_MODEL_LIFE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/hash.h>
#include <lmpipe/model/config.h>
#include <lmpipe/status.h>

struct lm_model;

enum lm_numerics { LM_NUMERICS_PORTABLE, LM_NUMERICS_BLAS };

/** What matrix products take: float32, or operands rounded to bfloat16 (Kalamkar et al. 2019) whose
 *  products are summed in float32. Weights, gradients, sums over rows and the optimiser are float32
 *  in both. bfloat16 products are always our own, with portable bits, whatever the numerics. */
enum lm_precision { LM_PRECISION_F32, LM_PRECISION_BF16, LM_PRECISIONS };

/** "f32", "bf16", NULL-terminated, for parameter tables. */
extern const char *const lm_precision_names[];
/** Precision by name; float32 for a name that is none. */
enum lm_precision lm_precision_find(const char *name);

/** How to run a model; zero-initialised means: one thread, best kernels, portable, inference. */
struct lm_model_options {
    size_t threads;      /**< workers of the model's own pool; 0 is 1 */
    const char *kernels; /**< "avx512", "avx2", "c"; NULL or "auto": the best this CPU has */
    enum lm_numerics numerics;
    enum lm_precision precision;
    bool training; /**< hold gradients, Adam moments and activations */
    /** Keep the residual stream alone and compute a layer's other activations again in the
     *  backward pass: the same bits, a third more work (Chen et al. 2016). */
    bool recompute;
    int64_t max_batch, max_time; /**< largest B and T of a call; 0: 1 and the context */
    /** Training: most gradients that are gathered for a step; 0: 1. Beyond one, the model holds 1 +
     *  ⌊log₂ leaves⌋ of them. */
    int64_t leaves;
    bool muon;      /**< training: there will be steps of Muon; room for them */
    bool zero_init; /**< lm_model_create: output projections of layers and a head of its own begin
                       at 0 (Zhang et al. 2019, "Fixup", section 3) */
    uint64_t seed; /**< of dropout masks (stream "dropout") and of initialisation (stream "init") */
    /** Asked a few times a layer by the calling thread; true: calls on batches give up with
     *  LM_CANCELLED. Weights are untouched, gradients gathered since the last step are dropped. */
    bool (*stop)(void *user);
    void *stop_user;
    /** Training: embeddings and the first so many layers are held as they are, moments and decay
     *  included; 0: nothing is, not even the embeddings. At most all layers: then the last norm and
     *  a head of its own learn. A tied head is the embedding. Below the lowest layer that learns no
     *  gradients are computed: their tensors keep old ones. */
    int64_t frozen_layers;
    /** What lm_model_forward and _accumulate minimise beside the likelihood of the targets; both 0:
     *  nothing. Label smoothing e (Szegedy et al. 2016, section 7), [0, 1): the target is 1 − e of
     *  the true token and e of all V alike. z-loss (Chowdhery et al. 2022, section 5: 1e-4), ≥ 0:
     *  z·log²Z is added, Z being the sum of exp(logits). */
    double label_smoothing, z_loss;
};

/** Bytes the model object will hold with these options, all of it sized before the start; 2^60 for
 *  what no machine could hold. */
uint64_t lm_model_memory(const struct lm_model_config *config,
                         const struct lm_model_options *options);
/** New model with GPT-2's initialisation drawn from options->seed. LM_RANGE, LM_NOMEM,
 * LM_UNSUPPORTED (kernels). */
enum lm_status lm_model_create(struct lm_model **out, const struct lm_model_config *config,
                               const struct lm_model_options *options, struct lm_err *err);
void lm_model_free(struct lm_model *model); /**< NULL is fine */
const struct lm_model_config *lm_model_config(const struct lm_model *model);

/* ---- inside ---- */

/** One weight tensor: file name ("h.0.attn.c_attn.weight"), shape, values and gradient (NULL
 *  without training); borrowed from the model. */
struct lm_tensor {
    const char *name;
    int64_t shape[2];
    int dims;
    int64_t count;
    float *data, *grad;
    bool decay;
};

/** Number of weight tensors, and the i-th of them (index below the number). */
size_t lm_model_tensors(const struct lm_model *model);
struct lm_tensor lm_model_tensor(const struct lm_model *model, size_t index);
/** LM_NUMERIC names the first weight tensor that holds a number that is not finite. */
enum lm_status lm_model_check(const struct lm_model *model, struct lm_err *err);
/** Notes that training diverged at a step ≥ 1: saved with the model's configuration. */
void lm_model_set_diverged(struct lm_model *model, int64_t step);
/** SHA-256 over all weights in tensor order, little-endian float32. */
void lm_model_digest(const struct lm_model *model, struct lm_digest *out);
/** Name of the kernels in use ("avx512", …), borrowed. */
const char *lm_model_kernels(const struct lm_model *model);

/* ---- numerics ---- */

/** What `numerics: blas` puts into a key: "blas openblas <version> <core> f32"; portable: "portable
 * 1". Loads nothing but OpenBLAS itself. out: 128 bytes. */
void lm_numerics_describe(char out[128], enum lm_numerics numerics);
/** Core type a program should put into OPENBLAS_CORETYPE and start itself anew: an OpenBLAS older
 *  than the processor takes kernels without AVX, five times slower. NULL: it chose well. */
const char *lm_numerics_core(void);

#endif
