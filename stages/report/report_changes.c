#include "report_changes.h"

#include <math.h>
#include <string.h>

#include "base/io.h"
#include "compare/baseline.h"

#include "report_input.h"
#include "report_summary.h"
#include "report_tasks.h"

/* Metrics of the splits that are looked for, in this order; tasks have their headline. */
static const struct report_metric metrics[] = {
    {"bpb", TEXT_BITS_PER_BYTE, REPORT_NATS},
    {"acc", TEXT_NEXT_TOKEN_ACCURACY, REPORT_SHARE},
    {"accuracy", TEXT_ACCURACY, REPORT_SHARE},
    {"bleu", TEXT_BLEU, REPORT_POINTS},
    {"spearman", TEXT_SPEARMAN, REPORT_CORRELATION},
};

enum { METRICS = sizeof metrics / sizeof metrics[0] };

struct finding {
    struct report *report;
    const char *folder; /* of the items; NULL: not connected */
    struct lm_baseline baseline;
    const struct lm_baseline_stage *stage;
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to compare with the baseline; free some");
}

/* ---- the texts of items ---- */

static const char *text_of(const struct report *report, const struct lm_json *line, const char *key)
{
    size_t size;
    const char *text = lm_json_string(lm_json_get(line, key), &size);
    const char *copy = text != NULL ? lm_arena_strndup(report->arena, text, size) : NULL;
    *report->lacks_memory = *report->lacks_memory || (text != NULL && copy == NULL);
    return copy;
}

/* A label's name for its number, else the text itself. */
static const char *answer_of(const struct report *report, const struct lm_json *line,
                             const char *key)
{
    size_t size;
    int64_t label = lm_json_int(lm_json_get(line, key), -1);
    if (label < 0)
        return text_of(report, line, key);
    const char *name = report_label(report, label, &size);
    return lm_arena_strndup(report->arena, name, size);
}

/* Of the line of an item. */
static void read_texts(struct report_flip *flip, const struct report *report, const char *text)
{
    struct lm_json *line = NULL;
    if (lm_json_parse_lenient(&line, text, strcspn(text, "\n"), NULL) != LM_OK)
        return;
    bool is_task = lm_json_get(line, "expected") != NULL;
    flip->context = text_of(report, line, is_task ? "context" : "text");
    flip->expected = answer_of(report, line, is_task ? "expected" : "gold");
    flip->predicted = answer_of(report, line, "predicted");
    lm_json_free(line);
}

static size_t find_flips(struct report_flip *out, const struct report *report,
                         const struct lm_items *own, const struct lm_items *other, bool is_right)
{
    size_t places[REPORT_FLIPS];
    size_t count = lm_change_flips(places, REPORT_FLIPS, own, other, is_right);
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct report_flip){.id = own->ids[places[i]], .group = own->groups[places[i]]};
        read_texts(&out[i], report, own->lines[places[i]]);
    }
    return count;
}

/* ---- rows ---- */

static enum lm_status measure(struct report_change *row, const struct finding *find,
                              const char *metric, struct lm_err *err)
{
    char set[LM_PAIRING_FILE];
    struct lm_arena *arena = find->report->arena;
    struct lm_pairing pairing = lm_pairing_find(metric);
    struct lm_items own;
    const char *path =
        find->folder != NULL ? lm_path_join(arena, find->folder, pairing.file) : NULL;
    const struct lm_items *other =
        lm_baseline_items(find->stage, lm_items_set(set, sizeof set, pairing.file));
    if (find->folder != NULL && path == NULL)
        return no_memory(err);
    bool has_items = path != NULL && pairing.file[0] != '\0' && lm_path_exists(path);
    if (has_items && other != NULL) {
        enum lm_status status = lm_items_read(&own, arena, path, err);
        if (status != LM_OK)
            return lm_wrap(err, status, "items/%s", pairing.file);
    }
    LM_TRY(lm_change_measure(&row->change, metric, has_items ? &own : NULL, other, arena, err));
    if (has_items && other != NULL && row->change.pairing.is_right_wrong && row->change.items > 0) {
        row->right_count = find_flips(row->right, find->report, &own, other, true);
        row->wrong_count = find_flips(row->wrong, find->report, &own, other, false);
    }
    return LM_OK;
}

static enum lm_status add_row(struct finding *find, const char *set,
                              const struct report_metric *metric, struct lm_err *err)
{
    struct report *report = find->report;
    struct report_changes *changes = report->changes;
    const char *name = lm_arena_printf(report->arena, "%s.%s", set, metric->key);
    struct report_change *row = &changes->rows[changes->count];
    double value = report_score(report, set, metric->key);
    if (name == NULL)
        return no_memory(err);
    if (isnan(value))
        return LM_OK;
    *row = (struct report_change){.set = set, .metric = *metric};
    LM_TRY(measure(row, find, name, err));
    row->change.value = value;
    row->change.baseline = lm_baseline_metric(find->stage, name);
    changes->verdicts[row->change.verdict]++;
    changes->count++;
    return LM_OK;
}

