/* Objective translate: greedy outputs against references, by BLEU and chrF. */
#include <math.h>
#include <string.h>

#include "bleu.h"
#include "chrf.h"
#include "evaluate_examples.h"
#include "stats/bootstrap.h"

static const struct lm_example *item_of(const struct evaluation *evaluation,
                                        const struct example_split *split, size_t i)
{
    return &evaluation->examples->examples.items[split->picked[i]];
}

/* ---- the loss of the references ---- */

static enum lm_status score_rows(struct evaluation *evaluation, struct example_split *split,
                                 size_t first, size_t rows, struct lm_err *err)
{
    struct evaluate_examples *examples = evaluation->examples;
    int64_t time = 1;
    for (size_t r = 0; r < rows; r++) {
        int64_t length = lm_example_tokens_pair_length(&examples->tokens, split->picked[first + r]);
        time = length > time ? length : time;
    }
    for (size_t r = 0; r < rows; r++)
        lm_example_tokens_pair(&examples->tokens, split->picked[first + r], time,
                               examples->ids + r * (size_t)time,
                               examples->targets + r * (size_t)time);
    const struct lm_scores scores = {.nll = examples->values};
    LM_TRY(lm_model_score(evaluation->model, examples->ids, examples->targets, (int64_t)rows, time,
                          &scores, err));
    for (size_t i = 0; i < rows * (size_t)time; i++) {
        size_t at = first + i / (size_t)time;
        if (examples->targets[i] < 0)
            continue;
        split->nll[at] += (double)examples->values[i];
        split->targets[at]++;
        if (!isfinite(split->nll[at]))
            return lm_fail(err, LM_NUMERIC,
                           "the loss of example %s is not finite; train with a smaller lr",
                           item_of(evaluation, split, at)->id);
    }
    return LM_OK;
}

/* ---- answers ---- */

/* An answer while it is written: bytes until end-of-text or a stop. */
struct answer {
    struct evaluation *evaluation;
    const struct lm_example *item;
    struct lm_example_text *out;
    struct lm_buf text;
    uint64_t left; /* tokens */
    bool is_over;
};

/* Where the first stop begins that ends behind `from`, or the size. */
static size_t find_stop(const struct lm_example *item, const struct lm_buf *text, size_t from)
{
    size_t found = text->size;
    for (size_t s = 0; s < item->stop_count; s++) {
        const struct lm_example_text *stop = &item->stops[s];
        size_t first = from >= stop->size ? from - stop->size + 1 : 0;
        for (size_t i = first; i + stop->size <= text->size && i < found; i++)
            if (memcmp(text->data + i, stop->data, stop->size) == 0)
                found = i;
    }
    return found;
}

static void end_answer(struct answer *answer)
{
    struct evaluation *evaluation = answer->evaluation;
    const struct lm_buf *text = &answer->text;
    answer->is_over = true;
    answer->out->size = text->size;
    answer->out->data =
        lm_arena_strndup(evaluation->arena, text->data != NULL ? text->data : "", text->size);
    lm_buf_release(&answer->text);
    evaluate_examples_step(evaluation, 1, NULL); /* whether to stop is asked by the model */
}

static bool take_token(void *user, int32_t token, double nll)
{
    struct answer *answer = user;
    struct evaluate_examples *examples = answer->evaluation->examples;
    size_t before = answer->text.size, size = 0;
    (void)nll;
    bool is_end = token == examples->tokens.end_of_text;
    const uint8_t *bytes = lm_vocab_token(examples->vocab, token, &size);
    if (!is_end && bytes != NULL && !lm_vocab_is_special(examples->vocab, token))
        lm_buf_append(&answer->text, bytes, size);
    size_t stop = find_stop(answer->item, &answer->text, before);
    is_end = is_end || stop < answer->text.size || --answer->left == 0;
    if (stop < answer->text.size)
        answer->text.size = stop;
    if (is_end)
        end_answer(answer);
    return !is_end;
}

/* Room for the answer is kept free behind the prompt, half a row at most. */
static int64_t prompt_room(const struct evaluation *evaluation)
{
    int64_t length = evaluation->examples->objective.length;
    int64_t answer = evaluation->params->max_new_tokens;
    return length - (answer < length / 2 ? answer : length / 2);
}

