#include "ctx.h"

#include <assert.h>
#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/pool.h"
#include "param/metrics.h"
#include "protocol/checkpoint.h"
#include "protocol/event_line.h"
#include "protocol/saved.h"

#define SECOND UINT64_C(1000000000)
#define FLUSH_EVERY (SECOND / 10)
#define EVENT_CEILING 65536
#define USUAL_MEMORY ((size_t)1 << 30)
#define KEPT_ROOM 3 /* times the bytes of the input that must be free to keep work on it */

struct named_value {
    const char *name;
    double value;
    bool changed;
    double marked; /**< of a pace: the total at marked_ns; 0: never */
    uint64_t marked_ns;
};

struct named_values {
    struct named_value *items;
    size_t count, capacity;
};

struct output_path {
    const char *port, *path;
};

struct lm_ctx {
    const struct lm_job *job;
    struct lm_arena *arena; /**< the stage's */
    struct lm_arena *own;   /**< names, paths and metrics: not rewound by the stage */
    FILE *events;
    int signal_fd;
    atomic_bool cancelled;
    atomic_long polls_left; /**< for tests; negative: no limit */
    struct output_path *outputs;
    size_t output_count;
    struct named_values gauges, results;
    struct lm_source_digest *sources;
    size_t source_count, source_capacity;
    const char *headline;
    uint64_t done, total;
    const char *unit;
    bool progressed;
    char doing[48]; /**< what it does beside its progress */
    bool turned;    /**< to something else, which is not told yet */
    uint64_t flushed_ns, saved_ns, save_cost_ns;
};

/* ---- life ---- */

