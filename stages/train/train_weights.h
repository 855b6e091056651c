/** Weights of a mixture, as the spec gives them: for the descriptor, which links nothing. */
#ifndef LM_TRAIN_WEIGHTS_H
#define LM_TRAIN_WEIGHTS_H

#include <string.h>

#include <lmpipe/status.h>

#include "train_params.h"

/** Are they of sources by name? Else of token sets in their order. */
static inline bool train_weights_named(const struct train_params *p)
{
    const struct train_weight *weights = p->mixture.items;
    return p->mixture.count > 0 && weights[0].name[0] != '\0';
}

/** Names of sources, each once; or none. Each weight above 0. LM_RANGE, LM_INVALID. */
static inline enum lm_status train_weights_check(const struct train_params *p, struct lm_err *err)
{
    const struct train_weight *weights = p->mixture.items;
    for (size_t i = 0; i < p->mixture.count; i++) {
        if (!(weights[i].weight > 0))
            return lm_fail_field(err, LM_RANGE,
                                 "mixture: weight %zu must exceed 0; leave the text out", i + 1);
        if ((weights[i].name[0] != '\0') != train_weights_named(p))
            return lm_fail_field(err, LM_INVALID,
                                 "mixture: some weights have names of sources, some have none; "
                                 "name all, as in {novels: 0.6, web: 0.4}");
        for (size_t k = 0; k < i && train_weights_named(p); k++)
            if (strcmp(weights[i].name, weights[k].name) == 0)
                return lm_fail_field(err, LM_INVALID, "mixture: '%s' is named twice; leave one out",
                                     weights[i].name);
    }
    return LM_OK;
}

#endif
