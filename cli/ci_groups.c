#include "ci_groups.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { HELD_MAX = 64 << 10 /* bytes; more is written, in a part of its own */ };

struct group {
    struct group *next;
    struct lm_buf held;
    char stage[]; /* its id */
};

struct lm_groups {
    enum lm_ci_system system;
    FILE *out;
    struct group *first; /* in the order in which they began: the first has the log */
    bool is_open;        /* a part of the log is, that of the stage which wrote last */
    const struct group *owner;
    unsigned sections; /* opened so far: their names must differ */
};

struct lm_groups *lm_groups_create(enum lm_ci_system system, FILE *out)
{
    struct lm_groups *groups = system != LM_CI_NONE ? calloc(1, sizeof *groups) : NULL;
    if (groups != NULL)
        *groups = (struct lm_groups){.system = system, .out = out};
    return groups;
}

/* ---- marks in the log ---- */

/* https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections */
static void put_section(const struct lm_groups *groups, const char *what, const char *options,
                        const char *header)
{
    fprintf(groups->out, "\033[0Ksection_%s:%" PRIu64 ":lmpipe_%u%s\r\033[0K%s\n", what,
            lm_clock_unix_ns() / 1000000000, groups->sections, options, header);
}

/* A title of GitHub's, which decodes %0A; ids hold what is odd in them as %XX. */
static void put_group(const struct lm_groups *groups, const char *title)
{
    fputs("::group::", groups->out);
    for (; *title != '\0'; title++)
        fputs(*title == '%' ? "%25" : (char[]){*title, '\0'}, groups->out);
    fputc('\n', groups->out);
}

static void open_part(struct lm_groups *groups, const struct group *group)
{
    if (groups->is_open && groups->owner == group)
        return;
    lm_groups_close(groups);
    groups->is_open = true;
    groups->owner = group;
    groups->sections++;
    if (groups->system == LM_CI_GITLAB)
        put_section(groups, "start", "[collapsed=true]", group->stage);
    else
        put_group(groups, group->stage);
}

void lm_groups_close(struct lm_groups *groups)
{
    if (groups == NULL || !groups->is_open)
        return;
    groups->is_open = false;
    if (groups->system == LM_CI_GITLAB)
        put_section(groups, "end", "", "");
    else
        fputs("::endgroup::\n", groups->out);
}

/* ---- stages ---- */

static struct group **find(struct lm_groups *groups, const char *stage)
{
    struct group **at = &groups->first;
    while (*at != NULL && strcmp((*at)->stage, stage) != 0)
        at = &(*at)->next;
    return at;
}

static void write_held(struct lm_groups *groups, struct group *group)
{
    if (group->held.size == 0)
        return;
    open_part(groups, group);
    fwrite(group->held.data, 1, group->held.size, groups->out);
    lm_buf_clear(&group->held);
}

void lm_groups_begin(struct lm_groups *groups, const char *stage)
{
    struct group **at = find(groups, stage);
    if (*at != NULL)
        return;
    size_t size = strlen(stage) + 1;
    struct group *group = calloc(1, sizeof *group + size);
    if (group == NULL)
        return;
    memcpy(group->stage, stage, size);
    lm_buf_init(&group->held, 0);
    *at = group;
}

bool lm_groups_line(struct lm_groups *groups, const char *stage, const char *line)
{
    struct group *group = *find(groups, stage);
    if (group == NULL)
        return false;
    if (group == groups->first) {
        write_held(groups, group);
        open_part(groups, group);
        fprintf(groups->out, "%s\n", line);
        return true;
    }
    if (group->held.size > HELD_MAX)
        write_held(groups, group);
    size_t size = group->held.size;
    lm_buf_printf(&group->held, "%s\n", line);
    if (!group->held.failed)
        return true;
    group->held.size = size;
    group->held.failed = false;
    return false;
}

void lm_groups_end(struct lm_groups *groups, const char *stage)
{
    struct group **at = find(groups, stage), *group = *at;
    if (group == NULL)
        return;
    write_held(groups, group);
    lm_groups_close(groups);
    *at = group->next;
    groups->owner = NULL;
    lm_buf_release(&group->held);
    free(group);
}

void lm_groups_free(struct lm_groups *groups)
{
    if (groups == NULL)
        return;
    while (groups->first != NULL)
        lm_groups_end(groups, groups->first->stage);
    lm_groups_close(groups);
    free(groups);
}
