#include "evaluate_examples.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

/* By enum lm_objective_kind. */
static const struct example_scorer *const scorers[LM_OBJECTIVES] = {
    [LM_OBJECTIVE_CLASSIFY] = &evaluate_classify,
    [LM_OBJECTIVE_TRANSLATE] = &evaluate_translate,
    [LM_OBJECTIVE_SIMILAR] = &evaluate_similar,
};

static const struct example_scorer *scorer_of(const struct evaluation *evaluation)
{
    return scorers[evaluation->examples->objective.kind];
}

/* ---- beginning and end ---- */

static enum lm_status check_labels(const struct evaluate_examples *examples, struct lm_err *err)
{
    const struct lm_objective *objective = &examples->objective;
    bool is_same = objective->label_count == examples->examples.label_count;
    for (size_t i = 0; is_same && i < objective->label_count; i++) {
        const struct lm_example_text *a = &objective->labels[i], *b = &examples->examples.labels[i];
        is_same = a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
    }
    return is_same ? LM_OK
                   : lm_fail(err, LM_MISMATCH,
                             "the examples have other choices than those the model has learnt; "
                             "evaluate on the examples it was trained on");
}

struct encoding {
    const struct evaluation *evaluation;
    struct lm_encoder *encoder;
};

static enum lm_status encode(void *user, const void *text, size_t size, const int32_t **ids,
                             size_t *count, struct lm_err *err)
{
    const struct encoding *encoding = user;
    LM_TRY(evaluate_poll(encoding->evaluation, err));
    return lm_encode(encoding->encoder, text, size, ids, count, err);
}

