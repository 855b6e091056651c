#include "model/params.h"

static const enum lm_tensor_scope scopes[LM_TENSOR_IDS] = {

#define SCOPE(id, scope, ...) LM_SCOPE_##scope,
    LM_TENSOR_LIST(SCOPE)
#undef SCOPE
};

static size_t count_scope(enum lm_tensor_scope scope)
{
    size_t count = 0;
    for (size_t i = 0; i < LM_TENSOR_IDS; i++)
        count += scopes[i] == scope;
    return count;
}

void lm_tensor_rows(struct lm_tensor_row out[LM_TENSOR_IDS], const struct lm_model_config *config)
{
    const int64_t V = config->vocab, T = config->context, C = config->width, N = config->labels;
    const struct lm_tensor_row rows[LM_TENSOR_IDS] = {
#define ROW(id, scope, name, dims, rows, cols, init, decay)                                        \
    {name, LM_SCOPE_##scope, dims, rows, cols, LM_INIT_##init, decay},
        LM_TENSOR_LIST(ROW)
#undef ROW
    };
    for (size_t i = 0; i < LM_TENSOR_IDS; i++)
        out[i] = rows[i];
}

size_t lm_tensor_count(const struct lm_model_config *config)
{
    return count_scope(LM_SCOPE_HEAD) + (size_t)config->layers * count_scope(LM_SCOPE_LAYER) +
           count_scope(LM_SCOPE_TAIL) - (config->labels == 0);
}

size_t lm_tensor_index(enum lm_tensor_id id, int64_t layer, int64_t layers)
{
    size_t per_layer = count_scope(LM_SCOPE_LAYER);
    if (scopes[id] == LM_SCOPE_HEAD)
        return id;
    if (scopes[id] == LM_SCOPE_LAYER)
        return id + (size_t)layer * per_layer;
    return id + ((size_t)layers - 1) * per_layer;
}

enum lm_tensor_id lm_tensor_at(size_t index, int64_t layers, int64_t *layer)
{
    size_t head = count_scope(LM_SCOPE_HEAD), per_layer = count_scope(LM_SCOPE_LAYER);
    *layer = 0;
    if (index < head)
        return (enum lm_tensor_id)index;
    if (index >= head + (size_t)layers * per_layer)
        return (enum lm_tensor_id)(index - ((size_t)layers - 1) * per_layer);
    *layer = (int64_t)((index - head) / per_layer);
    return (enum lm_tensor_id)(head + (index - head) % per_layer);
}
