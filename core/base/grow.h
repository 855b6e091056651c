/** Arrays that double when they are full. */
#ifndef LM_BASE_GROW_H
#define LM_BASE_GROW_H

#include <stddef.h>
#include <stdlib.h>

/** Room for one more element of `size` bytes behind `count` ones: `items`, or where they were moved
 *  to, and *capacity as it is then. NULL: memory is out, and all is as it was. The array is from
 *  malloc, or NULL with a capacity of 0. */
static inline void *lm_grow(void *items, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity)
        return items;
    size_t more = *capacity > 0 ? 2 * *capacity : 64;
    void *grown = realloc(items, more * size);
    if (grown != NULL)
        *capacity = more;
    return grown;
}

#endif