static enum lm_status encode_all(struct evaluation *evaluation, struct lm_err *err)
{
    struct evaluate_examples *examples = evaluation->examples;
    const char *path =
        lm_path_join(evaluation->arena, lm_ctx_input(evaluation->ctx, "model"), "vocab");
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
    LM_TRY(lm_vocab_load(&examples->vocab, path, err));
    int32_t end_of_text = lm_vocab_end_of_text(examples->vocab);
    if (lm_vocab_size(examples->vocab) > evaluation->config.vocab || end_of_text < 0)
        return lm_fail(err, LM_MISMATCH,
                       "the model's vocabulary is not its own: %lld token types for %lld; train "
                       "again",
                       (long long)lm_vocab_size(examples->vocab),
                       (long long)evaluation->config.vocab);
    struct encoding encoding = {evaluation, lm_encoder_create(examples->vocab)};
    if (encoding.encoder == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for an encoder; free some");
    enum lm_status status =
        lm_example_tokens_init(&examples->tokens, &examples->examples, end_of_text,
                               examples->objective.length, encode, &encoding, err);
    lm_encoder_free(encoding.encoder);
    return status;
}

static enum lm_status list_split(struct evaluation *evaluation, enum lm_split which,
                                 struct lm_err *err)
{
    const struct lm_examples *examples = &evaluation->examples->examples;
    struct example_split *split = &evaluation->examples->splits[which];
    struct lm_arena *arena = evaluation->arena;
    size_t count = examples->splits[which];
    *split = (struct example_split){.picked = LM_NEW_ARRAY(arena, size_t, count),
                                    .score = LM_NEW_ARRAY(arena, double, count),
                                    .nll = LM_NEW_ARRAY(arena, double, count),
                                    .targets = LM_NEW_ARRAY(arena, double, count),
                                    .predicted = LM_NEW_ARRAY(arena, int32_t, count),
                                    .tie = LM_NEW_ARRAY(arena, bool, count),
                                    .overlap = LM_NEW_ARRAY(arena, double, count),
                                    .gold = LM_NEW_ARRAY(arena, double, count),
                                    .answers = LM_NEW_ARRAY(arena, struct lm_example_text, count),
                                    .headline = (double)NAN};
    if (split->picked == NULL || split->score == NULL || split->nll == NULL ||
        split->targets == NULL || split->predicted == NULL || split->tie == NULL ||
        split->overlap == NULL || split->gold == NULL || split->answers == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu examples; hold out fewer", count);
    for (size_t i = 0; i < examples->count; i++)
        if (examples->items[i].split == which)
            split->picked[split->count++] = i;
    return LM_OK;
}

static enum lm_status make_room(struct evaluation *evaluation, struct lm_err *err)
{
    struct evaluate_examples *examples = evaluation->examples;
    struct lm_arena *arena = evaluation->arena;
    size_t batch = evaluation->batch, length = (size_t)examples->objective.length;
    size_t row = length, labels = examples->objective.label_count;
    row = labels > row ? labels : row;
    row = 2 * (size_t)evaluation->config.width > row ? 2 * (size_t)evaluation->config.width : row;
    examples->ids = LM_NEW_ARRAY(arena, int32_t, batch * length);
    examples->targets = LM_NEW_ARRAY(arena, int32_t, batch * length);
    examples->lengths = LM_NEW_ARRAY(arena, int32_t, batch);
    examples->values = LM_NEW_ARRAY(arena, float, batch *row);
    return examples->ids != NULL && examples->targets != NULL && examples->lengths != NULL &&
                   examples->values != NULL
               ? LM_OK
               : lm_fail(err, LM_NOMEM, "no memory for a batch; give a smaller batch");
}

/* The label that is most frequent among those learnt from; of several, the first. */
static enum lm_status find_majority(struct evaluation *evaluation, struct lm_err *err)
{
    struct evaluate_examples *examples = evaluation->examples;
    size_t labels = examples->examples.label_count, best = 0;
    uint64_t *counts = LM_NEW_ARRAY(evaluation->arena, uint64_t, labels);
    if (counts == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu labels; give fewer", labels);
    for (size_t i = 0; i < examples->examples.count; i++)
        if (examples->examples.items[i].split == LM_TRAIN)
            counts[examples->examples.items[i].label]++;
    for (size_t i = 1; i < labels; i++)
        best = counts[i] > counts[best] ? i : best;
    examples->majority = (int64_t)best;
    return LM_OK;
}

/* Names of the model's objective that are its own to know. */
static enum lm_status check_names(const struct lm_objective *objective, struct lm_err *err)
{
    const char *pooling = objective->pooling, *loss = objective->pair_loss;
    if (objective->kind != LM_OBJECTIVE_SIMILAR)
        return LM_OK;
    if (strcmp(lm_pooling_names[lm_pooling_find(pooling)], pooling) == 0 &&
        strcmp(lm_pair_loss_names[lm_pair_loss_find(loss)], loss) == 0)
        return LM_OK;
    return lm_fail(err, LM_FORMAT,
                   "objective.json of the model: pooling or pair_loss is not a known one; train "
                   "again");
}

static enum lm_status open_examples(struct evaluation *evaluation, struct lm_err *err)
{
    struct evaluate_examples *examples = evaluation->examples;
    const char *folder = lm_ctx_input(evaluation->ctx, "examples");
    LM_TRY(lm_objective_load(&examples->objective, evaluation->arena,
                             lm_ctx_input(evaluation->ctx, "model"), err));
    if (examples->objective.kind == LM_OBJECTIVE_LM)
        return lm_fail(err, LM_INVALID,
                       "examples: the model was trained with objective lm; leave them out, or "
                       "train it on examples");
    if (examples->objective.length > evaluation->config.context)
        return lm_fail(err, LM_FORMAT,
                       "objective.json of the model: length exceeds its context; train again");
    LM_TRY(check_names(&examples->objective, err));
    const struct lm_example_options options = lm_objective_examples(&examples->objective);
    LM_TRY(lm_examples_read(&examples->examples, evaluation->arena, folder, &options, err));
    if (examples->objective.kind == LM_OBJECTIVE_CLASSIFY) {
        LM_TRY(check_labels(examples, err));
        LM_TRY(find_majority(evaluation, err));
    }
    LM_TRY(encode_all(evaluation, err));
    for (size_t k = 0; k < 2; k++)
        LM_TRY(list_split(evaluation, evaluate_held_out[k], err));
    examples->total = examples->splits[LM_VALID].count + examples->splits[LM_TEST].count;
    if (examples->total == 0)
        return lm_fail(err, LM_INVALID,
                       "training held out no example; give held_out a larger share in train");
    return make_room(evaluation, err);
}

enum lm_status evaluate_examples(struct evaluation *evaluation, struct lm_err *err)
{
    evaluation->examples = calloc(1, sizeof *evaluation->examples);
    if (evaluation->examples == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for examples; free some");
    LM_TRY(open_examples(evaluation, err));
    for (size_t k = 0; k < 2; k++) {
        struct example_split *split = &evaluation->examples->splits[evaluate_held_out[k]];
        if (split->count > 0)
            LM_TRY(scorer_of(evaluation)->predict(evaluation, split, err));
    }
    return LM_OK;
}

void evaluate_examples_free(struct evaluate_examples *examples)
{
    if (examples == NULL)
        return;
    lm_example_tokens_release(&examples->tokens);
    lm_vocab_free(examples->vocab);
    free(examples);
}

/* ---- results ---- */

enum lm_status evaluate_examples_put(struct scores *scores, struct evaluation *evaluation,
                                     enum lm_split which, struct lm_err *err)
{
    char stream[40];
    struct example_split *split = &evaluation->examples->splits[which];
    if (split->count == 0)
        return LM_OK;
    snprintf(stream, sizeof stream, "examples.%s", lm_split_names[which]);
    struct lm_rng rng = lm_rng_stream(lm_ctx_seed(evaluation->ctx), stream);
    LM_TRY(evaluate_poll(evaluation, err));
    scores_put_count(scores, "examples", split->count);
    return scorer_of(evaluation)->put(scores, evaluation, split, rng, err);
}

void evaluate_examples_sign(struct lm_buf *out, const struct evaluation *evaluation)
{
    const struct lm_objective *objective = &evaluation->examples->objective;
    lm_buf_printf(out, "objective %s on the examples held out by SHA-256 of id and texts (valid ",
                  lm_objective_names[objective->kind]);
    lm_buf_put_double(out, objective->valid);
    lm_buf_puts(out, ", test ");
    lm_buf_put_double(out, objective->test);
    lm_buf_printf(out, "), rows of at most %lld tokens; ", (long long)objective->length);
    scorer_of(evaluation)->sign(out, evaluation);
}

void evaluate_examples_objective(struct scores *scores, const struct evaluation *evaluation)
{
    lm_json_member_string(&scores->writer, "objective",
                          lm_objective_names[evaluation->examples->objective.kind]);
}

void evaluate_examples_headline(const struct evaluation *evaluation)
{
    const struct evaluate_examples *examples = evaluation->examples;
    enum lm_split which = examples->splits[LM_TEST].count > 0 ? LM_TEST : LM_VALID;
    const char *name = scorer_of(evaluation)->headline;
    double value = examples->splits[which].headline;
    if (isfinite(value))
        lm_ctx_headline(evaluation->ctx, "%s %s %.3g", lm_split_names[which], name, value);
    else
        lm_ctx_headline(evaluation->ctx, "%s %s undefined", lm_split_names[which], name);
}

static enum lm_status write_file(struct evaluation *evaluation, const char *name,
                                 const struct lm_buf *out, struct lm_err *err)
{
    const char *folder = lm_ctx_output(evaluation->ctx, "items");
    const char *path = lm_path_join(evaluation->arena, folder, name);
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
    return lm_file_write_buf(path, out, err);
}

static void put_line(struct lm_buf *out, const struct evaluation *evaluation,
                     const struct example_split *split, size_t i)
{
    struct lm_json_writer writer;
    const struct lm_examples *examples = &evaluation->examples->examples;
    struct lm_item_record record = lm_item_record_empty(examples->items[split->picked[i]].id);
    record.score = split->score[i];
    scorer_of(evaluation)->record(&record, evaluation, split, i);
    lm_json_begin(&writer, out, false);
    lm_json_open(&writer, '{');
    lm_item_record_put(&writer, &record);
    scorer_of(evaluation)->put_item(&writer, evaluation, split, i);
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
}

static enum lm_status write_split(struct evaluation *evaluation, struct lm_buf *out,
                                  enum lm_split which, struct lm_err *err)
{
    char name[40];
    const struct example_split *split = &evaluation->examples->splits[which];
    lm_buf_clear(out);
    for (size_t i = 0; i < split->count; i++) {
        LM_TRY(evaluate_poll(evaluation, err));
        put_line(out, evaluation, split, i);
    }
    snprintf(name, sizeof name, "examples.%s.jsonl", lm_split_names[which]);
    return write_file(evaluation, name, out, err);
}

/* What the report must know beside the lines. */
static enum lm_status write_about(struct evaluation *evaluation, struct lm_buf *out,
                                  struct lm_err *err)
{
    const struct lm_objective *objective = &evaluation->examples->objective;
    struct lm_json_writer writer;
    lm_buf_clear(out);
    lm_json_begin(&writer, out, true);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "objective", lm_objective_names[objective->kind]);
    lm_json_key(&writer, "labels");
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < objective->label_count; i++)
        lm_json_put_bytes(&writer, objective->labels[i].data, objective->labels[i].size);
    lm_json_close(&writer, ']');
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
    return write_file(evaluation, "examples.json", out, err);
}

enum lm_status evaluate_examples_write(struct evaluation *evaluation, struct lm_err *err)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    enum lm_status status = write_about(evaluation, &out, err);
    for (size_t k = 0; k < 2 && status == LM_OK; k++)
        if (evaluation->examples->splits[evaluate_held_out[k]].count > 0)
            status = write_split(evaluation, &out, evaluate_held_out[k], err);
    lm_buf_release(&out);
    return status;
}
