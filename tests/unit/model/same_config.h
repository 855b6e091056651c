/** Whether two configurations say the same: field by field, since bytes between fields say nothing.
 */
#ifndef LM_TEST_SAME_CONFIG_H
#define LM_TEST_SAME_CONFIG_H

#include <lmpipe/model.h>

static inline bool same_config(const struct lm_model_config *a, const struct lm_model_config *b)
{
#define SAME(field) (a->field == b->field)
    return SAME(vocab) && SAME(context) && SAME(layers) && SAME(heads) && SAME(width) &&
           SAME(dropout) && SAME(attention_width) && SAME(kv_heads) && SAME(mlp_width) &&
           SAME(window) && SAME(window_every) && SAME(rotary_base) && SAME(norm) &&
           SAME(positions) && SAME(mlp) && SAME(no_bias) && SAME(untied) && SAME(qk_norm) &&
           SAME(no_gain) && SAME(embed_norm) && SAME(smear) && SAME(score_scale) &&
           SAME(logit_cap) && SAME(diverged_at) && SAME(labels);
#undef SAME
}

#endif
