#include "worker/ctx.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"
#include "tap.h"

static const struct lm_port outs[] = {
    {"text", "text", "", LM_PORT_FOLDER}, {"card", "card", "", 0}, {0}};
static const struct lm_metric_row metrics[] = {{.name = "m#", .help = "any"}, {0}};
static const struct lm_stage type = {
    .name = "make", .version = 1, .outputs = outs, .metrics = metrics};
static const struct lm_job_input inputs[] = {
    {"from", "first", "/objects/1"}, {"from", "second", "/objects/2"}, {"init", "m", "/objects/3"}};

struct fixture {
    char root[64], checkpoints[96];
    struct lm_job job;
    struct lm_ctx *ctx;
    FILE *events;
    char *text;
    size_t size;
};

static void setup(struct fixture *f, int signal_fd)
{
    memset(f, 0, sizeof *f);
    snprintf(f->root, sizeof f->root, "/tmp/lmpipe-test-ctx-XXXXXX");
    if (mkdtemp(f->root) == NULL)
        abort();
    snprintf(f->checkpoints, sizeof f->checkpoints, "%s/checkpoints/key", f->root);
    f->job = (struct lm_job){.stage = &type,
                             .inputs = inputs,
                             .input_count = 3,
                             .folder = f->root,
                             .checkpoints = f->checkpoints,
                             .seed = 42,
                             .threads = 2};
    f->events = open_memstream(&f->text, &f->size);
    if (lm_ctx_create(&f->ctx, &f->job, f->events, signal_fd, NULL) != LM_OK)
        abort();
}

static void teardown(struct fixture *f)
{
    lm_ctx_free(f->ctx);
    fclose(f->events);
    free(f->text);
    lm_dir_remove(f->root, NULL);
}

static void test_paths(struct tap *tap)
{
    struct fixture f;
    setup(&f, -1);
    CHECK_STR(lm_ctx_input(f.ctx, "from"), "/objects/1");
    CHECK_INT(lm_ctx_input_count(f.ctx, "from"), 2);
    CHECK_STR(lm_ctx_input_at(f.ctx, "from", 1), "/objects/2");
    CHECK_STR(lm_ctx_input_label(f.ctx, "from", 1), "second");
    CHECK(lm_ctx_input_at(f.ctx, "from", 2) == NULL);
    CHECK_STR(lm_ctx_input(f.ctx, "init"), "/objects/3");
    CHECK(lm_ctx_input(f.ctx, "none") == NULL);
    CHECK(lm_path_is_dir(lm_ctx_output(f.ctx, "text")));
    CHECK(!lm_path_exists(lm_ctx_output(f.ctx, "card")));
    CHECK(lm_ctx_output(f.ctx, "none") == NULL);
    CHECK(lm_ctx_seed(f.ctx) == 42 && lm_ctx_threads(f.ctx) == 2);
    teardown(&f);
}

static void test_results(struct tap *tap)
{
    struct fixture f;
    const char *name = NULL;
    setup(&f, -1);
    for (int i = 0; i < 50; i++) {
        char text[16];
        snprintf(text, sizeof text, "m%d", i);
        lm_ctx_result(f.ctx, text, i);
    }
    lm_ctx_result(f.ctx, "m7", 70);
    CHECK_INT(lm_ctx_result_count(f.ctx), 50);
    CHECK(lm_ctx_result_value(f.ctx, "m7") == 70 && isnan(lm_ctx_result_value(f.ctx, "none")));
    CHECK(lm_ctx_result_at(f.ctx, 49, &name) == 49);
    CHECK_STR(name, "m49");
    lm_ctx_headline(f.ctx, "valid %.2f bpb", 1.984);
    CHECK_STR(lm_ctx_headline_text(f.ctx), "valid 1.98 bpb");
    teardown(&f);
}

