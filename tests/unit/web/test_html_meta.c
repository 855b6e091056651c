/* What a page says of itself, however it says it. */
#include "web/html_meta.h"

#include "tests/tap.h"

static void note(struct lm_buf *meta, const char *element, const char *a, const char *x,
                 const char *b, const char *y)
{
    const char *attributes[] = {a, x, b, y, NULL};
    lm_html_meta_note(meta, element, attributes);
}

static void names_in_order(struct tap *tap)
{
    struct lm_buf meta;
    lm_buf_init(&meta, 0);
    CHECK(lm_html_meta_find(&meta, "title") == NULL);
    note(&meta, "meta", "content", " two\n\t words ", "property", "OG:Title");
    CHECK_STR(lm_html_meta_find(&meta, "title"), "two words");
    lm_html_meta_put(&meta, "html.title", "own", 3);
    CHECK_STR(lm_html_meta_find(&meta, "Title"), "own");
    CHECK_STR(lm_html_meta_find(&meta, "og:title"), "two words");
    note(&meta, "meta", "name", "date", "content", "2001");
    note(&meta, "meta", "itemprop", "datePublished", "content", "2002-03-04");
    CHECK_STR(lm_html_meta_find(&meta, "date"), "2002-03-04");
    note(&meta, "link", "rel", "stylesheet", "href", "x.css");
    CHECK(lm_html_meta_find(&meta, "url") == NULL);
    note(&meta, "link", "href", "http://a/", "rel", "Canonical");
    CHECK_STR(lm_html_meta_find(&meta, "url"), "http://a/");
    lm_buf_release(&meta);
}

static void what_is_no_value(struct tap *tap)
{
    static const char *const none[] = {NULL};
    struct lm_buf meta;
    char text[8000];
    lm_buf_init(&meta, 0);
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    note(&meta, "meta", "name", "a", "content", "  \n");
    note(&meta, "meta", "name", "a", "content", NULL);
    note(&meta, "meta", "name", NULL, "content", "v");
    note(&meta, "meta", "name", "a", "content", text);
    note(&meta, "meta", "name", text, "content", "v");
    note(&meta, "p", "name", "a", "content", "v");
    lm_html_meta_note(&meta, "meta", none);
    lm_html_meta_note(&meta, "html", NULL);
    CHECK_INT(meta.size, 0);
    for (size_t i = 0; i < 100; i++)
        lm_html_meta_put(&meta, "b", text, 2000);
    CHECK(meta.size > 60000 && meta.size <= 65536);
    lm_buf_release(&meta);
}

static const struct tap_test tests[] = {TAP_ROW(names_in_order) TAP_ROW(what_is_no_value)};

LM_TEST_FILE(tests)
