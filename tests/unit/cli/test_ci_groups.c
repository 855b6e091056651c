#include "ci_groups.h"

#include <string.h>

#include "tap.h"

struct log {
    FILE *file;
    char *text;
    size_t size;
    struct lm_groups *groups;
};

static bool open_log(struct log *log, enum lm_ci_system system)
{
    *log = (struct log){0};
    log->file = open_memstream(&log->text, &log->size);
    log->groups = lm_groups_create(system, log->file);
    return log->groups != NULL;
}

static const char *so_far(struct log *log)
{
    fflush(log->file);
    return log->text;
}

static void close_log(struct log *log)
{
    lm_groups_free(log->groups);
    fclose(log->file);
    free(log->text);
}

static void test_one_stage(struct tap *tap)
{
    struct log log;
    REQUIRE(open_log(&log, LM_CI_GITHUB));
    CHECK(!lm_groups_line(log.groups, "a", "too early"));
    lm_groups_begin(log.groups, "a");
    lm_groups_begin(log.groups, "a");
    CHECK(lm_groups_line(log.groups, "a", "one"));
    CHECK_STR(so_far(&log), "::group::a\none\n"); /* as it comes */
    CHECK(lm_groups_line(log.groups, "a", "two"));
    lm_groups_end(log.groups, "a");
    lm_groups_end(log.groups, "a");
    CHECK_STR(so_far(&log), "::group::a\none\ntwo\n::endgroup::\n");
    close_log(&log);
}

/** Lines of stages that run side by side never stand in one another's part, nor does one get lost.
 */
static void test_side_by_side(struct tap *tap)
{
    struct log log;
    REQUIRE(open_log(&log, LM_CI_GITHUB));
    lm_groups_begin(log.groups, "a");
    lm_groups_begin(log.groups, "b");
    lm_groups_begin(log.groups, "c");
    lm_groups_line(log.groups, "b", "b1");
    lm_groups_line(log.groups, "a", "a1");
    lm_groups_line(log.groups, "c", "c1");
    lm_groups_line(log.groups, "b", "b2");
    lm_groups_end(log.groups, "b");
    fputs("b: done\n", log.file);
    lm_groups_line(log.groups, "a", "a2");
    lm_groups_end(log.groups, "a");
    fputs("a: done\n", log.file);
    lm_groups_line(log.groups, "c", "c2");
    lm_groups_close(log.groups);
    fputs("note\n", log.file);
    lm_groups_line(log.groups, "c", "c3");
    lm_groups_end(log.groups, "c");
    CHECK_STR(so_far(&log), "::group::a\na1\n::endgroup::\n"
                            "::group::b\nb1\nb2\n::endgroup::\nb: done\n"
                            "::group::a\na2\n::endgroup::\na: done\n"
                            "::group::c\nc1\nc2\n::endgroup::\nnote\n"
                            "::group::c\nc3\n::endgroup::\n");
    close_log(&log);
}

static void test_what_is_held_is_bounded_and_never_lost(struct tap *tap)
{
    struct log log;
    char line[1000];
    size_t lines = 0;
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    REQUIRE(open_log(&log, LM_CI_GITHUB));
    lm_groups_begin(log.groups, "a");
    lm_groups_begin(log.groups, "b");
    for (int i = 0; i < 1000; i++)
        CHECK(lm_groups_line(log.groups, "b", line));
    CHECK(strlen(so_far(&log)) > 900000);
    lm_groups_free(log.groups); /* as at a sudden end */
    log.groups = NULL;
    for (const char *p = so_far(&log); (p = strstr(p, line)) != NULL; p += sizeof line - 1)
        lines++;
    CHECK_INT(lines, 1000);
    close_log(&log);
}

static void test_titles(struct tap *tap)
{
    struct log log;
    REQUIRE(open_log(&log, LM_CI_GITHUB));
    lm_groups_begin(log.groups, "m@x=%0A%3A%3A");
    lm_groups_line(log.groups, "m@x=%0A%3A%3A", "one");
    CHECK_STR(so_far(&log), "::group::m@x=%250A%253A%253A\none\n");
    close_log(&log);
}

static void test_sections(struct tap *tap)
{
    struct log log;
    unsigned long long began, ended;
    int used = 0;
    REQUIRE(open_log(&log, LM_CI_GITLAB));
    lm_groups_begin(log.groups, "model@lr=0.001,seed=2");
    lm_groups_line(log.groups, "model@lr=0.001,seed=2", "one");
    lm_groups_end(log.groups, "model@lr=0.001,seed=2");
    CHECK_INT(sscanf(so_far(&log),
                     "\033[0Ksection_start:%llu:lmpipe_1[collapsed=true]\r\033[0K"
                     "model@lr=0.001,seed=2\none\n\033[0Ksection_end:%llu:lmpipe_1\r\033[0K%n",
                     &began, &ended, &used),
              2);
    CHECK(used > 0 && began <= ended && began > 1700000000);
    close_log(&log);
}

static void test_elsewhere(struct tap *tap)
{
    CHECK(lm_groups_create(LM_CI_NONE, stdout) == NULL);
    lm_groups_close(NULL);
    lm_groups_free(NULL);
}

static const struct tap_test tests[] = {TAP_ROW(test_one_stage) TAP_ROW(test_side_by_side)
                                            TAP_ROW(test_what_is_held_is_bounded_and_never_lost)
                                                TAP_ROW(test_titles) TAP_ROW(test_sections)
                                                    TAP_ROW(test_elsewhere)};
LM_TEST_FILE(tests)
