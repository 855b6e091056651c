/** Limits of the control groups this process is in, version 1, version 2 or both, nested or not. */
#ifndef LM_BASE_CGROUP_H
#define LM_BASE_CGROUP_H

#include <stdint.h>

struct lm_cgroup_limits {
    double processors; /**< CPU quota over its period; 0: none */
    uint64_t memory;   /**< bytes; UINT64_MAX: none */
};

/** The tightest limits of this process's groups and of all above them that can be seen, by
 *  ROOT/proc/self/cgroup, ROOT/proc/self/mountinfo and the files below the mounts; `root` is "" but
 *  for tests. What cannot be read limits nothing. Sources: cgroups(7), proc(5). */
void lm_cgroup_read(struct lm_cgroup_limits *out, const char *root);

#endif
