#include "base/cgroup.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "tap.h"

/** A machine as files tell it; a row of files ends with NULL. */
struct machine {
    const char *name, *groups, *mounts;
    const char *files[8][2];
    double processors;
    uint64_t memory;
};

#define V2 "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1(id, top, names)                                                                         \
    id " 23 0:27 " top " /sys/fs/cgroup/" names " rw,nosuid shared:9 - cgroup cgroup rw," names "\n"
#define GIB ((uint64_t)1 << 30)

static const struct machine machines[] = {
    {"version 2",
     "0::/user.slice/app.scope\n",
     V2,
     {{"/sys/fs/cgroup/user.slice/app.scope/cpu.max", "150000 100000\n"},
      {"/sys/fs/cgroup/user.slice/app.scope/memory.max", "2147483648\n"}},
     1.5,
     2 * GIB},
    {"version 2: a group above is tighter",
     "0::/a/b/c\n",
     V2,
     {{"/sys/fs/cgroup/a/cpu.max", "50000 100000\n"},
      {"/sys/fs/cgroup/a/b/cpu.max", "max 100000\n"},
      {"/sys/fs/cgroup/a/b/c/cpu.max", "300000 100000\n"},
      {"/sys/fs/cgroup/a/b/c/memory.max", "max\n"},
      {"/sys/fs/cgroup/a/b/memory.max", "1073741824\n"}},
     0.5,
     GIB},
    {"version 2, in a namespace",
     "0::/\n",
     V2,
     {{"/sys/fs/cgroup/cpu.max", "200000 100000\n"}},
     2,
     UINT64_MAX},
    {"version 2, a container's own part of the tree",
     "0::/docker/abc/inner\n",
     "30 23 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
     {{"/sys/fs/cgroup/cpu.max", "400000 100000\n"},
      {"/sys/fs/cgroup/inner/memory.max", "1073741824\n"}},
     4,
     GIB},
    {"version 2, a group that the mount does not show",
     "0::/../../other\n",
     V2,
     {{"/sys/fs/cgroup/cpu.max", "100000 100000\n"}},
     1,
     UINT64_MAX},
    {"version 1: cpu is not cpuset",
     "5:cpuset:/wrong\n4:cpu,cpuacct:/right\n3:memory:/mem\n",
     V1("31", "/", "cpuset") V1("32", "/", "cpu,cpuacct") V1("33", "/", "memory"),
     {{"/sys/fs/cgroup/cpu,cpuacct/wrong/cpu.cfs_quota_us", "1000\n"},
      {"/sys/fs/cgroup/cpu,cpuacct/wrong/cpu.cfs_period_us", "100000\n"},
      {"/sys/fs/cgroup/cpu,cpuacct/right/cpu.cfs_quota_us", "250000\n"},
      {"/sys/fs/cgroup/cpu,cpuacct/right/cpu.cfs_period_us", "100000\n"},
      {"/sys/fs/cgroup/memory/mem/memory.limit_in_bytes", "1073741824\n"}},
     2.5,
     GIB},
    {"version 1: no quota, no limit",
     "4:cpuacct,cpu:/x\n3:memory:/x\n",
     V1("32", "/", "cpuacct,cpu") V1("33", "/", "memory"),
     {{"/sys/fs/cgroup/cpuacct,cpu/x/cpu.cfs_quota_us", "-1\n"},
      {"/sys/fs/cgroup/cpuacct,cpu/x/cpu.cfs_period_us", "100000\n"}},
     0,
     UINT64_MAX},
    {"version 1 in a container",
     "4:cpu:/docker/abc\n3:memory:/docker/abc\n",
     V1("32", "/docker/abc", "cpu") V1("33", "/docker/abc", "memory"),
     {{"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n"},
      {"/sys/fs/cgroup/cpu/cpu.cfs_period_us", "50000\n"},
      {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n"}},
     1,
     GIB},
    {"hybrid: version 2 without controllers beside version 1",
     "12:cpu,cpuacct:/a\n2:name=systemd:/cpu\n0::/user.slice\n",
     "29 23 0:25 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n" V1("32", "/", "cpu,cpuacct")
         V1("34", "/", "name=systemd"),
     {{"/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "300000\n"},
      {"/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n"},
      {"/sys/fs/cgroup/unified/user.slice/memory.max", "max\n"}},
     3,
     UINT64_MAX},
    {"a mount with a blank in its name",
     "0::/g\n",
     "30 23 0:26 / /my\\040groups rw - cgroup2 none rw\n",
     {{"/my groups/g/cpu.max", "100000 50000\n"}},
     2,
     UINT64_MAX},
    {"nothing", "", "", {{NULL}}, 0, UINT64_MAX},
};

static void put(struct lm_arena *arena, const char *root, const char *name, const char *text)
{
    const char *path = lm_arena_printf(arena, "%s%s", root, name);
    lm_dir_create(lm_path_dir(arena, path), NULL);
    lm_file_write(path, text, strlen(text), NULL);
}

static void test_machines(struct tap *tap)
{
    for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++) {
        const struct machine *machine = &machines[i];
        char root[] = "/tmp/lmpipe-test-cgroup-XXXXXX";
        struct lm_arena *arena = lm_arena_create();
        struct lm_cgroup_limits limits;
        REQUIRE(arena != NULL && mkdtemp(root) != NULL);
        put(arena, root, "/proc/self/cgroup", machine->groups);
        put(arena, root, "/proc/self/mountinfo", machine->mounts);
        for (size_t k = 0; machine->files[k][0] != NULL; k++)
            put(arena, root, machine->files[k][0], machine->files[k][1]);
        lm_cgroup_read(&limits, root);
        if (limits.processors != machine->processors || limits.memory != machine->memory)
            printf("# %s: %g processors, %llu bytes\n", machine->name, limits.processors,
                   (unsigned long long)limits.memory);
        CHECK(limits.processors == machine->processors);
        CHECK(limits.memory == machine->memory);
        lm_dir_remove(root, NULL);
        lm_arena_free(arena);
    }
}

static void test_missing(struct tap *tap)
{
    struct lm_cgroup_limits limits;
    lm_cgroup_read(&limits, "/nowhere");
    CHECK(limits.processors == 0 && limits.memory == UINT64_MAX);
}

static const struct tap_test tests[] = {TAP_ROW(test_machines) TAP_ROW(test_missing)};
LM_TEST_FILE(tests)
