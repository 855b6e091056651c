#include "live.h"

#include <unistd.h>

#include "tap.h"

struct screen {
    struct lm_cli cli;
    struct lm_live *live;
    char *text;
    size_t size;
};

static bool open_screen(struct screen *screen, bool terminal, enum lm_progress progress)
{
    *screen = (struct screen){0};
    screen->cli.arena = lm_arena_create();
    screen->cli.utf8 = true;
    screen->cli.err.raw = open_memstream(&screen->text, &screen->size);
    screen->cli.err.file = screen->cli.err.raw;
    screen->cli.err.moving = terminal;
    screen->live = lm_live_create(&screen->cli, progress);
    return screen->live != NULL;
}

/* What was written so far; still growing. */
static const char *so_far(struct screen *screen)
{
    fflush(screen->cli.err.raw);
    return screen->text;
}

static void close_screen(struct screen *screen)
{
    lm_live_free(screen->live);
    fclose(screen->cli.err.raw);
    free(screen->text);
    lm_arena_free(screen->cli.arena);
}

static void send(struct screen *screen, struct lm_run_event event)
{
    lm_live_event(screen->live, &event);
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        count++;
    return count;
}

static void plain_lines_tell_changes(struct tap *tap)
{
    struct screen screen;
    REQUIRE(open_screen(&screen, false, LM_PROGRESS_AUTO));
    send(&screen, (struct lm_run_event){.kind = LM_EV_RUN_BEGIN});
    send(&screen, (struct lm_run_event){.kind = LM_EV_STAGE_HIT, .stage = "corpus"});
    send(&screen,
         (struct lm_run_event){.kind = LM_EV_STAGE_BEGIN, .stage = "text", .text = "no result"});
    send(&screen, (struct lm_run_event){
                      .kind = LM_EV_NOTE, .stage = "text", .text = "::error::\x1b[2J 3 dropped"});
    for (uint64_t i = 0; i < 1000; i++)
        send(&screen, (struct lm_run_event){
                          .kind = LM_EV_PROGRESS, .stage = "text", .done = i, .total = 1000});
    send(&screen, (struct lm_run_event){
                      .kind = LM_EV_STAGE_END, .stage = "text", .state = LM_DONE, .value = 1.5});
    send(&screen, (struct lm_run_event){.kind = LM_EV_RUN_END});
    CHECK_STR(so_far(&screen), "text: running, no result\n"
                               "text: \\u003a:error::\\x1b[2J 3 dropped\n"
                               "text: done, 1.5 s\n");
    close_screen(&screen);
}

/* Each of many stages keeps what is its own. */
static void many_stages_are_told_apart(struct tap *tap)
{
    struct screen screen;
    char id[16];
    REQUIRE(open_screen(&screen, false, LM_PROGRESS_AUTO));
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 3000; i++) {
            snprintf(id, sizeof id, "s%d", i);
            send(&screen,
                 (struct lm_run_event){.kind = round == 0 ? LM_EV_STAGE_BEGIN : LM_EV_STAGE_END,
                                       .stage = id,
                                       .state = i % 2 == 0 ? LM_DONE : LM_FAILED,
                                       .value = 1});
        }
    const char *text = so_far(&screen);
    CHECK_INT(count_of(text, ": running\n"), 3000);
    CHECK_INT(count_of(text, ": done, 1.0 s\n"), 1500);
    CHECK(strstr(text, "\ns2999: failed, 1.0 s\n") != NULL);
    close_screen(&screen);
}

static void json_lines_are_the_events(struct tap *tap)
{
    struct screen screen;
    REQUIRE(open_screen(&screen, true, LM_PROGRESS_JSON));
    send(&screen,
         (struct lm_run_event){.kind = LM_EV_STAGE_BEGIN, .stage = "a", .json = "{\"a\": 1}"});
    send(&screen, (struct lm_run_event){.kind = LM_EV_TICK});
    CHECK_STR(so_far(&screen), "{\"a\": 1}\n");
    close_screen(&screen);
}

static void none_is_silent(struct tap *tap)
{
    struct screen screen;
    REQUIRE(open_screen(&screen, true, LM_PROGRESS_NONE));
    send(&screen, (struct lm_run_event){.kind = LM_EV_STAGE_BEGIN, .stage = "a", .text = "x"});
    send(&screen, (struct lm_run_event){.kind = LM_EV_STAGE_END, .stage = "a", .text = "x"});
    fflush(screen.cli.err.raw);
    CHECK_INT(screen.size, 0);
    close_screen(&screen);
}

/* Two running stages: two moving lines, redrawn at most 8 times a second, gone at the end; no line
 * is wider than the terminal (80 columns where none is told). */
static void moving_lines_stay_in_place(struct tap *tap)
{
    struct screen screen;
    REQUIRE(open_screen(&screen, true, LM_PROGRESS_AUTO));
    send(&screen, (struct lm_run_event){.kind = LM_EV_STAGE_BEGIN, .stage = "model"});
    send(&screen, (struct lm_run_event){.kind = LM_EV_STAGE_BEGIN, .stage = "红楼梦"});
    for (uint64_t i = 0; i < 40; i++) {
        send(&screen, (struct lm_run_event){.kind = LM_EV_PROGRESS,
                                            .stage = "model",
                                            .done = i,
                                            .total = 1000,
                                            .text = "steps"});
        for (char name[] = "a_long_gauge_0"; name[13] < '8'; name[13]++)
            send(&screen, (struct lm_run_event){
                              .kind = LM_EV_GAUGE, .stage = "model", .text = name, .value = 1.25});
        usleep(10000);
    }
    const char *text = so_far(&screen);
    CHECK(count_of(text, "\r\033[J") >= 2);
    CHECK(count_of(text, "\r\033[J") <= 5);
    CHECK(strstr(text, "\033[1A\r\033[J") != NULL);
    CHECK(strstr(text, "a_long_gauge_0 1.25") != NULL);
    CHECK(strstr(text, "a_long_gauge_7") == NULL);
    send(&screen, (struct lm_run_event){.kind = LM_EV_STAGE_END,
                                        .stage = "model",
                                        .state = LM_FAILED,
                                        .value = 2,
                                        .text = "killed by signal 9"});
    send(&screen, (struct lm_run_event){.kind = LM_EV_RUN_END});
    text = so_far(&screen);
    CHECK(strstr(text, "model: failed, 2.0 s: killed by signal 9\n") != NULL);
    CHECK(strlen(text) >= 4 && strcmp(text + strlen(text) - 4, "\r\033[J") == 0);
    close_screen(&screen);
}

static void ci_has_no_moving_lines(struct tap *tap)
{
    struct screen screen;
    REQUIRE(open_screen(&screen, true, LM_PROGRESS_AUTO));
    lm_live_free(screen.live);
    screen.cli.ci = true;
    screen.live = lm_live_create(&screen.cli, LM_PROGRESS_AUTO);
    REQUIRE(screen.live != NULL);
    send(&screen, (struct lm_run_event){.kind = LM_EV_STAGE_BEGIN, .stage = "a", .text = "x"});
    send(&screen, (struct lm_run_event){.kind = LM_EV_TICK});
    CHECK_STR(so_far(&screen), "a: running, x\n");
    close_screen(&screen);
}

static const struct tap_test tests[] = {
    TAP_ROW(plain_lines_tell_changes) TAP_ROW(json_lines_are_the_events) TAP_ROW(none_is_silent)
        TAP_ROW(many_stages_are_told_apart) TAP_ROW(moving_lines_stay_in_place)
            TAP_ROW(ci_has_no_moving_lines)};

LM_TEST_FILE(tests)
