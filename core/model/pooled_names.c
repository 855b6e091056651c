/* Names of what a head on pooled states may be told: arithmetic only, so that `plan` links it. */
#include <lmpipe/model.h>

#include <string.h>

const char *const lm_pooling_names[] = {"last", "mean", NULL};

enum lm_pooling lm_pooling_find(const char *name)
{
    return strcmp(name, lm_pooling_names[LM_POOL_MEAN]) == 0 ? LM_POOL_MEAN : LM_POOL_LAST;
}

const char *const lm_pair_loss_names[] = {"regression", "contrastive", NULL};

enum lm_pair_loss lm_pair_loss_find(const char *name)
{
    return strcmp(name, lm_pair_loss_names[LM_PAIRS_CONTRASTIVE]) == 0 ? LM_PAIRS_CONTRASTIVE
                                                                       : LM_PAIRS_REGRESSION;
}
