#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/pool.h"
#include "base/url.h"
#include "param/metrics.h"
#include "plan/key.h"
#include "runs/events.h"
#include "runs/run_files.h"
#include "store/roots.h"

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

void lm_run_facts_init(struct lm_run_facts *facts, struct lm_arena *arena, uint64_t begin_ns)
{
    struct utsname system = {0};
    double seconds = (double)(lm_clock_monotonic_ns() - begin_ns) * 1e-9;
    uname(&system);
    facts->seconds = seconds;
    facts->started = (int64_t)((double)lm_clock_unix_ns() * 1e-9 - seconds);
    facts->host = or_empty(lm_arena_strdup(arena, system.nodename));
    char cpu[64];
    lm_cpu_name(cpu);
    facts->cpu = or_empty(lm_arena_strdup(arena, cpu));
    facts->kernel = or_empty(
        lm_arena_printf(arena, "%s %s %s", system.sysname, system.release, system.machine));
    facts->cores = facts->plan->processors;
    facts->memory = facts->plan->memory;
}

bool lm_state_is_fine(enum lm_state state)
{
    return state == LM_HIT || state == LM_DONE;
}

static void put_text(struct lm_json_writer *writer, const char *key, const char *text)
{
    lm_json_key(writer, key);
    lm_json_put_bytes(writer, text, strlen(text));
}

static void put_machine(struct lm_json_writer *writer, const struct lm_run_facts *facts)
{
    lm_json_key(writer, "machine");
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "host", facts->host);
    lm_json_member_string(writer, "cpu", facts->cpu);
    lm_json_member_int(writer, "cores", (int64_t)facts->cores);
    lm_json_member_int(writer, "memory", (int64_t)facts->memory);
    lm_json_member_string(writer, "system", facts->kernel);
    lm_json_close(writer, '}');
}

static void put_spec(struct lm_json_writer *writer, const struct lm_spec *spec)
{
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, &spec->file_digest);
    lm_json_key(writer, "spec");
    lm_json_open(writer, '{');
    put_text(writer, "path", spec->home);
    lm_json_member_string(writer, "sha256", hex);
    lm_json_close(writer, '}');
}

void lm_run_result_put(struct lm_json_writer *writer, const struct lm_record *record)
{
    lm_json_member_double(writer, "produced_in", record->seconds);
    lm_json_member_int(writer, "produced_at", record->finished);
    lm_json_member_string(writer, "produced_on", record->host);
    put_text(writer, "headline", record->headline);
    lm_json_key(writer, "outputs");
    lm_json_open(writer, '{');
    for (size_t i = 0; i < record->output_count; i++)
        lm_json_member_string(writer, record->outputs[i].port, record->outputs[i].digest);
    lm_json_close(writer, '}');
    lm_json_key(writer, "metrics");
    lm_json_open(writer, '{');
    for (size_t i = 0; i < record->metric_count; i++)
        lm_json_member_double(writer, record->metrics[i].name, record->metrics[i].value);
    lm_json_close(writer, '}');
}

/** What only holds for a stage that was executed in this run. */
static void put_execution(struct lm_json_writer *writer, const struct lm_execution *execution)
{
    lm_json_key(writer, "reason");
    lm_json_put_bytes(writer, or_empty(execution->reason), strlen(or_empty(execution->reason)));
    lm_json_member_double(writer, "begin", execution->begin);
    lm_json_member_double(writer, "seconds", execution->seconds);
    lm_json_member_double(writer, "cpu_seconds", execution->cpu_seconds);
    lm_json_member_int(writer, "peak_memory", (int64_t)execution->memory);
    lm_json_member_int(writer, "threads", (int64_t)execution->threads);
    lm_json_member_int(writer, "attempts", execution->attempts);
    if (execution->resumed >= 0)
        lm_json_member_int(writer, "resumed_at", execution->resumed);
    lm_json_key(writer, "gauges");
    lm_json_open(writer, '{');
    for (size_t i = 0; i < execution->telemetry.count; i++)
        lm_json_member_double(writer, execution->telemetry.gauges[i].name,
                              execution->telemetry.gauges[i].value);
    lm_json_close(writer, '}');
}

/** What became of a stage in this run. */
static void put_doings(struct lm_json_writer *writer, const struct lm_run_stage *ran)
{
    lm_json_member_string(writer, "state", lm_state_name(ran->state));
    if (ran->execution != NULL)
        put_execution(writer, ran->execution);
    if (ran->error != NULL)
        put_text(writer, "error", ran->error);
}

