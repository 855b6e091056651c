#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/pool.h"
#include "exec/exec.h"
#include "store/record.h"

#define KEEP_EVERY UINT64_C(2000000000) /**< progress goes to events.jsonl this often (ns) */
#define TAIL 4096
#define TAIL_LINE 300
#define EXIT_INTERRUPTED 75

/* ---- events ---- */

void lm_exec_note(struct lm_exec *exec, const struct lm_node *node, const char *text)
{
    struct lm_run_event event = {.kind = LM_EV_NOTE,
                                 .stage = node != NULL ? exec->spec->stages[node->index].id : NULL,
                                 .text = text};
    lm_events_emit(&exec->events, &event, true);
}

/** Where the events of one line go. */
struct arrival {
    struct lm_exec *exec;
    struct lm_node *node;
    bool keep; /**< in events.jsonl, too */
};

static void remember_gauge(struct arrival *arrival, const char *name, double value)
{
    struct lm_node *node = arrival->node;
    uint64_t now = lm_clock_monotonic_ns();
    size_t i = 0;
    while (i < node->gauge_count && strcmp(node->gauges[i].name, name) != 0)
        i++;
    if (i == sizeof node->gauges / sizeof node->gauges[0])
        return;
    if (i == node->gauge_count) {
        struct lm_arena *arena = arrival->exec->arena;
        const char *copy = lm_arena_strdup(arena, name);
        if (copy == NULL)
            return;
        node->gauges[node->gauge_count++] = (struct lm_gauge_value){
            copy, value, value,
            now,  now,   strchr(name, '.') == NULL ? LM_NEW(arena, struct lm_series) : NULL};
    }
    node->gauges[i].value = value;
    node->gauges[i].last_ns = now;
    if (node->gauges[i].course != NULL)
        lm_series_add(node->gauges[i].course, (double)(now - node->attempt_ns) * 1e-9, value);
}

static bool take_gauge(void *user, const char *name, const struct lm_json *value)
{
    struct arrival *arrival = user;
    struct lm_run_event event = {.kind = LM_EV_GAUGE,
                                 .stage = arrival->exec->spec->stages[arrival->node->index].id,
                                 .text = name,
                                 .value = lm_json_double(value, 0)};
    remember_gauge(arrival, name, event.value);
    lm_events_emit(&arrival->exec->events, &event, arrival->keep);
    return true;
}

static void take_progress(struct arrival *arrival, const struct lm_json *root)
{
    uint64_t now = lm_clock_monotonic_ns();
    arrival->keep = now - arrival->node->kept_ns >= KEEP_EVERY;
    if (arrival->keep)
        arrival->node->kept_ns = now;
    if (lm_json_get(root, "done") != NULL) {
        struct lm_run_event event = {.kind = LM_EV_PROGRESS,
                                     .stage = arrival->exec->spec->stages[arrival->node->index].id,
                                     .text = lm_json_string(lm_json_get(root, "unit"), NULL),
                                     .done = (uint64_t)lm_json_int(lm_json_get(root, "done"), 0),
                                     .total = (uint64_t)lm_json_int(lm_json_get(root, "total"), 0)};
        lm_events_emit(&arrival->exec->events, &event, arrival->keep);
    }
    lm_json_each(lm_json_get(root, "gauges"), take_gauge, arrival);
}

/** Notes go into the stage's log, too. */
static void take_note(struct arrival *arrival, const struct lm_json *root)
{
    const char *text = lm_json_string(lm_json_get(root, "text"), NULL);
    FILE *log = text != NULL ? fopen(arrival->node->log, "ae") : NULL;
    if (log != NULL) {
        fprintf(log, "%s\n", text);
        fclose(log);
    }
    if (text != NULL)
        lm_exec_note(arrival->exec, arrival->node, text);
}

static void take_line(void *user, const char *line, size_t size)
{
    struct arrival *arrival = user;
    struct lm_json *root = NULL;
    if (lm_json_parse(&root, line, size, NULL) != LM_OK)
        return;
    const char *kind = lm_json_string(lm_json_get(root, "event"), NULL);
    if (kind != NULL && strcmp(kind, "result") == 0)
        arrival->node->result = lm_arena_strndup(arrival->exec->arena, line, size);
    else if (kind != NULL && strcmp(kind, "progress") == 0)
        take_progress(arrival, root);
    else if (kind != NULL && strcmp(kind, "note") == 0)
        take_note(arrival, root);
    lm_json_free(root);
}

void lm_exec_read(struct lm_exec *exec, struct lm_node *node)
{
    struct arrival arrival = {exec, node, false};
    lm_child_read(&node->child, take_line, &arrival);
}

/* ---- success ---- */

