/** The stage type `download` over HTTP, against a scripted server on the loopback. */
#include "stages/download/http.h"

#include <sys/stat.h>

#include "download_fixture.h"
#include "http_server.h"

#define SIZE 40000

/** A body whose bytes tell their place. */
static const char *body(struct fixture *f)
{
    char *text = lm_arena_alloc(f->arena, SIZE + 1);
    for (size_t i = 0; i < SIZE; i += 8)
        snprintf(text + i, 9, "%07zu\n", i);
    return text;
}

/** One pinned http source with its server. */
static struct http_server *serve(struct fixture *f, const struct http_step *steps, size_t count)
{
    struct http_server *server = http_server_start(steps, count, false);
    if (server == NULL)
        abort();
    f->sources[0].url = lm_arena_printf(f->arena, "http://127.0.0.1:%d/text?token=secret",
                                        http_server_port(server));
    f->sources[0].sha256 = hex_of(f, body(f), SIZE);
    return server;
}

static bool has_whole_body(struct fixture *f)
{
    return strcmp(corpus_file(f, "files/source0/data"), body(f)) == 0;
}

static const char etag_1[] = "ETag: \"v1\"\r\n";

#define SERVE(...)                                                                                 \
    struct fixture f;                                                                              \
    fixture_open(&f, 1);                                                                           \
    const char *text = body(&f);                                                                   \
    (void)text;                                                                                    \
    const struct http_step steps[] = {__VA_ARGS__};                                                \
    struct http_server *server = serve(&f, steps, sizeof steps / sizeof steps[0])

#define DONE()                                                                                     \
    http_server_stop(server);                                                                      \
    fixture_close(&f)

/* ---- the straight way ---- */

static void test_plain(struct tap *tap)
{
    SERVE({.status = 200, .body = text, .size = SIZE});
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK(has_whole_body(&f));
    CHECK_INT(http_server_requests(server), 1);
    const char *request = http_server_request(server, 0);
    CHECK_HAS(request, "GET /text?token=secret HTTP/1.1\r\n");
    CHECK_HAS(request, "Accept-Encoding: identity\r\n");
    CHECK_HAS(request, "User-Agent: lmpipe/");
    CHECK(strstr(request, "Range:") == NULL);
    DONE();
}

static void test_length_unknown(struct tap *tap)
{
    SERVE({.status = 200, .body = text, .size = SIZE, .no_length = true});
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK(has_whole_body(&f));
    DONE();
}

static void test_unpacked_after_the_pin(struct tap *tap)
{
    /* a gzip file that the server also labels as a coding: bytes are taken as they are sent */
    static const char gz[] = {0x1f,       (char)0x8b, 8, 0,          0,    0,          0,
                              0,          0,          3, (char)0xcb, 0x48, (char)0xcd, (char)0xc9,
                              (char)0xc9, (char)0xe7, 2, 0,          0x20, 0x30,       0x3a,
                              0x36,       6,          0, 0,          0};
    SERVE({.status = 200, .headers = "Content-Encoding: gzip\r\n", .body = gz, .size = sizeof gz});
    f.sources[0].sha256 = hex_of(&f, gz, sizeof gz);
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK_STR(corpus_file(&f, "files/source0/data"), "hello\n");
    DONE();
}

static void test_mismatch_shows_both_and_no_secret(struct tap *tap)
{
    SERVE({.status = 200, .headers = "Content-Encoding: gzip\r\n", .body = text, .size = SIZE});
    const char *other = hex_of(&f, "x", 1);
    f.sources[0].sha256 = other;
    CHECK_INT(fixture_run(&f), LM_MISMATCH);
    CHECK_HAS(f.err.text, other);
    CHECK_HAS(f.err.text, hex_of(&f, text, SIZE));
    CHECK_HAS(f.err.text, "Content-Encoding");
    CHECK(strstr(f.err.text, "secret") == NULL);
    CHECK_HAS(f.err.text, "/text?***");
    CHECK_INT(http_server_requests(server), 1); /* a wrong file is not asked for again */
    DONE();
}

