/** Time, for progress and records only: nothing hashed may read it. Stages never include this. */
#ifndef LM_BASE_CLOCK_H
#define LM_BASE_CLOCK_H

#include <stdint.h>

uint64_t lm_clock_monotonic_ns(void);
uint64_t lm_clock_unix_ns(void);
/** "2026-11-23T18:25:00Z" of a unix time in seconds. */
char *lm_clock_format(char out[32], int64_t unix_seconds);

#endif
