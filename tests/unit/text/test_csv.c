/** Tables of text (RFC 4180, and what people have). */
#include "text/csv.h"

#include "tap.h"

/* All records as a|b, one a line; then what is wrong. */
static const char *read_all(char *out, size_t room, const char *table, bool is_tsv)
{
    char text[512];
    struct lm_csv csv;
    size_t at, size, used = 0;
    bool is_end = false;
    snprintf(text, sizeof text, "%s", table);
    lm_csv_open(&csv, (uint8_t *)text, strlen(text), is_tsv);
    out[0] = '\0';
    for (;;) {
        if (!lm_csv_next(&csv, &at, &size, &is_end)) {
            snprintf(out + used, room - used, "!%s", csv.wrong);
            return out;
        }
        if (is_end)
            return out;
        const uint8_t *field;
        size_t length, next = 0;
        for (bool is_first = true;
             lm_csv_take(&csv, (uint8_t *)text + at, size, &next, &field, &length);
             is_first = false)
            used += (size_t)snprintf(out + used, room - used, "%s%.*s", is_first ? "" : "|",
                                     (int)length, (const char *)field);
        used += (size_t)snprintf(out + used, room - used, "\n");
    }
}

static void tables(struct tap *tap)
{
    static const struct {
        const char *text;
        bool is_tsv;
        const char *want;
    } rows[] = {
        {"", false, ""},
        {"\n\n", false, ""},
        {"a,b\n1,2\n", false, "a|b\n1|2\n"},
        {"a,b\n1,2", false, "a|b\n1|2\n"},
        {"a,b\n\"x, y\",\"he said \"\"no\"\"\"\n", false, "a|b\nx, y|he said \"no\"\n"},
        {"a,b\n\"two\nlines\",\n", false, "a|b\ntwo\nlines|\n"},
        {"a,b\n\n1,2\n\n", false, "a|b\n1|2\n"},
        {"a;b\n1,5;2\n", false, "a|b\n1,5|2\n"},
        {"sep=;\na;b,c\n", false, "a|b,c\n"},
        {"text\none\ntwo\n", false, "text\none\ntwo\n"},
        {"a,b\nx \"quoted\" y,2\n", false, "a|b\nx \"quoted\" y|2\n"},
        {"a,b\n1\n", false, "a|b\n!it has fewer fields than the first record"},
        {"a,b\n1,2,3\n", false, "a|b\n!it has more fields than the first record"},
        {"a,b\n1,\"2\n", false, "a|b\n!a quote is not closed"},
        {"a,b\n1,\"2\"x\n", false, "a|b\n!something follows a closing quote"},
        {"a,\"\"\"\"\n", false, "a|\"\n"},
        {"a\tb\n1\t2\n", true, "a|b\n1|2\n"},
        {"a\tb\n1\t\"x\ty\"\n", true, "a|b\n1|x\ty\n"},
        {"a\tb\n1\t\"x\ny\"\"z\"\n", true, "a|b\n1|x\ny\"z\n"},
        {"a\tb\n1\t\"unclosed\n2\tx\n", true, "a|b\n1|\"unclosed\n2|x\n"},
        {"a\tb\n1\t\"x\" said he\n", true, "a|b\n1|\"x\" said he\n"},
    };

    char out[512];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_STR(read_all(out, sizeof out, rows[i].text, rows[i].is_tsv), rows[i].want);
}

static void fields_one_by_one(struct tap *tap)
{
    char text[] = "\"a \"\"b\"\"\",\"c,\",d";
    struct lm_csv csv;
    const uint8_t *fields[3], *none;
    size_t sizes[3], at = 0, size;
    lm_csv_open(&csv, (uint8_t *)text, sizeof text - 1, false);
    for (size_t i = 0; i < 3; i++)
        REQUIRE(lm_csv_take(&csv, (uint8_t *)text, sizeof text - 1, &at, &fields[i], &sizes[i]));
    CHECK(!lm_csv_take(&csv, (uint8_t *)text, sizeof text - 1, &at, &none, &size));
    CHECK(sizes[0] == 5 && memcmp(fields[0], "a \"b\"", 5) == 0); /* and stays */
    CHECK(sizes[1] == 2 && memcmp(fields[1], "c,", 2) == 0);
    CHECK(sizes[2] == 1 && fields[2][0] == 'd');
}

static const struct tap_test tests[] = {TAP_ROW(tables) TAP_ROW(fields_one_by_one)};

LM_TEST_FILE(tests)
