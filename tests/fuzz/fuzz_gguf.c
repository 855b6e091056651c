/* Hostile GGUF files: the header, then the tokenizer and the model in it. */
#include <lmpipe/gguf.h>
#include <lmpipe/model.h>
#include <lmpipe/tokenizer.h>

#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct lm_model_options options = {0};
    struct fuzz_file file;
    struct lm_gguf *gguf = NULL;
    struct lm_vocab *vocab = NULL;
    struct lm_model *model = NULL;
    fuzz_file_open(&file, data, size);
    if (lm_gguf_open(&gguf, file.path, NULL) == LM_OK) {
        (void)lm_gguf_load_vocab(&vocab, gguf, NULL);
        (void)lm_gguf_load_model(&model, gguf, &options, NULL);
        lm_gguf_close(gguf);
    }
    lm_vocab_free(vocab);
    lm_model_free(model);
    fuzz_file_close(&file);
    return 0;
}
