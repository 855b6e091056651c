/** The stage type `download` against a server that misbehaves, all ways at once; many files at
 * once; lists; tokens. */
#include "stages/download/fetch.h"
#include "stages/download/http.h"

#include <pthread.h>
#include <sys/stat.h>

#include "download_fixture.h"
#include "http_server.h"

#define SIZE 40000
#define ETAG "ETag: \"v1\"\r\n"
#define DATE "Last-Modified: Tue, 01 Jul 2025 10:00:00 GMT\r\n"
#define HERE "Location: https://127.0.0.1:%d"
#define MAX_STEPS 8

static char text[SIZE + 1]; /* bytes tell their place */

static void test_preparation(struct tap *tap)
{
    static const char *const proxies[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                          "ALL_PROXY"};
    for (size_t i = 0; i < sizeof proxies / sizeof proxies[0]; i++)
        CHECK_INT(unsetenv(proxies[i]), 0);
    for (size_t i = 0; i < SIZE; i += 8)
        snprintf(text + i, 9, "%07zu\n", i);
}

/* ---- one file, one fault each ---- */

#define BODY .body = text, .size = SIZE
#define OK_STEP                                                                                    \
    {                                                                                              \
        .status = 200, BODY                                                                        \
    }
#define OK_RANGES                                                                                  \
    {                                                                                              \
        .status = 200, .headers = ETAG, BODY, .ranges = true                                       \
    }
#define CUT(n)                                                                                     \
    {                                                                                              \
        .status = 200, .headers = ETAG, BODY, .cut = (n)                                           \
    }
#define LATER(...)                                                                                 \
    {                                                                                              \
        CUT(16384), {__VA_ARGS__}, OK_STEP                                                         \
    }

struct fault {
    const char *name;
    struct http_step steps[MAX_STEPS];
    const char *error; /**< part of the error; NULL: the right file must come */
    size_t requests;   /**< that must have been made; 0: any number */
    enum http_kind kind;
    bool repeat, unpinned;
    bool stalls;     /**< it is what connect_timeout and stall_timeout are for */
    const char *pin; /**< what is pinned, if not the text */
    long kept;       /**< bytes of the partial file that must have stayed; 0: any */
};

