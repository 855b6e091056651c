/** Generated outputs while they are written: bytes until end-of-text or a stop text. */
#ifndef LM_EVALUATE_OUTPUTS_H
#define LM_EVALUATE_OUTPUTS_H

#include <stdbool.h>

#include <lmpipe/tokenizer.h>

#include "base/buf.h"
#include "data/examples.h"

struct output {
    const struct lm_vocab *vocab;
    int32_t end_of_text;
    const struct lm_example_text *stops; /**< (stop_count) what ends it, and is no part of it */
    size_t stop_count;
    uint64_t left;             /**< tokens it may still have */
    void (*ended)(void *user); /**< called when it is over */
    void *user;
    struct lm_buf text; /**< initialised and released by the caller */
};

/** An lm_token_fn whose user is a struct output. */
bool output_take(void *user, int32_t token, double nll);

#endif
