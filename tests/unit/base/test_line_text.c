#include "base/line_text.h"
#include "tap.h"

static void test_round_trip(struct tap *tap)
{
    static const char *const texts[] = {"",     "/a/b.yaml", "\n",         "%",       "%0a",
                                        "a\nb", "100%25",    "%%0a\n%25%", "/ö/日 本"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct lm_buf line;
        lm_buf_init(&line, 0);
        lm_buf_puts(&line, "");
        lm_line_escape(&line, texts[i]);
        REQUIRE(!line.failed);
        char *text = line.data != NULL ? line.data : (char[]){""};
        CHECK(strchr(text, '\n') == NULL);
        lm_line_unescape(text);
        CHECK_STR(text, texts[i]);
        lm_buf_release(&line);
    }
}

static void test_others(struct tap *tap)
{
    char text[] = "%0b %a %2"; /* is nobody's: it stays */
    lm_line_unescape(text);
    CHECK_STR(text, "%0b %a %2");
}

static const struct tap_test tests[] = {TAP_ROW(test_round_trip) TAP_ROW(test_others)};
LM_TEST_FILE(tests)
