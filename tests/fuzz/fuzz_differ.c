/* Two hostile files: where they differ is found, and never what is not there. */
#include <string.h>

#include "differ/differ.h"
#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_file a, b;
    struct lm_differ out;
    bool differs = false;
    size_t half = size > 2 ? (size_t)(data[0] | data[1] << 8) : 0;
    if (size < 2)
        return 0;
    data += 2;
    size -= 2;
    half = half < size ? half : size;
    fuzz_file_open(&a, data, half);
    fuzz_file_open(&b, data + half, size - half);
    if (lm_differ_files(&out, &differs, a.path, b.path, NULL) == LM_OK) {
        bool equal = half == size - half && memcmp(data, data + half, half) == 0;
        if (differs == equal || (differs && strcmp(out.stored, out.now) == 0))
            __builtin_trap();
    }
    fuzz_file_close(&a);
    fuzz_file_close(&b);
    return 0;
}
