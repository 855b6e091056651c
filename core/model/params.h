/**
 * The one list of a model's tensors. It yields the enum, the shapes, the initialisation, the
 * groups (of which matrices and embeddings decay), the names in our files, Hugging Face's and
 * llama.cpp's, the layout in memory and the gradient checks of the tests.
 *
 * X(id, scope, file name, dims, rows, columns, init, group, name in GGUF or NULL): rows and columns
 * are expressions in the sizes of shape.h. A tensor with no rows is absent: learned(n) is n with
 * learned positions, bias(n) with biases, gain(n) and shift(n) with norms that have one, normed(n)
 * with normalised queries and keys, untied(n) with a head of its own, smeared(n) where tokens see
 * the one before them; else 0. N is the number of labels. Matrices are [in, out], GPT-2's Conv1D
 * order; wte, lm_head and score are [out, in].
 */
#ifndef LM_MODEL_PARAMS_H
#define LM_MODEL_PARAMS_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/model.h>

/* clang-format off */
#define LM_TENSOR_LIST(X)                                                                                             \
    X(WTE,    HEAD,  "wte.weight",          2, V,           C,       NORMAL,   EMBEDDINGS, "token_embd.weight")       \
    X(WPE,    HEAD,  "wpe.weight",          2, learned(T),  C,       NORMAL,   EMBEDDINGS, "position_embd.weight")    \
    X(SMEAR,  HEAD,  "smear.weight",        1, smeared(C),  1,       ZERO,     NORMS,      NULL)                      \
    X(LN1_W,  LAYER, "ln_1.weight",         1, gain(C),     1,       ONE,      NORMS,      "attn_norm.weight")        \
    X(LN1_B,  LAYER, "ln_1.bias",           1, shift(C),    1,       ZERO,     NORMS,      "attn_norm.bias")          \
    X(QKV_W,  LAYER, "attn.c_attn.weight",  2, C,           Q,       NORMAL,   MATRICES,   "attn_qkv.weight")         \
    X(QKV_B,  LAYER, "attn.c_attn.bias",    1, bias(Q),     1,       ZERO,     BIASES,     "attn_qkv.bias")           \
    X(QN_W,   LAYER, "attn.q_norm.weight",  1, normed(gain(D)), 1,   ONE,      NORMS,      NULL)                      \
    X(KN_W,   LAYER, "attn.k_norm.weight",  1, normed(gain(D)), 1,   ONE,      NORMS,      NULL)                      \
    X(PROJ_W, LAYER, "attn.c_proj.weight",  2, A,           C,       RESIDUAL, MATRICES,   "attn_output.weight")      \
    X(PROJ_B, LAYER, "attn.c_proj.bias",    1, bias(C),     1,       ZERO,     BIASES,     "attn_output.bias")        \
    X(LN2_W,  LAYER, "ln_2.weight",         1, gain(C),     1,       ONE,      NORMS,      "ffn_norm.weight")         \
    X(LN2_B,  LAYER, "ln_2.bias",           1, shift(C),    1,       ZERO,     NORMS,      "ffn_norm.bias")           \
    X(FC_W,   LAYER, "mlp.c_fc.weight",     2, C,           G * F,   NORMAL,   MATRICES,   "ffn_up.weight")           \
    X(FC_B,   LAYER, "mlp.c_fc.bias",       1, bias(G * F), 1,       ZERO,     BIASES,     "ffn_up.bias")             \
    X(OUT_W,  LAYER, "mlp.c_proj.weight",   2, F,           C,       RESIDUAL, MATRICES,   "ffn_down.weight")         \
    X(OUT_B,  LAYER, "mlp.c_proj.bias",     1, bias(C),     1,       ZERO,     BIASES,     "ffn_down.bias")           \
    X(LNF_W,  TAIL,  "ln_f.weight",         1, gain(C),     1,       ONE,      NORMS,      "output_norm.weight")      \
    X(LNF_B,  TAIL,  "ln_f.bias",           1, shift(C),    1,       ZERO,     NORMS,      "output_norm.bias")        \
    X(HEAD_W, TAIL,  "lm_head.weight",      2, untied(V),   C,       HEAD,     MATRICES,   "output.weight")           \
    X(SCORE,  TAIL,  "score.weight",        2, N,           C,       NORMAL,   MATRICES,   NULL)

/* clang-format on */

enum lm_tensor_id {

#define LM_TENSOR_ENUM(id, ...) LM_##id,
    LM_TENSOR_LIST(LM_TENSOR_ENUM)
#undef LM_TENSOR_ENUM
        LM_TENSOR_IDS
};

enum lm_tensor_scope { LM_SCOPE_HEAD, LM_SCOPE_LAYER, LM_SCOPE_TAIL };

enum lm_tensor_init {
    LM_INIT_NORMAL,
    LM_INIT_RESIDUAL, /**< less the more layers there are */
    LM_INIT_HEAD,     /**< as NORMAL; it and RESIDUAL are 0 with options.zero_init */
    LM_INIT_ONE,
    LM_INIT_ZERO
};

/** A row of the list, its shape worked out for one configuration. */
struct lm_tensor_row {
    const char *name; /**< without the "h.N." of a layer's tensor */
    enum lm_tensor_scope scope;
    int dims;
    int64_t rows, cols;
    enum lm_tensor_init init;
    enum lm_tensor_group group;
    const char *gguf; /**< without the "blk.N." of a layer's tensor; NULL: GPT-2 has none */
};

/** All rows for `config`, in list order. */
void lm_tensor_rows(struct lm_tensor_row out[LM_TENSOR_IDS], const struct lm_model_config *config);

/** Where the tensors of a model that are there come in file and memory order. */
struct lm_tensor_map {
    int64_t layers;
    size_t count;                 /**< of all layers together */
    size_t step;                  /**< tensors of a layer */
    int64_t first[LM_TENSOR_IDS]; /**< place of the one (of layer 0); -1: absent */
};

struct lm_tensor_map lm_tensor_map_of(const struct lm_model_config *config);

/** Place of a tensor, `layer` only counts for those of a layer; -1 when it is absent. */
int64_t lm_tensor_index(const struct lm_tensor_map *map, enum lm_tensor_id id, int64_t layer);

/** The inverse for index < count: which row, and which layer (0 outside layers). */
enum lm_tensor_id lm_tensor_at(const struct lm_tensor_map *map, size_t index, int64_t *layer);

#endif