static void test_too_large(struct tap *tap)
{
    SERVE({.status = 200, .body = text, .size = SIZE},
          {.status = 200, .body = text, .size = SIZE, .no_length = true});
    f.params.max_bytes = SIZE - 1;
    CHECK_INT(fixture_run(&f), LM_RANGE);
    CHECK_HAS(f.err.text, "raise max_bytes");
    CHECK_INT(fixture_run(&f), LM_RANGE);
    CHECK_INT(http_server_requests(server), 2);
    DONE();
}

/* ---- retries ---- */

static void test_retry_after_busy(struct tap *tap)
{
    SERVE({.status = 503, .body = "busy", .size = 4}, {.status = 0}, {.status = 429},
          {.status = 200, .body = text, .size = SIZE});
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK(has_whole_body(&f));
    CHECK_INT(http_server_requests(server), 4);
    CHECK_HAS(notes(&f), "trying again");
    DONE();
}

static void test_retry_after_is_honoured(struct tap *tap)
{
    SERVE({.status = 429, .headers = "Retry-After: 1\r\n"},
          {.status = 200, .body = text, .size = SIZE});
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK_HAS(notes(&f), "trying again in 1.0 s");
    DONE();
}

static void test_retries_end(struct tap *tap)
{
    SERVE({.status = 503}, {.status = 503}, {.status = 503}, {.status = 503});
    f.params.retries = 2;
    CHECK_INT(fixture_run(&f), LM_NETWORK);
    CHECK_HAS(f.err.text, "HTTP status 503");
    CHECK_INT(http_server_requests(server), 3);
    DONE();
}

static void test_final_statuses_are_not_retried(struct tap *tap)
{
    static const int codes[] = {400, 401, 403, 404, 410, 501, 302, 204};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        SERVE({.status = codes[i]});
        CHECK_INT(fixture_run(&f), LM_NETWORK);
        CHECK_HAS(f.err.text, lm_arena_printf(f.arena, "HTTP status %d", codes[i]));
        CHECK_INT(http_server_requests(server), 1);
        DONE();
    }
}

static void test_connection_refused_then_mirror(struct tap *tap)
{
    SERVE({.status = 200, .body = text, .size = SIZE});
    const char *mirrors[] = {f.sources[0].url};
    f.sources[0].mirrors = (struct lm_list){mirrors, 1};
    f.sources[0].url = "http://127.0.0.1:1/nobody";
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK(has_whole_body(&f));
    DONE();
}

static void test_wrong_mirror_then_right_one(struct tap *tap)
{
    SERVE({.status = 200, .body = "wrong", .size = 5}, {.status = 404},
          {.status = 200, .body = text, .size = SIZE});
    const char *mirrors[] = {f.sources[0].url, f.sources[0].url};
    f.sources[0].mirrors = (struct lm_list){mirrors, 2};
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK(has_whole_body(&f));
    CHECK_INT(http_server_requests(server), 3);
    DONE();
}

static void test_a_mirror_takes_nothing_away(struct tap *tap)
{
    SERVE({.status = 200, .headers = etag_1, .body = text, .size = SIZE, .cut = 16384},
          {.status = 503},
          {.status = 200, .headers = etag_1, .body = text, .size = SIZE, .ranges = true});
    const char *mirrors[] = {"http://127.0.0.1:1/nobody"};
    f.sources[0].mirrors = (struct lm_list){mirrors, 1};
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK(has_whole_body(&f));
    CHECK_INT(http_server_requests(server), 3);
    CHECK_HAS(http_server_request(server, 2), "Range: bytes=16384-\r\n");
    DONE();
}

static void test_stall(struct tap *tap)
{
    SERVE({.status = 200, .body = text, .size = SIZE, .cut = 100, .stall_ms = 8000},
          {.status = 200, .body = text, .size = SIZE});
    f.params.stall_timeout = 1;
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK(has_whole_body(&f));
    DONE();
}

