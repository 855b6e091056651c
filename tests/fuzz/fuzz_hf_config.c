/* Hostile configurations of checkpoints: what is accepted is a shape that can be counted. */
#include "fuzz_file.h"
#include "model/formats/hf_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lm_model_config config;
    struct fuzz_file file;
    fuzz_file_open(&file, data, size);
    if (lm_hf_config_read(&config, file.path, NULL) == LM_OK && lm_model_parameters(&config) < 1)
        __builtin_trap();
    fuzz_file_close(&file);
    return 0;
}
