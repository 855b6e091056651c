/** Tokens and where they may go, and what the Hugging Face hub says of its files. */
#include "stages/download/fetch_job.h"

#include "download_fixture.h"
#include "http_server.h"

#define SAYS_TOKEN "Authorization: Bearer t0psecret\r\n"

static const struct http_step welcome[] = {{.status = 200, .body = "right\n", .size = 6}};
static const struct http_step away[] = {
    {.status = 302,
     .headers = "Location: https://localhost:%d/elsewhere\r\nX-Linked-Etag: "
                "\"55c97802b397ef4da0d8e2ecf4a8fa33c1f4755da0eacec54c62cacbbcfd9713\"\r\n"
                "X-Repo-Commit: 0123456789abcdef0123456789abcdef01234567\r\n"}};
static const struct http_step aside[] = {
    {.status = 307, .headers = "Location: https://127.0.0.1:%d/here\r\n"}};
static const struct http_step other[] = {
    {.status = 302,
     .headers = "Location: https://localhost:%d/elsewhere\r\nX-Linked-Etag: "
                "\"5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\"\r\n"}};

static const struct http_route guarded[] = {
    {"/here", welcome, 1, true},
    {"/elsewhere", welcome, 1, true},
    {"/datasets/o/n/resolve/main/x.txt", away, 1, true},
    {"/aside", aside, 1, true},
    {"/other", other, 1, true},
};

struct guard {
    struct fixture f;
    struct http_server *server;
};

static bool guard_open(struct guard *g, const char *path)
{
    fixture_open(&g->f, 1);
    g->server = http_server_start_routes(guarded, 5, HTTP_TLS);
    if (g->server == NULL || !http_server_write_certificate(g->server, at(&g->f, "ca.pem")))
        return false;
    g->f.params.ca_file = at(&g->f, "ca.pem");
    g->f.sources[0].url =
        lm_arena_printf(g->f.arena, "https://127.0.0.1:%d%s", http_server_port(g->server), path);
    g->f.sources[0].allow_unpinned = true;
    g->f.sources[0].auth.bearer_env = "LM_TEST_TOKEN";
    return setenv(LM_SECRET_PREFIX "LM_TEST_TOKEN", "t0psecret", 1) == 0;
}

static void guard_close(struct guard *g)
{
    http_server_stop(g->server);
    fixture_close(&g->f);
}

static void test_token(struct tap *tap)
{
    struct guard g;
    REQUIRE(guard_open(&g, "/aside"));
    CHECK_INT(fixture_run(&g.f), LM_OK);
    CHECK_HAS(http_server_route_request(g.server, "/aside", 0), SAYS_TOKEN);
    CHECK_HAS(http_server_route_request(g.server, "/here", 0), SAYS_TOKEN);
    CHECK(strstr(notes(&g.f), "t0psecret") == NULL);
    guard_close(&g);
}

/* A file of the Hugging Face hub: the token stays with the hub, the digest that it names holds, and
 * the revision is told. */
static void test_hub(struct tap *tap)
{
    struct guard g;
    static const char hub[] = "/datasets/o/n/resolve/main/x.txt";
    REQUIRE(guard_open(&g, hub));
    CHECK_INT(fixture_run(&g.f), LM_OK);
    CHECK_HAS(http_server_route_request(g.server, hub, 0), SAYS_TOKEN);
    CHECK(strcasestr(http_server_route_request(g.server, "/elsewhere", 0), "authorization") ==
          NULL);
    CHECK_HAS(notes(&g.f), "write /resolve/0123456789abcdef0123456789abcdef01234567/");
    CHECK_HAS(notes(&g.f), hex_of(&g.f, "right\n", 6));
    guard_close(&g);

    REQUIRE(guard_open(&g, "/other"));
    CHECK_INT(fixture_run(&g.f), LM_MISMATCH);
    CHECK_HAS(g.f.err.text, "its server says 5891b5b5");
    guard_close(&g);

    /* with a pin, the header alone tells that it is another file: no byte is fetched */
    REQUIRE(guard_open(&g, "/other"));
    g.f.sources[0].allow_unpinned = false;
    g.f.sources[0].sha256 = hex_of(&g.f, "right\n", 6);
    CHECK_INT(fixture_run(&g.f), LM_MISMATCH);
    CHECK_HAS(g.f.err.text, "the server says that its file has sha256 5891b5b5");
    guard_close(&g);
}

static void test_token_goes_to_its_host_alone(struct tap *tap)
{
    struct guard g;
    REQUIRE(guard_open(&g, "/nothing"));
    const char *mirrors[] = {
        lm_arena_printf(g.f.arena, "https://localhost:%d/elsewhere", http_server_port(g.server))};
    g.f.params.retries = 0;
    g.f.sources[0].allow_unpinned = false;
    g.f.sources[0].sha256 = hex_of(&g.f, "right\n", 6);
    g.f.sources[0].mirrors = (struct lm_list){mirrors, 1};
    CHECK_INT(fixture_run(&g.f), LM_OK);
    CHECK_HAS(http_server_request(g.server, 0), SAYS_TOKEN);
    CHECK(strcasestr(http_server_route_request(g.server, "/elsewhere", 0), "authorization") ==
          NULL);
    guard_close(&g);
}

static void test_token_missing(struct tap *tap)
{
    struct guard g;
    REQUIRE(guard_open(&g, "/here"));
    CHECK_INT(unsetenv(LM_SECRET_PREFIX "LM_TEST_TOKEN"), 0);
    CHECK_INT(fixture_run(&g.f), LM_INVALID);
    CHECK_HAS(g.f.err.text, "sources.0.auth.bearer_env: the environment variable LM_TEST_TOKEN");
    CHECK_INT(setenv(LM_SECRET_PREFIX "LM_TEST_TOKEN", "two\r\nlines", 1), 0);
    CHECK_INT(fixture_run(&g.f), LM_INVALID);
    CHECK(strstr(g.f.err.text, "two") == NULL);
    CHECK_INT(http_server_requests(g.server), 0);

    /* never over http:// to another machine */
    CHECK_INT(setenv(LM_SECRET_PREFIX "LM_TEST_TOKEN", "t0psecret", 1), 0);
    g.f.sources[0].url = "http://192.0.2.1/x";
    g.f.sources[0].allow_unpinned = false;
    g.f.sources[0].sha256 = hex_of(&g.f, "right\n", 6);
    CHECK_INT(fixture_run(&g.f), LM_INVALID);
    CHECK_HAS(g.f.err.text, "use https://");
    guard_close(&g);
}

static const struct tap_test tests[] = {TAP_ROW(test_token) TAP_ROW(test_hub) TAP_ROW(
    test_token_goes_to_its_host_alone) TAP_ROW(test_token_missing)};
LM_TEST_FILE(tests)
