/*
 * What of the texts stands in the training tokens: they run once through an automaton of the texts,
 * in pieces on all threads. A piece begins one token less than the longest text before its own, so
 * that no match is cut: the result is the same for any cut.
 */
#include <stdlib.h>

#include "base/pool.h"

#include "sample_groups.h"

enum { CHUNK = 1 << 16, PIECE = 1 << 20, WAVE = 16 };

/* ---- the stream ---- */

struct stream {
    const struct sampler *sampler;
    const struct suffix_automaton *automaton;
    struct suffix_reader **readers; /* (threads) */
    int32_t **chunks;
    uint64_t total, first_piece;
    size_t lead; /* tokens that a match may reach back */
    struct lm_err *errors;
    enum lm_status *statuses; /* (WAVE) */
};

static void piece_task(void *user, size_t task, size_t worker)
{
    struct stream *stream = user;
    uint64_t first = (stream->first_piece + task) * PIECE, end = first + PIECE;
    end = end < stream->total ? end : stream->total;
    first = first > stream->lead ? first - stream->lead : 0;
    suffix_reader_restart(stream->readers[worker]);
    for (; first < end && stream->statuses[task] == LM_OK; first += CHUNK) {
        size_t count = end - first < CHUNK ? (size_t)(end - first) : CHUNK;
        stream->statuses[task] = lm_tokens_read(stream->sampler->tokens, LM_TRAIN, first, count,
                                                stream->chunks[worker], &stream->errors[task]);
        if (stream->statuses[task] == LM_OK)
            suffix_reader_take(stream->readers[worker], stream->chunks[worker], count);
    }
}

static enum lm_status run_pieces(struct stream *stream, struct lm_err *err)
{
    uint64_t pieces = (stream->total + PIECE - 1) / PIECE;
    for (; stream->first_piece < pieces; stream->first_piece += WAVE) {
        uint64_t left = pieces - stream->first_piece;
        size_t count = left < WAVE ? (size_t)left : WAVE;
        LM_TRY(sample_poll(stream->sampler, err));
        lm_pool_run(stream->sampler->pool, count, piece_task, stream);
        for (size_t i = 0; i < count; i++)
            if (stream->statuses[i] != LM_OK) {
                *err = stream->errors[i];
                return stream->statuses[i];
            }
    }
    return LM_OK;
}

static enum lm_status stream_all(struct stream *stream, struct suffix_automaton *automaton,
                                 struct lm_err *err)
{
    struct lm_arena *arena = stream->sampler->arena;
    size_t threads = lm_pool_threads(stream->sampler->pool);
    stream->readers = LM_NEW_ARRAY(arena, struct suffix_reader *, threads);
    stream->chunks = LM_NEW_ARRAY(arena, int32_t *, threads);
    stream->errors = LM_NEW_ARRAY(arena, struct lm_err, WAVE);
    stream->statuses = LM_NEW_ARRAY(arena, enum lm_status, WAVE);
    bool is_made = stream->readers != NULL && stream->chunks != NULL && stream->errors != NULL &&
                   stream->statuses != NULL;
    for (size_t i = 0; i < threads && is_made; i++) {
        stream->readers[i] = suffix_reader_create(automaton);
        stream->chunks[i] = LM_NEW_ARRAY(arena, int32_t, CHUNK);
        is_made = stream->readers[i] != NULL && stream->chunks[i] != NULL;
    }
    enum lm_status status = is_made ? run_pieces(stream, err)
                                    : lm_fail(err, LM_NOMEM,
                                              "no memory for the novelty metrics; give fewer "
                                              "samples or threads");
    for (size_t i = 0; stream->readers != NULL && i < threads && stream->readers[i] != NULL; i++) {
        suffix_automaton_join(automaton, stream->readers[i]);
        suffix_reader_free(stream->readers[i]);
    }
    return status;
}

/* ---- the texts ---- */

static size_t longer(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void add_texts(struct suffix_automaton *automaton, struct sampler *sampler)
{
    for (size_t i = 0; i < sampler->text_count; i++)
        sampler->texts[i].place = suffix_automaton_add(automaton, sampler->texts[i].ids.items,
                                                       sampler->texts[i].ids.count);
    for (size_t i = 0; i < sampler->real_count; i++)
        sampler->places[i] =
            suffix_automaton_add(automaton, sampler->real[i].items, sampler->real[i].count);
}

static void find_copies(const struct suffix_automaton *automaton, struct sampler *sampler)
{
    for (size_t i = 0; i < sampler->text_count; i++) {
        struct sample_text *text = &sampler->texts[i];
        for (size_t t = 0; t < text->ids.count; t++) {
            size_t match = suffix_automaton_match(automaton, text->place + t);
            if (match > text->copy) {
                text->copy = match;
                text->copy_at = t + 1 - match;
            }
        }
    }
}

enum lm_status sample_stream_training(struct suffix_automaton **out, struct sampler *sampler,
                                      struct lm_err *err)
{
    struct stream stream = {.sampler = sampler, .lead = 1};
    size_t tokens = 0;
    for (size_t i = 0; i < sampler->text_count; i++) {
        tokens += sampler->texts[i].ids.count + 1;
        stream.lead = longer(stream.lead, sampler->texts[i].ids.count);
    }
    for (size_t i = 0; i < sampler->real_count; i++) {
        tokens += sampler->real[i].count + 1;
        stream.lead = longer(stream.lead, sampler->real[i].count);
    }
    sampler->places = LM_NEW_ARRAY(sampler->arena, size_t, sampler->real_count);
    *out = suffix_automaton_create(tokens);
    if (*out == NULL || sampler->places == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the novelty metrics; give fewer samples");
    add_texts(*out, sampler);
    stream.automaton = *out;
    stream.total = lm_tokens_count(sampler->tokens, LM_TRAIN);
    LM_TRY(stream_all(&stream, *out, err));
    if (!suffix_automaton_finish(*out))
        return lm_fail(err, LM_NOMEM, "no memory for the novelty metrics; give fewer samples");
    find_copies(*out, sampler);
    return LM_OK;
}

/* ---- figures ---- */

void sample_novelty(struct sample_figures *out, struct sample_ratios *ratios,
                    const struct sample_group *group, const struct suffix_automaton *automaton)
{
    for (size_t i = 0; i < group->count; i++) {
        const struct sample_part *text = &group->texts[i];
        size_t copy = 0;
        for (size_t t = 0; t < text->count; t++) {
            size_t match = suffix_automaton_match(automaton, text->place + t);
            copy = longer(copy, match);
            for (size_t k = 0; k < SAMPLE_NOVEL && sample_novel_n[k] <= t + 1; k++) {
                ratios->over[SAMPLE_RATIO_NOVEL + k][i] += match < sample_novel_n[k];
                ratios->under[SAMPLE_RATIO_NOVEL + k][i]++;
            }
        }
        ratios->over[SAMPLE_RATIO_COPY][i] = (double)copy;
        ratios->under[SAMPLE_RATIO_COPY][i] = text->count > 0;
        out->longest_copy = longer(out->longest_copy, copy);
    }
}
