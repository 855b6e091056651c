/**
 * Muon (Jordan et al. 2024): of each matrix of a layer the momentum's polar factor is what is
 * stepped along. Queries, keys and values are matrices of their own, and so are gate and up of
 * SwiGLU, though each lies beside others in one tensor: a piece is some columns of a tensor.
 */
#ifndef LM_MODEL_MUON_H
#define LM_MODEL_MUON_H

#include "model/core.h"
#include "model/polar.h"

struct lm_muon_piece {
    size_t tensor;
    size_t first, cols; /**< columns of it */
};

/** Pieces of all layers, the larger ones first. */
size_t lm_muon_pieces(const struct lm_model_config *config);
struct lm_muon_piece lm_muon_piece_at(const struct lm_model *model, size_t index);
/** Whether a tensor is made of pieces. */
bool lm_muon_has(const struct lm_model *model, size_t tensor);
/** Floats of working space of a worker. */
size_t lm_muon_floats(const struct lm_model_config *config);

struct lm_muon {
    struct lm_polar polar;
    enum lm_muon_scale rule;
    struct lm_sgd memory; /**< of gradients, clipped; its rate and decay mean nothing */
    double lr, decay;
};

/** Updates a piece's momentum (where AdamW has its first) and weights. `sizes`: NULL, or the
 *  squares of the update, and of the weights before it. */
void lm_muon_update(const struct lm_model *model, size_t worker, const struct lm_muon *how,
                    const struct lm_muon_piece *piece, double sizes[2]);

#endif
