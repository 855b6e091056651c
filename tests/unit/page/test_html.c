#include <stdio.h>
#include <stdlib.h>

#include <lmpipe/rng.h>

#include "base/utf8.h"
#include "page/html.h"
#include "tap.h"
#include "wellformed.h"

/* The escaped form of a text, as content and as attribute value. */
static void check_escaped(struct tap *tap, const char *text, size_t size, const char *content,
                          const char *attribute)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_html_text(&out, text, size);
    CHECK_STR(out.data != NULL ? out.data : "", content);
    lm_buf_clear(&out);
    lm_html_attribute(&out, text, size);
    CHECK_STR(out.data != NULL ? out.data : "", attribute);
    lm_buf_release(&out);
}

#define ESCAPED(text, content, attribute)                                                          \
    check_escaped(tap, text, sizeof text - 1, content, attribute)
#define TILE(name) "<b class=\"x\">" name "</b>"

static void markup_is_escaped(struct tap *tap)
{
    ESCAPED("<script>alert('x & \"y\"')</script>",
            "&lt;script&gt;alert(&#39;x &amp; &quot;y&quot;&#39;)&lt;/script&gt;",
            "&lt;script&gt;alert(&#39;x &amp; &quot;y&quot;&#39;)&lt;/script&gt;");
    ESCAPED("caf\xc3\xa9 \xe4\xb8\xad \xf0\x9f\x98\x80\n\t",
            "caf\xc3\xa9 \xe4\xb8\xad \xf0\x9f\x98\x80\n\t",
            "caf\xc3\xa9 \xe4\xb8\xad \xf0\x9f\x98\x80\n\t");
}

static void hidden_characters_are_tiles(struct tap *tap)
{
    ESCAPED("a\xe2\x80\xae"
            "b",
            "a" TILE("U+202E") "b", "a[U+202E]b");
    ESCAPED("\0\x1b[31m\x7f", TILE("U+0000") TILE("U+001B") "[31m" TILE("U+007F"),
            "[U+0000][U+001B][31m[U+007F]");
    ESCAPED("\xef\xbb\xbf\xe2\x80\x8b\xc2\xad", TILE("U+FEFF") TILE("U+200B") TILE("U+00AD"),
            "[U+FEFF][U+200B][U+00AD]");
    ESCAPED("\xf3\xa0\x81\x81", TILE("U+E0041"), "[U+E0041]"); /* a tag character */
    ESCAPED("\r", TILE("U+000D"), "[U+000D]");
}

static void ill_formed_bytes_are_tiles(struct tap *tap)
{
    ESCAPED("\xe2\x80", TILE("\\xE2") TILE("\\x80"), "[\\xE2][\\x80]");
    ESCAPED("\xc0\xaf"
            "a",
            TILE("\\xC0") TILE("\\xAF") "a", "[\\xC0][\\xAF]a"); /* overlong / */
    ESCAPED("\xed\xa0\x80", TILE("\\xED") TILE("\\xA0") TILE("\\x80"), "[\\xED][\\xA0][\\x80]");
}

/* Any bytes give well-formed, valid UTF-8. */
static void random_bytes_stay_well_formed(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(3, "bytes");
    for (uint64_t round = 0; round < 300; round++) {
        struct lm_buf out;
        uint8_t text[400];
        size_t elements;
        const char *where;
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = (uint8_t)lm_rng_below(rng, round, i, round % 2 ? 256 : 64);
        lm_buf_init(&out, 0);
        lm_html_begin(&out, "t", "d");
        lm_html_text(&out, text, sizeof text);
        lm_buf_puts(&out, "<p title=\"");
        lm_html_attribute(&out, text, sizeof text);
        lm_buf_puts(&out, "\"/>");
        lm_html_end(&out, "f");
        CHECK(is_wellformed(out.data, &elements, &where));
        CHECK_INT(lm_utf8_valid_prefix((const uint8_t *)out.data, out.size), out.size);
        lm_buf_release(&out);
    }
}

static void format_escapes_strings_only(struct tap *tap)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_html_printf(&out, "<p class=\"%s\">%d %lld %zu 100%% %s</p>", "a\"b", -1, 1LL << 40,
                   (size_t)7, "<i>");
    CHECK_STR(out.data, "<p class=\"a&quot;b\">-1 1099511627776 7 100% &lt;i&gt;</p>");
    lm_buf_release(&out);
}

static void page_shell(struct tap *tap)
{
    struct lm_buf out;
    size_t elements;
    const char *where;
    lm_buf_init(&out, 0);
    lm_html_begin(&out, "A <title>", "A \"description\"");
    lm_html_section(&out, "one", "Heading & more", "A <b>note</b>");
    lm_html_section_end(&out);
    lm_html_section(&out, "two", "No note", NULL);
    lm_html_section_end(&out);
    lm_html_end(&out, "the <end>");
    CHECK(is_wellformed(out.data, &elements, &where));
    CHECK(strstr(out.data, "<title>A &lt;title&gt;</title>") != NULL);
    CHECK(strstr(out.data, "<h2>Heading &amp; more</h2>\n<p>A <b>note</b></p>") != NULL);
    CHECK(strstr(out.data, "<footer>the &lt;end&gt;</footer>") != NULL);
    lm_buf_release(&out);
}

static const struct tap_test tests[] = {
    TAP_ROW(markup_is_escaped) TAP_ROW(hidden_characters_are_tiles)
        TAP_ROW(ill_formed_bytes_are_tiles) TAP_ROW(random_bytes_stay_well_formed)
            TAP_ROW(format_escapes_strings_only) TAP_ROW(page_shell)};
LM_TEST_MAIN(tests)
