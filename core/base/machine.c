#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/pool.h"

enum { PATH_SPACE = 4096, LINE_SPACE = 4096 };

/* First line of a small system file; false when there is none. */
static bool read_line(char *line, const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool is_read = fgets(line, LINE_SPACE, file) != NULL;
    fclose(file);
    return is_read;
}

/* This process's group below the mount of `controller` ("" for version 2): the third field of
 * its line of /proc/self/cgroup. */
static bool find_group(char *group, const char *controller)
{
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (file == NULL)
        return false;
    bool is_found = false;
    while (!is_found && fgets(group, LINE_SPACE, file) != NULL) {
        char *names = strchr(group, ':'), *path = names ? strchr(names + 1, ':') : NULL;
        if (path == NULL)
            continue;
        *path = '\0';
        const char *hit = controller[0] ? strstr(names + 1, controller) : NULL;
        is_found = controller[0] ? hit != NULL : names[1] == '\0';
        memmove(group, path + 1, strlen(path + 1) + 1);
        group[strcspn(group, "\n")] = '\0';
    }
    fclose(file);
    return is_found;
}

/* Calls look(line) for `file` in this process's group and in each group above it. */
static void each_group(const char *mount, const char *controller, const char *file,
                       void (*look)(void *user, const char *line, const char *folder), void *user)
{
    char group[LINE_SPACE], folder[PATH_SPACE], path[PATH_SPACE + 64], line[LINE_SPACE];
    if (!find_group(group, controller))
        group[0] = '\0';
    for (;;) {
        int length = snprintf(folder, sizeof folder, "%s%s", mount, group);
        if (length > 0 && (size_t)length < sizeof folder) {
            snprintf(path, sizeof path, "%s/%s", folder, file);
            if (read_line(line, path))
                look(user, line, folder);
        }
        char *slash = strrchr(group, '/');
        if (slash == NULL)
            return;
        *slash = '\0';
    }
}

/* Takes `quota / period` processors, rounded up, as a limit. */
static void limit_processors(size_t *count, double quota, double period)
{
    if (!(quota > 0) || !(period > 0))
        return;
    double exact = quota / period;
    size_t whole = exact < 1 ? 1 : (size_t)exact;
    whole += exact > (double)whole;
    if (whole < *count)
        *count = whole;
}

static void look_at_cpu_max(void *user, const char *line, const char *folder)
{
    (void)folder;
    char *rest;
    double quota = strtod(line, &rest); /* "max 100000" reads as no number */
    if (rest != line)
        limit_processors(user, quota, strtod(rest, NULL));
}

static void look_at_cfs_quota(void *user, const char *line, const char *folder)
{
    char path[PATH_SPACE + 64], period[LINE_SPACE];
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    if (read_line(period, path))
        limit_processors(user, strtod(line, NULL), strtod(period, NULL));
}

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

size_t lm_cpu_count(void)
{
    size_t count = affinity_count();
    each_group("/sys/fs/cgroup", "", "cpu.max", look_at_cpu_max, &count);
    each_group("/sys/fs/cgroup/cpu", "cpu", "cpu.cfs_quota_us", look_at_cfs_quota, &count);
    return count;
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

static void look_at_memory(void *user, const char *line, const char *folder)
{
    (void)folder;
    size_t *limit = user;
    char *rest;
    unsigned long long bytes = strtoull(line, &rest, 10);
    if (rest != line && bytes < *limit)
        *limit = (size_t)bytes;
}

size_t lm_memory_limit(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    size_t limit = pages > 0 && page > 0 ? (size_t)pages * (size_t)page : SIZE_MAX;
    each_group("/sys/fs/cgroup", "", "memory.max", look_at_memory, &limit);
    each_group("/sys/fs/cgroup/memory", "memory", "memory.limit_in_bytes", look_at_memory, &limit);
    return limit;
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
