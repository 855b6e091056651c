/** Containers of texts are known; prose that looks like one in part stays text. */
#include "text/record_kind.h"

#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

struct row {
    const char *name, *text;
};

static void check_rows(struct tap *tap, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(rows[i].text);
        uint8_t *copy = malloc(size + 1); /* at its exact end, for the sanitizer */
        memcpy(copy, rows[i].text, size);
        const char *name = lm_record_kind(copy, size, false);
        bool is_right = name == rows[i].name ||
                        (name != NULL && rows[i].name != NULL && strcmp(name, rows[i].name) == 0);
        if (!is_right)
            printf("# %s is called %s\n", rows[i].text, name != NULL ? name : "text");
        CHECK(is_right);
        free(copy);
    }
}

static void knows_containers(struct tap *tap)
{
    static const struct row rows[] = {
        {"JSON lines", "{\"text\": \"a\"}\n{\"text\": \"b\"}\n"},
        {"JSON lines", "\xEF\xBB\xBF{\"t\":1}\r\n\r\n{\"t\":[1,-2.5e3,true,null]}"},
        {"JSON", "[{\"text\": \"a \\\" b\"},\n {\"text\": \"\\u00e9\"}]"},
        {"JSON", "{\n  \"a\": {\"b\": [[], {}]}\n}\n"},
        {"JSON", "[\"one\", \"two\"]\n"},
        {"CSV table", "id,text\n1,one\n2,two\n"},
        {"CSV table", "label;text\n0;\"a;b\nc \"\"d\"\"\"\n1;e\n"},
        {"CSV table", "a,b,c\r\n1,,3\r\n,5,\r\n"},
        {"TSV table", "the\tDET\ncat\tNOUN\nsat\tVERB\n"},
        {"HTML page", "\n <!DOCTYPE html>\n<html><body>x</body></html>"},
        {"HTML page", "<HTML>\n"},
        {"HTML page", "<?xml version='1.0'?>\n<!DOCTYPE html>\n<html xmlns='x'></html>"},
        {"HTML page", "<!-- saved --><html></html>"},
        {"XML document", "<?xml version=\"1.0\"?><corpus/>"},
        {"WARC archive", "WARC/1.0\r\nWARC-Type: warcinfo\r\n"},
        {"RTF document", "{\\rtf1\\ansi x}"},
    };
    check_rows(tap, rows, sizeof rows / sizeof rows[0]);
}

static void leaves_text(struct tap *tap)
{
    static const struct row rows[] = {
        {NULL, ""},
        {NULL, "{"},
        {NULL, "[Illustration]\n\nCHAPTER I\n"},
        {NULL, "[1] See page 7.\n[2] Ibid.\n"},
        {NULL, "[\"Hello,\" he said]\n"},
        {NULL, "{\"a\": 1} is how an object is written.\n"},
        {NULL, "{\"a\": 1,}\n"},
        {NULL, "[[link]]\n"},
        {NULL, "Roses are red,\nviolets are blue,\nsugar is sweet,\n"},
        {NULL, "One, two\nthree, four\nfive, six\n"},
        {NULL, "\"Yes,\" he said, \"no\"\n\"No,\" she said, \"yes\"\n\"So,\" he said, \"so\"\n"},
        {NULL, "\tindented\n\tby\n\ttabs\n"},
        {NULL, "package X;\nuse strict;\nour $y;\n"},
        {NULL, "a,b\nc,d\n"},
        {NULL, "1,2\n3,4,5\n6,7\n"},
        {NULL, "| a | b |\n|---|---|\n| c | d |\n"},
        {NULL, "< 5 is less\n"},
        {NULL, "The <html> tag begins a page.\n"},
    };
    check_rows(tap, rows, sizeof rows / sizeof rows[0]);
}

/* The beginning alone is looked at, and may end anywhere. */
static void beginnings(struct tap *tap)
{
    static const char json[] =
        "{\"text\": \"a\", \"n\": [1, true, {\"b\": \"\\\"\"}]}\n{\"text\": \"b\"}\n";
    static const char table[] = "id,text\n1,one\n2,\"two, or\nmore\"\n3,three\n";
    for (size_t size = 3; size < sizeof json; size++) {
        uint8_t *copy = malloc(size);
        memcpy(copy, json, size);
        const char *name = lm_record_kind(copy, size, true);
        CHECK(name != NULL && strncmp(name, "JSON", 4) == 0);
        free(copy);
    }
    for (size_t size = 33; size < sizeof table; size++)
        CHECK(lm_record_kind((const uint8_t *)table, size, true) != NULL);
}

static void depth_is_bounded(struct tap *tap)
{
    static uint8_t deep[60000];
    memset(deep, '[', sizeof deep);
    CHECK(lm_record_kind(deep, sizeof deep, true) == NULL);
}

static const struct tap_test tests[] = {TAP_ROW(knows_containers) TAP_ROW(leaves_text)
                                            TAP_ROW(beginnings) TAP_ROW(depth_is_bounded)};
LM_TEST_FILE(tests)
