#include "log_show.h"

#include <string.h>

#include <lmpipe/runs.h>

#include "base/json.h"
#include "human.h"
#include "live_line.h"
#include "page/numtext.h"
#include "run_table.h"
#include "width.h"

enum { PAUSE_MS = 200, GRACE = 15 /**< pauses */, ROWS = 20, ROW = 200 };

#define ROW_SECONDS 10.0

/** How the part of a run that is shown has ended. */
enum ending { GOING, ENDED, KILLED };

struct shown {
    struct lm_cli *cli;
    const struct lm_log_show *how;
    const struct lm_plan *plan;
    size_t place;   /**< of the stage */
    const char *id; /**< of the stage */
    struct lm_run_log *log;
    struct lm_live_stage stage;
    double began, now, printed; /**< seconds of the run */
    bool is_past;               /**< what was there when it was opened is being read */
    bool is_new;                /**< the stage has got on since the last row */
    char rows[2 * ROWS][ROW];   /**< of the past: every `stride`-th */
    size_t row_count, stride, seen;
    enum ending ending;
    enum lm_state state;
    double seconds;
    char text[500]; /**< headline or error */
};

/* ---- the curve ---- */

static uint64_t ns_of(double seconds)
{
    return (uint64_t)(seconds * 1e9) + 1;
}

static void write_row(char out[ROW], const struct shown *shown)
{
    enum { CLOCK = 8 };

    struct lm_buf facts;
    char clock[32];
    size_t rows, columns = 0;
    lm_buf_init(&facts, 4096);
    if (lm_screen_size(shown->cli->out.raw, &rows, &columns))
        columns = columns > CLOCK + 1 ? columns - CLOCK - 1 : 1;
    lm_live_stage_facts(&facts, &shown->stage, columns);
    snprintf(out, ROW, "%*s%s", CLOCK, lm_human_clock(clock, shown->now - shown->began),
             lm_buf_status(&facts, NULL) == LM_OK && facts.size > 0 ? facts.data : "");
    lm_buf_release(&facts);
}

/* Of the past at most 2·ROWS rows stay, each as far from the next as any. */
static void keep_row(struct shown *shown)
{
    if (shown->seen++ % shown->stride != 0)
        return;
    if (shown->row_count == 2 * ROWS) {
        for (size_t i = 0; i < ROWS; i++)
            memmove(shown->rows[i], shown->rows[2 * i], ROW);
        shown->row_count = ROWS;
        shown->stride *= 2;
    }
    write_row(shown->rows[shown->row_count++], shown);
}

static void print_row(struct shown *shown)
{
    char row[ROW];
    write_row(row, shown);
    fprintf(shown->cli->out.file, "%s\n", row);
    shown->printed = shown->now;
    shown->is_new = false;
}

/* The stage is told to have got on: what was told of it before is a row. */
static void end_row(struct shown *shown)
{
    if (!shown->is_new || shown->how->json)
        return;
    if (shown->is_past)
        keep_row(shown);
    else if (shown->now - shown->printed >= ROW_SECONDS)
        print_row(shown);
}

static void print_past(struct shown *shown)
{
    if (shown->how->json)
        return;
    size_t every = shown->row_count > ROWS ? 2 : 1;
    for (size_t i = 0; i < shown->row_count; i += every)
        fprintf(shown->cli->out.file, "%s\n", shown->rows[i]);
    if (shown->is_new)
        print_row(shown);
}

/* ---- what is read ---- */

static void take_text(void *user, const char *bytes, size_t size)
{
    const struct shown *shown = user;
    if (!shown->how->json)
        fwrite(bytes, 1, size, shown->cli->out.file);
}

static void take_begin(struct shown *shown, double seconds)
{
    shown->stage.id = shown->id;
    lm_live_stage_begin(&shown->stage, ns_of(seconds));
    shown->ending = GOING;
    shown->began = shown->printed = seconds;
    shown->is_new = false;
}

