#include "translation.h"

#include <math.h>

#include "stats/bootstrap.h"

#include "bleu.h"
#include "chrf.h"

/* ---- the source, copied ---- */

/* What all prompts begin with, and end with, is their frame: what lies between is the source. */
struct frame {
    size_t before, after;
};

static struct frame find_frame(const struct lm_example_text *prompts, size_t count)
{
    const struct lm_example_text *first = &prompts[0];
    struct frame frame = {first->size, first->size};
    for (size_t i = 1; i < count; i++) {
        const struct lm_example_text *own = &prompts[i];
        size_t before = 0, after = 0;
        while (before < frame.before && before < own->size &&
               own->data[before] == first->data[before])
            before++;
        while (after < frame.after && after < own->size &&
               own->data[own->size - 1 - after] == first->data[first->size - 1 - after])
            after++;
        frame = (struct frame){before, after};
    }
    return frame;
}

static size_t at_most(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* A character that only begins or ends like another is none of the frame's. */
static struct lm_example_text source_of(const struct lm_example_text *prompt, struct frame frame)
{
    size_t size = prompt->size;
    size_t before = at_most(frame.before, size);
    size_t after = at_most(frame.after, size - before);
    while (before > 0 && before < size && is_continuation(prompt->data[before]))
        before--;
    while (after > 0 && is_continuation(prompt->data[size - after]))
        after--;
    return (struct lm_example_text){prompt->data + before, size - before - after};
}

/* ---- metrics ---- */

struct sums {
    struct bleu_stats *bleu, *copy;
    struct chrf_stats *chrf;
};

/* NOLINTNEXTLINE(readability-non-const-parameter): lm_bootstrap_statistic has it */
static double bleu_of(const void *user, const uint32_t *counts, size_t count, double *scratch)
{
    (void)scratch;
    const struct bleu_stats *segments = user;
    struct bleu_stats sum = {0};
    for (size_t i = 0; i < count; i++)
        bleu_add(&sum, &segments[i], counts != NULL ? counts[i] : 1);
    return bleu_score(&sum);
}

static double difference_of(const void *user, const uint32_t *counts, size_t count, double *scratch)
{
    const struct sums *segments = user;
    double own = bleu_of(segments->bleu, counts, count, scratch);
    return own - bleu_of(segments->copy, counts, count, scratch);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): lm_bootstrap_statistic has it */
static double chrf_of(const void *user, const uint32_t *counts, size_t count, double *scratch)
{
    (void)scratch;
    const struct chrf_stats *segments = user;
    struct chrf_stats sum = {0};
    for (size_t i = 0; i < count; i++)
        chrf_add(&sum, &segments[i], counts != NULL ? counts[i] : 1);
    return chrf_score(&sum);
}

static enum lm_status count_segments(struct sums *out, double *scores,
                                     const struct translation_segment *segments, size_t count,
                                     struct frame frame, struct lm_arena *arena,
                                     const struct lm_resampling *how, struct lm_err *err)
{
    out->bleu = LM_NEW_ARRAY(arena, struct bleu_stats, count);
    out->copy = LM_NEW_ARRAY(arena, struct bleu_stats, count);
    out->chrf = LM_NEW_ARRAY(arena, struct chrf_stats, count);
    if (out->bleu == NULL || out->copy == NULL || out->chrf == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu outputs; evaluate fewer", count);
    for (size_t i = 0; i < count; i++) {
        const struct translation_segment *segment = &segments[i];
        const struct lm_example_text source = source_of(&segment->prompt, frame);
        if (how->is_cancelled != NULL && how->is_cancelled(how->user))
            return lm_fail(err, LM_CANCELLED, "interrupted; run again to resume");
        LM_TRY(bleu_count(&out->bleu[i], arena, &segment->output, segment->references,
                          segment->reference_count, err));
        LM_TRY(bleu_count(&out->copy[i], arena, &source, segment->references,
                          segment->reference_count, err));
        LM_TRY(chrf_count(&out->chrf[i], arena, &segment->output, segment->references,
                          segment->reference_count, err));
        scores[i] = chrf_score(&out->chrf[i]);
    }
    return LM_OK;
}

enum lm_status translation_find(struct translation *out, double *scores,
                                const struct translation_segment *segments, size_t count,
                                const struct lm_example_text *frame, size_t frame_count,
                                enum lm_interval interval, const struct lm_resampling *how,
                                struct lm_arena *arena, struct lm_err *err)
{
    struct sums sums;
    LM_TRY(count_segments(&sums, scores, segments, count, find_frame(frame, frame_count), arena,
                          how, err));
    struct lm_bootstrap_statistic statistics[] = {
        {bleu_of, sums.bleu, (double)NAN, (double)NAN},
        {chrf_of, sums.chrf, (double)NAN, (double)NAN},
        {difference_of, &sums, (double)NAN, (double)NAN},
    };
    LM_TRY(lm_bootstrap_statistics(statistics, 3, count, interval, how, arena, err));
    out->bleu = (struct translation_metric){bleu_of(sums.bleu, NULL, count, NULL),
                                            statistics[0].low, statistics[0].high};
    out->chrf = (struct translation_metric){chrf_of(sums.chrf, NULL, count, NULL),
                                            statistics[1].low, statistics[1].high};
    out->diff = (struct translation_metric){difference_of(&sums, NULL, count, NULL),
                                            statistics[2].low, statistics[2].high};
    out->copy = bleu_of(sums.copy, NULL, count, NULL);
    return LM_OK;
}
