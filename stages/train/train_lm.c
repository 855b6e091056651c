/* Objective lm: the next token of encoded text. */
#include <lmpipe/model.h>

#include "train_state.h"
#include "train_task.h"

static double scored(const struct train *train, uint64_t first, int64_t rows)
{
    return (double)train_data_scored(&train->data, first, rows);
}

static enum lm_status accumulate(struct train *train, uint64_t first, double scale, double *loss,
                                 struct lm_err *err)
{
    int64_t rows = train->params->batch;
    LM_TRY(train_data_batch(&train->data, first, rows, train->inputs, train->targets, err));
    train_data_prefetch(&train->data, first + (uint64_t)rows, rows);
    return lm_model_accumulate(train->model, train->inputs, train->targets, rows, train->context,
                               scale, loss, err);
}

/* Mean loss over the fixed windows of the valid split, summed in double in window order. */
static enum lm_status valid(struct train *train, double *out, struct lm_err *err)
{
    const struct train_params *p = train->params;
    uint64_t windows = train->data.valid_windows;
    int64_t time = train->data.valid_time;
    double sum = 0;
    for (uint64_t first = 0; first < windows; first += (uint64_t)p->batch) {
        uint64_t rest = windows - first;
        int64_t rows = rest < (uint64_t)p->batch ? (int64_t)rest : p->batch;
        const struct lm_scores scores = {.nll = train->nll};
        if (lm_ctx_cancelled(train->ctx))
            return lm_fail(err, LM_CANCELLED, "interrupted");
        LM_TRY(train_data_valid(&train->data, first, rows, train->inputs, train->targets, err));
        LM_TRY(
            lm_model_score(train->model, train->inputs, train->targets, rows, time, &scores, err));
        for (int64_t i = 0; i < rows * time; i++)
            sum += (double)train->nll[i];
    }
    *out = sum / ((double)windows * (double)time);
    return LM_OK;
}

const struct train_task train_lm = {NULL, scored, accumulate, valid};