/* ---- resume ---- */

static void test_resume_in_one_run(struct tap *tap)
{
    SERVE(
        {.status = 200, .headers = etag_1, .body = text, .size = SIZE, .cut = 16384},
        {.status = 200, .headers = etag_1, .body = text, .size = SIZE, .ranges = true, .cut = 8000},
        {.status = 200, .headers = etag_1, .body = text, .size = SIZE, .ranges = true});
    f.params.retries = 0; /* going on is no retry as long as bytes come */
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK(has_whole_body(&f));
    CHECK_INT(http_server_requests(server), 3);
    CHECK_HAS(http_server_request(server, 1), "Range: bytes=16384-\r\n");
    CHECK_HAS(http_server_request(server, 1), "If-Range: \"v1\"\r\n");
    CHECK_HAS(http_server_request(server, 2), "Range: bytes=24384-\r\n");
    DONE();
}

static void test_resume_by_date(struct tap *tap)
{
    static const char date[] =
        "ETag: W/\"weak\"\r\nLast-Modified: Tue, 01 Jul 2025 10:00:00 GMT\r\n";
    SERVE({.status = 200, .headers = date, .body = text, .size = SIZE, .cut = 16384},
          {.status = 200, .headers = date, .body = text, .size = SIZE, .ranges = true});
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK(has_whole_body(&f));
    CHECK_HAS(http_server_request(server, 1), "If-Range: Tue, 01 Jul 2025 10:00:00 GMT\r\n");
    DONE();
}

static void test_no_resume_without_validator(struct tap *tap)
{
    SERVE({.status = 200,
           .headers = "ETag: W/\"weak\"\r\n",
           .body = text,
           .size = SIZE,
           .cut = 16384},
          {.status = 200, .body = text, .size = SIZE, .ranges = true});
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK(has_whole_body(&f));
    CHECK(strstr(http_server_request(server, 1), "Range:") == NULL);
    DONE();
}

/** The answer to a resume is `answer`; whatever it is, the file must come out right. */
static void check_resume(struct tap *tap, struct http_step answer, size_t requests)
{
    SERVE({.status = 200, .headers = etag_1, .body = text, .size = SIZE, .cut = 16384}, answer,
          {.status = 200, .body = text, .size = SIZE});
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK(has_whole_body(&f));
    CHECK_INT(http_server_requests(server), requests);
    CHECK_HAS(http_server_request(server, 1), "Range: bytes=16384-\r\n");
    CHECK(strstr(http_server_request(server, 2), "Range:") == NULL);
    DONE();
}

