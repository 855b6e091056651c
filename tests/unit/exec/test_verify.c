#include <lmpipe/verify.h>

#include "runs/differing.h"
#include "tap.h"
#include "unit/pipeline/fake_runner.h"

#define CHAIN                                                                                      \
    "  a: {uses: make, with: {word: one, act: %s, steps: 12, note: %s}}\n"                         \
    "  b: {uses: make, in: {from: a.text}, with: {word: two}}\n"

/** Plans the project's spec anew and verifies; false: it could not. */
static bool verify(struct fake_project *p, const struct lm_verify_options *given,
                   struct lm_verify_result *out)
{
    struct lm_diags diags = {0};
    struct lm_spec_options spec_options = {.types = lm_stage_table};
    struct lm_plan_options plan_options = {.worker = "/proc/self/exe"};
    struct lm_verify_options options = {.run = {.threads = 2}};
    if (given != NULL)
        options = *given;
    options.run.worker = "/proc/self/exe";
    options.run.on_event = fake_event;
    options.run.user = p;
    fake_run_release(p);
    p->err = (struct lm_err){LM_OK, ""};
    p->status = lm_spec_load(&p->loaded, &diags, p->arena, p->spec, &spec_options, &p->err);
    if (p->status == LM_OK)
        p->status = lm_store_open(&p->opened, p->store, &p->err);
    if (p->status == LM_OK)
        p->status = lm_plan_create(&p->plan, p->loaded, p->opened, &plan_options, &p->err);
    if (p->status == LM_OK)
        p->status = lm_verify(p->plan, &options, out, &p->err);
    return p->status == LM_OK;
}

static size_t entries(struct fake_project *p, const char *folder)
{
    struct lm_names names = {0};
    lm_dir_list(&names, p->arena, lm_path_join(p->arena, p->store, folder), NULL);
    return names.count;
}

static size_t seen(struct fake_project *p)
{
    struct lm_differings all = {0};
    return lm_differing_load(&all, p->arena, p->opened, NULL) == LM_OK ? all.count : SIZE_MAX;
}

static void start(struct tap *tap, struct fake_project *p, const char *act)
{
    fake_project_init(p);
    fake_write_spec(p, CHAIN, act, p->note);
    REQUIRE(fake_run(p, NULL, NULL));
    CHECK_INT(p->result.exit_code, 0);
}

static void test_same(struct tap *tap)
{
    struct fake_project p;
    struct lm_verify_result result;
    start(tap, &p, "write");
    size_t runs = entries(&p, "runs");
    REQUIRE(verify(&p, NULL, &result));
    CHECK_INT(result.exit_code, 0);
    CHECK_INT(result.row_count, 2);
    CHECK_INT(result.rows[0].state, LM_VERIFY_SAME);
    CHECK_INT(result.rows[1].state, LM_VERIFY_SAME);
    CHECK(result.rows[0].seconds > 0 && result.rows[0].difference == NULL);
    CHECK_INT(fake_marks(&p), 2); /* it was executed */
    CHECK_INT(entries(&p, "runs"), runs);
    CHECK_INT(entries(&p, "tmp"), 0);
    CHECK_INT(seen(&p), 0);
    lm_verify_result_release(&result);
    fake_project_release(&p);
}

/** What is not in the key makes another card; what follows is executed from the stored one. */
static void test_differs(struct tap *tap)
{
    struct fake_project p;
    struct lm_verify_result result;
    start(tap, &p, "write");
    fake_write_spec(&p, CHAIN, "count", p.note);
    REQUIRE(verify(&p, NULL, &result));
    CHECK_INT(result.exit_code, 6);
    CHECK_INT(result.rows[0].state, LM_VERIFY_DIFFERS);
    CHECK_INT(result.rows[1].state, LM_VERIFY_SAME);
    REQUIRE(result.rows[0].difference != NULL);
    CHECK_STR(result.rows[0].difference->port, "card");
    CHECK(result.rows[0].difference->file == NULL);
    CHECK_STR(result.rows[0].difference->place, "line 1");
    CHECK_STR(result.rows[0].difference->stored, "0");
    CHECK(strncmp(result.rows[0].text, "card: line 1: 0 was stored, now ", 32) == 0);
    CHECK(strcmp(result.rows[0].difference->stored_digest, result.rows[0].difference->now_digest) !=
          0);
    CHECK_INT(seen(&p), 1);
    lm_verify_result_release(&result);
    fake_project_release(&p);
}

static void test_targets(struct tap *tap)
{
    static const char *const b[] = {"b"}, *const none[] = {"nobody"};
    static const struct lm_digest unknown;
    struct fake_project p;
    struct lm_verify_result result;
    struct lm_verify_options options = {.targets = b, .target_count = 1};
    start(tap, &p, "write");
    REQUIRE(verify(&p, &options, &result));
    CHECK_INT(result.row_count, 1);
    CHECK_STR(result.rows[0].stage, "b");
    CHECK_INT(fake_marks(&p), 1);
    struct lm_digest key = result.rows[0].key;
    lm_verify_result_release(&result);
    options = (struct lm_verify_options){.keys = &key, .key_count = 1, .exact = 3};
    REQUIRE(verify(&p, &options, &result));
    CHECK_INT(result.row_count, 1);
    CHECK_STR(result.rows[0].stage, "b");
    CHECK_INT(result.rows[0].threads, 3);
    lm_verify_result_release(&result);
    options.keys = &unknown;
    CHECK(!verify(&p, &options, &result) && p.status == LM_NOT_FOUND);
    options = (struct lm_verify_options){.targets = none, .target_count = 1};
    CHECK(!verify(&p, &options, &result) && p.status == LM_NOT_FOUND);
    fake_project_release(&p);
}