static void take_end(struct shown *shown, const struct lm_run_event *event)
{
    shown->ending = ENDED;
    lm_live_stage_doing(&shown->stage, NULL);
    shown->state = event->state;
    shown->seconds = event->value;
    snprintf(shown->text, sizeof shown->text, "%s", event->text != NULL ? event->text : "");
}

static void take_event(void *user, const struct lm_run_event *event, double seconds)
{
    struct shown *shown = user;
    if (event->stage == NULL)
        return;
    if (shown->how->json)
        fprintf(shown->cli->out.file, "%s\n", event->json);
    if (event->kind == LM_EV_STAGE_BEGIN)
        take_begin(shown, seconds);
    else if (event->kind == LM_EV_STAGE_END)
        take_end(shown, event);
    if (event->kind == LM_EV_GAUGE)
        lm_live_stage_gauge(&shown->stage, event->text != NULL ? event->text : "", event->value);
    if (event->kind != LM_EV_PROGRESS)
        return;
    end_row(shown);
    shown->now = seconds;
    lm_live_stage_progress(&shown->stage, event->done, event->total, event->text, ns_of(seconds));
    lm_live_stage_doing(&shown->stage, event->doing);
    shown->is_new |= event->done > 0 || event->total > 0; /* what it did alone is no row */
}

/* ---- how it ended ---- */

static const char *word_of(const struct shown *shown)
{
    return shown->ending == ENDED    ? lm_state_word(shown->state)
           : shown->ending == KILLED ? "killed"
                                     : "running";
}

static void print_json_end(const struct shown *shown)
{
    struct lm_json_writer writer;
    struct lm_buf text;
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, false);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "event", "log_end");
    lm_json_member_string(&writer, "stage", shown->id);
    lm_json_member_string(&writer, "run", lm_run_log_id(shown->log));
    lm_json_member_string(&writer, "state", word_of(shown));
    lm_json_close(&writer, '}');
    lm_cli_put(&text, shown->cli->out.file, NULL);
}

static void print_end(const struct shown *shown)
{
    FILE *out = shown->cli->out.file;
    const char *word = word_of(shown);
    if (shown->how->json) {
        print_json_end(shown);
        return;
    }
    lm_stream_paint(&shown->cli->out,
                    shown->ending == ENDED ? lm_state_color(shown->state) : "yellow");
    if (shown->ending == ENDED)
        fprintf(out, "%s, %s%s%s", word, lm_num_seconds(shown->seconds).text,
                shown->text[0] != '\0' ? ": " : "", shown->text);
    else if (shown->ending == KILLED)
        fprintf(out, "%s: its run ended without a word; run again, it resumes where it can", word);
    else
        fprintf(out, "%s; log -f goes on printing", word);
    lm_stream_paint(&shown->cli->out, "reset");
    fputc('\n', out);
}

/* ---- following ---- */

static enum lm_status read_more(struct shown *shown, struct lm_err *err)
{
    return lm_run_log_read(shown->log, take_text, take_event, shown, err);
}

/* Reads to the end of what there is. A run that has gone has written all it will: once more. */
static enum lm_status catch_up(struct shown *shown, struct lm_err *err)
{
    bool was_live = lm_run_log_is_live(shown->log);
    LM_TRY(read_more(shown, err));
    if (!was_live && shown->ending == GOING)
        shown->ending = KILLED;
    return LM_OK;
}

static enum lm_status open_log(struct shown *shown, const char *after, struct lm_err *err)
{
    struct lm_run_log *next = NULL;
    LM_TRY(lm_run_log_open(&next, shown->plan, shown->place, after, err));
    lm_run_log_close(shown->log);
    shown->log = next;
    shown->ending = GOING;
    shown->is_past = true;
    shown->is_new = false;
    shown->row_count = shown->seen = 0;
    shown->stride = 1;
    fprintf(shown->cli->err.file, "lmpipe: %s in run %s\n", shown->id, lm_run_log_id(next));
    lm_stream_flush(&shown->cli->err);
    return LM_OK;
}

