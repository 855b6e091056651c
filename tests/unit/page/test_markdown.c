#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lmpipe/rng.h>

#include "page/markdown.h"
#include "tap.h"

#define Z "&#8203;"

static void check(struct tap *tap, void (*put)(struct lm_buf *, const void *, size_t),
                  const char *text, size_t size, const char *wanted)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    put(&out, text, size);
    CHECK_STR(out.data != NULL ? out.data : "", wanted);
    lm_buf_release(&out);
}

#define TEXT(text, wanted) check(tap, lm_markdown_text, text, sizeof text - 1, wanted)
#define PRE(text, wanted) check(tap, lm_markdown_preformatted, text, sizeof text - 1, wanted)

static void plain_text_stays(struct tap *tap)
{
    TEXT("The loss is 2.05, at 12 %; caf\xc3\xa9 \xe4\xb8\xad 1,024 - 3 = x?",
         "The loss is 2.05, at 12 %; caf\xc3\xa9 \xe4\xb8\xad 1,024 - 3 = x?");
    PRE("one\ntwo\tthree\n", "one\ntwo\tthree\n");
}

static void markup_is_entities(struct tap *tap)
{
    TEXT("a|b`c*d_e[f](g)\\h~~i<j>&k", "a&#124;b&#96;c&#42;d&#95;e&#91;f&#93;&#40;g&#41;&#92;h"
                                       "&#126;" Z "&#126;" Z "i&#60;j&#62;&#38;" Z "k");
    TEXT("a\n# b\r\n- c\n===\n\td", "a &#35; b  - c ===  d");
    PRE("</pre>\n\n\n# `x`", "&#60;&#47;pre&#62;\n&#10;&#10;&#35; &#96;x&#96;");
    PRE("\na", "&#10;a");
}

/* A break stands inside whatever a filter would make something of once entities are decoded. */
static void names_and_numbers_are_broken(struct tap *tap)
{
    TEXT("@user", "&#64;" Z "user");
    TEXT("x@evil.example", "x&#64;" Z "evil.example");
    TEXT("#1 GH-1 o/r#1 !7", "&#35;" Z "1 GH" Z "-1 o&#47;r&#35;" Z "1 &#33;" Z "7");
    TEXT(":smile: $x$ [^1]", "&#58;" Z "smile&#58; &#36;" Z "x&#36; &#91;&#94;" Z "1&#93;");
    TEXT("www.evil.example http://e", "www" Z ".evil.example http&#58;" Z "&#47;&#47;e");
    TEXT("WWW.e _Gh-2 high-quality", "WWW" Z ".e &#95;Gh" Z "-2 high-quality");
    TEXT("##[error] ::error::x",
         "&#35;" Z "&#35;" Z "&#91;error&#93; &#58;" Z "&#58;" Z "error&#58;" Z "&#58;" Z "x");
    TEXT("12 %\xe2\x80\x93"
         "13 %) %1",
         "12 %\xe2\x80\x93"
         "13 %&#41; %" Z "1");
    TEXT("a@ b # c", "a&#64; b &#35; c");
}

static void hashes_are_broken(struct tap *tap)
{
    TEXT("deadbee", "deadbe" Z "e");
    TEXT("at 0123456789abcdef0123456789abcdef01234567.",
         "at 012345" Z "6789ab" Z "cdef01" Z "234567" Z "89abcd" Z "ef0123" Z "4567.");
    TEXT("deadbe x1234567 1234567x", "deadbe x1234567 1234567x"); /* short, or part of a word */
    PRE("deadbeef", "deadbeef");
}

static void what_is_hidden_is_shown(struct tap *tap)
{
    TEXT("\xe2\x80\xae(e)", "&#91;U+202E&#93;&#40;e&#41;"); /* brackets that make no link */
    TEXT("\xe2(x", "&#91;&#92;xE2&#93;&#40;x");
    TEXT("a\0b\x1b", "a&#91;U+0000&#93;b&#91;U+001B&#93;");
    PRE("\r\xe2\x80\x8b", "&#91;U+000D&#93;&#91;U+200B&#93;");
}

/* Of any bytes nothing is left in the source that begins markup, and no line is added. */
static void any_bytes_are_harmless(struct tap *tap)
{
    const struct lm_rng rng = lm_rng_stream(3, "markdown");
    struct lm_buf out;
    lm_buf_init(&out, 0);
    for (uint64_t k = 0; k < 2000; k++) {
        static const char usual[] = "@#:$!~^&GHwww.-0a1/[](){}<>|`*_\\\n\r\t \xe2\x80\xae";
        char text[40];
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = usual[lm_rng_below(rng, k, i, sizeof usual - 1)];
        lm_buf_clear(&out);
        lm_markdown_text(&out, text, sizeof text);
        CHECK(strpbrk(out.data, "|`*_[]\\~@:\n\r\t<>()!$^{}") == NULL);
        CHECK(strstr(out.data, "www.") == NULL && strstr(out.data, "GH-1") == NULL);
        lm_buf_clear(&out);
        lm_markdown_preformatted(&out, text, sizeof text);
        CHECK(strstr(out.data, "\n\n") == NULL && strpbrk(out.data, "<>@:[]`") == NULL);
    }
    lm_buf_release(&out);
}

static const struct tap_test tests[] = {
    TAP_ROW(plain_text_stays) TAP_ROW(markup_is_entities) TAP_ROW(names_and_numbers_are_broken)
        TAP_ROW(hashes_are_broken) TAP_ROW(what_is_hidden_is_shown)
            TAP_ROW(any_bytes_are_harmless)};
LM_TEST_FILE(tests)