static void test_answers_to_a_resume(struct tap *tap)
{
    struct fixture own;
    fixture_open(&own, 1);
    const char *text = body(&own);
    const char *rest = text + 16384;
    size_t left = SIZE - 16384;
    /* 200: the file changed and comes whole */
    check_resume(tap, (struct http_step){.status = 200, .body = text, .size = SIZE}, 2);
    /* 200 with the range asked for is as good as 206 */
    check_resume(tap,
                 (struct http_step){.status = 200,
                                    .headers = "Content-Range: bytes 16384-39999/40000\r\n",
                                    .body = rest,
                                    .size = left},
                 2);
    /* 200 with another range */
    check_resume(tap,
                 (struct http_step){.status = 200,
                                    .headers = "Content-Range: bytes 0-39999/40000\r\n",
                                    .body = text,
                                    .size = SIZE},
                 3);
    /* 206 that begins elsewhere, has another total, another tag, or no range at all */
    static const char *const odd[] = {
        "Content-Range: bytes 16000-39999/40000\r\n",
        "Content-Range: bytes 16384-39999/50000\r\n",
        "Content-Range: bytes 16384-39999/40000\r\nETag: \"v2\"\r\n",
        "Content-Range: bytes -1-2/x\r\n",
        "X-Nothing: 1\r\n",
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        check_resume(
            tap, (struct http_step){.status = 206, .headers = odd[i], .body = rest, .size = left},
            3);
    /* refusals */
    check_resume(
        tap, (struct http_step){.status = 416, .headers = "Content-Range: bytes */16000\r\n"}, 3);
    check_resume(tap, (struct http_step){.status = 416}, 3);
    check_resume(tap, (struct http_step){.status = 412}, 3);
    check_resume(tap, (struct http_step){.status = 304}, 3);
    /* too many bytes */
    check_resume(tap,
                 (struct http_step){.status = 206,
                                    .headers = "Content-Range: bytes 16384-39999/40000\r\n",
                                    .body = text,
                                    .size = SIZE},
                 3);
    /* the right range with the wrong bytes: only the pin can tell */
    check_resume(tap,
                 (struct http_step){.status = 206,
                                    .headers = "Content-Range: bytes 16384-39999/40000\r\n",
                                    .body = text,
                                    .size = left},
                 3);
    fixture_close(&own);
}

static void test_206_nobody_asked_for(struct tap *tap)
{
    SERVE({.status = 206,
           .headers = "Content-Range: bytes 0-9999/40000\r\n",
           .body = text,
           .size = 10000});
    CHECK_INT(fixture_run(&f), LM_NETWORK);
    CHECK_HAS(f.err.text, "another part of the file");
    DONE();
}

/** One exchange with source 0's url, stopped when `until` bytes are there. */
static enum lm_status get(struct fixture *f, struct lm_http_reply *reply, const char *path,
                          uint64_t until)
{
    struct lm_http *http = NULL;
    struct lm_part part;
    const struct lm_http_options options = {
        .connect_timeout = 5, .stall_timeout = 20, .max_bytes = 1 << 20, .ca_file = ""};
    if (lm_http_open(&http, &options, &f->err) != LM_OK ||
        lm_part_init(&part, f->arena, path, f->sources[0].url, &f->err) != LM_OK ||
        lm_part_open(&part, NULL, NULL, &f->err) != LM_OK)
        abort();
    const struct lm_http_request request = {.url = part.url, .part = &part, .sha256 = ""};
    enum lm_status status = lm_http_begin(http, &request, &f->err);
    bool ended = false;
    while (status == LM_OK && !ended) {
        status = part.size >= until ? LM_CANCELLED : lm_http_go_on(http, 0.05, &f->err);
        ended = lm_http_take(http, reply);
    }
    if (ended)
        status = reply->err.status;
    lm_http_close(http);
    lm_part_close(&part, NULL);
    return status;
}

static void test_resume_across_runs(struct tap *tap)
{
    SERVE({.status = 200,
           .headers = etag_1,
           .body = text,
           .size = SIZE,
           .cut = 16384,
           .stall_ms = 20000},
          {.status = 200, .headers = etag_1, .body = text, .size = SIZE, .ranges = true});
    /* what an interrupted run leaves behind */
    struct lm_http_reply reply;
    REQUIRE(lm_dir_create(at(&f, "checkpoints/keep"), NULL) == LM_OK);
    CHECK_INT(get(&f, &reply, at(&f, "checkpoints/keep/source0.part"), 16384), LM_CANCELLED);
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK(has_whole_body(&f));
    CHECK_HAS(http_server_request(server, 1), "Range: bytes=16384-\r\n");
    DONE();
}

static void test_a_part_above_the_limit(struct tap *tap)
{
    SERVE({.status = 200,
           .headers = etag_1,
           .body = text,
           .size = SIZE,
           .cut = 16384,
           .stall_ms = 20000},
          {.status = 200, .headers = etag_1, .body = text, .size = SIZE, .ranges = true});
    struct lm_http_reply reply;
    REQUIRE(lm_dir_create(at(&f, "checkpoints/keep"), NULL) == LM_OK);
    CHECK_INT(get(&f, &reply, at(&f, "checkpoints/keep/source0.part"), 16384), LM_CANCELLED);
    f.params.max_bytes = 1000;
    CHECK_INT(fixture_run(&f), LM_RANGE);
    CHECK_HAS(f.err.text, "raise max_bytes");
    CHECK_INT(http_server_requests(server), 1);
    DONE();
}

static void test_cancel_while_waiting(struct tap *tap)
{
    SERVE({.status = 503, .headers = "Retry-After: 50\r\n"});
    f.cancel_after = 15;
    CHECK_INT(fixture_run(&f), LM_CANCELLED);
    DONE();
}

static void test_nothing_is_fetched_twice(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f, 2);
    const char *text = body(&f);
    const struct http_step steps[] = {{.status = 200, .body = text, .size = SIZE}};
    struct http_server *server = serve(&f, steps, 1);
    /* what is wrong on this machine is told before anything is asked for */
    f.sources[1].path = at(&f, "later.txt");
    CHECK_INT(fixture_run(&f), LM_NOT_FOUND);
    CHECK_INT(http_server_requests(server), 0);
    REQUIRE(lm_file_write(at(&f, "later.txt"), "\x1f\x8b\x08", 3, NULL) == LM_OK);
    CHECK_INT(fixture_run(&f), LM_FORMAT);
    CHECK_INT(http_server_requests(server), 1);
    REQUIRE(lm_file_write(at(&f, "later.txt"), "x", 1, NULL) == LM_OK);
    f.offline = true; /* the first source is there already */
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK(has_whole_body(&f));
    CHECK_INT(http_server_requests(server), 1);
    http_server_stop(server);
    fixture_close(&f);
}

