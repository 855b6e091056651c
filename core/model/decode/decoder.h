/** Products of decoding: rows of input times the packed weights of a model. */
#ifndef LM_MODEL_DECODER_H
#define LM_MODEL_DECODER_H

#include "model/core.h"
#include "model/kernels/decode.h"

enum { LM_DECODER_ROWS = 64 /**< most rows of a product */ };

/** The matrices that are packed: four a layer, then the head. */
enum lm_decoder_matrix {
    LM_MATRIX_QKV,
    LM_MATRIX_PROJ,
    LM_MATRIX_FC,
    LM_MATRIX_OUT,
    LM_MATRIX_HEAD,
    LM_MATRIX_KINDS
};

/** One matrix, k inputs and n outputs: its panels in order, each of panel_bytes. */
struct lm_matrix_panels {
    enum lm_tensor_id id;
    size_t k, n, panels, panel_bytes;
    size_t offset; /**< of layer 0's in the block; the head's whatever the layer */
};

struct lm_decoder {
    struct lm_model *model;
    enum lm_weights weights;
    const struct lm_decode_kernels *kernels;
    struct lm_matrix_panels matrices[LM_MATRIX_KINDS];
    size_t layer_bytes, bytes;
    unsigned char *block;
};

/** y (rows × n) = x (rows × k) · matrix + bias. */
struct lm_decoder_product {
    enum lm_decoder_matrix matrix;
    size_t layer, rows; /**< rows ≤ LM_DECODER_ROWS */
    const float *x;
    const float *bias; /**< (n), or NULL */
    bool gelu;         /**< of the sum */
    float *y;
};

/** Computes a product on the model's threads, which take panels. */
void lm_decoder_multiply(const struct lm_decoder *decoder,
                         const struct lm_decoder_product *product);

/** The pool for tasks of `work` multiplications in total: NULL when waking threads costs more. */
struct lm_pool *lm_decoder_pool(const struct lm_decoder *decoder, size_t work);

#endif
