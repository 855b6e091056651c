/** Names of members: cleaned, matched, shown. */
#include "stages/download/member.h"

#include "tap.h"

static void test_clean(struct tap *tap)
{
    static const struct {
        const char *name, *want; /* want NULL: refused */
    } rows[] = {
        {"a.txt", "a.txt"}, {"./a//b/./c", "a/b/c"},
        {"a/", "a"},        {".hidden", ".hidden"},
        {"...", "..."},     {"a..b/..c", "a..b/..c"},
        {"文/字", "文/字"}, {"", NULL},
        {"/", NULL},        {"/a", NULL},
        {"..", NULL},       {"a/..", NULL},
        {"../a", NULL},     {"a/../b", NULL},
        {"./", NULL},       {"C:\\x", NULL},
        {"a\x7f", NULL},    {"a\tb", NULL},
        {"\xc0\xaf", NULL}, {"\xed\xa0\x80", NULL},
    };
    struct lm_arena *arena = lm_arena_create();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *clean = NULL;
        enum lm_status status = lm_member_clean(&clean, arena, rows[i].name, NULL);
        CHECK_INT(status, rows[i].want != NULL ? LM_OK : LM_FORMAT);
        if (rows[i].want != NULL)
            CHECK_STR(clean, rows[i].want);
        else
            CHECK(clean == NULL);
    }
    lm_arena_free(arena);
}

static void test_hidden(struct tap *tap)
{
    CHECK(lm_member_is_hidden(".a"));
    CHECK(lm_member_is_hidden("a/.b/c"));
    CHECK(!lm_member_is_hidden("a.b/c."));
}

static void test_show(struct tap *tap)
{
    char shown[LM_MEMBER_SHOWN], longest[1000];
    CHECK_STR(lm_member_show(shown, "a\n\x1b[31m\xe6\\"), "a\\x0a\\x1b[31m\\xe6\\x5c");
    memset(longest, '\n', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    lm_member_show(shown, longest);
    CHECK(strlen(shown) < sizeof shown);
    CHECK_STR(shown + strlen(shown) - 3, "...");
}

static const struct tap_test tests[] = {TAP_ROW(test_clean) TAP_ROW(test_hidden)
                                            TAP_ROW(test_show)};
LM_TEST_FILE(tests)
