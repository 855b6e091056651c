/** Logits in the order of draws (logit descending, id ascending), as keys. */
#ifndef LM_MODEL_KEY_ORDER_H
#define LM_MODEL_KEY_ORDER_H

#include <stddef.h>
#include <stdint.h>

/** The key of a finite logit: a smaller one comes first. */
uint64_t lm_key_of(float logit, int32_t id);
/** The id that a key is of. */
int32_t lm_key_id(uint64_t key);
/** Sorts keys whose ids rise, as they stand; returns where: `keys`, or `spare`, which has room for
 *  as many. In time proportional to the count. */
uint64_t *lm_keys_sort(uint64_t *keys, uint64_t *spare, size_t count);

#endif
