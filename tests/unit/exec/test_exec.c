#include "exec/exec.h"

#include "base/json.h"
#include "base/pool.h"
#include "tap.h"
#include "unit/pipeline/fake_runner.h"

#define CHAIN                                                                                      \
    "  a: {uses: make, with: {word: one, note: %s}}\n"                                             \
    "  b: {uses: make, in: {from: a.text}, with: {word: %s}}\n"                                    \
    "  c: {uses: make, in: {from: [a.text, b.text]}, with: {word: three},\n"                       \
    "      publish: {text: words, card: card.txt}}\n"

static char *read_text(struct fake_project *p, const char *name)
{
    char *text = NULL;
    const char *path = lm_path_join(p->arena, p->root, name);
    return lm_file_read(&text, NULL, p->arena, path, 1 << 20, NULL) == LM_OK ? text : NULL;
}

static void test_happy_path(struct tap *tap)
{
    struct fake_project p;
    fake_project_init(&p);
    fake_write_spec(&p, CHAIN, p.note, "two");
    REQUIRE(fake_run(&p, NULL, NULL));
    CHECK_INT(p.result.exit_code, 0);
    CHECK_INT(p.result.executed, 3);
    CHECK_INT(fake_state(&p, "c"), LM_DONE);
    CHECK_STR(p.result.rows[2].headline, "said three");
    CHECK_STR(read_text(&p, "artifacts/fake/words/sub/words"), "one one two three");
    CHECK_STR(read_text(&p, "artifacts/fake/card.txt"), "0\n");
    CHECK(read_text(&p, "artifacts/fake/run.html") != NULL);
    CHECK(strstr(p.notes, "making three") != NULL);
    CHECK_INT(p.events[LM_EV_STAGE_BEGIN], 3);
    /* again: nothing runs, what is published comes back when it is gone or differs */
    unlink(lm_path_join(p.arena, p.root, "artifacts/fake/card.txt"));
    lm_file_write(lm_path_join(p.arena, p.root, "artifacts/fake/words/sub/words"), "x", 1, NULL);
    REQUIRE(fake_run(&p, NULL, NULL));
    CHECK_INT(p.result.executed, 0);
    CHECK_INT(p.events[LM_EV_STAGE_HIT], 3);
    CHECK_STR(read_text(&p, "artifacts/fake/words/sub/words"), "one one two three");
    CHECK_STR(read_text(&p, "artifacts/fake/card.txt"), "0\n");
    CHECK_INT(fake_marks(&p), 1);
    fake_project_release(&p);
}

/** Every run that makes something reads a few old objects again; what it finds damaged is told. */
static void test_rot_is_found(struct tap *tap)
{
    static const char name[] = "11223344556677889900aabbccddeeff11223344556677889900aabbccddee";
    struct fake_project p;
    bool told = false;
    fake_project_init(&p);
    fake_write_spec(&p, CHAIN, p.note, "two");
    REQUIRE(fake_run(&p, NULL, NULL));
    for (int i = 0; i < 16; i++) { /* objects that no record names */
        const char *fan = lm_arena_printf(p.arena, "%s/objects/%02x", p.store, i);
        lm_dir_create(fan, NULL);
        lm_file_write(lm_path_join(p.arena, fan, name), "rotten", 6, NULL);
    }
    REQUIRE(fake_run(&p, NULL, NULL));
    CHECK(strstr(p.notes, "set aside") == NULL); /* nothing was made */
    for (int i = 0; i < 60 && !told; i++) {      /* which ones are read is drawn */
        fake_write_spec(&p, CHAIN, p.note, lm_arena_printf(p.arena, "two %d", i));
        REQUIRE(fake_run(&p, NULL, NULL));
        told = strstr(p.notes, name) != NULL && strstr(p.notes, "set aside") != NULL;
    }
    CHECK(told);
    fake_project_release(&p);
}

/** Runs `waiting` stages behind one of `steps` steps, a stage at once; bytes that the run took. */
static size_t bytes_of_run(struct fake_project *p, int steps, int waiting)
{
    char stages[7000];
    const struct lm_run_options options = {.threads = 2, .jobs = 1};
    int used = snprintf(stages, sizeof stages,
                        "  a: {uses: make, with: {word: a%d, act: count, steps: %d, pause: 1}}\n",
                        waiting, steps);
    for (int i = 0; i < waiting; i++)
        used += snprintf(stages + used, sizeof stages - (size_t)used,
                         "  w%d: {uses: make, with: {word: w%d.%d}}\n", i, steps, i);
    fake_write_spec(p, "%s", stages);
    if (!fake_run(p, &options, NULL) || p->result.executed != (size_t)waiting + 1)
        return SIZE_MAX;
    return lm_arena_used(p->result.arena);
}

