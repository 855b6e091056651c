/* Which instance a choice takes, and which a gather leaves out: plans with records made by hand. */
#include <math.h>

#include "plan/plan.h"
#include "tap.h"

#include "unit/pipeline/fakes.h"

#define HEAD                                                                                       \
    "lmpipe: 1\nexperiment: t\nmatrix: {lr: [0.3, 0.1], seed: [1, 2]}\nstages:\n"                  \
    "  c: {uses: download, with: {sources: [{name: s, url: 'https://h/x', sha256: ab}]}}\n"        \
    "  t: {uses: clean, in: {corpus: c}}\n"                                                        \
    "  k: {uses: encode, in: {text: t}}\n"                                                         \
    "  m: {uses: train, in: {tokens: k}, seed: '${matrix.seed}', with: {lr: '${matrix.lr}'}}\n"

enum { MODELS = 4, FIRST = 3, CHOOSER = FIRST + MODELS };

struct planned {
    struct fake_folder folder;
    struct lm_spec *spec;
    struct lm_plan plan;
    struct lm_metric metrics[MODELS][2];
    struct lm_record records[MODELS];
};

/** A plan in which all stages before the models have results, and each model the loss given: NaN is
 *  a metric that is not finite, +inf no metric at all, -inf a model that diverged. */
static bool make(struct planned *p, const char *text, const double *losses)
{
    struct lm_diags diags;
    static struct lm_record empty;
    if (!fake_folder_make(&p->folder) ||
        fake_load(&p->folder, text, NULL, 0, &p->spec, &diags) != LM_OK)
        return false;
    p->plan = (struct lm_plan){.spec = p->spec, .arena = p->folder.arena};
    p->plan.taken = lm_spec_taken(p->spec, p->folder.arena);
    p->plan.stages = LM_NEW_ARRAY(p->folder.arena, struct lm_plan_stage, p->spec->stage_count);
    for (size_t i = 0; i < p->spec->stage_count; i++)
        p->plan.stages[i] =
            (struct lm_plan_stage){.selected = true, .state = LM_HIT, .record = &empty};
    for (size_t i = 0; i < MODELS; i++) {
        p->metrics[i][0] = (struct lm_metric){"loss", isinf(losses[i]) ? 1 : losses[i]};
        p->metrics[i][1] = (struct lm_metric){"diverged", losses[i] < 0 && isinf(losses[i])};
        p->records[i] = (struct lm_record){
            .metrics = losses[i] > 0 && isinf(losses[i]) ? p->metrics[i] + 1 : p->metrics[i],
            .metric_count = losses[i] > 0 && isinf(losses[i]) ? 1 : 2};
        p->plan.stages[FIRST + i].record = &p->records[i];
    }
    return true;
}

/** The id that the choice of a stage takes: "" while it waits, "-" when there is none. */
static const char *choice(struct planned *p, size_t stage)
{
    struct lm_err err = {LM_OK, ""};
    enum lm_status status = lm_plan_take(&p->plan, stage, &err);
    const struct lm_taken *taken = &p->plan.taken[stage];
    if (status == LM_NOT_FOUND)
        return "-";
    for (size_t i = 0; status == LM_OK && taken->is_known && i < taken->count; i++)
        if (taken->rows[i].role == LM_INPUT_CANDIDATE)
            return p->spec->stages[taken->rows[i].stage].id;
    return "";
}

#define BEST(mode, more)                                                                           \
    HEAD "  n: {uses: train, in: {tokens: k, init: {best: m.model, by: m.loss, mode: " mode more   \
         "}}}\n"

static void check(struct tap *tap, const char *text, const double *losses, size_t stage,
                  const char *want)
{
    struct planned p;
    REQUIRE(make(&p, text, losses));
    CHECK_STR(choice(&p, stage), want);
    fake_folder_remove(&p.folder);
}

/* The order of candidates is that of values: 0.1 before 0.3. m[0], m[1] have lr 0.3, seeds 1, 2. */
static void test_best(struct tap *tap)
{
    const double bad = INFINITY, nan = NAN, off = -INFINITY;
    check(tap, BEST("min", ""), (double[]){3, 2, 4, 5}, CHOOSER, "m@lr=0.3,seed=2");
    check(tap, BEST("max", ""), (double[]){3, 2, 4, 5}, CHOOSER, "m@lr=0.1,seed=2");
    check(tap, BEST("min", ""), (double[]){2, 2, 2, 2}, CHOOSER, "m@lr=0.1,seed=1");
    check(tap, BEST("min", ""), (double[]){nan, 9, bad, off}, CHOOSER, "m@lr=0.3,seed=2");
    check(tap, BEST("min", ""), (double[]){nan, off, bad, off}, CHOOSER, "-");
}

static void test_over_and_mean(struct tap *tap)
{
    const double off = -INFINITY, losses[] = {1, 9, 4, 5};
    check(tap, BEST("min", ", over: [lr]"), losses, CHOOSER, "m@lr=0.3,seed=1");
    check(tap, BEST("min", ", over: [lr]"), losses, CHOOSER + 1, "m@lr=0.1,seed=2");
    /* means: 5 of 0.3, 4.5 of 0.1: each seed takes the winner's own */
    check(tap, BEST("min", ", mean_over: [seed]"), losses, CHOOSER, "m@lr=0.1,seed=1");
    check(tap, BEST("min", ", mean_over: [seed]"), losses, CHOOSER + 1, "m@lr=0.1,seed=2");
    /* a setting of which one seed diverged has no mean */
    check(tap, BEST("min", ", mean_over: [seed]"), (double[]){8, 9, 1, off}, CHOOSER,
          "m@lr=0.3,seed=1");
}

/* It waits for every candidate that may still win; what failed or diverged is waited for no more.
 */
static void test_waits(struct tap *tap)
{
    struct planned p;
    REQUIRE(make(&p, BEST("min", ""), (double[]){3, 2, 4, 5}));
    p.plan.stages[FIRST].state = LM_RUN;
    p.plan.stages[FIRST].record = NULL;
    CHECK_STR(choice(&p, CHOOSER), "");
    p.plan.stages[FIRST].state = LM_FAILED;
    CHECK_STR(choice(&p, CHOOSER), "m@lr=0.3,seed=2");
    CHECK_STR(lm_plan_choices(&p.plan, CHOOSER), "chose m@lr=0.3,seed=2: best m by m.loss, 2");
    fake_folder_remove(&p.folder);
}

static void test_gather(struct tap *tap)
{
    struct planned p;
    struct lm_err err;
    REQUIRE(make(&p, HEAD "  p: {uses: report, in: {logs: {gather: m, failed: drop}}}\n",
                 (double[]){3, 2, 4, 5}));
    p.plan.stages[FIRST + 1].state = LM_FAILED;
    p.plan.stages[FIRST + 1].record = NULL;
    CHECK_INT(lm_plan_take(&p.plan, CHOOSER, &err), LM_OK);
    CHECK(p.plan.taken[CHOOSER].is_known);
    CHECK_INT(p.plan.taken[CHOOSER].count, 3);
    p.plan.stages[FIRST].state = LM_RUN;
    p.plan.stages[FIRST].record = NULL;
    CHECK_INT(lm_plan_take(&p.plan, CHOOSER, &err), LM_OK);
    CHECK(!p.plan.taken[CHOOSER].is_known);
    fake_folder_remove(&p.folder);
}

static const struct tap_test tests[] = {TAP_ROW(test_best) TAP_ROW(test_over_and_mean)
                                            TAP_ROW(test_waits) TAP_ROW(test_gather)};
LM_TEST_FILE(tests)
