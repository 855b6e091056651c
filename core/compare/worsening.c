#include "compare/worsening.h"

#include <math.h>
#include <stdio.h>

#include "page/numtext.h"
#include "stats/bootstrap.h"

/* Both as ratios of sums, and the items' parts of the worsening beyond the margin. */
struct sums {
    double run, baseline;
    double *over, *under;
    bool is_equal; /* every item is what it was */
};

static enum lm_status undecided(struct lm_worsening *out, const char *reason)
{
    out->result = LM_WORSENING_UNDECIDED;
    snprintf(out->reason, sizeof out->reason, "%s", reason);
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

static void explain(struct lm_worsening *out, const struct lm_worsening_question *question,
                    size_t items)
{
    double sign = out->worse < 0 ? -1 : 1;
    struct lm_num worse = lm_num_short(fabs(out->worse), 3);
    struct lm_num low = lm_num_short(sign * (sign < 0 ? out->high : out->low), 3);
    struct lm_num high = lm_num_short(sign * (sign < 0 ? out->low : out->high), 3);
    struct lm_num margin = lm_num_short(out->margin, 3), count = lm_num_count((int64_t)items);
    struct lm_num confidence = lm_num_short(100 * question->confidence, 4);
    snprintf(out->reason, sizeof out->reason,
             "%s by %s%s%s (%s to %s at %s %% on each side, over %s %ss, not over seeds), %s the "
             "margin of %s",
             sign < 0 ? "better" : "worse", worse.text, question->pairing->unit[0] ? " " : "",
             question->pairing->unit, low.text, high.text, confidence.text, count.text,
             question->pairing->item, word_of(out->result), margin.text);
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
        return undecided(out, "there are fewer than 20 items: no interval");
    if (isnan(beyond.low)) {
        snprintf(out->reason, sizeof out->reason,
                 "what the metric divides by adds up to 0 over all %ss: no interval",
                 question->pairing->item);
        return LM_OK;
    }
    out->result = beyond.high <= 0 ? LM_WORSENING_PASS
                  : beyond.low > 0 ? LM_WORSENING_FAIL
                                   : LM_WORSENING_UNDECIDED;
    explain(out, question, items);
    return LM_OK;
}

enum lm_status lm_compare_worsening(struct lm_worsening *out, const struct lm_items *run,
                                    const struct lm_items *baseline,
                                    const struct lm_worsening_question *question,
                                    struct lm_arena *arena, struct lm_err *err)
{
    const double nan = (double)NAN;
    struct sums sums;
    struct lm_err why = {0};
    *out = (struct lm_worsening){LM_WORSENING_UNDECIDED, nan, nan, nan, nan, nan,
                                 question->margin,       ""};
    if (question->pairing->without != NULL)
        return undecided(out, question->pairing->without);
    if (question->better == LM_BETTER_NONE)
        return undecided(out, "the metric has no better side; give `better`");
    if (lm_pairing_check(question->pairing, run, "this run", baseline, "the baseline", &why) !=
        LM_OK)
        return undecided(out, why.text);
    if (run->count == 0)
        return undecided(out, "there are no items");
    LM_TRY(add_up(&sums, run, baseline, question->pairing, arena, err));
    weigh(&sums, out, run, baseline, question);
    if (!sums.is_equal)
        return decide(out, &sums, run->count, question, arena, err);
    out->result = LM_WORSENING_PASS;
    out->low = out->high = 0;
    snprintf(out->reason, sizeof out->reason, "every %s has the number it had",
             question->pairing->item);
    return LM_OK;
}
