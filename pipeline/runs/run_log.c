/* What runs left of a stage: the file it wrote, and its part of the run's events. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <lmpipe/runs.h>

#include "base/io.h"
#include "plan/plan.h"
#include "runs/events.h"
#include "runs/recorded.h"

#define STAMP 20 /**< bytes of a run id before its experiment: "20261123T182500.123-" */

enum { LINE_CEILING = 1 << 20, PIECE = 8192 };

struct lm_run_log {
    struct lm_arena *arena, *scratch; /**< its own; of one line */
    const struct lm_plan *plan;
    const char *stage, *run;
    FILE *text, *events;
    struct lm_buf line; /**< the beginning of one that is not whole yet */
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "out of memory looking for a log");
}

/* ---- which run ---- */

static bool is_of(const char *run, const struct lm_plan *plan)
{
    return strlen(run) > STAMP && strcmp(run + STAMP, plan->spec->experiment) == 0;
}

/** Ids of all runs in the store, the newest last. */
static enum lm_status list(struct lm_names *out, const char **folder, const struct lm_plan *plan,
                           struct lm_arena *arena, struct lm_err *err)
{
    *folder = lm_path_join(arena, lm_store_path(plan->store), "runs");
    return *folder != NULL ? lm_dir_list(out, arena, *folder, err) : no_memory(err);
}

static enum lm_status open_files(struct lm_run_log *log, const char *folder, struct lm_err *err)
{
    const char *text = lm_arena_printf(log->arena, "%s/logs/%s.log", folder, log->stage);
    const char *events = lm_path_join(log->arena, folder, "events.jsonl");
    if (text == NULL || events == NULL)
        return no_memory(err);
    log->text = fopen(text, "re");
    if (log->text == NULL)
        return lm_fail_errno(err, errno, "%s", text);
    log->events = fopen(events, "re");
    return log->events != NULL || errno == ENOENT ? LM_OK : lm_fail_errno(err, errno, "%s", events);
}

static enum lm_status find(struct lm_run_log *log, const char *after, struct lm_err *err)
{
    struct lm_names runs = {0};
    const char *folder = NULL;
    LM_TRY(list(&runs, &folder, log->plan, log->arena, err));
    for (size_t i = runs.count; i > 0; i--) {
        log->run = runs.items[i - 1];
        if (after != NULL && strcmp(log->run, after) <= 0)
            break;
        const char *path =
            is_of(log->run, log->plan) ? lm_path_join(log->arena, folder, log->run) : NULL;
        enum lm_status status = path != NULL ? open_files(log, path, err) : LM_NOT_FOUND;
        if (status != LM_NOT_FOUND)
            return status;
    }
    return lm_fail(err, LM_NOT_FOUND, "%s has not run yet; no log", log->stage);
}

enum lm_status lm_run_log_open(struct lm_run_log **out, const struct lm_plan *plan, size_t stage,
                               const char *after, struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_run_log *log = arena != NULL ? LM_NEW(arena, struct lm_run_log) : NULL;
    if (log == NULL) {
        lm_arena_free(arena);
        return no_memory(err);
    }
    *log = (struct lm_run_log){.arena = arena,
                               .scratch = lm_arena_create(),
                               .plan = plan,
                               .stage = plan->spec->stages[stage].id};
    lm_buf_init(&log->line, LINE_CEILING);
    enum lm_status status = log->scratch != NULL ? find(log, after, err) : no_memory(err);
    if (status == LM_OK)
        *out = log;
    else
        lm_run_log_close(log);
    return status;
}

const char *lm_run_log_id(const struct lm_run_log *log)
{
    return log->run;
}

void lm_run_log_close(struct lm_run_log *log)
{
    if (log == NULL)
        return;
    if (log->text != NULL)
        fclose(log->text);
    if (log->events != NULL)
        fclose(log->events);
    lm_buf_release(&log->line);
    lm_arena_free(log->scratch);
    lm_arena_free(log->arena);
}

bool lm_run_log_is_live(const struct lm_run_log *log)
{
    struct lm_arena_mark mark = lm_arena_mark(log->scratch);
    bool is_live = lm_recorded_is_live(log->scratch, log->plan->store, log->run);
    lm_arena_rewind(log->scratch, mark);
    return is_live;
}

const char *lm_run_live(const struct lm_plan *plan)
{
    struct lm_names runs = {0};
    const char *folder = NULL;
    if (list(&runs, &folder, plan, plan->arena, NULL) != LM_OK)
        return NULL;
    for (size_t i = runs.count; i > 0; i--)
        if (is_of(runs.items[i - 1], plan))
            return lm_recorded_is_live(plan->arena, plan->store, runs.items[i - 1])
                       ? runs.items[i - 1]
                       : NULL;
    return NULL;
}

/* ---- what has come ---- */

static enum lm_status read_text(struct lm_run_log *log, lm_run_text_fn *on_text, void *user,
                                struct lm_err *err)
{
    char piece[PIECE];
    size_t size;
    while ((size = fread(piece, 1, sizeof piece, log->text)) > 0)
        on_text(user, piece, size);
    bool failed = ferror(log->text) != 0;
    clearerr(log->text);
    return failed ? lm_fail_errno(err, errno, "the log of %s", log->stage) : LM_OK;
}

/** A line that is no event, torn by a kill perhaps, is passed over. */
static void tell_line(struct lm_run_log *log, lm_run_past_fn *on_event, void *user)
{
    struct lm_run_event event;
    double seconds;
    struct lm_arena_mark mark = lm_arena_mark(log->scratch);
    if (lm_event_read(&event, &seconds, log->scratch, log->line.data, log->line.size, NULL) ==
            LM_OK &&
        (event.stage == NULL || strcmp(event.stage, log->stage) == 0))
        on_event(user, &event, seconds);
    lm_arena_rewind(log->scratch, mark);
    lm_buf_clear(&log->line);
}

static enum lm_status read_events(struct lm_run_log *log, lm_run_past_fn *on_event, void *user,
                                  struct lm_err *err)
{
    int c;
    if (log->events == NULL)
        return LM_OK;
    while ((c = getc_unlocked(log->events)) != EOF) {
        if (c != '\n')
            lm_buf_putc(&log->line, (char)c);
        else
            tell_line(log, on_event, user);
    }
    bool failed = ferror(log->events) != 0;
    clearerr(log->events);
    return failed ? lm_fail_errno(err, errno, "the events of run %s", log->run)
                  : lm_buf_status(&log->line, err);
}

enum lm_status lm_run_log_read(struct lm_run_log *log, lm_run_text_fn *on_text,
                               lm_run_past_fn *on_event, void *user, struct lm_err *err)
{
    LM_TRY(read_text(log, on_text, user, err));
    return read_events(log, on_event, user, err);
}
