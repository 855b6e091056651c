/* Is the most likely token right as often as its probability says? */
#include <math.h>

#include "evaluation.h"

enum { CHUNK = 1 << 16, BORDERS = LM_CALIBRATION_BINS - 1 };

enum lm_status evaluate_calibration(struct evaluation *evaluation, enum lm_split split,
                                    struct lm_err *err)
{
    struct evaluate_split *out = &evaluation->splits[split];
    float borders[BORDERS] = {0};
    double squares = 0;
    LM_TRY(evaluate_borders(borders, LM_CALIBRATION_BINS, evaluation, out->top, out->tokens, err));
    for (uint64_t i = 0; i < out->tokens; i++) {
        size_t b = 0;
        double confidence = (double)out->top[i], is_right = out->rank[i] == 0;
        if (i % CHUNK == 0)
            LM_TRY(evaluate_poll(evaluation, err));
        while (b < BORDERS && out->top[i] >= borders[b])
            b++;
        out->reliability[b].count++;
        out->reliability[b].confidence += confidence;
        out->reliability[b].correct += is_right;
        squares += (confidence - is_right) * (confidence - is_right);
    }
    out->ece = lm_calibration_error(out->reliability);
    out->brier = squares / (double)out->tokens;
    return LM_OK;
}

/* ---- what context is worth ---- */

/* Mean loss of the positions [first, end) of all windows; NaN: there are none. */
static double mean_at(const struct evaluate_split *split, uint64_t first, uint64_t end)
{
    double sum = 0;
    uint64_t count = 0;
    for (uint64_t t = first; t < end; t++) {
        sum += split->position_nll[t];
        count += split->position_count[t];
    }
    return count > 0 ? sum / (double)count : (double)NAN;
}

double evaluate_context_gain(const struct evaluation *evaluation,
                             const struct evaluate_split *split)
{
    enum { FIRST = 32, END = 64 };

    uint64_t last = evaluation->context - evaluation->context / 8;
    if (last < END)
        return (double)NAN;
    return mean_at(split, FIRST, END) - mean_at(split, last, evaluation->context);
}
