/* Training as its logs tell it: curves, tokens, operations. */
#include <math.h>
#include <string.h>

#include "base/io.h"
#include "base/lines.h"
#include "compare/comparison.h"

enum { LARGEST = 1 << 30 };

/* Lines of one step (training, validation) follow each other: they become one point. */
static void take_line(struct lm_compare_curve *curve, const struct lm_json *line)
{
    double step = lm_json_double(lm_json_get(line, "step"), (double)NAN);
    double loss = lm_json_double(lm_json_get(line, "loss"), (double)NAN);
    double valid = lm_json_double(lm_json_get(line, "valid_loss"), (double)NAN);
    double tokens = lm_json_double(lm_json_get(line, "tokens"), (double)NAN);
    if (isnan(step))
        return;
    if (curve->count == 0 || curve->step[curve->count - 1] != step) {
        curve->step[curve->count] = step;
        curve->loss[curve->count] = curve->valid[curve->count] = (double)NAN;
        curve->count++;
    }
    if (!isnan(loss))
        curve->loss[curve->count - 1] = loss;
    if (!isnan(valid))
        curve->valid[curve->count - 1] = valid;
    if (!isnan(tokens))
        curve->tokens = tokens;
}

static enum lm_status read_log(struct lm_compare_curve *curve, struct lm_arena *arena,
                               const char *path, struct lm_err *err)
{
    char *text;
    const char *at;
    size_t size, length;
    LM_TRY(lm_file_read(&text, &size, arena, path, LARGEST, err));
    size_t count = lm_line_walk_count(text, size);
    double *memory = LM_NEW_ARRAY(arena, double, 3 * count);
    if (memory == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a log; compare fewer runs");
    curve->step = memory;
    curve->loss = memory + count;
    curve->valid = memory + 2 * count;
    for (struct lm_line_walk lines = lm_line_walk_of(text, size);
         lm_line_walk_next(&lines, &at, &length);) {
        struct lm_json *line = NULL;
        enum lm_status status = length > 0 ? lm_json_parse_lenient(&line, at, length, err) : LM_OK;
        if (status != LM_OK)
            return lm_wrap(err, status, "line %zu", lines.number);
        take_line(curve, line);
        lm_json_free(line);
    }
    return LM_OK;
}

/* 6 a parameter and token for the products forward and backward, 12·L·T·C for attention. */
static double flops_of(const struct lm_compare_row *row)
{
    double parameters = lm_compare_score(row, "model.parameters", "");
    double attention = 12 * lm_compare_score(row, "model.layers", "") *
                       lm_compare_score(row, "model.context", "") *
                       lm_compare_score(row, "model.width", "");
    return row->curve.tokens * (6 * parameters + attention);
}

enum lm_status lm_compare_logs(struct lm_comparison *out, struct lm_err *err)
{
    for (size_t i = 0; i < out->count; i++) {
        struct lm_compare_row *row = &out->rows[i];
        if (row->run->log == NULL)
            continue;
        enum lm_status status = read_log(&row->curve, out->arena, row->run->log, err);
        if (status != LM_OK)
            return lm_wrap(err, status, "log of %s", row->label);
        row->flops = flops_of(row);
    }
    return LM_OK;
}
