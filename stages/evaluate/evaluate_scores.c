#include "evaluate_scores.h"

#include <math.h>
#include <stdio.h>

enum { LONGEST = 240 /* of a task and one of its groups */ };

void scores_put(struct scores *scores, const char *name, double value)
{
    char key[LONGEST];
    if (!isfinite(value))
        return;
    snprintf(key, sizeof key, "%s.%s", scores->prefix, name);
    lm_json_member_double(&scores->writer, key, value);
    lm_ctx_result(scores->ctx, key, value);
}

void scores_put_interval(struct scores *scores, const char *name, double value, double low,
                         double high)
{
    char side[LONGEST];
    scores_put(scores, name, value);
    snprintf(side, sizeof side, "%s.lo", name);
    scores_put(scores, side, low);
    snprintf(side, sizeof side, "%s.hi", name);
    scores_put(scores, side, high);
}

void scores_put_count(struct scores *scores, const char *name, uint64_t value)
{
    char key[LONGEST];
    snprintf(key, sizeof key, "%s.%s", scores->prefix, name);
    lm_json_member_int(&scores->writer, key, (int64_t)value);
    lm_ctx_result(scores->ctx, key, (double)value);
}
