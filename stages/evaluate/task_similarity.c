/* Kind similarity: how well cosines of mean states rank pairs of texts. */
#include <math.h>
#include <string.h>

#include "base/cosine.h"
#include "stats/bootstrap.h"
#include "stats/rank_correlation.h"

#include "task_kind.h"
#include "word_overlap.h"

static const struct lm_task_item *item_of(const struct task_run *run, size_t item)
{
    return &run->items.items[item];
}

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for the pairs of a task; give it a limit");
}

/* ---- predictions ---- */

/* Both texts of some pairs, as a call of the model takes them. */
struct pairs {
    int32_t *ids, *lengths; /* behind one another; (2·pairs) */
    float *states;          /* (2·pairs, width) */
    size_t most;            /* pairs of a call */
};

static enum lm_status make_room(struct pairs *out, const struct task_run *run, struct lm_err *err)
{
    const struct evaluation *evaluation = run->evaluation;
    struct lm_arena *arena = evaluation->arena;
    size_t rows = (size_t)evaluation->batch;
    out->most = rows > 1 ? rows / 2 : 1;
    rows = 2 * out->most;
    out->ids = LM_NEW_ARRAY(arena, int32_t, rows * (size_t)evaluation->context);
    out->lengths = LM_NEW_ARRAY(arena, int32_t, rows);
    out->states = LM_NEW_ARRAY(arena, float, rows *(size_t)evaluation->config.width);
    return out->ids != NULL && out->lengths != NULL && out->states != NULL ? LM_OK : no_memory(err);
}

/* A text's tokens from place *end on, the last ones when they are more than the context. */
static enum lm_status put_text(struct pairs *pairs, struct task_run *run, size_t row, size_t *end,
                               struct lm_text text, bool *is_cut, struct lm_err *err)
{
    size_t context = (size_t)run->evaluation->context, count;
    const int32_t *ids;
    LM_TRY(task_scorer_encode(run->scorer, text.data, text.size, &ids, &count, err));
    size_t kept = count < context ? count : context;
    *is_cut = *is_cut || kept < count;
    memcpy(pairs->ids + *end, ids + count - kept, kept * sizeof *ids);
    pairs->lengths[row] = (int32_t)kept;
    *end += kept;
    return LM_OK;
}

/* The states of `rows` texts from `first` on, whose tokens begin at place `at`: one call. */
static enum lm_status embed(struct pairs *pairs, struct task_run *run, size_t first, size_t at,
                            size_t rows, struct lm_err *err)
{
    size_t width = (size_t)run->evaluation->config.width;
    const struct lm_texts texts = {pairs->ids + at, pairs->lengths + first, (int64_t)rows};
    return lm_model_embed(task_scorer_model(run->scorer), &texts, LM_POOL_MEAN,
                          pairs->states + first * width, err);
}

static enum lm_status score_pairs(struct pairs *pairs, struct task_run *run, size_t first,
                                  size_t count, struct lm_err *err)
{
    int64_t width = run->evaluation->config.width;
    size_t end = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t side = 0; side < 2; side++)
            LM_TRY(put_text(pairs, run, 2 * i + side, &end, item_of(run, first + i)->choices[side],
                            &run->tie[first + i], err));
    if (run->evaluation->batch > 1) {
        LM_TRY(embed(pairs, run, 0, 0, 2 * count, err));
    } else {
        LM_TRY(embed(pairs, run, 0, 0, 1, err));
        LM_TRY(embed(pairs, run, 1, (size_t)pairs->lengths[0], 1, err));
    }
    for (size_t i = 0; i < count; i++) {
        const float *u = pairs->states + 2 * i * (size_t)width;
        run->score[first + i] = lm_cosine(u, u + width, width);
        if (!isfinite(run->score[first + i]))
            return lm_fail(err, LM_NUMERIC,
                           "the states of item %.80s are not finite; train with a smaller lr",
                           item_of(run, first + i)->id);
    }
    return LM_OK;
}