static void test_complete_before_416(struct tap *tap)
{
    /* all bytes had come when the run was interrupted, and no pin says so */
    SERVE({.status = 200, .headers = etag_1, .body = text, .size = SIZE},
          {.status = 416, .headers = "Content-Range: bytes */40000\r\n"});
    struct lm_http_reply reply;
    CHECK_INT(get(&f, &reply, at(&f, "part"), UINT64_MAX), LM_OK);
    CHECK(!reply.resumed);
    CHECK_INT(get(&f, &reply, at(&f, "part"), UINT64_MAX), LM_OK);
    CHECK(reply.resumed);
    CHECK_INT(reply.size, SIZE);
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, &reply.digest);
    CHECK_STR(hex, f.sources[0].sha256);
    DONE();
}

static void test_wrong_lengths(struct tap *tap)
{
    SERVE({.status = 200, .body = text, .size = SIZE, .claim = SIZE + 100},
          {.status = 200, .body = text, .size = SIZE});
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK(has_whole_body(&f));
    CHECK_INT(http_server_requests(server), 2);
    DONE();
}

/* ---- where requests may go ---- */

static void test_redirect_to_http_is_refused(struct tap *tap)
{
    SERVE({.status = 302, .headers = "Location: http://127.0.0.1:%d/elsewhere\r\n"},
          {.status = 200, .body = text, .size = SIZE});
    CHECK_INT(fixture_run(&f), LM_NETWORK);
    CHECK_HAS(f.err.text, "https only");
    CHECK_INT(http_server_requests(server), 1);
    DONE();
}

static void test_redirect_to_other_protocols_is_refused(struct tap *tap)
{
    static const char *const places[] = {"Location: file:///etc/passwd\r\n",
                                         "Location: gopher://127.0.0.1:%d/\r\n",
                                         "Location: ftp://127.0.0.1:%d/\r\n"};
    for (size_t i = 0; i < 3; i++) {
        SERVE({.status = 301, .headers = places[i]});
        CHECK_INT(fixture_run(&f), LM_NETWORK);
        CHECK_INT(http_server_requests(server), 1);
        DONE();
    }
}

static void test_offline(struct tap *tap)
{
    SERVE({.status = 200, .body = text, .size = SIZE});
    f.offline = true;
    CHECK_INT(fixture_run(&f), LM_NETWORK);
    CHECK_HAS(f.err.text, "--offline");
    CHECK_INT(http_server_requests(server), 0);
    DONE();
}

