/** One evaluation: the open model and tokens, the results by split, and the steps over them. */
#ifndef LM_EVALUATE_EVALUATION_H
#define LM_EVALUATE_EVALUATION_H

#include <lmpipe/model.h>
#include <lmpipe/stage.h>
#include <lmpipe/tokens.h>

#include "evaluate_params.h"
#include "kn_bigram.h"
#include "stats/bootstrap.h"
#include "stats/calibration.h"
#include "strided_window.h"

enum { EVALUATE_BINS = 10 };

/** A mean over tokens with what else is known about them. */
struct evaluate_bin {
    uint64_t types, tokens, hits;
    double nll, entropy, bigram; /**< sums */
};

/** What the model is compared with, on the same tokens. */
enum evaluate_baseline_kind {
    EVALUATE_UNIGRAM,
    EVALUATE_BIGRAM,
    EVALUATE_UNTRAINED, /**< a fresh model of the same shape, on the first windows alone */
    EVALUATE_BASELINES
};

/** A baseline's loss, and its difference to the model's on the tokens that both scored. Tokens are
 *  added in the order of the split (evaluate_baseline_add). */
struct evaluate_baseline {
    double nll;                   /**< sum, nats */
    uint64_t tokens;              /**< scored so far; 0: not measured */
    uint64_t documents, end;      /**< begun so far, and the last token of the last of them + 1 */
    double *difference, *covered; /**< (documents) model − baseline, nats; tokens behind it */
    double *bytes;                /**< (documents) of text behind it */
    double diff, diff_low, diff_high; /**< nats per byte; NaN: not measured, no interval */
    double detectable;                /**< smallest difference that such documents can show */
};

/** Results of one split; arrays by token, by position in the window, by document. */
struct evaluate_split {
    uint64_t tokens, documents, bytes;
    float *nll, *entropy; /**< (tokens) nats */
    float *top;           /**< (tokens) probability of the model's first choice */
    int32_t *rank;        /**< (tokens) 0: the model's first choice */
    double *position_nll; /**< (context) sums at each position of all windows */
    uint64_t *position_count;
    double *document_nll, *document_tokens, *document_bytes, *document_hits;
    double nll_sum, hits;
    double bpb_low, bpb_high, nll_low, nll_high, acc_low,
        acc_high; /**< NaN: too few documents (LM_BOOTSTRAP_LEAST) */
    struct evaluate_baseline baselines[EVALUATE_BASELINES];
    double entropy_error; /**< mean over bins of |nll − entropy|, weighted by tokens */
    struct evaluate_bin frequency[EVALUATE_BINS], confidence[EVALUATE_BINS];
    struct lm_calibration_bin reliability[LM_CALIBRATION_BINS]; /**< by top */
    double ece, brier;                                          /**< of top against rank 0 */
};

struct evaluation {
    struct lm_ctx *ctx;
    struct lm_arena *arena;
    const struct evaluate_params *params;
    struct lm_model *model;
    struct lm_pool *pool;     /**< for what is no pass of the model; NULL: this thread alone */
    struct lm_tokens *tokens; /**< NULL: none are connected */
    struct lm_model_config config;
    struct kn_bigram *counts; /**< NULL: no baselines */
    uint64_t context, stride, batch;
    uint64_t done, total; /**< windows, for progress */
    uint8_t *decile;      /**< (vocabulary) frequency decile of each token, or NULL */
    struct evaluate_split splits[LM_SPLITS];
    struct evaluate_examples *examples; /**< evaluate_examples.h; NULL: none are connected */
    double centred_sum;                 /**< over tasks with a chance, and how many */
    size_t centred_count;
    char task_headline[160]; /**< "blimp accuracy 0.61": what the tasks came to */
};

/** "unigram", "bigram", "untrained": names in the scores, by enum evaluate_baseline_kind. */
extern const char *const evaluate_baseline_names[EVALUATE_BASELINES];

