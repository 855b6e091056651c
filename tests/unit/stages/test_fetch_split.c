/** One file by several exchanges: what comes, and what becomes of servers that
 * do not play along.
 */
#include "stages/download/fetch_split.h"

#include "download_fixture.h"
#include "http_server.h"

#define SIZE 40000
#define RANGES "Accept-Ranges: bytes\r\nETag: \"v1\"\r\n"

static char text[SIZE + 1]; /* bytes tell their place */

/** A first answer that is slow enough to be split, four `later` ones, and good
 * ones from then on.
 */
struct served {
    struct fixture f;
    struct http_step steps[6];
    struct http_route route;
    struct http_server *server;
};

static const struct http_step good = {
    .status = 200, .headers = RANGES, .body = text, .size = SIZE, .ranges = true};

static void serve(struct served *s, const char *headers, const struct http_step *later)
{
    for (size_t i = 0; i < SIZE; i += 8)
        snprintf(text + i, 9, "%07zu\n", i);
    fixture_open(&s->f, 1);
    s->steps[0] = (struct http_step){.status = 200,
                                     .headers = headers,
                                     .body = text,
                                     .size = SIZE,
                                     .ranges = true,
                                     .piece = 200};
    for (size_t i = 1; i < 5; i++)
        s->steps[i] = *later;
    s->steps[5] = good;
    s->route = (struct http_route){"/", s->steps, 6, true};
    s->server = http_server_start_routes(&s->route, 1, HTTP_PLAIN);
    if (s->server == NULL)
        abort();
    s->f.sources[0].url =
        lm_arena_printf(s->f.arena, "http://127.0.0.1:%d/x", http_server_port(s->server));
    s->f.sources[0].sha256 = hex_of(&s->f, text, SIZE);
    s->f.params.split = 4;
    s->f.params.split_above = 32000; /* pieces of 4,000 bytes */
    s->f.params.retries = 2;
}

/** The right file comes; how many of the requests asked for one piece alone. */
static size_t run(struct tap *tap, struct served *s)
{
    size_t pieces = 0;
    CHECK_INT(fixture_run(&s->f), LM_OK);
    CHECK(strcmp(corpus_file(&s->f, "files/source0/data"), text) == 0);
    for (size_t i = 0; i < http_server_requests(s->server); i++) {
        const char *range = strstr(http_server_request(s->server, i), "Range: bytes=");
        const char *dash = range != NULL ? strchr(range, '-') : NULL;
        pieces += dash != NULL && dash[1] >= '0' && dash[1] <= '9';
    }
    http_server_stop(s->server);
    fixture_close(&s->f);
    return pieces;
}

static void test_split(struct tap *tap)
{
    struct served s;
    serve(&s, RANGES, &good);
    size_t pieces = run(tap, &s);
    CHECK(pieces >= 4 && pieces <= 10);
}

#define MODIFIED "Tue, 01 Jul 2025 10:00:00 GMT"

static void test_not_split(struct tap *tap)
{
    static const char *const headers[] = {
        "ETag: \"v1\"\r\n",
        "Accept-Ranges: none\r\nETag: \"v1\"\r\n",
        "Accept-Ranges: bytes\r\nETag: W/\"v1\"\r\n",
        "Accept-Ranges: bytes\r\nLast-Modified: " MODIFIED "\r\n",
        "Accept-Ranges: bytes\r\n",
    };
    struct served s;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        serve(&s, headers[i], &good);
        CHECK_INT(run(tap, &s), 0);
    }
    serve(&s, RANGES, &good);
    s.f.params.split = 1;
    CHECK_INT(run(tap, &s), 0);
    serve(&s, RANGES, &good);
    s.f.params.split_above = SIZE + 1;
    CHECK_INT(run(tap, &s), 0);
}

/* Pieces that are refused, cut, of another file or another place: an ordinary
 * exchange goes on. */
static void test_pieces_that_do_not_come(struct tap *tap)
{
    static const struct http_step odd[] = {
        {.status = 200, .headers = RANGES, .body = text, .size = SIZE},
        {.status = 200, .headers = "ETag: \"v2\"\r\n", .body = text, .size = SIZE, .ranges = true},
        {.status = 200, .body = text, .size = SIZE, .ranges = true},
        {.status = 200, .headers = RANGES, .body = text, .size = SIZE, .ranges = true, .cut = 900},
        {.status = 206,
         .headers = RANGES "Content-Range: bytes 0-3999/40000\r\n",
         .body = text,
         .size = SIZE},
        {.status = 206,
         .headers = RANGES "Content-Range: bytes 8000-11999/50000\r\n",
         .body = text,
         .size = SIZE},
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        struct served s;
        serve(&s, RANGES, &odd[i]);
        size_t pieces = run(tap, &s);
        CHECK(pieces >= 1 && pieces <= 8);
    }
}

static void test_split_of_what_an_earlier_run_left(struct tap *tap)
{
    struct served s;
    serve(&s, RANGES, &good);
    s.f.cancel_after = 1;
    CHECK_INT(fixture_run(&s.f), LM_CANCELLED);
    s.f.cancel_after = -1;
    size_t before = http_server_requests(s.server);
    CHECK_INT(fixture_run(&s.f), LM_OK);
    CHECK_HAS(http_server_request(s.server, before), "If-Range: \"v1\"\r\n");
    run(tap, &s);
}

static const struct tap_test tests[] = {TAP_ROW(test_split) TAP_ROW(test_not_split) TAP_ROW(
    test_pieces_that_do_not_come) TAP_ROW(test_split_of_what_an_earlier_run_left)};
LM_TEST_FILE(tests)
