#include "compare/worsening.h"

#include <math.h>

#include "compare/item_parts.h"
#include "page/numtext.h"
#include "stats/bootstrap.h"

static enum lm_status undecided(struct lm_worsening *out, struct lm_reason reason)
{
    out->result = LM_WORSENING_UNDECIDED;
    out->reason = reason;
    return LM_OK;
}

/* The worsening beyond the margin, signed so that more is worse. */
static void weigh(struct lm_item_parts *parts, struct lm_worsening *out, const struct lm_items *run,
                  const struct lm_items *baseline, const struct lm_worsening_question *question)
{
    const struct lm_pairing *pairing = question->pairing;
    double sign = question->better == LM_BETTER_HIGHER ? -1 : 1;
    double share = question->is_relative ? question->margin : 0;
    out->value = lm_pairing_value(pairing, parts->own);
    out->baseline = lm_pairing_value(pairing, parts->other);
    out->margin = question->is_relative ? share * fabs(out->baseline) : question->margin;
    out->worse = sign * (out->value - out->baseline);
    lm_item_parts_weigh(parts, pairing, run, baseline,
                        &(struct lm_item_question){sign, sign * share, out->worse - out->margin});
}

static const char *word_of(enum lm_worsening_result result)
{
    static const char *const words[] = {[LM_WORSENING_PASS] = "within",
                                        [LM_WORSENING_FAIL] = "beyond",
                                        [LM_WORSENING_UNDECIDED] = "not shown to be within"};

    return words[result];
}

static const char *text_of(struct lm_arena *arena, struct lm_num number)
{
    return lm_arena_strdup(arena, number.text);
}

static void explain(struct lm_worsening *out, const struct lm_worsening_question *question,
                    size_t items, struct lm_arena *arena)
{
    double sign = out->worse < 0 ? -1 : 1;
    double low = sign < 0 ? out->high : out->low, high = sign < 0 ? out->low : out->high;
    out->reason = (struct lm_reason){
        .kind = sign < 0 ? LM_REASON_BETTER : LM_REASON_WORSE,
        .parts = {text_of(arena, lm_num_short(fabs(out->worse), 3)), question->pairing->unit,
                  text_of(arena, lm_num_short(sign * low, 3)),
                  text_of(arena, lm_num_short(sign * high, 3)),
                  text_of(arena, lm_num_short(100 * question->confidence, 4)),
                  text_of(arena, lm_num_count((int64_t)items)), question->pairing->item,
                  word_of(out->result), text_of(arena, lm_num_short(out->margin, 3))}};
}

static enum lm_status decide(struct lm_worsening *out, const struct lm_item_parts *parts,
                             const struct lm_worsening_question *question, struct lm_arena *arena,
                             struct lm_err *err)
{
    struct lm_difference beyond;
    const struct lm_resampling how = {.resamples = question->resamples, .rng = question->rng};
    LM_TRY(lm_paired_difference(&beyond, parts->over, parts->under, parts->count,
                                2 * question->confidence - 1, &how, arena, err));
    out->low = beyond.low + out->margin;
    out->high = beyond.high + out->margin;
    if (isnan(beyond.low) && parts->count < LM_BOOTSTRAP_LEAST)
        return undecided(
            out, (struct lm_reason){.kind = LM_REASON_FEW,
                                    .parts = {lm_arena_printf(arena, "%d", LM_BOOTSTRAP_LEAST)}});
    if (isnan(beyond.low))
        return undecided(
            out, (struct lm_reason){.kind = LM_REASON_NO_SIZE, .parts = {question->pairing->item}});
    out->result = beyond.high <= 0 ? LM_WORSENING_PASS
                  : beyond.low > 0 ? LM_WORSENING_FAIL
                                   : LM_WORSENING_UNDECIDED;
    explain(out, question, parts->count, arena);
    return LM_OK;
}

enum lm_status lm_compare_worsening(struct lm_worsening *out, const struct lm_items *run,
                                    const struct lm_items *baseline,
                                    const struct lm_worsening_question *question,
                                    struct lm_arena *arena, struct lm_err *err)
{
    const double nan = (double)NAN;
    struct lm_item_parts parts;
    *out = (struct lm_worsening){LM_WORSENING_UNDECIDED, nan, nan, nan, nan, nan,
                                 question->margin,       {0}};
    const struct lm_pairing *pairing = question->pairing;
    const struct lm_paired_side own = {run, "this run"}, other = {baseline, "the baseline"};
    if (pairing->without != LM_REASON_NONE)
        return undecided(out,
                         (struct lm_reason){.kind = pairing->without, .parts = {pairing->item}});
    if (question->better == LM_BETTER_NONE)
        return undecided(out, (struct lm_reason){.kind = LM_REASON_NO_SIDE});
    if (!lm_pairing_fits(&out->reason, pairing, &own, &other, arena))
        return LM_OK;
    if (run->count == 0)
        return undecided(out, (struct lm_reason){.kind = LM_REASON_NO_ITEMS});
    LM_TRY(lm_item_parts_sum(&parts, pairing, run, baseline, arena, err));
    weigh(&parts, out, run, baseline, question);
    if (!parts.is_equal)
        return decide(out, &parts, question, arena, err);
    out->result = LM_WORSENING_PASS;
    out->low = out->high = 0;
    out->reason = (struct lm_reason){.kind = LM_REASON_SAME, .parts = {pairing->item}};
    return LM_OK;
}
