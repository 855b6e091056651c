/** What begins a section. */
#include "text/heading.h"

#include "tests/tap.h"

static void headings(struct tap *tap)
{
    static const struct {
        const char *text;
        size_t want; /**< after a blank line */
        bool is_anywhere;
    } rows[] = {
        {"# A\nb", 4, true},
        {"###### A", 8, true},
        {"####### A\n", 0, false},
        {"#A\n", 0, false},
        {"#\n", 0, false},
        {"Title\n=====\ntext", 12, false},
        {"Title\n---\n", 10, false},
        {"Title\n==\n", 0, false},
        {"A much longer title\n---\n", 0, false},
        {"=====\nTitle\n=====\n", 18, false},
        {"=====\nTitle\n-----\n", 0, false},
        {" indented\n=========\n", 0, false},
        {"=====\n=====\n=====\n", 0, false},
        {"CHAPTER IV\n\ntext", 11, false},
        {"Chapter 12. In which\n", 21, false},
        {"CHAPTER IV\ntext", 0, false},
        {"Chapters of it\n\n", 0, false},
        {"Part of it\n\n", 0, false},
        {"第一回 甄士隐\n\n", 20, false},
        {"第120回\n", 10, false},
        {"第一次\n\n", 0, false},
        {"第", 0, false},
        {"", 0, false},
        {"\n", 0, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const uint8_t *text = (const uint8_t *)rows[i].text;
        size_t size = strlen(rows[i].text);
        size_t got = lm_heading_size(text, size, true);
        if (got != rows[i].want)
            printf("# %s\n", rows[i].text);
        CHECK_INT(got, rows[i].want);
        CHECK_INT(lm_heading_size(text, size, false), rows[i].is_anywhere ? rows[i].want : 0);
    }
}

static const struct tap_test tests[] = {TAP_ROW(headings)};

LM_TEST_FILE(tests)