static enum lm_status outputs_prepare(struct lm_ctx *ctx, struct lm_err *err)
{
    size_t count = 0;
    while (ctx->job->stage->outputs[count].name != NULL)
        count++;
    const char *root = lm_path_join(ctx->own, ctx->job->folder, "out");
    ctx->outputs = LM_NEW_ARRAY(ctx->own, struct output_path, count);
    if (root == NULL || ctx->outputs == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a stage's context");
    LM_TRY(lm_dir_create(root, err));
    for (size_t i = 0; i < count; i++) {
        const struct lm_port *port = &ctx->job->stage->outputs[i];
        const char *path = lm_path_join(ctx->own, root, port->name);
        if (path == NULL)
            return lm_fail(err, LM_NOMEM, "out of memory for a stage's context");
        ctx->outputs[i] = (struct output_path){.port = port->name, .path = path};
        bool is_made = lm_stage_has_output(ctx->job->stage, ctx->job->params, port);
        if (is_made && (port->flags & LM_PORT_FOLDER))
            LM_TRY(lm_dir_create(path, err));
    }
    ctx->output_count = count;
    return LM_OK;
}

enum lm_status lm_ctx_create(struct lm_ctx **out, const struct lm_job *job, FILE *events,
                             int signal_fd, struct lm_err *err)
{
    enum lm_status status = LM_OK;
    struct lm_ctx *ctx = calloc(1, sizeof *ctx);
    if (ctx == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a stage's context");
    ctx->job = job;
    ctx->events = events;
    ctx->signal_fd = signal_fd;
    atomic_init(&ctx->cancelled, false);
    atomic_init(&ctx->polls_left, -1);
    ctx->headline = "";
    ctx->unit = "";
    ctx->saved_ns = lm_clock_monotonic_ns();
    ctx->arena = lm_arena_create();
    ctx->own = lm_arena_create();
    if (ctx->arena == NULL || ctx->own == NULL)
        status = lm_fail(err, LM_NOMEM, "out of memory for a stage's context");
    if (status == LM_OK)
        status = outputs_prepare(ctx, err);
    if (status != LM_OK) {
        lm_ctx_free(ctx);
        return status;
    }
    *out = ctx;
    return LM_OK;
}

void lm_ctx_free(struct lm_ctx *ctx)
{
    if (ctx == NULL)
        return;
    lm_arena_free(ctx->arena);
    lm_arena_free(ctx->own);
    free(ctx);
}

/* ---- what the job gives ---- */

const char *lm_ctx_input_at(const struct lm_ctx *ctx, const char *port, size_t index)
{
    for (size_t i = 0; i < ctx->job->input_count; i++)
        if (strcmp(ctx->job->inputs[i].port, port) == 0 && index-- == 0)
            return ctx->job->inputs[i].path;
    return NULL;
}

const char *lm_ctx_input_label(const struct lm_ctx *ctx, const char *port, size_t index)
{
    for (size_t i = 0; i < ctx->job->input_count; i++)
        if (strcmp(ctx->job->inputs[i].port, port) == 0 && index-- == 0)
            return ctx->job->inputs[i].label;
    return NULL;
}

const char *lm_ctx_input(const struct lm_ctx *ctx, const char *port)
{
    return lm_ctx_input_at(ctx, port, 0);
}

size_t lm_ctx_input_count(const struct lm_ctx *ctx, const char *port)
{
    size_t count = 0;
    for (size_t i = 0; i < ctx->job->input_count; i++)
        count += strcmp(ctx->job->inputs[i].port, port) == 0;
    return count;
}

const char *lm_ctx_file(const struct lm_ctx *ctx, const char *param)
{
    for (size_t i = 0; i < ctx->job->file_count; i++)
        if (strcmp(ctx->job->files[i].param, param) == 0)
            return ctx->job->files[i].path;
    return NULL;
}

const char *lm_ctx_output(struct lm_ctx *ctx, const char *port)
{
    for (size_t i = 0; i < ctx->output_count; i++)
        if (strcmp(ctx->outputs[i].port, port) == 0)
            return ctx->outputs[i].path;
    return NULL;
}

struct lm_arena *lm_ctx_arena(struct lm_ctx *ctx)
{
    return ctx->arena;
}

uint64_t lm_ctx_seed(const struct lm_ctx *ctx)
{
    return ctx->job->seed;
}

size_t lm_ctx_threads(const struct lm_ctx *ctx)
{
    return ctx->job->threads > 0 ? ctx->job->threads : 1;
}

size_t lm_ctx_memory(const struct lm_ctx *ctx)
{
    size_t quarter = lm_memory_limit() / 4, usual = quarter < USUAL_MEMORY ? quarter : USUAL_MEMORY;
    return ctx->job->memory > 0 ? (size_t)ctx->job->memory : usual;
}

bool lm_ctx_portable(const struct lm_ctx *ctx)
{
    return ctx->job->portable;
}

const char *lm_ctx_kernels(const struct lm_ctx *ctx)
{
    return ctx->job->kernels;
}

bool lm_ctx_offline(const struct lm_ctx *ctx)
{
    return ctx->job->offline;
}

const char *lm_ctx_experiment(const struct lm_ctx *ctx)
{
    return ctx->job->experiment;
}

const char *lm_ctx_secret(const struct lm_ctx *ctx, const char *name)
{
    char variable[LM_SECRET_LONGEST];
    (void)ctx;
    int length = snprintf(variable, sizeof variable, LM_SECRET_PREFIX "%s", name);
    const char *value = length > 0 && (size_t)length < sizeof variable ? getenv(variable) : NULL;
    return value != NULL && value[0] != '\0' ? value : NULL;
}

const char *lm_ctx_search_path(const struct lm_ctx *ctx)
{
    (void)ctx;
    return getenv("PATH");
}

enum lm_status lm_ctx_scratch(struct lm_ctx *ctx, const char **out, struct lm_err *err)
{
    const char *folder = lm_path_join(ctx->own, ctx->job->folder, "scratch");
    if (folder == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a stage's context");
    LM_TRY(lm_dir_create(folder, err));
    *out = folder;
    return LM_OK;
}

/* ---- events ---- */

/** Descriptor 2 is the log. What cannot be written is lost, the stage goes on. */
void lm_ctx_log(struct lm_ctx *ctx, const void *data, size_t size)
{
    if (ctx->events != NULL)
        lm_write_all(STDERR_FILENO, data, size, "the log", NULL);
}

/** The value of a name, added when it is new; NULL when memory is out (an event is then lost). */
static struct named_value *value_of(struct lm_ctx *ctx, struct named_values *values,
                                    const char *name)
{
    for (size_t i = 0; i < values->count; i++)
        if (strcmp(values->items[i].name, name) == 0)
            return &values->items[i];
    struct named_value *items =
        lm_arena_grow(ctx->own, values->items, values->count, &values->capacity, sizeof *items);
    if (items == NULL)
        return NULL;
    values->items = items;
    const char *copy = lm_arena_strdup(ctx->own, name);
    if (copy == NULL)
        return NULL;
    values->items[values->count] = (struct named_value){.name = copy};
    return &values->items[values->count++];
}

static void event_begin(struct lm_json_writer *writer, struct lm_buf *buf, const char *kind)
{
    lm_buf_init(buf, EVENT_CEILING);
    lm_json_begin(writer, buf, false);
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "event", kind);
}

/** Ends the object and writes it as one line; an event that cannot be written is lost, the
 *  stage goes on. */
static void event_end(struct lm_ctx *ctx, struct lm_json_writer *writer, struct lm_buf *buf)
{
    lm_json_close(writer, '}');
    lm_event_line_write(ctx->events, buf, "tell an event", NULL);
}

void lm_ctx_flush(struct lm_ctx *ctx)
{
    ctx->flushed_ns = lm_clock_monotonic_ns();
    bool changed = ctx->progressed || ctx->turned;
    for (size_t i = 0; i < ctx->gauges.count && !changed; i++)
        changed = ctx->gauges.items[i].changed;
    if (ctx->events == NULL || !changed)
        return;
    struct lm_json_writer writer;
    struct lm_buf buf;
    event_begin(&writer, &buf, "progress");
    if (ctx->progressed || ctx->turned) {
        lm_json_member_int(&writer, "done", (int64_t)ctx->done);
        lm_json_member_int(&writer, "total", (int64_t)ctx->total);
        lm_json_member_string(&writer, "unit", ctx->unit);
    }
    if (ctx->turned) {
        lm_json_key(&writer, "doing");
        lm_json_put_bytes(&writer, ctx->doing, strlen(ctx->doing));
    }
    lm_json_key(&writer, "gauges");
    lm_json_open(&writer, '{');
    for (size_t i = 0; i < ctx->gauges.count; i++) {
        struct named_value *gauge = &ctx->gauges.items[i];
        if (gauge->changed)
            lm_json_member_double(&writer, gauge->name, gauge->value);
        gauge->changed = false;
    }
    lm_json_close(&writer, '}');
    event_end(ctx, &writer, &buf);
    ctx->progressed = ctx->turned = false;
}

static void flush_when_due(struct lm_ctx *ctx)
{
    if (lm_clock_monotonic_ns() - ctx->flushed_ns >= FLUSH_EVERY)
        lm_ctx_flush(ctx);
}

void lm_ctx_progress(struct lm_ctx *ctx, uint64_t done, uint64_t total, const char *unit)
{
    ctx->done = done;
    ctx->total = total;
    if (strcmp(ctx->unit, unit) != 0) {
        const char *copy = lm_arena_strdup(ctx->own, unit);
        ctx->unit = copy != NULL ? copy : "";
    }
    ctx->progressed = true;
    bool is_counted =
        (ctx->job->stage->flags & LM_STAGE_RESUMES) == 0 || strcmp(ctx->unit, "bytes") == 0;
    if (ctx->job->interrupt_at > 0 && is_counted && done >= ctx->job->interrupt_at)
        atomic_store(&ctx->cancelled, true);
    flush_when_due(ctx);
}

void lm_ctx_doing(struct lm_ctx *ctx, const char *what)
{
    if (strcmp(ctx->doing, what) == 0)
        return;
    snprintf(ctx->doing, sizeof ctx->doing, "%s", what);
    ctx->turned = true;
    lm_ctx_flush(ctx);
}

/** Turns to something for a while; `before` is what lm_ctx_doing is told again afterwards. */
static void turn_to(struct lm_ctx *ctx, const char *what, char before[sizeof ctx->doing])
{
    memcpy(before, ctx->doing, sizeof ctx->doing);
    lm_ctx_doing(ctx, what);
}

void lm_ctx_gauge(struct lm_ctx *ctx, const char *name, double value)
{
    struct named_value *gauge = value_of(ctx, &ctx->gauges, name);
    if (gauge == NULL)
        return;
    gauge->value = value;
    gauge->changed = true;
    flush_when_due(ctx);
}

/** Half of the past and half of what is at least a second. */
void lm_ctx_pace(struct lm_ctx *ctx, const char *name, double total, double scale)
{
    struct named_value *gauge = value_of(ctx, &ctx->gauges, name);
    uint64_t now = lm_clock_monotonic_ns();
    if (gauge == NULL ||
        (gauge->marked_ns > 0 && total >= gauge->marked && now - gauge->marked_ns < SECOND))
        return;
    if (gauge->marked_ns > 0 && total >= gauge->marked) {
        double pace = (total - gauge->marked) / ((double)(now - gauge->marked_ns) * 1e-9) * scale;
        gauge->value = gauge->value > 0 ? (gauge->value + pace) / 2 : pace;
        gauge->changed = true;
    }
    gauge->marked = total;
    gauge->marked_ns = now;
    flush_when_due(ctx);
}

void lm_ctx_result(struct lm_ctx *ctx, const char *name, double value)
{
    assert(lm_metric_find(ctx->job->stage, NULL, name) != NULL); /* in its type's `metrics` */
    struct named_value *result = value_of(ctx, &ctx->results, name);
    if (result != NULL)
        result->value = value;
}

size_t lm_ctx_result_count(const struct lm_ctx *ctx)
{
    return ctx->results.count;
}

double lm_ctx_result_at(const struct lm_ctx *ctx, size_t index, const char **name)
{
    *name = ctx->results.items[index].name;
    return ctx->results.items[index].value;
}

double lm_ctx_result_value(const struct lm_ctx *ctx, const char *name)
{
    for (size_t i = 0; i < ctx->results.count; i++)
        if (strcmp(ctx->results.items[i].name, name) == 0)
            return ctx->results.items[i].value;
    return (double)NAN;
}

void lm_ctx_source(struct lm_ctx *ctx, const char *param, const struct lm_digest *digest)
{
    const char *copy = lm_arena_strdup(ctx->own, param);
    struct lm_source_digest *sources = lm_arena_grow(ctx->own, ctx->sources, ctx->source_count,
                                                     &ctx->source_capacity, sizeof *ctx->sources);
    if (copy == NULL || sources == NULL)
        return; /* it only helps to tell what was fetched */
    ctx->sources = sources;
    ctx->sources[ctx->source_count++] = (struct lm_source_digest){copy, *digest};
}

const struct lm_source_digest *lm_ctx_sources(const struct lm_ctx *ctx, size_t *count)
{
    *count = ctx->source_count;
    return ctx->sources;
}

/** Formats into the context's own arena; NULL when memory is out. */
static const char *format_text(struct lm_ctx *ctx, const char *format, va_list args)
{
    char text[1000];
    int n = vsnprintf(text, sizeof text, format, args);
    return n < 0 ? NULL : lm_arena_strdup(ctx->own, text);
}

void lm_ctx_headline(struct lm_ctx *ctx, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = format_text(ctx, format, args);
    va_end(args);
    ctx->headline = text != NULL ? text : "";
}

const char *lm_ctx_headline_text(const struct lm_ctx *ctx)
{
    return ctx->headline;
}

void lm_ctx_note(struct lm_ctx *ctx, const char *format, ...)
{
    if (ctx->events == NULL)
        return;
    va_list args;
    va_start(args, format);
    const char *text = format_text(ctx, format, args);
    va_end(args);
    if (text == NULL)
        return;
    struct lm_json_writer writer;
    struct lm_buf buf;
    event_begin(&writer, &buf, "note");
    lm_json_key(&writer, "text");
    lm_json_put_bytes(&writer, text, strlen(text));
    event_end(ctx, &writer, &buf);
}

/* ---- interruption ---- */

bool lm_ctx_cancelled(struct lm_ctx *ctx)
{
    if (atomic_load(&ctx->cancelled))
        return true;
    bool now = false;
    if (ctx->signal_fd >= 0) {
        struct pollfd fd = {.fd = ctx->signal_fd, .events = POLLIN};
        now = poll(&fd, 1, 0) == 1 && (fd.revents & POLLIN);
    }
    if (atomic_load(&ctx->polls_left) >= 0)
        now = now || atomic_fetch_sub(&ctx->polls_left, 1) <= 0;
    if (now)
        atomic_store(&ctx->cancelled, true);
    return now;
}

void lm_ctx_cancel_after(struct lm_ctx *ctx, long polls)
{
    atomic_store(&ctx->polls_left, polls);
}

bool lm_ctx_checkpoint_due(struct lm_ctx *ctx)
{
    return lm_clock_monotonic_ns() - ctx->saved_ns >= lm_checkpoint_wait_ns(ctx->save_cost_ns);
}

static void tell_checkpoint(struct lm_ctx *ctx, uint64_t position)
{
    struct lm_json_writer writer;
    struct lm_buf buf;
    if (ctx->events == NULL)
        return;
    event_begin(&writer, &buf, "checkpoint");
    lm_json_member_int(&writer, "position", (int64_t)position);
    event_end(ctx, &writer, &buf);
}

enum lm_status lm_ctx_checkpoint_save_parts(struct lm_ctx *ctx, uint64_t position,
                                            const struct lm_save_part *parts, size_t count,
                                            struct lm_err *err)
{
    char before[sizeof ctx->doing];
    uint64_t begin = lm_clock_monotonic_ns();
    turn_to(ctx, "saving a checkpoint", before);
    LM_TRY(lm_checkpoint_save(ctx->job->checkpoints, position, parts, count, err));
    lm_ctx_doing(ctx, before);
    ctx->saved_ns = lm_clock_monotonic_ns();
    ctx->save_cost_ns = ctx->saved_ns - begin;
    tell_checkpoint(ctx, position);
    return LM_OK;
}

enum lm_status lm_ctx_checkpoint_save(struct lm_ctx *ctx, uint64_t position, const void *data,
                                      size_t size, struct lm_err *err)
{
    const struct lm_save_part all = {data, size};
    return lm_ctx_checkpoint_save_parts(ctx, position, &all, 1, err);
}

bool lm_ctx_partial(const struct lm_ctx *ctx)
{
    return ctx->job->partial;
}

/** Somebody else may be saving the next one: nothing is removed. */
static enum lm_status look_in(struct lm_ctx *ctx, struct lm_saved **out, struct lm_err *err)
{
    LM_TRY(lm_checkpoint_look(out, ctx->job->checkpoints, err));
    if (*out == NULL)
        return lm_fail(err, LM_NOT_FOUND, "there is no checkpoint");
    tell_checkpoint(ctx, lm_saved_position(*out));
    return LM_OK;
}

enum lm_status lm_ctx_checkpoint_open(struct lm_ctx *ctx, struct lm_saved **out, struct lm_err *err)
{
    if (ctx->job->partial)
        return look_in(ctx, out, err);
    int64_t newest = lm_checkpoint_peek(ctx->job->checkpoints);
    LM_TRY(lm_checkpoint_open(out, ctx->job->checkpoints, err));
    if (newest >= 0 && *out == NULL)
        lm_ctx_note(ctx, "the checkpoint was damaged and set aside; starting anew");
    else if (*out != NULL && (int64_t)lm_saved_position(*out) < newest)
        lm_ctx_note(ctx, "the newest checkpoint was damaged; going on from the one before it");
    return LM_OK;
}

enum lm_status lm_ctx_checkpoint_load(struct lm_ctx *ctx, uint64_t *position, void **data,
                                      size_t *size, struct lm_err *err)
{
    struct lm_saved *saved = NULL;
    *data = NULL;
    LM_TRY(lm_ctx_checkpoint_open(ctx, &saved, err));
    if (saved == NULL)
        return LM_OK;
    *position = lm_saved_position(saved);
    *size = (size_t)lm_saved_size(saved);
    return lm_saved_take(data, ctx->arena, saved, err);
}

void lm_ctx_state_save(struct lm_ctx *ctx, uint64_t position, const struct lm_save_part *parts,
                       size_t count)
{
    struct lm_err err = {LM_OK, ""};
    char before[sizeof ctx->doing];
    if (ctx->job->state == NULL)
        return;
    turn_to(ctx, "saving its state", before);
    if (lm_state_save(ctx->job->state, position, parts, count, &err) != LM_OK)
        lm_ctx_note(ctx, "no longer run can continue from here: %s", err.text);
    lm_ctx_doing(ctx, before);
}

struct lm_saved *lm_ctx_state_open(struct lm_ctx *ctx, uint64_t least, uint64_t most)
{
    struct lm_err err = {LM_OK, ""};
    struct lm_saved *saved = NULL;
    enum lm_state_finding found = LM_STATE_NONE;
    if (ctx->job->state == NULL || ctx->job->afresh)
        return NULL;
    if (lm_state_open(&found, &saved, ctx->job->state, least, most, &err) != LM_OK)
        lm_ctx_note(ctx, "the state of a shorter run is not used: %s", err.text);
    if (found == LM_STATE_DAMAGED)
        lm_ctx_note(ctx, "the state of a shorter run was damaged and is removed");
    if (found == LM_STATE_UNREADABLE)
        lm_ctx_note(ctx, "the state of a shorter run cannot be read and is not used");
    return saved;
}

void lm_ctx_resumed(struct lm_ctx *ctx, uint64_t position)
{
    struct lm_json_writer writer;
    struct lm_buf buf;
    if (ctx->events == NULL)
        return;
    event_begin(&writer, &buf, "resumed");
    lm_json_member_int(&writer, "position", (int64_t)position);
    event_end(ctx, &writer, &buf);
}

enum lm_status lm_ctx_keep(struct lm_ctx *ctx, const char **out, struct lm_err *err)
{
    const char *folder = lm_path_join(ctx->own, ctx->job->checkpoints, "keep");
    if (folder == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a stage's context");
    LM_TRY(lm_dir_create(folder, err));
    *out = folder;
    return LM_OK;
}

/* ---- parts of the work ---- */

/** Text that comes out, what is kept of it and a third of it all for others. What cannot be asked
 *  is taken to be there. */
static bool has_room(const char *folder, uint64_t bytes)
{
    struct statvfs info;
    return statvfs(folder, &info) != 0 ||
           (uint64_t)info.f_bavail * info.f_frsize / KEPT_ROOM >= bytes;
}

/** The folder is there; names the stage's own file in it. */
static enum lm_status name_work(struct lm_ctx *ctx, struct lm_work *out, struct lm_err *err)
{
    const char *key = lm_path_base(ctx->job->checkpoints);
    const char *common = ctx->job->state != NULL ? lm_path_base(ctx->job->state) : key;
    out->own = lm_arena_printf(ctx->own, "%s/work-%s", out->folder, key);
    if (out->own == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a stage's context");
    out->owner = lm_hash64(common, strlen(common), 0);
    out->afresh = ctx->job->afresh;
    return LM_OK;
}

enum lm_status lm_ctx_work(struct lm_ctx *ctx, uint64_t bytes, struct lm_work *out,
                           struct lm_err *err)
{
    const char *folder = ctx->job->state;
    *out = (struct lm_work){.folder = NULL};
    if (ctx->job->checkpoints == NULL)
        return LM_OK;
    bool is_begun = ctx->job->interrupt_at > 0 || lm_checkpoint_peek(ctx->job->checkpoints) >= 0;
    if (!is_begun && bytes < LM_WORK_FROM)
        return LM_OK;
    if (folder != NULL)
        LM_TRY(lm_dir_create(folder, err));
    else
        LM_TRY(lm_ctx_keep(ctx, &folder, err));
    if (!is_begun && !has_room(folder, bytes)) {
        lm_ctx_note(ctx,
                    "the disk has too little room to keep work; if it is stopped, it begins anew");
        return LM_OK;
    }
    out->folder = folder;
    return name_work(ctx, out, err);
}
