#include "live_line.h"

#include "tap.h"
#include "width.h"

#define SECOND UINT64_C(1000000000)

static void feed(struct lm_live_stage *stage, double loss, double step)
{
    lm_live_stage_gauge(stage, "loss", loss);
    lm_live_stage_gauge(stage, "lr", 5.8e-4);
    lm_live_stage_gauge(stage, "grad_norm", 0.61);
    lm_live_stage_gauge(stage, "tokens", step * 620);
    lm_live_stage_gauge(stage, "tokens_per_second", 12400);
    lm_live_stage_gauge(stage, "mfu", 61.3);
    lm_live_stage_gauge(stage, "memory", 1e9);
    lm_live_stage_gauge(stage, "peak.fp32", 5e11);
}

/* The line of the contract: DESIGN's example, fed as a training stage feeds it. */
static void line_is_the_promised_one(struct tap *tap)
{
    struct lm_live_stage stage = {.id = "train"};
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_live_stage_begin(&stage, SECOND);
    for (uint64_t step = 0; step <= 3200; step += 400) {
        uint64_t now = SECOND + step * SECOND / 20;
        lm_live_stage_progress(&stage, step, 20000, "steps", now);
        feed(&stage, step < 3200 ? 8.3 - (double)step / 600 : 2.841, (double)step);
    }
    lm_live_stage_print(&out, &stage, SECOND + 160 * SECOND, true, 0);
    CHECK_STR(out.data, " 3,200/20,000 16% loss 2.841 █▇▆▅▅▄▃▂ lr 5.8e-4 gn 0.61 12.4k tok/s "
                        "61% mfu eta 14:00");
    lm_buf_clear(&out);
    lm_live_stage_print(&out, &stage, SECOND + 160 * SECOND, false, 0);
    CHECK(strstr(out.data, "█") == NULL);
    lm_buf_clear(&out);
    lm_live_stage_plain(&out, &stage, SECOND + 160 * SECOND);
    CHECK_STR(out.data, " 3,200/20,000 steps 16% loss 2.841 lr 5.8e-4 gn 0.61 12.4k tok/s 61% mfu "
                        "eta 14:00");
    lm_buf_clear(&out);
    lm_live_stage_doing(&stage, "validating");
    lm_live_stage_plain(&out, &stage, SECOND + 160 * SECOND);
    CHECK_STR(out.data, " 3,200/20,000 steps 16% loss 2.841 lr 5.8e-4 gn 0.61 12.4k tok/s 61% mfu "
                        "eta 14:00, validating");
    lm_buf_clear(&out);
    lm_live_stage_begin(&stage, SECOND);
    lm_live_stage_plain(&out, &stage, 11 * SECOND);
    CHECK_STR(out.data, " running for 0:10");
    lm_buf_clear(&out);
    lm_live_stage_doing(&stage, "reading tokens");
    lm_live_stage_plain(&out, &stage, 11 * SECOND);
    CHECK_STR(out.data, " running for 0:10, reading tokens");
    lm_buf_clear(&out);
    lm_live_stage_print(&out, &stage, 11 * SECOND, true, 20);
    CHECK_STR(out.data, " 0:10, reading tokens"); /* lost last of all */
    lm_live_stage_doing(&stage, NULL);
    lm_buf_clear(&out);
    lm_live_stage_facts(&out, &stage, 0);
    CHECK_INT(out.size, 0);
    lm_live_stage_facts(&out, &stage, 20);
    CHECK_INT(out.size, 0);
    lm_buf_release(&out);
}

/* A narrow terminal loses the least important field first, and never half of one. */
static void narrow_lines_lose_fields(struct tap *tap)
{
    static const char *const lines[] = {
        " 10/20 50% loss 2.500 █▁ valid 2.700 lr 5.8e-4 gn 0.61 12.4k tok/s 61% mfu x 7 y 8 0:00",
        " 10/20 50% loss 2.500 █▁ valid 2.700 lr 5.8e-4 gn 0.61 12.4k tok/s 61% mfu x 7 0:00",
        " 10/20 50% loss 2.500 █▁ valid 2.700 lr 5.8e-4 gn 0.61 12.4k tok/s 61% mfu 0:00",
        " 10/20 50% loss 2.500 █▁ valid 2.700 lr 5.8e-4 12.4k tok/s 61% mfu 0:00",
        " 10/20 50% loss 2.500 █▁ valid 2.700 12.4k tok/s 61% mfu 0:00",
        " 10/20 50% loss 2.500 valid 2.700 12.4k tok/s 61% mfu 0:00",
        " 10/20 50% loss 2.500 12.4k tok/s 61% mfu 0:00",
        " 10/20 50% loss 2.500 12.4k tok/s 0:00",
        " 10/20 50% loss 2.500 0:00",
        " 10/20 50% 0:00",
    };
    struct lm_live_stage stage = {.id = "model"};
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_live_stage_begin(&stage, SECOND);
    lm_live_stage_progress(&stage, 10, 20, "steps", SECOND);
    lm_live_stage_gauge(&stage, "x", 7);
    lm_live_stage_gauge(&stage, "y", 8);
    lm_live_stage_gauge(&stage, "valid_loss", 2.7);
    feed(&stage, 2.6, 1);
    feed(&stage, 2.5, 2);
    for (size_t columns = 100, line = 0; columns > 0; columns--) {
        lm_buf_clear(&out);
        lm_live_stage_print(&out, &stage, SECOND, true, columns);
        line += line < 9 && lm_text_width(lines[line]) > columns;
        CHECK_STR(out.data, lines[line]);
    }
    lm_buf_clear(&out);
    lm_live_stage_facts(&out, &stage, 40); /* a row of `log` */
    CHECK_STR(out.data, " 10/20 50% loss 2.500 12.4k tok/s");
    lm_buf_clear(&out);
    lm_live_stage_facts(&out, &stage, 0);
    CHECK_STR(out.data, " 10/20 steps 50% loss 2.500 valid 2.700 lr 5.8e-4 gn 0.61 12.4k tok/s "
                        "61% mfu x 7 y 8");
    lm_buf_release(&out);
}