/** What a run takes grows with its stages, not with the time that they wait for room. */
static void test_memory_of_waiting(struct tap *tap)
{
    struct fake_project p;
    fake_project_init(&p);
    size_t none = bytes_of_run(&p, 2, 0), some = bytes_of_run(&p, 3, 30);
    size_t more = bytes_of_run(&p, 4, 60), longer = bytes_of_run(&p, 500, 60);
    printf("# %zu bytes alone, %zu with 30 stages, %zu with 60, %zu when they wait for long\n",
           none, some, more, longer);
    REQUIRE(none != SIZE_MAX && some != SIZE_MAX && more != SIZE_MAX && longer != SIZE_MAX);
    CHECK(more - none < 60 * (size_t)12288);
    CHECK(more - some < (some - none) * 5 / 4);
    CHECK(longer < more + 65536);
    fake_project_release(&p);
}

/** A re-run with equal outputs stops the wave: `value` is in the key of a, not in what it writes.
 */
static void test_early_cut_off(struct tap *tap)
{
    struct fake_project p;
    fake_project_init(&p);
    fake_write_spec(&p, "  a: {uses: make, with: {word: x, value: 1}}\n"
                        "  b: {uses: make, in: {from: a.text}, with: {word: y}}\n");
    REQUIRE(fake_run(&p, NULL, NULL));
    fake_write_spec(&p, "  a: {uses: make, with: {word: x, value: 2}}\n"
                        "  b: {uses: make, in: {from: a.text}, with: {word: y}}\n");
    REQUIRE(fake_run(&p, NULL, NULL));
    CHECK_INT(p.result.executed, 1);
    CHECK_INT(fake_state(&p, "a"), LM_DONE);
    CHECK_INT(fake_state(&p, "b"), LM_HIT);
    fake_project_release(&p);
}

/** Back to a former spec: everything hits. A comment or an order changes nothing. */
static void test_going_back(struct tap *tap)
{
    struct fake_project p;
    fake_project_init(&p);
    fake_write_spec(&p, CHAIN, p.note, "two");
    REQUIRE(fake_run(&p, NULL, NULL));
    fake_write_spec(&p, CHAIN, p.note, "zwei");
    REQUIRE(fake_run(&p, NULL, NULL));
    CHECK_INT(p.result.executed, 2);
    CHECK_STR(read_text(&p, "artifacts/fake/words/sub/words"), "one one zwei three");
    fake_write_spec(&p, "  # a comment\n" CHAIN, p.note, "two");
    REQUIRE(fake_run(&p, NULL, NULL));
    CHECK_INT(p.result.executed, 0);
    CHECK_STR(read_text(&p, "artifacts/fake/words/sub/words"), "one one two three");
    fake_project_release(&p);
}

static void test_force(struct tap *tap)
{
    struct fake_project p;
    const char *const force[] = {"a"};
    struct lm_selection selection = {.force = force, .force_count = 1};
    fake_project_init(&p);
    fake_write_spec(&p, CHAIN, p.note, "two");
    REQUIRE(fake_run(&p, NULL, NULL));
    REQUIRE(fake_run(&p, NULL, &selection));
    CHECK_INT(p.result.executed, 1);
    CHECK_INT(fake_state(&p, "a"), LM_DONE);
    CHECK_INT(fake_state(&p, "c"), LM_HIT);
    CHECK_INT(fake_marks(&p), 2);
    fake_project_release(&p);
}

