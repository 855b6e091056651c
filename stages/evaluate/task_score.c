#include "task_score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lmpipe/tokenizer.h>

#include "base/buf.h"
#include "base/io.h"

/* Rows of a call that belong to one probe. */
struct segment {
    struct task_probe *probe;
    int32_t length;
};

struct task_scorer {
    struct evaluation *evaluation;
    struct lm_model *model;
    struct lm_vocab *vocab;
    struct lm_encoder *encoder;
    int32_t end_of_text;
    struct lm_buf text; /* of the probe at hand */
    /* the call that is being filled */
    size_t room, rows, segments;
    struct segment *segment;
    int32_t *tokens, *targets, *lengths, *rank, *equal;
    float *nll;
    uint64_t done, total; /* probes */
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to score tasks; give a smaller batch");
}

static enum lm_status make_room(struct task_scorer *scorer, struct lm_err *err)
{
    size_t room = (size_t)(scorer->evaluation->batch * scorer->evaluation->context);
    struct lm_arena *arena = scorer->evaluation->arena;
    scorer->room = room;
    scorer->segment = LM_NEW_ARRAY(arena, struct segment, room);
    scorer->tokens = LM_NEW_ARRAY(arena, int32_t, 5 * room);
    scorer->nll = LM_NEW_ARRAY(arena, float, room);
    if (scorer->segment == NULL || scorer->tokens == NULL || scorer->nll == NULL)
        return no_memory(err);
    scorer->targets = scorer->tokens + room;
    scorer->lengths = scorer->targets + room;
    scorer->rank = scorer->lengths + room;
    scorer->equal = scorer->rank + room;
    return LM_OK;
}

static enum lm_status load_vocab(struct task_scorer *scorer, struct lm_err *err)
{
    const struct evaluation *evaluation = scorer->evaluation;
    const char *path =
        lm_path_join(evaluation->arena, lm_ctx_input(evaluation->ctx, "model"), "vocab");
    if (path == NULL)
        return no_memory(err);
    LM_TRY(lm_vocab_load(&scorer->vocab, path, err));
    scorer->end_of_text = lm_vocab_end_of_text(scorer->vocab);
    if (lm_vocab_size(scorer->vocab) > evaluation->config.vocab || scorer->end_of_text < 0)
        return lm_fail(err, LM_MISMATCH,
                       "the model's vocabulary is not its own: %lld token types for %lld; train "
                       "again",
                       (long long)lm_vocab_size(scorer->vocab),
                       (long long)evaluation->config.vocab);
    scorer->encoder = lm_encoder_create(scorer->vocab);
    return scorer->encoder != NULL ? LM_OK : no_memory(err);
}

enum lm_status task_scorer_open(struct task_scorer **out, struct evaluation *evaluation,
                                struct lm_model *model, struct lm_err *err)
{
    struct task_scorer *scorer = calloc(1, sizeof *scorer);
    *out = scorer;
    if (scorer == NULL)
        return no_memory(err);
    scorer->evaluation = evaluation;
    scorer->model = model;
    lm_buf_init(&scorer->text, 0);
    LM_TRY(make_room(scorer, err));
    return load_vocab(scorer, err);
}

void task_scorer_close(struct task_scorer *scorer)
{
    if (scorer == NULL)
        return;
    lm_encoder_free(scorer->encoder);
    lm_vocab_free(scorer->vocab);
    lm_buf_release(&scorer->text);
    free(scorer);
}

const struct lm_vocab *task_scorer_vocab(const struct task_scorer *scorer)
{
    return scorer->vocab;
}

struct lm_model *task_scorer_model(const struct task_scorer *scorer)
{
    return scorer->model;
}

int32_t task_scorer_end_of_text(const struct task_scorer *scorer)
{
    return scorer->end_of_text;
}

enum lm_status task_scorer_encode(struct task_scorer *scorer, const char *text, size_t size,
                                  const int32_t **ids, size_t *count, struct lm_err *err)
{
    return lm_encode(scorer->encoder, text, size, ids, count, err);
}

/* ---- a call ---- */

/* Adds what the model said of a segment's rows to its probe. */
static enum lm_status take_segment(struct task_scorer *scorer, const struct segment *segment,
                                   size_t first, struct lm_err *err)
{
    struct task_probe *probe = segment->probe;
    for (size_t row = first; row < first + (size_t)segment->length; row++) {
        if (scorer->targets[row] < 0)
            continue;
        if (!isfinite(scorer->nll[row]))
            return lm_fail(err, LM_NUMERIC,
                           "the loss of item %.80s is not finite; train with a smaller lr",
                           probe->id);
        int32_t equal = scorer->equal[row], above = scorer->rank[row] - equal / 2;
        probe->nll += (double)scorer->nll[row];
        probe->hits += scorer->rank[row] == 0;
        probe->share = above > 0 ? 0 : probe->share / (1 + equal);
    }
    return LM_OK;
}

