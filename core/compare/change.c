#include "compare/change.h"

#include <math.h>
#include <string.h>

#include <lmpipe/hash.h>

#include "base/name_map.h"
#include "stats/bootstrap.h"
#include "stats/distributions.h"
#include "stats/paired_shares.h"

#include "compare/item_parts.h"

static const double CONFIDENCE = 0.95;

enum { RESAMPLES = 2000 };

static const struct lm_difference none = {(double)NAN, (double)NAN, (double)NAN, (double)NAN,
                                          (double)NAN};

/* ---- flips ---- */

static bool is_right(const struct lm_items *items, size_t i)
{
    return items->columns[LM_ITEM_SCORE][i] > 0.5;
}

static uint64_t rank_of(const struct lm_items *items, size_t i)
{
    return lm_hash64(items->ids[i], strlen(items->ids[i]), 0);
}

size_t lm_change_flips(size_t *out, size_t most, const struct lm_items *own,
                       const struct lm_items *other, bool to_right)
{
    size_t count = 0;
    for (size_t i = 0; i < own->count && most > 0; i++) {
        if (is_right(own, i) != to_right || is_right(other, i) == to_right)
            continue;
        size_t at = count < most ? count++ : most;
        for (; at > 0 && rank_of(own, i) < rank_of(own, out[at - 1]); at--)
            if (at < most)
                out[at] = out[at - 1];
        if (at < most)
            out[at] = i;
    }
    return count;
}

static void count_flips(struct lm_change *out, const struct lm_items *own,
                        const struct lm_items *other)
{
    for (size_t i = 0; i < own->count; i++) {
        out->newly_right += is_right(own, i) && !is_right(other, i);
        out->newly_wrong += is_right(other, i) && !is_right(own, i);
    }
    out->mcnemar = lm_mcnemar(out->newly_right, out->newly_wrong);
}

/* ---- differences ---- */

static enum lm_status resample(struct lm_difference *out, const double *over, const double *under,
                               size_t count, struct lm_arena *arena, struct lm_err *err)
{
    const struct lm_resampling how = {.resamples = RESAMPLES, .rng = lm_rng_stream(0, "change")};
    if (count <= LM_CHANGE_RESAMPLED)
        return lm_paired_difference(out, over, under, count, CONFIDENCE, &how, arena, err);
    *out = lm_paired_linear(over, under, count, CONFIDENCE);
    return LM_OK;
}

static struct lm_difference subtract_shares(const struct lm_item_parts *parts)
{
    double gained = 0, lost = 0;
    for (size_t i = 0; i < parts->count; i++) {
        gained += fmax(parts->over[i], 0);
        lost += fmax(-parts->over[i], 0);
    }
    return lm_paired_shares(gained, lost, (double)parts->count, CONFIDENCE);
}

/* Sums by group; the number of groups, 0 when an item has none. LM_NOMEM. */
static enum lm_status sum_groups(double **over, double **under, size_t *count,
                                 const struct lm_item_parts *parts, const struct lm_items *items,
                                 struct lm_arena *arena, struct lm_err *err)
{
    struct lm_name_map map;
    lm_name_map_init(&map, arena);
    *over = LM_NEW_ARRAY(arena, double, parts->count);
    *under = LM_NEW_ARRAY(arena, double, parts->count);
    *count = 0;
    bool is_done = *over != NULL && *under != NULL;
    for (size_t i = 0; is_done && i < parts->count; i++) {
        const char *group = items->groups[i];
        size_t place = group != NULL ? lm_name_map_find(&map, group) : SIZE_MAX;
        if (group == NULL) {
            *count = 0;
            return LM_OK;
        }
        if (place == SIZE_MAX) {
            place = (*count)++;
            is_done = lm_name_map_put(&map, group, place);
        }
        (*over)[place] += parts->over[i];
        (*under)[place] += parts->under[i];
    }
    return is_done ? LM_OK : lm_fail(err, LM_NOMEM, "no memory for groups of items; free some");
}

static enum lm_status subtract_groups(struct lm_change *out, const struct lm_item_parts *parts,
                                      const struct lm_items *items, struct lm_arena *arena,
                                      struct lm_err *err)
{
    double *over, *under;
    LM_TRY(sum_groups(&over, &under, &out->groups, parts, items, arena, err));
    return out->groups > 1 ? resample(&out->by_group, over, under, out->groups, arena, err) : LM_OK;
}

static enum lm_status refuse(struct lm_change *out, struct lm_reason why)
{
    out->why = why;
    return LM_OK;
}

enum lm_status lm_change_measure(struct lm_change *out, const char *metric,
                                 const struct lm_items *own, const struct lm_items *other,
                                 struct lm_arena *arena, struct lm_err *err)
{
    struct lm_item_parts parts;
    out->metric = metric;
    out->pairing = lm_pairing_for(metric, own);
    out->difference = out->by_group = none;
    out->mcnemar = (double)NAN;
    out->verdict = LM_VERDICT_NOT_COMPARED;
    const struct lm_pairing *pairing = &out->pairing;
    const char *set = lm_arena_strndup(arena, metric, strcspn(metric, "."));
    if (set == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a metric; free some");
    if (own == NULL || other == NULL)
        return refuse(out, (struct lm_reason){
                               .kind = LM_REASON_NO_ITEMS_OF,
                               .parts = {own == NULL ? "this run" : "the baseline's run", set}});
    if (pairing->without != LM_REASON_NONE)
        return refuse(out, (struct lm_reason){.kind = pairing->without, .parts = {pairing->item}});
    if (!lm_pairing_fits(&out->why, pairing, &(struct lm_paired_side){own, "this run"},
                         &(struct lm_paired_side){other, "the baseline"}, arena))
        return LM_OK;
    if (own->count == 0)
        return refuse(out, (struct lm_reason){.kind = LM_REASON_NO_ITEMS});
    LM_TRY(lm_item_parts_sum(&parts, pairing, own, other, arena, err));
    double rest = lm_pairing_value(pairing, parts.own) - lm_pairing_value(pairing, parts.other);
    lm_item_parts_weigh(&parts, pairing, own, other, &(struct lm_item_question){1, 0, rest});
    out->items = own->count;
    if (pairing->is_right_wrong) {
        count_flips(out, own, other);
        out->difference = subtract_shares(&parts);
    } else
        LM_TRY(resample(&out->difference, parts.over, parts.under, parts.count, arena, err));
    if (isnan(out->difference.low))
        out->why = (struct lm_reason){
            .kind = LM_REASON_FEW,
            .parts = {lm_arena_printf(arena, "%d",
                                      pairing->is_right_wrong ? (int)LM_PAIRED_SHARES_LEAST
                                                              : (int)LM_BOOTSTRAP_LEAST)}};
    out->verdict = lm_compare_verdict(pairing->better, out->difference.low, out->difference.high);
    return subtract_groups(out, &parts, own, arena, err);
}
