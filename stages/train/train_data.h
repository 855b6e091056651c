/** Which tokens a step sees: windows of the train split in an order that is a function of
 *  (seed, epoch), and a fixed set of windows of the valid split. */
#ifndef LM_TRAIN_DATA_H
#define LM_TRAIN_DATA_H

#include <lmpipe/rng.h>
#include <lmpipe/tokens.h>

struct train_data {
    const struct lm_tokens *tokens; /**< borrowed */
    struct lm_rng order, shift;
    int64_t context;
    uint64_t windows;       /**< of an epoch */
    uint64_t count;         /**< tokens of the train split */
    int64_t valid_time;     /**< length of a validation window; 0: no validation */
    uint64_t valid_windows; /**< how many are looked at */
    uint64_t valid_all;     /**< how many there are */
    int32_t *window;        /**< context + 1 ids; owned */
};

/** LM_RANGE when the train split is shorter than context + 1 tokens. */
enum lm_status train_data_init(struct train_data *data, const struct lm_tokens *tokens,
                               uint64_t seed, int64_t context, uint64_t valid_windows,
                               struct lm_err *err);
void train_data_release(struct train_data *data);

/**
 * Rows [first, first + rows) of the endless sequence of training windows, as (rows, context) ids
 * and their targets. Window i of an epoch begins at i·context plus a shift below the context that
 * is drawn once an epoch, so that its borders differ from epoch to epoch.
 */
enum lm_status train_data_batch(struct train_data *data, uint64_t first, int64_t rows,
                                int32_t *inputs, int32_t *targets, struct lm_err *err);

/** Validation windows [first, first + rows), spread evenly over the split; (rows, valid_time). */
enum lm_status train_data_valid(struct train_data *data, uint64_t first, int64_t rows,
                                int32_t *inputs, int32_t *targets, struct lm_err *err);

#endif
