#include "train_data.h"

#include <stdlib.h>
#include <string.h>

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- the mixture ---- */

#define LEAST_ROWS 64 /* of a round: a share is right to a hundredth */

/* Share of the rows: of parts by the targets that their rows have. */
static double row_weight(const struct train_data *data, const double *mixture, size_t index)
{
    const struct train_source *source = &data->sources[index];
    double rows = (double)source->rows;
    if (source->part.name != NULL)
        return mixture[index] * rows / (double)source->scored;
    return mixture != NULL ? mixture[index] : rows;
}

/* Shares by largest remainders, ties to the earlier source (Hamilton's method). */
static void hand_out(struct train_data *data, const double *parts)
{
    uint64_t given = 0;
    for (size_t i = 0; i < data->source_count; i++) {
        data->shares[i] = (uint64_t)(parts[i] * (double)data->round);
        given += data->shares[i];
    }
    for (; given < data->round; given++) {
        size_t best = 0;
        double most = -1;
        for (size_t i = 0; i < data->source_count; i++) {
            double rest = parts[i] * (double)data->round - (double)data->shares[i];
            if (rest > most) {
                most = rest;
                best = i;
            }
        }
        data->shares[best]++;
    }
}

/* Named sources that are rarely drawn have longer rounds, so that their shares are what was asked.
 */
static void choose_round(struct train_data *data, const double *parts)
{
    double least = 1;
    data->round = TRAIN_ROUND;
    for (size_t i = 0; i < data->source_count; i++)
        least = parts[i] < least ? parts[i] : least;
    while (data->sources[0].part.name != NULL && data->round < TRAIN_ROUND_MOST &&
           least * (double)data->round < LEAST_ROWS)
        data->round *= 2;
}

static enum lm_status fail_share(const struct train_data *data, size_t index, struct lm_err *err)
{
    const char *name = data->sources[index].part.name;
    if (name != NULL)
        return lm_fail(err, LM_RANGE,
                       "mixture: '%s' would be less than one of %llu rows; raise its weight", name,
                       (unsigned long long)data->round);
    return lm_fail(err, LM_RANGE,
                   "token set %zu of the mixture would be less than one of %d rows; raise its "
                   "weight or leave it out",
                   index + 1, TRAIN_ROUND);
}

static enum lm_status share(struct train_data *data, const double *mixture, struct lm_err *err)
{
    double sum = 0, most = 0, *parts = calloc(data->source_count, sizeof *parts);
    if (parts == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a mixture");
    for (size_t i = 0; i < data->source_count; i++) {
        parts[i] = row_weight(data, mixture, i);
        most = parts[i] > most ? parts[i] : most;
    }
    bool is_huge = most > 1e200; /* their sum might be too large */
    for (size_t i = 0; i < data->source_count; i++) {
        parts[i] = is_huge ? parts[i] / most : parts[i];
        sum += parts[i];
    }
    for (size_t i = 0; i < data->source_count; i++)
        parts[i] /= sum;
    choose_round(data, parts);
    hand_out(data, parts);
    free(parts);
    for (size_t i = 0; i < data->source_count; i++)
        if (data->shares[i] == 0)
            return fail_share(data, i, err);
    return LM_OK;
}

/* The source that row `at` is of, and which of its rows it is. */
static size_t find(const struct train_data *data, uint64_t at, uint64_t *row)
{
    size_t source = 0;
    *row = at;
    if (data->source_count == 1)
        return 0;
    uint64_t round = at / data->round;
    uint64_t place = lm_rng_permute(data->mixture, round, at % data->round, data->round);
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
    for (; data->source_count < count; data->source_count++) {
        size_t i = data->source_count;
        const struct train_part *part = options->parts != NULL ? &options->parts[i] : NULL;
        LM_TRY(train_source_init(&data->sources[i], tokens[part != NULL ? 0 : i], part,
                                 options->seed, i, options->context, options->by_documents, err));
    }
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
    enum lm_status status = init_sources(
        data, tokens, options->parts != NULL ? options->part_count : count, options, err);
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

/* In whole rounds a source's rows are its next ones; of the last some, wherever they lie. */
uint64_t train_data_scored_of(const struct train_data *data, size_t index, uint64_t rows)
{
    const struct train_source *source = &data->sources[index];
    uint64_t row, whole = rows - rows % data->round;
    if (data->source_count == 1)
        return train_source_scored_before(source, rows);
    uint64_t scored = train_source_scored_before(source, whole / data->round * data->shares[index]);
    for (uint64_t at = whole; at < rows; at++)
        if (find(data, at, &row) == index)
            scored += train_source_scored(source, row);
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
