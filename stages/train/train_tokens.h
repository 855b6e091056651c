/** The token sets of a training: the port `tokens`, then those of the port `extra_tokens`. */
#ifndef LM_TRAIN_TOKENS_H
#define LM_TRAIN_TOKENS_H

#include <lmpipe/stage.h>
#include <lmpipe/tokens.h>

struct train_tokens {
    struct lm_tokens **sets; /**< owned; in the arena */
    size_t count;
};

/** Opens all; they must have one vocabulary (LM_MISMATCH). LM_FORMAT, LM_IO, LM_NOMEM. Close also
 *  after a failure. */
enum lm_status train_tokens_open(struct train_tokens *tokens, struct lm_ctx *ctx,
                                 struct lm_err *err);
void train_tokens_close(struct train_tokens *tokens);

#endif
