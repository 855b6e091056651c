/* exp diff: what differs between two runs, baselines, or a run and what a spec says now. */
#include <lmpipe/runs.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "page/numtext.h"
#include "runs/side.h"
#include "spec/spec.h"

/** A fact of a stage that differs; values are JSON, NULL: it is not there. */
struct difference {
    const char *stage;
    const char *kind; /**< "stage", "version", "point", "seed", "numerics", "param", "metric",
                         "output" */
    const char *name;
    const char *a, *b;
};

struct diff {
    struct lm_history history;
    struct lm_arena *arena;
    struct lm_side a, b;
    struct difference *rows;
    size_t count, capacity;
    bool failed; /**< memory ran out */
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to tell runs apart; free some");
}

static void add(struct diff *diff, const char *stage, const char *kind, const char *name,
                const char *a, const char *b)
{
    bool is_equal = a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
    if (is_equal)
        return;
    struct difference *rows =
        lm_arena_grow(diff->arena, diff->rows, diff->count, &diff->capacity, sizeof *rows);
    diff->failed = diff->failed || rows == NULL;
    if (rows == NULL)
        return;
    diff->rows = rows;
    rows[diff->count++] = (struct difference){stage, kind, name, a, b};
}

/* ---- the facts of a stage ---- */

static void add_texts(struct diff *diff, const char *stage, const char *kind,
                      const struct lm_named_text *a, size_t a_count, const struct lm_named_text *b,
                      size_t b_count)
{
    for (size_t i = 0; i < a_count; i++)
        add(diff, stage, kind, a[i].name, a[i].text, lm_named_text_find(b, b_count, a[i].name));
    for (size_t i = 0; i < b_count; i++)
        if (lm_named_text_find(a, a_count, b[i].name) == NULL)
            add(diff, stage, kind, b[i].name, NULL, b[i].text);
}

static const char *number_text(struct diff *diff, double v)
{
    char text[32];
    const char *copy =
        lm_arena_strdup(diff->arena, isfinite(v) ? lm_format_double(text, v) : "null");
    diff->failed = diff->failed || copy == NULL;
    return copy;
}

static const char *quoted(struct diff *diff, const char *text)
{
    const char *copy = text != NULL ? lm_arena_printf(diff->arena, "\"%s\"", text) : NULL;
    diff->failed = diff->failed || (text != NULL && copy == NULL);
    return copy;
}

static bool has_metric(const struct lm_recorded_stage *stage, const char *name)
{
    for (size_t i = 0; i < stage->metric_count; i++)
        if (strcmp(stage->metrics[i].name, name) == 0)
            return true;
    return false;
}

static void add_metrics(struct diff *diff, const char *id, const struct lm_recorded_stage *a,
                        const struct lm_recorded_stage *b)
{
    for (size_t i = 0; i < a->metric_count; i++) {
        const char *name = a->metrics[i].name;
        double other = lm_named_value_find(b->metrics, b->metric_count, name);
        add(diff, id, "metric", name, number_text(diff, a->metrics[i].value),
            has_metric(b, name) ? number_text(diff, other) : NULL);
    }
    for (size_t i = 0; i < b->metric_count; i++)
        if (!has_metric(a, b->metrics[i].name))
            add(diff, id, "metric", b->metrics[i].name, NULL,
                number_text(diff, b->metrics[i].value));
}

static void add_outputs(struct diff *diff, const char *id, const struct lm_recorded_stage *a,
                        const struct lm_recorded_stage *b)
{
    for (size_t i = 0; i < a->output_count; i++)
        add(diff, id, "output", a->outputs[i].name, quoted(diff, a->outputs[i].digest),
            quoted(diff, lm_named_digest_find(b->outputs, b->output_count, a->outputs[i].name)));
    for (size_t i = 0; i < b->output_count; i++)
        if (lm_named_digest_find(a->outputs, a->output_count, b->outputs[i].name) == NULL)
            add(diff, id, "output", b->outputs[i].name, NULL, quoted(diff, b->outputs[i].digest));
}

static const char *name_of(struct diff *diff, const char *a, const char *b)
{
    const char *text = strcmp(a, b) == 0 ? a : lm_arena_printf(diff->arena, "%s | %s", a, b);
    diff->failed = diff->failed || text == NULL;
    return text != NULL ? text : a;
}

