/*
 * Beam search: the most probable texts of a length, continued together. A text that ends leaves the
 * beam; the search is over when no text in it can become better than the best that has ended.
 */
#include "model/decode/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/elem.h"

/* A text in the beam. */
struct beam {
    int32_t *tokens; /* prompt and continuation */
    double *nll;     /* of the continuation */
    double score;    /* Σ log p */
    const float *logits;
    size_t sequence; /* that has seen all its tokens but the last */
};

/* One more token behind a text. */
struct step {
    double score, nll;
    size_t beam, rank;
    int32_t token;
};

struct beams {
    struct lm_search *search;
    size_t most;
    struct beam *live, *next, best; /* best: of those that have ended */
    size_t live_count, next_count;
    struct step *steps; /* most · (most + 1) */
    size_t step_count;
    size_t *owners; /* of each sequence: 1 + the text of `next` that has it; 0: free */
    int64_t made;   /* tokens of the live texts' continuations */
    int64_t best_made;
    double best_value;
};

static bool make_texts(struct beam *texts, size_t count, const struct lm_search *search)
{
    bool is_made = true;
    for (size_t i = 0; i < count; i++) {
        texts[i].tokens = malloc(search->longest * sizeof *texts[i].tokens);
        texts[i].nll = malloc((size_t)search->text->max_new * sizeof *texts[i].nll);
        is_made = is_made && texts[i].tokens != NULL && texts[i].nll != NULL;
    }
    return is_made;
}

static void free_texts(struct beam *texts, size_t count)
{
    for (size_t i = 0; texts != NULL && i < count; i++) {
        free(texts[i].tokens);
        free(texts[i].nll);
    }
}

static enum lm_status begin(struct beams *beams, struct lm_err *err)
{
    const struct lm_continuation *text = beams->search->text;
    size_t most = beams->most;
    beams->live = calloc(most, sizeof *beams->live);
    beams->next = calloc(most, sizeof *beams->next);
    beams->steps = calloc(most * (most + 1), sizeof *beams->steps);
    beams->owners = calloc(most, sizeof *beams->owners);
    beams->best_value = -INFINITY;
    if (beams->live == NULL || beams->next == NULL || beams->steps == NULL ||
        beams->owners == NULL || !make_texts(beams->live, most, beams->search) ||
        !make_texts(beams->next, most, beams->search) ||
        !make_texts(&beams->best, 1, beams->search))
        return lm_fail(err, LM_NOMEM, "out of memory for %zu beams of %zu tokens; ask for fewer",
                       most, beams->search->longest);
    memcpy(beams->live[0].tokens, text->prompt, (size_t)text->count * sizeof *text->prompt);
    beams->live_count = 1;
    return LM_OK;
}

static void end(struct beams *beams)
{
    if (beams->live != NULL && beams->next != NULL) {
        free_texts(beams->live, beams->most);
        free_texts(beams->next, beams->most);
    }
    free_texts(&beams->best, 1);
    free(beams->live);
    free(beams->next);
    free(beams->steps);
    free(beams->owners);
}

/* Wu et al. 2016, equation 14. */
static double value_of(const struct beams *beams, double score, int64_t made)
{
    double penalty = beams->search->text->rules->length_penalty;
    return penalty > 0 ? score / lm_pow((5 + (double)made) / 6, penalty) : score;
}

/* ---- a step ---- */

static enum lm_status feed(struct beams *beams, struct lm_err *err)
{
    struct lm_search *search = beams->search;
    int64_t count = search->text->count + beams->made;
    for (size_t b = 0; b < beams->live_count; b++)
        search->feeds[b] =
            lm_search_feed(search, (int64_t)beams->live[b].sequence, beams->live[b].tokens, count,
                           beams->made == 0 ? count : 1);
    LM_TRY(lm_session_feed(search->session, search->feeds, beams->live_count, err));
    for (size_t b = 0; b < beams->live_count; b++)
        beams->live[b].logits = search->feeds[b].logits;
    return LM_OK;
}