static enum lm_status generate(struct evaluation *evaluation, struct example_split *split,
                               struct lm_continuation *texts, struct answer *answers,
                               struct lm_err *err)
{
    struct evaluate_examples *examples = evaluation->examples;
    const struct lm_sampling greedy = {.tokens = lm_vocab_size(examples->vocab)};
    const struct lm_generate_options options = {.sequences = (int64_t)evaluation->batch};
    size_t room = (size_t)prompt_room(evaluation);
    int32_t *prompts = LM_NEW_ARRAY(evaluation->arena, int32_t, split->count * room);
    if (prompts == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for prompts; hold out fewer examples");
    for (size_t i = 0; i < split->count; i++) {
        int32_t *prompt = prompts + i * room;
        answers[i] = (struct answer){.evaluation = evaluation,
                                     .item = item_of(evaluation, split, i),
                                     .out = &split->answers[i],
                                     .left = (uint64_t)evaluation->params->max_new_tokens};
        lm_buf_init(&answers[i].text, 0);
        texts[i] = (struct lm_continuation){
            .prompt = prompt,
            .count = lm_example_tokens_prompt(&examples->tokens, split->picked[i], (int64_t)room,
                                              prompt),
            .max_new = evaluation->params->max_new_tokens,
            .rules = &greedy,
            .emit = take_token,
            .user = &answers[i]};
    }
    enum lm_status status =
        lm_model_generate(evaluation->model, texts, split->count, &options, err);
    for (size_t i = 0; i < split->count; i++) {
        if (status == LM_OK && split->answers[i].data == NULL)
            status = lm_fail(err, LM_NOMEM, "no memory for answers; hold out fewer examples");
        lm_buf_release(&answers[i].text);
    }
    return status;
}

static enum lm_status predict(struct evaluation *evaluation, struct example_split *split,
                              struct lm_err *err)
{
    struct lm_continuation *texts =
        LM_NEW_ARRAY(evaluation->arena, struct lm_continuation, split->count);
    struct answer *answers = LM_NEW_ARRAY(evaluation->arena, struct answer, split->count);
    if (texts == NULL || answers == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for answers; hold out fewer examples");
    for (size_t first = 0; first < split->count; first += evaluation->batch) {
        size_t rest = split->count - first;
        LM_TRY(evaluate_poll(evaluation, err));
        LM_TRY(score_rows(evaluation, split, first,
                          rest < evaluation->batch ? rest : evaluation->batch, err));
    }
    return generate(evaluation, split, texts, answers, err);
}

/* ---- the source, copied ---- */

/* What all prompts begin with, and end with, is their frame: what lies between is the source. */
struct frame {
    size_t before, after;
};

static struct frame find_frame(const struct lm_examples *examples)
{
    const struct lm_example_text *first = &examples->items[0].prompt;
    struct frame frame = {first->size, first->size};
    for (size_t i = 1; i < examples->count; i++) {
        const struct lm_example_text *own = &examples->items[i].prompt;
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
static struct lm_example_text source_of(const struct lm_example *item, struct frame frame)
{
    size_t size = item->prompt.size;
    size_t before = at_most(frame.before, size);
    size_t after = at_most(frame.after, size - before);
    while (before > 0 && before < size && is_continuation(item->prompt.data[before]))
        before--;
    while (after > 0 && is_continuation(item->prompt.data[size - after]))
        after--;
    return (struct lm_example_text){item->prompt.data + before, size - before - after};
}

/* ---- metrics ---- */

struct segments {
    struct bleu_stats *bleu, *copy;
    struct chrf_stats *chrf;
};

static double bleu_of(void *user, const uint32_t *counts, size_t count)
{
    const struct bleu_stats *segments = user;
    struct bleu_stats sum = {0};
    for (size_t i = 0; i < count; i++)
        bleu_add(&sum, &segments[i], counts != NULL ? counts[i] : 1);
    return bleu_score(&sum);
}

static double difference_of(void *user, const uint32_t *counts, size_t count)
{
    const struct segments *segments = user;
    return bleu_of(segments->bleu, counts, count) - bleu_of(segments->copy, counts, count);
}

static double chrf_of(void *user, const uint32_t *counts, size_t count)
{
    const struct chrf_stats *segments = user;
    struct chrf_stats sum = {0};
    for (size_t i = 0; i < count; i++)
        chrf_add(&sum, &segments[i], counts != NULL ? counts[i] : 1);
    return chrf_score(&sum);
}

static enum lm_status count_segments(struct segments *out, struct evaluation *evaluation,
                                     struct example_split *split, struct lm_err *err)
{
    struct lm_arena *arena = evaluation->arena;
    struct frame frame = find_frame(&evaluation->examples->examples);
    out->bleu = LM_NEW_ARRAY(arena, struct bleu_stats, split->count);
    out->copy = LM_NEW_ARRAY(arena, struct bleu_stats, split->count);
    out->chrf = LM_NEW_ARRAY(arena, struct chrf_stats, split->count);
    if (out->bleu == NULL || out->copy == NULL || out->chrf == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu answers; hold out fewer", split->count);
    for (size_t i = 0; i < split->count; i++) {
        LM_TRY(evaluate_poll(evaluation, err));
        const struct lm_example *item = item_of(evaluation, split, i);
        const struct lm_example_text source = source_of(item, frame);
        LM_TRY(bleu_count(&out->bleu[i], arena, &split->answers[i], item->references,
                          item->reference_count, err));
        LM_TRY(bleu_count(&out->copy[i], arena, &source, item->references, item->reference_count,
                          err));
        LM_TRY(chrf_count(&out->chrf[i], arena, &split->answers[i], item->references,
                          item->reference_count, err));
        split->score[i] = chrf_score(&out->chrf[i]);
    }
    return LM_OK;
}

static enum lm_status put(struct scores *scores, struct evaluation *evaluation,
                          struct example_split *split, struct lm_rng rng, struct lm_err *err)
{
    struct segments segments;
    double nll = 0, targets = 0;
    LM_TRY(count_segments(&segments, evaluation, split, err));
    struct lm_bootstrap_statistic statistics[] = {
        {bleu_of, segments.bleu, (double)NAN, (double)NAN},
        {chrf_of, segments.chrf, (double)NAN, (double)NAN},
        {difference_of, &segments, (double)NAN, (double)NAN},
    };
    LM_TRY(lm_bootstrap_statistics(statistics, 3, split->count,
                                   (size_t)evaluation->params->resamples, rng, evaluation->arena,
                                   evaluate_is_cancelled, evaluation->ctx, err));
    for (size_t i = 0; i < split->count; i++) {
        nll += split->nll[i];
        targets += split->targets[i];
    }
    split->headline = bleu_of(segments.bleu, NULL, split->count);
    scores_put_interval(scores, "bleu", split->headline, statistics[0].low, statistics[0].high);
    scores_put_interval(scores, "chrf", chrf_of(segments.chrf, NULL, split->count),
                        statistics[1].low, statistics[1].high);
    scores_put(scores, "copy", bleu_of(segments.copy, NULL, split->count));
    scores_put_interval(scores, "copy.diff", difference_of(&segments, NULL, split->count),
                        statistics[2].low, statistics[2].high);
    scores_put(scores, "examples.nll", nll / targets);
    return LM_OK;
}

static void record(struct lm_item_record *out, const struct evaluation *evaluation,
                   const struct example_split *split, size_t i)
{
    out->nll = split->nll[i];
    out->bytes = (int64_t)item_of(evaluation, split, i)->references[0].size;
}

static void put_item(struct lm_json_writer *writer, const struct evaluation *evaluation,
                     const struct example_split *split, size_t i)
{
    const struct lm_example *item = item_of(evaluation, split, i);
    evaluate_examples_text_put(writer, "text", &item->prompt);
    evaluate_examples_text_put(writer, "gold", &item->references[0]);
    evaluate_examples_text_put(writer, "predicted", &split->answers[i]);
    lm_json_member_int(writer, "tokens", (int64_t)split->targets[i]);
}

static void sign(struct lm_buf *out, const struct evaluation *evaluation)
{
    lm_buf_printf(out,
                  "greedy outputs of at most %lld tokens; BLEU: case mixed, tokens 13a, smoothing "
                  "exp, all references; chrF2: 6 characters, no words, no space; intervals: 95 %% "
                  "percentile bootstrap, %lld resamples of outputs, none from fewer than %d; copy: "
                  "BLEU of the prompt without what all prompts share, its difference paired; nll "
                  "in nats per token of the reference and its "
                  "end",
                  (long long)evaluation->params->max_new_tokens,
                  (long long)evaluation->params->resamples, LM_BOOTSTRAP_LEAST);
}

const struct example_scorer evaluate_translate = {"BLEU", predict, put, record, put_item, sign};
