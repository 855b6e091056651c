#include "model/kernels/decode.h"

#include <string.h>

const struct lm_decode_kernels *lm_decode_pick(const char *name)
{
    static const struct lm_decode_kernels *const tables[] = {
#if defined(__x86_64__)
        &lm_decode_avx512,
        &lm_decode_avx2,
#endif
        &lm_decode_c,
    };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        if (strcmp(tables[i]->name, name) == 0)
            return tables[i];
    return NULL;
}