/** One stage fails in each way; what depends on it is skipped, the rest only with keep_going. */
static void test_failures(struct tap *tap)
{
    static const struct {
        const char *act, *words;
    } rows[] = {
        {"fail", "told to fail; tell it otherwise"},
        {"crash", "signal 11 (SIGSEGV)"},
        {"crash", "last words"},
        {"exit", "ended with status 9"},
        {"vanish", "without its output card"},
        {"extra", "wrote 'surplus'"},
        {"link", "no plain file"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake_project p;
        struct lm_run_options options = {.threads = 1, .keep_going = i % 2 == 0};
        fake_project_init(&p);
        fake_write_spec(&p,
                        "  bad: {uses: make, with: {word: x, act: %s}}\n"
                        "  after: {uses: make, in: {from: bad.text}}\n"
                        "  other: {uses: make, with: {word: z}}\n",
                        rows[i].act);
        REQUIRE(fake_run(&p, &options, NULL));
        CHECK_INT(p.result.exit_code, 1);
        CHECK_INT(fake_state(&p, "bad"), LM_FAILED);
        CHECK_INT(fake_state(&p, "after"), LM_SKIPPED);
        CHECK_INT(fake_state(&p, "other"), options.keep_going ? LM_DONE : LM_SKIPPED);
        CHECK(strstr(fake_error(&p, "bad"), rows[i].words) != NULL);
        if (strstr(fake_error(&p, "bad"), rows[i].words) == NULL)
            printf("# %s\n", fake_error(&p, "bad"));
        CHECK(strchr(fake_error(&p, "bad"), '\n') == NULL);
        fake_project_release(&p);
    }
}

/** A failure leaves nothing: no record, no object, no temporary file; mended, it runs. */
static void test_failure_leaves_nothing(struct tap *tap)
{
    struct fake_project p;
    struct lm_store_usage usage;
    fake_project_init(&p);
    fake_write_spec(&p, "  bad: {uses: make, with: {word: x, act: vanish}}\n");
    REQUIRE(fake_run(&p, NULL, NULL));
    REQUIRE(lm_store_usage(p.opened, &usage, NULL) == LM_OK);
    CHECK_INT(usage.actions, 0);
    CHECK_INT(usage.objects, 0);
    CHECK_INT(usage.temporary_bytes, 0);
    fake_write_spec(&p, "  bad: {uses: make, with: {word: x}}\n");
    REQUIRE(fake_run(&p, NULL, NULL));
    CHECK_INT(p.result.exit_code, 0);
    fake_project_release(&p);
}

/** A file in the key that changes while the stage runs: never a result under the old key. */
static void test_changed_file(struct tap *tap)
{
    struct fake_project p;
    struct lm_store_usage usage;
    fake_project_init(&p);
    lm_file_write(lm_path_join(p.arena, p.root, "data"), "first", 5, NULL);
    fake_write_spec(&p, "  a: {uses: make, with: {word: x, act: touch, file: data}}\n");
    REQUIRE(fake_run(&p, NULL, NULL));
    CHECK_INT(p.result.exit_code, 1);
    CHECK(strstr(fake_error(&p, "a"), "changed while the stage ran") != NULL);
    REQUIRE(lm_store_usage(p.opened, &usage, NULL) == LM_OK);
    CHECK_INT(usage.actions, 0);
    REQUIRE(fake_run(&p, NULL, NULL)); /* writes the same again: now nothing changes */
    CHECK_INT(p.result.exit_code, 0);
    fake_project_release(&p);
}

static void test_retries(struct tap *tap)
{
    struct fake_project p;
    fake_project_init(&p);
    fake_write_spec(&p, "  a: {uses: make, with: {act: once, note: %s}}\n", p.note);
    REQUIRE(fake_run(&p, NULL, NULL));
    CHECK_INT(p.result.exit_code, 1);
    unlink(p.note);
    fake_write_spec(&p, "  a: {uses: make, with: {act: once, note: %s}, retries: 2}\n", p.note);
    REQUIRE(fake_run(&p, NULL, NULL));
    CHECK_INT(p.result.exit_code, 0);
    CHECK(strstr(p.notes, "attempt 1 of 3 failed: the first attempt fails") != NULL);
    CHECK_INT(p.result.executed, 1);
    fake_project_release(&p);
}

/** A server that dies takes no stage with it, and the next stage gets a new one. */
static void test_server_dies(struct tap *tap)
{
    struct fake_project p;
    const struct lm_run_options options = {.threads = 1};
    fake_project_init(&p);
    fake_write_spec(&p, "  a: {uses: make, with: {act: unserve, word: a}}\n"
                        "  b: {uses: make, in: {from: [a]}, with: {act: unserve, word: b}}\n"
                        "  c: {uses: make, in: {from: [b]}, with: {word: c}}\n");
    REQUIRE(fake_run(&p, &options, NULL));
    CHECK_INT(p.result.exit_code, 0);
    CHECK_INT(p.result.executed, 3);
    CHECK_INT(fake_state(&p, "c"), LM_DONE);
    fake_project_release(&p);
}

static void test_timeout_and_deadline(struct tap *tap)
{
    struct fake_project p;
    struct lm_run_options options = {.threads = 1, .deadline = 0.3};
    fake_project_init(&p);
    fake_write_spec(&p, "  a: {uses: make, with: {act: hang}, timeout: 1s}\n");
    REQUIRE(fake_run(&p, NULL, NULL));
    CHECK_INT(p.result.exit_code, 1);
    CHECK(strstr(fake_error(&p, "a"), "timeout of 1 s") != NULL);
    REQUIRE(fake_run(&p, &options, NULL));
    CHECK_INT(p.result.exit_code, 75);
    CHECK_INT(fake_state(&p, "a"), LM_STOPPED);
    fake_project_release(&p);
}

/** Runs the project in a process of its own, which may be killed; the exit status is the run's. */
static pid_t start_runner(struct fake_project *p)
{
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t stop;
        sigemptyset(&stop);
        sigaddset(&stop, SIGTERM);
        sigaddset(&stop, SIGINT);
        sigprocmask(SIG_BLOCK, &stop, NULL);
        int code = fake_run(p, NULL, NULL) ? p->result.exit_code : 99;
        fflush(stdout);
        _exit(code);
    }
    return pid;
}

