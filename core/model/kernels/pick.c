#include "model/kernels/kernels.h"
#include "model/kernels/products.h"

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

static bool runs_avx512bf16(void)
{
    return runs_avx512() && __builtin_cpu_supports("avx512bf16") && lm_bf16_step_agrees();
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

/* By kernels and precision, the fastest first: those of one pair give the same bits. */
static const struct {
    const char *kernels;
    enum lm_precision precision;
    const struct lm_products *products;
    bool (*runs)(void);
} products[] = {
#if defined(__x86_64__)
    {"avx512", LM_PRECISION_BF16, &lm_products_bf16_avx512bf16, runs_avx512bf16},
    {"avx512", LM_PRECISION_BF16, &lm_products_bf16_avx512, runs_avx512},
    {"avx512", LM_PRECISION_F32, &lm_products_f32_avx512, runs_avx512},
    {"avx2", LM_PRECISION_BF16, &lm_products_bf16_avx2, runs_avx2},
    {"avx2", LM_PRECISION_F32, &lm_products_f32_avx2, runs_avx2},
#endif
    {"c", LM_PRECISION_BF16, &lm_products_bf16_c, runs_anywhere},
    {"c", LM_PRECISION_F32, &lm_products_f32_c, runs_anywhere},
};

const struct lm_products *lm_products_pick(const char *kernels, enum lm_precision precision)
{
    for (size_t i = 0; i < sizeof products / sizeof products[0]; i++)
        if (products[i].precision == precision && strcmp(products[i].kernels, kernels) == 0 &&
            products[i].runs())
            return products[i].products;
    return NULL;
}
