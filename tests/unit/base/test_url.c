/** No secret of an address comes out, however it is mistyped. */
#include "base/url.h"

#include <string.h>

#include "tests/tap.h"

static void shows(struct tap *tap)
{
    static const struct {
        const char *url, *shown, *query;
    } rows[] = {
        {"https://host/path", "https://host/path", ""},
        {"https://host:8080", "https://host:8080", ""},
        {"https://user:pass@host:1/a@b?q=1#f", "https://***@host:1/a@b?***", "?q=1#f"},
        {"https://user@host/", "https://***@host/", ""},
        {"https://a@b@host/", "https://***@host/", ""},
        {"http://host?token", "http://host?***", "?token"},
        {"http://host/#secret", "http://host/", ""},
        {"http://host/a#f?x", "http://host/a", ""},
        {"https://[::1]:443/x", "https://[::1]:443/x", ""},
        {"https://user:pa/ss@host/x", "https://***@host/x", ""},
        {"https://user:pa?ss@host/x?k=1", "https://***@host/x?***", "?k=1"},
        {"https://user:pa#ss@host/x", "https://***@host/x", ""},
        {"HTTPS://u:p@h/x", "HTTPS://***@h/x", ""},
        {"htps://u:p@h/x?y", "htps://***@h/x?***", "?y"},
        {"https:/u:p@h/x?y", "***@h/x?***", "?y"},
        {"u:p@h/x", "***@h/x", ""},
        {"file:///a?b#c", "file:///a?b#c", ""},
        {"file:///mail/a@b", "file:///mail/a@b", ""},
        {"file://u:p@host/a", "file://***@host/a", ""},
        {"https://${env.HOST}/${env.PATH}", "https://${env.HOST}/${env.PATH}", ""},
        {"https://${env.USER}:${env.PASS}@h/x?t=${env.T}", "https://***@h/x?***", "?t=${env.T}"},
        {"", "", ""},
        {"?", "?***", "?"},
        {"@", "***@", ""},
    };

    struct lm_arena *arena = lm_arena_create();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_STR(lm_url_show(arena, rows[i].url), rows[i].shown);
        CHECK_STR(lm_url_query(rows[i].url), rows[i].query);
        /* what is shown is fit to be shown again */
        const char *shown = lm_url_show(arena, rows[i].url);
        CHECK_STR(lm_url_show(arena, shown), shown);
    }
    lm_arena_free(arena);
}

static void masked(struct tap *tap)
{
    static const struct {
        const char *url;
        bool is_masked;
    } rows[] = {
        {"https://***@host/x", true},
        {"https://host/x?***", true},
        {"https://***@h/?***", true},
        {"https://host/x", false},
        {"https://host/***", false},
        {"https://a***@host/x", false},
        {"https://host/x?a***", false},
        {"https://host/x?q=***", false},
        {"", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_INT(lm_url_is_masked(rows[i].url), rows[i].is_masked);
}

static void by_reference(struct tap *tap)
{
    static const struct {
        const char *url;
        bool is_by_reference;
    } rows[] = {
        {"https://host/path", true},
        {"https://${env.U}@host/", true},
        {"https://${env.U}:${env.P}@host/x?t=${env.T}&u=&v=${env.A}${env.B}#part", true},
        {"https://${env.U}:@host/", true},
        {"https://user:${env.P}@host/", false},
        {"https://${env.U}:pass@host/", false},
        {"https://${env.U}x@host/", false},
        {"https://x${env.U}@host/", false},
        {"https://h/?t=a${env.T}", false},
        {"https://h/?t=${env.T}a", false},
        {"https://h/?token", false},
        {"https://h/?a=${env.T}&b=c", false},
        {"https://h/?${env.T}", true},
        {"https://$${env.U}@h/", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_INT(lm_url_is_by_reference(rows[i].url), rows[i].is_by_reference);
}

static void files(struct tap *tap)
{
    static const struct {
        const char *url, *path;
    } rows[] = {
        {"file:///a/b", "/a/b"},
        {"FILE://localhost/a%20b", "/a b"},
        {"file:///a%zz%2", "/a%zz%2"},
        {"file:///%7ex?y#z", "/~x?y#z"},
        {"file://host/a", "none"},
        {"file://", "none"},
        {"file:/a", "none"},
        {"https://h/a", "none"},
        {"/a", "none"},
    };

    struct lm_arena *arena = lm_arena_create();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *path = lm_url_file(arena, rows[i].url);
        CHECK_STR(path != NULL ? path : "none", rows[i].path);
    }
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {TAP_ROW(shows) TAP_ROW(masked) TAP_ROW(by_reference)
                                            TAP_ROW(files)};
LM_TEST_FILE(tests)
