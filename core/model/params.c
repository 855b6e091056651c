#include "model/params.h"

#include "model/shape.h"

static const enum lm_tensor_scope scopes[LM_TENSOR_IDS] = {

#define SCOPE(id, scope, ...) LM_SCOPE_##scope,
    LM_TENSOR_LIST(SCOPE)
#undef SCOPE
};

void lm_tensor_rows(struct lm_tensor_row out[LM_TENSOR_IDS], const struct lm_model_config *config)
{
    const struct lm_shape shape = lm_shape_of(config);
    const int64_t V = (int64_t)shape.V, T = (int64_t)shape.T, C = (int64_t)shape.C;
    const int64_t A = (int64_t)shape.A, D = (int64_t)shape.D, Q = (int64_t)shape.Q;
    const int64_t F = (int64_t)shape.F, G = (int64_t)shape.G, N = config->labels;
#define learned(n) (config->positions == LM_POSITIONS_LEARNED ? (n) : 0)
#define bias(n) (config->no_bias ? 0 : (n))
#define gain(n) (config->no_gain ? 0 : (n))
#define shift(n) (config->norm == LM_NORM_RMS || config->no_gain ? 0 : bias(n))
#define smeared(n) (config->smear ? (n) : 0)
#define normed(n) (config->qk_norm ? (n) : 0)
#define untied(n) (config->untied ? (n) : 0)
    const struct lm_tensor_row rows[LM_TENSOR_IDS] = {
#define ROW(id, scope, name, dims, rows, cols, init, group, gguf)                                  \
    {name, LM_SCOPE_##scope, dims, rows, cols, LM_INIT_##init, LM_GROUP_##group, gguf},
        LM_TENSOR_LIST(ROW)
#undef ROW
    };
    for (size_t i = 0; i < LM_TENSOR_IDS; i++)
        out[i] = rows[i];
}

struct lm_tensor_map lm_tensor_map_of(const struct lm_model_config *config)
{
    struct lm_tensor_row rows[LM_TENSOR_IDS];
    struct lm_tensor_map map = {.layers = config->layers};
    lm_tensor_rows(rows, config);
    for (size_t id = 0; id < LM_TENSOR_IDS; id++) {
        bool is_layer = scopes[id] == LM_SCOPE_LAYER;
        if (id > 0 && scopes[id - 1] == LM_SCOPE_LAYER && !is_layer)
            map.count += ((size_t)config->layers - 1) * map.step;
        map.first[id] = rows[id].rows > 0 ? (int64_t)map.count : -1;
        map.count += rows[id].rows > 0;
        map.step += is_layer && rows[id].rows > 0;
    }
    return map;
}

int64_t lm_tensor_index(const struct lm_tensor_map *map, enum lm_tensor_id id, int64_t layer)
{
    int64_t first = map->first[id];
    if (first < 0 || scopes[id] != LM_SCOPE_LAYER)
        return first;
    return first + layer * (int64_t)map->step;
}

enum lm_tensor_id lm_tensor_at(const struct lm_tensor_map *map, size_t index, int64_t *layer)
{
    size_t id = 0;
    for (; id < LM_TENSOR_IDS; id++) {
        int64_t ahead = (int64_t)index - map->first[id], step = (int64_t)map->step;
        bool is_layer = scopes[id] == LM_SCOPE_LAYER;
        *layer = is_layer ? ahead / step : 0;
        bool is_there = map->first[id] >= 0 && ahead >= 0 && *layer < map->layers;
        if (is_there && lm_tensor_index(map, (enum lm_tensor_id)id, *layer) == (int64_t)index)
            break;
    }
    return (enum lm_tensor_id)id;
}
