#include "train_data.h"

#include <stdlib.h>
#include <string.h>

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- the mixture ---- */

static double weight_of(const struct train_data *data, const double *mixture, size_t index)
{
    return mixture != NULL ? mixture[index] : (double)data->sources[index].rows;
}

/* Shares by largest remainders, ties to the earlier source (Hamilton's method). */
static enum lm_status share(struct train_data *data, const double *mixture, struct lm_err *err)
{
    double sum = 0;
    uint64_t given = 0;
    for (size_t i = 0; i < data->source_count; i++)
        sum += weight_of(data, mixture, i);
    for (size_t i = 0; i < data->source_count; i++) {
        data->shares[i] = (uint64_t)(weight_of(data, mixture, i) / sum * TRAIN_ROUND);
        given += data->shares[i];
    }
    for (; given < TRAIN_ROUND; given++) {
        size_t best = 0;
        double most = -1;
        for (size_t i = 0; i < data->source_count; i++) {
            double rest = weight_of(data, mixture, i) / sum * TRAIN_ROUND - (double)data->shares[i];
            if (rest > most) {
                most = rest;
                best = i;
            }
        }
        data->shares[best]++;
    }
    for (size_t i = 0; i < data->source_count; i++)
        if (data->shares[i] == 0)
            return lm_fail(err, LM_RANGE,
                           "token set %zu of the mixture would be less than one of %d rows; raise "
                           "its weight or leave it out",
                           i + 1, TRAIN_ROUND);
    return LM_OK;
}

/* The source that row `at` is of, and which of its rows it is. */
static size_t find(const struct train_data *data, uint64_t at, uint64_t *row)
{
    size_t source = 0;
    *row = at;
    if (data->source_count == 1)
        return 0;
    uint64_t round = at / TRAIN_ROUND;
    uint64_t place = lm_rng_permute(data->mixture, round, at % TRAIN_ROUND, TRAIN_ROUND);
    for (; place >= data->shares[source]; source++)
        place -= data->shares[source];
    *row = round * data->shares[source] + place;
    return source;
}

/* ---- beginning and end ---- */

static enum lm_status init_sources(struct train_data *data, struct lm_tokens *const *tokens,
                                   size_t count, const struct train_data_options *options,
                                   struct lm_err *err)
{
    data->window = malloc(((size_t)options->context + 1) * sizeof *data->window);
    data->sources = calloc(count, sizeof *data->sources);
    data->shares = calloc(count, sizeof *data->shares);
    if (data->window == NULL || data->sources == NULL || data->shares == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a window; choose a smaller context");
    for (; data->source_count < count; data->source_count++)
        LM_TRY(train_source_init(&data->sources[data->source_count], tokens[data->source_count],
                                 options->seed, data->source_count, options->context,
                                 options->by_documents, err));
    return share(data, options->mixture, err);
}

static void init_valid(struct train_data *data, const struct lm_tokens *tokens, uint64_t most)
{
    uint64_t valid = lm_tokens_count(tokens, LM_VALID);
    if (valid < 2)
        return;
    uint64_t time = min_u64((uint64_t)data->context, valid - 1);
    data->valid_time = (int64_t)time;
    data->valid_all = (valid - 1) / time;
    data->valid_windows = min_u64(most, data->valid_all);
}

enum lm_status train_data_init(struct train_data *data, struct lm_tokens *const *tokens,
                               size_t count, const struct train_data_options *options,
                               struct lm_err *err)
{
    *data = (struct train_data){.context = options->context,
                                .mixture = lm_rng_stream(options->seed, "mixture")};
    init_valid(data, tokens[0], options->valid_windows);
    enum lm_status status = init_sources(data, tokens, count, options, err);
    if (status != LM_OK)
        train_data_release(data);
    return status;
}

void train_data_release(struct train_data *data)
{
    for (size_t i = 0; i < data->source_count; i++)
        train_source_release(&data->sources[i]);
    free(data->sources);
    free(data->shares);
    free(data->window);
    *data = (struct train_data){0};
}

/* ---- rows ---- */

enum lm_status train_data_batch(struct train_data *data, uint64_t first, int64_t rows,
                                int32_t *inputs, int32_t *targets, struct lm_err *err)
{
    for (int64_t r = 0; r < rows; r++) {
        uint64_t row;
        const struct train_source *source = &data->sources[find(data, first + (uint64_t)r, &row)];
        LM_TRY(train_source_row(source, row, inputs + r * data->context,
                                targets + r * data->context, data->window, err));
    }
    return LM_OK;
}

uint64_t train_data_scored(const struct train_data *data, uint64_t first, int64_t rows)
{
    uint64_t scored = 0, row;
    for (int64_t r = 0; r < rows; r++) {
        const struct train_source *source = &data->sources[find(data, first + (uint64_t)r, &row)];
        scored += train_source_scored(source, row);
    }
    return scored;
}

void train_data_prefetch(const struct train_data *data, uint64_t first, int64_t rows)
{
    for (int64_t r = 0; r < rows; r++) {
        uint64_t row;
        const struct train_source *source = &data->sources[find(data, first + (uint64_t)r, &row)];
        train_source_prefetch(source, row);
    }
}

enum lm_status train_data_valid(struct train_data *data, uint64_t first, int64_t rows,
                                int32_t *inputs, int32_t *targets, struct lm_err *err)
{
    int64_t time = data->valid_time;
    for (int64_t r = 0; r < rows; r++) {
        uint64_t index = (first + (uint64_t)r) * data->valid_all / data->valid_windows;
        LM_TRY(lm_tokens_read(data->sources[0].tokens, LM_VALID, index * (uint64_t)time,
                              (size_t)time + 1, data->window, err));
        memcpy(inputs + r * time, data->window, (size_t)time * sizeof *inputs);
        memcpy(targets + r * time, data->window + 1, (size_t)time * sizeof *targets);
    }
    return LM_OK;
}