static void add_stage(struct diff *diff, const struct lm_recorded_stage *a,
                      const struct lm_recorded_stage *b)
{
    const char *id = name_of(diff, a->id, b->id);
    add(diff, id, "type", "", quoted(diff, a->type), quoted(diff, b->type));
    add(diff, id, "version", "", number_text(diff, (double)a->version),
        number_text(diff, (double)b->version));
    if (diff->a.has_params && diff->b.has_params) {
        add_texts(diff, id, "point", a->point, a->point_count, b->point, b->point_count);
        add(diff, id, "seed", "", a->seed, b->seed);
        add(diff, id, "numerics", "", quoted(diff, a->numerics), quoted(diff, b->numerics));
        add_texts(diff, id, "param", a->params, a->param_count, b->params, b->param_count);
    }
    if (a->output_count == 0 && b->output_count == 0)
        return;
    add_metrics(diff, id, a, b);
    add_outputs(diff, id, a, b);
}

/** Is stage i of a side spoken of: all are, or the one that was named on either side? */
static bool is_meant(const struct lm_side *side, const struct lm_side *other, size_t i)
{
    if (side->only != SIZE_MAX)
        return side->only == i;
    return other->only == SIZE_MAX ||
           strcmp(side->run.stages[i].id, other->run.stages[other->only].id) == 0;
}

/** A stage that the other side lacks; a baseline holds none without metrics. */
static void add_missing(struct diff *diff, const struct lm_recorded_stage *stage,
                        const struct lm_side *other, bool is_in_a)
{
    if (other->has_params || stage->metric_count > 0)
        add(diff, stage->id, "stage", "", is_in_a ? "true" : "false", is_in_a ? "false" : "true");
}

/** Stages of the first run, beside those of the other. */
static void add_first(struct diff *diff)
{
    const struct lm_side *a = &diff->a, *b = &diff->b;
    for (size_t i = 0; i < a->run.stage_count; i++) {
        const struct lm_recorded_stage *stage = &a->run.stages[i];
        if (!is_meant(a, b, i))
            continue;
        const struct lm_recorded_stage *other = lm_side_stage(b, stage->id);
        if (other != NULL)
            add_stage(diff, stage, other);
        else
            add_missing(diff, stage, b, true);
    }
}

/** Stages of the second that the first has not. */
static void add_second(struct diff *diff)
{
    const struct lm_side *a = &diff->a, *b = &diff->b;
    for (size_t i = 0; a->only == SIZE_MAX && i < b->run.stage_count; i++) {
        const struct lm_recorded_stage *stage = &b->run.stages[i];
        if (is_meant(b, a, i) && lm_side_stage(a, stage->id) == NULL)
            add_missing(diff, stage, a, false);
    }
}

/* ---- telling ---- */

static bool is_bound(const char *name)
{
    size_t length = strlen(name);
    return length > 3 &&
           (strcmp(name + length - 3, ".lo") == 0 || strcmp(name + length - 3, ".hi") == 0);
}

/** A value as people read it: digests are cut. */
static const char *shown(struct diff *diff, const struct difference *row, const char *value)
{
    const char *colon = value != NULL ? strchr(value, ':') : NULL;
    if (value == NULL)
        return "-";
    if (strcmp(row->kind, "output") != 0 || colon == NULL || strlen(colon) < 14)
        return value;
    const char *cut = lm_arena_strndup(diff->arena, value + 1, (size_t)(colon - value) + 12);
    diff->failed = diff->failed || cut == NULL;
    return cut != NULL ? cut : value;
}

static const char *side_name(const struct lm_side *side, bool is_now)
{
    return is_now ? "what the spec says now" : side->run.id != NULL ? side->run.id : side->name;
}

static const char *damage(const struct lm_side *side)
{
    return side->run.damaged > 0 ? "  (its record is damaged; what it told is left out)" : "";
}

