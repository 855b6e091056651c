/** A run as its files tell it, of any size, for the tests of what CI is given: stages s0, s1 …,
 * each with a result of one metric, and what a test changes. */
#ifndef LM_TESTS_CI_FACTS_H
#define LM_TESTS_CI_FACTS_H

#include "base/json.h"
#include "runs/run_files.h"
#include "tests/tap.h"

/** What readers must not take for markup, commands, mentions or the end of anything. */
#define HOSTILE                                                                                    \
    "]]> <b>&\"'| x | @team #1 ::error::x ##[error]y `c` [l](http://e.example) www.e.example "     \
    "\xe2\x80\xae\x01\x1b[2J\xff\xc3(\n\r::set-output name=a::b"

struct ci_facts {
    struct lm_arena *arena;
    struct lm_spec spec;
    struct lm_plan plan;
    struct lm_run_result result;
    struct lm_run_facts facts;
    struct lm_record *records;
    struct lm_buf out;
};

static const struct lm_param ci_no_rows[] = {{0}};
static const struct lm_metric_row ci_metrics[] = {
    {"value", NULL, LM_BETTER_LOWER, "less is better"}, {NULL}};
static const struct lm_port ci_outputs[] = {{"text", "text", "text", 0}, {0}};
static const struct lm_stage ci_type = {.name = "fake",
                                        .version = 1,
                                        .params = ci_no_rows,
                                        .outputs = ci_outputs,
                                        .metrics = ci_metrics};

/** `count` stages of `families` families (0: one each), all done. */
static inline void ci_facts_init(struct ci_facts *f, size_t count, size_t families)
{
    struct lm_arena *arena = lm_arena_create();
    size_t each = families > 0 ? count / families : 1;
    memset(f, 0, sizeof *f);
    f->arena = arena;
    f->records = LM_NEW_ARRAY(arena, struct lm_record, count);
    f->spec = (struct lm_spec){.arena = arena,
                               .path = "x/e.yaml",
                               .home = "x/e.yaml",
                               .root = "/nowhere",
                               .experiment = "fake",
                               .stages = LM_NEW_ARRAY(arena, struct lm_spec_stage, count),
                               .stage_count = count,
                               .families = LM_NEW_ARRAY(arena, struct lm_spec_family, count),
                               .family_count = families > 0 ? families : count};
    f->plan = (struct lm_plan){.spec = &f->spec,
                               .arena = arena,
                               .stages = LM_NEW_ARRAY(arena, struct lm_plan_stage, count)};
    f->facts = (struct lm_run_facts){.spec = &f->spec,
                                     .plan = &f->plan,
                                     .id = "20260101T000000.000-fake",
                                     .stages = LM_NEW_ARRAY(arena, struct lm_run_stage, count),
                                     .result = &f->result,
                                     .host = "host",
                                     .seconds = 61.5,
                                     .started = 1767225600};
    for (size_t i = 0; i < count; i++) {
        struct lm_metric *metric = LM_NEW(arena, struct lm_metric);
        *metric = (struct lm_metric){"value", (double)i + 0.5};
        f->records[i] = (struct lm_record){
            .metrics = metric, .metric_count = 1, .headline = "all well", .seconds = 1};
        f->spec.stages[i] =
            (struct lm_spec_stage){.id = lm_arena_printf(arena, "s%zu", i),
                                   .type = &ci_type,
                                   .family = i / each,
                                   .origin = {.file = "x/e.yaml", .line = (int)i + 3, .column = 3}};
        f->plan.stages[i] =
            (struct lm_plan_stage){.selected = true, .state = LM_DONE, .record = &f->records[i]};
        f->facts.stages[i] = (struct lm_run_stage){.state = LM_DONE};
    }
    for (size_t k = 0; k < f->spec.family_count; k++)
        f->spec.families[k] = (struct lm_spec_family){
            .id = lm_arena_printf(arena, "family%zu", k), .first = k * each, .count = each};
    lm_buf_init(&f->out, 0);
}

static inline void ci_facts_release(struct ci_facts *f)
{
    lm_buf_release(&f->out);
    lm_arena_free(f->arena);
}

static inline void ci_fail(struct ci_facts *f, size_t i, const char *error)
{
    f->facts.stages[i] = (struct lm_run_stage){.state = LM_FAILED, .error = error};
    f->plan.stages[i].record = NULL;
    f->plan.stages[i].state = LM_FAILED;
}

/** Gates of stage 0, one a verdict, then again: `count` of them. */
static inline void ci_gates(struct ci_facts *f, size_t count, const char *reason)
{
    f->result.gates = LM_NEW_ARRAY(f->arena, struct lm_gate_row, count);
    f->spec.gates = LM_NEW_ARRAY(f->arena, struct lm_spec_gate, count);
    f->result.gate_count = f->spec.gate_count = count;
    for (size_t i = 0; i < count; i++) {
        f->spec.gates[i] = (struct lm_spec_gate){
            .metric = "value", .origin = {.file = "x/e.yaml", .line = 900 + (int)i, .column = 5}};
        f->result.gates[i] =
            (struct lm_gate_row){.name = lm_arena_printf(f->arena, "s0.value max %zu", i),
                                 .metric = "s0.value",
                                 .value = 0.5,
                                 .reason = reason,
                                 .verdict = (enum lm_gate_verdict)(i % (LM_GATE_UNSELECTED + 1))};
    }
}

static inline size_t ci_count(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        count++;
    return count;
}

#endif
