#include "base/lines.h"

#include <string.h>

#include "tap.h"

/* A text, and its lines with a bar behind each. */
static void test_lines(struct tap *tap)
{
    static const struct {
        const char *text, *lines;
    } rows[] = {{"", ""},         {"\n", "|"},         {"a", "a|"},           {"a\n", "a|"},
                {"a\nb", "a|b|"}, {"\n\na\n", "||a|"}, {"a\r\nb\n", "a\r|b|"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char got[32] = "";
        const char *line;
        size_t size, length = strlen(rows[i].text), count = 0;
        struct lm_line_walk lines = lm_line_walk_of(rows[i].text, length);
        while (lm_line_walk_next(&lines, &line, &size)) {
            strncat(got, line, size);
            strcat(got, "|");
            CHECK_INT(lines.number, ++count);
        }
        CHECK_STR(got, rows[i].lines);
        CHECK_INT(lm_line_walk_count(rows[i].text, length), count);
    }
}

/* Bytes beyond the size are nobody's; a NUL is a byte as any other. */
static void test_bounds(struct tap *tap)
{
    const char *line;
    size_t size;
    struct lm_line_walk lines = lm_line_walk_of("a\0b\nc\nd", 5);
    CHECK(lm_line_walk_next(&lines, &line, &size) && size == 3);
    CHECK(lm_line_walk_next(&lines, &line, &size) && size == 1 && line[0] == 'c');
    CHECK(!lm_line_walk_next(&lines, &line, &size) && !lm_line_walk_next(&lines, &line, &size));
}

static const struct tap_test tests[] = {TAP_ROW(test_lines) TAP_ROW(test_bounds)};
LM_TEST_FILE(tests)
