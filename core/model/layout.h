/**
 * Where everything of a model lies in its one block of memory, in floats from its start. The
 * plan is a function of shape and options alone, so memory is known before anything runs.
 */
#ifndef LM_MODEL_LAYOUT_H
#define LM_MODEL_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/model.h>

enum {
    LM_TILE_MAX = 128,   /**< most rows of a task over tokens */
    LM_QUERY_BLOCK = 64, /**< queries an attention task handles at once */
};

/** Sums over the rows of a tile, kept per tile and added in tile order: gradients of norms' and
 *  matrices' vectors. */
enum lm_partial {
    LM_PART_LN1_W,
    LM_PART_LN1_B,
    LM_PART_QKV_B,
    LM_PART_QN_W,
    LM_PART_KN_W,
    LM_PART_PROJ_B,
    LM_PART_LN2_W,
    LM_PART_LN2_B,
    LM_PART_FC_B,
    LM_PART_OUT_B,
    LM_PARTS
};

/** Weights packed for the portable product; the four of a layer serve one layer at a time. */
enum lm_pack_slot {
    LM_PACK_QKV,
    LM_PACK_PROJ,
    LM_PACK_FC,
    LM_PACK_OUT,
    LM_PACK_LOGITS, /**< the head, for logits */
    LM_PACK_HEAD,   /**< the same for gradients */
    LM_PACK_SLOTS
};

/** Gradients of activations, packed to be multiplied into the gradients of four matrices. */
enum lm_delta_slot { LM_DELTA_OUT, LM_DELTA_FC, LM_DELTA_PROJ, LM_DELTA_QKV, LM_DELTA_SLOTS };

/** Activations of one layer; `mean`, `rstd` are one number a row, `peak`, `mass` a row and head;
 * `h1`, `h2`, `g` are stored as operands. With normalised queries and keys `qk` holds them as they
 * were before, `qk_rstd` a number a row and head of them. */
struct lm_layer_layout {
    size_t mean1, rstd1, h1, qkv, qk, qk_rstd, peak, mass, att, xmid, mean2, rstd2, h2, f, g;
};

struct lm_layout {
    size_t floats; /**< the whole block */
    size_t param_floats, params, moment1, moment2;
    size_t grads;           /**< sums of gradients, param_floats each: gradient.h */
    size_t max_rows;        /**< largest B·T */
    size_t tokens, targets; /**< int32 copies of the last batch */
    size_t before;          /**< int32: the tokens before its tokens, -1: none */
    size_t positions; /**< int32: places of rows in texts of different lengths, the texts' first
                         rows, and which rows have a target */
    size_t x,
        x_stride; /**< residual stream before layer l at x + l·x_stride; after the last at l = L */
    struct lm_layer_layout layer; /**< of layer 0 */
    size_t layer_stride;          /**< 0 when layers share memory: inference, recompute */
    size_t meanf, rstdf, hf;      /**< final layer norm; hf stored as operand */
    size_t dhf, dx[3], ddrop[2], datt, dqkv; /**< gradients of activations (training) */
    size_t df;                               /**< the same, stored as operand */
    size_t partials, partial_rows;           /**< for each tile: those of all layers, then */
    size_t parts[LM_PARTS], part_step;    /**< of a layer: offsets, floats; the last norm's two */
    size_t logits, logits_ld, chunk_rows; /**< a chunk of rows of logits */
    size_t row_max, row_sum, row_hit;     /**< per-row results of the head: lm_head */
    size_t packed[LM_PACK_SLOTS];         /**< own products only */
    size_t packed_delta[LM_DELTA_SLOTS];  /**< training by own products */
    size_t packed_chunk;                  /**< final norms of a chunk, for the head's gradient */
    size_t pooled, dpooled;         /**< states that stand for texts and their gradients, (B, C) */
    size_t label_logits;            /**< of a classification head, (B, labels) (training) */
    size_t text_inverse, text_mass; /**< doubles, one a text: of the losses on pairs (training) */
    size_t turns;                   /**< rotary: D/2 cosines, then D/2 sines, a position */
    size_t norms;             /**< doubles, two an optimiser's task: partial sums of squares */
    size_t muon, muon_stride; /**< per worker: a matrix and what its polar factor takes */
    size_t ones;              /**< gains of norms that have none */
    size_t scratch, scratch_stride; /**< per worker: rows of C, or an attention task's: */
    size_t scratch_heads[3];        /**< within it, packed operands of a head */
    size_t scratch_gather;          /**< within it, keys and values of a head (inference) */
    size_t scratch_gemm;            /**< within it, packing space of matrix products */
};

/** Whether OpenBLAS does the products: it packs for itself, and has none for bfloat16. */
bool lm_layout_is_blas(const struct lm_model_options *options);

/** First key that is multiplied for a query at `position`, when it sees `window` of them (0: all):
 * the same for a block of queries, a multiple of LM_QUERY_BLOCK. */
static inline size_t lm_first_key(size_t position, size_t window)
{
    size_t block = position / LM_QUERY_BLOCK * LM_QUERY_BLOCK;
    size_t low = window > 0 && block + 1 > window ? block + 1 - window : 0;
    return low / LM_QUERY_BLOCK * LM_QUERY_BLOCK;
}

/** Rows of a task for a call on `rows` tokens: a function of the shape only. */
size_t lm_tile_rows(size_t rows);

/** Rows of logits held at once, for `rows` tokens. */
size_t lm_chunk_rows(size_t rows, size_t vocab);

/** Elements of one task of the optimiser. */
size_t lm_update_block(void);
/** Optimiser tasks of a tensor with `count` elements. */
size_t lm_update_blocks(size_t count);

/** Whether the sizes of a plan can be counted: products of all that a sound configuration and
 * options may say go far beyond 64 bits. The bound is some 10^16 bytes. */
bool lm_layout_fits(const struct lm_model_config *config, const struct lm_model_options *options);
/** Only for what lm_layout_fits. */
void lm_layout_plan(struct lm_layout *out, const struct lm_model_config *config,
                    const struct lm_model_options *options);

#endif
