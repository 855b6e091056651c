#include "runs/events.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/file.h>

#include "base/clock.h"
#include "base/json.h"

#define CEILING 65536

static const char *const kind_names[] = {[LM_EV_RUN_BEGIN] = "run_begin",
                                         [LM_EV_STAGE_HIT] = "stage_hit",
                                         [LM_EV_STAGE_WAIT] = "stage_wait",
                                         [LM_EV_STAGE_BEGIN] = "stage_begin",
                                         [LM_EV_PROGRESS] = "progress",
                                         [LM_EV_GAUGE] = "gauge",
                                         [LM_EV_NOTE] = "note",
                                         [LM_EV_STAGE_END] = "stage_end",
                                         [LM_EV_TICK] = "tick",
                                         [LM_EV_RUN_END] = "run_end"};

/** What `text` of an event is called. */
static const char *const text_names[] = {
    [LM_EV_RUN_BEGIN] = "run",      [LM_EV_STAGE_HIT] = "reason", [LM_EV_STAGE_WAIT] = "reason",
    [LM_EV_STAGE_BEGIN] = "reason", [LM_EV_PROGRESS] = "unit",    [LM_EV_GAUGE] = "name",
    [LM_EV_NOTE] = "text",          [LM_EV_STAGE_END] = "text",   [LM_EV_TICK] = "text",
    [LM_EV_RUN_END] = "text"};

static const char *const state_names[] = {
    [LM_HIT] = "hit",   [LM_RUN] = "run",       [LM_MAYBE] = "maybe",     [LM_RESUME] = "resume",
    [LM_DONE] = "done", [LM_FAILED] = "failed", [LM_SKIPPED] = "skipped", [LM_STOPPED] = "stopped"};

const char *lm_state_name(enum lm_state state)
{
    return state_names[state];
}

enum lm_status lm_events_open(struct lm_events *out, const char *path, lm_run_event_fn *tell,
                              void *user, struct lm_err *err)
{
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return lm_fail_errno(err, errno, "cannot create %s", path);
    /* Who asks whether the run is going on holds it for an instant; without locks a live run looks
     * like a dead one. */
    flock(fileno(file), LOCK_EX);
    *out = (struct lm_events){
        .file = file, .tell = tell, .user = user, .begin_ns = lm_clock_monotonic_ns()};
    lm_buf_init(&out->line, CEILING);
    return LM_OK;
}

void lm_events_close(struct lm_events *events)
{
    if (events->file != NULL)
        fclose(events->file);
    events->file = NULL;
    lm_buf_release(&events->line);
}

void lm_events_flush(struct lm_events *events)
{
    if (events->file != NULL)
        fflush(events->file);
}

static void put(struct lm_buf *buf, const struct lm_events *events,
                const struct lm_run_event *event)
{
    struct lm_json_writer writer;
    uint64_t ms = (lm_clock_monotonic_ns() - events->begin_ns) / 1000000;
    lm_json_begin(&writer, buf, false);
    lm_json_open(&writer, '{');
    lm_json_member_double(&writer, "t", (double)ms / 1000);
    lm_json_member_string(&writer, "event", kind_names[event->kind]);
    if (event->stage != NULL)
        lm_json_member_string(&writer, "stage", event->stage);
    if (event->kind == LM_EV_STAGE_END)
        lm_json_member_string(&writer, "state", state_names[event->state]);
    if (event->key != NULL) {
        char hex[LM_DIGEST_HEX];
        lm_digest_hex(hex, event->key);
        lm_json_member_string(&writer, "key", hex);
    }
    if (event->text != NULL && event->text[0] != '\0') {
        lm_json_key(&writer, text_names[event->kind]);
        lm_json_put_bytes(&writer, event->text, strlen(event->text));
    }
    if (event->kind == LM_EV_PROGRESS) {
        lm_json_member_int(&writer, "done", (int64_t)event->done);
        lm_json_member_int(&writer, "total", (int64_t)event->total);
        if (event->doing != NULL) {
            lm_json_key(&writer, "doing");
            lm_json_put_bytes(&writer, event->doing, strlen(event->doing));
        }
    }
    if (event->kind == LM_EV_GAUGE)
        lm_json_member_double(&writer, "value", event->value);
    if (event->kind == LM_EV_STAGE_END || event->kind == LM_EV_RUN_END)
        lm_json_member_double(&writer, "seconds", event->value);
    lm_json_close(&writer, '}');
}

void lm_events_emit(struct lm_events *events, struct lm_run_event *event, bool keep)
{
    struct lm_buf *line = &events->line;
    if (!keep && events->tell == NULL)
        return;
    lm_buf_clear(line);
    put(line, events, event);
    if (!line->failed) {
        event->json = line->data;
        if (events->tell != NULL)
            events->tell(events->user, event);
        if (keep && events->file != NULL) {
            fwrite(line->data, 1, line->size, events->file);
            putc_unlocked('\n', events->file);
        }
    }
    event->json = NULL;
}

/** Place of a name in a table, or its size. */
static size_t place_of(const char *const *names, size_t count, const char *name)
{
    size_t at = 0;
    while (at < count && (name == NULL || strcmp(names[at], name) != 0))
        at++;
    return at;
}

static const char *kept(struct lm_arena *arena, const struct lm_json *root, const char *key)
{
    const char *text = lm_json_string(lm_json_get(root, key), NULL);
    return text != NULL ? lm_arena_strdup(arena, text) : NULL;
}

enum lm_status lm_event_read(struct lm_run_event *out, double *seconds, struct lm_arena *arena,
                             const char *line, size_t size, struct lm_err *err)
{
    struct lm_json *root = NULL;
    LM_TRY(lm_json_parse_lenient(&root, line, size, err));
    size_t kinds = sizeof kind_names / sizeof kind_names[0];
    size_t states = sizeof state_names / sizeof state_names[0];
    size_t kind = place_of(kind_names, kinds, lm_json_string(lm_json_get(root, "event"), NULL));
    size_t state = place_of(state_names, states, lm_json_string(lm_json_get(root, "state"), NULL));
    *out = (struct lm_run_event){.json = line};
    *seconds = lm_json_double(lm_json_get(root, "t"), 0);
    if (kind < kinds) {
        out->kind = (enum lm_run_event_kind)kind;
        out->state = state < states ? (enum lm_state)state : LM_RUN;
        out->stage = kept(arena, root, "stage");
        out->text = kept(arena, root, text_names[kind]);
        out->doing = kept(arena, root, "doing");
        out->done = (uint64_t)lm_json_int(lm_json_get(root, "done"), 0);
        out->total = (uint64_t)lm_json_int(lm_json_get(root, "total"), 0);
        out->value = lm_json_double(lm_json_get(root, kind == LM_EV_GAUGE ? "value" : "seconds"),
                                    (double)NAN);
    }
    lm_json_free(root);
    return kind < kinds ? LM_OK : lm_fail(err, LM_FORMAT, "a line that is no event");
}
