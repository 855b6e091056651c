#include "base/cgroup.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/c_locale.h"

enum { WORD = 4096, LINE = 3 * WORD };

/* What is being read. */
struct search {
    const char *root;
    struct lm_cgroup_limits *out;
};

/* First line of a file; false when there is none. */
static bool first_line(char line[WORD], const char *folder, const char *name)
{
    char path[2 * WORD];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = length > 0 && (size_t)length < sizeof path ? fopen(path, "re") : NULL;
    if (file == NULL)
        return false;
    bool is_read = fgets(line, WORD, file) != NULL;
    fclose(file);
    return is_read;
}

/* ---- limits of one group ---- */

static void limit_processors(struct lm_cgroup_limits *out, double quota, double period)
{
    if (!(quota > 0) || !(period > 0))
        return; /* "max", or -1 of version 1: none */
    if (out->processors == 0 || quota / period < out->processors)
        out->processors = quota / period;
}

static void limit_memory(struct lm_cgroup_limits *out, const char *line)
{
    char *rest;
    unsigned long long bytes = strtoull(line, &rest, 10);
    if (rest != line && bytes < out->memory)
        out->memory = bytes;
}

/* cpu.max holds "QUOTA PERIOD" or "max PERIOD". */
static void read_v2(struct lm_cgroup_limits *out, const char *folder)
{
    char line[WORD], *rest;
    if (first_line(line, folder, "cpu.max")) {
        double quota = lm_c_strtod(line, &rest);
        limit_processors(out, quota, lm_c_strtod(rest, NULL));
    }
    if (first_line(line, folder, "memory.max"))
        limit_memory(out, line);
}

static void read_v1_cpu(struct lm_cgroup_limits *out, const char *folder)
{
    char quota[WORD], period[WORD];
    if (first_line(quota, folder, "cpu.cfs_quota_us") &&
        first_line(period, folder, "cpu.cfs_period_us"))
        limit_processors(out, lm_c_strtod(quota, NULL), lm_c_strtod(period, NULL));
}

static void read_v1_memory(struct lm_cgroup_limits *out, const char *folder)
{
    char line[WORD];
    if (first_line(line, folder, "memory.limit_in_bytes"))
        limit_memory(out, line);
}

/* ---- where a group is ---- */

/* Is `word` one of a list with commas? "cpu" is not in "cpuset,cpuacct". */
static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; *at != '\0'; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",\n") == length && strncmp(at, word, length) == 0)
            return true;
    return false;
}

/* The group of a controller ("" for version 2) by a line "ID:CONTROLLERS:PATH" of its own. */
static bool find_group(char group[WORD], const struct search *search, const char *controller)
{
    char path[WORD], line[LINE];
    bool found = false;
    snprintf(path, sizeof path, "%s/proc/self/cgroup", search->root);
    FILE *file = fopen(path, "re");
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        char *names = strchr(line, ':'), *where = names != NULL ? strchr(names + 1, ':') : NULL;
        if (where == NULL)
            continue;
        *names++ = *where++ = '\0';
        where[strcspn(where, "\n")] = '\0';
        found = controller[0] == '\0' ? strcmp(line, "0") == 0 && names[0] == '\0'
                                      : has_word(names, controller);
        if (found)
            snprintf(group, WORD, "%.*s", WORD - 1, where);
    }
    if (file != NULL)
        fclose(file);
    return found;
}

/* The group's folder below a mount whose own root is `top`. A group that the mount does not show (a
 * container's, seen from within) is the mount itself. */
static const char *below_mount(const char *group, const char *top)
{
    size_t length = strcmp(top, "/") == 0 ? 0 : strlen(top);
    bool below =
        strncmp(group, top, length) == 0 && (group[length] == '/' || group[length] == '\0');
    if (!below || strstr(group, "/..") != NULL)
        return "";
    return strcmp(group + length, "/") == 0 ? "" : group + length;
}

/* Calls `read` for the controller's group below the mount, and for each group above it. */
static void each_group(const struct search *search, const char *mount, const char *top,
                       const char *controller,
                       void (*read)(struct lm_cgroup_limits *out, const char *folder))
{
    char group[WORD], folder[2 * WORD];
    if (!find_group(group, search, controller))
        return;
    int start = snprintf(folder, sizeof folder, "%s%s", search->root, mount);
    if (start < 0 || (size_t)start >= sizeof folder)
        return;
    int length =
        snprintf(folder + start, sizeof folder - (size_t)start, "%s", below_mount(group, top));
    if (length < 0 || (size_t)length >= sizeof folder - (size_t)start)
        return;
    for (;;) {
        read(search->out, folder);
        char *slash = strrchr(folder + start, '/');
        if (slash == NULL)
            return;
        *slash = '\0';
    }
}

/* ---- mounts ---- */

/* \040 and the like, as mountinfo writes blanks. */
static void unescape(char *text)
{
    char *to = text;
    for (; *text != '\0'; to++) {
        unsigned code;
        bool escaped = text[0] == '\\' && sscanf(text + 1, "%3o", &code) == 1 && code < 256;
        *to = escaped ? (char)code : *text;
        text += escaped ? 4 : 1;
    }
    *to = '\0';
}

/* "ID PARENT MAJOR:MINOR TOP MOUNT OPTIONS [FIELD…] - TYPE SOURCE SUPEROPTIONS" */
static void read_mount(const struct search *search, const char *line)
{
    char top[WORD], mount[WORD], type[64], options[WORD];
    const char *rest = strstr(line, " - ");
    if (rest == NULL || sscanf(line, "%*s %*s %*s %4095s %4095s", top, mount) != 2 ||
        sscanf(rest, " - %63s %*s %4095s", type, options) != 2)
        return;
    unescape(top);
    unescape(mount);
    if (strcmp(type, "cgroup2") == 0)
        each_group(search, mount, top, "", read_v2);
    if (strcmp(type, "cgroup") == 0 && has_word(options, "cpu"))
        each_group(search, mount, top, "cpu", read_v1_cpu);
    if (strcmp(type, "cgroup") == 0 && has_word(options, "memory"))
        each_group(search, mount, top, "memory", read_v1_memory);
}

void lm_cgroup_read(struct lm_cgroup_limits *out, const char *root)
{
    char path[WORD], line[LINE];
    struct search search = {root, out};
    *out = (struct lm_cgroup_limits){0, UINT64_MAX};
    snprintf(path, sizeof path, "%s/proc/self/mountinfo", root);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        read_mount(&search, line);
    if (file != NULL)
        fclose(file);
}
