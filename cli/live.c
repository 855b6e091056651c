#include "live.h"

#include <stdlib.h>
#include <string.h>

#include <lmpipe/hash.h>

#include "base/clock.h"
#include "ci_groups.h"
#include "human.h"
#include "live_line.h"
#include "page/numtext.h"
#include "run_table.h"
#include "safe_text.h"
#include "width.h"

enum { MOST_DRAWN = 64, REDRAW_NS = 125000000, REMIND_NS = 1000000000 };

#define PLAIN_NS UINT64_C(10000000000)

const char *const lm_progress_names[] = {"auto", "plain", "json", "none", NULL};

struct lm_live {
    const struct lm_cli *cli;
    struct lm_arena *arena, *scratch; /* life of the view; one event */
    FILE *out;
    bool moving, json, silent; /* modes; none of them: plain lines */
    struct lm_groups *groups;  /* of plain lines in a log that can be folded; or NULL */
    struct lm_live_stage *stages;
    size_t count, capacity;
    size_t *slots, slot_count; /* places in `stages` from 1 by hash of their ids; 0: free */
    uint64_t drawn_ns, reminded_ns;
    size_t drawn_widths[MOST_DRAWN], drawn; /* the lines on the screen */
};

struct lm_live *lm_live_create(const struct lm_cli *cli, enum lm_progress progress)
{
    struct lm_live *live = calloc(1, sizeof *live);
    if (live == NULL)
        return NULL;
    live->cli = cli;
    live->out = cli->err.raw;
    live->moving = progress == LM_PROGRESS_AUTO && cli->err.moving && !cli->ci;
    live->json = progress == LM_PROGRESS_JSON;
    live->silent = progress == LM_PROGRESS_NONE;
    if (!live->moving && !live->json && !live->silent && cli->job != NULL)
        live->groups = lm_groups_create(cli->job->system, live->out);
    live->arena = lm_arena_create();
    live->scratch = lm_arena_create();
    if (live->arena == NULL || live->scratch == NULL) {
        lm_live_free(live);
        return NULL;
    }
    return live;
}

/* ---- the screen ---- */

/* 80 columns where the terminal does not say. */
static void screen_size(const struct lm_live *live, size_t *rows, size_t *columns)
{
    *rows = 24;
    *columns = 80;
    lm_screen_size(live->out, rows, columns);
}

/* Takes the moving lines away. A terminal that became narrower has wrapped them. */
static void erase(struct lm_live *live)
{
    size_t rows, columns, taken = 0;
    if (live->drawn == 0)
        return;
    screen_size(live, &rows, &columns);
    for (size_t i = 0; i < live->drawn; i++)
        taken += live->drawn_widths[i] == 0 ? 1 : (live->drawn_widths[i] + columns - 1) / columns;
    if (taken > rows)
        taken = rows;
    if (taken > 1)
        fprintf(live->out, "\033[%zuA", taken - 1);
    fputs("\r\033[J", live->out);
    live->drawn = 0;
}

static void draw_line(struct lm_live *live, const char *id, const char *rest, size_t columns)
{
    size_t width = lm_text_width(id);
    size_t fit = width < columns ? lm_text_fit(rest, columns - 1 - width) : 0;
    if (live->drawn > 0)
        fputc('\n', live->out);
    fprintf(live->out, "%s%.*s%s%.*s", lm_stream_code(&live->cli->err, "bold"),
            (int)lm_text_fit(id, columns - 1), id, lm_stream_code(&live->cli->err, "reset"),
            (int)fit, rest);
    char *shown = lm_arena_strndup(live->scratch, rest, fit);
    live->drawn_widths[live->drawn++] = width + (shown != NULL ? lm_text_width(shown) : 0);
}