/** Ten thousand steps are a few events, and the last value is among them. */
static void test_throttle(struct tap *tap)
{
    struct fixture f;
    struct lm_json *root = NULL;
    size_t lines = 0;
    setup(&f, -1);
    for (uint64_t i = 1; i <= 10000; i++) {
        lm_ctx_progress(f.ctx, i, 10000, "steps");
        lm_ctx_gauge(f.ctx, "loss", 1.0 / (double)i);
    }
    lm_ctx_flush(f.ctx);
    fflush(f.events);
    char *last = f.text;
    for (char *at = f.text; (at = strchr(at, '\n')) != NULL && at[1] != '\0'; at++, lines++)
        last = at + 1;
    CHECK(lines < 200);
    REQUIRE(lm_json_parse(&root, last, strlen(last), NULL) == LM_OK);
    CHECK_INT(lm_json_int(lm_json_get(root, "done"), 0), 10000);
    CHECK(lm_json_double(lm_json_get(lm_json_get(root, "gauges"), "loss"), 0) == 1e-4);
    lm_json_free(root);
    teardown(&f);
}

/** What a stage does beside its progress is told at once, once, with the progress that there is. */
static void test_doing(struct tap *tap)
{
    static const char wanted[] =
        "{\"event\":\"progress\",\"done\":0,\"total\":0,\"unit\":\"\",\"doing\":\"reading\","
        "\"gauges\":{}}\n"
        "{\"event\":\"progress\",\"done\":3,\"total\":9,\"unit\":\"steps\",\"doing\":\"\","
        "\"gauges\":{}}\n"
        "{\"event\":\"progress\",\"done\":3,\"total\":9,\"unit\":\"steps\",\"doing\":\"saving a "
        "checkpoint\",\"gauges\":{}}\n"
        "{\"event\":\"progress\",\"done\":3,\"total\":9,\"unit\":\"steps\",\"doing\":\"\","
        "\"gauges\":{}}\n"
        "{\"event\":\"checkpoint\",\"position\":3}\n";
    struct fixture f;
    struct lm_err err = {0};
    setup(&f, -1);
    lm_ctx_doing(f.ctx, "");
    lm_ctx_doing(f.ctx, "reading");
    lm_ctx_doing(f.ctx, "reading");
    lm_ctx_progress(f.ctx, 3, 9, "steps"); /* too soon to be told by itself */
    lm_ctx_doing(f.ctx, "");
    CHECK(lm_ctx_checkpoint_save(f.ctx, 3, "x", 1, &err) == LM_OK);
    lm_ctx_flush(f.ctx);
    fflush(f.events);
    CHECK_STR(f.text, wanted);
    teardown(&f);
}

/** A pace is new once a second at most, and tells the change of a total by the second. */
static void test_pace(struct tap *tap)
{
    const struct timespec nap = {.tv_nsec = 300000000};
    struct fixture f;
    struct lm_json *root = NULL;
    setup(&f, -1);
    for (int i = 0; i <= 4; i++) {
        lm_ctx_pace(f.ctx, "speed", 5000 + 300.0 * i, 10);
        nanosleep(&nap, NULL);
        fflush(f.events);
        CHECK(i == 4 || f.size == 0);
    }
    lm_ctx_flush(f.ctx);
    fflush(f.events);
    REQUIRE(f.size > 0 && lm_json_parse(&root, f.text, f.size, NULL) == LM_OK);
    double pace = lm_json_double(lm_json_get(lm_json_get(root, "gauges"), "speed"), 0);
    CHECK(pace > 1000 && pace <= 10000); /* 10,000 on a machine that sleeps no longer than asked */
    lm_json_free(root);
    lm_ctx_pace(f.ctx, "speed", 1, 10); /* a total that fell begins anew */
    size_t before = f.size;
    lm_ctx_flush(f.ctx);
    fflush(f.events);
    CHECK_INT(f.size, before);
    teardown(&f);
}

/** Whatever a note holds, an event is one line of JSON. */
static void test_notes(struct tap *tap)
{
    struct fixture f;
    struct lm_json *root = NULL;
    setup(&f, -1);
    lm_ctx_note(f.ctx, "line\none \"q\" \xff\x1b[0m");
    fflush(f.events);
    CHECK(strchr(f.text, '\n') == f.text + f.size - 1);
    REQUIRE(lm_json_parse(&root, f.text, f.size, NULL) == LM_OK);
    CHECK_STR(lm_json_string(lm_json_get(root, "text"), NULL),
              "line\none \"q\" \xef\xbf\xbd\x1b[0m");
    lm_json_free(root);
    teardown(&f);
}

