/*
 * One token from logits: the rules of a method, each on what the one before kept, then a draw.
 */
#include <lmpipe/model.h>

#include <math.h>

#include "base/elem.h"
#include "model/decode/candidates.h"
#include "model/decode/sampling.h"

/* A draw in the making. */
struct chain {
    const struct lm_sampling *method;
    const int32_t *history;
    int64_t history_count;
    struct lm_candidates candidates;
    unsigned char *seen;
};

size_t lm_sampling_scratch(int64_t vocab)
{
    return lm_candidates_bytes((size_t)vocab) + (size_t)vocab;
}

enum { FEW = 256 /* candidates that are listed before an index is made */ };

/* The first candidates whose mass is more than a share of all. False: the index leaves it open, or
 * there is none. */
static bool look_up(struct lm_mass_place *out, struct lm_candidates *candidates, double share)
{
    struct lm_mass goal = {0, 0}, before = {0, 0};
    struct lm_mass_index *index = lm_candidates_index(candidates);
    if (index == NULL)
        return false;
    if (candidates->is_closed)
        goal = lm_mass_index_sum(index, candidates->limit);
    else
        goal.value = lm_candidates_total(candidates, NULL);
    if (candidates->is_slice)
        before = lm_mass_index_sum(index, candidates->skip);
    goal.value = before.value + share * (goal.value - before.value);
    goal.slack += before.slack;
    return lm_mass_index_reach(index, goal, out) && out->count <= candidates->limit &&
           out->count > candidates->skip;
}

/* Whether a share of all cannot be reached by a few candidates, or all are few or listed. */
static bool is_deep(struct lm_candidates *candidates, double share)
{
    if (candidates->is_slice)
        return candidates->limit - candidates->skip > FEW;
    if (candidates->is_closed)
        return candidates->limit > FEW && candidates->count < candidates->limit;
    return share * lm_candidates_total(candidates, NULL) > FEW; /* no weight is above 1 */
}

/* How many of the first candidates reach a share of all; at least one. */
static size_t reach(struct lm_candidates *candidates, double share)
{
    const struct lm_candidate *one;
    struct lm_mass_place place;
    if (is_deep(candidates, share) && look_up(&place, candidates, share))
        return place.count - (candidates->is_slice ? candidates->skip : 0);
    double goal = share * lm_candidates_total(candidates, NULL), mass = 0;
    size_t kept = 0;
    while (mass < goal && (one = lm_candidates_at(candidates, kept)) != NULL) {
        mass += one->weight;
        if (++kept == FEW && mass < goal && look_up(&place, candidates, share))
            return place.count;
    }
    return kept > 0 ? kept : 1;
}

/* How many have at least a weight; at least one. */
static size_t above(struct lm_candidates *candidates, double least)
{
    const struct lm_candidate *one;
    size_t kept = lm_candidates_peaks(candidates, least) > FEW ? FEW : 1;
    while (kept < FEW && (one = lm_candidates_at(candidates, kept)) != NULL && one->weight >= least)
        kept++;
    struct lm_mass_index *index = kept == FEW ? lm_candidates_index(candidates) : NULL;
    if (index != NULL)
        return lm_mass_index_above(index, least);
    while (kept >= FEW && (one = lm_candidates_at(candidates, kept)) != NULL &&
           one->weight >= least)
        kept++;
    return kept;
}

/* ---- the rules ---- */

static void apply_penalty(struct chain *chain)
{
    lm_candidates_penalise(&chain->candidates, chain->history, chain->history_count,
                           chain->method->repetition_penalty, chain->seen);
}

static void apply_temperature(struct chain *chain)
{
    lm_candidates_heat(&chain->candidates, chain->method->temperature);
}

static void apply_top_k(struct chain *chain)
{
    lm_candidates_close(&chain->candidates, (size_t)chain->method->top_k);
}

static void apply_top_p(struct chain *chain)
{
    lm_candidates_close(&chain->candidates, reach(&chain->candidates, chain->method->top_p));
}

static void apply_min_p(struct chain *chain)
{
    lm_candidates_close(&chain->candidates, above(&chain->candidates, chain->method->min_p));
}

static void apply_eta(struct chain *chain)
{
    double eta = chain->method->eta, moment;
    double total = lm_candidates_total(&chain->candidates, &moment);
    double typical = sqrt(eta) * lm_exp(moment / total) / total; /* √eta·e^−H */
    lm_candidates_close(&chain->candidates,
                        above(&chain->candidates, total * (typical < eta ? typical : eta)));
}

/* A candidate's −ln p less the entropy, without sign: with H = ln total − middle the distance of
 * its ln weight from the middle, the mean of ln weight. */
static double distance_of(const struct lm_candidates *candidates, const struct lm_candidate *one,
                          double middle)
{
    return fabs(((double)one->logit - candidates->largest) / candidates->temperature - middle);
}

/* Candidates [from, to) of a sorted list, without some between them that are as likely. */
struct span {
    size_t from, to, gap, gap_end;
};

/* Takes the equals of candidate from − 1, which are before it, lowest ids first, as far as the mass
 * needs them. */
