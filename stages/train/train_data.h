/** Which tokens a step sees: rows of the train splits of one token set or a mixture of several, in
 *  an order that is a function of (seed, epoch), and a fixed set of windows of the valid split. */
#ifndef LM_TRAIN_DATA_H
#define LM_TRAIN_DATA_H

#include "train_source.h"

#define TRAIN_ROUND 4096                     /* rows after which a mixture has its exact shares */
#define TRAIN_ROUND_MOST ((uint64_t)1 << 30) /* of named sources, where a share is small */

struct train_data {
    struct train_source *sources; /**< owned */
    size_t source_count;
    struct lm_rng mixture;
    uint64_t round;   /**< TRAIN_ROUND, or more: so many times twice that each source has 64 rows */
    uint64_t *shares; /**< rows of each source in a round; their sum is `round` */
    int64_t context;
    int64_t valid_time;     /**< length of a validation window; 0: no validation */
    uint64_t valid_windows; /**< how many are looked at */
    uint64_t valid_all;     /**< how many there are */
    int32_t *window;        /**< context + 1 ids; owned */
};

struct train_data_options {
    uint64_t seed;
    int64_t context;
    uint64_t valid_windows; /**< at most */
    bool by_documents;      /**< train_source.h */
    /** Weights of the token sets, ≥ 0, in any unit: of rows; NULL: as many rows of each as it has.
     */
    const double *mixture;
    /** Parts of the one token set, in place of several: their weights are of targets. */
    const struct train_part *parts;
    size_t part_count;
};

/**
 * Token sets are borrowed; the first is also validated on. LM_RANGE when a train split is too
 * short, or a token set's weight is no row in TRAIN_ROUND; LM_NOMEM.
 */
enum lm_status train_data_init(struct train_data *data, struct lm_tokens *const *tokens,
                               size_t count, const struct train_data_options *options,
                               struct lm_err *err);
void train_data_release(struct train_data *data);

/**
 * Rows [first, first + rows) of the endless sequence of training rows, as (rows, context) ids and
 * their targets (-1: none). In each round of TRAIN_ROUND rows a permutation says which source a row
 * is of, and a source goes on where the last round left it, so that any row is found at once.
 */
enum lm_status train_data_batch(struct train_data *data, uint64_t first, int64_t rows,
                                int32_t *inputs, int32_t *targets, struct lm_err *err);
/** How many targets of source `index` are among rows [0, rows). */
uint64_t train_data_scored_of(const struct train_data *data, size_t index, uint64_t rows);
/** How many targets these rows have. */
uint64_t train_data_scored(const struct train_data *data, uint64_t first, int64_t rows);
/** Tells the system that these rows will be wanted. */
void train_data_prefetch(const struct train_data *data, uint64_t first, int64_t rows);

/** Validation windows [first, first + rows), spread evenly over the split; (rows, valid_time). */
enum lm_status train_data_valid(struct train_data *data, uint64_t first, int64_t rows,
                                int32_t *inputs, int32_t *targets, struct lm_err *err);

#endif
