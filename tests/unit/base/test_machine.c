#include <sched.h>
#include <unistd.h>

#include "base/pool.h"
#include "tap.h"

static void test_processors(struct tap *tap)
{
    cpu_set_t before, one;
    size_t all = lm_cpu_count();
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    CHECK(all >= 1 && all <= (size_t)online);
    if (sched_getaffinity(0, sizeof before, &before) != 0)
        SKIP("more processors than a cpu_set_t holds");
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &before))
            CPU_SET(i, &one);
    REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
    CHECK_INT(lm_cpu_count(), 1);
    CHECK(sched_setaffinity(0, sizeof before, &before) == 0);
    CHECK_INT(lm_cpu_count(), all);
}

static void test_memory(struct tap *tap)
{
    size_t limit = lm_memory_limit();
    size_t total = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    CHECK(limit > ((size_t)1 << 20) && limit <= total);
}

/* Near what the system's own table says at almost the same moment, unless a group allows less. */
static void test_available(struct tap *tap)
{
    double kib = 0;
    char line[256];
    FILE *file = fopen("/proc/meminfo", "re");
    REQUIRE(file != NULL);
    while (kib == 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "MemAvailable:", 13) == 0)
            kib = strtod(line + 13, NULL);
    fclose(file);
    size_t available = lm_memory_available();
    CHECK(available > ((size_t)1 << 20) && available <= lm_memory_limit());
    if (kib * 1024 < (double)lm_memory_limit())
        CHECK((double)available > kib * 512 && (double)available < kib * 2048);
}

static void test_name(struct tap *tap)
{
    char name[64];
    lm_cpu_name(name);
    CHECK(strlen(name) > 0 && strchr(name, '\n') == NULL && name[0] != ' ');
}

static const struct tap_test tests[] = {TAP_ROW(test_processors) TAP_ROW(test_memory)
                                            TAP_ROW(test_available) TAP_ROW(test_name)};
LM_TEST_FILE(tests)
