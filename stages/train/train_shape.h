/** The shape of the model that the parameters of a training describe. */
#ifndef LM_TRAIN_SHAPE_H
#define LM_TRAIN_SHAPE_H

#include <lmpipe/model.h>

#include "train_params.h"

/** After resolve; `vocab` is not among the parameters. */
static inline struct lm_model_config train_shape(const struct train_params *p, int64_t vocab)
{
    return (struct lm_model_config){
        .vocab = vocab,
        .context = p->context,
        .layers = p->layers,
        .heads = p->heads,
        .width = p->width,
        .dropout = p->dropout,
        .attention_width = p->attention_width,
        .kv_heads = p->kv_heads,
        .mlp_width = p->mlp_width,
        .window = p->window,
        .window_every = p->window_every,
        .rotary_base = p->rotary_base,
        .norm = lm_norm_find(p->norm),
        .positions = lm_positions_find(p->positions),
        .mlp = lm_mlp_find(p->mlp),
        .no_bias = p->no_bias,
        .untied = !p->tie_embeddings,
        .qk_norm = p->qk_norm,
        .no_gain = p->no_gain,
        .embed_norm = p->embed_norm,
        .smear = p->smear,
        .score_scale = p->score_scale,
        .logit_cap = p->logit_cap,
    };
}

/** The other way round: the parameters say this architecture; sizes and dropout stay. */
static inline void train_shape_set(struct train_params *p, const struct lm_model_config *shape)
{
    p->attention_width = shape->attention_width;
    p->kv_heads = shape->kv_heads;
    p->mlp_width = shape->mlp_width;
    p->window = shape->window;
    p->window_every = shape->window_every;
    p->rotary_base = shape->rotary_base;
    p->norm = lm_norm_names[shape->norm];
    p->positions = lm_positions_names[shape->positions];
    p->mlp = lm_mlp_names[shape->mlp];
    p->no_bias = shape->no_bias;
    p->tie_embeddings = !shape->untied;
    p->qk_norm = shape->qk_norm;
    p->no_gain = shape->no_gain;
    p->embed_norm = shape->embed_norm;
    p->smear = shape->smear;
    p->score_scale = shape->score_scale;
    p->logit_cap = shape->logit_cap;
}

#endif
