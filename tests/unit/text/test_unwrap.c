/* Lines broken at a width are joined; verse, lists, code and long lines stay. */
#include "text/unwrap.h"

#include <stdlib.h>

#include "tests/tap.h"

static const char *unwrap(struct lm_buf *text, const char *from)
{
    struct lm_err err = {LM_OK, ""};
    int64_t joined = 0;
    lm_buf_release(text);
    lm_buf_init(text, 0);
    lm_buf_puts(text, from);
    return lm_unwrap(text, &joined, &err) == LM_OK ? text->data : "an error";
}

static void prose(struct tap *tap)
{
    struct lm_buf text = {0};
    CHECK_STR(
        unwrap(
            &text,
            "It was the best of times, it was the\nworst of times, it was the age of\n"
            "wisdom.\n\nIt was the epoch of belief, it was a\nseason of Light--it was something\n"
            "incredible.\n"),
        "It was the best of times, it was the worst of times, it was the age of wisdom.\n\n"
        "It was the epoch of belief, it was a season of Light--it was something incredible.\n");
    CHECK_STR(
        unwrap(&text,
               "There were a king with a large jaw and a\nqueen with a plain face, on a twenty-\n"
               "first of a month; they were both--it is\nthe truth\xE2\x80\x94\nfair."),
        "There were a king with a large jaw and a queen with a plain face, on a twenty-first of "
        "a month; they were both--it is the truth\xE2\x80\x94\nfair.");
    lm_buf_release(&text);
}

/* A proposal as people write them: two hands, headings, fields, items with hanging text, code. */
static void proposal(struct tap *tap)
{
    struct lm_buf text = {0};
    CHECK_STR(
        unwrap(&text, "PEP: 700\nTitle: Additional Fields for the Simple API\nStatus: Final\n\n"
                      "Abstract\n========\n\n"
                      "This PEP proposes an extension of the interface that tools\n"
                      "use to find packages, so that they need not download a file\n"
                      "before they know whether they want it at all.\n\n"
                      "A second author filled his own text to another width, which editors do,\n"
                      "and nobody went through what was there before, so that lines of both of\n"
                      "these lengths stand in one file. Code stays::\n\n"
                      "    for name in names:\n        print(name)\n\n"
                      "- An item of a list has text that hangs below where its own\n"
                      "  text begins, and that goes on for a line or two, as here\n"
                      "  and here.\n"
                      "- Another one.\n\n"
                      "1. So do items with numbers, whose text begins further in,\n"
                      "   and is as wide as all else.\n\n"
                      ".. note:: Directives stay, and so does what is indented below\n"
                      "   them, whatever its width may be.\n\n"
                      ":Field: of a list of fields, which is wide enough to be full,\n"
                      ":Other: of the same list.\n"),
        "PEP: 700\nTitle: Additional Fields for the Simple API\nStatus: Final\n\n"
        "Abstract\n========\n\n"
        "This PEP proposes an extension of the interface that tools use to find packages, so that "
        "they need not download a file before they know whether they want it at all.\n\n"
        "A second author filled his own text to another width, which editors do, and nobody went "
        "through what was there before, so that lines of both of these lengths stand in one file. "
        "Code stays::\n\n"
        "    for name in names:\n        print(name)\n\n"
        "- An item of a list has text that hangs below where its own text begins, and that goes on "
        "for a line or two, as here and here.\n"
        "- Another one.\n\n"
        "1. So do items with numbers, whose text begins further in, and is as wide as all else.\n\n"
        ".. note:: Directives stay, and so does what is indented below\n"
        "   them, whatever its width may be.\n\n"
        ":Field: of a list of fields, which is wide enough to be full,\n"
        ":Other: of the same list.\n");
    lm_buf_release(&text);
}

/* Of the proposals that people have: a page was looked at break by break; of prose at the margin
 * 85 of 100 breaks go, as docutils would have them. */
static void real_proposals(struct tap *tap)
{
    const char *data = getenv("LMPIPE_DATA");
    static const char *const names[] = {"0001", "0484", "0646", "0700"};
    size_t files = 0;
    if (data == NULL)
        SKIP("LMPIPE_DATA is not set");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[500];
        struct lm_buf text;
        int64_t joined = 0;
        snprintf(path, sizeof path, "%s/peps/pep-%s.rst", data, names[i]);
        FILE *file = fopen(path, "rb");
        if (file == NULL)
            continue;
        lm_buf_init(&text, 0);
        for (int c; (c = getc(file)) != EOF;)
            if (c != '\r')
                lm_buf_putc(&text, (char)c);
        fclose(file);
        size_t lines = 0;
        for (size_t k = 0; k < text.size; k++)
            lines += text.data[k] == '\n';
        CHECK(lm_unwrap(&text, &joined, NULL) == LM_OK);
        CHECK(joined * 5 > (int64_t)lines);
        lm_buf_release(&text);
        files++;
    }
    CHECK(files > 0);
}

static void han(struct tap *tap)
{
    struct lm_buf text = {0};
#define HAN "\xE5\xA4\xA9\xE5\x9C\xB0\xE7\x8E\x84\xE9\xBB\x84"
#define LINE HAN HAN HAN HAN HAN HAN HAN HAN HAN
    CHECK_STR(unwrap(&text, LINE "\n" LINE "\n" LINE "\n" HAN "\n\n" LINE "\n" HAN),
              LINE LINE LINE HAN "\n\n" LINE HAN);
    lm_buf_release(&text);
}

static void what_stays(struct tap *tap)
{
    static const char *const texts[] = {
        "Shall I compare thee to a summer's day?\nThou art more lovely and more temperate.\n"
        "Rough winds do shake the buds of May,\nAnd summer's lease hath all too short a date.\n",
        "One paragraph a line, and a long one at that, which goes on for quite a while, until it "
        "has "
        "well over a hundred and forty characters, as web text has.\nAnother one.\nAnd a third.\n",
        "a\nb\nc\n",
        "- an item of a list that is as wide as can be\n- another item of the list, and as wide "
        "too\n"
        "- a third item of that list of the same width\n",
        "    int main(void) { return printf(\"hello\"); }\n    int other(void) { return "
        "puts(\"world\"); }\n"
        "    int third(void) { return puts(\"!!!!!\"); }\n",
        "",
        "\n\n\n",
    };

    struct lm_buf text = {0};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i][0] != '\0')
            CHECK_STR(unwrap(&text, texts[i]), texts[i]);
    lm_buf_release(&text);
}

static const struct tap_test tests[] = {TAP_ROW(prose) TAP_ROW(proposal) TAP_ROW(real_proposals)
                                            TAP_ROW(han) TAP_ROW(what_stays)};

LM_TEST_FILE(tests)
