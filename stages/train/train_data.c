#include "train_data.h"

#include <stdlib.h>
#include <string.h>

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

enum lm_status train_data_init(struct train_data *data, const struct lm_tokens *tokens,
                               uint64_t seed, int64_t context, uint64_t valid_windows,
                               struct lm_err *err)
{
    uint64_t span = (uint64_t)context, count = lm_tokens_count(tokens, LM_TRAIN);
    uint64_t valid = lm_tokens_count(tokens, LM_VALID);
    uint64_t needed = span + 1;
    if (count < needed)
        return lm_fail(err, LM_RANGE,
                       "the train split has %llu tokens, the context needs %llu; choose a smaller "
                       "context or give more text",
                       (unsigned long long)count, (unsigned long long)needed);
    memset(data, 0, sizeof *data);
    data->tokens = tokens;
    data->order = lm_rng_stream(seed, "order");
    data->shift = lm_rng_stream(seed, "shift");
    data->context = context;
    data->count = count;
    data->windows = count >= 2 * span ? (count - span) / span : 1;
    if (valid >= 2) {
        uint64_t time = min_u64(span, valid - 1);
        data->valid_time = (int64_t)time;
        data->valid_all = (valid - 1) / time;
        data->valid_windows = min_u64(valid_windows, data->valid_all);
    }
    data->window = malloc((span + 1) * sizeof *data->window);
    if (data->window == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a window; choose a smaller context");
    return LM_OK;
}

void train_data_release(struct train_data *data)
{
    free(data->window);
    data->window = NULL;
}

/* One window into a row of inputs and its targets, which lie one token further. */
static enum lm_status read_window(struct train_data *data, enum lm_split split, uint64_t start,
                                  int64_t time, int32_t *inputs, int32_t *targets,
                                  struct lm_err *err)
{
    LM_TRY(lm_tokens_read(data->tokens, split, start, (size_t)time + 1, data->window, err));
    memcpy(inputs, data->window, (size_t)time * sizeof *inputs);
    memcpy(targets, data->window + 1, (size_t)time * sizeof *targets);
    return LM_OK;
}

enum lm_status train_data_batch(struct train_data *data, uint64_t first, int64_t rows,
                                int32_t *inputs, int32_t *targets, struct lm_err *err)
{
    uint64_t span = (uint64_t)data->context;
    for (int64_t r = 0; r < rows; r++) {
        uint64_t at = first + (uint64_t)r, epoch = at / data->windows;
        uint64_t index = lm_rng_permute(data->order, epoch, at % data->windows, data->windows);
        uint64_t room = data->count - data->windows * span; /* tokens a shift may skip, ≥ 1 */
        uint64_t shift = lm_rng_below(data->shift, epoch, 0, min_u64(room, span));
        LM_TRY(read_window(data, LM_TRAIN, shift + index * span, data->context,
                           inputs + r * data->context, targets + r * data->context, err));
    }
    return LM_OK;
}

enum lm_status train_data_valid(struct train_data *data, uint64_t first, int64_t rows,
                                int32_t *inputs, int32_t *targets, struct lm_err *err)
{
    for (int64_t r = 0; r < rows; r++) {
        uint64_t index = (first + (uint64_t)r) * data->valid_all / data->valid_windows;
        LM_TRY(read_window(data, LM_VALID, index * (uint64_t)data->valid_time, data->valid_time,
                           inputs + r * data->valid_time, targets + r * data->valid_time, err));
    }
    return LM_OK;
}
