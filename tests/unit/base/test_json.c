#include "base/json.h"

#include "tap.h"

static struct lm_json *parse(const char *text, struct lm_err *err)
{
    struct lm_json *root = NULL;
    return lm_json_parse(&root, text, strlen(text), err) == LM_OK ? root : NULL;
}

static void test_tree(struct tap *tap)
{
    struct lm_json *root =
        parse("{\"i\": 9223372036854775807, \"d\": 1.5e3, \"s\": \"a\\u0000b\\u00e9\","
              " \"t\": true, \"n\": null, \"a\": [1, [], {}]}",
              NULL);
    REQUIRE(root != NULL);
    size_t size = 0;
    CHECK(lm_json_is_object(root) && lm_json_count(root) == 6);
    CHECK(lm_json_int(lm_json_get(root, "i"), 0) == INT64_MAX);
    CHECK(lm_json_double(lm_json_get(root, "d"), 0) == 1500);
    CHECK(lm_json_is_number(lm_json_get(root, "i")) && lm_json_is_number(lm_json_get(root, "d")));
    const char *text = lm_json_string(lm_json_get(root, "s"), &size);
    CHECK(size == 5 && memcmp(text, "a\0b\xC3\xA9", 6) == 0);
    CHECK(lm_json_bool(lm_json_get(root, "t"), false));
    CHECK(lm_json_is_null(lm_json_get(root, "n")) && !lm_json_is_null(lm_json_get(root, "x")));
    const struct lm_json *array = lm_json_get(root, "a");
    CHECK(lm_json_is_array(array) && lm_json_count(array) == 3);
    CHECK(lm_json_int(lm_json_at(array, 0), 7) == 1 && lm_json_at(array, 3) == NULL);
    lm_json_free(root);
    lm_json_free(NULL);
}

static void test_fallbacks(struct tap *tap)
{
    struct lm_json *root = parse("{\"s\": \"x\", \"d\": 1.5}", NULL);
    const struct lm_json *s = lm_json_get(root, "s"), *d = lm_json_get(root, "d");
    CHECK(lm_json_int(s, -1) == -1 && lm_json_int(d, -1) == -1 && lm_json_int(NULL, -1) == -1);
    CHECK(lm_json_double(s, 2) == 2 && lm_json_double(NULL, 2) == 2);
    CHECK(lm_json_bool(s, true) && lm_json_string(d, NULL) == NULL);
    CHECK(lm_json_get(s, "x") == NULL && lm_json_get(NULL, "x") == NULL);
    CHECK(lm_json_at(root, 0) == NULL && lm_json_count(s) == 0 && lm_json_count(NULL) == 0);
    CHECK(!lm_json_is_object(NULL) && !lm_json_is_array(NULL) && !lm_json_is_string(NULL));
    lm_json_free(root);
}

struct visit {
    char keys[32];
    int left;
};

static bool note(void *user, const char *key, const struct lm_json *value)
{
    struct visit *visit = user;
    strcat(visit->keys, key);
    return lm_json_int(value, 0) > 0 && --visit->left > 0;
}

static void test_document_order(struct tap *tap)
{
    struct lm_json *root = parse("{\"z\": 1, \"a\": 2, \"m\": 3, \"b\": 4}", NULL);
    struct visit all = {"", 9}, some = {"", 2};
    lm_json_each(root, note, &all);
    lm_json_each(root, note, &some);
    CHECK_STR(all.keys, "zamb");
    CHECK_STR(some.keys, "za");
    lm_json_each(NULL, note, &all);
    lm_json_free(root);
}

static void test_errors(struct tap *tap)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "line 1, column 0: "},
        {"{\"a\": 1, \"a\": 2}", "duplicate object key"},
        {"{\n  \"a\": x\n}", "line 2, column 8: "},
        {"[1, 2", "line 1, column "},
        {"[1] 2", "end of file expected"},
        {"{a: 1}", "line 1, column 2: "},
        {"[01]", "line 1, column "},
        {"[1,]", "line 1, column "},
        {"\"\xFF\"", "0xff"},
        {"\"\\ud800\"", "line 1, column "},
        {"\"a\tb\"", "control character"},
        {"99999999999999999999", "too big"},
        {"1e999", "overflow"},
        {"nul", "line 1, column "},
        {"{\"\\u0000\": 1}", "NUL"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_err err = {0};
        struct lm_json *root = parse(rows[i].text, &err);
        CHECK(root == NULL);
        CHECK_INT(err.status, LM_FORMAT);
        CHECK(strchr(err.text, '\n') == NULL);
        if (strstr(err.text, rows[i].message) == NULL) {
            tap->failed++;
            printf("# row %zu: %s\n", i, err.text);
        }
        lm_json_free(root);
    }
    struct lm_json *root = NULL;
    CHECK_INT(lm_json_parse(&root, "[1]\0", 4, NULL), LM_FORMAT); /* a NUL is no white space */
}

/* Numbers that do not fit are null, wherever they are; what is no JSON stays none. */
static void test_lenient(struct tap *tap)
{
    static const char text[] = "{\"a\":1e999,\"b\":[-1E+400,0.5,123456789012345678901234567890],"
                               "\"1e999\":\"\\\"1e999\",\"c\":7}";
    static const char *const wrong[] = {"[1e999",    "[01e999]", "[1e999e]", "[1.e999]", "[+1e999]",
                                        "[1e999 1]", "[.1e999]", "[1e999]x", "1e+"};
    struct lm_json *root = NULL;
    REQUIRE(lm_json_parse_lenient(&root, text, sizeof text - 1, NULL) == LM_OK);
    const struct lm_json *list = lm_json_get(root, "b");
    CHECK(lm_json_is_null(lm_json_get(root, "a")));
    CHECK_INT(lm_json_count(list), 3);
    CHECK(lm_json_is_null(lm_json_at(list, 0)) && lm_json_is_null(lm_json_at(list, 2)));
    CHECK(lm_json_double(lm_json_at(list, 1), 0) == 0.5);
    CHECK_STR(lm_json_string(lm_json_get(root, "1e999"), NULL), "\"1e999");
    CHECK_INT(lm_json_int(lm_json_get(root, "c"), 0), 7);
    lm_json_free(root);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK_INT(lm_json_parse_lenient(&root, wrong[i], strlen(wrong[i]), NULL), LM_FORMAT);
}

static void test_depth(struct tap *tap)
{
    char text[200000];
    struct lm_err err = {0};
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    text[128] = '\0';
    struct lm_json *root = parse(text, &err);
    CHECK(root != NULL);
    lm_json_free(root);
    memset(text, '\n', 3);
    memset(text + 3, '[', sizeof text - 4);
    text[sizeof text - 1] = '\0';
    CHECK(parse(text, &err) == NULL);
    CHECK(strstr(err.text, "line 4, column 65: more than 64 levels") != NULL);
    root = parse("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[\"",
                 &err);
    CHECK(root != NULL); /* brackets in strings don't count */
    lm_json_free(root);
}

static const struct tap_test tests[] = {TAP_ROW(test_tree) TAP_ROW(test_fallbacks) TAP_ROW(
    test_document_order) TAP_ROW(test_errors) TAP_ROW(test_lenient) TAP_ROW(test_depth)};
LM_TEST_FILE(tests)
