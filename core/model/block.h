/** One big block of zeroed memory on huge pages where the system has them. */
#ifndef LM_MODEL_BLOCK_H
#define LM_MODEL_BLOCK_H

#include <stddef.h>

/** `size` zeroed bytes aligned to 64 or better, or NULL when memory is out. */
void *lm_block_map(size_t size);
void lm_block_unmap(void *block, size_t size); /**< NULL is fine */

#endif