/* The next run in which the stage begins, while one is going on, or soon. LM_NOT_FOUND: none. */
static enum lm_status wait_begin(struct shown *shown, const char *after, int pauses,
                                 struct lm_err *err)
{
    for (;;) {
        const char *live = lm_run_live(shown->plan);
        bool is_later = live != NULL && (after == NULL || strcmp(live, after) > 0);
        enum lm_status status = open_log(shown, after, err);
        if (status != LM_NOT_FOUND || (!is_later && pauses-- <= 0))
            return status;
        if (!lm_stream_wait(&shown->cli->out, PAUSE_MS))
            return LM_CANCELLED;
    }
}

static bool may_go_on(const struct shown *shown)
{
    return shown->ending == KILLED || (shown->ending == ENDED && shown->state == LM_STOPPED);
}

/* Prints one run's part to its end. LM_CANCELLED: nobody reads any more. */
static enum lm_status follow_run(struct shown *shown, struct lm_err *err)
{
    LM_TRY(catch_up(shown, err));
    print_past(shown);
    shown->is_past = false;
    while (shown->how->follow && shown->ending == GOING) {
        if (!lm_stream_wait(&shown->cli->out, PAUSE_MS))
            return LM_CANCELLED;
        LM_TRY(catch_up(shown, err));
    }
    if (shown->is_new && !shown->how->json)
        print_row(shown);
    print_end(shown);
    return LM_OK;
}

static enum lm_status follow(struct shown *shown, struct lm_err *err)
{
    for (;;) {
        LM_TRY(follow_run(shown, err));
        if (!shown->how->follow || !may_go_on(shown))
            return LM_OK;
        lm_stream_flush(&shown->cli->out);
        const char *run = lm_arena_strdup(shown->cli->arena, lm_run_log_id(shown->log));
        enum lm_status next = wait_begin(shown, run, GRACE, err);
        if (next != LM_OK)
            return next == LM_NOT_FOUND ? LM_OK : next;
    }
}

/* The log to begin with: of a run that goes on and has not come to the stage yet, that to come. */
static enum lm_status begin(struct shown *shown, struct lm_err *err)
{
    const char *live = lm_run_live(shown->plan);
    bool has_result = lm_plan_has_result(shown->plan, shown->place);
    enum lm_status status = open_log(shown, NULL, err);
    bool is_old = status == LM_OK && live != NULL && strcmp(live, lm_run_log_id(shown->log)) > 0;
    if (status == LM_NOT_FOUND && has_result)
        return lm_fail(err, LM_NOT_FOUND,
                       "%s is up to date, but no run that is on record here executed it; no log",
                       shown->id);
    if (live == NULL || has_result || (status == LM_OK && !is_old))
        return status;
    if (status == LM_NOT_FOUND && !shown->how->follow)
        return lm_fail(err, LM_NOT_FOUND, "%s has not begun in run %s; log -f waits for it",
                       shown->id, live);
    if (!shown->how->follow)
        return status;
    fprintf(shown->cli->err.file, "lmpipe: waiting for %s in run %s\n", shown->id, live);
    lm_stream_flush(&shown->cli->err);
    const char *before =
        is_old ? lm_arena_strdup(shown->cli->arena, lm_run_log_id(shown->log)) : NULL;
    status = wait_begin(shown, before, 0, err);
    if (status == LM_NOT_FOUND)
        return lm_fail(err, LM_NOT_FOUND, "run %s ended without executing %s", live, shown->id);
    return status;
}

int lm_log_show(struct lm_cli *cli, const struct lm_loaded *loaded, size_t stage,
                const struct lm_log_show *how)
{
    struct lm_err err = {0};
    struct shown shown = {.cli = cli,
                          .how = how,
                          .plan = loaded->plan,
                          .place = stage,
                          .id = lm_spec_stage_id(loaded->spec, stage)};
    enum lm_status status = begin(&shown, &err);
    if (status == LM_OK)
        status = follow(&shown, &err);
    lm_run_log_close(shown.log);
    if (status == LM_OK || status == LM_CANCELLED)
        return LM_EXIT_OK;
    return lm_cli_fail(cli, lm_exit_of_result(status), err.text);
}