static void test_https(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f, 1);
    const char *text = body(&f);
    const struct http_step steps[] = {
        {.status = 302, .headers = "Location: https://127.0.0.1:%d/there\r\n"},
        {.status = 200, .body = text, .size = SIZE},
    };
    struct http_server *server = http_server_start(steps, 2, true);
    REQUIRE(server != NULL);
    f.sources[0].url =
        lm_arena_printf(f.arena, "https://127.0.0.1:%d/text", http_server_port(server));
    f.sources[0].allow_unpinned = true;
    /* a certificate nobody vouches for */
    CHECK_INT(fixture_run(&f), LM_NETWORK);
    CHECK_HAS(f.err.text, "ca_file");
    CHECK_INT(http_server_requests(server), 0);
    /* vouched for; redirects within https are followed */
    REQUIRE(http_server_write_certificate(server, at(&f, "ca.pem")));
    f.params.ca_file = at(&f, "ca.pem");
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK(has_whole_body(&f));
    CHECK_HAS(http_server_request(server, 1), "GET /there ");
    CHECK_HAS(notes(&f), hex_of(&f, text, SIZE));
    http_server_stop(server);
    fixture_close(&f);
}

static void test_too_many_redirects(struct tap *tap)
{
    struct fixture f;
    struct http_step steps[8];
    fixture_open(&f, 1);
    for (size_t i = 0; i < 8; i++)
        steps[i] = (struct http_step){.status = 302,
                                      .headers = "Location: https://127.0.0.1:%d/again\r\n"};
    struct http_server *server = http_server_start(steps, 8, true);
    REQUIRE(server != NULL);
    REQUIRE(http_server_write_certificate(server, at(&f, "ca.pem")));
    f.params.ca_file = at(&f, "ca.pem");
    f.sources[0].url = lm_arena_printf(f.arena, "https://127.0.0.1:%d/", http_server_port(server));
    f.sources[0].allow_unpinned = true;
    CHECK_INT(fixture_run(&f), LM_NETWORK);
    CHECK_INT(http_server_requests(server), 6);
    http_server_stop(server);
    fixture_close(&f);
}

static void test_proxies_of_the_machine_are_out_of_the_way(struct tap *tap)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        CHECK_INT(unsetenv(names[i]), 0);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_proxies_of_the_machine_are_out_of_the_way) TAP_ROW(test_plain) TAP_ROW(
        test_length_unknown) TAP_ROW(test_unpacked_after_the_pin)
        TAP_ROW(test_mismatch_shows_both_and_no_secret) TAP_ROW(test_too_large) TAP_ROW(
            test_retry_after_busy) TAP_ROW(test_retry_after_is_honoured) TAP_ROW(test_retries_end)
            TAP_ROW(test_final_statuses_are_not_retried) TAP_ROW(
                test_connection_refused_then_mirror) TAP_ROW(test_wrong_mirror_then_right_one)
                TAP_ROW(test_a_mirror_takes_nothing_away) TAP_ROW(test_stall)
                    TAP_ROW(test_resume_in_one_run) TAP_ROW(test_resume_by_date) TAP_ROW(
                        test_no_resume_without_validator) TAP_ROW(test_answers_to_a_resume)
                        TAP_ROW(test_206_nobody_asked_for) TAP_ROW(test_resume_across_runs)
                            TAP_ROW(test_a_part_above_the_limit) TAP_ROW(test_cancel_while_waiting)
                                TAP_ROW(test_nothing_is_fetched_twice)
                                    TAP_ROW(test_complete_before_416) TAP_ROW(test_wrong_lengths)
                                        TAP_ROW(test_redirect_to_http_is_refused)
                                            TAP_ROW(test_redirect_to_other_protocols_is_refused)
                                                TAP_ROW(test_offline) TAP_ROW(test_https)
                                                    TAP_ROW(test_too_many_redirects)};
LM_TEST_FILE(tests)
