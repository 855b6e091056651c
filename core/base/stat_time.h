/** Times of files, and the clock that they are taken from. */
#ifndef LM_BASE_STAT_TIME_H
#define LM_BASE_STAT_TIME_H

#include <stdint.h>
#include <sys/stat.h>

/** The clock file times are taken from: unix nanoseconds, moving in ticks. */
int64_t lm_stat_clock_ns(void);
int64_t lm_stat_mtime_ns(const struct stat *st);
/** Sleeps until the clock has left the tick of `mtime_ns`, at most 20 ms: what is hashed then is
 * not racily new. */
void lm_stat_settle(int64_t mtime_ns);

#endif
