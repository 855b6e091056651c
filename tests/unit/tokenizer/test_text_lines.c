#include "tokenizer/formats/text_lines.h"

#include <string.h>

#include "tap.h"

/* Lines as "NUMBER:WORD,WORD;". */
static const char *shown(char out[200], const char *text)
{
    struct lm_lines lines = lm_lines_of(text, strlen(text));
    struct lm_words words;
    size_t at = 0;
    out[0] = '\0';
    while (lm_lines_next(&lines, &words)) {
        at += (size_t)snprintf(out + at, 200 - at, "%ld:", lines.number);
        for (size_t i = 0; i < words.count; i++)
            at += (size_t)snprintf(out + at, 200 - at, "%.*s%s", (int)words.size[i], words.at[i],
                                   i + 1 < words.count ? "," : ";");
    }
    return out;
}

static void ends_of_lines_are_those_of_any_system(struct tap *tap)
{
    char out[200];
    CHECK_STR(shown(out, "a b\nc d\n"), "1:a,b;2:c,d;");
    CHECK_STR(shown(out, "a b\r\nc d"), "1:a,b;2:c,d;");
    CHECK_STR(shown(out, "a b\rc d\r"), "1:a,b;2:c,d;");
    CHECK_STR(shown(out, "a b\r\r\nc d"), "1:a,b;3:c,d;");
}

static void blanks_say_nothing(struct tap *tap)
{
    char out[200];
    CHECK_STR(shown(out, ""), "");
    CHECK_STR(shown(out, " \n\t\n\n"), "");
    CHECK_STR(shown(out, "\n\n  a\t b \n \nc d\t\n"), "3:a,b;5:c,d;");
}

static void words_stop_at_three(struct tap *tap)
{
    char out[200];
    CHECK_STR(shown(out, "a b c d e\nf\n"), "1:a,b,c;2:f;");
}

static const struct tap_test tests[] = {TAP_ROW(ends_of_lines_are_those_of_any_system) TAP_ROW(
    blanks_say_nothing) TAP_ROW(words_stop_at_three)};

LM_TEST_FILE(tests)
