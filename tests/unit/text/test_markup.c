/** Markdown and reStructuredText without what is no text. */
#include "text/markup.h"

#include "tests/tap.h"

typedef size_t strip_fn(uint8_t *text, size_t size, bool drops_code);

struct row {
    const char *text, *kept, *dropped; /**< with code, without; NULL: the same */
};

static void try_all(struct tap *tap, strip_fn *strip, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < 2 * count; i++) {
        const struct row *row = &rows[i / 2];
        const char *want = i % 2 == 1 && row->dropped != NULL ? row->dropped : row->kept;
        size_t size = strlen(row->text);
        char *text = malloc(size + 1);
        REQUIRE(text != NULL);
        memcpy(text, row->text, size);
        text[strip((uint8_t *)text, size, i % 2 == 1)] = '\0';
        CHECK_STR(text, want);
        free(text);
    }
}

static void markdown(struct tap *tap)
{
    static const struct row rows[] = {
        {"", "", NULL},
        {"# A\n\ntext\n", "# A\n\ntext\n", NULL},
        {"---\ntitle: x\n---\n# A\n", "# A\n", NULL},
        {"+++\nt = 1\n+++\nA", "A", NULL},
        {"---\n\nno end\n", "---\n\nno end\n", NULL},
        {"a\n\n---\nb\n---\n", "a\n\n---\nb\n---\n", NULL},
        {"a\n```c\nint x; <!-- kept -->\n```\nb\n", "a\n```c\nint x; <!-- kept -->\n```\nb\n",
         "a\nb\n"},
        {"~~~~\n```\n~~~\n~~~~\nb", "~~~~\n```\n~~~\n~~~~\nb", "b"},
        {"```\nnever closed\n", "```\nnever closed\n", ""},
        {"a ```inline``` b\n", "a ```inline``` b\n", NULL},
        {"``` a ` b\nx\n", "``` a ` b\nx\n", NULL},
        {"    ```\n    no fence\n", "    ```\n    no fence\n", NULL},
        {"a <!-- c --> b\n<!-- all\n of it -->\nd\n", "a  b\nd\n", NULL},
        {"<!-- a -->\n\nb\n", "\nb\n", NULL},
        {"x <!-- open\n```\n", "x ", NULL},
    };
    try_all(tap, lm_markdown_strip, rows, sizeof rows / sizeof rows[0]);
}

static void rst(struct tap *tap)
{
    static const struct row rows[] = {
        {"", "", NULL},
        {"T\n=\n\ntext\n", "T\n=\n\ntext\n", NULL},
        {"a\n\n.. a comment\n   goes on\n\n   here\n\nb\n", "a\n\nb\n", NULL},
        {"..\n   hidden\nb\n", "b\n", NULL},
        {".. _target:\n\nb\n", ".. _target:\n\nb\n", NULL},
        {".. [1] A note\n   of two lines\n", ".. [1] A note\n   of two lines\n", NULL},
        {".. |x| replace:: y\n", ".. |x| replace:: y\n", NULL},
        {".. note:: Mind.\n   It goes on.\n\nb\n", ".. note:: Mind.\n   It goes on.\n\nb\n", NULL},
        {"...not markup\n", "...not markup\n", NULL},
        {".. code-block:: c\n\n   int x;\n\nb\n", ".. code-block:: c\n\n   int x;\n\nb\n", "b\n"},
        {"so::\n\n    code\n\nb\n", "so::\n\n    code\n\nb\n", "so:\nb\n"},
        {"so ::\n\n    code\nb\n", "so ::\n\n    code\nb\n", "so\nb\n"},
        {"::\n\n    code\n\nb\n", "::\n\n    code\n\nb\n", "b\n"},
        {"a\n\n>>> f(x)\n3\n\nb\n", "a\n\n>>> f(x)\n3\n\nb\n", "a\n\n\nb\n"},
        {"so::", "so::", "so:\n"},
    };
    try_all(tap, lm_rst_strip, rows, sizeof rows / sizeof rows[0]);
}

static const struct tap_test tests[] = {TAP_ROW(markdown) TAP_ROW(rst)};

LM_TEST_FILE(tests)