static bool read_file_row(struct lm_output_file *file, const struct lm_json *row,
                          struct lm_arena *arena, bool folder)
{
    const char *name = lm_json_string(lm_json_get(row, "name"), NULL);
    const char *object = lm_json_string(lm_json_get(row, "object"), NULL);
    const char *logical = lm_json_string(lm_json_get(row, "logical"), NULL);
    if (object == NULL || logical == NULL || !lm_digest_parse(&file->object, object) ||
        folder != (name != NULL))
        return false;
    file->name = name != NULL ? lm_arena_strdup(arena, name) : NULL;
    file->logical = lm_arena_strdup(arena, logical);
    file->size = (uint64_t)lm_json_int(lm_json_get(row, "size"), 0);
    file->mtime_ns = lm_json_int(lm_json_get(row, "mtime"), 0);
    return file->logical != NULL && (file->name != NULL) == folder;
}

static bool read_output(struct lm_output *output, const struct lm_json *row, struct lm_arena *arena)
{
    const struct lm_json *files = lm_json_get(row, "files");
    const char *port = lm_json_string(lm_json_get(row, "port"), NULL);
    output->port = port != NULL ? lm_arena_strdup(arena, port) : NULL;
    output->folder = lm_json_bool(lm_json_get(row, "folder"), false);
    output->file_count = lm_json_count(files);
    output->files = LM_NEW_ARRAY(arena, struct lm_output_file, output->file_count);
    if (output->port == NULL || output->files == NULL || output->file_count == 0)
        return false;
    for (size_t i = 0; i < output->file_count; i++)
        if (!read_file_row(&output->files[i], lm_json_at(files, i), arena, output->folder))
            return false;
    return true;
}

static bool read_result(struct lm_record *record, const struct lm_json *root,
                        struct lm_arena *arena)
{
    const struct lm_json *outputs = lm_json_get(root, "outputs");
    const struct lm_json *metrics = lm_json_get(root, "metrics");
    const char *headline = lm_json_string(lm_json_get(root, "headline"), NULL);
    record->output_count = lm_json_count(outputs);
    record->metric_count = lm_json_count(metrics);
    record->outputs = LM_NEW_ARRAY(arena, struct lm_output, record->output_count);
    record->metrics = LM_NEW_ARRAY(arena, struct lm_metric, record->metric_count);
    record->headline = lm_arena_strdup(arena, headline != NULL ? headline : "");
    if (record->outputs == NULL || record->metrics == NULL || record->headline == NULL)
        return false;
    for (size_t i = 0; i < record->output_count; i++)
        if (!read_output(&record->outputs[i], lm_json_at(outputs, i), arena))
            return false;
    for (size_t i = 0; i < record->metric_count; i++) {
        const struct lm_json *pair = lm_json_at(metrics, i);
        const char *name = lm_json_string(lm_json_at(pair, 0), NULL);
        const char *value = lm_json_string(lm_json_at(pair, 1), NULL);
        if (name == NULL || value == NULL)
            return false;
        record->metrics[i].name = lm_arena_strdup(arena, name);
        record->metrics[i].value = strtod(value, NULL);
    }
    return record->output_count > 0;
}

