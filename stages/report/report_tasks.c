#include "report_tasks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report_input.h"

enum { SENTENCES = 3 };

static const char signature_end[] = ".signature";

/* The headline of a kind is the first of these that a task has. */
static const struct {
    struct report_metric metric;
    bool is_lower;
} metrics[] = {
    {{"acc", TEXT_ACCURACY, REPORT_SHARE}, false},
    {{"bleu", TEXT_BLEU, REPORT_POINTS}, false},
    {{"spearman", TEXT_SPEARMAN, REPORT_CORRELATION}, false},
    {{"bpb", TEXT_BITS_PER_BYTE, REPORT_NATS}, true},
};

static const struct {
    const char *key;
    enum report_text label;
} floors[REPORT_FLOORS] = {
    {"floor.length", TEXT_FLOOR_LENGTH},   {"floor.majority", TEXT_FLOOR_MAJORITY},
    {"floor.unigram", TEXT_FLOOR_UNIGRAM}, {"floor.bigram", TEXT_FLOOR_BIGRAM},
    {"floor.copy", TEXT_FLOOR_COPY},       {"floor.overlap", TEXT_FLOOR_OVERLAP},
};

/* ---- one task ---- */

size_t report_task_floors(struct report_floor out[REPORT_FLOORS], const struct report *report,
                          const struct report_task *task)
{
    size_t count = 0;
    for (size_t i = 0; i < REPORT_FLOORS; i++) {
        double value = report_score(report, task->name, floors[i].key);
        if (!isnan(value))
            out[count++] = (struct report_floor){floors[i].label, value};
    }
    return count;
}

static struct report_floor best_floor(const struct report *report, const struct report_task *task)
{
    struct report_floor list[REPORT_FLOORS], best = {TEXT_NO, (double)NAN};
    size_t count = report_task_floors(list, report, task);
    for (size_t i = 0; i < count; i++) {
        bool is_better = task->is_lower ? list[i].value < best.value : list[i].value > best.value;
        if (isnan(best.value) || is_better)
            best = list[i];
    }
    return best;
}

static struct report_task read_task(const struct report *report, const char *name,
                                    const char *signature)
{
    struct report_task task = {.name = name, .signature = signature, .value = (double)NAN};
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0] && isnan(task.value); i++) {
        task.metric = metrics[i].metric;
        task.is_lower = metrics[i].is_lower;
        task.value = report_score(report, name, task.metric.key);
    }
    task.low = report_metric_end(report, name, &task.metric, "lo");
    task.high = report_metric_end(report, name, &task.metric, "hi");
    task.group_low = report_score(report, name, "acc.clustered.lo");
    task.group_high = report_score(report, name, "acc.clustered.hi");
    task.chance = report_score(report, name, "chance");
    task.centred = report_score(report, name, "centred");
    task.items = report_score(report, name, "items");
    task.ties = report_score(report, name, "ties");
    task.best = best_floor(report, &task);
    task.over = report_score(report, name, "bigram.diff");
    task.over_low = report_score(report, name, "bigram.diff.lo");
    task.over_high = report_score(report, name, "bigram.diff.hi");
    return task;
}

/* Is the interval beyond a floor: that of the difference where it is paired? */
static bool is_beyond(const struct report_task *task, const struct report_floor *floor)
{
    const bool is_paired = floor->label == TEXT_FLOOR_BIGRAM && !isnan(task->over_low);
    if (task->is_lower)
        return is_paired ? task->over_high < 0 : task->high < floor->value;
    return is_paired ? task->over_low > 0 : task->low > floor->value;
}

bool report_task_is_above(const struct report *report, const struct report_task *task)
{
    struct report_floor list[REPORT_FLOORS];
    size_t count = report_task_floors(list, report, task);
    bool is_above = !isnan(task->low) && !(task->low <= task->chance);
    for (size_t i = 0; i < count; i++)
        is_above = is_above && is_beyond(task, &list[i]);
    return is_above && (!task->is_lower || count > 0);
}

/* ---- all of them ---- */

struct listing {
    const struct report *report;
    struct report_task *tasks;
    size_t count, capacity;
};

