#include <math.h>

#include "report_input.h"

/* Columns of the log and the keys that may hold them. */
static const struct {
    size_t offset;
    const char *key;
} columns[] = {
    {offsetof(struct report_log, step), "step"},
    {offsetof(struct report_log, loss), "loss"},
    {offsetof(struct report_log, lr), "lr"},
    {offsetof(struct report_log, norm), "grad_norm"},
    {offsetof(struct report_log, tokens), "tokens"},
    {offsetof(struct report_log, valid), "valid_loss"},
};

enum lm_status report_log_read(struct report *report, struct lm_err *err)
{
    struct report_log *log = &report->log;
    log->count = report->log_lines.count;
    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
        double *column = LM_NEW_ARRAY(report->arena, double, log->count + 1);
        if (column == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for the log; free some and run again");
        for (size_t i = 0; i < log->count; i++) {
            const struct lm_json *cell = lm_json_get(report->log_lines.items[i], columns[c].key);
            column[i] = lm_json_double(cell, (double)NAN);
        }
        *(double **)(void *)((char *)log + columns[c].offset) = column;
    }
    return LM_OK;
}
