/* exp show: all that a record tells of a run, or of one stage of it. */
#include <lmpipe/runs.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "page/numtext.h"
#include "runs/differing.h"
#include "runs/history.h"

struct showing {
    struct lm_history history;
    struct lm_recorded run;
    struct lm_differings differings;
    FILE *out;
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to show the run; free some");
}

/* ---- for people ---- */

/** A member of the record's head without its quotes. */
static const char *head_of(const struct showing *showing, const char *name)
{
    const char *text = lm_named_text_find(showing->run.head, showing->run.head_count, name);
    size_t length = text != NULL ? strlen(text) : 0;
    if (length < 2 || text[0] != '"')
        return text != NULL ? text : "";
    const char *bare = lm_arena_strndup(showing->history.arena, text + 1, length - 2);
    return bare != NULL ? bare : "";
}

/** Is this the end of an interval of a metric that stands beside it? */
static bool is_bound(const struct lm_recorded_stage *stage, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; length > 3 && i < stage->metric_count; i++)
        if (strncmp(stage->metrics[i].name, name, length - 3) == 0 &&
            stage->metrics[i].name[length - 3] == '\0')
            return strcmp(name + length - 3, ".lo") == 0 || strcmp(name + length - 3, ".hi") == 0;
    return false;
}

static double bound_of(const struct showing *showing, const struct lm_recorded_stage *stage,
                       const char *metric, const char *end)
{
    const char *name = lm_arena_printf(showing->history.arena, "%s.%s", metric, end);
    return name != NULL ? lm_named_value_find(stage->metrics, stage->metric_count, name)
                        : (double)NAN;
}

/** Metrics with their intervals; those without only when `all`. */
static void put_metrics(const struct showing *showing, const struct lm_recorded_stage *stage,
                        bool all)
{
    for (size_t i = 0; i < stage->metric_count; i++) {
        const struct lm_named_value *metric = &stage->metrics[i];
        double low = bound_of(showing, stage, metric->name, "lo");
        double high = bound_of(showing, stage, metric->name, "hi");
        char value[32];
        if (is_bound(stage, metric->name) || (!all && isnan(low)))
            continue;
        fprintf(showing->out, "  %s.%s  %s", stage->id, metric->name,
                all ? lm_format_double(value, metric->value) : lm_num_short(metric->value, 5).text);
        if (!isnan(low))
            fprintf(showing->out, "  [%s, %s]", lm_num_short(low, 5).text,
                    lm_num_short(high, 5).text);
        fputc('\n', showing->out);
    }
}

/** A word as a shell reads it back: in single quotes where it would take it apart. */
static void put_word(FILE *out, const char *name, const char *value)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "._+-/:,%@";
    const char *quote = value[strspn(value, plain)] == '\0' ? "" : "'";
    fprintf(out, "%s%s=", quote, name);
    for (; *value != '\0'; value++)
        if (*value == '\'')
            fputs("'\\''", out);
        else
            fputc(*value, out);
    fputs(quote, out);
}

/* -S as it was typed. */
static void put_settings(const struct showing *showing)
{
    const char *text = lm_named_text_find(showing->run.head, showing->run.head_count, "settings");
    struct lm_json *list = NULL;
    if (text == NULL || lm_json_parse(&list, text, strlen(text), NULL) != LM_OK)
        return;
    for (size_t i = 0; i < lm_json_count(list); i++) {
        const char *name = lm_json_string(lm_json_get(lm_json_at(list, i), "name"), NULL);
        const char *value = lm_json_string(lm_json_get(lm_json_at(list, i), "value"), NULL);
        if (name == NULL || value == NULL)
            continue;
        fprintf(showing->out, "%s -S ", i == 0 ? "settings   " : "");
        put_word(showing->out, name, value);
    }
    if (lm_json_count(list) > 0)
        fputc('\n', showing->out);
    lm_json_free(list);
}

