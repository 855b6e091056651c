/* Kind choice: the softmax of the choices' scores as probabilities. */
#include <math.h>

#include "base/elem.h"

#include "task_calibration.h"

enum { LEAST = 10 * LM_CALIBRATION_BINS };

void task_calibration_item(struct task_calibration *out, size_t item, const double *scores,
                           size_t choices, size_t answer, double share)
{
    double best = scores[0], sum = 0, squares = 0;
    for (size_t c = 1; c < choices; c++)
        best = fmax(best, scores[c]);
    for (size_t c = 0; c < choices; c++)
        sum += lm_exp(scores[c] - best);
    for (size_t c = 0; c < choices; c++) {
        double gap = lm_exp(scores[c] - best) / sum - (c == answer);
        squares += gap * gap;
    }
    out->confidence[item] = 1 / sum;
    out->correct[item] = share;
    out->brier += squares;
}

enum lm_status task_calibration_open(struct task_calibration *out, struct lm_arena *arena,
                                     size_t items, struct lm_err *err)
{
    *out = (struct task_calibration){.items = items,
                                     .confidence = LM_NEW_ARRAY(arena, double, items),
                                     .correct = LM_NEW_ARRAY(arena, double, items)};
    return out->confidence != NULL && out->correct != NULL
               ? LM_OK
               : lm_fail(err, LM_NOMEM, "no memory for the results of a task; give it a limit");
}

enum lm_status task_calibration_close(struct task_calibration *calibration, struct lm_arena *arena,
                                      struct lm_err *err)
{
    calibration->brier /= (double)calibration->items;
    calibration->ece = (double)NAN;
    if (calibration->items < LEAST)
        return LM_OK;
    LM_TRY(lm_calibration_cut(calibration->bins, calibration->confidence, calibration->correct,
                              calibration->items, arena, err));
    calibration->ece = lm_calibration_error(calibration->bins);
    return LM_OK;
}
