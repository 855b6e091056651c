#include "exec/child.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "tap.h"

struct lines {
    char text[8192];
    size_t count, longest;
};

static void take(void *user, const char *line, size_t size)
{
    struct lines *lines = user;
    size_t used = strlen(lines->text);
    lines->count++;
    lines->longest = size > lines->longest ? size : lines->longest;
    if (size < 100)
        snprintf(lines->text + used, sizeof lines->text - used, "%s|", line);
}

/** Runs a shell script to its end; its log is in *log. */
static bool run_script(const char *script, struct lines *lines, struct lm_child_end *end,
                       char log[4096])
{
    char path[] = "/tmp/lmpipe-test-child-XXXXXX";
    const char *const argv[] = {"/bin/sh", "-c", script, NULL}, *const envp[] = {"WORD=yes", NULL};
    struct lm_child child;
    int fd = mkstemp(path);
    memset(lines, 0, sizeof *lines);
    if (fd < 0 || lm_child_start(&child, argv, envp, path, NULL) != LM_OK)
        return false;
    struct pollfd fds[2] = {{.fd = child.pid_fd, .events = POLLIN},
                            {.fd = child.events_fd, .events = POLLIN}};
    while (poll(fds, 2, 10000) > 0 && fds[0].revents == 0) {
        lm_child_read(&child, take, lines);
        fds[1].fd = child.events_fd;
    }
    lm_child_finish(&child, end, take, lines);
    ssize_t n = pread(fd, log, 4095, 0);
    log[n > 0 ? n : 0] = '\0';
    close(fd);
    unlink(path);
    return true;
}

static void test_lines_and_log(struct tap *tap)
{
    struct lines lines;
    struct lm_child_end end;
    char log[4096];
    REQUIRE(run_script("echo one >&3; echo out; echo err >&2; printf 'two\\nrest' >&3; "
                       "echo $WORD$HOME >&3; read x && echo stdin; exit 7",
                       &lines, &end, log));
    CHECK_STR(lines.text, "one|two|restyes|");
    CHECK_STR(log, "out\nerr\n");
    CHECK_INT(end.exit_code, 7);
    CHECK_INT(end.signal, 0);
    CHECK(end.memory > 100000);
}

static void test_signal(struct tap *tap)
{
    struct lines lines;
    struct lm_child_end end;
    char log[4096];
    REQUIRE(run_script("kill -SEGV $$", &lines, &end, log));
    CHECK_INT(end.exit_code, -1);
    CHECK_INT(end.signal, SIGSEGV);
    CHECK_STR(lm_signal_name(end.signal), "SIGSEGV");
    CHECK_STR(lm_signal_name(SIGKILL), "SIGKILL");
    CHECK_STR(lm_signal_name(1000), "signal");
}

static void test_long_line(struct tap *tap)
{
    struct lines lines;
    struct lm_child_end end;
    char log[4096];
    REQUIRE(run_script("head -c 3000000 /dev/zero | tr '\\0' x >&3; echo >&3; echo after >&3",
                       &lines, &end, log));
    CHECK_INT(lines.longest, 3000000);
    CHECK_STR(lines.text, "after|");
}

static void test_no_program(struct tap *tap)
{
    const char *const argv[] = {"/no/such/program", NULL}, *const envp[] = {NULL};
    char path[] = "/tmp/lmpipe-test-child-XXXXXX";
    struct lines lines = {.count = 0};
    struct lm_child child;
    struct lm_child_end end;
    int fd = mkstemp(path);
    REQUIRE(fd >= 0 && lm_child_start(&child, argv, envp, path, NULL) == LM_OK);
    lm_child_finish(&child, &end, take, &lines);
    CHECK_INT(end.exit_code, 127);
    close(fd);
    unlink(path);
    CHECK(lm_child_start(&child, argv, envp, "/no/such/log", NULL) != LM_OK);
}

/** Only descriptors 0 to 3 reach the program. */
static void test_descriptors(struct tap *tap)
{
    struct lines lines;
    struct lm_child_end end;
    char log[4096];
    REQUIRE(run_script("for fd in 4 5 6 7 8 9 10 11 12 13 14 15; do "
                       "[ -e /proc/$$/fd/$fd ] && echo $fd >&3; done; echo done >&3",
                       &lines, &end, log));
    CHECK_STR(lines.text, "done|");
}

static const struct tap_test tests[] = {TAP_ROW(test_lines_and_log) TAP_ROW(test_signal) TAP_ROW(
    test_long_line) TAP_ROW(test_no_program) TAP_ROW(test_descriptors)};
LM_TEST_FILE(tests)
