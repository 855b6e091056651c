/* What a worker tells while it runs: progress, gauges, notes, its result. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "exec/exec.h"
#include "protocol/server.h"

#define KEEP_EVERY UINT64_C(2000000000) /**< progress goes to events.jsonl this often (ns) */

void lm_exec_note(struct lm_exec *exec, const struct lm_task *task, const char *text)
{
    struct lm_run_event event = {.kind = LM_EV_NOTE,
                                 .stage = task != NULL ? exec->spec->stages[task->index].id : NULL,
                                 .text = text};
    lm_events_emit(&exec->events, &event, true);
}

/** Where the events of one line go. */
struct arrival {
    struct lm_exec *exec;
    struct lm_task *task;
    const char *stage;
    uint64_t now_ns;
    bool keep; /**< in events.jsonl, too */
};

static bool take_gauge(void *user, const char *name, const struct lm_json *value)
{
    struct arrival *arrival = user;
    struct lm_run_event event = {.kind = LM_EV_GAUGE,
                                 .stage = arrival->stage,
                                 .text = name,
                                 .value = lm_json_double(value, 0)};
    lm_telemetry_note(&arrival->exec->stages[arrival->task->index].execution->telemetry, name,
                      event.value, arrival->now_ns);
    lm_events_emit(&arrival->exec->events, &event, arrival->keep);
    return true;
}

static void take_progress(struct arrival *arrival, const struct lm_json *root)
{
    struct lm_attempt *attempt = arrival->task->attempt;
    const char *doing = lm_json_string(lm_json_get(root, "doing"), NULL);
    if (doing != NULL)
        snprintf(attempt->doing, sizeof attempt->doing, "%s", doing);
    struct lm_run_event event = {.kind = LM_EV_PROGRESS,
                                 .stage = arrival->stage,
                                 .text = lm_json_string(lm_json_get(root, "unit"), NULL),
                                 .done = (uint64_t)lm_json_int(lm_json_get(root, "done"), 0),
                                 .total = (uint64_t)lm_json_int(lm_json_get(root, "total"), 0),
                                 .doing = attempt->doing[0] != '\0' ? attempt->doing : NULL};
    bool is_last = event.total > 0 && event.done == event.total;
    arrival->keep = is_last || arrival->now_ns - attempt->kept_ns >= KEEP_EVERY;
    if (arrival->keep)
        attempt->kept_ns = arrival->now_ns;
    if (lm_json_get(root, "done") != NULL)
        lm_events_emit(&arrival->exec->events, &event, arrival->keep);
    lm_json_each(lm_json_get(root, "gauges"), take_gauge, arrival);
}

/** Notes go into the stage's log, too. */
static void take_note(struct arrival *arrival, const struct lm_json *root)
{
    const char *text = lm_json_string(lm_json_get(root, "text"), NULL);
    FILE *log = text != NULL ? fopen(arrival->task->attempt->log, "ae") : NULL;
    if (log != NULL) {
        fprintf(log, "%s\n", text);
        fclose(log);
    }
    if (text != NULL)
        lm_exec_note(arrival->exec, arrival->task, text);
}

/** The stage has ended, and its process has not. */
static void take_rest(struct lm_attempt *attempt, const struct lm_json *root)
{
    const struct lm_server_rest rest = lm_server_rest_read(root);
    attempt->rests = true;
    attempt->end = (struct lm_child_end){.memory = rest.memory, .cpu_seconds = rest.cpu_seconds};
}

static void take_line(void *user, const char *line, size_t size)
{
    struct arrival *arrival = user;
    struct lm_attempt *attempt = arrival->task->attempt;
    struct lm_json *root = NULL;
    if (lm_json_parse(&root, line, size, NULL) != LM_OK)
        return;
    const char *kind = lm_json_string(lm_json_get(root, "event"), NULL);
    if (kind != NULL && strcmp(kind, "result") == 0)
        attempt->result = lm_arena_strndup(attempt->arena, line, size);
    else if (kind != NULL && strcmp(kind, "progress") == 0)
        take_progress(arrival, root);
    else if (kind != NULL && strcmp(kind, "note") == 0)
        take_note(arrival, root);
    else if (kind != NULL && strcmp(kind, "rest") == 0)
        take_rest(attempt, root);
    else if (kind != NULL && strcmp(kind, "resumed") == 0)
        arrival->exec->stages[arrival->task->index].execution->resumed =
            lm_json_int(lm_json_get(root, "position"), -1);
    else if (kind != NULL && strcmp(kind, "checkpoint") == 0)
        lm_attempt_seconds_keep(attempt, arrival->now_ns);
    lm_json_free(root);
}

static struct arrival arrival_of(struct lm_exec *exec, struct lm_task *task)
{
    return (struct arrival){exec, task, exec->spec->stages[task->index].id, lm_clock_monotonic_ns(),
                            false};
}

void lm_exec_read(struct lm_exec *exec, struct lm_task *task)
{
    struct arrival arrival = arrival_of(exec, task);
    lm_child_read(&task->attempt->child, take_line, &arrival);
}

void lm_exec_read_end(struct lm_exec *exec, struct lm_task *task)
{
    struct lm_attempt *attempt = task->attempt;
    struct arrival arrival = arrival_of(exec, task);
    if (!attempt->rests)
        lm_child_finish(&attempt->child, &attempt->end, take_line, &arrival);
    else if (attempt->term_ns > 0) /* its next stage might take the signal for its own */
        lm_child_drop(&attempt->child);
    else
        lm_worker_server_keep(&exec->server, &attempt->child, attempt->end.cpu_seconds,
                              exec->threads);
}