/* run->tie tells which were cut: pairs know no ties. */
static enum lm_status score(struct task_run *run, struct lm_err *err)
{
    struct evaluation *evaluation = run->evaluation;
    struct pairs pairs;
    LM_TRY(make_room(&pairs, run, err));
    for (size_t first = 0; first < run->items.count; first += pairs.most) {
        size_t rest = run->items.count - first;
        LM_TRY(evaluate_poll(evaluation, err));
        LM_TRY(score_pairs(&pairs, run, first, rest < pairs.most ? rest : pairs.most, err));
        lm_ctx_progress(evaluation->ctx, first, run->items.count, "pairs");
    }
    return LM_OK;
}

/* ---- results ---- */

/* Spearman of the words that both texts have. */
static enum lm_status find_overlap(double *out, const struct task_run *run, const double *given,
                                   struct lm_err *err)
{
    struct lm_arena *arena = run->evaluation->arena;
    struct lm_rank_correlation words;
    double *overlap = LM_NEW_ARRAY(arena, double, run->items.count);
    if (overlap == NULL)
        return no_memory(err);
    for (size_t i = 0; i < run->items.count; i++) {
        const struct lm_text *texts = item_of(run, i)->choices;
        const struct lm_example_text a = {texts[0].data, texts[0].size},
                                     b = {texts[1].data, texts[1].size};
        LM_TRY(word_overlap(&overlap[i], arena, &a, &b, err));
    }
    LM_TRY(lm_rank_correlation_init(&words, arena, overlap, given, run->items.count, err));
    *out = lm_spearman(&words, NULL);
    return LM_OK;
}

static enum lm_status put(struct scores *scores, struct task_run *run, struct lm_err *err)
{
    struct evaluation *evaluation = run->evaluation;
    struct lm_rank_correlation model;
    uint64_t cut = 0;
    double overlap = (double)NAN,
           *given = LM_NEW_ARRAY(evaluation->arena, double, run->items.count);
    if (given == NULL)
        return no_memory(err);
    for (size_t i = 0; i < run->items.count; i++) {
        given[i] = item_of(run, i)->score;
        cut += run->tie[i];
    }
    LM_TRY(lm_rank_correlation_init(&model, evaluation->arena, run->score, given, run->items.count,
                                    err));
    struct lm_bootstrap_statistic statistics[] = {
        {lm_spearman_of, &model, (double)NAN, (double)NAN},
        {lm_pearson_of, &model, (double)NAN, (double)NAN},
    };
    const struct lm_resampling how = evaluate_resampling(evaluation, task_stream_of(run, "items"));
    LM_TRY(lm_bootstrap_statistics(statistics, 2, run->items.count, evaluate_interval(evaluation),
                                   &how, evaluation->arena, err));
    LM_TRY(find_overlap(&overlap, run, given, err));
    run->headline = lm_spearman(&model, NULL);
    scores_put_interval(scores, "spearman", run->headline, statistics[0].low, statistics[0].high);
    scores_put_interval(scores, "pearson", lm_pearson(&model, NULL), statistics[1].low,
                        statistics[1].high);
    scores_put_count(scores, "items", run->items.count);
    scores_put_count(scores, "cut", cut);
    scores_put(scores, "floor.overlap", overlap);
    return LM_OK;
}

static void record(struct lm_item_record *out, const struct task_run *run, size_t i)
{
    const struct lm_task_item *item = item_of(run, i);
    out->score = run->score[i];
    out->bytes = (int64_t)(item->choices[0].size + item->choices[1].size);
}

static void put_item(struct lm_json_writer *writer, const struct task_run *run, size_t i)
{
    lm_json_member_double(writer, "answer", item_of(run, i)->score);
    task_put_text(writer, "context", item_of(run, i)->choices[0], false);
    task_put_text(writer, "expected", item_of(run, i)->choices[1], false);
}

static void sign(struct lm_buf *out, const struct task_run *run)
{
    (void)run;
    lm_buf_puts(out, "cosine of the means of the final states of each text's tokens, against the "
                     "scores given");
}

const struct task_kind task_similarity = {"spearman", "Spearman", score, put,
                                          record,     put_item,   sign};
