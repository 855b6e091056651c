#include "train_patience.h"

#include <math.h>

void train_patience_look(struct train *train)
{
    struct train_patience *patience = &train->patience;
    bool better =
        isnan(patience->lowest) || train->valid < patience->lowest - train->params->min_delta;
    if (better)
        patience->lowest = train->valid;
    patience->looks = better ? 0 : patience->looks + 1;
}

bool train_patience_is_over(const struct train *train)
{
    uint64_t most = (uint64_t)train->params->patience;
    return most > 0 && train->patience.looks >= most;
}

void train_patience_report(const struct train *train)
{
    if (train->params->patience == 0)
        return;
    lm_ctx_result(train->ctx, "stopped_step", (double)train->step);
    if (train_patience_is_over(train))
        lm_ctx_note(train->ctx,
                    "stopped after step %llu: %llu validation passes without a loss below %.6g",
                    (unsigned long long)train->step, (unsigned long long)train->patience.looks,
                    train->patience.lowest - train->params->min_delta);
}
