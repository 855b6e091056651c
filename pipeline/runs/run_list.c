/* exp list: recorded runs as lines, JSON or CSV. */
#include <lmpipe/runs.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/csv_field.h"
#include "page/numtext.h"
#include "runs/history.h"
#include "spec/spec.h"

struct listing {
    struct lm_history history;
    struct lm_history_row *rows; /**< newest first */
    size_t *places;              /**< of them among the runs */
    size_t count;
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to list the runs; free some");
}

static enum lm_status collect(struct listing *listing, struct lm_history_spec *spec,
                              struct lm_err *err)
{
    struct lm_history *history = &listing->history;
    listing->rows = LM_NEW_ARRAY(history->arena, struct lm_history_row, history->count);
    listing->places = LM_NEW_ARRAY(history->arena, size_t, history->count);
    if (listing->rows == NULL || listing->places == NULL)
        return no_memory(err);
    for (size_t i = history->count; i > 0; i--) {
        struct lm_history_row *row = &listing->rows[listing->count];
        LM_TRY(lm_history_read(row, history, i - 1, err));
        listing->places[listing->count] = i - 1;
        listing->count += spec == NULL || lm_history_is_of(&listing->history, spec, row);
    }
    return LM_OK;
}

/** Writes the tags of a run with something before, between and behind them. */
static void put_tags(const struct listing *listing, size_t i, const char *before,
                     const char *between, const char *behind, FILE *out)
{
    const char *id = listing->history.ids[listing->places[i]], *next = before;
    for (size_t k = 0; k < listing->history.tag_count; k++) {
        if (strcmp(listing->history.tags[k].run, id) != 0)
            continue;
        fprintf(out, "%s%s", next, listing->history.tags[k].name);
        next = between;
    }
    if (next == between)
        fputs(behind, out);
}

/* ---- for people ---- */

static void put_text(const struct listing *listing, FILE *out)
{
    size_t width = 3;
    for (size_t i = 0; i < listing->count; i++) {
        size_t length = strlen(listing->history.ids[listing->places[i]]);
        width = length > width ? length : width;
    }
    if (listing->count > 0)
        fprintf(out, "%-*s  %-11s  %11s  %8s  result\n", (int)width, "run", "state", "executed",
                "time");
    for (size_t i = 0; i < listing->count; i++) {
        const struct lm_history_row *row = &listing->rows[i];
        char executed[48] = "-", seconds[40] = "-";
        if (row->selected > 0)
            snprintf(executed, sizeof executed, "%" PRId64 "/%" PRId64, row->executed,
                     row->selected);
        if (row->seconds > 0)
            snprintf(seconds, sizeof seconds, "%.39s", lm_num_seconds(row->seconds).text);
        fprintf(out, "%-*s  %-11s  %11s  %8s", (int)width, listing->history.ids[listing->places[i]],
                row->state, executed, seconds);
        fprintf(out, row->headline[0] != '\0' ? "  %s" : "%s", row->headline);
        put_tags(listing, i, "  [", ", ", "]", out);
        fputc('\n', out);
    }
}

/* ---- for programs ---- */

static void put_json(const struct listing *listing, FILE *out)
{
    fputs("[", out);
    for (size_t i = 0; i < listing->count; i++) {
        const char *line = listing->rows[i].json;
        fprintf(out, "%s\n%.*s,\"tags\":[", i > 0 ? "," : "", (int)(strlen(line) - 1), line);
        put_tags(listing, i, "\"", "\",\"", "\"", out);
        fputs("]}", out);
    }
    fputs(listing->count > 0 ? "\n]\n" : "]\n", out);
}

/** Metrics of the rows, and all their names in the order in which they are first seen. */
struct columns {
    struct lm_named_value **metrics; /**< (rows) */
    size_t *counts;                  /**< (rows) */
    const char **names;
    size_t count, capacity;
    struct lm_buf field; /**< that is being written */
};

/** A field of CSV behind another; what there is no memory for is empty. */
static void put_field(struct columns *columns, const char *text, FILE *out)
{
    lm_buf_clear(&columns->field);
    lm_buf_putc(&columns->field, ',');
    lm_csv_put(&columns->field, text);
    fputs(columns->field.failed ? "," : columns->field.data, out);
}

