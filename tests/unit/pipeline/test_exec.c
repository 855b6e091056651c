#include "pipeline/exec.h"

#include "fake_runner.h"
#include "tap.h"

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

static const struct tap_test tests[] = {TAP_ROW(test_happy_path)};

int main(int argc, char **argv)
{
    fake_worker(argc, argv);
    return tap_main(tests, sizeof tests / sizeof tests[0]);
}