static void test_cancel(struct tap *tap)
{
    struct fixture f;
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    REQUIRE(sigprocmask(SIG_BLOCK, &stop, NULL) == 0);
    int fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
    setup(&f, fd);
    CHECK(!lm_ctx_cancelled(f.ctx));
    kill(getpid(), SIGTERM);
    CHECK(lm_ctx_cancelled(f.ctx));
    CHECK(lm_ctx_cancelled(f.ctx));
    struct signalfd_siginfo info;
    CHECK(read(fd, &info, sizeof info) == (ssize_t)sizeof info);
    CHECK(lm_ctx_cancelled(f.ctx)); /* once is for good */
    teardown(&f);
    close(fd);
    setup(&f, -1);
    lm_ctx_cancel_after(f.ctx, 2);
    CHECK(!lm_ctx_cancelled(f.ctx) && !lm_ctx_cancelled(f.ctx) && lm_ctx_cancelled(f.ctx));
    teardown(&f);
}

/** `verify --interrupt-at`: cancelled when so much is done, not before. */
static void test_interrupt_at(struct tap *tap)
{
    struct fixture f;
    setup(&f, -1);
    f.job.interrupt_at = 3;
    lm_ctx_progress(f.ctx, 2, 10, "steps");
    CHECK(!lm_ctx_cancelled(f.ctx));
    lm_ctx_progress(f.ctx, 3, 10, "steps");
    CHECK(lm_ctx_cancelled(f.ctx));
    teardown(&f);
    setup(&f, -1);
    lm_ctx_progress(f.ctx, 10, 10, "steps");
    CHECK(!lm_ctx_cancelled(f.ctx));
    teardown(&f);
}

static void test_checkpoints(struct tap *tap)
{
    struct fixture f;
    uint64_t position = 0;
    void *data = NULL;
    size_t size = 0;
    setup(&f, -1);
    CHECK_INT(lm_ctx_checkpoint_load(f.ctx, &position, &data, &size, NULL), LM_OK);
    CHECK(data == NULL && !lm_ctx_checkpoint_due(f.ctx));
    CHECK_INT(lm_ctx_checkpoint_save(f.ctx, 5, "five", 4, NULL), LM_OK);
    CHECK_INT(lm_ctx_checkpoint_save(f.ctx, 6, "six", 3, NULL), LM_OK);
    CHECK_INT(lm_ctx_checkpoint_load(f.ctx, &position, &data, &size, NULL), LM_OK);
    CHECK(position == 6 && size == 3 && memcmp(data, "six", 3) == 0);
    /* the newest damaged: the one before, and a word about it */
    char path[128];
    snprintf(path, sizeof path, "%s/b", f.checkpoints);
    char *bytes;
    REQUIRE(lm_file_read(&bytes, &size, lm_ctx_arena(f.ctx), path, 1000, NULL) == LM_OK);
    bytes[size - 1] ^= 1;
    REQUIRE(lm_file_write(path, bytes, size, NULL) == LM_OK);
    CHECK_INT(lm_ctx_checkpoint_load(f.ctx, &position, &data, &size, NULL), LM_OK);
    CHECK(position == 5 && size == 4 && memcmp(data, "five", 4) == 0);
    fflush(f.events);
    CHECK(strstr(f.text, "going on from the one before it") != NULL);
    teardown(&f);
}

static const struct tap_test tests[] = {TAP_ROW(test_paths) TAP_ROW(test_results) TAP_ROW(
    test_throttle) TAP_ROW(test_doing) TAP_ROW(test_pace) TAP_ROW(test_notes) TAP_ROW(test_cancel)
                                            TAP_ROW(test_interrupt_at) TAP_ROW(test_checkpoints)};
LM_TEST_FILE(tests)
