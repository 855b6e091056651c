/** Continuing texts: packed weights, sessions that keep keys and values, sampling. */
#ifndef LMPIPE_MODEL_GENERATE_H
#define LMPIPE_MODEL_GENERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/model/life.h>
#include <lmpipe/model/sampling.h>
#include <lmpipe/rng.h>
#include <lmpipe/status.h>

/** How weights are kept for decoding; sums are float32 in any case. */
enum lm_weights {
    LM_WEIGHTS_F32,  /**< as they are: 4 bytes */
    LM_WEIGHTS_BF16, /**< rounded to 8 bits of mantissa, ties to even: 2 bytes */
    LM_WEIGHTS_INT8, /**< -127 … 127 times a scale for each output and 64 inputs: 1.06 bytes */
    LM_WEIGHT_FORMATS
};

/** "f32", "bf16", "int8", NULL: for parameter tables, by enum lm_weights. */
extern const char *const lm_weights_names[LM_WEIGHT_FORMATS + 1];
/** Format by name; float32 for a name that is none. */
enum lm_weights lm_weights_find(const char *name);

/** A copy of a model's matrices, packed so that a token reads each weight once and in the order of
 *  memory. Sessions share it. Biases, norms and embeddings are read from the model. */
struct lm_decoder;
/** Packs the weights `model` (which must outlive it) has now; training it afterwards makes the copy
 *  stale. LM_NOMEM. */
enum lm_status lm_decoder_create(struct lm_decoder **out, struct lm_model *model,
                                 enum lm_weights weights, struct lm_err *err);
/** Bytes of packed weights: what a token reads of them. */
uint64_t lm_decoder_bytes(const struct lm_decoder *decoder);
/** The same for a shape, before there is a model. */
uint64_t lm_decoder_memory(const struct lm_model_config *config, enum lm_weights weights);
void lm_decoder_free(struct lm_decoder *decoder); /**< NULL is fine */

/** Incremental decoding of some sequences with a key/value cache. A sequence's logits depend on its
 *  own tokens alone: not on how they were cut, on other sequences, on threads or kernels. With f32
 *  weights they are those of lm_model_logits with LM_NUMERICS_PORTABLE, bit for bit. */
struct lm_session;

/** Zero-initialised: one sequence as long as the context. */
struct lm_session_options {
    int64_t sequences; /**< numbered from 0; 0: 1 */
    int64_t length;    /**< most tokens of each; 0: the context */
};

/** Bytes a session on a model of this shape holds, with a pool of `threads`. options may be NULL.
 */
uint64_t lm_session_memory(const struct lm_model_config *config,
                           const struct lm_session_options *options, size_t threads);
/** New session of empty sequences on a decoder, which must outlive it. options may be NULL. Holds
 *  8·L·C bytes a token of each sequence. LM_RANGE, LM_NOMEM. */
enum lm_status lm_session_create(struct lm_session **out, struct lm_decoder *decoder,
                                 const struct lm_session_options *options, struct lm_err *err);

/** What one sequence gets in a call. */
struct lm_feed {
    int64_t sequence;
    const int32_t *tokens; /**< the caller's, `count` ≥ 1 of them */
    int64_t count;
    bool no_logits;      /**< they are not wanted */
    const float *logits; /**< out: (V) behind the last token, valid until the next call; or NULL */
    float *states; /**< the caller's (count, C), filled: each token's state behind the last norm;
                        NULL: not wanted */
};
/** Feeds `count` sequences at once; all rows share one read of the weights. LM_RANGE when a length
 *  would be exceeded (reset and feed a suffix) or an id is none; LM_INVALID when a sequence occurs
 *  twice. Nothing was fed then. LM_CANCELLED when the model's options.stop, asked in every layer
 *  of each 64 rows, says so: sequences hold a part of what was fed, to be reset. */
enum lm_status lm_session_feed(struct lm_session *session, struct lm_feed *feeds, size_t count,
                               struct lm_err *err);
/** Tokens of a sequence since the start or its last reset. */
int64_t lm_session_length(const struct lm_session *session, int64_t sequence);
/** Sequence `to` becomes what `from` is, by copying 8·L·C bytes a token; the first `shared` tokens
 *  are known to be the same in both and stay. LM_RANGE. */
enum lm_status lm_session_fork(struct lm_session *session, int64_t from, int64_t to, int64_t shared,
                               struct lm_err *err);
/** Forgets the tokens of a sequence; the memory is kept. */
void lm_session_reset(struct lm_session *session, int64_t sequence);
void lm_session_free(struct lm_session *session); /**< NULL is fine */

/** Receives each generated token and its -log p (nats) under the unfiltered model; returns false to
 * end its text. */
typedef bool lm_token_fn(void *user, int32_t token, double nll);

/** A text to be continued. */
struct lm_continuation {
    const int32_t *prompt; /**< `count` ≥ 1 tokens */
    int64_t count;
    int64_t max_new;                 /**< most new tokens */
    const struct lm_sampling *rules; /**< borrowed */
    struct lm_rng rng;               /**< token i is drawn at (sample, i) of it */
    uint64_t sample;
    lm_token_fn *emit; /**< called by the calling thread as tokens come, with `user` */
    void *user;
};

/** Zero-initialised: f32 weights, 8 texts at once, up to 32 while their keys and values stay below
 *  256 MiB. */
struct lm_generate_options {
    enum lm_weights weights;
    int64_t sequences; /**< texts at once: a matter of speed and memory, not of what is drawn */
};
/** Continues `count` texts, started in order, several at a time; each ends on its own. Those of a
 *  search come one after the other behind the others: their sequences share the reads of weights,
 *  and the tokens of a beam search are emitted when it ends. When a
 *  context is full its last half is fed again (docs/internals/numerics.md). options may be NULL.
 *  LM_RANGE, LM_NOMEM, LM_INVALID for a method that lm_sampling_check refuses; LM_CANCELLED when
 * the model's options.stop, asked once a token, of long prompts once a layer of 64, says so. */
enum lm_status lm_model_generate(struct lm_model *model, const struct lm_continuation *texts,
                                 size_t count, const struct lm_generate_options *options,
                                 struct lm_err *err);
/** Bytes it takes at most beside the model: packed weights, keys and values of all sequences, of
 *  which a search has as many as beams or candidates. */
uint64_t lm_generate_memory(const struct lm_model_config *config,
                            const struct lm_generate_options *options, size_t threads);

#endif
