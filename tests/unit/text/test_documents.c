#include "text/documents.h"

#include "tap.h"
#include "tsv.h"

static enum lm_documents_by find_way(const char *name)
{
    size_t i = 0;
    while (lm_documents_by_names[i + 1] != NULL && strcmp(lm_documents_by_names[i], name) != 0)
        i++;
    return (enum lm_documents_by)i;
}

static void cases(struct tap *tap)
{
    struct tsv tsv;
    REQUIRE(tsv_open(&tsv, LM_TEST_DATA "/clean/documents.tsv"));
    int count = 0;
    for (; tsv_next(&tsv); count++) {
        int64_t marks = 0, newlines = 0;
        REQUIRE(tsv.count >= 4);
        size_t size =
            lm_newlines_normalise((uint8_t *)tsv.fields[3], tsv.sizes[3], &marks, &newlines);
        struct lm_documents documents = {.text = (const uint8_t *)tsv.fields[3],
                                         .size = size,
                                         .by = find_way(tsv.fields[1]),
                                         .separator = tsv.fields[2]};
        const uint8_t *text;
        int field = 4;
        bool is_as_told = true;
        while (lm_documents_next(&documents, &text, &size)) {
            is_as_told = is_as_told && field < tsv.count && size == tsv.sizes[field] &&
                         memcmp(text, tsv.fields[field], size) == 0;
            field++;
        }
        if (!is_as_told || field != tsv.count)
            printf("# line %d: %s\n", tsv.line, tsv.fields[0]);
        CHECK(is_as_told && field == tsv.count);
    }
    CHECK(count > 10);
    tsv_close(&tsv);
}

static void newlines_are_counted(struct tap *tap)
{
    char text[] = "\xEF\xBB\xBF"
                  "a\r\nb\rc\n\r\n";
    int64_t marks = 1, newlines = 1;
    size_t size = lm_newlines_normalise((uint8_t *)text, sizeof text - 1, &marks, &newlines);
    CHECK(size == 7 && memcmp(text, "a\nb\nc\n\n", 7) == 0);
    CHECK_INT(marks, 2);
    CHECK_INT(newlines, 4);
}

static const struct tap_test tests[] = {TAP_ROW(cases) TAP_ROW(newlines_are_counted)};

LM_TEST_FILE(tests)
