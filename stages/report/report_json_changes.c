/* What changed against the baseline, for programs. */
#include <math.h>
#include <string.h>

#include "report_changes.h"

static void put_text(struct lm_json_writer *writer, const char *key, const char *text)
{
    lm_json_key(writer, key);
    if (text != NULL)
        lm_json_put_bytes(writer, text, strlen(text));
    else
        lm_json_put_null(writer);
}

static void put_flips(struct lm_json_writer *writer, const char *key,
                      const struct report_flip *flips, size_t count)
{
    lm_json_key(writer, key);
    lm_json_open(writer, '[');
    for (size_t i = 0; i < count; i++) {
        lm_json_open(writer, '{');
        put_text(writer, "id", flips[i].id);
        put_text(writer, "group", flips[i].group);
        put_text(writer, "context", flips[i].context);
        put_text(writer, "expected", flips[i].expected);
        put_text(writer, "predicted", flips[i].predicted);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

static void put_row(struct lm_json_writer *writer, const struct report *report,
                    const struct report_change *row)
{
    const struct lm_change *change = &row->change;
    bool has_sides = !isnan(change->mcnemar);
    lm_json_open(writer, '{');
    put_text(writer, "metric", change->metric);
    lm_json_member_double(writer, "value", change->value);
    lm_json_member_double(writer, "baseline", change->baseline);
    lm_json_member_double(writer, "diff", change->difference.value);
    lm_json_member_double(writer, "lo", change->difference.low);
    lm_json_member_double(writer, "hi", change->difference.high);
    lm_json_member_double(writer, "detectable", change->difference.detectable);
    lm_json_member_int(writer, "items", (int64_t)change->items);
    lm_json_member_int(writer, "groups", (int64_t)change->groups);
    lm_json_member_double(writer, "groups_lo", change->by_group.low);
    lm_json_member_double(writer, "groups_hi", change->by_group.high);
    put_text(writer, "result", lm_compare_verdict_words[change->verdict]);
    put_text(writer, "why",
             change->why.kind == LM_REASON_NONE ? NULL
                                                : lm_reason_text(report->arena, &change->why));
    lm_json_member_double(writer, "newly_right",
                          has_sides ? (double)change->newly_right : (double)NAN);
    lm_json_member_double(writer, "newly_wrong",
                          has_sides ? (double)change->newly_wrong : (double)NAN);
    lm_json_member_double(writer, "mcnemar", change->mcnemar);
    put_flips(writer, "right", row->right, row->right_count);
    put_flips(writer, "wrong", row->wrong, row->wrong_count);
    lm_json_close(writer, '}');
}

void report_json_changes(struct lm_json_writer *writer, const struct report *report)
{
    const struct report_changes *changes = report->changes;
    lm_json_open(writer, '{');
    put_text(writer, "experiment", changes->experiment);
    put_text(writer, "stage", changes->stage);
    put_text(writer, "why",
             changes->why.kind == LM_REASON_NONE ? NULL
                                                 : lm_reason_text(report->arena, &changes->why));
    lm_json_key(writer, "rows");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < changes->count; i++)
        put_row(writer, report, &changes->rows[i]);
    lm_json_close(writer, ']');
    lm_json_close(writer, '}');
}
