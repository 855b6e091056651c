/* Hostile weight files against one small set of tensors. */
#include "fuzz_file.h"
#include "model/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    float a[6], b[2];
    const struct lm_tensor tensors[] = {
        {.name = "a", .shape = {2, 3}, .dims = 2, .count = 6, .data = a},
        {.name = "b", .shape = {2, 0}, .dims = 1, .count = 2, .data = b},
    };
    struct fuzz_file file;
    fuzz_file_open(&file, data, size);
    (void)lm_safetensors_load(file.path, tensors, 2, NULL);
    fuzz_file_close(&file);
    return 0;
}