static void bytes_are_sizes(struct tap *tap)
{
    struct lm_live_stage stage = {.id = "corpus"};
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_live_stage_begin(&stage, 0);
    lm_live_stage_progress(&stage, 1400000, 5600000, "bytes", SECOND);
    lm_live_stage_print(&out, &stage, SECOND, true, 0);
    CHECK_STR(out.data, " 1.4 MB/5.6 MB 25% 0:01");
    lm_buf_clear(&out);
    lm_live_stage_progress(&stage, 12, 0, "documents", SECOND);
    lm_live_stage_print(&out, &stage, SECOND, true, 0);
    CHECK_STR(out.data, " 12 documents 0:01");
    lm_buf_release(&out);
}

/* A resumed stage starts at step 900 of 1000: what is left goes by its own speed. */
static void resumed_stage_counts_its_own_steps(struct tap *tap)
{
    struct lm_live_stage stage = {.id = "model"};
    lm_live_stage_begin(&stage, 0);
    CHECK(lm_live_stage_left(&stage, SECOND) < 0);
    lm_live_stage_progress(&stage, 900, 1000, "steps", SECOND);
    CHECK(lm_live_stage_left(&stage, 2 * SECOND) < 0);
    lm_live_stage_progress(&stage, 910, 1000, "steps", 11 * SECOND);
    CHECK_NEAR(lm_live_stage_left(&stage, 11 * SECOND), 90, 1e-9);
    lm_live_stage_progress(&stage, 1001, 1000, "steps", 12 * SECOND);
    CHECK(lm_live_stage_left(&stage, 12 * SECOND) < 0);
}

static void spark_keeps_the_whole_course(struct tap *tap)
{
    struct lm_spark spark = {0};
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_spark_add(&spark, 1);
    lm_spark_print(&out, &spark);
    CHECK_INT(out.size, 0);
    for (int i = 1; i < 10000; i++)
        lm_spark_add(&spark, i < 5000 ? 1 : 0);
    lm_spark_add(&spark, NAN);
    lm_spark_print(&out, &spark);
    CHECK_INT(out.size, 3 * LM_SPARK_POINTS);
    CHECK(strncmp(out.data, "██", 6) == 0);
    CHECK_STR(out.data + 3 * (LM_SPARK_POINTS - 2), "▁▁");
    lm_buf_release(&out);
}

static void strange_gauges_do_no_harm(struct tap *tap)
{
    struct lm_live_stage stage = {.id = "x"};
    struct lm_buf out;
    char name[] = "gauge_0";
    lm_buf_init(&out, 0);
    lm_live_stage_begin(&stage, 0);
    for (int i = 0; i < 12; i++) {
        name[6] = (char)('0' + i);
        lm_live_stage_gauge(&stage, name, i);
    }
    lm_live_stage_gauge(&stage, "a name that is much too long to be shown", 1);
    CHECK_INT(stage.gauge_count, LM_GAUGES);
    lm_live_stage_print(&out, &stage, 0, true, 0);
    CHECK(strstr(out.data, " gauge_7 7") != NULL && strstr(out.data, "gauge_8") == NULL);
    lm_buf_release(&out);
}

static const struct tap_test tests[] = {
    TAP_ROW(line_is_the_promised_one) TAP_ROW(narrow_lines_lose_fields) TAP_ROW(bytes_are_sizes)
        TAP_ROW(resumed_stage_counts_its_own_steps) TAP_ROW(spark_keeps_the_whole_course)
            TAP_ROW(strange_gauges_do_no_harm)};

LM_TEST_FILE(tests)