/** LM_CANCELLED when the run is to stop; asked at least once a second by every loop. */
enum lm_status evaluate_poll(const struct evaluation *evaluation, struct lm_err *err);
/** The same as a question, for callbacks; user is the struct lm_ctx. */
bool evaluate_is_cancelled(void *user);

/** "valid" and "test": the splits evaluated, when they hold documents. */
extern const enum lm_split evaluate_held_out[2];

/** Scores all tokens of a split with the model (evaluate_score.c). LM_NUMERIC: a loss is not
 *  finite; LM_CANCELLED. */
enum lm_status evaluate_score_split(struct evaluation *evaluation, enum lm_split split,
                                    struct lm_err *err);
/** The baseline of a fresh model of the same shape, over the first windows of each split; after
 *  evaluate_documents. */
enum lm_status evaluate_score_untrained(struct evaluation *evaluation, struct lm_err *err);
/** Options of both models; the seed is the fresh one's. */
struct lm_model_options evaluate_model_options(const struct evaluation *evaluation);
/** Windows a split needs. */
uint64_t evaluate_windows(const struct evaluation *evaluation, enum lm_split split);

/** Counts the training tokens and scores the baselines (evaluate_baselines.c). */
enum lm_status evaluate_baselines(struct evaluation *evaluation, struct lm_err *err);
/** Sums by document (evaluate_documents.c). LM_FORMAT, LM_NOMEM. */
enum lm_status evaluate_documents(struct evaluation *evaluation, enum lm_split split,
                                  struct lm_err *err);
/** Token i of the split, the next that `baseline` has scored, at nll nats. */
void evaluate_baseline_add(const struct evaluate_split *split, struct evaluate_baseline *baseline,
                           uint64_t i, double nll);
/** Intervals of the model's metrics, and of its differences to the baselines, paired by document:
 *  the same resamples for all. LM_CANCELLED, LM_NOMEM. */
enum lm_status evaluate_intervals(struct evaluation *evaluation, enum lm_split split,
                                  struct lm_err *err);
/** Loss by frequency decile and by predicted entropy (evaluate_bins.c). */
enum lm_status evaluate_bins(struct evaluation *evaluation, enum lm_split split,
                             struct lm_err *err);

/** The bins - 1 borders that cut `count` values into `bins` (at most LM_CALIBRATION_BINS) of equal
 *  mass: bin b holds what is at least border b − 1 and below border b (evaluate_bins.c). */
enum lm_status evaluate_borders(float *borders, size_t bins, const struct evaluation *evaluation,
                                const float *values, uint64_t count, struct lm_err *err);
/** Reliability of the first choice, ECE and Brier score (evaluate_calibration.c). */
enum lm_status evaluate_calibration(struct evaluation *evaluation, enum lm_split split,
                                    struct lm_err *err);
/** Mean loss behind 32 to 63 tokens of context less that of the window's last eighth: what more
 *  context is worth, in nats (after Olsson et al. 2022). NaN: the context or the text is too short.
 */
double evaluate_context_gain(const struct evaluation *evaluation,
                             const struct evaluate_split *split);

/** Writes the port `scores` and reports its numbers as results (evaluate_write.c). */
enum lm_status evaluate_write_scores(struct evaluation *evaluation, struct lm_err *err);
/** Writes the folder `items` (evaluate_items.c). */
enum lm_status evaluate_write_items(struct evaluation *evaluation, struct lm_err *err);

/** "tokens" as base name of the file in the tokens folder. */
#define EVALUATE_TOKENS_FILE "data.mdb"

/** How intervals are drawn: the resamples of the parameters, of a stream, on all threads. */
struct lm_resampling evaluate_resampling(const struct evaluation *evaluation, struct lm_rng rng);
/** The interval of statistics that are no ratios, as asked for. */
enum lm_interval evaluate_interval(const struct evaluation *evaluation);
/** The interval of statistics that are no ratios, for signatures: "percentile", "BCa". */
const char *evaluate_interval_word(const struct evaluation *evaluation);

#endif
