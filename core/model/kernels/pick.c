#include "model/kernels/kernels.h"

#include <string.h>

static bool runs_anywhere(void)
{
    return true;
}

#if defined(__x86_64__)
static bool runs_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool runs_avx512(void)
{
    return runs_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}
#endif

/* Best first. */
static const struct {
    const struct lm_kernels *kernels;
    bool (*runs)(void);
} rungs[] = {
#if defined(__x86_64__)
    {&lm_kernels_avx512, runs_avx512},
    {&lm_kernels_avx2, runs_avx2},
#endif
    {&lm_kernels_c, runs_anywhere},
};

const struct lm_kernels *lm_kernels_pick(const char *name)
{
    bool any = name == NULL || strcmp(name, "auto") == 0;
    for (size_t i = 0; i < sizeof rungs / sizeof rungs[0]; i++)
        if ((any || strcmp(name, rungs[i].kernels->name) == 0) && rungs[i].runs())
            return rungs[i].kernels;
    return NULL;
}