static const struct fault faults[] = {
    {"plain", {OK_STEP}, NULL, 1},
    {"chunked", {{.status = 200, BODY, .chunked = true, .piece = 9000}}, NULL, 1},
    {"length-unknown", {{.status = 200, BODY, .no_length = true}}, NULL, 1},
    {"http-1.0", {{1, .raw = "HTTP/1.0 200 OK\r\n\r\n", BODY}}, NULL, 1},
    {"bare-newlines", {{1, .raw = "HTTP/1.1 200 OK\nConnection: close\n\n", BODY}}, NULL, 1},
    {"no-headers", {{1, .raw = "", BODY}}, "no HTTP", 1},
    {"no-status", {{1, .raw = "HTTP/1.1 hello\r\n\r\n", BODY}}, "127.0.0.1", 0},
    {"other-protocol", {{1, .raw = "SSH-2.0-OpenSSH_9.2p1\r\n", BODY}}, "no HTTP", 1},
    {"100-continue",
     {{1, .raw = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
       BODY}},
     NULL,
     1},
    {"103-hints",
     {{1,
       .raw = "HTTP/1.1 103 Early Hints\r\nContent-Length: 7\r\nETag: \"x\"\r\n\r\n"
              "HTTP/1.1 200 OK\r\nContent-Length: 40000\r\nConnection: close\r\n\r\n",
       BODY}},
     NULL,
     1},
    {"headers-1mb", {{.status = 200, BODY, .filler = 1 << 20}}, "of headers", 1},
    {"headers-64kb", {{.status = 200, BODY, .filler = 1 << 16}}, NULL, 1},
    {"long-etag",
     {{.status = 200,
       .headers = "ETag: \"0123456789012345678901234567890123456789012345678901234567890123456789"
                  "0123456789012345678901234567890123456789012345678901234567890123456789"
                  "0123456789012345678901234567890123456789012345678901234567890123456789"
                  "0123456789012345678901234567890123456789012345678901234567890123456789"
                  "01234567890123456789012345678901234567890123456789\"\r\n",
       BODY,
       .cut = 9000},
      OK_STEP},
     NULL,
     2},
    {"closed-at-once", {{.status = 0}, {.status = 0}, OK_STEP}, NULL, 3},
    {"reset-at-once", {{.status = 0, .reset = true}, OK_STEP}, NULL, 2},
    {"closed-always", {{.status = 0}}, "127.0.0.1", 3, .repeat = true},
    {"cut", {CUT(16384), OK_RANGES}, NULL, 2},
    {"cut-and-reset",
     {{.status = 200, .headers = ETAG, BODY, .cut = 16384, .stall_ms = 100, .reset = true},
      OK_RANGES,
      OK_RANGES},
     NULL,
     0},
    {"cut-often",
     {CUT(100),
      {.status = 200, .headers = ETAG, BODY, .ranges = true, .cut = 100},
      {.status = 200, .headers = ETAG, BODY, .ranges = true, .cut = 100},
      {.status = 200, .headers = ETAG, BODY, .ranges = true, .cut = 100},
      {.status = 200, .headers = ETAG, BODY, .ranges = true, .cut = 100},
      {.status = 200, .headers = ETAG, BODY, .ranges = true, .cut = 100},
      OK_RANGES},
     NULL,
     7},
    {"cut-without-validator", {{.status = 200, BODY, .cut = 9000}, OK_STEP}, NULL, 2},
    {"cut-always", {{.status = 200, BODY, .cut = 9000}}, "cut at 9000 of 40000", 0, .repeat = true},
    {"cut-and-kept",
     {CUT(16384), {.status = 503}},
     "HTTP status 503",
     4,
     .repeat = true,
     .kept = 16384},
    {"length-too-long",
     {{.status = 200, .headers = ETAG, BODY, .claim = SIZE + 100}},
     "cut at 40000 of 40100",
     0,
     .repeat = true},
    {"length-too-short", {{.status = 200, BODY, .claim = SIZE - 100}}, "has sha256", 1},
    {"length-twice", {{.status = 200, .headers = "Content-Length: 40000\r\n", BODY}}, NULL, 1},
    {"lengths-differ",
     {{.status = 200, .headers = "Content-Length: 12\r\n", BODY}},
     "two different",
     1},
    {"length-negative",
     {{.status = 200, .headers = "Content-Length: -5\r\n", BODY, .no_length = true}},
     "127.0.0.1",
     1},
    {"length-huge",
     {{.status = 200,
       .headers = "Content-Length: 99999999999999999999999\r\n",
       BODY,
       .no_length = true}},
     NULL,
     0},
    {"length-above-bound", {{.status = 200, BODY, .claim = 2000000}}, "raise max_bytes", 1},
    {"endless", {{.status = 200, BODY, .no_length = true, .endless = true}}, "raise max_bytes", 1},
    {"endless-chunks",
     {{.status = 200, BODY, .chunked = true, .endless = true}},
     "raise max_bytes",
     1},
    {"endless-error", {{.status = 404, BODY, .no_length = true, .endless = true}}, "status 404", 1},
    {"chunks-without-end", {{.status = 200, BODY, .chunked = true, .cut = 9000}, OK_STEP}, NULL, 2},
    {"chunks-all-but-the-last",
     {{.status = 200, .headers = ETAG, BODY, .chunked = true, .piece = 20000, .cut = 39999},
      OK_RANGES},
     NULL,
     2},
    {"chunks-of-nonsense",
     {{1, .raw = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", BODY}},
     "127.0.0.1",
     0,
     .repeat = true},
    {"stall",
     {{.status = 200, .headers = ETAG, BODY, .cut = 900, .stall_ms = 9000}, OK_RANGES},
     NULL,
     0,
     .repeat = true,
     .stalls = true},
    {"stall-before",
     {{.status = 200, BODY, .before_ms = 9000}, OK_STEP},
     NULL,
     0,
     .repeat = true,
     .stalls = true},
    {"drip",
     {{.status = 200, .headers = ETAG, BODY, .drip_ms = 100}, OK_RANGES},
     NULL,
     0,
     .repeat = true,
     .stalls = true},
    {"weak-etag",
     {{.status = 200, .headers = "ETag: W/\"v1\"\r\n", BODY, .cut = 9000}, OK_STEP},
     NULL,
     2},
    {"etag-changes", {CUT(16384), {.status = 200, .headers = "ETag: \"v2\"\r\n", BODY}}, NULL, 2},
    {"206-elsewhere",
     LATER(.status = 206, .headers = "Content-Range: bytes 16000-39999/40000\r\n", BODY), NULL, 3},
    {"206-of-another",
     LATER(.status = 206, .headers = "Content-Range: bytes 16384-39999/50000\r\n", BODY), NULL, 3},
    {"206-new-etag",
     LATER(.status = 206, .headers = "Content-Range: bytes 16384-39999/40000\r\nETag: \"v2\"\r\n",
           BODY),
     NULL, 3},
    {"206-multipart",
     LATER(.status = 206, .headers = "Content-Type: multipart/byteranges; boundary=x\r\n", BODY),
     NULL, 3},
    {"206-unasked",
     {{.status = 206, .headers = "Content-Range: bytes 0-39999/40000\r\n", BODY}},
     "another part",
     1},
    {"200-with-range",
     {{.status = 200, .headers = "Content-Range: bytes 0-9999/40000\r\n", BODY, .cut = 10000}},
     "another part",
     1},
    {"range-ignored", LATER(.status = 200, .headers = ETAG, BODY), NULL, 2},
    {"416-with-total", LATER(.status = 416, .headers = "Content-Range: bytes */16000\r\n"), NULL,
     3},
    {"416-bare", LATER(.status = 416), NULL, 3},
    {"304", LATER(.status = 304), NULL, 3},
    {"412", LATER(.status = 412), NULL, 3},
    {"204", {{.status = 204}}, "HTTP status 204", 1},
    {"304-unasked", {{.status = 304}}, "partial file", 1},
    {"401", {{.status = 401}}, "auth: {bearer_env", 1},
    {"403", {{.status = 403}}, "HTTP status 403", 1},
    {"404", {{.status = 404}}, "HTTP status 404", 1},
    {"410", {{.status = 410}}, "HTTP status 410", 1},
    {"500", {{.status = 500}, OK_STEP}, NULL, 2},
    {"502-504", {{.status = 502}, {.status = 504}, OK_STEP}, NULL, 3},
    {"503-always", {{.status = 503}}, "HTTP status 503", 3, .repeat = true},
    {"429-seconds", {{.status = 429, .headers = "Retry-After: 1\r\n"}, OK_STEP}, NULL, 2},
    {"503-date",
     {{.status = 503, .headers = "Retry-After: Tue, 01 Jul 2025 10:00:00 GMT\r\n"}, OK_STEP},
     NULL,
     2},
    {"503-nonsense", {{.status = 503, .headers = "Retry-After: soon\r\n"}, OK_STEP}, NULL, 2},
    {"login-page",
     {{.status = 200, .body = "<!DOCTYPE html><title>Log in</title>", .size = 36}},
     "has sha256",
     1},
    {"empty", {{.status = 200}}, "holds no file", 1, .pin = ""},
    {"empty-for-a-file", {{.status = 200}}, "has sha256", 1},
    {"gzip-unasked",
     {{.status = 200, .headers = "Content-Encoding: gzip\r\n", BODY}},
     NULL,
     1,
     HTTP_TLS,
     .unpinned = true},
    {"br-unasked",
     {{.status = 200, .headers = "Content-Encoding: br\r\n", BODY}},
     "Content-Encoding (br)",
     1,
     HTTP_TLS,
     .unpinned = true},
    {"redirect", {{.status = 302, .headers = HERE "/redirect/2\r\n"}, OK_STEP}, NULL, 2, HTTP_TLS},
    {"redirect-relative",
     {{.status = 307, .headers = "Location: /redirect-relative/2\r\n"}, OK_STEP},
     NULL,
     2,
     HTTP_TLS},
    {"redirect-to-a-host",
     {{.status = 308, .headers = "Location: https://localhost:%d/redirect-to-a-host/2\r\n"},
      OK_STEP},
     NULL,
     2,
     HTTP_TLS},
    {"redirect-loop",
     {{.status = 302, .headers = HERE "/redirect-loop/\r\n"}},
     "redirects",
     6,
     HTTP_TLS,
     .repeat = true},
    {"redirect-to-http",
     {{.status = 302, .headers = "Location: http://127.0.0.1:%d/redirect-to-http/\r\n"}, OK_STEP},
     "https only",
     1,
     HTTP_TLS},
    {"redirect-from-http-to-http",
     {{.status = 302, .headers = "Location: /redirect-from-http-to-http/\r\n"}, OK_STEP},
     "https only",
     1},
    {"redirect-to-a-file",
     {{.status = 302, .headers = "Location: file:///etc/passwd\r\n"}},
     "https only",
     1,
     HTTP_TLS},
    {"redirect-to-ftp",
     {{.status = 302, .headers = "Location: ftp://127.0.0.1:%d/\r\n"}},
     "https only",
     1,
     HTTP_TLS},
    {"redirect-nowhere", {{.status = 302}}, "HTTP status 302", 1, HTTP_TLS},
    {"resume-behind-a-redirect",
     {{.status = 302, .headers = HERE "/resume-behind-a-redirect/2\r\n"},
      CUT(16384),
      {.status = 302, .headers = HERE "/resume-behind-a-redirect/2\r\n"},
      OK_RANGES},
     NULL,
     4,
     HTTP_TLS},
    {"tls-to-plain", {OK_STEP}, "127.0.0.1", 0, HTTP_PLAIN, .unpinned = true, .stalls = true},
    {"ipv6", {CUT(16384), OK_RANGES}, NULL, 2, HTTP_IPV6},
};

#define FAULTS (sizeof faults / sizeof faults[0])

struct trial {
    const struct fault *fault;
    struct http_server *server;
    const char *ca;
    struct fixture f;
    enum lm_status status;
    pthread_t thread;
};

static void *try_fault(void *user)
{
    struct trial *t = user;
    struct fixture *f = &t->f;
    const char *pin = t->fault->pin != NULL ? t->fault->pin : text;
    bool tls = t->fault->kind == HTTP_TLS || t->fault->unpinned;
    f->sources[0].url = lm_arena_printf(f->arena, "%s://%s:%d/%s/", tls ? "https" : "http",
                                        t->fault->kind == HTTP_IPV6 ? "[::1]" : "127.0.0.1",
                                        http_server_port(t->server), t->fault->name);
    f->sources[0].allow_unpinned = t->fault->unpinned;
    if (!t->fault->unpinned)
        f->sources[0].sha256 = hex_of(f, pin, strlen(pin));
    f->params.ca_file = t->ca;
    f->params.retries = 2;
    f->params.stall_timeout = t->fault->stalls ? 1 : 30;
    f->params.connect_timeout = t->fault->stalls ? 1 : 30;
    f->params.max_bytes = 1000000;
    t->status = fixture_run(f);
    return NULL;
}

static long part_size(struct fixture *f)
{
    struct stat info;
    return stat(at(f, "checkpoints/keep/source0.part"), &info) == 0 ? (long)info.st_size : -1;
}

static void judge(struct tap *tap, struct trial *t)
{
    const struct fault *fault = t->fault;
    int failed = tap->failed;
    if (fault->error == NULL) {
        CHECK_INT(t->status, LM_OK);
        CHECK(strcmp(corpus_file(&t->f, "files/source0/data"), text) == 0);
    } else {
        CHECK(t->status != LM_OK && t->status != LM_CANCELLED);
        CHECK_HAS(t->f.err.text, fault->error);
        CHECK(strchr(t->f.err.text, '\n') == NULL);
        CHECK_STR(manifest(&t->f), "");
    }
    const char *path = lm_arena_printf(t->f.arena, "/%s/", fault->name);
    if (fault->requests > 0)
        CHECK_INT(http_server_route_requests(t->server, path), fault->requests);
    if (fault->kept > 0)
        CHECK_INT(part_size(&t->f), fault->kept);
    if (tap->failed > failed)
        printf("# that was the fault %s: %s\n", fault->name, t->f.err.text);
}

static void test_faults(struct tap *tap)
{
    static struct http_route routes[FAULTS];
    static char paths[FAULTS][64];
    static struct trial trials[FAULTS];
    struct http_server *servers[3];
    struct fixture own;
    fixture_open(&own, 1);
    for (size_t i = 0; i < FAULTS; i++) {
        size_t count = 0;
        while (count < MAX_STEPS && memcmp(&faults[i].steps[count], &(struct http_step){0},
                                           sizeof(struct http_step)) != 0)
            count++;
        if (count == 0 || strncmp(faults[i].name, "closed", 6) == 0)
            count = faults[i].repeat ? 1 : 3;
        snprintf(paths[i], sizeof paths[i], "/%s/", faults[i].name);
        routes[i] = (struct http_route){paths[i], faults[i].steps, count, faults[i].repeat};
    }
    for (int kind = HTTP_PLAIN; kind <= HTTP_IPV6; kind++)
        servers[kind] = http_server_start_routes(routes, FAULTS, (enum http_kind)kind);
    REQUIRE(servers[HTTP_PLAIN] != NULL && servers[HTTP_TLS] != NULL);
    REQUIRE(http_server_write_certificate(servers[HTTP_TLS], at(&own, "ca.pem")));
    for (size_t i = 0; i < FAULTS; i++) {
        struct trial *t = &trials[i];
        *t = (struct trial){
            .fault = &faults[i], .server = servers[faults[i].kind], .ca = at(&own, "ca.pem")};
        if (t->server == NULL)
            continue; /* no IPv6 here */
        fixture_open(&t->f, 1);
        REQUIRE(pthread_create(&t->thread, NULL, try_fault, t) == 0);
    }
    for (size_t i = 0; i < FAULTS; i++) {
        if (trials[i].server == NULL)
            continue;
        pthread_join(trials[i].thread, NULL);
        judge(tap, &trials[i]);
        fixture_close(&trials[i].f);
    }
    for (size_t kind = 0; kind < 3; kind++)
        http_server_stop(servers[kind]);
    fixture_close(&own);
}

/* ---- many files at once ---- */

#define MANY 12

/** MANY sources over two hosts, with answers that take a while each, the later ones less. */
struct many {
    struct fixture f;
    struct lm_download_source sources[MANY];
    struct http_server *server;
    char paths[MANY][16];
    struct http_step steps[MANY][2];
    struct http_route routes[MANY];
};

static void many_open(struct many *m)
{
    fixture_open(&m->f, 1);
    for (size_t i = 0; i < MANY; i++) {
        m->sources[i] = m->f.sources[0];
        m->sources[i].name = lm_arena_printf(m->f.arena, "s%zu", i);
        m->steps[i][0] = (struct http_step){
            .status = 200, .body = text + 8 * i, .size = 8, .before_ms = 10 * (unsigned)(MANY - i)};
        snprintf(m->paths[i], sizeof m->paths[i], "/%zu/", i);
        m->routes[i] = (struct http_route){m->paths[i], m->steps[i], 1, true};
        m->sources[i].sha256 = hex_of(&m->f, text + 8 * i, 8);
    }
    m->f.params.sources = (struct lm_list){m->sources, MANY};
}

static void many_serve(struct many *m)
{
    m->server = http_server_start_routes(m->routes, MANY, HTTP_PLAIN);
    if (m->server == NULL)
        abort();
    for (size_t i = 0; i < MANY; i++)
        m->sources[i].url =
            lm_arena_printf(m->f.arena, "http://%s:%d/%zu/", i % 2 ? "127.0.0.1" : "localhost",
                            http_server_port(m->server), i);
}

static void many_close(struct many *m)
{
    http_server_stop(m->server);
    fixture_close(&m->f);
}

/** What came is in the order of the spec, whatever came first; at most `most` at once. */
static void check_many(struct tap *tap, int64_t parallel, int64_t per_host, size_t most)
{
    static struct many m;
    many_open(&m);
    many_serve(&m);
    m.f.params.parallel = parallel;
    m.f.params.per_host = per_host;
    CHECK_INT(fixture_run(&m.f), LM_OK);
    const char *at = manifest(&m.f);
    for (size_t i = 0; i < MANY; i++) {
        at = strstr(at, lm_arena_printf(m.f.arena, "\"name\": \"s%zu\"", i));
        REQUIRE(at != NULL);
        CHECK_HAS(text + 8 * i,
                  corpus_file(&m.f, lm_arena_printf(m.f.arena, "files/s%zu/data", i)));
        CHECK_INT(http_server_route_requests(m.server, m.paths[i]), 1);
    }
    CHECK(http_server_most_at_once(m.server) <= most);
    CHECK(most == 1 || http_server_most_at_once(m.server) > 1);
    many_close(&m);
}

static void test_many_at_once(struct tap *tap)
{
    check_many(tap, 1, 2, 1);
    check_many(tap, 4, 2, 4); /* two hosts */
    check_many(tap, 6, 1, 2);
    check_many(tap, 12, 6, 12);
}

/* The failure that is told is the first in the order of the spec, not in time; what is behind it is
 * not begun any more, and what came is there for the next run. */
static void test_the_first_failure_is_told(struct tap *tap)
{
    static struct many m;
    many_open(&m);
    m.steps[2][0] = (struct http_step){.status = 404, .before_ms = 300};
    m.steps[3][0] = (struct http_step){.status = 410};
    m.f.params.parallel = 4;
    m.f.params.per_host = 4;
    many_serve(&m);
    CHECK_INT(fixture_run(&m.f), LM_NETWORK);
    CHECK_HAS(m.f.err.text, "source 's2': ");
    CHECK_HAS(m.f.err.text, "HTTP status 404");
    CHECK_INT(http_server_route_requests(m.server, m.paths[11]), 0);
    m.steps[2][0] = (struct http_step){.status = 200, .body = text + 16, .size = 8};
    m.steps[3][0] = (struct http_step){.status = 200, .body = text + 24, .size = 8};
    CHECK_INT(fixture_run(&m.f), LM_OK);
    CHECK_INT(http_server_route_requests(m.server, m.paths[0]), 1);
    CHECK_INT(http_server_route_requests(m.server, m.paths[1]), 1);
    many_close(&m);
}

/* Interrupted at any poll, then run again: the same bytes, and nothing that was whole comes twice.
 */
static void test_interrupted_anywhere(struct tap *tap)
{
    for (long polls = 0; polls < 6; polls++) {
        static struct many m;
        many_open(&m);
        for (size_t i = 0; i < MANY; i++)
            m.steps[i][0].before_ms = 10 * (unsigned)(i % 4);
        many_serve(&m);
        m.f.cancel_after = polls;
        enum lm_status status = fixture_run(&m.f);
        CHECK(status == LM_CANCELLED || status == LM_OK);
        size_t whole[MANY];
        for (size_t i = 0; i < MANY; i++) {
            struct stat info;
            const char *part = lm_arena_printf(m.f.arena, "checkpoints/keep/s%zu.part", i);
            whole[i] = stat(at(&m.f, part), &info) == 0 && info.st_size == 8
                           ? http_server_route_requests(m.server, m.paths[i])
                           : SIZE_MAX;
        }
        m.f.cancel_after = -1;
        CHECK_INT(fixture_run(&m.f), LM_OK);
        for (size_t i = 0; i < MANY; i++)
            if (whole[i] != SIZE_MAX)
                CHECK_INT(http_server_route_requests(m.server, m.paths[i]), whole[i]);
        many_close(&m);
    }
}

/* ---- rates ---- */

static void test_rate(struct tap *tap)
{
    enum { LARGE = 250000, RATE = 400000 };
    static struct many m;
    many_open(&m);
    char *large = lm_arena_alloc(m.f.arena, LARGE);
    memset(large, 'x', LARGE);
    for (size_t i = 0; i < 2; i++) {
        m.steps[i][0] = (struct http_step){.status = 200, .body = large, .size = LARGE};
        m.sources[i].sha256 = hex_of(&m.f, large, LARGE);
    }
    many_serve(&m);
    m.f.params.sources.count = 2;
    m.f.params.max_rate = RATE;
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    CHECK_INT(fixture_run(&m.f), LM_OK);
    clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds =
        (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) * 1e-9;
    printf("# 500,000 bytes at 400,000 bytes/s took %.2f s\n", seconds);
    CHECK(seconds > 0.6); /* a slow machine only takes longer */
    many_close(&m);
}

/* ---- the disk ---- */

static uint64_t little_room(void *user)
{
    return *(uint64_t *)user;
}

/** An exchange with a server that announces SIZE bytes, on a disk with `free_bytes` beside what is
 * left alone. */
static enum lm_status get_with_room(struct fixture *f, uint64_t free_bytes)
{
    const struct http_step steps[] = {OK_STEP};
    struct http_server *server = http_server_start(steps, 1, false);
    struct lm_http *http = NULL;
    struct lm_part part;
    struct lm_http_reply reply;
    uint64_t room = (16 << 20) + free_bytes;
    const struct lm_http_options options = {.connect_timeout = 5,
                                            .stall_timeout = 5,
                                            .max_bytes = 1 << 20,
                                            .ca_file = "",
                                            .room = little_room,
                                            .user = &room};
    const char *url = lm_arena_printf(f->arena, "http://127.0.0.1:%d/", http_server_port(server));
    if (lm_http_open(&http, &options, &f->err) != LM_OK ||
        lm_part_init(&part, f->arena, at(f, "part"), url, &f->err) != LM_OK ||
        lm_part_open(&part, NULL, NULL, &f->err) != LM_OK)
        abort();
    const struct lm_http_request request = {.url = url, .part = &part, .sha256 = ""};
    enum lm_status status = lm_http_begin(http, &request, &f->err);
    while (status == LM_OK && !lm_http_take(http, &reply))
        status = lm_http_go_on(http, 0.05, &f->err);
    f->err = reply.err;
    lm_http_close(http);
    lm_part_close(&part, NULL);
    http_server_stop(server);
    return reply.err.status;
}

static void test_room(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f, 1);
    CHECK_INT(get_with_room(&f, SIZE - 1), LM_IO);
    CHECK_HAS(f.err.text, "are still to come, but the store's disk has only");
    CHECK_INT(get_with_room(&f, SIZE), LM_OK);
    fixture_close(&f);
}

static const struct tap_test tests[] = {TAP_ROW(test_preparation) TAP_ROW(test_faults) TAP_ROW(
    test_many_at_once) TAP_ROW(test_the_first_failure_is_told) TAP_ROW(test_interrupted_anywhere)
                                            TAP_ROW(test_rate) TAP_ROW(test_room)};
LM_TEST_FILE(tests)
