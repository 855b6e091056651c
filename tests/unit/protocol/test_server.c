#include "tap.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/server.h"

/** Two ends of a socket, and two descriptors to send. */
struct fixture {
    int ends[2], files[2];
    char job[LM_SERVER_PATH_MAX];
    struct lm_err err;
};

static void setup(struct fixture *f, int type)
{
    *f = (struct fixture){.err = {LM_OK, ""}};
    f->files[0] = open("/dev/null", O_WRONLY | O_CLOEXEC);
    f->files[1] = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, f->ends) != 0 || f->files[0] < 0 ||
        f->files[1] < 0)
        abort();
}

static void teardown(const struct fixture *f)
{
    for (size_t i = 0; i < 2; i++) {
        close(f->files[i]);
        if (f->ends[i] >= 0)
            close(f->ends[i]);
    }
}

static void test_request(struct tap *tap)
{
    struct fixture f;
    char zero = 'x';
    int log = -1, events = -1;
    setup(&f, SOCK_SEQPACKET);
    REQUIRE(lm_server_send(f.ends[0], "/a/job.json", f.files[0], f.files[1], &f.err) == LM_OK);
    REQUIRE(lm_server_receive(f.ends[1], f.job, &log, &events, &f.err) == LM_OK);
    CHECK_STR(f.job, "/a/job.json");
    CHECK_INT(write(log, "x", 1), 1);
    CHECK_INT(read(events, &zero, 1), 1);
    CHECK_INT(zero, '\0');
    CHECK_INT(fcntl(log, F_GETFD), FD_CLOEXEC);
    close(log);
    close(events);
    teardown(&f);
}

/** To a process that rests, over a stream: its events have a descriptor already. */
static void test_resting(struct tap *tap)
{
    struct fixture f;
    int log = -1;
    setup(&f, SOCK_STREAM);
    REQUIRE(lm_server_send(f.ends[0], "/b", f.files[0], -1, &f.err) == LM_OK);
    REQUIRE(lm_server_receive(f.ends[1], f.job, &log, NULL, &f.err) == LM_OK);
    CHECK_STR(f.job, "/b");
    CHECK_INT(write(log, "x", 1), 1);
    close(log);
    close(f.ends[0]);
    f.ends[0] = -1;
    CHECK_INT(lm_server_receive(f.ends[1], f.job, &log, NULL, &f.err), LM_NOT_FOUND);
    teardown(&f);
}

static void test_refused(struct tap *tap)
{
    struct fixture f;
    int log = -1;
    char path[LM_SERVER_PATH_MAX + 1];
    setup(&f, SOCK_SEQPACKET);
    memset(path, 'p', sizeof path);
    path[sizeof path - 1] = '\0';
    CHECK_INT(lm_server_send(f.ends[0], path, f.files[0], -1, &f.err), LM_RANGE);
    CHECK_INT(send(f.ends[0], "job", 4, 0), 4);
    CHECK_INT(lm_server_receive(f.ends[1], f.job, &log, NULL, &f.err), LM_IO);
    close(f.ends[1]);
    f.ends[1] = -1;
    CHECK_INT(lm_server_send(f.ends[0], "/a", f.files[0], -1, &f.err), LM_IO); /* and no SIGPIPE */
    teardown(&f);
}

static void test_rest(struct tap *tap)
{
    const struct lm_server_rest told = {.cpu_seconds = 0.0625, .memory = 7700480};
    char text[200] = "";
    struct lm_json *event = NULL;
    FILE *file = fmemopen(text, sizeof text, "w");
    REQUIRE(file != NULL);
    CHECK_INT(lm_server_rest_write(file, &told, NULL), LM_OK);
    fclose(file);
    CHECK_STR(text, "{\"event\":\"rest\",\"cpu_seconds\":0.0625,\"memory\":7700480}\n");
    REQUIRE(lm_json_parse(&event, text, strlen(text), NULL) == LM_OK);
    struct lm_server_rest read = lm_server_rest_read(event);
    CHECK(read.cpu_seconds == told.cpu_seconds);
    CHECK_INT(read.memory, told.memory);
    lm_json_free(event);
    REQUIRE(lm_json_parse(&event, "{\"memory\":-1}", 13, NULL) == LM_OK);
    read = lm_server_rest_read(event);
    CHECK_INT(read.memory, 0);
    lm_json_free(event);
}

static const struct tap_test tests[] = {TAP_ROW(test_request) TAP_ROW(test_resting)
                                            TAP_ROW(test_refused) TAP_ROW(test_rest)};
LM_TEST_FILE(tests)
