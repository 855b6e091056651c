/*
 * Many texts continued together: a session's sequences are seats, taken by the texts in order and
 * given on when a text ends. Each round feeds all seats at once and draws a token for each.
 */
#include "model/core.h"

#include <stdlib.h>
#include <string.h>

#include "model/decode/decoder.h"
#include "model/decode/sampling.h"
#include "model/decode/search.h"

enum {
    LEAST_SEATS = 8,
    MOST_SEATS = 32, /* unless the caller asks for more */
    MAX_SEATS = 4096,
    LONGEST = 1 << 30,
    CACHE_BYTES = 1 << 28 /* of keys and values that more than the least may hold */
};

/* A text in the making. */
struct seat {
    const struct lm_continuation *text; /* NULL: free */
    int32_t *tokens;                    /* prompt and continuation, */
    int64_t count, fed, made;           /* how many, how many fed, how many drawn */
    const float *logits;
    int32_t token; /* drawn last */
    double nll;
};

struct round {
    struct lm_model *model;
    struct lm_decoder *decoder;
    struct lm_session *session;
    struct seat *seats;
    size_t seat_count;
    struct lm_feed *feeds;
    struct seat **active; /* in order of the seats; as many as feeds */
    size_t active_count;
    int64_t length;  /* tokens a sequence holds */
    size_t longest;  /* tokens a text may get */
    int32_t *tokens; /* longest of each seat */
    char *scratch;   /* for drawing, scratch_size of each thread: it stays in its cache */
    size_t scratch_size;
};

static enum lm_status check_texts(const struct lm_continuation *texts, size_t count,
                                  const struct lm_generate_options *options, struct lm_err *err)
{
    if (options->sequences < 0 || options->sequences > MAX_SEATS)
        return lm_fail(err, LM_RANGE, "sequences: %lld is outside 1 to %d; take fewer",
                       (long long)options->sequences, MAX_SEATS);
    for (size_t i = 0; i < count; i++)
        if (texts[i].count < 1 || texts[i].max_new < 0 || texts[i].max_new > LONGEST ||
            texts[i].count > LONGEST)
            return lm_fail(err, LM_RANGE,
                           "a prompt needs a token and a length from 0 to 2^30; got %lld "
                           "and %lld",
                           (long long)texts[i].count, (long long)texts[i].max_new);
    for (size_t i = 0; i < count; i++)
        LM_TRY(lm_sampling_check(texts[i].rules, err));
    return LM_OK;
}

static bool is_drawn(const struct lm_continuation *text)
{
    return text->max_new > 0 && !lm_search_is(text->rules);
}

static size_t count_drawn(const struct lm_continuation *texts, size_t count)
{
    size_t drawn = 0;
    for (size_t i = 0; i < count; i++)
        drawn += is_drawn(&texts[i]);
    return drawn;
}

/* Texts at once where the caller leaves it open: small models are faster with more rows to share
 * the weights; the keys and values of large ones would take too much memory. */
static int64_t usual_seats(const struct lm_model_config *config)
{
    const struct lm_session_options one = {.sequences = LEAST_SEATS};
    int64_t seats = LEAST_SEATS;
    while (seats < MOST_SEATS &&
           2 * (uint64_t)seats / LEAST_SEATS * lm_session_memory(config, &one, 1) <= CACHE_BYTES)
        seats *= 2;
    return seats;
}

/* Tokens the longest drawn text holds at the end. */
static int64_t longest_of(const struct lm_continuation *texts, size_t count)
{
    int64_t longest = 1;
    for (size_t i = 0; i < count; i++) {
        int64_t length = texts[i].count + texts[i].max_new;
        longest = is_drawn(&texts[i]) && length > longest ? length : longest;
    }
    return longest;
}

static enum lm_status start(struct round *round, const struct lm_continuation *texts, size_t count,
                            const struct lm_generate_options *options, struct lm_err *err)
{
    const struct lm_model_config *config = &round->model->config;
    round->longest = (size_t)longest_of(texts, count);
    round->scratch_size = (lm_sampling_scratch(config->vocab) + 63) / 64 * 64;
    size_t wanted = (size_t)(options->sequences > 0 ? options->sequences : usual_seats(config));
    size_t drawn = count_drawn(texts, count);
    round->seat_count = wanted < drawn ? wanted : drawn;
    if (round->seat_count == 0) /* nothing is drawn */
        return LM_OK;
    round->length = config->context;
    if ((int64_t)round->longest < config->context)
        round->length = (int64_t)round->longest;
    round->seats = calloc(round->seat_count, sizeof *round->seats);
    round->feeds = calloc(round->seat_count, sizeof *round->feeds);
    round->active = calloc(round->seat_count, sizeof(struct seat *));
    round->tokens = malloc(round->seat_count * round->longest * sizeof *round->tokens);
    round->scratch = malloc(lm_pool_threads(round->model->pool) * round->scratch_size);
    if (round->seats == NULL || round->feeds == NULL || round->active == NULL ||
        round->tokens == NULL || round->scratch == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for %zu texts of %zu tokens; ask for fewer",
                       round->seat_count, round->longest);
    const struct lm_session_options session = {(int64_t)round->seat_count, round->length};
    return lm_session_create(&round->session, round->decoder, &session, err);
}

