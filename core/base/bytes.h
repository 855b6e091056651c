/** Little-endian integers in memory, for file formats that are read and written in place. */
#ifndef LM_BASE_BYTES_H
#define LM_BASE_BYTES_H

#include <stdint.h>

static inline uint64_t lm_get_u64(const void *at)
{
    const uint8_t *bytes = at;
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | bytes[i];
    return v;
}

static inline void lm_set_u64(void *at, uint64_t v)
{
    uint8_t *bytes = at;
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(v >> (8 * i));
}

#endif
