#include "train_schedule.h"

#include <math.h>
#include <string.h>

#include "base/elem.h"

static int64_t horizon_of(const struct train_params *p)
{
    return p->horizon > 0 ? p->horizon : p->steps;
}

/* lr when all is left of the way down, min_lr when nothing is. */
static double between(const struct train_params *p, double left)
{
    return p->min_lr + (p->lr - p->min_lr) * left;
}

/* How much of the way from the warm-up to the horizon lies behind `step`. */
static double part_of(const struct train_params *p, int64_t step)
{
    int64_t way = horizon_of(p) - 1 - p->warmup, gone = step - p->warmup;
    return gone < way ? (double)gone / (double)way : 1;
}

static double cosine(const struct train_params *p, int64_t step)
{
    return between(p, 0.5 * (1 + lm_cos(3.141592653589793 * part_of(p, step))));
}

static double linear(const struct train_params *p, int64_t step)
{
    return between(p, 1 - part_of(p, step));
}

static double constant(const struct train_params *p, int64_t step)
{
    (void)step;
    return between(p, 1);
}

/* Warm-up, stable, decay: the last `cooldown` steps before the horizon go down in a line. */
static double wsd(const struct train_params *p, int64_t step)
{
    int64_t gone = step + 1 - (horizon_of(p) - p->cooldown);
    if (gone <= 0)
        return p->lr;
    return between(p, gone < p->cooldown ? 1 - (double)gone / (double)p->cooldown : 0);
}

static double inverse_sqrt(const struct train_params *p, int64_t step)
{
    double peak = p->warmup > 0 ? (double)p->warmup : 1;
    double rate = p->lr * sqrt(peak / (double)(step + 1));
    return rate > p->min_lr ? rate : p->min_lr;
}

static const struct {
    const char *name;
    double (*rate)(const struct train_params *p, int64_t step);
} shapes[] = {{"cosine", cosine},
              {"linear", linear},
              {"constant", constant},
              {"wsd", wsd},
              {"inverse_sqrt", inverse_sqrt}};

double train_rate(const struct train_params *params, int64_t step)
{
    if (step < params->warmup)
        return params->lr * (double)(step + 1) / (double)params->warmup;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (strcmp(shapes[i].name, params->schedule) == 0)
            return shapes[i].rate(params, step);
    return params->lr;
}
