/** How many batches make a step. Without a ramp it is `accumulate`; with one it grows from
 *  `ramp_from` to `accumulate` in proportion to the tokens seen, over `ramp_tokens` of them (Brown
 * et al. 2020, appendix B). A step has whole batches, as many as the tokens before it say, rounded
 * down. All is a function of the parameters and the step, found by walking over runs of equally
 * large steps: at most `accumulate` of them. Inline, since the descriptor counts by it, too. */
#ifndef LM_TRAIN_RAMP_H
#define LM_TRAIN_RAMP_H

#include "train_params.h"

struct train_ramp_place {
    int64_t step;    /**< steps done */
    int64_t before;  /**< batches in them */
    int64_t batches; /**< of the step that comes next */
};

/** Tokens of a batch. */
static inline int64_t train_ramp_unit(const struct train_params *p)
{
    return p->batch * p->context;
}

/** Batches that hold so many tokens at least. */
static inline int64_t train_ramp_batches(const struct train_params *p, int64_t tokens)
{
    int64_t unit = train_ramp_unit(p);
    return tokens / unit + (tokens % unit > 0);
}

/* Batches of a step before which `done` batches were. Products stay below 2^63: see the rows. */
static inline int64_t train_ramp_size(const struct train_params *p, int64_t done)
{
    int64_t over = train_ramp_batches(p, p->ramp_tokens);
    if (done >= over)
        return p->accumulate;
    return p->ramp_from + (p->accumulate - p->ramp_from) * done / over;
}

/* Steps of `size` batches from `done` on: until enough batches are done that a step has more. */
static inline int64_t train_ramp_run(const struct train_params *p, int64_t size, int64_t done)
{
    int64_t over = train_ramp_batches(p, p->ramp_tokens), grown = p->accumulate - p->ramp_from;
    if (grown == 0 || size == p->accumulate)
        return INT64_MAX;
    int64_t border = ((size + 1 - p->ramp_from) * over + grown - 1) / grown;
    return (border - done + size - 1) / size;
}

/* The first place with so many steps or so many batches done, whatever is earlier. */
static inline struct train_ramp_place train_ramp_walk(const struct train_params *p, int64_t steps,
                                                      int64_t batches)
{
    struct train_ramp_place at = {0, 0, train_ramp_size(p, 0)};
    while (at.step < steps && at.before < batches) {
        int64_t run = train_ramp_run(p, at.batches, at.before);
        int64_t wanted = (batches - at.before - 1) / at.batches + 1;
        run = steps - at.step < run ? steps - at.step : run;
        run = wanted < run ? wanted : run;
        at.step += run;
        at.before += run * at.batches;
        at.batches = train_ramp_size(p, at.before);
    }
    return at;
}

/** Where `step` (from 0) begins, and how large it is. */
static inline struct train_ramp_place train_ramp_at(const struct train_params *p, int64_t step)
{
    return train_ramp_walk(p, step, INT64_MAX);
}

/** Fewest steps that see so many tokens. */
static inline int64_t train_ramp_steps(const struct train_params *p, int64_t tokens)
{
    return train_ramp_walk(p, INT64_MAX, train_ramp_batches(p, tokens)).step;
}

/** Tokens of the first `steps` steps. */
static inline int64_t train_ramp_tokens(const struct train_params *p, int64_t steps)
{
    return train_ramp_at(p, steps).before * train_ramp_unit(p);
}

#endif