static enum lm_status flush(struct task_scorer *scorer, struct lm_err *err)
{
    const struct lm_scores out = {.nll = scorer->nll, .rank = scorer->rank, .equal = scorer->equal};
    if (scorer->segments == 0)
        return LM_OK;
    LM_TRY(evaluate_poll(scorer->evaluation, err));
    LM_TRY(lm_model_score_packed(scorer->model, scorer->tokens, scorer->targets, scorer->lengths,
                                 scorer->segments, &out, err));
    for (size_t i = 0, row = 0; i < scorer->segments; row += (size_t)scorer->lengths[i++])
        LM_TRY(take_segment(scorer, &scorer->segment[i], row, err));
    scorer->segments = scorer->rows = 0;
    lm_ctx_progress(scorer->evaluation->ctx, scorer->done, scorer->total, "texts");
    return LM_OK;
}

/* Tokens [first, end) of a text as rows, of which those from `scored` on are targets. */
static enum lm_status put_segment(struct task_scorer *scorer, struct task_probe *probe,
                                  const int32_t *ids, size_t first, size_t end, size_t scored,
                                  struct lm_err *err)
{
    size_t length = end - first;
    if (length > scorer->room - scorer->rows)
        LM_TRY(flush(scorer, err));
    int32_t *tokens = scorer->tokens + scorer->rows, *targets = scorer->targets + scorer->rows;
    for (size_t t = 0; t < length; t++) {
        tokens[t] = first + t > 0 ? ids[first + t - 1] : scorer->end_of_text;
        targets[t] = first + t >= scored ? ids[first + t] : -1;
    }
    scorer->segment[scorer->segments] = (struct segment){probe, (int32_t)length};
    scorer->lengths[scorer->segments++] = (int32_t)length;
    scorer->rows += length;
    return LM_OK;
}

/* ---- a probe ---- */

/* The first token that counts: it ends behind byte `place`. */
static size_t find_first(const struct task_scorer *scorer, struct task_probe *probe,
                         const int32_t *ids, size_t count, size_t place)
{
    size_t at = 0, size = 0;
    for (size_t i = 0; i < count; i++, at += size) {
        lm_vocab_token(scorer->vocab, ids[i], &size);
        if (at + size <= place)
            continue;
        probe->straddles = at < place;
        return i;
    }
    return count;
}

/* What counts of the training tokens say of the same tokens. */
static void add_counts(const struct task_scorer *scorer, struct task_probe *probe,
                       const int32_t *ids, size_t first, size_t count)
{
    const struct evaluation *evaluation = scorer->evaluation;
    if (evaluation->counts == NULL)
        return;
    for (size_t i = first; i < count; i++) {
        int32_t before = i > 0 ? ids[i - 1] : scorer->end_of_text;
        probe->grams[0] += kn_unigram_nll(evaluation->counts, ids[i]);
        probe->grams[1] += kn_bigram_nll(evaluation->counts, before, ids[i]);
    }
}

/* The windows of tokens [first, count). */
static enum lm_status put_windows(struct task_scorer *scorer, struct task_probe *probe,
                                  const int32_t *ids, size_t first, size_t count,
                                  struct lm_err *err)
{
    size_t context = (size_t)scorer->evaluation->context;
    size_t stride = (size_t)scorer->evaluation->stride;
    if (count <= context)
        return put_segment(scorer, probe, ids, 0, count, first, err);
    probe->is_cut = first > 0;
    if (count - first <= context)
        return put_segment(scorer, probe, ids, count - context, count, first, err);
    size_t end = first + stride > context ? first + stride : context;
    for (size_t fresh = first; fresh < count; fresh = end, end += stride) {
        end = end < count ? end : count;
        LM_TRY(put_segment(scorer, probe, ids, end > context ? end - context : 0, end, fresh, err));
    }
    return LM_OK;
}

static enum lm_status add_probe(struct task_scorer *scorer, struct task_probe *probe,
                                struct lm_err *err)
{
    const int32_t *ids;
    size_t count, place = 0;
    lm_buf_clear(&scorer->text);
    for (size_t i = 0; i < TASK_PARTS; i++) {
        lm_buf_append(&scorer->text, probe->parts[i].data, probe->parts[i].size);
        place += i < probe->scored ? probe->parts[i].size : 0;
    }
    LM_TRY(lm_buf_status(&scorer->text, err));
    LM_TRY(task_scorer_encode(scorer, scorer->text.data, scorer->text.size, &ids, &count, err));
    size_t first = find_first(scorer, probe, ids, count, place);
    probe->nll = probe->grams[0] = probe->grams[1] = 0;
    probe->share = 1;
    probe->hits = 0;
    probe->tokens = (uint32_t)(count - first);
    add_counts(scorer, probe, ids, first, count);
    scorer->done++;
    return put_windows(scorer, probe, ids, first, count, err);
}

enum lm_status task_score(struct task_scorer *scorer, struct task_probe *probes, size_t count,
                          struct lm_err *err)
{
    scorer->done = 0;
    scorer->total = count;
    scorer->segments = scorer->rows = 0;
    for (size_t i = 0; i < count; i++)
        LM_TRY(add_probe(scorer, &probes[i], err));
    return flush(scorer, err);
}
