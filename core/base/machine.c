#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/pool.h"

enum { LINE_SPACE = 4096 };

static size_t affinity_count(void)
{
    enum { MOST = 1 << 16 };

    size_t count = 0, size = CPU_ALLOC_SIZE(MOST);
    cpu_set_t *set = CPU_ALLOC(MOST);
    if (set != NULL && sched_getaffinity(0, size, set) == 0)
        count = (size_t)CPU_COUNT_S(size, set);
    CPU_FREE(set);
    return count > 0 ? count : 1;
}

static size_t processors_of(const struct lm_cgroup_limits *limits)
{
    size_t count = affinity_count();
    if (!(limits->processors > 0) || limits->processors >= (double)count)
        return count;
    size_t whole = (size_t)limits->processors; /* a quota of 1.5 processors is 2 threads */
    return whole + (limits->processors > (double)whole);
}

static size_t memory_of(const struct lm_cgroup_limits *limits)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    size_t limit = pages > 0 && page > 0 ? (size_t)pages * (size_t)page : SIZE_MAX;
    return limits->memory < limit ? (size_t)limits->memory : limit;
}

void lm_machine_limits(size_t *processors, size_t *memory)
{
    struct lm_cgroup_limits limits;
    lm_cgroup_read(&limits, "");
    *processors = processors_of(&limits);
    *memory = memory_of(&limits);
}

size_t lm_cpu_count(void)
{
    size_t processors, memory;
    lm_machine_limits(&processors, &memory);
    return processors;
}

void lm_cpu_name(char out[64])
{
    static const char field[] = "model name";
    FILE *file = fopen("/proc/cpuinfo", "re");
    char line[LINE_SPACE];
    snprintf(out, 64, "unknown");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *colon = strchr(line, ':');
        if (colon == NULL || strncmp(line, field, sizeof field - 1) != 0)
            continue;
        colon += 1 + strspn(colon + 1, " ");
        snprintf(out, 64, "%.*s", (int)strcspn(colon, "\n"), colon);
        break;
    }
    if (file != NULL)
        fclose(file);
}

size_t lm_memory_limit(void)
{
    size_t processors, memory;
    lm_machine_limits(&processors, &memory);
    return memory;
}

size_t lm_memory_available(void)
{
    static const char field[] = "MemAvailable:";
    size_t available = lm_memory_limit();
    FILE *file = fopen("/proc/meminfo", "re");
    char line[LINE_SPACE];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, field, sizeof field - 1) != 0)
            continue;
        unsigned long long bytes = strtoull(line + sizeof field - 1, NULL, 10) * 1024;
        available = bytes < available ? (size_t)bytes : available;
    }
    if (file != NULL)
        fclose(file);
    return available;
}
