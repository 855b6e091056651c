/** A training in progress, and its checkpoints. */
#ifndef LM_TRAIN_STATE_H
#define LM_TRAIN_STATE_H

#include <lmpipe/model.h>
#include <lmpipe/stage.h>

#include "base/buf.h"
#include "train_data.h"
#include "train_examples.h"
#include "train_mixture.h"
#include "train_params.h"
#include "train_task.h"
#include "train_tokens.h"

enum { TRAIN_NORMS = 32 };

/** Norms of the gradients of the last updates, for the median. */
struct train_norms {
    double last[TRAIN_NORMS]; /**< that of update i is at i mod TRAIN_NORMS */
    uint64_t count;           /**< updates so far */
};

/** How long the training has not got better. */
struct train_patience {
    double lowest;  /**< valid loss of the last look that was better; NaN: none yet */
    uint64_t looks; /**< since then */
};

struct train {
    struct lm_ctx *ctx;
    const struct train_params *params;
    struct train_tokens tokens;
    struct train_mixture mixture;
    struct train_data data;
    const struct train_task *task;
    struct train_examples examples; /**< of all objectives but lm */
    const char *init;               /**< folder of the model to begin with, or NULL */
    const char *vocab;              /**< file of the vocabulary */
    int64_t context;                /**< most tokens of a row */
    size_t *picked;                 /**< (batch) examples of a batch */
    int32_t *labels, *lengths;      /**< of a batch's examples, and of its texts */
    float *scores;                  /**< of a batch's pairs */
    float *logits;                  /**< (batch, labels), or (2·batch, width) of states */
    uint64_t positions;             /**< of examples, computed by this process */
    struct lm_model *model;
    int32_t *inputs, *targets; /**< (batch, context); of pairs, twice as many */
    float *nll;                /**< (batch, context), of a validation batch */
    struct lm_buf log;
    uint64_t step;  /**< steps done */
    uint64_t looks; /**< one more than the step of the last look at the valid split; 0: none */
    double loss;    /**< training loss of the last step */
    double valid;   /**< last validation loss; NaN: none yet */
    double best;    /**< lowest validation loss; NaN: none yet */
    uint64_t best_step;
    uint64_t skipped; /**< steps without update, so far */
    struct train_norms norms;
    uint64_t skips;       /**< of them, those since the last update */
    uint64_t diverged_at; /**< the step that was not finite and ended it; 0: none */
    float *before;        /**< weights before the last step; NULL unless divergence is recorded */
    float *best_weights;  /**< of best_step, in tensor order; NULL unless keep is best */
    float *average;       /**< of all weights, in tensor order; NULL unless ema is given */
    size_t weights;       /**< floats of all tensors */
    double *ratios;       /**< layers + 2, of the last step that was measured */
    struct train_patience patience;
    bool has_left; /**< the state for longer trainings is stored, or was begun from */
    double peak;   /**< operations a second of the machine; 0: not measured */
};

/** Copies all weights out of the model, or back. */
void train_weights_get(const struct train *train, float *out);
void train_weights_set(struct train *train, const float *weights);

/** Stores everything a resumed training needs. Weights that are not finite are not stored: the
 *  checkpoint before stays. LM_NOMEM, LM_IO. */
enum lm_status train_checkpoint_save(struct train *train, struct lm_err *err);
/** Stores the same for longer trainings, once, after the last step that does not depend on the end
 * and before what is validated there, which a longer one may not validate. */
void train_state_leave(struct train *train);
/** Takes up the newest sound checkpoint, and the state that a shorter training left when that
 * brings it further: if there are any. LM_FORMAT when a checkpoint does not fit, LM_NUMERIC when
 * its weights are not finite; a state of which that is true is not taken, which a note says. */
enum lm_status train_resume(struct train *train, struct lm_err *err);

#endif
