#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/pool.h"
#include "runs/run_files.h"

/** "model name" of /proc/cpuinfo, or "". */
static const char *cpu_name(struct lm_arena *arena)
{
    FILE *file = fopen("/proc/cpuinfo", "re");
    const char *name = NULL;
    char line[512];
    while (file != NULL && name == NULL && fgets(line, sizeof line, file) != NULL) {
        char *colon = strstr(line, ": ");
        if (strncmp(line, "model name", 10) == 0 && colon != NULL)
            name = lm_arena_strndup(arena, colon + 2, strcspn(colon + 2, "\n"));
    }
    if (file != NULL)
        fclose(file);
    return name != NULL ? name : "";
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

void lm_run_facts_init(struct lm_run_facts *facts, const struct lm_exec *exec)
{
    struct utsname system = {0};
    double seconds = (double)(lm_clock_monotonic_ns() - exec->begin_ns) * 1e-9;
    uname(&system);
    *facts = (struct lm_run_facts){
        .exec = exec,
        .seconds = seconds,
        .started = (int64_t)((double)lm_clock_unix_ns() * 1e-9 - seconds),
        .host = or_empty(lm_arena_strdup(exec->arena, system.nodename)),
        .cpu = cpu_name(exec->arena),
        .kernel = or_empty(lm_arena_printf(exec->arena, "%s %s %s", system.sysname, system.release,
                                           system.machine)),
        .cores = lm_cpu_count(),
        .memory = lm_memory_limit()};
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

static void put_spec(struct lm_json_writer *writer, const struct lm_exec *exec)
{
    struct lm_digest digest;
    char hex[LM_DIGEST_HEX] = "";
    if (lm_sha256_file(&digest, NULL, exec->spec->real, NULL) == LM_OK)
        lm_digest_hex(hex, &digest);
    lm_json_key(writer, "spec");
    lm_json_open(writer, '{');
    put_text(writer, "path", exec->spec->home);
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
static void put_execution(struct lm_json_writer *writer, const struct lm_run_facts *facts,
                          const struct lm_node *node)
{
    if (node->attempts == 0)
        return;
    put_text(writer, "reason", or_empty(node->reason));
    lm_json_member_double(writer, "begin", (double)(node->begin_ns - facts->exec->begin_ns) * 1e-9);
    lm_json_member_double(writer, "seconds", (double)(node->end_ns - node->begin_ns) * 1e-9);
    lm_json_member_double(writer, "cpu_seconds", node->end.cpu_seconds);
    lm_json_member_int(writer, "peak_memory", (int64_t)node->end.memory);
    lm_json_member_int(writer, "threads", (int64_t)node->threads);
    lm_json_member_int(writer, "attempts", node->attempts);
    if (node->resumed >= 0)
        lm_json_member_int(writer, "resumed_at", node->resumed);
    lm_json_key(writer, "gauges");
    lm_json_open(writer, '{');
    for (size_t i = 0; i < node->gauge_count; i++)
        lm_json_member_double(writer, node->gauges[i].name, node->gauges[i].value);
    lm_json_close(writer, '}');
}

static void put_stage(struct lm_json_writer *writer, const struct lm_run_facts *facts, size_t i)
{
    const struct lm_exec *exec = facts->exec;
    const struct lm_spec_stage *stage = &exec->spec->stages[i];
    const struct lm_plan_stage *planned = &exec->plan->stages[i];
    const struct lm_node *node = &exec->nodes[i];
    char hex[LM_DIGEST_HEX];
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "stage", stage->id);
    lm_json_member_string(writer, "type", stage->type->name);
    lm_json_member_int(writer, "version", stage->type->version);
    lm_json_member_string(writer, "state", lm_state_name(node->state));
    if (planned->keyed) {
        lm_digest_hex(hex, &planned->key);
        lm_json_member_string(writer, "key", hex);
    }
    put_execution(writer, facts, node);
    if (node->error != NULL)
        put_text(writer, "error", node->error);
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
    const struct lm_exec *exec = facts->exec;
    struct lm_json_writer writer;
    char started[32];
    lm_json_begin(&writer, out, true);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "lmpipe", LM_VERSION);
    lm_json_member_string(&writer, "run", exec->id);
    lm_json_member_string(&writer, "experiment", exec->spec->experiment);
    put_spec(&writer, exec);
    lm_json_member_string(&writer, "state", facts->state);
    lm_json_member_int(&writer, "exit_code", facts->result->exit_code);
    lm_json_member_string(&writer, "started", lm_clock_format(started, facts->started));
    lm_json_member_double(&writer, "seconds", facts->seconds);
    lm_json_member_int(&writer, "executed", (int64_t)exec->executed);
    lm_json_member_int(&writer, "threads", (int64_t)exec->threads);
    if (exec->plan->numerics_blas != NULL)
        lm_json_member_string(&writer, "numerics", exec->plan->numerics_blas);
    put_machine(&writer, facts);
    lm_json_key(&writer, "stages");
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < exec->spec->stage_count; i++)
        if (exec->plan->stages[i].selected)
            put_stage(&writer, facts, i);
    lm_json_close(&writer, ']');
    put_gates(&writer, facts->result);
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
}
