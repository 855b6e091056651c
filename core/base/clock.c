#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t nanoseconds(clockid_t clock)
{
    struct timespec now = {0};
    clock_gettime(clock, &now); /* cannot fail for these two clocks */
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t lm_clock_monotonic_ns(void)
{
    return nanoseconds(CLOCK_MONOTONIC);
}

uint64_t lm_clock_unix_ns(void)
{
    return nanoseconds(CLOCK_REALTIME);
}

char *lm_clock_format(char out[32], int64_t unix_seconds)
{
    time_t seconds = (time_t)unix_seconds;
    struct tm parts;
    if (gmtime_r(&seconds, &parts) == NULL || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        snprintf(out, 32, "?");
    return out;
}
