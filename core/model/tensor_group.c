#include "model/tensor_group.h"

#include <stdlib.h>
#include <string.h>

const char *const lm_tensor_group_names[] = {"matrices", "embeddings", "norms", "biases", NULL};

unsigned lm_tensor_group_find(const char *name)
{
    for (unsigned i = 0; i < LM_TENSOR_GROUPS; i++)
        if (strcmp(name, lm_tensor_group_names[i]) == 0)
            return 1U << i;
    return 0;
}

static bool is_embedding(const char *name)
{
    return strcmp(name, "wte.weight") == 0 || strcmp(name, "wpe.weight") == 0;
}

/* "ln_1.bias", "attn.q_norm.weight" */
static bool is_of_norm(const char *name)
{
    return strstr(name, "ln_") != NULL || strstr(name, "norm") != NULL;
}

unsigned lm_tensor_group_of(const struct lm_tensor *tensor)
{
    if (is_embedding(tensor->name))
        return LM_GROUP_EMBEDDINGS;
    if (tensor->dims > 1)
        return LM_GROUP_MATRICES;
    return is_of_norm(tensor->name) ? LM_GROUP_NORMS : LM_GROUP_BIASES;
}

int64_t lm_tensor_level(const struct lm_tensor *tensor, int64_t layers)
{
    if (is_embedding(tensor->name))
        return 0;
    if (strncmp(tensor->name, "h.", 2) == 0)
        return strtoll(tensor->name + 2, NULL, 10) + 1;
    return layers + 1;
}
