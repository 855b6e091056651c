/* Which matrices Muon updates: arithmetic on shapes, so that `plan` counts them too. */
#include "model/muon.h"

enum { KINDS = 7 };

/* A matrix of a layer: some columns of a tensor; cols 0: the model has none of it. */
struct kind {
    enum lm_tensor_id id;
    size_t rows, first, cols;
};

/* The larger ones first, so that smaller ones fill up what they leave. */
static void kinds_of(struct kind out[KINDS], const struct lm_model_config *config)
{
    const struct lm_shape s = lm_shape_of(config);
    const struct kind kinds[KINDS] = {
        {LM_OUT_W, s.F, 0, s.C},
        {LM_FC_W, s.C, 0, s.F},
        {LM_FC_W, s.C, s.F, s.G > 1 ? s.F : 0},
        {LM_QKV_W, s.C, 0, s.A},
        {LM_PROJ_W, s.A, 0, s.C},
        {LM_QKV_W, s.C, s.A, s.K * s.D},
        {LM_QKV_W, s.C, s.A + s.K * s.D, s.K * s.D},
    };
    for (size_t i = 0; i < KINDS; i++)
        out[i] = kinds[i];
}

size_t lm_muon_pieces(const struct lm_model_config *config)
{
    struct kind kinds[KINDS];
    size_t count = 0;
    kinds_of(kinds, config);
    for (size_t i = 0; i < KINDS; i++)
        count += kinds[i].cols > 0 ? (size_t)config->layers : 0;
    return count;
}

struct lm_muon_piece lm_muon_piece_at(const struct lm_model *model, size_t index)
{
    struct kind kinds[KINDS];
    size_t L = model->shape.L, kind = 0;
    kinds_of(kinds, &model->config);
    for (size_t left = index / L;; kind++)
        if (kinds[kind].cols > 0 && left-- == 0)
            break;
    return (struct lm_muon_piece){
        .tensor = (size_t)lm_tensor_index(&model->map, kinds[kind].id, (int64_t)(index % L)),
        .first = kinds[kind].first,
        .cols = kinds[kind].cols,
    };
}

bool lm_muon_has(const struct lm_model *model, size_t tensor)
{
    int64_t layer;
    enum lm_tensor_id id = lm_tensor_at(&model->map, tensor, &layer);
    return id == LM_QKV_W || id == LM_PROJ_W || id == LM_FC_W || id == LM_OUT_W;
}

size_t lm_muon_floats(const struct lm_model_config *config)
{
    struct kind kinds[KINDS];
    size_t most = 0;
    kinds_of(kinds, config);
    for (size_t i = 0; i < KINDS; i++) {
        size_t whole = (kinds[i].rows * kinds[i].cols + 15) / 16 * 16;
        size_t floats = whole + lm_polar_floats(kinds[i].rows, kinds[i].cols);
        most = floats > most ? floats : most;
    }
    return (most + 1023) / 1024 * 1024;
}

/* Of a symmetric product one half is computed. */
static double polar_flops(size_t rows, size_t cols, int64_t steps)
{
    double side = (double)(rows < cols ? rows : cols), cube = side * side * side;
    if (rows == cols)
        return 4 * cube * (double)steps;
    return 3 * (double)rows * (double)cols * side + cube * (double)(4 * steps - 3);
}

double lm_model_muon_flops(const struct lm_model_config *config, int64_t steps)
{
    struct kind kinds[KINDS];
    double sum = 0;
    kinds_of(kinds, config);
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i].cols > 0)
            sum += polar_flops(kinds[i].rows, kinds[i].cols, steps);
    return sum * (double)config->layers;
}