static void put_text(struct diff *diff, bool is_now, FILE *out)
{
    const char *stage = "";
    size_t told = 0;
    fprintf(out, "a  %s%s\nb  %s%s\n", side_name(&diff->a, false), damage(&diff->a),
            side_name(&diff->b, is_now), damage(&diff->b));
    for (size_t i = 0; i < diff->count; i++) {
        const struct difference *row = &diff->rows[i];
        if (strcmp(row->kind, "metric") == 0 && is_bound(row->name))
            continue;
        if (strcmp(stage, row->stage) != 0)
            fprintf(out, "\n%s\n", row->stage);
        stage = row->stage;
        told++;
        if (strcmp(row->kind, "stage") == 0) {
            fprintf(out, "  only in %s\n", strcmp(row->a, "true") == 0 ? "a" : "b");
            continue;
        }
        fprintf(out, "  %s%s%s  %s → %s", row->kind, row->name[0] != '\0' ? " " : "", row->name,
                shown(diff, row, row->a), shown(diff, row, row->b));
        double change = row->a != NULL && row->b != NULL && strcmp(row->kind, "metric") == 0
                            ? strtod(row->b, NULL) - strtod(row->a, NULL)
                            : 0;
        if (change != 0)
            fprintf(out, "  (%s%s)", change > 0 ? "+" : "", lm_num_short(change, 4).text);
        fputc('\n', out);
    }
    if (told == 0)
        fputs("\nno difference\n", out);
}

static void put_side_json(struct lm_json_writer *writer, const char *key,
                          const struct lm_side *side, bool is_now)
{
    lm_json_key(writer, key);
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "name", side->name);
    if (side->run.id != NULL)
        lm_json_member_string(writer, "run", side->run.id);
    lm_json_member_bool(writer, "now", is_now);
    if (side->run.damaged > 0)
        lm_json_member_int(writer, "damaged", (int64_t)side->run.damaged);
    lm_json_close(writer, '}');
}

static enum lm_status put_json(struct diff *diff, bool is_now, FILE *out, struct lm_err *err)
{
    struct lm_json_writer writer;
    struct lm_buf text;
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, true);
    lm_json_open(&writer, '{');
    put_side_json(&writer, "a", &diff->a, false);
    put_side_json(&writer, "b", &diff->b, is_now);
    lm_json_key(&writer, "differences");
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < diff->count; i++) {
        const struct difference *row = &diff->rows[i];
        lm_json_open(&writer, '{');
        lm_json_member_string(&writer, "stage", row->stage);
        lm_json_member_string(&writer, "kind", row->kind);
        if (row->name[0] != '\0')
            lm_json_member_string(&writer, "name", row->name);
        lm_named_put_text(&writer, "a", row->a != NULL ? row->a : "null");
        lm_named_put_text(&writer, "b", row->b != NULL ? row->b : "null");
        lm_json_close(&writer, '}');
    }
    lm_json_close(&writer, ']');
    lm_json_close(&writer, '}');
    lm_buf_putc(&text, '\n');
    enum lm_status status = lm_buf_print(&text, out, err);
    lm_buf_release(&text);
    return status;
}

static enum lm_status tell(struct diff *diff, const char *a, const char *b,
                           const struct lm_plan *now, bool json, FILE *out, struct lm_err *err)
{
    LM_TRY(lm_side_find(&diff->a, &diff->history, a, err));
    LM_TRY(b != NULL ? lm_side_find(&diff->b, &diff->history, b, err)
                     : lm_side_of_plan(&diff->b, diff->arena, now, err));
    add_first(diff);
    add_second(diff);
    if (diff->failed)
        return no_memory(err);
    if (json)
        return put_json(diff, b == NULL, out, err);
    put_text(diff, b == NULL, out);
    return LM_OK;
}

enum lm_status lm_runs_diff(const struct lm_store *store, const char *a, const char *b,
                            const struct lm_plan *now, bool json, FILE *out, struct lm_err *err)
{
    struct diff diff = {.arena = lm_arena_create()};
    if (diff.arena == NULL)
        return no_memory(err);
    enum lm_status status = lm_history_load(&diff.history, diff.arena, store, err);
    if (status == LM_OK)
        status = tell(&diff, a, b, now, json, out, err);
    lm_history_release(&diff.history);
    lm_arena_free(diff.arena);
    return status;
}

enum lm_status lm_run_home(const char **out, struct lm_arena *arena, const struct lm_store *store,
                           const char *name, struct lm_err *err)
{
    struct lm_history history;
    struct lm_side side;
    enum lm_status status = lm_history_load(&history, arena, store, err);
    if (status == LM_OK)
        status = lm_side_find(&side, &history, name, err);
    lm_history_release(&history);
    if (status == LM_OK && !side.is_run)
        return lm_fail(err, LM_INVALID, "%s is no run; say what to compare it with", name);
    if (status == LM_OK)
        *out = side.run.home;
    return status;
}