static void draw(struct lm_live *live, uint64_t now)
{
    struct lm_buf rest;
    size_t rows, columns, hidden = 0;
    char count[40];
    erase(live);
    screen_size(live, &rows, &columns);
    size_t room = rows > 2 ? rows - 2 : 1;
    lm_buf_init(&rest, 4096);
    for (size_t i = 0; i < live->count; i++) {
        struct lm_live_stage *stage = &live->stages[i];
        if (!stage->running)
            continue;
        if (live->drawn >= room || live->drawn + 1 >= MOST_DRAWN) {
            hidden++;
            continue;
        }
        lm_buf_clear(&rest);
        size_t width = lm_text_width(stage->id);
        lm_live_stage_print(&rest, stage, now, live->cli->utf8,
                            columns > width + 2 ? columns - 1 - width : 1);
        draw_line(live, stage->id,
                  lm_buf_status(&rest, NULL) == LM_OK ? lm_safe_line(live->scratch, rest.data) : "",
                  columns);
    }
    if (hidden > 0) {
        snprintf(count, sizeof count, "and %zu more", hidden);
        draw_line(live, count, "", columns);
    }
    lm_buf_release(&rest);
    fflush(live->out);
    live->drawn_ns = now;
}

/* ---- lines that stay ---- */

/* A line of a stage goes to its part of the log, when it has one. */
static bool say_in_group(struct lm_live *live, const char *stage, const char *text)
{
    const char *line =
        live->groups != NULL && stage != NULL
            ? lm_arena_printf(live->scratch, "%s: %s", stage, lm_safe_line(live->scratch, text))
            : NULL;
    return line != NULL && lm_groups_line(live->groups, stage, line);
}

static void say(struct lm_live *live, const char *stage, const char *color, const char *text)
{
    erase(live);
    if (say_in_group(live, stage, text))
        return;
    lm_groups_close(live->groups);
    if (stage != NULL)
        fprintf(live->out, "%s%s%s: ", lm_stream_code(&live->cli->err, "bold"), stage,
                lm_stream_code(&live->cli->err, "reset"));
    fprintf(live->out, "%s%s%s\n", lm_stream_code(&live->cli->err, color),
            lm_safe_line(live->scratch, text), lm_stream_code(&live->cli->err, "reset"));
}

static void say_progress(struct lm_live *live, struct lm_live_stage *stage, uint64_t now)
{
    struct lm_buf rest;
    lm_buf_init(&rest, 4096);
    lm_live_stage_plain(&rest, stage, now);
    if (lm_buf_status(&rest, NULL) == LM_OK)
        say(live, stage->id, "reset", rest.data + 1);
    lm_buf_release(&rest);
    stage->said_ns = now;
}

/* What it does, and why. */
static void say_begin(struct lm_live *live, const struct lm_run_event *event)
{
    bool told = event->text != NULL && event->text[0] != '\0';
    const char *text =
        lm_arena_printf(live->scratch, "running%s%s", told ? ", " : "", told ? event->text : "");
    if (text != NULL)
        say(live, event->stage, "reset", text);
}

static void say_end(struct lm_live *live, const struct lm_run_event *event)
{
    bool told = event->text != NULL && event->text[0] != '\0';
    const char *text = lm_arena_printf(live->scratch, "%s, %s%s%s", lm_state_word(event->state),
                                       lm_num_seconds(event->value).text, told ? ": " : "",
                                       told ? event->text : "");
    if (live->groups != NULL)
        lm_groups_end(live->groups, event->stage);
    if (text != NULL)
        say(live, event->stage, lm_state_color(event->state), text);
}

/* ---- events ---- */

/* Where a stage is, or would be, in the table of places. */
static size_t slot_of(const struct lm_live *live, const char *id)
{
    size_t mask = live->slot_count - 1, at = lm_hash64(id, strlen(id), 0) & mask;
    while (live->slots[at] != 0 && strcmp(live->stages[live->slots[at] - 1].id, id) != 0)
        at = (at + 1) & mask;
    return at;
}

