#include "model/kernels/peak.h"

#include <string.h>

#include "model/kernels/kernels.h"

static const struct lm_peak_kernel *const rows[] = {
#if defined(__x86_64__)
    &lm_peak_avx512,
    &lm_peak_avx2,
#endif
    &lm_peak_c,
};

const struct lm_peak_kernel *lm_peak_pick(const char *name)
{
    const struct lm_kernels *kernels = lm_kernels_pick(name);
    for (size_t i = 0; kernels != NULL && i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i]->name, kernels->name) == 0)
            return rows[i];
    return NULL;
}

const struct lm_peak_bf16 *lm_peak_pick_bf16(const char *name)
{
#if defined(__x86_64__)
    const struct lm_kernels *kernels = lm_kernels_pick(name);
    if (kernels != NULL && strcmp(kernels->name, "avx512") == 0 &&
        __builtin_cpu_supports("avx512bf16"))
        return &lm_peak_avx512_bf16;
#else
    (void)name;
#endif
    return NULL;
}