static bool add_task(void *user, const char *key, const struct lm_json *value)
{
    struct listing *listing = user;
    const struct report *report = listing->report;
    size_t length = strlen(key), end = strlen(signature_end);
    const char *signature = lm_json_string(value, NULL);
    if (signature == NULL || length <= end || strcmp(key + length - end, signature_end) != 0)
        return true;
    struct report_task *grown = lm_arena_grow(report->arena, listing->tasks, listing->count,
                                              &listing->capacity, sizeof *listing->tasks);
    const char *name = lm_arena_strndup(report->arena, key, length - end);
    if (grown == NULL || name == NULL) {
        *report->lacks_memory = true;
        return false;
    }
    listing->tasks = grown;
    grown[listing->count] = read_task(report, name, signature);
    listing->count += isnan(grown[listing->count].value) ? 0 : 1;
    return true;
}

const struct report_task *report_tasks_list(const struct report *report, size_t *count)
{
    struct listing listing = {.report = report};
    lm_json_each(report->scores, add_task, &listing);
    *count = listing.count;
    return listing.count > 0 ? listing.tasks : NULL;
}

/* ---- groups ---- */

struct group_listing {
    const struct report *report;
    const char *name;
    struct report_task_group *groups;
    size_t count, capacity;
};

/* Length of GROUP in a key NAME.GROUP.acc; 0 for any other key. */
static size_t group_length(const char *key, const char *name)
{
    size_t length = strlen(name);
    if (strncmp(key, name, length) != 0 || key[length] != '.')
        return 0;
    size_t group = strcspn(key + length + 1, ".");
    return strcmp(key + length + 1 + group, ".acc") == 0 ? group : 0;
}

static bool add_group(void *user, const char *key, const struct lm_json *value)
{
    struct group_listing *listing = user;
    const struct report *report = listing->report;
    size_t length = group_length(key, listing->name);
    if (length == 0)
        return true;
    struct report_task_group *grown = lm_arena_grow(report->arena, listing->groups, listing->count,
                                                    &listing->capacity, sizeof *listing->groups);
    const char *group = lm_arena_strndup(report->arena, key + strlen(listing->name) + 1, length);
    if (grown == NULL || group == NULL) {
        *report->lacks_memory = true;
        return false;
    }
    listing->groups = grown;
    grown[listing->count++] = (struct report_task_group){group, lm_json_double(value, (double)NAN),
                                                         report_score(report, key, "lo"),
                                                         report_score(report, key, "hi")};
    return true;
}

static int compare_groups(const void *a, const void *b)
{
    const struct report_task_group *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return strcmp(x->name, y->name);
}

const struct report_task_group *report_task_groups(const struct report *report,
                                                   const struct report_task *task, size_t *count)
{
    struct group_listing listing = {.report = report, .name = task->name};
    lm_json_each(report->scores, add_group, &listing);
    *count = listing.count;
    if (listing.count > 1)
        qsort(listing.groups, listing.count, sizeof *listing.groups, compare_groups);
    return listing.count > 0 ? listing.groups : NULL;
}

/* ---- in words ---- */

static const char *chance_clause(const struct report *report, const struct report_task *task)
{
    if (isnan(task->chance) || isnan(task->low) || isnan(task->high))
        return "";
    enum report_text clause = task->low > task->chance    ? TEXT_CHANCE_CLAUSE
                              : task->high < task->chance ? TEXT_BELOW_CHANCE_CLAUSE
                                                          : TEXT_NO_CHANCE_CLAUSE;
    return report_say(report, clause, report_share(report, task->chance, 1).text);
}

static const char *task_sentence(const struct report *report, const struct report_task *task)
{
    const struct report_metric *metric = &task->metric;
    const char *interval = "";
    if (!isnan(task->low) && !isnan(task->high))
        interval = report_say(report, TEXT_INTERVAL_CLAUSE,
                              report_range(report, report_metric_text(report, metric, task->low),
                                           report_metric_text(report, metric, task->high)));
    return report_say(report, TEXT_TASK_RESULT, task->name, report_say(report, metric->label),
                      report_metric_text(report, metric, task->value).text, interval,
                      chance_clause(report, task));
}

const char *report_tasks_sentences(const struct report *report)
{
    size_t count;
    const struct report_task *tasks = report_tasks_list(report, &count);
    const char *text = "";
    for (size_t i = 0; i < count && i < SENTENCES; i++)
        text = report_join(report, text, task_sentence(report, &tasks[i]));
    if (count > SENTENCES)
        text = report_join(
            report, text,
            report_say(report, TEXT_MORE_TASKS, lm_num_count((int64_t)(count - SENTENCES)).text));
    return text;
}