/* Room for twice the stages; the table stays at most half full. False: no memory. */
static bool grow(struct lm_live *live)
{
    size_t capacity = live->capacity == 0 ? 8 : 2 * live->capacity;
    struct lm_live_stage *stages = realloc(live->stages, capacity * sizeof *stages);
    if (stages == NULL)
        return false;
    live->stages = stages;
    size_t *slots = calloc(2 * capacity, sizeof *slots);
    if (slots == NULL)
        return false;
    free(live->slots);
    live->slots = slots;
    live->slot_count = 2 * capacity;
    live->capacity = capacity;
    for (size_t i = 0; i < live->count; i++)
        live->slots[slot_of(live, live->stages[i].id)] = i + 1;
    return true;
}

static struct lm_live_stage *find(struct lm_live *live, const char *id)
{
    if (live->count == live->capacity && !grow(live))
        return NULL;
    size_t slot = slot_of(live, id);
    if (live->slots[slot] != 0)
        return &live->stages[live->slots[slot] - 1];
    const char *kept = lm_arena_strdup(live->arena, id);
    if (kept == NULL)
        return NULL;
    live->stages[live->count] = (struct lm_live_stage){.id = kept};
    live->slots[slot] = ++live->count;
    return &live->stages[live->count - 1];
}

static void stage_event(struct lm_live *live, const struct lm_run_event *event, uint64_t now)
{
    struct lm_live_stage *stage = find(live, event->stage);
    if (stage == NULL)
        return;
    switch (event->kind) {
    case LM_EV_STAGE_BEGIN:
        lm_live_stage_begin(stage, now);
        if (live->groups != NULL)
            lm_groups_begin(live->groups, stage->id);
        if (!live->moving)
            say_begin(live, event);
        break;
    case LM_EV_PROGRESS:
        lm_live_stage_progress(stage, event->done, event->total, event->text, now);
        lm_live_stage_doing(stage, event->doing);
        break;
    case LM_EV_GAUGE:
        lm_live_stage_gauge(stage, event->text, event->value);
        break;
    case LM_EV_STAGE_WAIT:
    case LM_EV_NOTE:
        if (event->text != NULL)
            say(live, stage->id, "reset", event->text);
        break;
    case LM_EV_STAGE_END:
        stage->running = false;
        say_end(live, event);
        break;
    default:
        break;
    }
}

/* Plain lines of stages that have been silent for a while. */
static void remind(struct lm_live *live, uint64_t now)
{
    if (now - live->reminded_ns < REMIND_NS)
        return;
    live->reminded_ns = now;
    for (size_t i = 0; i < live->count; i++) {
        if (live->stages[i].running && now - live->stages[i].said_ns >= PLAIN_NS)
            say_progress(live, &live->stages[i], now);
    }
}

void lm_live_event(void *user, const struct lm_run_event *event)
{
    struct lm_live *live = user;
    uint64_t now = lm_clock_monotonic_ns();
    if (live->silent)
        return;
    if (live->json) {
        if (event->json != NULL)
            fprintf(live->cli->err.file, "%s\n", event->json);
        return;
    }
    struct lm_arena_mark mark = lm_arena_mark(live->scratch);
    if (event->stage != NULL)
        stage_event(live, event, now);
    else if (event->kind == LM_EV_NOTE && event->text != NULL)
        say(live, NULL, "reset", event->text);
    if (!live->moving)
        remind(live, now);
    else if (event->kind == LM_EV_RUN_END)
        erase(live);
    else if (now - live->drawn_ns >= REDRAW_NS || live->drawn == 0)
        draw(live, now);
    lm_arena_rewind(live->scratch, mark);
    fflush(live->out);
}

void lm_live_free(struct lm_live *live)
{
    if (live == NULL)
        return;
    erase(live);
    lm_groups_free(live->groups);
    fflush(live->out);
    lm_arena_free(live->scratch);
    lm_arena_free(live->arena);
    free(live->slots);
    free(live->stages);
    free(live);
}
