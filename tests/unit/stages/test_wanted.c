/** Lists of files as sources: sums, addresses, both. */
#include "stages/download/wanted.h"

#include "download_fixture.h"
#include "http_server.h"

static const struct http_step one[] = {{.status = 200, .body = "first\n", .size = 6}};
static const struct http_step two[] = {{.status = 200, .body = "second\n", .size = 7}};
static const struct http_step gone[] = {{.status = 404}};

static const struct http_route shelf[] = {
    {"/d/a.txt", one, 1, true},         {"/d/b%20c.txt", two, 1, true},
    {"/m/d/a.txt", one, 1, true},       {"/gone/a.txt", gone, 1, true},
    {"/gone/b%20c.txt", gone, 1, true},
};

static bool put_list(struct fixture *f, const char *name, const char *lines)
{
    return lm_file_write(at(f, name), lines, strlen(lines), NULL) == LM_OK;
}

/** Sums of a.txt and "b c.txt" in the folder `prefix`. */
static const char *sums_of(struct fixture *f)
{
    return lm_arena_printf(f->arena, "# sums\n%s  a.txt\r\nSHA256 (b c.txt) = %s\n\n",
                           hex_of(f, "first\n", 6), hex_of(f, "second\n", 7));
}

static void test_sums(struct tap *tap)
{
    struct fixture f;
    struct http_server *server = http_server_start_routes(shelf, 5, HTTP_PLAIN);
    fixture_open(&f, 1);
    REQUIRE(server != NULL && put_list(&f, "SHA256SUMS", sums_of(&f)));
    const char *base = lm_arena_printf(f.arena, "http://127.0.0.1:%d/", http_server_port(server));
    const char *mirrors[] = {lm_arena_printf(f.arena, "%sd", base)};
    f.sources[0].sums = at(&f, "SHA256SUMS");
    f.sources[0].url = lm_arena_printf(f.arena, "%sgone/", base);
    f.sources[0].mirrors = (struct lm_list){mirrors, 1};
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK_STR(corpus_file(&f, "files/source0/a.txt"), "first\n");
    CHECK_STR(corpus_file(&f, "files/source0/b c.txt"), "second\n");
    CHECK_INT(lm_ctx_result_value(f.ctx, "files"), 2);

    /* all is there: nothing is asked for again */
    size_t requests = http_server_requests(server);
    f.offline = true;
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK_INT(http_server_requests(server), requests);

    /* include chooses files of the list */
    f.offline = false;
    static const char *globs[] = {"b*"}, *none[] = {"z*"};
    f.sources[0].include = (struct lm_list){globs, 1};
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK_INT(lm_ctx_result_value(f.ctx, "files"), 1);
    f.sources[0].include = (struct lm_list){none, 1};
    CHECK_INT(fixture_run(&f), LM_INVALID);
    CHECK_HAS(f.err.text, "no file of the list matches include");

    /* a file on this machine that is not what its line says */
    REQUIRE(lm_dir_create(at(&f, "local"), NULL) == LM_OK &&
            put_list(&f, "local/a.txt", "first\n") && put_list(&f, "local/b c.txt", "other\n"));
    f.sources[0].include = (struct lm_list){0};
    f.sources[0].mirrors = (struct lm_list){0};
    f.sources[0].url = "";
    f.sources[0].path = at(&f, "local");
    CHECK_INT(fixture_run(&f), LM_MISMATCH);
    CHECK_HAS(f.err.text, "SHA256SUMS:3 pins");
    REQUIRE(put_list(&f, "local/b c.txt", "second\n"));
    CHECK_INT(fixture_run(&f), LM_OK);
    http_server_stop(server);
    fixture_close(&f);
}

static void test_urls(struct tap *tap)
{
    struct fixture f;
    struct http_server *server = http_server_start_routes(shelf, 5, HTTP_PLAIN);
    fixture_open(&f, 1);
    REQUIRE(server != NULL && put_list(&f, "sums", sums_of(&f)));
    int port = http_server_port(server);
    const char *lines = lm_arena_printf(f.arena,
                                        "# two files, the first in two places\n"
                                        "http://127.0.0.1:%d/gone/a.txt\n"
                                        "  http://127.0.0.1:%d/m/d/a.txt?token=secret \n"
                                        "http://127.0.0.1:%d/d/b%%20c.txt",
                                        port, port, port);
    REQUIRE(put_list(&f, "urls.txt", lines));
    f.sources[0].urls = at(&f, "urls.txt");
    f.sources[0].sums = at(&f, "sums");
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK_STR(corpus_file(&f, "files/source0/a.txt"), "first\n");
    CHECK_STR(corpus_file(&f, "files/source0/b c.txt"), "second\n");
    CHECK(strstr(notes(&f), "secret") == NULL);
    http_server_stop(server);
    fixture_close(&f);
}