static void take_run(struct span *span, const struct lm_candidate *items, double goal, double *mass)
{
    size_t first = span->from - 1, i;
    while (first > 0 && items[first - 1].logit == items[first].logit)
        first--;
    for (i = first; i < span->from && *mass < goal; i++)
        *mass += items[i].weight;
    span->gap = i;
    span->gap_end = span->from;
    span->from = first;
}

/* The candidates nearest to the middle, more likely ones first, until their mass is the goal. */
static struct span nearest(struct lm_candidates *candidates, double middle, double goal)
{
    const struct lm_candidate *below;
    struct span span = {0};
    double mass = 0;
    while ((below = lm_candidates_at(candidates, span.to)) != NULL &&
           ((double)below->logit - candidates->largest) / candidates->temperature >= middle)
        span.to++;
    span.from = span.gap = span.gap_end = span.to;
    while (mass < goal) {
        below = lm_candidates_at(candidates, span.to);
        if (span.from > 0 &&
            (below == NULL || distance_of(candidates, &candidates->items[span.from - 1], middle) <=
                                  distance_of(candidates, below, middle))) {
            take_run(&span, candidates->items, goal, &mass);
        } else if (below != NULL) {
            mass += below->weight;
            span.to++;
        } else {
            break;
        }
    }
    return span;
}

/* The same where many are above the middle, without listing them. False: the index leaves it open.
 */
static bool slice_nearest(struct lm_candidates *candidates, double middle, double goal)
{
    struct lm_mass_slice slice;
    bool is_deep = !candidates->is_closed && lm_candidates_peaks(candidates, lm_exp(middle)) > FEW;
    struct lm_mass_index *index = is_deep ? lm_candidates_index(candidates) : NULL;
    if (index == NULL || !lm_mass_index_nearest(index, middle, goal, &slice))
        return false;
    lm_candidates_slice(candidates, slice.from, slice.to);
    return true;
}

static void apply_typical(struct chain *chain)
{
    struct lm_candidates *candidates = &chain->candidates;
    double moment, total = lm_candidates_total(candidates, &moment);
    double middle = moment / total, goal = chain->method->typical_p * total;
    if (slice_nearest(candidates, middle, goal))
        return;
    struct span span = nearest(candidates, middle, goal);
    struct lm_candidate *items = candidates->items;
    size_t kept = 0;
    for (size_t i = span.from; i < span.to; i++)
        if (i < span.gap || i >= span.gap_end)
            items[kept++] = items[i];
    lm_candidates_keep(candidates, kept);
}

static void (*const rules[LM_RULES])(struct chain *chain) = {
    [LM_RULE_REPETITION_PENALTY] = apply_penalty,
    [LM_RULE_TEMPERATURE] = apply_temperature,
    [LM_RULE_TOP_K] = apply_top_k,
    [LM_RULE_TYPICAL_P] = apply_typical,
    [LM_RULE_TOP_P] = apply_top_p,
    [LM_RULE_MIN_P] = apply_min_p,
    [LM_RULE_ETA] = apply_eta,
};

/* ---- the draw ---- */

static int32_t draw(struct lm_candidates *candidates, double u)
{
    const struct lm_candidate *one, *choice;
    struct lm_mass_place place;
    if (is_deep(candidates, u) && look_up(&place, candidates, u))
        return place.id;
    choice = lm_candidates_at(candidates, 0);
    double goal = u * lm_candidates_total(candidates, NULL), mass = 0;
    for (size_t i = 0; mass <= goal && (one = lm_candidates_at(candidates, i)) != NULL; i++) {
        if (i == FEW && look_up(&place, candidates, u))
            return place.id;
        mass += one->weight;
        choice = one->weight > 0 ? one : choice;
    }
    return choice != NULL ? choice->id : 0; /* weights that are no numbers: the first */
}

int32_t lm_sampling_draw_by(const struct lm_kernels *kernels, const struct lm_sampling *method,
                            const float *logits, int64_t vocab, const int32_t *history,
                            int64_t count, double u, void *scratch)
{
    struct chain chain = {.method = method, .history = history, .history_count = count};
    struct lm_mass_index index; /* filled where it is needed */
    enum lm_rule order[LM_RULES];
    size_t size = (size_t)(method->tokens > 0 && method->tokens < vocab ? method->tokens : vocab);
    size_t rule_count = lm_sampling_order(order, method);
    chain.seen = (unsigned char *)scratch + lm_candidates_bytes(size);
    lm_candidates_open(&chain.candidates, kernels, logits, size, scratch);
    chain.candidates.index = &index;
    if (!(method->temperature > 0)) {
        if (lm_sampling_uses(method, LM_RULE_REPETITION_PENALTY))
            apply_penalty(&chain);
        return lm_candidates_first(&chain.candidates);
    }
    for (size_t i = 0; i < rule_count; i++)
        rules[order[i]](&chain);
    return draw(&chain.candidates, u);
}

int32_t lm_sampling_draw(const struct lm_sampling *method, const float *logits, int64_t vocab,
                         const int32_t *history, int64_t count, double u, void *scratch)
{
    return lm_sampling_draw_by(lm_kernels_pick(NULL), method, logits, vocab, history, count, u,
                               scratch);
}