static void put_stage(struct lm_json_writer *writer, const struct lm_run_facts *facts, size_t i)
{
    const struct lm_spec_stage *stage = &facts->spec->stages[i];
    const struct lm_plan_stage *planned = &facts->plan->stages[i];
    const struct lm_run_stage *ran = &facts->stages[i];
    char hex[LM_DIGEST_HEX];
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "stage", stage->id);
    lm_json_member_string(writer, "type", stage->type->name);
    lm_json_member_int(writer, "version", stage->type->version);
    put_doings(writer, ran);
    if (planned->keyed) {
        lm_digest_hex(hex, &planned->key);
        lm_json_member_string(writer, "key", hex);
    }
    lm_run_params_put(writer, facts->spec, i);
    if (planned->record != NULL)
        lm_run_result_put(writer, planned->record);
    lm_json_close(writer, '}');
}

void lm_run_gate_put(struct lm_json_writer *writer, const struct lm_gate_row *gate)
{
    lm_json_open(writer, '{');
    put_text(writer, "gate", gate->name);
    put_text(writer, "metric", gate->metric);
    if (!isnan(gate->value))
        lm_json_member_double(writer, "value", gate->value);
    put_text(writer, "reason", gate->reason);
    lm_json_member_string(writer, "verdict", lm_gate_verdict_name(gate->verdict));
    lm_json_close(writer, '}');
}

