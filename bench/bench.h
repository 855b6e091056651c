/** What the programs of benchmarks share: seconds of a clock, and options by name. */
#ifndef LM_BENCH_BENCH_H
#define LM_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

/** Seconds of CLOCK_MONOTONIC, or of the processor by CLOCK_PROCESS_CPUTIME_ID. */
static inline double bench_now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/** An option "NAME VALUE", and where the `const char *` for its value lies in a struct. */
struct bench_option {
    const char *name;
    size_t offset;
};

/** Takes the options from argument `first` on; false: one that there is not, or without a value. */
static inline bool bench_take_options(void *out, const struct bench_option *options, size_t count,
                                      int first, int argc, char **argv)
{
    for (int i = first; i < argc; i += 2) {
        size_t at = 0;
        while (at < count && strcmp(options[at].name, argv[i]) != 0)
            at++;
        if (at == count || i + 1 == argc)
            return false;
        memcpy((char *)out + options[at].offset, &argv[i + 1], sizeof argv[i + 1]);
    }
    return true;
}

#endif
