#include "train_schedule.h"

#include <string.h>

#include "base/elem.h"

static double cosine(double part)
{
    return 0.5 * (1 + lm_cos(3.141592653589793 * part));
}

static double linear(double part)
{
    return 1 - part;
}

static double constant(double part)
{
    (void)part;
    return 1;
}

/* How much of lr − min_lr is left after `part` of the way. */
static const struct {
    const char *name;
    double (*left)(double part);
} shapes[] = {{"cosine", cosine}, {"linear", linear}, {"constant", constant}};

double train_rate(const struct train_params *params, int64_t step)
{
    if (step < params->warmup)
        return params->lr * (double)(step + 1) / (double)params->warmup;
    int64_t way = params->steps - 1 - params->warmup;
    double part = way > 0 ? (double)(step - params->warmup) / (double)way : 1, left = 1;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (strcmp(shapes[i].name, params->schedule) == 0)
            left = shapes[i].left(part);
    return params->min_lr + (params->lr - params->min_lr) * left;
}
