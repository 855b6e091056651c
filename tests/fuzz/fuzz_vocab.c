/* Hostile vocabulary files: what loads also encodes and decodes to the same bytes. */
#include <lmpipe/tokenizer.h>

#include "fuzz_file.h"
#include "fuzz_round_trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lm_vocab *vocab = NULL;
    struct fuzz_file file;
    fuzz_file_open(&file, data, size);
    if (lm_vocab_load(&vocab, file.path, NULL) == LM_OK)
        fuzz_round_trip(vocab, data, size);
    lm_vocab_free(vocab);
    fuzz_file_close(&file);
    return 0;
}