static void put_head(const struct showing *showing)
{
    const char *exit_code =
        lm_named_text_find(showing->run.head, showing->run.head_count, "exit_code");
    FILE *out = showing->out;
    fprintf(out, "run         %s\n", showing->run.id);
    for (size_t i = 0; i < showing->history.tag_count; i++)
        if (strcmp(showing->history.tags[i].run, showing->run.id) == 0)
            fprintf(out, "tag         %s\n", showing->history.tags[i].name);
    fprintf(out, "experiment  %s (%s, sha256 %.12s)\n", showing->run.experiment, showing->run.home,
            head_of(showing, "spec_sha256"));
    fprintf(out, "state       %s", head_of(showing, "state"));
    if (exit_code != NULL && strcmp(head_of(showing, "state"), "killed") != 0 &&
        strcmp(head_of(showing, "state"), "running") != 0)
        fprintf(out, ", exit %s", exit_code);
    fprintf(out, "\nstarted     %s\n", head_of(showing, "started"));
    put_settings(showing);
    if (showing->run.damaged > 0)
        fprintf(out, "damaged     %zu parts of the record; what they told is left out\n",
                showing->run.damaged);
}

static void put_stages(const struct showing *showing)
{
    size_t width = 5;
    for (size_t i = 0; i < showing->run.stage_count; i++) {
        size_t length = strlen(showing->run.stages[i].id);
        width = length > width ? length : width;
    }
    fprintf(showing->out, "\n%-*s  %-7s  %8s  result\n", (int)width, "stage", "state", "time");
    for (size_t i = 0; i < showing->run.stage_count; i++) {
        const struct lm_recorded_stage *stage = &showing->run.stages[i];
        const char *told = stage->error != NULL      ? stage->error
                           : stage->headline != NULL ? stage->headline
                                                     : "";
        fprintf(showing->out, "%-*s  %-7s  %8s", (int)width, stage->id, stage->state,
                stage->seconds > 0 ? lm_num_seconds(stage->seconds).text : "-");
        fprintf(showing->out, told[0] != '\0' ? "  %s\n" : "%s\n", told);
    }
}

/** Says of a stage when its results were seen to differ, after what is to stand before it. False:
 *  they never were. */
static bool put_differing(const struct showing *showing, const struct lm_recorded_stage *stage,
                          const char *before)
{
    char day[32];
    size_t times = 0;
    const struct lm_differing *last =
        stage->is_keyed ? lm_differing_find(&showing->differings, &stage->key, &times) : NULL;
    if (last == NULL)
        return false;
    const char *text = lm_difference_text(showing->history.arena, &last->difference);
    fprintf(showing->out, "%sseen to differ  %s: %zu time%s, last %s by %s: %s\n", before,
            stage->id, times, times > 1 ? "s" : "", lm_clock_format(day, last->when), last->found,
            text != NULL ? text : "");
    return true;
}

static void put_run(const struct showing *showing)
{
    bool is_measured = false;
    const char *before = "\n";
    put_head(showing);
    put_stages(showing);
    for (size_t i = 0; i < showing->run.gate_count; i++) {
        const struct lm_recorded_gate *gate = &showing->run.gates[i];
        fprintf(showing->out, "%sgate  %-9s  %s: %s\n", i == 0 ? "\n" : "", gate->verdict,
                gate->name, gate->reason);
    }
    for (size_t i = 0; i < showing->run.stage_count; i++)
        if (put_differing(showing, &showing->run.stages[i], before))
            before = "";
    for (size_t i = 0; i < showing->run.stage_count; i++) {
        const struct lm_recorded_stage *stage = &showing->run.stages[i];
        for (size_t k = 0; !is_measured && k < stage->metric_count; k++) {
            is_measured = is_bound(stage, stage->metrics[k].name);
            if (is_measured)
                fputs("\nmetrics and their intervals\n", showing->out);
        }
        put_metrics(showing, stage, false);
    }
}

static void put_texts(const struct showing *showing, const char *what,
                      const struct lm_named_text *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fprintf(showing->out, "%s%s  %s\n", what, rows[i].name, rows[i].text);
}

