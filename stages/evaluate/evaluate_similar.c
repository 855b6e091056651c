/* Objective similar: how well cosines of pooled states rank pairs. */
#include <math.h>

#include "base/cosine.h"
#include "evaluate_examples.h"
#include "stats/bootstrap.h"
#include "stats/rank_correlation.h"
#include "word_overlap.h"

static const struct lm_example *item_of(const struct evaluation *evaluation,
                                        const struct example_split *split, size_t i)
{
    return &evaluation->examples->examples.items[split->picked[i]];
}

/* ---- predictions ---- */

/* Both sides of a batch of pairs, one after the other. */
static enum lm_status embed(struct evaluation *evaluation, const struct example_split *split,
                            size_t first, size_t rows, struct lm_err *err)
{
    struct evaluate_examples *examples = evaluation->examples;
    enum lm_pooling pooling = lm_pooling_find(examples->objective.pooling);
    for (size_t side = 0; side < 2; side++) {
        struct lm_texts texts;
        float *out = examples->values + side * rows * (size_t)evaluation->config.width;
        LM_TRY(evaluate_examples_texts(&texts, evaluation, split, first, rows, side, err));
        LM_TRY(lm_model_embed(evaluation->model, &texts, pooling, out, err));
    }
    return LM_OK;
}

static enum lm_status predict(struct evaluation *evaluation, struct example_split *split,
                              struct lm_err *err)
{
    int64_t width = evaluation->config.width;
    for (size_t first = 0; first < split->count; first += evaluation->batch) {
        size_t rest = split->count - first;
        size_t rows = rest < evaluation->batch ? rest : evaluation->batch;
        LM_TRY(embed(evaluation, split, first, rows, err));
        for (size_t r = 0; r < rows; r++) {
            const struct lm_example *item = item_of(evaluation, split, first + r);
            const float *u = evaluation->examples->values + r * (size_t)width;
            double value = lm_cosine(u, u + rows * (size_t)width, width);
            if (!isfinite(value))
                return lm_fail(err, LM_NUMERIC,
                               "the states of pair %s are not finite; train with a smaller lr",
                               item->id);
            split->score[first + r] = value;
            split->gold[first + r] = item->score;
            LM_TRY(word_overlap(&split->overlap[first + r], evaluation->arena, &item->prompt,
                                &item->other, err));
        }
    }
    return LM_OK;
}

/* ---- metrics ---- */

/* The model's rank correlation beside that of the words in common. */
struct both {
    struct lm_rank_correlation model, words;
};

static double difference_of(const void *user, const uint32_t *counts, size_t count, double *scratch)
{
    const struct both *both = user;
    double model = lm_spearman_of(&both->model, counts, count, scratch);
    return model - lm_spearman_of(&both->words, counts, count, scratch);
}

static enum lm_status put(struct scores *scores, struct evaluation *evaluation,
                          struct example_split *split, struct lm_rng rng, struct lm_err *err)
{
    struct both both;
    LM_TRY(lm_rank_correlation_init(&both.model, evaluation->arena, split->score, split->gold,
                                    split->count, err));
    LM_TRY(lm_rank_correlation_init(&both.words, evaluation->arena, split->overlap, split->gold,
                                    split->count, err));
    struct lm_bootstrap_statistic statistics[] = {
        {lm_spearman_of, &both.model, (double)NAN, (double)NAN},
        {lm_pearson_of, &both.model, (double)NAN, (double)NAN},
        {difference_of, &both, (double)NAN, (double)NAN},
    };
    const struct lm_resampling how = evaluate_resampling(evaluation, rng);
    LM_TRY(lm_bootstrap_statistics(statistics, 3, split->count, evaluate_interval(evaluation), &how,
                                   evaluation->arena, err));
    split->headline = lm_spearman(&both.model, NULL);
    scores_put_interval(scores, "spearman", split->headline, statistics[0].low, statistics[0].high);
    scores_put_interval(scores, "pearson", lm_pearson(&both.model, NULL), statistics[1].low,
                        statistics[1].high);
    scores_put(scores, "overlap", lm_spearman(&both.words, NULL));
    scores_put_interval(scores, "overlap.diff",
                        difference_of(&both, NULL, split->count, both.model.ranks),
                        statistics[2].low, statistics[2].high);
    return LM_OK;
}

static void record(struct lm_item_record *out, const struct evaluation *evaluation,
                   const struct example_split *split, size_t i)
{
    const struct lm_example *item = item_of(evaluation, split, i);
    out->bytes = (int64_t)(item->prompt.size + item->other.size);
}

static void put_item(struct lm_json_writer *writer, const struct evaluation *evaluation,
                     const struct example_split *split, size_t i)
{
    const struct lm_example *item = item_of(evaluation, split, i);
    evaluate_examples_text_put(writer, "a", &item->prompt);
    evaluate_examples_text_put(writer, "b", &item->other);
    lm_json_member_double(writer, "gold", split->gold[i]);
    lm_json_member_double(writer, "predicted", split->score[i]);
    lm_json_member_double(writer, "overlap", split->overlap[i]);
}

static void sign(struct lm_buf *out, const struct evaluation *evaluation)
{
    lm_buf_printf(out,
                  "cosine of states pooled by %s against scores; intervals: 95 %% %s "
                  "bootstrap, %lld resamples of pairs, none from fewer than %d; overlap: Spearman "
                  "of words shared / words of both, in lower case; its difference: paired",
                  evaluation->examples->objective.pooling, evaluate_interval_word(evaluation),
                  (long long)evaluation->params->resamples, LM_BOOTSTRAP_LEAST);
}

const struct example_scorer evaluate_similar = {"Spearman", predict, put, record, put_item, sign};
