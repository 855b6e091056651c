#include "task_score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lmpipe/tokenizer.h>

#include "base/buf.h"
#include "base/io.h"
#include "task_pack.h"

/* A probe whose tokens wait for their turn. */
struct waiting {
    struct task_probe *probe;
    const int32_t *ids;
    size_t place, count, scored; /* of its first token among all that wait; the first that counts */
};

/* A text of the call: which probe's, and from which row on it is scored. */
struct piece {
    struct task_probe *probe;
    size_t scored;
};

struct task_scorer {
    struct evaluation *evaluation;
    struct lm_model *model;
    struct lm_vocab *vocab;
    struct lm_encoder *encoder;
    int32_t end_of_text;
    struct lm_buf text; /* of the probe at hand */
    /* probes that are put in an order in which they share the most */
    struct lm_buf ids;
    struct waiting *waiting;
    size_t waiting_count;
    /* the call that is being filled */
    struct task_pack pack;
    struct piece *pieces;
    int32_t *rank, *equal;
    float *nll;
    uint64_t done, total; /* probes */
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to score tasks; give a smaller batch");
}

enum {
    WAIT_IDS = 1 << 20,   /* tokens that wait, a text's own beyond that */
    WAIT_TEXTS = 1 << 17, /* and texts */
};

static enum lm_status make_room(struct task_scorer *scorer, struct lm_err *err)
{
    const struct evaluation *evaluation = scorer->evaluation;
    size_t context = (size_t)evaluation->context, room = (size_t)evaluation->batch * context;
    struct lm_arena *arena = evaluation->arena;
    LM_TRY(task_pack_create(&scorer->pack, arena, room, context, err));
    scorer->pieces = LM_NEW_ARRAY(arena, struct piece, room);
    scorer->rank = LM_NEW_ARRAY(arena, int32_t, 4 * room);
    scorer->nll = LM_NEW_ARRAY(arena, float, 2 * room); /* of rows, and others */
    scorer->waiting = LM_NEW_ARRAY(arena, struct waiting, WAIT_TEXTS);
    if (scorer->pieces == NULL || scorer->rank == NULL || scorer->nll == NULL ||
        scorer->waiting == NULL)
        return no_memory(err);
    scorer->equal = scorer->rank + 2 * room;
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
    lm_buf_init(&scorer->ids, 0);
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
    lm_buf_release(&scorer->ids);
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

/* Adds what the model said of text i of the call to its probe. */
static enum lm_status take_piece(struct task_scorer *scorer, size_t i, struct lm_err *err)
{
    const struct piece *piece = &scorer->pieces[i];
    struct task_probe *probe = piece->probe;
    size_t length;
    const int32_t *rows = task_pack_path(&scorer->pack, i, &length);
    for (size_t t = piece->scored; t < length; t++) {
        size_t row = (size_t)rows[t];
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
    if (scorer->pack.texts == 0)
        return LM_OK;
    LM_TRY(evaluate_poll(scorer->evaluation, err));
    const struct lm_packed_texts texts = task_pack_texts(&scorer->pack);
    if (texts.count > 0)
        LM_TRY(lm_model_score_packed(scorer->model, &texts, &out, err));
    for (size_t i = 0; i < scorer->pack.texts; i++)
        LM_TRY(take_piece(scorer, i, err));
    task_pack_clear(&scorer->pack);
    lm_ctx_progress(scorer->evaluation->ctx, scorer->done, scorer->total, "texts");
    return LM_OK;
}

/* Tokens [first, end) of a text as rows, of which those from `scored` on are targets. */
static enum lm_status put_piece(struct task_scorer *scorer, struct task_probe *probe,
                                const int32_t *ids, size_t first, size_t end, size_t scored,
                                struct lm_err *err)
{
    struct task_pack *pack = &scorer->pack;
    size_t length = end - first;
    for (size_t t = 0; t < length; t++) {
        pack->fresh_tokens[t] = first + t > 0 ? ids[first + t - 1] : scorer->end_of_text;
        pack->fresh_targets[t] = first + t >= scored ? ids[first + t] : -1;
    }
    if (!task_pack_add(pack, length)) {
        LM_TRY(flush(scorer, err));
        task_pack_add(pack, length);
    }
    scorer->pieces[pack->texts - 1] = (struct piece){probe, scored > first ? scored - first : 0};
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
        if (probe->is_greedy && probe->firsts[0] > 0)
            probe->firsts[0] *= kn_unigram_first(evaluation->counts, ids[i]);
        if (probe->is_greedy && probe->firsts[1] > 0)
            probe->firsts[1] *= kn_bigram_first(evaluation->counts, before, ids[i]);
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
        return put_piece(scorer, probe, ids, 0, count, first, err);
    probe->is_cut = first > 0;
    if (count - first <= context)
        return put_piece(scorer, probe, ids, count - context, count, first, err);
    size_t end = first + stride > context ? first + stride : context;
    for (size_t fresh = first; fresh < count; fresh = end, end += stride) {
        end = end < count ? end : count;
        LM_TRY(put_piece(scorer, probe, ids, end > context ? end - context : 0, end, fresh, err));
    }
    return LM_OK;
}

/* ---- the order ----
 * Texts that begin alike follow one another, so that what they share is computed once
 * (task_pack.h). A probe's numbers are the same bits in any order. */

/* By tokens, then by where they begin to count, then as they came. */
static int compare_waiting(const void *a, const void *b)
{
    const struct waiting *x = a, *y = b;
    size_t most = x->count < y->count ? x->count : y->count;
    for (size_t t = 0; t < most; t++)
        if (x->ids[t] != y->ids[t])
            return x->ids[t] < y->ids[t] ? -1 : 1;
    if (x->count != y->count)
        return x->count < y->count ? -1 : 1;
    if (x->scored != y->scored)
        return x->scored < y->scored ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* Scores all that wait. */
static enum lm_status drain(struct task_scorer *scorer, struct lm_err *err)
{
    size_t count = scorer->waiting_count;
    const int32_t *ids = (const void *)scorer->ids.data;
    for (size_t i = 0; i < count; i++)
        scorer->waiting[i].ids = ids + scorer->waiting[i].place;
    qsort(scorer->waiting, count, sizeof *scorer->waiting, compare_waiting);
    for (size_t i = 0; i < count; i++) {
        const struct waiting *own = &scorer->waiting[i];
        scorer->done++;
        LM_TRY(put_windows(scorer, own->probe, own->ids, own->scored, own->count, err));
    }
    scorer->waiting_count = 0;
    lm_buf_clear(&scorer->ids);
    return flush(scorer, err);
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
    probe->share = probe->firsts[0] = probe->firsts[1] = 1;
    probe->hits = 0;
    probe->tokens = (uint32_t)(count - first);
    add_counts(scorer, probe, ids, first, count);
    size_t before = scorer->ids.size / sizeof *ids;
    scorer->waiting[scorer->waiting_count++] = (struct waiting){probe, NULL, before, count, first};
    lm_buf_append(&scorer->ids, ids, count * sizeof *ids);
    LM_TRY(lm_buf_status(&scorer->ids, err));
    bool is_full = scorer->waiting_count == WAIT_TEXTS || before + count >= WAIT_IDS;
    return is_full ? drain(scorer, err) : LM_OK;
}

enum lm_status task_score(struct task_scorer *scorer, struct task_probe *probes, size_t count,
                          struct lm_err *err)
{
    enum { POLL = 1 << 10 };

    scorer->done = 0;
    scorer->total = count;
    task_pack_clear(&scorer->pack);
    scorer->waiting_count = 0;
    lm_buf_clear(&scorer->ids);
    for (size_t i = 0; i < count; i++) {
        if (i % POLL == 0)
            LM_TRY(evaluate_poll(scorer->evaluation, err));
        LM_TRY(add_probe(scorer, &probes[i], err));
    }
    return drain(scorer, err);
}
