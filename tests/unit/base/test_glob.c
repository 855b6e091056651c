#include "base/glob.h"

#include "tap.h"

static void test_matches(struct tap *tap)
{
    static const struct {
        const char *glob, *name;
        bool want;
    } rows[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "a/b", true},
        {"*.txt", "a/b.txt", true},
        {"*.txt", "a.txt.gz", false},
        {"?.txt", "a.txt", true},
        {"?.txt", ".txt", false},
        {"a*b*c", "axxbyyc", true},
        {"a*b*c", "axxbyy", false},
        {"*aab", "aaaab", true},
        {"[a]", "a", false},
        {"a**", "a", true},
        {"*/x", "x", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK(lm_glob_matches(rows[i].glob, rows[i].name) == rows[i].want);
}

static const struct tap_test tests[] = {
    {"matches", test_matches},
};

LM_TEST_FILE(tests)
