#include "unit/runs/ci_facts.h"

static const char *write(struct ci_facts *f)
{
    lm_buf_clear(&f->out);
    lm_run_job_summary_write(&f->out, &f->facts);
    return lm_buf_status(&f->out, NULL) == LM_OK ? f->out.data : "";
}

/** Every line of a table has as many cells as its head. */
static void check_tables(struct tap *tap, const char *text)
{
    size_t columns = 0;
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        size_t bars = 0;
        for (const char *p = line; *p != '\n'; p++)
            bars += *p == '|';
        if (bars == 0)
            columns = 0;
        else if (columns == 0)
            columns = bars;
        CHECK_INT(bars, columns);
    }
}

static void test_a_small_run(struct tap *tap)
{
    struct ci_facts f;
    ci_facts_init(&f, 2, 0);
    ci_gates(&f, 4, "0.5 is a number");
    f.result.exit_code = 4;
    f.facts.stages[1].state = LM_HIT;
    const char *text = write(&f);
    CHECK(strncmp(text, "### fake&#58; a gate failed\n\n", 29) == 0);
    CHECK(strstr(text, "exit status 4 · 2 stages (1 hit, 1 done) · 4 gates (1 pass, 1 fail, "
                       "1 undecided, 1 skipped) · ") != NULL);
    /* what failed stands first */
    const char *fail = strstr(text, "| s0.value | max 1 | 0.5 | | fail | 0.5 is a number |\n");
    const char *pass = strstr(text, "| s0.value | max 0 | 0.5 | | pass | 0.5 is a number |\n");
    CHECK(fail != NULL && pass != NULL && fail < pass);
    CHECK(strstr(text, "| s1 | hit |  | all well |\n") != NULL);
    check_tables(tap, text);
    ci_facts_release(&f);
}

static void test_words_for_every_end(struct tap *tap)
{
    static const int codes[] = {0, 1, 3, 4, 5, 6, 75, 130};
    struct ci_facts f;
    ci_facts_init(&f, 1, 0);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        char status[40];
        f.result.exit_code = codes[i];
        snprintf(status, sizeof status, "\n\nexit status %d · ", codes[i]);
        CHECK(strstr(write(&f), status) != NULL);
        CHECK((strstr(f.out.data, "passed") != NULL) == (codes[i] == 0));
    }
    ci_facts_release(&f);
}

static void test_intervals(struct tap *tap)
{
    static struct lm_metric metrics[] = {{"value", 2.05}, {"value.lo", 2}, {"value.hi", 2.125}};
    struct ci_facts f;
    ci_facts_init(&f, 1, 0);
    ci_gates(&f, 1, "fine");
    f.records[0].metrics = metrics;
    f.records[0].metric_count = 3;
    CHECK(strstr(write(&f), "| 2 – 2.125 | pass | fine |\n") != NULL);
    ci_facts_release(&f);
}

/** Nothing foreign is markup, mention, link or command; every row has its cells. */
static void test_hostile(struct tap *tap)
{
    struct ci_facts f;
    ci_facts_init(&f, 3, 0);
    f.spec.stages[0].id = HOSTILE;
    f.records[0].headline = HOSTILE;
    ci_fail(&f, 1, HOSTILE);
    ci_gates(&f, 4, HOSTILE);
    f.result.gates[1].name = HOSTILE;
    f.result.error = HOSTILE;
    const char *text = write(&f);
    CHECK(strstr(text, "::") == NULL && strstr(text, "##[") == NULL);
    CHECK(strchr(text, '@') == NULL && strstr(text, "http://") == NULL &&
          strchr(text, '`') == NULL);
    CHECK(strstr(text, "<b>") == NULL && strstr(text, "](") == NULL && strchr(text, 0x1b) == NULL);
    CHECK(strstr(text, "\xe2\x80\xae") == NULL && strchr(text, '\xff') == NULL);
    CHECK(strstr(text, "www.e") == NULL && strchr(text, '\r') == NULL);
    check_tables(tap, text);
    ci_facts_release(&f);
}

/** Whatever a run holds, a site takes the summary, and what is not shown is counted. */
static void test_never_too_long(struct tap *tap)
{
    static const struct {
        size_t stages, families, gates;
        bool fail;
    } rows[] = {{0, 0, 0, false},      {10000, 0, 0, false},    {10000, 0, 10000, false},
                {10000, 10, 0, false}, {10000, 0, 10000, true}, {10000, 10000, 50, true}};

    char *long_text = malloc(100001);
    REQUIRE(long_text != NULL);
    memset(long_text, '@', 100000);
    long_text[100000] = '\0';
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ci_facts f;
        ci_facts_init(&f, rows[i].stages, rows[i].families);
        for (size_t k = 0; rows[i].fail && k < rows[i].stages; k++)
            ci_fail(&f, k, k % 2 == 0 ? long_text : HOSTILE);
        if (rows[i].gates > 0)
            ci_gates(&f, rows[i].gates, long_text);
        f.result.error = rows[i].fail ? long_text : NULL;
        const char *text = write(&f);
        CHECK(f.out.size > 0 && f.out.size <= LM_JOB_SUMMARY_MAX);
        if (rows[i].stages > 0 && rows[i].families != 10)
            CHECK(strstr(text, " more stages are not shown.") != NULL);
        if (rows[i].gates > 1000)
            CHECK(strstr(text, " more gates are not shown.") != NULL);
        if (rows[i].families == 10)
            CHECK(strstr(text, "| family9 | 1,000 instances (1,000 done) |  | |\n") != NULL);
        check_tables(tap, text);
        ci_facts_release(&f);
    }
    free(long_text);
}

/** Long texts are cut between characters. */
static void test_cut(struct tap *tap)
{
    char text[1200];
    struct ci_facts f;
    ci_facts_init(&f, 1, 0);
    for (size_t shift = 0; shift < 3; shift++) {
        memset(text, 'a', shift);
        for (size_t i = 0; i < 300; i++)
            memcpy(text + shift + 3 * i, "\xe2\x82\xac", 4); /* the euro sign */
        f.records[0].headline = text;
        CHECK(strstr(write(&f), "\xe2\x82\xac…") != NULL);
        CHECK(strstr(f.out.data, "&#91;&#92;x") == NULL);
    }
    ci_facts_release(&f);
}

static const struct tap_test tests[] = {TAP_ROW(test_a_small_run) TAP_ROW(test_words_for_every_end)
                                            TAP_ROW(test_intervals) TAP_ROW(test_hostile)
                                                TAP_ROW(test_never_too_long) TAP_ROW(test_cut)};
LM_TEST_FILE(tests)
