#include "safe_text.h"

#include "tap.h"

struct case_ {
    const char *raw, *safe;
};

static const struct case_ lines[] = {
    {"plain text", "plain text"},
    {"naïve 红楼梦", "naïve 红楼梦"},
    {"\x1b[2Jgone", "\\x1b[2Jgone"},
    {"a\r\nb\tc", "a\\x0d\\x0ab\\x09c"},
    {"bell\a", "bell\\x07"},
    {"c1 \xc2\x9b", "c1 \\u009b"},
    {"bidi \xe2\x80\xae"
     "abc",
     "bidi \\u202eabc"},
    {"isolate \xe2\x81\xa6", "isolate \\u2066"},
    {"line\xe2\x80\xa8sep", "line\\u2028sep"},
    {"bad \xff\xfe", "bad \\xff\\xfe"},
    {"cut \xe4\xbd", "cut \\xe4\\xbd"},
    {"::error::x", "\\u003a:error::x"},
    {"  ::error::x", "  \\u003a:error::x"},
    {"std::vector", "std::vector"},
    {"x ##[group]y", "x \\u0023#[group]y"},
    {"x ##vso[task.a]y ###abc[", "x ##vso\\u005btask.a]y ###abc\\u005b"},
    {"## a [b] #c[d] ##1[e]", "## a [b] #c[d] ##1[e]"},
    {"\xc2\xa0 \xe3\x80\x80::error::x", "\xc2\xa0 \xe3\x80\x80\\u003a:error::x"},
    {"", ""},
    {"tag \xf3\xa0\x81\x81", "tag \\udb40\\udc41"},
};

static void one_line_is_harmless(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(arena != NULL);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        CHECK_STR(lm_safe_line(arena, lines[i].raw), lines[i].safe);
    lm_arena_free(arena);
}

/* Text in pieces of `piece` bytes gives what the whole text gives. */
static char *in_pieces(const char *text, size_t size, size_t piece)
{
    char *out = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&out, &length);
    struct lm_safe safe;
    if (file == NULL)
        return NULL;
    lm_safe_init(&safe, file);
    for (size_t at = 0; at < size; at += piece)
        lm_safe_write(&safe, text + at, size - at < piece ? size - at : piece);
    lm_safe_finish(&safe);
    fclose(file);
    return out;
}

static void pieces_change_nothing(struct tap *tap)
{
    static const char text[] =
        "first\n::set-env name=x::y\n \t::z\n红楼\xe2\x80\xae梦 ##[cmd] \xe7\xba";
    static const char want[] = "first\n\\u003a:set-env name=x::y\n \t\\u003a:z\n红楼\\u202e梦 "
                               "\\u0023#[cmd] \\xe7\\xba";
    for (size_t piece = 1; piece <= 7; piece++) {
        char *got = in_pieces(text, sizeof text - 1, piece);
        CHECK_STR(got, want);
        free(got);
    }
}

static void zero_bytes_are_shown(struct tap *tap)
{
    char *got = in_pieces("a\0b", 3, 1);
    CHECK_STR(got, "a\\x00b");
    free(got);
}

static const struct tap_test tests[] = {TAP_ROW(one_line_is_harmless) TAP_ROW(pieces_change_nothing)
                                            TAP_ROW(zero_bytes_are_shown)};

LM_TEST_FILE(tests)
