/* Hostile vocabulary files: what loads also encodes and decodes to the same bytes. */
#include <lmpipe/tokenizer.h>

#include <stdlib.h>
#include <string.h>

#include "fuzz_file.h"

static void round_trip(const struct lm_vocab *vocab, const uint8_t *text, size_t size)
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lm_vocab *vocab = NULL;
    struct fuzz_file file;
    fuzz_file_open(&file, data, size);
    if (lm_vocab_load(&vocab, file.path, NULL) == LM_OK)
        round_trip(vocab, data, size);
    lm_vocab_free(vocab);
    fuzz_file_close(&file);
    return 0;
}
