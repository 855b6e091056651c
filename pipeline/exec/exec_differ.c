/* A result held against the stored one of the same key: the first output, file and place that
 * differ. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "exec/exec.h"
#include "protocol/differed.h"
#include "runs/differing.h"

enum { ABSENT = -1 };

/** Two results of one key, and where the new one lies. */
struct pair {
    struct lm_exec *exec;
    const struct lm_attempt *attempt;
    const struct lm_record *stored, *now;
};

/* ---- the place in two files ---- */

static void take_place(void *user, const char *line, size_t size)
{
    struct lm_buf *buf = user;
    lm_buf_clear(buf);
    lm_buf_append(buf, line, size);
}

/** Asks the worker program, which knows the formats. False: it could not tell. */
static bool ask(struct lm_differed *out, const struct pair *pair, const char *stored,
                const char *now)
{
    struct lm_exec *exec = pair->exec;
    const char *const argv[] = {exec->options->worker, "differ", stored, now, NULL};
    struct lm_child child;
    struct lm_child_end end;
    struct lm_buf line;
    lm_buf_init(&line, 0);
    if (lm_child_start(&child, argv, exec->environment, pair->attempt->log, NULL) != LM_OK)
        return false;
    lm_child_finish(&child, &end, take_place, &line);
    bool told = end.exit_code == 0 && line.size > 0 && !line.failed &&
                lm_differed_read(out, exec->arena, line.data, line.size, NULL) == LM_OK;
    lm_buf_release(&line);
    return told;
}

static void tell_file(struct lm_difference *out, const struct pair *pair,
                      const struct lm_output *output, const struct lm_output_file *stored,
                      const struct lm_output_file *now)
{
    struct lm_arena *arena = pair->exec->arena;
    struct lm_differed place = {NULL, NULL, NULL};
    const char *object = lm_store_object_path(pair->exec->store, arena, &stored->object);
    const char *name = stored->name != NULL ? stored->name : "";
    const char *path = lm_arena_printf(arena, "%s/out/%s%s%s", pair->attempt->folder, output->port,
                                       name[0] != '\0' ? "/" : "", name);
    bool told = object != NULL && path != NULL && ask(&place, pair, object, path);
    out->file = stored->name;
    out->place = told ? place.place : "";
    out->stored = told ? place.stored : stored->logical;
    out->now = told ? place.now : now->logical;
}

/* ---- the first file ---- */

static int order_of(const struct lm_output *a, size_t i, const struct lm_output *b, size_t k)
{
    if (i == a->file_count || k == b->file_count)
        return i == a->file_count ? 1 : ABSENT;
    if (a->files[i].name == NULL || b->files[k].name == NULL)
        return 0;
    return strcmp(a->files[i].name, b->files[k].name);
}

/** Files of both are sorted by name. */
static void tell_output(struct lm_difference *out, const struct pair *pair,
                        const struct lm_output *a, const struct lm_output *b)
{
    *out = (struct lm_difference){.port = a->port,
                                  .place = "",
                                  .stored = "absent",
                                  .now = "absent",
                                  .stored_digest = a->digest,
                                  .now_digest = b->digest};
    for (size_t i = 0, k = 0; i < a->file_count || k < b->file_count; i++, k++) {
        int order = order_of(a, i, b, k);
        if (order == 0 && strcmp(a->files[i].logical, b->files[k].logical) == 0)
            continue;
        if (order == 0)
            tell_file(out, pair, a, &a->files[i], &b->files[k]);
        else if (order < 0)
            out->file = a->files[i].name, out->stored = a->files[i].logical;
        else
            out->file = b->files[k].name, out->now = b->files[k].logical;
        return;
    }
}

/* ---- the first output, or metric ---- */

/** A value as text; NULL: the record has no such metric. */
static const char *value_of(struct lm_arena *arena, const struct lm_record *record,
                            const char *name)
{
    char text[32];
    for (size_t i = 0; i < record->metric_count; i++)
        if (strcmp(record->metrics[i].name, name) == 0)
            return lm_arena_strdup(arena, lm_format_double(text, record->metrics[i].value));
    return NULL;
}

static bool tell_metric(struct lm_difference *out, const struct pair *pair, const char *name)
{
    const char *a = value_of(pair->exec->arena, pair->stored, name);
    const char *b = value_of(pair->exec->arena, pair->now, name);
    a = a != NULL ? a : "absent";
    b = b != NULL ? b : "absent";
    *out = (struct lm_difference){.port = "metric",
                                  .place = name,
                                  .stored = a,
                                  .now = b,
                                  .stored_digest = a,
                                  .now_digest = b};
    return strcmp(a, b) != 0;
}

static bool find(struct lm_difference *out, const struct pair *pair)
{
    for (size_t i = 0; i < pair->stored->output_count; i++) {
        const struct lm_output *a = &pair->stored->outputs[i];
        const struct lm_output *b = lm_record_output(pair->now, a->port);
        if (b == NULL || strcmp(a->digest, b->digest) == 0)
            continue;
        tell_output(out, pair, a, b);
        return true;
    }
    for (size_t i = 0; i < pair->stored->metric_count; i++)
        if (tell_metric(out, pair, pair->stored->metrics[i].name))
            return true;
    for (size_t i = 0; i < pair->now->metric_count; i++)
        if (tell_metric(out, pair, pair->now->metrics[i].name))
            return true;
    return false;
}

static void note(const struct pair *pair, const struct lm_task *task, const char *found,
                 const struct lm_difference *difference)
{
    struct lm_exec *exec = pair->exec;
    const struct lm_spec_stage *stage = &exec->spec->stages[task->index];
    struct lm_err err = {LM_OK, ""};
    const struct lm_differing row = {.key = exec->now.stages[task->index].key,
                                     .experiment = exec->spec->experiment,
                                     .stage = stage->id,
                                     .type = stage->type->name,
                                     .found = found,
                                     .host = exec->host,
                                     .when = (int64_t)(lm_clock_unix_ns() / 1000000000),
                                     .difference = *difference};
    if (lm_differing_note(exec->store, &row, &err) != LM_OK)
        lm_exec_note(exec, task, err.text);
}

enum lm_status lm_exec_differ(const struct lm_difference **out, struct lm_exec *exec,
                              const struct lm_task *task, const struct lm_record *stored,
                              const struct lm_record *now, struct lm_err *err)
{
    const struct pair pair = {exec, task->attempt, stored, now};
    struct lm_difference *difference = LM_NEW(exec->arena, struct lm_difference);
    *out = NULL;
    if (difference == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory comparing results");
    if (!find(difference, &pair))
        return LM_OK;
    exec->irreproducible = true;
    note(&pair, task, exec->verify != NULL ? "verify" : "run", difference);
    *out = difference;
    return LM_OK;
}
