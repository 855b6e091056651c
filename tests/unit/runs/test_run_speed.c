/* The section of run.html on speed: numbers that were worked out by hand, and markup that is well
 * formed. */
#include "runs/run_files.h"

#include "tests/tap.h"
#include "tests/wellformed.h"

#define SECOND UINT64_C(1000000000)

static struct lm_gauge gauge(const char *name, double first, double value)
{
    return (struct lm_gauge){.name = name,
                             .first = first,
                             .value = value,
                             .first_ns = 10 * SECOND,
                             .last_ns = 20 * SECOND};
}

/* 12 seconds, of which 8 forward with 3.2 TFLOP and 2 of update with 0.1; peak 500 GFLOP/s. */
struct fixture {
    struct lm_series mfu, speed;
    struct lm_spec_stage stage;
    struct lm_spec spec;
    struct lm_plan_stage planned;
    struct lm_plan plan;
    struct lm_gauge gauges[32];
    struct lm_execution execution;
    struct lm_run_stage ran;
    struct lm_run_facts facts;
    struct lm_buf out;
};

static void setup(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    f->stage.id = "model";
    f->spec = (struct lm_spec){.stages = &f->stage, .stage_count = 1};
    f->planned.estimate.memory = 1100000000;
    f->plan = (struct lm_plan){.spec = &f->spec, .stages = &f->planned};
    f->execution = (struct lm_execution){
        .threads = 2, .attempts = 1, .attempt_seconds = 12, .memory = 1200000000};
    f->execution.telemetry.gauges = f->gauges;
    f->ran = (struct lm_run_stage){.execution = &f->execution};
    f->facts = (struct lm_run_facts){.plan = &f->plan, .spec = &f->spec, .stages = &f->ran};
    lm_buf_init(&f->out, 0);
}

static void add(struct fixture *f, struct lm_gauge gauge)
{
    f->gauges[f->execution.telemetry.count++] = gauge;
}

static void add_training(struct fixture *f)
{
    add(f, gauge("loss", 9, 3));
    add(f, gauge("forward.seconds", 0, 8));
    add(f, gauge("forward.flops", 0, 3.2e12));
    add(f, gauge("update.seconds", 0, 2));
    add(f, gauge("update.flops", 0, 0));
    add(f, gauge("tokens", 1000, 124000 + 1000));
    add(f, gauge("flops", 0.3e12, 3.3e12));
    add(f, gauge("memory", 1e9, 1e9));
}

#define NB "\xc2\xa0" /* before units of core/page/numtext.c */
#define HAS(text) CHECK(strstr(f.out.data, text) != NULL)

static void test_numbers(struct tap *tap)
{
    struct fixture f;
    setup(&f);
    add_training(&f);
    add(&f, gauge("peak.fp32", 500e9, 500e9));
    lm_run_speed_write(&f.out, &f.facts);
    REQUIRE(lm_buf_status(&f.out, NULL) == LM_OK && f.out.size > 0);
    HAS("forward</th><td class=\"n\">8.0</td><td class=\"n\">67" NB "%</td>"
        "<td class=\"n\">400</td><td class=\"n\">80" NB "%</td>");
    HAS("update</th><td class=\"n\">2.0</td><td class=\"n\">17" NB "%</td><td class=\"n\"></td>");
    HAS("everything else</th><td class=\"n\">2.0</td>");
    HAS("the stage</th><td class=\"n\">12.0</td><td class=\"n\">100" NB
        "%</td><td class=\"n\">267</td><td class=\"n\">53" NB "%</td>");
    HAS("tokens/s</th><td>12.4" NB "k");
    HAS("MFU</th><td>60.0" NB "%");
    HAS("peak 500 GFLOP/s on 2 threads");
    HAS("peak memory</th><td>1.20" NB "GB <small>the model holds 1.00" NB
        "GB, the estimate was 1.10" NB "GB");
    CHECK(strstr(f.out.data, "<figure") == NULL); /* no course, no curve */
    lm_buf_release(&f.out);
}

/* Without a peak there is no share of it. */
static void test_without_peak(struct tap *tap)
{
    struct fixture f;
    setup(&f);
    add_training(&f);
    lm_run_speed_write(&f.out, &f.facts);
    REQUIRE(lm_buf_status(&f.out, NULL) == LM_OK && f.out.size > 0);
    HAS("<td class=\"n\">400</td><td class=\"n\"></td>");
    CHECK(strstr(f.out.data, "MFU") == NULL);
    lm_buf_release(&f.out);
}

/* One curve: of MFU when it is known, else of the speed. */
static void test_curves(struct tap *tap)
{
    struct fixture f;
    size_t elements = 0;
    const char *where = NULL;
    setup(&f);
    add_training(&f);
    for (int i = 0; i < 40; i++) {
        lm_series_add(&f.mfu, i, 50 + i % 10);
        lm_series_add(&f.speed, i, 12000 + i);
    }
    add(&f, gauge("tokens_per_second", 12000, 12039));
    f.gauges[f.execution.telemetry.count - 1].course = &f.speed;
    lm_run_speed_write(&f.out, &f.facts);
    HAS("Speed over time");
    HAS("From 12,000 to 12,039 tokens/s, mean 12,020.");
    lm_buf_clear(&f.out);
    add(&f, gauge("mfu", 50, 59));
    f.gauges[f.execution.telemetry.count - 1].course = &f.mfu;
    lm_run_speed_write(&f.out, &f.facts);
    HAS("MFU over time");
    HAS("From 50 to 59" NB "%, mean 54.5.");
    CHECK(strstr(f.out.data, "Speed over time") == NULL);
    CHECK(is_wellformed(f.out.data, &elements, &where) && elements > 60);
    lm_buf_release(&f.out);
}

/* A stage that told nothing of phases has no place in it. */
static void test_nothing(struct tap *tap)
{
    struct fixture f;
    setup(&f);
    add(&f, gauge("loss", 9, 3));
    add(&f, gauge(".seconds", 9, 3));
    lm_run_speed_write(&f.out, &f.facts);
    CHECK_INT(f.out.size, 0);
    lm_buf_release(&f.out);
}

static const struct tap_test tests[] = {TAP_ROW(test_numbers) TAP_ROW(test_without_peak)
                                            TAP_ROW(test_curves) TAP_ROW(test_nothing)};
LM_TEST_FILE(tests)