static void put_one(const struct showing *showing, const struct lm_recorded_stage *stage)
{
    char hex[LM_DIGEST_HEX] = "not known";
    FILE *out = showing->out;
    if (stage->is_keyed)
        lm_digest_hex(hex, &stage->key);
    fprintf(out, "stage  %s\ntype   %s, version %" PRId64 "\nstate  %s\nkey    %s\n", stage->id,
            stage->type, stage->version, stage->state, hex);
    put_differing(showing, stage, "");
    fputs("\nparameters\n", out);
    put_texts(showing, "  matrix.", stage->point, stage->point_count);
    if (stage->seed != NULL)
        fprintf(out, "  seed  %s\n", stage->seed);
    if (stage->numerics != NULL)
        fprintf(out, "  numerics  %s\n", stage->numerics);
    put_texts(showing, "  ", stage->params, stage->param_count);
    if (stage->output_count > 0)
        fputs("\noutputs\n", out);
    for (size_t i = 0; i < stage->output_count; i++)
        fprintf(out, "  %s  %s\n", stage->outputs[i].name, stage->outputs[i].digest);
    if (stage->metric_count > 0)
        fputs("\nmetrics\n", out);
    put_metrics(showing, stage, true);
    if (stage->key_text != NULL)
        fprintf(out, "\nkey text\n%s", stage->key_text);
}

/* ---- for programs ---- */

/** The member "seen_to_differ", of a stage whose results were. */
static void put_differing_json(struct lm_json_writer *writer, const struct showing *showing,
                               const struct lm_recorded_stage *stage)
{
    char day[32];
    size_t times = 0;
    const struct lm_differing *last =
        stage->is_keyed ? lm_differing_find(&showing->differings, &stage->key, &times) : NULL;
    if (last == NULL)
        return;
    const char *text = lm_difference_text(showing->history.arena, &last->difference);
    lm_json_key(writer, "seen_to_differ");
    lm_json_open(writer, '{');
    lm_json_member_int(writer, "times", (int64_t)times);
    lm_json_member_string(writer, "last", lm_clock_format(day, last->when));
    lm_json_member_string(writer, "found", last->found);
    lm_json_member_string(writer, "text", text != NULL ? text : "");
    lm_json_member_string(writer, "stored_digest", last->difference.stored_digest);
    lm_json_member_string(writer, "now_digest", last->difference.now_digest);
    lm_json_close(writer, '}');
}

static void put_stage_json(struct lm_json_writer *writer, const struct showing *showing,
                           const struct lm_recorded_stage *stage)
{
    char hex[LM_DIGEST_HEX];
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "stage", stage->id);
    lm_json_member_string(writer, "type", stage->type);
    lm_json_member_int(writer, "version", stage->version);
    lm_json_member_string(writer, "state", stage->state);
    if (stage->error != NULL)
        lm_json_member_string(writer, "error", stage->error);
    if (stage->seconds > 0)
        lm_json_member_double(writer, "seconds", stage->seconds);
    if (stage->point_count > 0)
        lm_named_texts_put(writer, "point", stage->point, stage->point_count);
    if (stage->seed != NULL)
        lm_named_put_text(writer, "seed", stage->seed);
    if (stage->numerics != NULL)
        lm_json_member_string(writer, "numerics", stage->numerics);
    lm_named_texts_put(writer, "params", stage->params, stage->param_count);
    if (stage->is_keyed) {
        lm_digest_hex(hex, &stage->key);
        lm_json_member_string(writer, "key", hex);
        lm_json_member_string(writer, "key_text", stage->key_text);
    }
    if (stage->headline != NULL)
        lm_json_member_string(writer, "headline", stage->headline);
    if (stage->output_count > 0) {
        lm_named_digests_put(writer, "outputs", stage->outputs, stage->output_count);
        lm_named_values_put(writer, "metrics", stage->metrics, stage->metric_count);
    }
    put_differing_json(writer, showing, stage);
    lm_json_close(writer, '}');
}

