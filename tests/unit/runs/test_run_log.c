#include <lmpipe/runs.h>

#include "tap.h"
#include "unit/pipeline/fake_runner.h"

/* What a run left of a stage, with a line that a kill has torn, then its rest. */
struct told {
    size_t begins, ends, notes, others;
    enum lm_state state;
};

static void take_text(void *user, const char *bytes, size_t size)
{
    (void)user, (void)bytes, (void)size;
}

static void take_past(void *user, const struct lm_run_event *event, double seconds)
{
    struct told *told = user;
    told->begins += event->kind == LM_EV_STAGE_BEGIN;
    told->ends += event->kind == LM_EV_STAGE_END;
    told->notes += event->kind == LM_EV_NOTE && event->stage != NULL;
    told->others += event->stage != NULL && strcmp(event->stage, "b") != 0;
    told->others += !(seconds >= 0);
    if (event->kind == LM_EV_STAGE_END)
        told->state = event->state;
}

static void append(const char *path, const char *text)
{
    FILE *file = fopen(path, "a");
    if (file == NULL || fputs(text, file) < 0)
        abort();
    fclose(file);
}

static void test_log(struct tap *tap)
{
    struct fake_project p;
    fake_project_init(&p);
    fake_write_spec(&p,
                    "  a: {uses: make, with: {word: one, note: %s}}\n"
                    "  b: {uses: make, in: {from: a.text}, with: {word: %s, note: %s}}\n",
                    p.note, "two", p.note);
    REQUIRE(fake_run(&p, NULL, NULL));
    struct lm_run_log *log = NULL, *later = NULL;
    struct told told = {0};
    REQUIRE(lm_run_log_open(&log, p.plan, 1, NULL, NULL) == LM_OK);
    CHECK_STR(lm_run_log_id(log), p.result.id);
    CHECK(!lm_run_log_is_live(log) && lm_run_live(p.plan) == NULL);
    CHECK_INT(lm_run_log_open(&later, p.plan, 1, p.result.id, NULL), LM_NOT_FOUND);
    CHECK_INT(lm_run_log_read(log, take_text, take_past, &told, NULL), LM_OK);
    CHECK(told.begins == 1 && told.ends == 1 && told.others == 0 && told.state == LM_DONE);
    size_t notes = told.notes;
    const char *path = lm_arena_printf(p.arena, "%s/runs/%s/events.jsonl", p.store, p.result.id);
    REQUIRE(path != NULL);
    append(path, "{\"t\":9,\"event\":\"note\",\"sta");
    CHECK_INT(lm_run_log_read(log, take_text, take_past, &told, NULL), LM_OK);
    CHECK_INT(told.notes, notes);
    append(path, "ge\":\"b\",\"text\":\"x\"}\nno event\n{\"event\":\"other\"}\n");
    CHECK_INT(lm_run_log_read(log, take_text, take_past, &told, NULL), LM_OK);
    CHECK(told.notes == notes + 1 && told.others == 0);
    lm_run_log_close(log);
    fake_project_release(&p);
}

static const struct tap_test tests[] = {TAP_ROW(test_log)};

int main(int argc, char **argv)
{
    fake_worker(argc, argv);
    return tap_main(tests, sizeof tests / sizeof tests[0]);
}
