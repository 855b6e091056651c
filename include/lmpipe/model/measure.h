/** Where time goes, and what the machine could do. Never in an artifact. */
#ifndef LMPIPE_MODEL_MEASURE_H
#define LMPIPE_MODEL_MEASURE_H

#include <stddef.h>

#include <lmpipe/model/life.h>
#include <lmpipe/status.h>

/** Parts of a training step, for whoever wants to know where the time goes. */
enum lm_phase {
    LM_PHASE_FORWARD,   /**< embedding, norms, products with weights */
    LM_PHASE_ATTENTION, /**< forward and backward */
    LM_PHASE_HEAD,      /**< logits, loss, their gradients */
    LM_PHASE_BACKWARD,  /**< products with weights and gradients of weights */
    LM_PHASE_UPDATE,    /**< norm of the gradient, the step, averages */
    LM_PHASES
};

/** Names of the phases, by enum lm_phase. */
extern const char *const lm_phase_names[LM_PHASES];

/** What a phase has taken and done. */
struct lm_phase_stats {
    double seconds; /**< of wall time */
    double flops;   /**< useful work, as lm_model_step_flops counts */
};

/** Each phase since the model was made; scoring counts as forward work. Never in an artifact. */
void lm_model_phases(const struct lm_model *model, struct lm_phase_stats out[LM_PHASES]);

/** What the processor's arithmetic units do at most, in floating-point operations a second: the
 *  yardstick of "MFU" (Chowdhery et al. 2022, appendix B). */
struct lm_machine_peak {
    const char *kernels; /**< whose instructions were used; static storage */
    double fp32;         /**< fused multiply-adds, 2 each; "c": multiplications and additions */
    double bf16;         /**< dot products of bfloat16; 0: these kernels have no such instruction */
};

/** Measures it for about 50 ms with `threads` threads (0: 1) that compute in registers at the
 *  same time, by the kernels called `kernels` (as in lm_model_options). Each thread counts its
 *  best 0.2 ms, so that a short interruption does not matter. Not repeatable: never hash it.
 *  LM_UNSUPPORTED (kernels), LM_NOMEM. */
enum lm_status lm_machine_peak(struct lm_machine_peak *out, const char *kernels, size_t threads,
                               struct lm_err *err);
/** *out: bytes a second that `threads` threads (0: 1) read from memory together, the best of three
 *  passes over at least 256 MiB, 64 MiB a thread. LM_NOMEM. */
enum lm_status lm_machine_read_rate(double *out, size_t threads, struct lm_err *err);

#endif