static void put_gates_json(struct lm_json_writer *writer, const struct lm_recorded *run)
{
    lm_json_key(writer, "gates");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < run->gate_count; i++) {
        const struct lm_recorded_gate *gate = &run->gates[i];
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "gate", gate->name);
        lm_json_member_string(writer, "metric", gate->metric);
        lm_json_member_double(writer, "value", gate->value);
        lm_json_member_string(writer, "reason", gate->reason);
        lm_json_member_string(writer, "verdict", gate->verdict);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

static void put_run_json(struct lm_json_writer *writer, const struct showing *showing)
{
    static const char *const elsewhere[] = {"stages", "gates", "parameters", "results", "root"};
    const struct lm_recorded *run = &showing->run;
    lm_json_open(writer, '{');
    for (size_t i = 0; i < run->head_count; i++) {
        bool is_elsewhere = false;
        for (size_t k = 0; k < sizeof elsewhere / sizeof elsewhere[0]; k++)
            is_elsewhere = is_elsewhere || strcmp(run->head[i].name, elsewhere[k]) == 0;
        if (!is_elsewhere)
            lm_named_put_text(writer, run->head[i].name, run->head[i].text);
    }
    if (run->damaged > 0)
        lm_json_member_int(writer, "damaged", (int64_t)run->damaged);
    lm_json_key(writer, "tags");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < showing->history.tag_count; i++)
        if (strcmp(showing->history.tags[i].run, run->id) == 0)
            lm_json_put_string(writer, showing->history.tags[i].name);
    lm_json_close(writer, ']');
    lm_json_key(writer, "stages");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < run->stage_count; i++)
        put_stage_json(writer, showing, &run->stages[i]);
    lm_json_close(writer, ']');
    put_gates_json(writer, run);
    lm_json_close(writer, '}');
}

/* ---- */

static enum lm_status find_stage(const struct lm_recorded_stage **out,
                                 const struct showing *showing, const char *id, struct lm_err *err)
{
    size_t place = 0;
    struct lm_arena *arena = showing->history.arena;
    const char *whose = lm_arena_printf(arena, "run %s", showing->run.id);
    LM_TRY(whose != NULL ? lm_recorded_find(&place, arena, &showing->run, whose, id, err)
                         : no_memory(err));
    *out = &showing->run.stages[place];
    return LM_OK;
}

static enum lm_status show(struct showing *showing, const char *id, bool json, struct lm_err *err)
{
    const struct lm_recorded_stage *stage = NULL;
    struct lm_json_writer writer;
    struct lm_buf text;
    if (id != NULL)
        LM_TRY(find_stage(&stage, showing, id, err));
    if (!json && stage != NULL)
        put_one(showing, stage);
    else if (!json)
        put_run(showing);
    if (!json)
        return LM_OK;
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, true);
    if (stage != NULL)
        put_stage_json(&writer, showing, stage);
    else
        put_run_json(&writer, showing);
    lm_buf_putc(&text, '\n');
    enum lm_status status = lm_buf_print(&text, showing->out, err);
    lm_buf_release(&text);
    return status;
}

enum lm_status lm_run_show(const struct lm_store *store, const char *run, const char *stage,
                           bool json, FILE *out, struct lm_err *err)
{
    struct showing showing = {.out = out};
    struct lm_arena *arena = lm_arena_create();
    size_t place = 0;
    if (arena == NULL)
        return no_memory(err);
    enum lm_status status = lm_history_load(&showing.history, arena, store, err);
    if (status == LM_OK)
        status = lm_history_find(&place, &showing.history, run, err);
    if (status == LM_OK)
        status = lm_recorded_read(&showing.run, arena, store, showing.history.ids[place], err);
    if (status == LM_OK)
        status = lm_differing_load(&showing.differings, arena, store, err);
    if (status == LM_OK)
        status = show(&showing, stage, json, err);
    lm_history_release(&showing.history);
    lm_arena_free(arena);
    return status;
}
