#include <math.h>

#include "report_input.h"

/* Columns of the log and the keys that hold them. */
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

static double value_at(const struct report *report, size_t line, const char *key)
{
    return lm_json_double(lm_json_get(report->log_lines.items[line], key), (double)NAN);
}

/* Lines of one step (a training line, a validation line) follow each other: they become one
 * row. Returns the number of rows and writes the row of each line. */
static size_t number_rows(const struct report *report, size_t *rows)
{
    size_t row = 0;
    for (size_t i = 0; i < report->log_lines.count; i++) {
        if (i > 0 && value_at(report, i, "step") != value_at(report, i - 1, "step"))
            row++;
        rows[i] = row;
    }
    return report->log_lines.count > 0 ? row + 1 : 0;
}

static double *read_column(const struct report *report, const size_t *rows, const char *key,
                           const char *other)
{
    double *column = LM_NEW_ARRAY(report->arena, double, report->log.count + 1);
    for (size_t r = 0; r < report->log.count && column != NULL; r++)
        column[r] = (double)NAN;
    for (size_t i = 0; i < report->log_lines.count && column != NULL; i++) {
        double value = value_at(report, i, key);
        if (isnan(value) && other != NULL)
            value = value_at(report, i, other);
        if (!isnan(value))
            column[rows[i]] = value;
    }
    return column;
}

enum lm_status report_log_read(struct report *report, struct lm_err *err)
{
    size_t *rows = LM_NEW_ARRAY(report->arena, size_t, report->log_lines.count + 1);
    if (rows == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the log; free some and run again");
    report->log.count = number_rows(report, rows);
    for (size_t c = 0; c < COLUMNS; c++) {
        double *column = read_column(report, rows, columns[c].key, columns[c].other);
        if (column == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for the log; free some and run again");
        *(double **)(void *)((char *)&report->log + columns[c].offset) = column;
    }
    return LM_OK;
}
