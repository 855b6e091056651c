#include "protocol/job.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "tap.h"

struct params {
    const char *word;
    double rate;
    struct lm_list names; /* const char * */
};

static const struct lm_param rows[] = {
    {LM_FIELD(struct params, word), .type = LM_P_STR, .help = "a word"},
    {LM_FIELD(struct params, rate), .type = LM_P_FLOAT, .help = "a rate"},
    {LM_FIELD(struct params, names), .type = LM_P_LIST, .item = LM_P_STR, .help = "names"},
    {0}};
static const struct lm_port no_ports[] = {{0}};
static const struct lm_stage type = {.name = "make",
                                     .version = 3,
                                     .inputs = no_ports,
                                     .outputs = no_ports,
                                     .params = rows,
                                     .params_size = sizeof(struct params)};
static const struct lm_stage newer = {.name = "make",
                                      .version = 4,
                                      .inputs = no_ports,
                                      .outputs = no_ports,
                                      .params = rows,
                                      .params_size = sizeof(struct params)};

struct fixture {
    char root[64], path[96];
    struct lm_arena *arena;
};

static void setup(struct fixture *f)
{
    snprintf(f->root, sizeof f->root, "/tmp/lmpipe-test-job-XXXXXX");
    if (mkdtemp(f->root) == NULL)
        abort();
    snprintf(f->path, sizeof f->path, "%s/job.json", f->root);
    f->arena = lm_arena_create();
}

static void teardown(struct fixture *f)
{
    lm_dir_remove(f->root, NULL);
    lm_arena_free(f->arena);
}

static void test_round_trip(struct tap *tap)
{
    static const char *const names[] = {"a", "b \"quoted\"\n"};
    const struct params params = {"w\xc3\xbcrd", 0.1, {(void *)(uintptr_t)names, 2}};
    const struct lm_job_input inputs[] = {{"from", "stage.port", "/a path"}, {"from", "x", "/y"}};
    const struct lm_job_file files[] = {{"/data", "sha256:00", "init.path"}};
    const struct lm_stage *const types[] = {&newer, &type, NULL};
    struct lm_job job = {.stage = &type,
                         .params = &params,
                         .inputs = inputs,
                         .input_count = 2,
                         .files = files,
                         .file_count = 1,
                         .folder = "/folder",
                         .checkpoints = "/checkpoints/key",
                         .state = "/states/prefix",
                         .experiment = "{\"name\": \"x\"}",
                         .seed = UINT64_MAX - 5,
                         .threads = 3,
                         .interrupt_at = 17,
                         .portable = true,
                         .afresh = true},
                  back;
    struct fixture f;
    setup(&f);
    REQUIRE(lm_job_save(&job, f.path, NULL) == LM_OK);
    REQUIRE(lm_job_load(&back, f.arena, types, f.path, NULL) == LM_OK);
    const struct params *got = back.params;
    CHECK(back.stage == &type);
    CHECK_STR(got->word, params.word);
    CHECK(got->rate == 0.1);
    REQUIRE(got->names.count == 2);
    CHECK_STR(((const char *const *)got->names.items)[1], names[1]);
    CHECK_INT(back.input_count, 2);
    CHECK_STR(back.inputs[0].path, "/a path");
    CHECK_STR(back.inputs[1].label, "x");
    CHECK_STR(back.files[0].digest, "sha256:00");
    CHECK_STR(back.experiment, job.experiment);
    CHECK_STR(back.state, "/states/prefix");
    CHECK(back.afresh);
    CHECK(back.kernels == NULL && back.portable && !back.offline);
    CHECK(back.seed == job.seed && back.threads == 3);
    CHECK_INT(back.interrupt_at, 17);
    job.interrupt_at = 0;
    job.state = NULL;
    job.afresh = false;
    REQUIRE(lm_job_save(&job, f.path, NULL) == LM_OK);
    REQUIRE(lm_job_load(&back, f.arena, types, f.path, NULL) == LM_OK);
    CHECK_INT(back.interrupt_at, 0);
    CHECK(back.state == NULL && !back.afresh);
    teardown(&f);
}

static void test_refused(struct tap *tap)
{
    const struct params params = {.word = "w"};
    const struct lm_stage *const types[] = {&newer, NULL};
    struct lm_job job = {.stage = &type, .params = &params, .folder = "/f", .checkpoints = "/c"};
    struct lm_job back;
    struct lm_err err;
    struct fixture f;
    setup(&f);
    REQUIRE(lm_job_save(&job, f.path, NULL) == LM_OK);
    CHECK_INT(lm_job_load(&back, f.arena, types, f.path, &err), LM_FORMAT);
    CHECK(strstr(err.text, "another version") != NULL);
    lm_file_write(f.path, "{\"lmpipe\": 1", 12, NULL);
    CHECK_INT(lm_job_load(&back, f.arena, types, f.path, &err), LM_FORMAT);
    CHECK_INT(lm_job_load(&back, f.arena, types, "/no/such/job", &err), LM_NOT_FOUND);
    teardown(&f);
}

static const struct tap_test tests[] = {TAP_ROW(test_round_trip) TAP_ROW(test_refused)};
LM_TEST_FILE(tests)
