#include "compare/worsening.h"

#include <math.h>

#include "page/numtext.h"
#include "stats/bootstrap.h"

/* Both as ratios of sums, and the items' parts of the worsening beyond the margin. */
struct sums {
    double run, baseline;
    double *over, *under;
    bool is_equal; /* every item is what it was */
};

static enum lm_status undecided(struct lm_worsening *out, struct lm_reason reason)
{
    out->result = LM_WORSENING_UNDECIDED;
    out->reason = reason;
    return LM_OK;
}

static enum lm_status add_up(struct sums *out, const struct lm_items *run,
                             const struct lm_items *baseline, const struct lm_pairing *pairing,
                             struct lm_arena *arena, struct lm_err *err)
{
    double total = 0, a = 0, b = 0;
    *out = (struct sums){.over = LM_NEW_ARRAY(arena, double, run->count),
                         .under = LM_NEW_ARRAY(arena, double, run->count),
                         .is_equal = true};
    if (out->over == NULL || out->under == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu items; free some", run->count);
    for (size_t i = 0; i < run->count; i++) {
        double x = run->columns[pairing->over][i], y = baseline->columns[pairing->over][i];
        out->under[i] = lm_pairing_under(pairing, run, i);
        out->is_equal = out->is_equal && x == y;
        total += out->under[i];
        a += x;
        b += y;
    }
    out->run = a / total;
    out->baseline = b / total;
    return LM_OK;
}

/* The metric's change by an item, linearised at both ratios (exact but for a perplexity), signed so
 * that more is worse, less its part of the margin. The ratio of sums is the worsening beyond it. */
static void weigh(struct sums *sums, struct lm_worsening *out, const struct lm_items *run,
                  const struct lm_items *baseline, const struct lm_worsening_question *question)
{
    const struct lm_pairing *pairing = question->pairing;
    double sign = question->better == LM_BETTER_HIGHER ? -1 : 1;
    double share = question->is_relative ? question->margin : 0;
    double own = lm_pairing_slope(pairing, sums->run);
    double other = lm_pairing_slope(pairing, sums->baseline) * (1 + sign * share);
    out->value = lm_pairing_value(pairing, sums->run);
    out->baseline = lm_pairing_value(pairing, sums->baseline);
    out->margin = question->is_relative ? share * fabs(out->baseline) : question->margin;
    out->worse = sign * (out->value - out->baseline);
    for (size_t i = 0; i < run->count; i++) {
        double x = run->columns[pairing->over][i] - sums->run * sums->under[i];
        double y = baseline->columns[pairing->over][i] - sums->baseline * sums->under[i];
        sums->over[i] = sign * (own * x - other * y) + (out->worse - out->margin) * sums->under[i];
    }
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

static enum lm_status decide(struct lm_worsening *out, const struct sums *sums, size_t items,
                             const struct lm_worsening_question *question, struct lm_arena *arena,
                             struct lm_err *err)
{
    struct lm_difference beyond;
    const struct lm_resampling how = {question->resamples, question->rng,
                                      2 * question->confidence - 1, NULL, NULL};
    LM_TRY(lm_paired_difference(&beyond, sums->over, sums->under, items, &how, arena, err));
    out->low = beyond.low + out->margin;
    out->high = beyond.high + out->margin;
    if (isnan(beyond.low) && items < LM_BOOTSTRAP_LEAST)
        return undecided(out, (struct lm_reason){.kind = LM_REASON_FEW});
    if (isnan(beyond.low))
        return undecided(
            out, (struct lm_reason){.kind = LM_REASON_NO_SIZE, .parts = {question->pairing->item}});
    out->result = beyond.high <= 0 ? LM_WORSENING_PASS
                  : beyond.low > 0 ? LM_WORSENING_FAIL
                                   : LM_WORSENING_UNDECIDED;
    explain(out, question, items, arena);
    return LM_OK;
}

enum lm_status lm_compare_worsening(struct lm_worsening *out, const struct lm_items *run,
                                    const struct lm_items *baseline,
                                    const struct lm_worsening_question *question,
                                    struct lm_arena *arena, struct lm_err *err)
{
    const double nan = (double)NAN;
    struct sums sums;
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
    LM_TRY(add_up(&sums, run, baseline, pairing, arena, err));
    weigh(&sums, out, run, baseline, question);
    if (!sums.is_equal)
        return decide(out, &sums, run->count, question, arena, err);
    out->result = LM_WORSENING_PASS;
    out->low = out->high = 0;
    out->reason = (struct lm_reason){.kind = LM_REASON_SAME, .parts = {pairing->item}};
    return LM_OK;
}
