/**
 * The one list of a model's tensors. It yields the enum, the shapes, the initialisation, the
 * decay mask, the names in files, the layout in memory and the gradient checks of the tests.
 *
 * X(id, scope, file name, dims, rows, columns, init, decay): rows and columns are expressions
 * in V (vocabulary), T (context), C (width) and N (labels). Matrices are [in, out], GPT-2's Conv1D
 * order; wte and score are [out, in]. The last row is there in models with labels alone.
 */
#ifndef LM_MODEL_PARAMS_H
#define LM_MODEL_PARAMS_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/model.h>

/* clang-format off */
#define LM_TENSOR_LIST(X)                                                            \
    X(WTE,    HEAD,  "wte.weight",         2, V,     C,     NORMAL,   true)          \
    X(WPE,    HEAD,  "wpe.weight",         2, T,     C,     NORMAL,   true)          \
    X(LN1_W,  LAYER, "ln_1.weight",        1, C,     1,     ONE,      false)         \
    X(LN1_B,  LAYER, "ln_1.bias",          1, C,     1,     ZERO,     false)         \
    X(QKV_W,  LAYER, "attn.c_attn.weight", 2, C,     3 * C, NORMAL,   true)          \
    X(QKV_B,  LAYER, "attn.c_attn.bias",   1, 3 * C, 1,     ZERO,     false)         \
    X(PROJ_W, LAYER, "attn.c_proj.weight", 2, C,     C,     RESIDUAL, true)          \
    X(PROJ_B, LAYER, "attn.c_proj.bias",   1, C,     1,     ZERO,     false)         \
    X(LN2_W,  LAYER, "ln_2.weight",        1, C,     1,     ONE,      false)         \
    X(LN2_B,  LAYER, "ln_2.bias",          1, C,     1,     ZERO,     false)         \
    X(FC_W,   LAYER, "mlp.c_fc.weight",    2, C,     4 * C, NORMAL,   true)          \
    X(FC_B,   LAYER, "mlp.c_fc.bias",      1, 4 * C, 1,     ZERO,     false)         \
    X(OUT_W,  LAYER, "mlp.c_proj.weight",  2, 4 * C, C,     RESIDUAL, true)          \
    X(OUT_B,  LAYER, "mlp.c_proj.bias",    1, C,     1,     ZERO,     false)         \
    X(LNF_W,  TAIL,  "ln_f.weight",        1, C,     1,     ONE,      false)         \
    X(LNF_B,  TAIL,  "ln_f.bias",          1, C,     1,     ZERO,     false)         \
    X(SCORE,  TAIL,  "score.weight",       2, N,     C,     NORMAL,   true)

/* clang-format on */

enum lm_tensor_id {

#define LM_TENSOR_ENUM(id, ...) LM_##id,
    LM_TENSOR_LIST(LM_TENSOR_ENUM)
#undef LM_TENSOR_ENUM
        LM_TENSOR_IDS
};

enum lm_tensor_scope { LM_SCOPE_HEAD, LM_SCOPE_LAYER, LM_SCOPE_TAIL };

enum lm_tensor_init { LM_INIT_NORMAL, LM_INIT_RESIDUAL, LM_INIT_ONE, LM_INIT_ZERO };

/** A row of the list, its shape worked out for one configuration. */
struct lm_tensor_row {
    const char *name; /**< without the "h.N." of a layer's tensor */
    enum lm_tensor_scope scope;
    int dims;
    int64_t rows, cols;
    enum lm_tensor_init init;
    bool decay;
};

/** All rows for `config`, in list order. */
void lm_tensor_rows(struct lm_tensor_row out[LM_TENSOR_IDS], const struct lm_model_config *config);

/** Tensors of a model of this shape. */
size_t lm_tensor_count(const struct lm_model_config *config);

/** Place of a tensor in file and memory order; `layer` only counts for those of a layer. */
size_t lm_tensor_index(enum lm_tensor_id id, int64_t layer, int64_t layers);

/** The inverse: which row, and which layer (0 outside layers). */
enum lm_tensor_id lm_tensor_at(size_t index, int64_t layers, int64_t *layer);

#endif
