#include "base/stat_time.h"

#include <time.h>

#define NS INT64_C(1000000000)
#define SETTLE_TRIES 20 /**< of a millisecond */

int64_t lm_stat_clock_ns(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return (int64_t)now.tv_sec * NS + now.tv_nsec;
}

int64_t lm_stat_mtime_ns(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * NS + st->st_mtim.tv_nsec;
}

void lm_stat_settle(int64_t mtime_ns)
{
    const struct timespec millisecond = {.tv_nsec = 1000000};
    for (int i = 0; i < SETTLE_TRIES && lm_stat_clock_ns() <= mtime_ns; i++)
        nanosleep(&millisecond, NULL);
}
