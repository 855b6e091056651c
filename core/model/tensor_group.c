#include "model/tensor_group.h"

#include <string.h>

const char *const lm_tensor_group_names[] = {"matrices", "embeddings", "norms", "biases", NULL};

unsigned lm_tensor_group_find(const char *name)
{
    for (unsigned i = 0; i < LM_TENSOR_GROUPS; i++)
        if (strcmp(name, lm_tensor_group_names[i]) == 0)
            return 1U << i;
    return 0;
}

static const struct {
    enum lm_tensor_group group;
    enum lm_tensor_scope scope;
} places[LM_TENSOR_IDS] = {

#define PLACE(id, scope, name, dims, rows, cols, init, group, gguf)                                \
    {LM_GROUP_##group, LM_SCOPE_##scope},
    LM_TENSOR_LIST(PLACE)
#undef PLACE
};

unsigned lm_tensor_group_of(const struct lm_tensor_map *map, size_t index)
{
    int64_t layer;
    return places[lm_tensor_at(map, index, &layer)].group;
}

int64_t lm_tensor_level(const struct lm_tensor_map *map, size_t index)
{
    int64_t layer;
    switch (places[lm_tensor_at(map, index, &layer)].scope) {
    case LM_SCOPE_HEAD:
        return 0;
    case LM_SCOPE_LAYER:
        return layer + 1;
    default:
        return map->layers + 1;
    }
}