static void finish(struct round *round)
{
    lm_session_free(round->session);
    free(round->tokens);
    free(round->scratch);
    free(round->seats);
    free(round->feeds);
    free(round->active);
}

static void take_seat(const struct round *round, struct seat *seat,
                      const struct lm_continuation *text)
{
    seat->tokens = round->tokens + (size_t)(seat - round->seats) * round->longest;
    memcpy(seat->tokens, text->prompt, (size_t)text->count * sizeof *text->prompt);
    seat->text = text;
    seat->count = text->count;
    seat->fed = seat->made = 0;
}

/* Seats free places with the next texts that are drawn. */
static void fill_seats(struct round *round, const struct lm_continuation **next,
                       const struct lm_continuation *end)
{
    round->active_count = 0;
    for (size_t i = 0; i < round->seat_count; i++) {
        struct seat *seat = &round->seats[i];
        for (; seat->text == NULL && *next < end; (*next)++)
            if (is_drawn(*next)) {
                lm_session_reset(round->session, (int64_t)i);
                take_seat(round, seat, *next);
            }
        if (seat->text != NULL)
            round->active[round->active_count++] = seat;
    }
}

/* What the sequence of a seat has not seen; a full context starts anew with its last half. */
static struct lm_feed feed_of(struct round *round, struct seat *seat)
{
    int64_t sequence = seat - round->seats, fresh = seat->count - seat->fed;
    if (lm_session_length(round->session, sequence) + fresh > round->length) {
        int64_t keep = seat->fed == 0 ? round->length : (round->length + 1) / 2;
        lm_session_reset(round->session, sequence);
        fresh = keep < seat->count ? keep : seat->count;
    }
    seat->fed = seat->count;
    return (struct lm_feed){
        .sequence = sequence, .tokens = seat->tokens + seat->count - fresh, .count = fresh};
}

static void draw_task(void *user, size_t task, size_t worker)
{
    struct round *round = user;
    struct seat *seat = round->active[task];
    const struct lm_continuation *text = seat->text;
    char *scratch = round->scratch + worker * round->scratch_size;
    seat->token = lm_sampling_draw_by(
        round->model->kernels, text->rules, seat->logits, round->model->config.vocab, seat->tokens,
        seat->count, lm_rng_uniform(text->rng, text->sample, (uint64_t)seat->made), scratch);
    seat->nll = lm_search_log_sum(round->model, seat->logits) - (double)seat->logits[seat->token];
}

static enum lm_status play(struct round *round, struct lm_err *err)
{
    for (size_t i = 0; i < round->active_count; i++)
        round->feeds[i] = feed_of(round, round->active[i]);
    LM_TRY(lm_session_feed(round->session, round->feeds, round->active_count, err));
    for (size_t i = 0; i < round->active_count; i++)
        round->active[i]->logits = round->feeds[i].logits;
    lm_pool_run(round->model->pool, round->active_count, draw_task, round);
    for (size_t i = 0; i < round->active_count; i++) {
        struct seat *seat = round->active[i];
        seat->tokens[seat->count++] = seat->token;
        seat->made++;
        if (!seat->text->emit(seat->text->user, seat->token, seat->nll) ||
            seat->made == seat->text->max_new)
            seat->text = NULL;
    }
    return LM_OK;
}

uint64_t lm_generate_memory(const struct lm_model_config *config,
                            const struct lm_generate_options *options, size_t threads)
{
    int64_t sequences =
        options != NULL && options->sequences > 0 ? options->sequences : usual_seats(config);
    const struct lm_session_options session = {.sequences = sequences};
    return lm_decoder_memory(config, options != NULL ? options->weights : LM_WEIGHTS_F32) +
           lm_session_memory(config, &session, threads);
}

/* The texts that are drawn, several at a time. */
static enum lm_status draw_texts(struct lm_decoder *decoder, const struct lm_continuation *texts,
                                 size_t count, const struct lm_generate_options *options,
                                 struct lm_err *err)
{
    const struct lm_continuation *next = texts;
    struct round round = {.model = decoder->model, .decoder = decoder};
    if (count_drawn(texts, count) == 0)
        return LM_OK;
    enum lm_status status = start(&round, texts, count, options, err);
    while (status == LM_OK) {
        if (lm_model_is_stopped(decoder->model)) {
            status = lm_fail(err, LM_CANCELLED, "interrupted; run again to resume");
            break;
        }
        fill_seats(&round, &next, texts + count);
        if (round.active_count == 0)
            break;
        status = play(&round, err);
    }
    finish(&round);
    return status;
}

enum lm_status lm_model_generate(struct lm_model *model, const struct lm_continuation *texts,
                                 size_t count, const struct lm_generate_options *options,
                                 struct lm_err *err)
{
    const struct lm_generate_options usual = {0};
    struct lm_decoder *decoder = NULL;
    options = options != NULL ? options : &usual;
    LM_TRY(check_texts(texts, count, options, err));
    if (count == 0)
        return LM_OK;
    enum lm_status status = lm_decoder_create(&decoder, model, options->weights, err);
    if (status == LM_OK)
        status = draw_texts(decoder, texts, count, options, err);
    for (size_t i = 0; i < count && status == LM_OK; i++)
        if (texts[i].max_new > 0 && lm_search_is(texts[i].rules))
            status = lm_search_run(decoder, &texts[i], err);
    lm_decoder_free(decoder);
    return status;
}