static int by_score(const void *a, const void *b)
{
    const struct step *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    if (x->beam != y->beam)
        return x->beam < y->beam ? -1 : 1;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

/* The most likely tokens behind each text: one more than the beam is wide, since one may end it. */
static void list_steps(struct beams *beams)
{
    beams->step_count = 0;
    for (size_t b = 0; b < beams->live_count; b++) {
        const struct beam *beam = &beams->live[b];
        double log_sum = lm_search_log_sum(beams->search->model, beam->logits);
        struct lm_candidates *candidates = lm_search_candidates(beams->search, beam->logits);
        for (size_t i = 0; i <= beams->most; i++) {
            const struct lm_candidate *one = lm_candidates_at(candidates, i);
            if (one == NULL)
                break;
            double nll = log_sum - (double)one->logit;
            beams->steps[beams->step_count++] = (struct step){
                .score = beam->score - nll, .nll = nll, .beam = b, .rank = i, .token = one->id};
        }
    }
    qsort(beams->steps, beams->step_count, sizeof *beams->steps, by_score);
}

static void take_step(const struct beams *beams, struct beam *out, const struct step *step)
{
    const struct beam *from = &beams->live[step->beam];
    size_t count = (size_t)(beams->search->text->count + beams->made);
    memcpy(out->tokens, from->tokens, count * sizeof *out->tokens);
    memcpy(out->nll, from->nll, (size_t)beams->made * sizeof *out->nll);
    out->tokens[count] = step->token;
    out->nll[beams->made] = step->nll;
    out->score = step->score;
    out->sequence = from->sequence;
}

static void consider(struct beams *beams, const struct step *step)
{
    double value = value_of(beams, step->score, beams->made + 1);
    if (value <= beams->best_value)
        return;
    take_step(beams, &beams->best, step);
    beams->best_value = value;
    beams->best_made = beams->made + 1;
}

/* The best steps make the next beam; those that end before it is full are texts. */
static void choose(struct beams *beams)
{
    const struct lm_sampling *method = beams->search->text->rules;
    bool is_last = beams->made + 1 == beams->search->text->max_new;
    beams->next_count = 0;
    for (size_t i = 0; i < beams->step_count && beams->next_count < beams->most; i++) {
        const struct step *step = &beams->steps[i];
        bool is_end = method->has_end && step->token == method->end;
        if (is_end || is_last)
            consider(beams, step);
        if (!is_end)
            take_step(beams, &beams->next[beams->next_count++], step);
    }
    beams->next_count = is_last ? 0 : beams->next_count;
}

/* ---- sequences ---- */

/* Tokens that two texts have in common, as far as a sequence of `held` tokens holds them. */
static int64_t in_common(const struct beams *beams, const struct beam *a, const struct beam *b,
                         int64_t held)
{
    int64_t count = beams->search->text->count + beams->made, at = count - held;
    while (at < count && a->tokens[at] == b->tokens[at])
        at++;
    return at - (count - held);
}

/* A free sequence for a text; that of a text which has just left the beam may share some tokens. */
static enum lm_status move(struct beams *beams, struct beam *beam, size_t owner, struct lm_err *err)
{
    struct lm_session *session = beams->search->session;
    int64_t held = lm_session_length(session, (int64_t)beam->sequence), shared = 0;
    size_t free_one = 0;
    while (beams->owners[free_one] != 0)
        free_one++;
    for (size_t b = 0; b < beams->live_count; b++)
        if (beams->live[b].sequence == free_one)
            shared = in_common(beams, &beams->live[b], beam, held);
    LM_TRY(lm_session_fork(session, (int64_t)beam->sequence, (int64_t)free_one, shared, err));
    beams->owners[free_one] = owner;
    beam->sequence = free_one;
    return LM_OK;
}

/* The first text behind another keeps its sequence, the others get copies. */
static enum lm_status seat(struct beams *beams, struct lm_err *err)
{
    memset(beams->owners, 0, beams->most * sizeof *beams->owners);
    for (size_t b = 0; b < beams->next_count; b++)
        if (beams->owners[beams->next[b].sequence] == 0)
            beams->owners[beams->next[b].sequence] = b + 1;
    for (size_t b = 0; b < beams->next_count; b++)
        if (beams->owners[beams->next[b].sequence] != b + 1)
            LM_TRY(move(beams, &beams->next[b], b + 1, err));
    struct beam *live = beams->live;
    beams->live = beams->next;
    beams->next = live;
    beams->live_count = beams->next_count;
    beams->made++;
    return LM_OK;
}

/* Can a text in the beam become better than the best? Its score only falls, and no length is
 * worth more than the longest. */
static bool is_open(const struct beams *beams)
{
    for (size_t b = 0; b < beams->live_count; b++)
        if (value_of(beams, beams->live[b].score, beams->search->text->max_new) > beams->best_value)
            return true;
    return false;
}

static void emit(const struct beams *beams)
{
    const struct lm_continuation *text = beams->search->text;
    for (int64_t i = 0; i < beams->best_made; i++)
        if (!text->emit(text->user, beams->best.tokens[text->count + i], beams->best.nll[i]))
            return;
}

enum lm_status lm_search_beams(struct lm_search *search, struct lm_err *err)
{
    struct beams beams = {.search = search, .most = search->sequences};
    enum lm_status status = begin(&beams, err);
    while (status == LM_OK && is_open(&beams)) {
        status = lm_search_poll(search, err);
        if (status == LM_OK)
            status = feed(&beams, err);
        if (status != LM_OK)
            break;
        list_steps(&beams);
        choose(&beams);
        status = seat(&beams, err);
    }
    if (status == LM_OK)
        emit(&beams);
    end(&beams);
    return status;
}
