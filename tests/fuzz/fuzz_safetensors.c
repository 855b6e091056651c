/* Hostile weight files: opened and read to the end, and against one small set of tensors. */
#include "fuzz_file.h"
#include "model/formats/safetensors.h"

/* Every tensor that can be read, in two parts. */
static void read_all(const struct lm_safetensors *file)
{
    float out[64];
    for (size_t i = 0; i < lm_safetensors_count(file); i++) {
        const struct lm_st_tensor *tensor = lm_safetensors_at(file, i);
        int64_t half = tensor->count / 2, most = (int64_t)(sizeof out / sizeof *out);
        if (tensor->count > most)
            half = most;
        (void)lm_safetensors_read(file, tensor, 0, half, out, NULL);
        (void)lm_safetensors_read(file, tensor, tensor->count - 1, 1, out, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    float a[6], b[2];
    const struct lm_tensor tensors[] = {
        {.name = "a", .shape = {2, 3}, .dims = 2, .count = 6, .data = a},
        {.name = "b", .shape = {2, 0}, .dims = 1, .count = 2, .data = b},
    };
    struct lm_safetensors *opened = NULL;
    struct fuzz_file file;
    fuzz_file_open(&file, data, size);
    (void)lm_safetensors_load(file.path, tensors, 2, NULL);
    if (lm_safetensors_open(&opened, file.path, NULL) == LM_OK)
        read_all(opened);
    lm_safetensors_close(opened);
    fuzz_file_close(&file);
    return 0;
}
