#include "train_average.h"

#include "base/elem.h"

void train_average_update(struct train *train)
{
    double keep = train->params->ema;
    if (train->average != NULL)
        lm_model_average(train->model, train->average,
                         (1 - keep) / (1 - lm_powi(keep, train->norms.count)));
}

void train_average_swap(struct train *train)
{
    if (train->average != NULL && train->norms.count > 0)
        lm_model_swap(train->model, train->average);
}
