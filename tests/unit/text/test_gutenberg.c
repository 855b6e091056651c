/* Front and back matter of Project Gutenberg, of all ages; other texts stay whole. */
#include "text/gutenberg.h"

#include "tests/tap.h"

static void books(struct tap *tap)
{
    static const struct {
        const char *text, *want; /* NULL: neither is there */
    } rows[] = {
        {"The Project Gutenberg eBook of X\n\nlicense\n\n*** START OF THE PROJECT GUTENBERG EBOOK "
         "X "
         "***\n\nProduced by A and\nB\n\nCHAPTER I\n\nText.\n\n*** END OF THE PROJECT GUTENBERG "
         "EBOOK X "
         "***\nlicense\n",
         "CHAPTER I\n\nText.\n\n"},
        {"x\n***START OF THE PROJECT GUTENBERG EBOOK X***\nText.\n***END OF THE PROJECT GUTENBERG "
         "EBOOK X***\n",
         "Text.\n"},
        {"x\n*** START OF THIS PROJECT GUTENBERG EBOOK X ***\nText.\nEnd of the Project Gutenberg "
         "EBook of X, by Y\n\n*** END OF THIS PROJECT GUTENBERG EBOOK X ***\n",
         "Text.\n"},
        {"x\n*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*\n\n\nText.\nEnd of "
         "Project Gutenberg Etext of X\n",
         "\n\nText.\n"},
        {"Text alone.\nEnd of Project Gutenberg's X, by Y\nmore", "Text alone.\n"},
        {"*** START OF THE PROJECT GUTENBERG EBOOK X ***\n", ""},
        {"The end of the story.\n*** START OF THE SHOW ***\nProduced by nobody.\n", NULL},
        {"", NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t start, end, size = strlen(rows[i].text);
        bool is_found = lm_gutenberg_find(rows[i].text, size, &start, &end);
        CHECK_INT(is_found, rows[i].want != NULL);
        if (rows[i].want == NULL)
            CHECK(start == 0 && end == size);
        else
            CHECK(end - start == strlen(rows[i].want) &&
                  memcmp(rows[i].text + start, rows[i].want, end - start) == 0);
    }
}

static const struct tap_test tests[] = {TAP_ROW(books)};

LM_TEST_FILE(tests)