static void test_interrupted(struct tap *tap)
{
    static const uint64_t some[] = {1, 5, 6, 11}, beyond[] = {3, 13};
    static const char *const page[] = {"page"};
    struct fake_project p;
    struct lm_verify_result result;
    struct lm_verify_options options = {.interrupt_at = some, .interrupt_count = 4};
    start(tap, &p, "count");
    REQUIRE(verify(&p, &options, &result));
    CHECK_INT(result.rows[0].state, LM_VERIFY_SAME);
    CHECK_INT(result.rows[0].interruptions, 4);
    CHECK_INT(entries(&p, "checkpoints"), 0);
    lm_verify_result_release(&result);
    options = (struct lm_verify_options){.interrupt_at = beyond, .interrupt_count = 2};
    REQUIRE(verify(&p, &options, &result));
    CHECK_INT(result.exit_code, 1);
    CHECK_INT(result.rows[0].state, LM_VERIFY_UNINTERRUPTED);
    CHECK(strstr(result.rows[0].text, "after step 13") != NULL);
    lm_verify_result_release(&result);
    fake_write_spec(&p, "  page: {uses: page}\n");
    REQUIRE(fake_run(&p, NULL, NULL));
    options.targets = page;
    options.target_count = 1;
    CHECK(!verify(&p, &options, &result) && p.status == LM_INVALID);
    fake_project_release(&p);
}

static void test_not_proven(struct tap *tap)
{
    struct fake_project p;
    struct lm_verify_result result;
    start(tap, &p, "write");
    fake_write_spec(&p, CHAIN, "fail", p.note);
    REQUIRE(verify(&p, NULL, &result));
    CHECK_INT(result.exit_code, 1);
    CHECK_INT(result.rows[0].state, LM_VERIFY_FAILED);
    CHECK_STR(result.rows[0].text, "told to fail; tell it otherwise");
    CHECK_INT(result.rows[1].state, LM_VERIFY_SAME);
    lm_verify_result_release(&result);
    fake_write_spec(&p, CHAIN, "crash", p.note);
    REQUIRE(verify(&p, NULL, &result));
    CHECK(strstr(result.rows[0].text, "SIGSEGV") != NULL);
    CHECK(strstr(result.rows[0].text, "see ") == NULL); /* its log is gone */
    lm_verify_result_release(&result);
    fake_write_spec(&p, "  a: {uses: make, with: {word: other}}\n");
    REQUIRE(verify(&p, NULL, &result));
    CHECK_INT(result.exit_code, 1);
    CHECK_INT(result.rows[0].state, LM_VERIFY_NO_RESULT);
    CHECK(result.rows[0].text[0] != '\0');
    CHECK_INT(entries(&p, "tmp"), 0);
    lm_verify_result_release(&result);
    fake_project_release(&p);
}

/** `run -f` that gives other bytes: the stored result stays. */
static void test_forced(struct tap *tap)
{
    static const char *const a[] = {"a"};
    const struct lm_selection force = {.force = a, .force_count = 1};
    struct fake_project p;
    start(tap, &p, "write");
    const char *before = fake_digest(&p, "a", "card");
    fake_write_spec(&p, CHAIN, "count", p.note);
    REQUIRE(fake_run(&p, NULL, &force));
    CHECK_INT(p.result.exit_code, 6);
    CHECK_INT(fake_state(&p, "a"), LM_DONE);
    CHECK_INT(fake_state(&p, "b"), LM_HIT);
    CHECK(strstr(fake_error(&p, "a"), "the stored result stays") != NULL);
    CHECK_STR(fake_digest(&p, "a", "card"), before);
    CHECK_INT(seen(&p), 1);
    CHECK_INT(entries(&p, "tmp"), 0);
    REQUIRE(fake_run(&p, NULL, NULL));
    CHECK_INT(p.result.executed, 0);
    CHECK_INT(p.result.exit_code, 0);
    /* the same bytes: nothing to tell */
    fake_write_spec(&p, CHAIN, "write", p.note);
    REQUIRE(fake_run(&p, NULL, &force));
    CHECK_INT(p.result.exit_code, 0);
    CHECK_INT(seen(&p), 1);
    fake_project_release(&p);
}

/** A result whose bytes are lost cannot stay. */
static void test_lost(struct tap *tap)
{
    struct fake_project p;
    char path[300];
    start(tap, &p, "write");
    const char *before = fake_digest(&p, "a", "card");
    snprintf(path, sizeof path, "%s/objects/%.2s/%s", p.store, before + 7, before + 9);
    REQUIRE(unlink(path) == 0);
    fake_write_spec(&p, CHAIN, "count", p.note);
    REQUIRE(fake_run(&p, NULL, NULL));
    CHECK_INT(p.result.exit_code, 6);
    CHECK(strstr(fake_error(&p, "a"), "takes the place") != NULL);
    CHECK(strcmp(fake_digest(&p, "a", "card"), before) != 0);
    CHECK_INT(seen(&p), 1);
    REQUIRE(fake_run(&p, NULL, NULL));
    CHECK_INT(p.result.executed, 0);
    fake_project_release(&p);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_same) TAP_ROW(test_differs) TAP_ROW(test_targets) TAP_ROW(test_interrupted)
        TAP_ROW(test_not_proven) TAP_ROW(test_forced) TAP_ROW(test_lost)};

int main(int argc, char **argv)
{
    fake_worker(argc, argv);
    return tap_main(tests, sizeof tests / sizeof tests[0]);
}
