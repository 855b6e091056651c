#include <math.h>

#include "base/io.h"
#include "base/json_flat.h"
#include "base/lines.h"

#include "report_input.h"

/* Columns of the log and the keys that hold them; the step is the first. */
static const struct {
    size_t offset;
    const char *key, *other; /* other: where there is no key */
} columns[] = {
    {offsetof(struct report_log, step), "step"},
    {offsetof(struct report_log, loss), "loss"},
    {offsetof(struct report_log, lr), "lr"},
    {offsetof(struct report_log, norm), "grad_norm"},
    {offsetof(struct report_log, tokens), "tokens", "examples"},
    {offsetof(struct report_log, valid), "valid_loss"},
};

enum { COLUMNS = sizeof columns / sizeof columns[0] };

/* One line's number of each column, NaN where it has none. */
struct row {
    double values[COLUMNS];
};

static void take_record(struct row *row, const struct lm_json_flat *record)
{
    for (size_t c = 0; c < COLUMNS; c++) {
        struct lm_json_flat_value value = lm_json_flat_get(record, columns[c].key);
        row->values[c] = lm_json_flat_double(&value, (double)NAN);
        if (!isnan(row->values[c]) || columns[c].other == NULL)
            continue;
        value = lm_json_flat_get(record, columns[c].other);
        row->values[c] = lm_json_flat_double(&value, (double)NAN);
    }
}

/* The line stays when it holds what is not of one step alone. */
static void take_tree(struct row *row, struct report *report, struct lm_json *line)
{
    for (size_t c = 0; c < COLUMNS; c++) {
        row->values[c] = lm_json_double(lm_json_get(line, columns[c].key), (double)NAN);
        if (isnan(row->values[c]) && columns[c].other != NULL)
            row->values[c] = lm_json_double(lm_json_get(line, columns[c].other), (double)NAN);
    }
    bool stays = lm_json_get(line, "sources") != NULL;
    lm_json_free(stays ? report->log_sources : line);
    report->log_sources = stays ? line : report->log_sources;
}

static enum lm_status read_row(struct row *row, struct report *report, const char *text,
                               size_t size, struct lm_err *err)
{
    struct lm_json_flat record;
    struct lm_json *line = NULL;
    if (lm_json_flat_read(&record, text, size) &&
        lm_json_flat_get(&record, "sources").kind == '\0') {
        take_record(row, &record);
        return LM_OK;
    }
    LM_TRY(lm_json_parse(&line, text, size, err));
    take_tree(row, report, line);
    return LM_OK;
}

static double **column_at(struct report_log *log, size_t c)
{
    return (double **)(void *)((char *)log + columns[c].offset);
}

static enum lm_status init_columns(struct report_log *log, struct lm_arena *arena, size_t lines,
                                   struct lm_err *err)
{
    for (size_t c = 0; c < COLUMNS; c++) {
        double *column = LM_NEW_ARRAY(arena, double, lines + 1);
        if (column == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for the log; free some and run again");
        for (size_t i = 0; i < lines; i++)
            column[i] = (double)NAN;
        *column_at(log, c) = column;
    }
    return LM_OK;
}

/* Lines of one step (a training line, a validation line) follow each other: they become one row. */
enum lm_status report_log_read(struct report *report, const char *path, struct lm_err *err)
{
    struct report_log *log = &report->log;
    char *text;
    const char *line;
    size_t size, length;
    double step = (double)NAN;
    if (path == NULL)
        return init_columns(log, report->arena, 0, err);
    LM_TRY(lm_file_read(&text, &size, report->arena, path, REPORT_LARGEST_FILE, err));
    LM_TRY(init_columns(log, report->arena, lm_line_walk_count(text, size), err));
    for (struct lm_line_walk lines = lm_line_walk_of(text, size);
         lm_line_walk_next(&lines, &line, &length);) {
        struct row row;
        if (length == 0)
            continue;
        enum lm_status status = read_row(&row, report, line, length, err);
        if (status != LM_OK)
            return lm_wrap(err, status, "log, line %zu", lines.number);
        log->count += log->count == 0 || row.values[0] != step;
        step = row.values[0];
        for (size_t c = 0; c < COLUMNS; c++)
            if (!isnan(row.values[c]))
                (*column_at(log, c))[log->count - 1] = row.values[c];
    }
    return LM_OK;
}
