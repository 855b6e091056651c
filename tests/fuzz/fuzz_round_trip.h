/** A vocabulary gives every text back: encodes and decodes any bytes, traps when they differ. */
#ifndef LM_TESTS_FUZZ_ROUND_TRIP_H
#define LM_TESTS_FUZZ_ROUND_TRIP_H

#include <stdlib.h>
#include <string.h>

#include <lmpipe/tokenizer.h>

static inline void fuzz_round_trip(const struct lm_vocab *vocab, const uint8_t *text, size_t size)
{
    struct lm_encoder *encoder = lm_encoder_create(vocab);
    const int32_t *ids = NULL;
    size_t count = 0, length = 0;
    uint8_t *out = malloc(size + 1);
    if (encoder != NULL && out != NULL &&
        lm_encode(encoder, text, size, &ids, &count, NULL) == LM_OK) {
        lm_decode(vocab, ids, count, false, out, size, &length);
        if (length != size || memcmp(out, text, size) != 0)
            __builtin_trap();
    }
    free(out);
    lm_encoder_free(encoder);
}

#endif