static void test_urls_without_sums(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f, 1);
    REQUIRE(lm_dir_create(at(&f, "en"), NULL) == LM_OK &&
            lm_dir_create(at(&f, "de"), NULL) == LM_OK);
    REQUIRE(put_list(&f, "en/a.txt", "one\n") && put_list(&f, "de/a.txt", "eins\n"));
    REQUIRE(put_list(
        &f, "urls.txt",
        lm_arena_printf(f.arena, "file://%s/en/a.txt\nfile://%s/de/a.txt\n", f.folder, f.folder)));
    f.sources[0].urls = at(&f, "urls.txt");
    f.sources[0].allow_unpinned = true;
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK_STR(corpus_file(&f, "files/source0/en/a.txt"), "one\n");
    CHECK_STR(corpus_file(&f, "files/source0/de/a.txt"), "eins\n");
    CHECK_HAS(notes(&f), lm_arena_printf(f.arena, "%s  de/a.txt", hex_of(&f, "eins\n", 5)));
    fixture_close(&f);
}

static void test_bad_lists(struct tap *tap)
{
    static const char hex[] = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

    static const struct {
        const char *urls, *sums, *error; /* %s: `hex` */
    } rows[] = {
        {NULL, "", "sums: names no file"},
        {NULL, "# nothing\n", "sums: names no file"},
        {NULL, "%s\n", "sums:1: is no line of sha256sum"},
        {NULL, "\n%.63s  a\n", "sums:2: is no line of sha256sum"},
        {NULL, "<html>\n", "sums:1: is no line of sha256sum"},
        {NULL, "%s  ../a\n", "sums:1: "},
        {NULL, "%s  /etc/passwd\n", "sums:1: "},
        {NULL, "%s  a\n0%.63s  a\n", "sums:2: has another sum of the file of line 1"},
        {"https://h/b\n", "%s  a\n", "urls:1: no line of sums is of https://h/b"},
        {"https://h/a\n", "%s  a\n%s  b\n", "sums:2: no address of urls leads to \"b\""},
        {"", NULL, "urls: names no address"},
        {"a.txt\n", NULL, "urls:1: is no address"},
        {"ftp://h/a\n", NULL, "urls:1: is no address"},
        {"https://h/a b\n", NULL, "urls:1: is no address"},
        {"https://h/a\nhttp://h/b\n", NULL, "urls:2: http:// can be altered"},
        {"https://h/a\nhttps://h/\n", NULL, "urls:2: ends in no name"},
        {"https://h/a\nhttps://g/a\n", NULL, "urls:2: leads to the same name as line 1"},
        {"https://h/x/..%%2fa\nhttps://h/y\n", NULL, "urls:1: "},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        char list[400];
        fixture_open(&f, 1);
        if (rows[i].sums != NULL) {
            snprintf(list, sizeof list, rows[i].sums, hex, hex);
            REQUIRE(put_list(&f, "sums", list));
            f.sources[0].sums = at(&f, "sums");
        }
        if (rows[i].urls != NULL) {
            snprintf(list, sizeof list, rows[i].urls, hex, hex);
            REQUIRE(put_list(&f, "urls", list));
            f.sources[0].urls = at(&f, "urls");
            f.sources[0].allow_unpinned = rows[i].sums == NULL;
        } else {
            f.sources[0].path = f.folder;
        }
        CHECK(fixture_run(&f) != LM_OK);
        CHECK_HAS(f.err.text, rows[i].error);
        fixture_close(&f);
    }
}

static const struct tap_test tests[] = {
    TAP_ROW(test_sums) TAP_ROW(test_urls) TAP_ROW(test_urls_without_sums) TAP_ROW(test_bad_lists)};
LM_TEST_FILE(tests)
