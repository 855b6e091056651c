/** Which inputs a training needs, and which must not be there: for the descriptor, which links
 * nothing.
 */
#ifndef LM_TRAIN_PORTS_H
#define LM_TRAIN_PORTS_H

#include <string.h>

#include <lmpipe/status.h>

#include "train_params.h"
#include "train_weights.h"

static inline bool train_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

struct train_rule {
    bool is_wrong;
    const char *text;
};

static inline enum lm_status train_apply(const struct train_rule *rules, size_t count,
                                         struct lm_err *err)
{
    for (size_t i = 0; i < count; i++)
        if (rules[i].is_wrong)
            return lm_fail_field(err, LM_INVALID, "%s", rules[i].text);
    return LM_OK;
}

typedef bool train_has_fn(const void *user, const char *port);

static inline enum lm_status train_check_lm(const struct train_params *p, train_has_fn *has,
                                            const void *user, struct lm_err *err)
{
    bool is_named = train_weights_named(p);
    const struct train_rule rules[] = {
        {!has(user, "tokens"),
         "tokens: required, but not given: objective lm learns from encoded text; connect it"},
        {has(user, "examples"),
         "examples: has no effect with objective lm; leave it out, or choose another objective"},
        {has(user, "vocab"), "vocab: comes with tokens; leave it out"},
        {is_named && !has(user, "sources"),
         "mixture: names sources, so the input sources must say which documents are whose; connect "
         "the stage that cleans the text, as sources: text"},
        {is_named && has(user, "extra_tokens"),
         "extra_tokens: cannot be mixed with named sources; give weights as a list, or one text"},
        {!is_named && has(user, "sources"),
         "sources: has no effect without mixture: {NAME: WEIGHT, …}; give one, or leave it out"},
    };

    return train_apply(rules, sizeof rules / sizeof rules[0], err);
}

static inline enum lm_status train_check_examples(bool has_init, train_has_fn *has,
                                                  const void *user, struct lm_err *err)
{
    const struct train_rule rules[] = {
        {!has(user, "examples"),
         "examples: required, but not given: this objective learns from them; connect a corpus"},
        {has(user, "tokens"),
         "tokens: has no effect with this objective; leave it out, or train objective lm first and "
         "connect that model to init"},
        {has(user, "extra_tokens"),
         "extra_tokens: has no effect with this objective; leave it out"},
        {has(user, "sources"), "sources: has no effect with this objective; leave it out"},
        {has_init && has(user, "vocab"), "vocab: comes with init; leave it out"},
        {!has_init && !has(user, "vocab"),
         "vocab: required, but not given: connect one, or begin with a model by init"},
    };

    return train_apply(rules, sizeof rules / sizeof rules[0], err);
}

/* What a port is needed for, or why it must not be there. */
static inline enum lm_status train_check_ports(const void *data, train_has_fn *has,
                                               const void *user, struct lm_err *err)
{
    const struct train_params *p = data;
    bool is_lm = strcmp(p->objective, "lm") == 0;
    bool has_init = has(user, "init") || train_given(p->init.path);
    bool by_tokens = p->tokens + p->warmup_tokens + p->horizon_tokens + p->ramp_tokens > 0;
    const struct train_rule rules[] = {
        {has(user, "init") && train_given(p->init.path),
         "init: given as an input and as a parameter; drop one"},
        {has_init && p->is_shape_given,
         "init: says preset, context, layers, heads and width; leave these out (max_length may "
         "shorten rows)"},
        {p->max_length > 0 && is_lm && !has_init, "max_length: has no effect here; set context"},
        {has_init && by_tokens,
         "tokens: cannot be counted before the context of init is known; give steps, warmup, "
         "horizon, and no ramp_tokens"},
        {!has_init && p->frozen_layers > p->layers,
         "frozen_layers: the model has fewer layers; lower it"},
    };

    LM_TRY(train_apply(rules, sizeof rules / sizeof rules[0], err));
    return is_lm ? train_check_lm(p, has, user, err)
                 : train_check_examples(has_init, has, user, err);
}

#endif