static enum lm_status add_rows(struct finding *find, struct lm_err *err)
{
    static const char *const splits[] = {"valid", "test"};
    struct report *report = find->report;
    size_t tasks;
    const struct report_task *list = report_tasks_list(report, &tasks);
    report->changes->rows =
        LM_NEW_ARRAY(report->arena, struct report_change, 2 * METRICS + tasks + 1);
    if (report->changes->rows == NULL)
        return no_memory(err);
    for (size_t s = 0; s < 2; s++)
        for (size_t m = 0; m < METRICS; m++)
            LM_TRY(add_row(find, splits[s], &metrics[m], err));
    for (size_t i = 0; i < tasks; i++)
        LM_TRY(add_row(find, list[i].name, &list[i].metric, err));
    return LM_OK;
}

/* ---- the baseline ---- */

/* "scores" of "scores.scores": the stage whose scores these are. */
static const char *scores_stage(const struct report *report)
{
    const struct lm_json *in = lm_json_get(report->experiment, "in");
    const char *artifact = lm_json_string(lm_json_at(lm_json_get(in, "scores"), 0), NULL);
    const char *dot = artifact != NULL ? strrchr(artifact, '.') : NULL;
    return dot != NULL ? lm_arena_strndup(report->arena, artifact, (size_t)(dot - artifact)) : "";
}

/* What is wrong with the file, without its path: pages travel. */
static struct lm_reason unread(const struct report *report, const char *path, const char *text)
{
    size_t length = strlen(path);
    bool has_path = strncmp(text, path, length) == 0 && strncmp(text + length, ": ", 2) == 0;
    return (struct lm_reason){
        .kind = LM_REASON_UNREAD_BASELINE,
        .parts = {lm_arena_strdup(report->arena, has_path ? text + length + 2 : text)}};
}

enum lm_status report_changes_find(struct report *report, struct lm_ctx *ctx, struct lm_err *err)
{
    struct lm_err bad = {0};
    struct finding find = {.report = report, .folder = lm_ctx_input(ctx, "items")};
    const char *path = lm_ctx_file(ctx, "baseline");
    struct report_changes *changes = LM_NEW(report->arena, struct report_changes);
    report->changes = changes;
    if (changes == NULL)
        return no_memory(err);
    if (path == NULL)
        return LM_OK;
    changes->is_asked = true;
    changes->stage = scores_stage(report);
    if (changes->stage == NULL)
        return no_memory(err);
    if (lm_baseline_read(&find.baseline, report->arena, path, &bad) != LM_OK) {
        changes->why = unread(report, path, bad.text);
        return LM_OK;
    }
    changes->experiment = find.baseline.experiment;
    find.stage = lm_baseline_find(&find.baseline, changes->stage);
    if (find.stage != NULL)
        return add_rows(&find, err);
    changes->why = (struct lm_reason){.kind = LM_REASON_NO_STAGE, .parts = {changes->stage}};
    return LM_OK;
}

/* ---- in words ---- */

static const char *signed_text(const struct report *report, const struct report_change *row,
                               double value)
{
    struct lm_num text = row->metric.unit == REPORT_SHARE
                             ? report_share(report, value, 2)
                             : report_fixed(value, row->metric.unit == REPORT_POINTS ? 2 : 4);
    const char *out = lm_arena_printf(report->arena, value > 0 ? "+%s" : "%s", text.text);
    *report->lacks_memory = *report->lacks_memory || out == NULL;
    return out != NULL ? out : "";
}

const char *report_change_value(const struct report *report, const struct report_change *row,
                                double value)
{
    return report_number(report, report_metric_text(report, &row->metric, value));
}

const char *report_change_delta(const struct report *report, const struct report_change *row,
                                double value)
{
    return signed_text(report, row, value);
}

const char *report_change_range(const struct report *report, const struct report_change *row,
                                const struct lm_difference *difference)
{
    if (isnan(difference->low) || isnan(difference->high))
        return "\xe2\x80\x93";
    return report_say(report, TEXT_FROM_TO, signed_text(report, row, difference->low),
                      signed_text(report, row, difference->high));
}

const char *report_change_result(const struct report *report, const struct report_change *row)
{
    static const enum report_standing standings[LM_VERDICTS] = {
        [LM_VERDICT_BETTER] = REPORT_BETTER,
        [LM_VERDICT_WORSE] = REPORT_WORSE,
        [LM_VERDICT_NO_DIFFERENCE] = REPORT_NO_DIFFERENCE,
        [LM_VERDICT_REFERENCE] = REPORT_NOT_COMPARED,
        [LM_VERDICT_NOT_COMPARED] = REPORT_NOT_COMPARED};

    return row->change.why.kind != LM_REASON_NONE
               ? report_reason(report, &row->change.why)
               : report_standing_text(report, standings[row->change.verdict]);
}

const char *report_changes_sentence(const struct report *report)
{
    const struct report_changes *changes = report->changes;
    const size_t *verdicts = changes->verdicts;
    if (changes->why.kind != LM_REASON_NONE)
        return report_say(report, TEXT_SENTENCE, report_reason(report, &changes->why));
    return report_say(report, TEXT_CHANGES_ARE, changes->experiment,
                      lm_num_count((int64_t)verdicts[LM_VERDICT_BETTER]).text,
                      lm_num_count((int64_t)verdicts[LM_VERDICT_WORSE]).text,
                      lm_num_count((int64_t)verdicts[LM_VERDICT_NO_DIFFERENCE]).text,
                      lm_num_count((int64_t)verdicts[LM_VERDICT_NOT_COMPARED]).text);
}

bool report_has_changes(const struct report *report)
{
    return report->changes->is_asked;
}
