/** What a training has in common with longer ones: the steps whose rates do not depend on its end.
 *  Inline, since the descriptor needs it, too. */
#ifndef LM_TRAIN_PREFIX_H
#define LM_TRAIN_PREFIX_H

#include <string.h>

#include "train_params.h"

/** Of a training's state (train_state.c): raised when its bytes change, so that no state of another
 *  version is found. */
enum { TRAIN_STATE_FORMAT = 3 };

/** Whether the rate never goes down to an end. */
static inline bool train_is_endless(const struct train_params *p)
{
    return strcmp(p->schedule, "constant") == 0 || strcmp(p->schedule, "inverse_sqrt") == 0;
}

/** How many steps, from the first on, do not depend on steps, cooldown, nor, of wsd, on the
 * horizon: all, of wsd those before the descent; 0: already the first one does. */
static inline int64_t train_prefix_steps(const struct train_params *p)
{
    int64_t horizon = p->horizon > 0 ? p->horizon : p->steps, plateau = horizon - p->cooldown;
    if (train_is_endless(p))
        return p->steps;
    if (strcmp(p->schedule, "wsd") == 0)
        return plateau < p->steps ? plateau : p->steps;
    return p->horizon > 0 ? p->steps : 0;
}

/** Whether it leaves a state after these. */
static inline bool train_leaves_state(const struct train_params *p)
{
    return train_prefix_steps(p) > 0 && strcmp(p->keep_state, "false") != 0;
}

#endif
