/** Rules of the rows of optimisers: for the descriptor, which links nothing. */
#ifndef LM_TRAIN_OPTIMIZER_H
#define LM_TRAIN_OPTIMIZER_H

#include <string.h>

#include <lmpipe/model.h>
#include <lmpipe/status.h>

#include "train_params.h"

static inline bool train_is_muon(const struct train_params *p)
{
    return strcmp(p->optimizer, "muon") == 0;
}

/** What has no effect with this optimiser, and what contradicts itself. LM_INVALID. */
static inline enum lm_status train_optimizer_check(const struct train_params *p, struct lm_err *err)
{
    bool muon = train_is_muon(p), adamw = strcmp(p->optimizer, "adamw") == 0;

    const struct {
        bool broken;
        const char *text;
    } rules[] = {
        {p->momentum > 0 && adamw,
         "momentum: has no effect with adamw; use optimizer: sgd or muon"},
        {p->nesterov && adamw, "nesterov: has no effect with adamw; use optimizer: sgd or muon"},
        {p->nesterov && p->momentum == 0 && !muon,
         "nesterov: needs a momentum; give one, such as 0.9"},
        {p->adamw_lr > 0 && !muon, "adamw_lr: has no effect without optimizer: muon; use lr"},
        {p->ns_steps > 0 && !muon, "ns_steps: has no effect without optimizer: muon; leave it out"},
        {p->ns_coefficients.count > 0 && !muon,
         "ns_coefficients: has no effect without optimizer: muon; leave it out"},
        {p->ns_coefficients.count != 0 && p->ns_coefficients.count != 3,
         "ns_coefficients: must be three numbers, such as [3.4445, -4.775, 2.0315]"},
        {lm_muon_scale_find(p->muon_scale) != LM_MUON_RMS && !muon,
         "muon_scale: has no effect without optimizer: muon; leave it out"},
        {p->cooldown_share > 0 && p->cooldown > 0,
         "cooldown_share: given as cooldown too; leave one of them out"},
        {p->cooldown_share > 0 && strcmp(p->schedule, "wsd") != 0,
         "cooldown_share: has no effect without schedule: wsd; leave it out"},
    };

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].broken)
            return lm_fail_field(err, LM_INVALID, "%s", rules[i].text);
    return LM_OK;
}

/** What Muon has where nothing is given; all of it is in the key then. */
static inline void train_optimizer_fill(struct train_params *p)
{
    if (!train_is_muon(p))
        return;
    p->momentum = p->momentum > 0 ? p->momentum : 0.95;
    p->adamw_lr = p->adamw_lr > 0 ? p->adamw_lr : p->lr;
    p->ns_steps = p->ns_steps > 0 ? p->ns_steps : 5;
}

/** Steps of the descent that `cooldown_share` of so many is: one at least. */
static inline int64_t train_cooldown_of(const struct train_params *p, int64_t horizon)
{
    int64_t steps = (int64_t)(p->cooldown_share * (double)horizon + 0.5);
    return steps > 0 ? steps : 1;
}

#endif