/** Builds the record of a stage that has ended well and commits it. */
static enum lm_status commit(struct lm_exec *exec, struct lm_node *node, struct lm_err *err)
{
    struct lm_plan_stage *planned = &exec->plan->stages[node->index];
    struct lm_record *record = LM_NEW(exec->arena, struct lm_record);
    struct lm_json *root = NULL;
    char host[256] = "";
    if (record == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory taking a result");
    LM_TRY(lm_json_parse(&root, node->result, strlen(node->result), err));
    bool complete = read_result(record, root, exec->arena);
    lm_json_free(root);
    if (!complete)
        return lm_fail(err, LM_INTERNAL,
                       "the worker's result is not complete; install lmpipe and "
                       "its worker together");
    record->key = planned->key;
    record->key_text = planned->key_text;
    record->finished = (int64_t)(lm_clock_unix_ns() / 1000000000);
    gethostname(host, sizeof host - 1);
    record->host = lm_arena_strdup(exec->arena, host);
    if (record->host == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory taking a result");
    record->seconds = (double)(lm_clock_monotonic_ns() - node->begin_ns) * 1e-9;
    LM_TRY(lm_record_seal(record, exec->arena, err));
    LM_TRY(lm_store_commit(exec->store, node->folder, record, err));
    planned->record = record;
    return LM_OK;
}

/* ---- failure ---- */

/** The last line of a log that is not empty, cut to TAIL_LINE bytes; "" when there is none. */
static const char *log_tail(struct lm_arena *arena, const char *path)
{
    char text[TAIL + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return "";
    off_t size = lseek(fd, 0, SEEK_END), from = size > TAIL ? size - TAIL : 0;
    ssize_t n = pread(fd, text, TAIL, from);
    close(fd);
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
        n--;
    if (n <= 0)
        return "";
    text[n] = '\0';
    const char *line = strrchr(text, '\n');
    line = line != NULL ? line + 1 : text;
    return lm_arena_printf(arena, "%.*s", TAIL_LINE, line);
}

/** A process that uses most of the machine's memory and is killed from outside was most likely
 *  chosen by the kernel. */
static bool is_out_of_memory(const struct lm_node *node)
{
    return node->end.signal == SIGKILL && node->term_ns == 0 &&
           node->end.memory > lm_memory_limit() / 2;
}

static const char *crash_text(struct lm_exec *exec, const struct lm_node *node)
{
    const struct lm_child_end *end = &node->end;
    double mib = (double)end->memory / (1 << 20);
    const char *tail = log_tail(exec->arena, node->log);
    if (is_out_of_memory(node))
        return lm_arena_printf(exec->arena,
                               "killed by the kernel for want of memory (peak %.0f MiB); give it "
                               "more memory, or make batch or model smaller",
                               mib);
    if (end->signal != 0)
        return lm_arena_printf(exec->arena,
                               "crashed with signal %d (%s), peak memory %.0f MiB%s%s; see %s",
                               end->signal, lm_signal_name(end->signal), mib,
                               tail[0] ? ", last words: " : "", tail, node->log);
    return lm_arena_printf(exec->arena, "the worker ended with status %d%s%s; see %s",
                           end->exit_code, tail[0] ? ": " : "", tail, node->log);
}

/** A full disk: how full, and what to do. */
static const char *explain_full(struct lm_exec *exec, const char *text)
{
    struct statvfs fs;
    if (text == NULL || strstr(text, strerror(ENOSPC)) == NULL ||
        statvfs(lm_store_path(exec->store), &fs) != 0)
        return text;
    return lm_arena_printf(exec->arena,
                           "%s; make room (the disk of the store has %llu MiB free), or name "
                           "another store with --store, and run again",
                           text, (unsigned long long)fs.f_bavail * fs.f_frsize >> 20);
}

/** What the worker said, else how it died. */
static const char *failure_text(struct lm_exec *exec, const struct lm_node *node)
{
    struct lm_json *root = NULL;
    const char *text = NULL;
    if (node->timed_out)
        return lm_arena_printf(exec->arena, "took longer than its timeout of %g s; raise timeout",
                               exec->spec->stages[node->index].timeout);
    if (node->end.signal == 0 && node->result != NULL &&
        lm_json_parse(&root, node->result, strlen(node->result), NULL) == LM_OK) {
        const char *error = lm_json_string(lm_json_get(root, "error"), NULL);
        text = error != NULL ? lm_arena_strdup(exec->arena, error) : NULL;
        lm_json_free(root);
    }
    return text != NULL ? explain_full(exec, text) : crash_text(exec, node);
}

/** True when another attempt was started. */
static bool try_again(struct lm_exec *exec, struct lm_node *node, const char *why)
{
    struct lm_err err = {LM_OK, ""};
    int64_t retries = exec->spec->stages[node->index].retries;
    if (exec->stopping || node->attempts > retries)
        return false;
    const char *text = lm_arena_printf(exec->arena, "attempt %lld of %lld failed: %s",
                                       (long long)node->attempts, (long long)retries + 1, why);
    lm_exec_note(exec, node, text != NULL ? text : why);
    return lm_exec_start(exec, node, &err) == LM_OK;
}

static void end_badly(struct lm_exec *exec, struct lm_node *node)
{
    bool stopped = node->end.exit_code == EXIT_INTERRUPTED || (exec->stopping && node->term_ns > 0);
    if (stopped && !node->timed_out) {
        lm_exec_finish(exec, node, LM_STOPPED, NULL);
        return;
    }
    const char *why = failure_text(exec, node);
    if (!try_again(exec, node, why))
        lm_exec_finish(exec, node, LM_FAILED, why);
}

void lm_exec_end(struct lm_exec *exec, struct lm_node *node)
{
    struct lm_err err = {LM_OK, ""};
    struct arrival arrival = {exec, node, false};
    lm_child_finish(&node->child, &node->end, take_line, &arrival);
    if (node->end.exit_code != 0 || node->result == NULL) {
        end_badly(exec, node);
    } else if (commit(exec, node, &err) == LM_OK) {
        lm_exec_finish(exec, node, LM_DONE, NULL);
    } else {
        exec->store_failed = exec->store_failed || err.status == LM_IO;
        lm_exec_finish(exec, node, LM_FAILED, lm_arena_strdup(exec->arena, err.text));
    }
    if (node->phase == LM_FINISHED) {
        lm_lock_release(&node->lock, node->lock_path);
        lm_dir_remove(node->folder, NULL); /* what stays is swept by the next run */
    }
}