static int wait_runner(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

#define COUNT "  a: {uses: make, with: {word: x, act: count, steps: %d, pause: %d}}\n"

/** Interrupted as often as it takes: exit 75, a checkpoint, and in the end the same bytes. */
static void test_interrupt_and_resume(struct tap *tap)
{
    struct fake_project p, undisturbed;
    fake_project_init(&p);
    fake_project_init(&undisturbed);
    fake_write_spec(&undisturbed, COUNT, 60, 0);
    REQUIRE(fake_run(&undisturbed, NULL, NULL));
    fake_write_spec(&p, COUNT, 60, 10);
    int interrupted = 0, code = 75;
    for (int i = 0; i < 20 && code == 75; i++) {
        pid_t pid = start_runner(&p);
        fake_sleep(250 + 100 * i); /* on a busy machine a stage needs longer to begin */
        kill(pid, SIGTERM);
        code = wait_runner(pid);
        interrupted += code == 75;
    }
    CHECK_INT(code, 0);
    CHECK(interrupted >= 1);
    REQUIRE(fake_run(&p, NULL, NULL));
    CHECK_INT(p.result.executed, 0);
    CHECK_STR(fake_digest(&p, "a", "card"), fake_digest(&undisturbed, "a", "card"));
    CHECK_INT(lm_store_checkpoint(p.opened, &p.plan->stages[0].key), -1);
    /* 60 steps of 10 ms: the time of all runs counts, not of the last one alone */
    CHECK(p.plan->stages[0].record != NULL && p.plan->stages[0].record->seconds >= 0.6);
    fake_project_release(&p);
    fake_project_release(&undisturbed);
}

/** A second signal does not wait for a stage that will not listen. */
static void test_second_signal(struct tap *tap)
{
    struct fake_project p;
    fake_project_init(&p);
    fake_write_spec(&p, "  a: {uses: make, with: {word: x, act: deaf}}\n");
    pid_t pid = start_runner(&p);
    fake_sleep(400);
    kill(pid, SIGTERM);
    fake_sleep(300);
    CHECK(waitpid(pid, NULL, WNOHANG) == 0);
    kill(pid, SIGTERM);
    CHECK_INT(wait_runner(pid), 128 + SIGTERM);
    fake_project_release(&p);
}

#define BUSY                                                                                       \
    "  a: {uses: make, with: {word: x, act: count, steps: 40, pause: 3}}\n"                        \
    "  b: {uses: make, in: {from: a.text}, with: {word: y}}\n"                                     \
    "  c: {uses: make, in: {from: b.text}, with: {word: z}, publish: {text: words}}\n"

/** kill -9 of the runner at any moment: nothing damaged, nothing left, the same bytes in the end.
 */
static void test_killed_runner(struct tap *tap)
{
    struct fake_project p, undisturbed;
    struct lm_store_usage usage;
    fake_project_init(&undisturbed);
    fake_write_spec(&undisturbed, BUSY);
    REQUIRE(fake_run(&undisturbed, NULL, NULL));
    for (int round = 0; round < 4; round++) {
        int code = 1000 + SIGKILL;
        fake_project_init(&p);
        fake_write_spec(&p, BUSY);
        for (int i = 0; i < 12 && code != 0; i++) {
            pid_t pid = start_runner(&p);
            usleep((useconds_t)(20000 + 37000 * ((i * 5 + round * 3) % 11)));
            kill(pid, SIGKILL);
            code = wait_runner(pid);
        }
        REQUIRE(fake_run(&p, NULL, NULL));
        CHECK_INT(p.result.exit_code, 0);
        CHECK_STR(p.notes[0] != '\0' && strstr(p.notes, "damaged") ? p.notes : "", "");
        CHECK_STR(fake_digest(&p, "a", "card"), fake_digest(&undisturbed, "a", "card"));
        CHECK_STR(fake_digest(&p, "c", "text"), fake_digest(&undisturbed, "c", "text"));
        lm_store_sweep(p.opened);
        REQUIRE(lm_store_usage(p.opened, &usage, NULL) == LM_OK);
        CHECK_INT(usage.temporary_bytes, 0);
        fake_project_release(&p);
    }
    fake_project_release(&undisturbed);
}

/** A stage dies with its runner: else it would write beside the next one. */
static void test_stage_dies_with_runner(struct tap *tap)
{
    struct fake_project p;
    fake_project_init(&p);
    fake_write_spec(&p, "  a: {uses: make, with: {word: x, act: deaf, note: %s}}\n", p.note);
    pid_t pid = start_runner(&p);
    for (int i = 0; i < 500 && fake_marks(&p) == 0; i++)
        fake_sleep(10);
    CHECK_INT(fake_marks(&p), 1);
    kill(pid, SIGKILL);
    wait_runner(pid);
    struct lm_lock lock = {.fd = -1};
    struct lm_names names = {0};
    bool taken = false;
    const char *folder = lm_path_join(p.arena, p.store, "tmp");
    fake_sleep(100);
    REQUIRE(lm_dir_list(&names, p.arena, folder, NULL) == LM_OK && names.count >= 1);
    for (size_t i = 0; i < names.count; i++) {
        const char *path = lm_path_join(p.arena, folder, names.items[i]);
        if (strstr(path, ".lock") == NULL)
            continue;
        CHECK(lm_lock_try(&lock, &taken, NULL, path, true, NULL) == LM_OK && taken);
        lm_lock_release(&lock, NULL);
    }
    fake_project_release(&p);
}

/** Two runners, one store: one produces, the other waits and takes the hit. */
static void test_two_runners(struct tap *tap)
{
    struct fake_project p;
    fake_project_init(&p);
    fake_write_spec(&p, "  a: {uses: make, with: {word: x, pause: 700, note: %s}}\n", p.note);
    pid_t other = start_runner(&p);
    for (int i = 0; i < 500 && fake_marks(&p) == 0; i++)
        fake_sleep(10);
    REQUIRE(fake_run(&p, NULL, NULL));
    CHECK_INT(wait_runner(other), 0);
    CHECK_INT(p.result.exit_code, 0);
    CHECK_INT(p.result.executed, 0);
    CHECK_INT(p.events[LM_EV_STAGE_WAIT], 1);
    CHECK_INT(fake_state(&p, "a"), LM_HIT);
    CHECK_INT(fake_marks(&p), 1);
    fake_project_release(&p);
}

/** The waiting runner goes on by itself when the other one dies. */
static void test_other_runner_dies(struct tap *tap)
{
    struct fake_project p;
    fake_project_init(&p);
    fake_write_spec(&p, "  a: {uses: make, with: {word: x, pause: 1500, note: %s}}\n", p.note);
    pid_t first = start_runner(&p);
    for (int i = 0; i < 500 && fake_marks(&p) == 0; i++)
        fake_sleep(10);
    pid_t second = start_runner(&p);
    fake_sleep(500);
    kill(first, SIGKILL);
    wait_runner(first);
    CHECK_INT(wait_runner(second), 0);
    CHECK_INT(fake_marks(&p), 2);
    fake_project_release(&p);
}

/** Stages that may run beside each other do, within threads and mutexes. */
static void test_side_by_side(struct tap *tap)
{
    static const struct {
        const char *resources;
        bool together;
    } rows[] = {
        {"{threads: 1}", true}, {"{threads: 1, mutex: [m]}", false}, {"{threads: 2}", false}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake_project p;
        struct lm_run_options options = {.threads = 2};
        fake_project_init(&p);
        fake_write_spec(&p,
                        "  a: {uses: make, with: {word: a, pause: 300}, resources: %s}\n"
                        "  b: {uses: make, with: {word: b, pause: 300}, resources: %s}\n",
                        rows[i].resources, rows[i].resources);
        REQUIRE(fake_run(&p, &options, NULL));
        char *events =
            read_text(&p, lm_arena_printf(p.arena, "store/runs/%s/events.jsonl", p.result.id));
        REQUIRE(events != NULL);
        /* together: the second begin stands before the first end */
        const char *first_end = strstr(events, "\"stage_end\"");
        const char *last_begin = strstr(strstr(events, "\"stage_begin\"") + 1, "\"stage_begin\"");
        REQUIRE(first_end != NULL && last_begin != NULL);
        CHECK_INT(last_begin < first_end, rows[i].together);
        fake_project_release(&p);
    }
}

/* Two stages that together need more memory than there is run one after the other; one that needs
 * what others hold just now is told so, and runs. */
static void test_memory_is_shared(struct tap *tap)
{
    struct fake_project p;
    struct lm_run_options options = {.threads = 2};
    size_t limit = lm_memory_limit() >> 20;
    fake_project_init(&p);
    fake_write_spec(&p,
                    "  a: {uses: make, with: {word: a, pause: 300}, resources: {threads: 1, "
                    "memory: %zuM}}\n"
                    "  b: {uses: make, with: {word: b, pause: 300}, resources: {threads: 1, "
                    "memory: %zuM}}\n",
                    limit, limit / 2);
    bool short_now = lm_memory_available() < limit << 20;
    REQUIRE(fake_run(&p, &options, NULL));
    CHECK_INT(p.result.exit_code, 0);
    CHECK_INT(strstr(p.notes, "MiB are available now; close other programs") != NULL, short_now);
    char *events =
        read_text(&p, lm_arena_printf(p.arena, "store/runs/%s/events.jsonl", p.result.id));
    REQUIRE(events != NULL);
    const char *first_end = strstr(events, "\"stage_end\"");
    const char *last_begin = strstr(strstr(events, "\"stage_begin\"") + 1, "\"stage_begin\"");
    REQUIRE(first_end != NULL && last_begin != NULL);
    CHECK(first_end < last_begin);
    fake_project_release(&p);
}

static void test_gates_and_ci(struct tap *tap)
{
    static const struct {
        const char *gate;
        int code, verdict;
    } rows[] = {
        {"{metric: a.value, min: 1, max: 3}", 0, LM_GATE_PASS},
        {"{metric: a.value, max: 1.5}", 4, LM_GATE_FAIL},
        {"{metric: a.bad.value, max: 1}", 5, LM_GATE_UNDECIDED},
        {"{metric: a.absent.value, max: 1}", 5, LM_GATE_UNDECIDED},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake_project p;
        struct lm_run_options options = {.threads = 1, .ci = true};
        fake_project_init(&p);
        fake_write_spec(&p, "  a: {uses: make, with: {word: x, value: 2}}\ngates:\n  - %s\n",
                        rows[i].gate);
        REQUIRE(fake_run(&p, &options, NULL));
        CHECK_INT(p.result.exit_code, rows[i].code);
        REQUIRE(p.result.gate_count == 1);
        CHECK_INT(p.result.gates[0].verdict, rows[i].verdict);
        char *junit = read_text(&p, "artifacts/fake/junit-run.xml");
        REQUIRE(junit != NULL);
        CHECK(strstr(junit, rows[i].code == 4 ? "failures=\"1\"" : "failures=\"0\"") != NULL);
        CHECK(strstr(junit, rows[i].code == 5 ? "errors=\"1\"" : "errors=\"0\"") != NULL);
        CHECK(strstr(junit, "tests=\"2\"") != NULL);
        /* What was measured is no part of a test's name. */
        CHECK(strstr(junit, "name=\"a.") != NULL && strstr(junit, "\">2 is") == NULL);
        fake_project_release(&p);
    }
}

/** The files of a job are of the run beside whose run.json they stand. */
static void test_files_of_a_job(struct tap *tap)
{
    static const char *const names[] = {"junit-run.xml", "metrics.json", "provenance.json",
                                        "summary.md"};
    static const char spec[] =
        "  a: {uses: make, with: {word: %s, act: %s}, publish: {text: %s}}\n";
    const struct lm_run_options job = {.threads = 1, .ci = true}, other = {.threads = 1};
    struct fake_project p;
    char path[80];
    size_t there[5] = {0};
    fake_project_init(&p);
    for (int step = 0; step < 5; step++) {
        const char *word = step < 2 ? "x" : step < 4 ? "y" : "z";
        fake_write_spec(&p, spec, word, step == 4 ? "fail" : "write", "out");
        REQUIRE(fake_run(&p, step == 1 || step == 2 ? &other : &job, NULL));
        for (size_t i = 0; i < 4; i++) {
            snprintf(path, sizeof path, "%s/artifacts/fake/%s", p.root, names[i]);
            there[step] += lm_path_exists(path);
        }
    }
    CHECK_INT(there[0], 4);
    CHECK_INT(there[1], 4); /* nothing ran: they still are of the same results */
    CHECK_INT(there[2], 0);
    CHECK_INT(there[3], 4);
    CHECK_INT(there[4], 3);          /* nothing is published: nothing to be proven */
    for (size_t i = 0; i < 4; i++) { /* nobody else publishes to them */
        fake_write_spec(&p, spec, "x", "write", names[i]);
        CHECK(!fake_run(&p, &job, NULL));
    }
    fake_project_release(&p);
}

/** What the page `stage` was told, "" when there is none. */
static const char *told(struct fake_project *p, const char *file)
{
    char path[64];
    snprintf(path, sizeof path, "artifacts/fake/%s", file);
    char *text = read_text(p, path);
    return text != NULL ? text : "";
}

/** One decision, everywhere the same: pages wait for gated stages that they take nothing from. */
static void test_pages_show_what_is_decided(struct tap *tap)
{
    static const char spec[] =
        "  one: {uses: page, in: {from: a.text}, with: {note: '%s'}, publish: "
        "{junit: one.xml}}\n"
        "  two: {uses: page, in: {from: b.text}, with: {note: '%s'}, publish: "
        "{junit: two.xml}}\n"
        "  a: {uses: make, with: {word: a, value: 2}}\n"
        "  b: {uses: make, with: {word: b, value: 5, pause: 200}}\n"
        "  late: {uses: make, in: {from: two.text}, with: {value: 9}}\n"
        "gates:\n  - {metric: a.value, max: 3}\n  - {metric: b.value, max: %d}\n"
        "  - {metric: late.value, max: 1}\n";
    const char *good = "\"verdict\":\"pass\",\"why\":{\"kind\":\"at_most\",\"because\":\"none\","
                       "\"parts\":[\"2\",\"3\"]}";
    const char *bad = "\"verdict\":\"fail\",\"why\":{\"kind\":\"above\",\"because\":\"none\","
                      "\"parts\":[\"5\",\"4\"]}";
    struct lm_run_options options = {.threads = 2, .ci = true, .keep_going = true};
    struct fake_project p;
    fake_project_init(&p);
    fake_write_spec(&p, spec, p.note, p.note, 4);
    REQUIRE(fake_run(&p, &options, NULL));
    CHECK_INT(p.result.exit_code, 4);
    CHECK_INT(fake_marks(&p), 2);
    CHECK(strstr(told(&p, "one.xml"), good) != NULL && strstr(told(&p, "two.xml"), good) != NULL);
    CHECK(strstr(told(&p, "one.xml"), bad) != NULL && strstr(told(&p, "two.xml"), bad) != NULL);
    /* What follows from a page is not known to any page; what pages show is not shown again. */
    CHECK(strstr(told(&p, "one.xml"), "late") == NULL &&
          strstr(told(&p, "two.xml"), "late") == NULL);
    CHECK(strstr(told(&p, "junit-run.xml"), "name=\"late.value max 1\"") != NULL);
    CHECK(strstr(told(&p, "junit-run.xml"), "b.value") == NULL);
    CHECK_STR(p.result.gates[1].reason, "5 is above 4");
    CHECK(p.result.gates[2].verdict == LM_GATE_FAIL);
    /* Again: all hits. Another bound: another page, nothing else. */
    REQUIRE(fake_run(&p, &options, NULL));
    CHECK_INT(fake_marks(&p), 2);
    CHECK_INT(p.result.executed, 0);
    fake_write_spec(&p, spec, p.note, p.note, 5);
    REQUIRE(fake_run(&p, &options, NULL));
    CHECK_INT(p.result.executed, 2);
    CHECK(strstr(told(&p, "one.xml"), "\"parts\":[\"5\",\"5\"]") != NULL);
    fake_project_release(&p);
}

static void test_pages_and_stages_without_results(struct tap *tap)
{
    static const char spec[] =
        "  one: {uses: page, in: {from: a.text}, publish: {junit: one.xml}}\n"
        "  a: {uses: make, with: {word: a, value: 2}}\n"
        "  b: {uses: make, with: {word: b, act: %s, value: 5}}\n"
        "gates:\n  - {metric: b.value, max: 9}\n";
    const char *targets[] = {"one"};
    struct lm_run_options options = {.threads = 2, .ci = true, .keep_going = true};
    struct lm_selection only_page = {.targets = targets, .target_count = 1};
    struct fake_project p;
    fake_project_init(&p);
    fake_write_spec(&p, spec, "fail");
    REQUIRE(fake_run(&p, &options, NULL));
    CHECK_INT(p.result.exit_code, 1);
    CHECK_INT(fake_state(&p, "one"), LM_DONE);
    CHECK(strstr(told(&p, "one.xml"), "\"verdict\":\"undecided\",\"why\":{\"kind\":\"failed\"") !=
          NULL);
    CHECK_INT(p.result.gates[0].verdict, LM_GATE_UNDECIDED);
    /* Not selected is skipped, whether there is a result or not. */
    REQUIRE(fake_run(&p, &options, &only_page));
    CHECK_INT(p.result.exit_code, 0);
    CHECK(strstr(told(&p, "one.xml"), "\"verdict\":\"skipped\"") != NULL);
    fake_write_spec(&p, spec, "write");
    REQUIRE(fake_run(&p, &options, NULL));
    CHECK_INT(p.result.exit_code, 0);
    CHECK(strstr(told(&p, "one.xml"), "\"verdict\":\"pass\"") != NULL);
    REQUIRE(fake_run(&p, &options, &only_page));
    CHECK(strstr(told(&p, "one.xml"), "\"verdict\":\"skipped\"") != NULL);
    CHECK_INT(p.result.executed, 0);
    fake_project_release(&p);
}

/** Two pages, each followed by a gated stage: were each to wait for the other's, none would begin.
 */
static void test_pages_do_not_wait_for_each_other(struct tap *tap)
{
    struct lm_run_options options = {.threads = 2, .ci = true};
    struct fake_project p;
    fake_project_init(&p);
    fake_write_spec(&p, "  c1: {uses: make, in: {from: r1.text}, with: {value: 1}}\n"
                        "  c2: {uses: make, in: {from: r2.text}, with: {value: 2}}\n"
                        "  r1: {uses: page}\n  r2: {uses: page, with: {value: 2}}\n"
                        "gates: [{metric: c1.value, max: 3}, {metric: c2.value, max: 3}]\n");
    REQUIRE(fake_run(&p, &options, NULL));
    CHECK_INT(p.result.exit_code, 0);
    CHECK_INT(p.result.executed, 4);
    CHECK(strstr(told(&p, "junit-run.xml"), "c1.value max 3") != NULL);
    fake_project_release(&p);
}

/** artifacts/<experiment>/ belongs to the spec that made it. */
static void test_other_spec(struct tap *tap)
{
    struct fake_project p;
    char first[128];
    fake_project_init(&p);
    fake_write_spec(&p, "  a: {uses: make, with: {word: x}}\n");
    REQUIRE(fake_run(&p, NULL, NULL));
    strcpy(first, p.spec);
    snprintf(p.spec, sizeof p.spec, "%s/other.yaml", p.root);
    fake_write_spec(&p, "  a: {uses: make, with: {word: y}}\n");
    CHECK(!fake_run(&p, NULL, NULL));
    CHECK_INT(p.status, LM_INVALID);
    CHECK(strstr(p.err.text, "artifacts/fake belongs to ") != NULL);
    unlink(first); /* a spec that was renamed is no other spec */
    CHECK(fake_run(&p, NULL, NULL));
    fake_project_release(&p);
}

/** A damaged object: a warning, the stage runs again, and its bytes are the same. */
static void test_damaged_object_heals(struct tap *tap)
{
    struct fake_project p;
    struct lm_names objects = {0};
    fake_project_init(&p);
    fake_write_spec(&p, CHAIN, p.note, "two");
    REQUIRE(fake_run(&p, NULL, NULL));
    char before[128];
    snprintf(before, sizeof before, "%s", fake_digest(&p, "c", "text"));
    const char *folder = lm_path_join(p.arena, p.store, "objects");
    REQUIRE(lm_dir_walk(&objects, NULL, p.arena, folder, NULL) == LM_OK && objects.count > 0);
    for (size_t i = 0; i < objects.count; i++) {
        const char *path = lm_path_join(p.arena, folder, objects.items[i]);
        chmod(path, 0644);
        REQUIRE(lm_file_write(path, "damaged", 7, NULL) == LM_OK);
        REQUIRE(fake_run(&p, NULL, NULL));
        CHECK_INT(p.result.exit_code, 0);
        CHECK(p.result.executed >= 1);
        CHECK(strstr(p.notes, "was damaged and has been set aside") != NULL);
        CHECK_STR(fake_digest(&p, "c", "text"), before);
    }
    fake_project_release(&p);
}

/** run.json and events.jsonl are JSON. */
static void test_run_files(struct tap *tap)
{
    struct fake_project p;
    struct lm_json *root = NULL;
    fake_project_init(&p);
    fake_write_spec(&p, CHAIN, p.note, "two");
    REQUIRE(fake_run(&p, NULL, NULL));
    char *text = read_text(&p, "artifacts/fake/run.json");
    REQUIRE(text != NULL && lm_json_parse(&root, text, strlen(text), NULL) == LM_OK);
    const struct lm_json *stages = lm_json_get(root, "stages");
    CHECK_INT(lm_json_count(stages), 3);
    CHECK_STR(lm_json_string(lm_json_get(lm_json_at(stages, 2), "state"), NULL), "done");
    CHECK(lm_json_int(lm_json_get(lm_json_at(stages, 2), "peak_memory"), 0) > 1000000);
    CHECK_STR(lm_json_string(lm_json_get(root, "state"), NULL), "done");
    lm_json_free(root);
    text = read_text(&p, lm_arena_printf(p.arena, "store/runs/%s/events.jsonl", p.result.id));
    REQUIRE(text != NULL);
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        REQUIRE(lm_json_parse(&root, line, (size_t)(end - line), NULL) == LM_OK);
        CHECK(lm_json_string(lm_json_get(root, "event"), NULL) != NULL);
        lm_json_free(root);
    }
    const char *log = NULL;
    CHECK_INT(lm_run_log_path(p.plan, 1, &log, NULL), LM_OK);
    CHECK(log != NULL && strstr(log, "/logs/b.log") != NULL);
    fake_project_release(&p);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_happy_path) TAP_ROW(test_rot_is_found) TAP_ROW(test_memory_of_waiting)
        TAP_ROW(test_early_cut_off) TAP_ROW(test_going_back) TAP_ROW(test_force)
            TAP_ROW(test_failures) TAP_ROW(test_failure_leaves_nothing) TAP_ROW(test_changed_file)
                TAP_ROW(test_retries) TAP_ROW(test_server_dies) TAP_ROW(test_timeout_and_deadline)
                    TAP_ROW(test_interrupt_and_resume) TAP_ROW(test_second_signal)
                        TAP_ROW(test_killed_runner) TAP_ROW(test_stage_dies_with_runner)
                            TAP_ROW(test_two_runners) TAP_ROW(test_other_runner_dies)
                                TAP_ROW(test_side_by_side) TAP_ROW(test_memory_is_shared)
                                    TAP_ROW(test_gates_and_ci) TAP_ROW(test_files_of_a_job)
                                        TAP_ROW(test_pages_show_what_is_decided)
                                            TAP_ROW(test_pages_and_stages_without_results)
                                                TAP_ROW(test_pages_do_not_wait_for_each_other)
                                                    TAP_ROW(test_other_spec)
                                                        TAP_ROW(test_damaged_object_heals)
                                                            TAP_ROW(test_run_files)};

int main(int argc, char **argv)
{
    fake_worker(argc, argv);
    return tap_main(tests, sizeof tests / sizeof tests[0]);
}