void lm_run_settings_put(struct lm_json_writer *writer, const struct lm_spec *spec)
{
    lm_json_key(writer, "settings");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < spec->setting_count; i++) {
        const char *name = spec->settings[i].name, *value = spec->settings[i].value;
        bool is_axis = strncmp(name, "matrix.", 7) == 0;
        lm_json_open(writer, '{');
        put_text(writer, "name", name);
        put_text(writer, "value",
                 strstr(value, "://") != NULL ? lm_url_show(spec->arena, value) : value);
        lm_json_member_string(writer, "sets",
                              is_axis                     ? "axis"
                              : strchr(name, '.') != NULL ? "parameter"
                                                          : "variable");
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

/* ---- a run in a few words ---- */

enum { METRICS_TOLD = 8 };

/** The stage whose headline is the run's: the last that gives scores, else the last that says
 *  anything; SIZE_MAX: none. */
static size_t find_headline(const struct lm_run_facts *facts)
{
    size_t found = SIZE_MAX;
    for (size_t i = facts->spec->stage_count; i > 0; i--) {
        const struct lm_port *port = facts->spec->stages[i - 1].type->outputs;
        const struct lm_record *record = facts->plan->stages[i - 1].record;
        if (!facts->plan->stages[i - 1].selected || record == NULL || record->headline[0] == '\0')
            continue;
        for (; port->name != NULL; port++)
            if (strcmp(port->kind, "scores") == 0)
                return i - 1;
        found = found == SIZE_MAX ? i - 1 : found;
    }
    return found;
}

static size_t count_scores(const struct lm_spec_stage *stage)
{
    size_t count = 0;
    for (size_t i = 0; i < stage->input_count; i++)
        if (stage->inputs[i].role <= LM_INPUT_DROPPED)
            count += strcmp(stage->inputs[i].from->kind, "scores") == 0;
    return count;
}

/** Of a sweep whoever takes the scores of several instances says more than the last of them. */
static size_t find_joined(const struct lm_run_facts *facts, size_t stage)
{
    const struct lm_spec *spec = facts->spec;
    if (stage == SIZE_MAX || spec->families[spec->stages[stage].family].count == 1)
        return stage;
    for (size_t i = spec->stage_count; i > 0; i--) {
        const struct lm_record *record = facts->plan->stages[i - 1].record;
        if (facts->plan->stages[i - 1].selected && record != NULL && record->headline[0] != '\0' &&
            count_scores(&spec->stages[i - 1]) > 1)
            return i - 1;
    }
    return stage;
}

static void put_headline(struct lm_json_writer *writer, const struct lm_run_facts *facts,
                         size_t stage)
{
    struct lm_arena *arena = facts->spec->arena;
    const char *id = stage != SIZE_MAX ? facts->spec->stages[stage].id : "";
    const char *headline = stage != SIZE_MAX ? facts->plan->stages[stage].record->headline : "";
    const char *named =
        strchr(id, '@') != NULL ? lm_arena_printf(arena, "%s: %s", id, headline) : headline;
    put_text(writer, "headline", or_empty(named));
}

enum lm_better lm_run_better(const struct lm_spec_stage *stage, const char *metric)
{
    const char *dot = strchr(metric, '.');
    const struct lm_metric_row *row = lm_metric_find(stage->type, stage->params, metric);
    bool is_whole = dot == NULL || strchr(dot + 1, '.') == NULL;
    return row != NULL && is_whole ? row->better : LM_BETTER_NONE;
}

/** Metrics of gates, and those that tell better from worse of the stage whose headline is the
 * run's. */
static void put_metrics(struct lm_json_writer *writer, const struct lm_run_facts *facts,
                        size_t stage)
{
    const struct lm_run_result *result = facts->result;
    const struct lm_record *record = stage != SIZE_MAX ? facts->plan->stages[stage].record : NULL;
    struct lm_arena *arena = facts->spec->arena;
    struct lm_name_map told;
    lm_name_map_init(&told, arena);
    lm_json_key(writer, "metrics");
    lm_json_open(writer, '{');
    for (size_t i = 0; i < result->gate_count && told.count < METRICS_TOLD; i++)
        if (!isnan(result->gates[i].value) &&
            lm_name_map_find(&told, result->gates[i].metric) == SIZE_MAX &&
            lm_name_map_put(&told, result->gates[i].metric, i))
            lm_json_member_double(writer, result->gates[i].metric, result->gates[i].value);
    for (size_t i = 0; record != NULL && i < record->metric_count && told.count < METRICS_TOLD;
         i++) {
        const struct lm_metric *metric = &record->metrics[i];
        const char *name =
            lm_arena_printf(arena, "%s.%s", facts->spec->stages[stage].id, metric->name);
        if (name != NULL && !isnan(metric->value) &&
            lm_run_better(&facts->spec->stages[stage], metric->name) != LM_BETTER_NONE &&
            lm_name_map_find(&told, name) == SIZE_MAX && lm_name_map_put(&told, name, i))
            lm_json_member_double(writer, name, metric->value);
    }
    lm_json_close(writer, '}');
}

static void put_counts(struct lm_json_writer *writer, const struct lm_run_facts *facts)
{
    size_t selected = 0, failed = 0, verdicts[LM_GATE_UNSELECTED + 1] = {0};
    for (size_t i = 0; i < facts->spec->stage_count; i++) {
        selected += facts->plan->stages[i].selected;
        failed += facts->plan->stages[i].selected && facts->stages[i].state == LM_FAILED;
    }
    for (size_t i = 0; i < facts->result->gate_count; i++)
        verdicts[facts->result->gates[i].verdict]++;
    lm_json_member_int(writer, "selected", (int64_t)selected);
    lm_json_member_int(writer, "executed", (int64_t)facts->executed);
    lm_json_member_int(writer, "failed", (int64_t)failed);
    lm_json_key(writer, "gates");
    lm_json_open(writer, '{');
    for (size_t v = 0; v <= LM_GATE_UNSELECTED; v++)
        lm_json_member_int(writer, lm_gate_verdict_name((enum lm_gate_verdict)v),
                           (int64_t)verdicts[v]);
    lm_json_close(writer, '}');
}

/** What the index of runs holds of it, and its record begins with. */
static void put_summary(struct lm_json_writer *writer, const struct lm_run_facts *facts)
{
    struct lm_arena_mark mark = lm_arena_mark(facts->spec->arena);
    char started[32], root[LM_DIGEST_HEX];
    size_t stage = find_headline(facts);
    lm_root_name(root, LM_ROOT_SPEC, facts->spec->real);
    lm_json_member_string(writer, "run", facts->id);
    lm_json_member_string(writer, "experiment", facts->spec->experiment);
    put_text(writer, "spec", facts->spec->home);
    if (lm_path_exists(facts->spec->real)) /* a spec from standard input has none */
        lm_json_member_string(writer, "root", root);
    lm_json_member_string(writer, "state", facts->state);
    lm_json_member_int(writer, "exit_code", facts->result->exit_code);
    lm_json_member_string(writer, "started", lm_clock_format(started, facts->started));
    lm_json_member_double(writer, "seconds", facts->seconds);
    put_counts(writer, facts);
    put_headline(writer, facts, find_joined(facts, stage));
    put_metrics(writer, facts, stage);
    lm_run_settings_put(writer, facts->spec);
    lm_arena_rewind(facts->spec->arena, mark);
}

void lm_run_summary_write(struct lm_buf *out, const struct lm_run_facts *facts)
{
    struct lm_json_writer writer;
    lm_json_begin(&writer, out, false);
    lm_json_open(&writer, '{');
    put_summary(&writer, facts);
    lm_json_close(&writer, '}');
}

/* ---- run.json ---- */

/* Members that say whether what a later run finds is what was told. */
#define RESULTS "results"
#define EXIT_CODE "exit_code"

static void put_head(struct lm_json_writer *writer, const struct lm_run_facts *facts)
{
    const struct lm_spec *spec = facts->spec;
    char started[32];
    lm_json_member_string(writer, "lmpipe", LM_VERSION);
    lm_json_member_string(writer, "run", facts->id);
    lm_json_member_string(writer, "experiment", spec->experiment);
    if (facts->results != NULL)
        lm_json_member_string(writer, RESULTS, facts->results);
    lm_json_member_string(writer, "state", facts->state);
    lm_json_member_int(writer, EXIT_CODE, facts->result->exit_code);
    put_spec(writer, spec);
    lm_run_settings_put(writer, spec);
    lm_json_member_string(writer, "started", lm_clock_format(started, facts->started));
    lm_json_member_double(writer, "seconds", facts->seconds);
    lm_json_member_int(writer, "executed", (int64_t)facts->executed);
    lm_json_member_int(writer, "threads", (int64_t)facts->budget);
    if (facts->plan->numerics_blas != NULL)
        lm_json_member_string(writer, "numerics", facts->plan->numerics_blas);
    put_machine(writer, facts);
}

void lm_run_record_write(struct lm_buf *out, const struct lm_run_facts *facts)
{
    const struct lm_spec *spec = facts->spec;
    struct lm_json_writer writer;
    lm_json_begin(&writer, out, true);
    lm_json_open(&writer, '{');
    put_head(&writer, facts);
    lm_json_key(&writer, "stages");
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < spec->stage_count; i++)
        if (facts->plan->stages[i].selected)
            put_stage(&writer, facts, i);
    lm_json_close(&writer, ']');
    lm_json_key(&writer, "gates");
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < facts->result->gate_count; i++)
        lm_run_gate_put(&writer, &facts->result->gates[i]);
    lm_json_close(&writer, ']');
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
}

