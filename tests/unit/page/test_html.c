#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- contrast (WCAG 2.1, 1.4.3 and 1.4.11) ---- */

/* The colour of variable `name` in a set of the style sheet that begins at `set`: 0xrrggbb, or -1.
 */
static long colour(const char *set, const char *name)
{
    char key[40];
    snprintf(key, sizeof key, "--%s:#", name);
    const char *at = strstr(set, key);
    const char *end = strchr(set, '}');
    if (at == NULL || end == NULL || at > end)
        return -1;
    return strtol(at + strlen(key), NULL, 16);
}

/* Relative luminance. */
static double luminance(long rgb)
{
    static const double weights[] = {0.2126, 0.7152, 0.0722};
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        double c = (double)((rgb >> (16 - 8 * i)) & 255) / 255;
        sum += weights[i] * (c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4));
    }
    return sum;
}

static double contrast(long a, long b)
{
    double x = luminance(a), y = luminance(b);
    return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

static void colours_can_be_told_apart(struct tap *tap)
{
    static const struct {
        const char *front, *back;
        double least;
    } pairs[] = {
        /* text */
        {"ink", "paper", 4.5},
        {"soft", "paper", 4.5},
        {"ink", "card", 4.5},
        {"soft", "card", 4.5},
        {"a", "paper", 4.5},
        {"pass", "paper", 4.5},
        {"fail", "paper", 4.5},
        {"und", "paper", 4.5},
        {"ink", "tile", 4.5},
        {"ink", "rule", 4.5},
        {"ink", "s1", 4.5},
        {"ink", "s2", 4.5},
        {"ink", "s3", 4.5},
        {"ink", "s4", 4.5},
        {"ink", "s5", 4.5},
        {"ink", "s6", 4.5},
        /* marks */
        {"b", "paper", 3},
        {"c", "paper", 3},
        {"d", "paper", 3},
        {"mute", "paper", 3},
    };
    struct lm_buf style;
    lm_buf_init(&style, 0);
    for (size_t i = 0; lm_html_style[i] != NULL; i++)
        lm_buf_puts(&style, lm_html_style[i]);
    lm_buf_putc(&style, '\0');
    const char *light = strstr(style.data, ":root{"), *dark = strstr(light + 1, ":root{");
    REQUIRE(light != NULL && dark != NULL);
    CHECK_NEAR(contrast(0xffffff, 0), 21, 1e-9);
    CHECK_NEAR(contrast(0x767676, 0xffffff), 4.54, 0.01); /* the grey that WCAG's readers know */
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        for (int k = 0; k < 2; k++) {
            const char *set = k == 0 ? light : dark;
            long front = colour(set, pairs[i].front), back = colour(set, pairs[i].back);
            REQUIRE(front >= 0 && back >= 0);
            if (contrast(front, back) < pairs[i].least)
                printf("# %s on %s, %s: %.2f\n", pairs[i].front, pairs[i].back,
                       k == 0 ? "light" : "dark", contrast(front, back));
            CHECK(contrast(front, back) >= pairs[i].least);
        }
    lm_buf_release(&style);
}

static const struct tap_test tests[] = {
    TAP_ROW(markup_is_escaped) TAP_ROW(hidden_characters_are_tiles)
        TAP_ROW(ill_formed_bytes_are_tiles) TAP_ROW(random_bytes_stay_well_formed)
            TAP_ROW(format_escapes_strings_only) TAP_ROW(page_shell)
                TAP_ROW(colours_can_be_told_apart)};
LM_TEST_FILE(tests)