static enum lm_status collect_metrics(struct columns *out, const struct listing *listing,
                                      struct lm_err *err)
{
    struct lm_arena *arena = listing->history.arena;
    struct lm_name_map seen;
    lm_name_map_init(&seen, arena);
    *out = (struct columns){.metrics = LM_NEW_ARRAY(arena, struct lm_named_value *, listing->count),
                            .counts = LM_NEW_ARRAY(arena, size_t, listing->count)};
    if (out->metrics == NULL || out->counts == NULL)
        return no_memory(err);
    for (size_t i = 0; i < listing->count; i++) {
        LM_TRY(lm_history_metrics(&out->metrics[i], &out->counts[i], &listing->history,
                                  &listing->rows[i], err));
        for (size_t k = 0; k < out->counts[i]; k++) {
            const char *name = out->metrics[i][k].name;
            if (lm_name_map_find(&seen, name) != SIZE_MAX)
                continue;
            const char **names =
                lm_arena_grow(arena, out->names, out->count, &out->capacity, sizeof *names);
            if (names == NULL || !lm_name_map_put(&seen, name, out->count))
                return no_memory(err);
            out->names = names;
            names[out->count++] = name;
        }
    }
    return LM_OK;
}

static void put_csv_row(const struct listing *listing, size_t i, struct columns *columns, FILE *out)
{
    const struct lm_history_row *row = &listing->rows[i];
    char number[32];
    fputs(listing->history.ids[listing->places[i]], out);
    put_field(columns, row->experiment, out);
    put_field(columns, row->home, out);
    put_field(columns, row->state, out);
    fprintf(out, row->exit_code >= 0 ? ",%" PRId64 : ",", row->exit_code);
    put_field(columns, row->started, out);
    fprintf(out, ",%s,%" PRId64 ",%" PRId64, lm_format_double(number, row->seconds), row->selected,
            row->executed);
    put_field(columns, row->headline, out);
    put_tags(listing, i, ",", " ", "", out);
    bool is_tagged = false;
    for (size_t k = 0; k < listing->history.tag_count; k++)
        is_tagged = is_tagged || strcmp(listing->history.tags[k].run,
                                        listing->history.ids[listing->places[i]]) == 0;
    if (!is_tagged)
        fputc(',', out);
    for (size_t k = 0; k < columns->count; k++) {
        double value =
            lm_named_value_find(columns->metrics[i], columns->counts[i], columns->names[k]);
        fprintf(out, ",%s", isnan(value) ? "" : lm_format_double(number, value));
    }
    fputs("\n", out);
}

static enum lm_status put_csv(const struct listing *listing, FILE *out, struct lm_err *err)
{
    struct columns columns;
    LM_TRY(collect_metrics(&columns, listing, err));
    lm_buf_init(&columns.field, 0);
    fputs("run,experiment,spec,state,exit_code,started,seconds,selected,executed,headline,tags",
          out);
    for (size_t k = 0; k < columns.count; k++)
        put_field(&columns, columns.names[k], out);
    fputs("\n", out);
    for (size_t i = 0; i < listing->count; i++)
        put_csv_row(listing, i, &columns, out);
    lm_buf_release(&columns.field);
    return LM_OK;
}

static enum lm_status list(struct listing *listing, const char *spec, enum lm_runs_format format,
                           FILE *out, struct lm_err *err)
{
    struct lm_history_spec wanted = {.home = NULL};
    if (spec != NULL)
        lm_history_spec_init(&wanted, listing->history.arena, spec);
    if (spec != NULL && wanted.home == NULL)
        return lm_fail(err, LM_INVALID, "%s: no such spec; name a YAML file", spec);
    LM_TRY(collect(listing, spec != NULL ? &wanted : NULL, err));
    lm_history_repair(&listing->history);
    if (format == LM_RUNS_CSV)
        return put_csv(listing, out, err);
    if (format == LM_RUNS_JSON)
        put_json(listing, out);
    else
        put_text(listing, out);
    return LM_OK;
}

enum lm_status lm_runs_list(const struct lm_store *store, const char *spec,
                            enum lm_runs_format format, FILE *out, struct lm_err *err)
{
    struct listing listing = {0};
    struct lm_arena *arena = lm_arena_create();
    if (arena == NULL)
        return no_memory(err);
    enum lm_status status = lm_history_load(&listing.history, arena, store, err);
    if (status == LM_OK)
        status = list(&listing, spec, format, out, err);
    lm_history_release(&listing.history);
    lm_arena_free(arena);
    return status;
}
