/* Objective translate: greedy outputs against references, by BLEU and chrF. */
#include <math.h>
#include <string.h>

#include "evaluate_examples.h"
#include "evaluate_outputs.h"
#include "stats/bootstrap.h"
#include "translation.h"

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
    const struct lm_scores scores = {.nll = examples->values};
    const struct lm_packed_texts texts = {.tokens = examples->ids,
                                          .targets = examples->targets,
                                          .lengths = examples->lengths,
                                          .count = rows};
    for (size_t r = 0, at = 0; r < rows; at += (size_t)examples->lengths[r++])
        examples->lengths[r] =
            (int32_t)lm_example_tokens_pair(&examples->tokens, split->picked[first + r],
                                            examples->ids + at, examples->targets + at);
    LM_TRY(lm_model_score_packed(evaluation->model, &texts, &scores, err));
    for (size_t r = 0, at = 0; r < rows; r++) {
        for (size_t end = at + (size_t)examples->lengths[r]; at < end; at++) {
            bool is_target = examples->targets[at] >= 0;
            split->nll[first + r] += is_target ? (double)examples->values[at] : 0;
            split->targets[first + r] += is_target;
        }
        if (!isfinite(split->nll[first + r]))
            return lm_fail(err, LM_NUMERIC,
                           "the loss of example %s is not finite; train with a smaller lr",
                           item_of(evaluation, split, first + r)->id);
    }
    return LM_OK;
}

/* ---- answers ---- */

/* Whether to stop is asked by the model. */
static void count_answer(void *evaluation)
{
    evaluate_examples_step(evaluation, 1, NULL);
}

/* Room for the answer is kept free behind the prompt, half a row at most. */
static int64_t prompt_room(const struct evaluation *evaluation)
{
    int64_t length = evaluation->examples->objective.length;
    int64_t answer = evaluation->params->max_new_tokens;
    return length - (answer < length / 2 ? answer : length / 2);
}

static enum lm_status generate(struct evaluation *evaluation, struct example_split *split,
                               struct lm_continuation *texts, struct output *answers,
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
        const struct lm_example *item = item_of(evaluation, split, i);
        answers[i] = (struct output){.vocab = examples->vocab,
                                     .end_of_text = examples->tokens.end_of_text,
                                     .stops = item->stops,
                                     .stop_count = item->stop_count,
                                     .left = (uint64_t)evaluation->params->max_new_tokens,
                                     .ended = count_answer,
                                     .user = evaluation};
        lm_buf_init(&answers[i].text, 0);
        texts[i] = (struct lm_continuation){
            .prompt = prompt,
            .count = lm_example_tokens_prompt(&examples->tokens, split->picked[i], (int64_t)room,
                                              prompt),
            .max_new = evaluation->params->max_new_tokens,
            .rules = &greedy,
            .emit = output_take,
            .user = &answers[i]};
    }
    enum lm_status status =
        lm_model_generate(evaluation->model, texts, split->count, &options, err);
    for (size_t i = 0; i < split->count; i++) {
        const struct lm_buf *text = &answers[i].text;
        split->answers[i].data =
            lm_arena_strndup(evaluation->arena, text->data != NULL ? text->data : "", text->size);
        split->answers[i].size = text->size;
        if (status == LM_OK && (split->answers[i].data == NULL || text->failed))
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
    struct output *answers = LM_NEW_ARRAY(evaluation->arena, struct output, split->count);
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

/* ---- metrics ---- */

static enum lm_status find_metrics(struct translation *out, struct evaluation *evaluation,
                                   struct example_split *split, struct lm_rng rng,
                                   struct lm_err *err)
{
    struct lm_arena *arena = evaluation->arena;
    const struct lm_examples *examples = &evaluation->examples->examples;
    struct translation_segment *segments =
        LM_NEW_ARRAY(arena, struct translation_segment, split->count);
    struct lm_example_text *prompts = LM_NEW_ARRAY(arena, struct lm_example_text, examples->count);
    if (segments == NULL || prompts == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu outputs; hold out fewer", split->count);
    for (size_t i = 0; i < examples->count; i++)
        prompts[i] = examples->items[i].prompt;
    for (size_t i = 0; i < split->count; i++) {
        const struct lm_example *item = item_of(evaluation, split, i);
        segments[i] = (struct translation_segment){item->prompt, split->answers[i],
                                                   item->references, item->reference_count};
    }
    const struct lm_resampling how = evaluate_resampling(evaluation, rng);
    return translation_find(out, split->score, segments, split->count, prompts, examples->count,
                            evaluate_interval(evaluation), &how, arena, err);
}

static void put_metric(struct scores *scores, const char *name,
                       const struct translation_metric *metric)
{
    scores_put_interval(scores, name, metric->value, metric->low, metric->high);
}

static enum lm_status put(struct scores *scores, struct evaluation *evaluation,
                          struct example_split *split, struct lm_rng rng, struct lm_err *err)
{
    struct translation found;
    double nll = 0, targets = 0;
    LM_TRY(find_metrics(&found, evaluation, split, rng, err));
    for (size_t i = 0; i < split->count; i++) {
        nll += split->nll[i];
        targets += split->targets[i];
    }
    split->headline = found.bleu.value;
    put_metric(scores, "bleu", &found.bleu);
    put_metric(scores, "chrf", &found.chrf);
    scores_put(scores, "copy", found.copy);
    put_metric(scores, "copy.diff", &found.diff);
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
                  "%s bootstrap, %lld resamples of outputs, none from fewer than %d; copy: "
                  "BLEU of the prompt without what all prompts share, its difference paired; nll "
                  "in nats per token of the reference and its "
                  "end",
                  (long long)evaluation->params->max_new_tokens, evaluate_interval_word(evaluation),
                  (long long)evaluation->params->resamples, LM_BOOTSTRAP_LEAST);
}

const struct example_scorer evaluate_translate = {"BLEU", predict, put, record, put_item, sign};