bool lm_run_record_tells(const char *path, const struct lm_run_facts *facts)
{
    enum { HEAD = 4096 /* an experiment's name is in front of these members, and no more */ };

    char head[HEAD], member[LM_DIGEST_HEX + 20];
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    const size_t size = fd >= 0 ? lm_read_at(fd, head, sizeof head, 0) : 0;
    if (fd >= 0)
        close(fd);
    if (size == 0 || facts->results == NULL)
        return false;
    snprintf(member, sizeof member, "\"" RESULTS "\": \"%s\",", facts->results);
    if (memmem(head, size, member, strlen(member)) == NULL)
        return false;
    snprintf(member, sizeof member, "\"" EXIT_CODE "\": %d,", facts->result->exit_code);
    return memmem(head, size, member, strlen(member)) != NULL;
}

void lm_run_brief_write(struct lm_buf *out, const struct lm_run_facts *facts,
                        const char *parameters, const char *results)
{
    struct lm_json_writer writer;
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, &facts->spec->file_digest);
    lm_json_begin(&writer, out, true);
    lm_json_open(&writer, '{');
    put_summary(&writer, facts);
    lm_json_member_string(&writer, "lmpipe", LM_VERSION);
    lm_json_member_string(&writer, "spec_sha256", hex);
    put_machine(&writer, facts);
    lm_json_member_int(&writer, "threads", (int64_t)facts->budget);
    lm_json_member_string(&writer, "parameters", parameters);
    if (results != NULL)
        lm_json_member_string(&writer, "results", results);
    lm_json_key(&writer, "stages");
    lm_json_open(&writer, '[');
    for (size_t i = 0; results != NULL && i < facts->spec->stage_count; i++) {
        const struct lm_run_stage *ran = &facts->stages[i];
        if (!facts->plan->stages[i].selected || (ran->state == LM_HIT && ran->execution == NULL))
            continue;
        lm_json_open(&writer, '{');
        lm_json_member_string(&writer, "stage", facts->spec->stages[i].id);
        put_doings(&writer, ran);
        lm_json_close(&writer, '}');
    }
    lm_json_close(&writer, ']');
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
}
