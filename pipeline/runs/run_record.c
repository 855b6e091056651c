#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/pool.h"
#include "runs/events.h"
#include "runs/run_files.h"

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
    struct lm_digest digest;
    char hex[LM_DIGEST_HEX] = "";
    if (lm_sha256_file(&digest, NULL, spec->real, NULL) == LM_OK)
        lm_digest_hex(hex, &digest);
    lm_json_key(writer, "spec");
    lm_json_open(writer, '{');
    put_text(writer, "path", spec->home);
    lm_json_member_string(writer, "sha256", hex);
    lm_json_close(writer, '}');
}

static void put_record(struct lm_json_writer *writer, const struct lm_record *record)
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
    lm_json_member_string(writer, "state", lm_state_name(ran->state));
    if (planned->keyed) {
        lm_digest_hex(hex, &planned->key);
        lm_json_member_string(writer, "key", hex);
    }
    if (ran->execution != NULL)
        put_execution(writer, ran->execution);
    if (ran->error != NULL)
        put_text(writer, "error", ran->error);
    if (planned->record != NULL)
        put_record(writer, planned->record);
    lm_json_close(writer, '}');
}

static void put_gates(struct lm_json_writer *writer, const struct lm_run_result *result)
{
    static const char *const verdicts[] = {[LM_GATE_PASS] = "pass",
                                           [LM_GATE_FAIL] = "fail",
                                           [LM_GATE_UNDECIDED] = "undecided",
                                           [LM_GATE_UNSELECTED] = "unselected"};
    lm_json_key(writer, "gates");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < result->gate_count; i++) {
        lm_json_open(writer, '{');
        put_text(writer, "gate", result->gates[i].name);
        put_text(writer, "metric", result->gates[i].metric);
        if (!isnan(result->gates[i].value))
            lm_json_member_double(writer, "value", result->gates[i].value);
        put_text(writer, "reason", result->gates[i].reason);
        lm_json_member_string(writer, "verdict", verdicts[result->gates[i].verdict]);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

void lm_run_record_write(struct lm_buf *out, const struct lm_run_facts *facts)
{
    const struct lm_spec *spec = facts->spec;
    struct lm_json_writer writer;
    char started[32];
    lm_json_begin(&writer, out, true);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "lmpipe", LM_VERSION);
    lm_json_member_string(&writer, "run", facts->id);
    lm_json_member_string(&writer, "experiment", spec->experiment);
    put_spec(&writer, spec);
    lm_json_member_string(&writer, "state", facts->state);
    lm_json_member_int(&writer, "exit_code", facts->result->exit_code);
    lm_json_member_string(&writer, "started", lm_clock_format(started, facts->started));
    lm_json_member_double(&writer, "seconds", facts->seconds);
    lm_json_member_int(&writer, "executed", (int64_t)facts->executed);
    lm_json_member_int(&writer, "threads", (int64_t)facts->budget);
    if (facts->plan->numerics_blas != NULL)
        lm_json_member_string(&writer, "numerics", facts->plan->numerics_blas);
    put_machine(&writer, facts);
    lm_json_key(&writer, "stages");
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < spec->stage_count; i++)
        if (facts->plan->stages[i].selected)
            put_stage(&writer, facts, i);
    lm_json_close(&writer, ']');
    put_gates(&writer, facts->result);
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
}
