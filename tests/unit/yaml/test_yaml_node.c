#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "yaml/yaml_node.h"

struct parsed {
    struct lm_arena *arena;
    struct lm_diag_list diags;
    const struct lm_node *root;
    bool clean;
};

static struct parsed parse_bytes(const char *data, size_t size)
{
    struct parsed p = {.arena = lm_arena_create()};
    p.diags.arena = p.arena;
    p.clean = lm_yaml_parse(&p.root, &p.diags, "f.yaml", data, size);
    return p;
}

static struct parsed parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

static const char *finding(struct parsed *p, size_t i)
{
    return i < p->diags.count ? lm_diag_format(p->arena, &p->diags.items[i]) : "";
}

/** Parses, expects exactly this first finding. */
static void check_finding(struct tap *tap, const char *text, size_t size, const char *want)
{
    struct parsed p = parse_bytes(text, size);
    CHECK(!p.clean);
    CHECK_STR(finding(&p, 0), want);
    lm_arena_free(p.arena);
}

#define FINDING(text, want) check_finding(tap, text, sizeof text - 1, want)

static void test_tree_and_places(struct tap *tap)
{
    struct parsed p = parse("a: 1\nb: {c: 'x', d: [u, \"v\"]}\n");
    REQUIRE(p.clean && p.root != NULL);
    CHECK_INT(p.root->kind, LM_NODE_MAP);
    CHECK_INT(p.root->count, 2);
    CHECK_STR(lm_node_get(p.root, "a")->text, "1");
    CHECK(lm_node_get(p.root, "a")->plain);
    CHECK_INT(lm_node_get(p.root, "a")->at.line, 1);
    CHECK_INT(lm_node_get(p.root, "a")->at.column, 4);
    const struct lm_node *b = lm_node_get(p.root, "b");
    CHECK_INT(lm_node_entry(b, "d")->key_at.line, 2);
    CHECK_INT(lm_node_entry(b, "d")->key_at.column, 13);
    CHECK(!lm_node_get(b, "c")->plain);
    const struct lm_node *d = lm_node_get(b, "d");
    CHECK_INT(d->kind, LM_NODE_LIST);
    CHECK_STR(d->entries[1].value->text, "v");
    CHECK_INT(p.root->expanded, 7);
    CHECK(lm_node_get(p.root, "z") == NULL);
    CHECK(lm_node_get(NULL, "z") == NULL);
    lm_arena_free(p.arena);
}

static void test_columns_count_characters(struct tap *tap)
{
    FINDING("\"\xc3\xa9t\xc3\xa9\": 1\nk: {\xc3\xa9: \xff}\n",
            "f.yaml:2:8: a byte that is not UTF-8; save the file as UTF-8");
}

static void test_aliases(struct tap *tap)
{
    struct parsed p = parse("a: &x [1, 2]\nb: *x\n");
    REQUIRE(p.clean);
    CHECK_STR(lm_node_get(p.root, "b")->entries[1].value->text, "2");
    CHECK_INT(lm_node_get(p.root, "b")->at.line, 1);
    CHECK_INT(p.root->expanded, 7);
    lm_arena_free(p.arena);
}

static void test_syntax(struct tap *tap)
{
    FINDING("a:\n\tb: 1\n", "f.yaml:2:1: a tab indents this line; YAML allows only spaces there");
    FINDING("a: 1\nb: 2\na: 3\n",
            "f.yaml:3:1: the key 'a' is given twice (first on line 1); remove one");
    FINDING("a: [1, 2\nb: 3\n",
            "f.yaml:2:2: not valid YAML: did not find expected ',' or ']' while parsing a flow "
            "sequence begun on line 1; fix the syntax near here");
    FINDING("a: 1\n---\nb: 2\n",
            "f.yaml:2:1: a second document begins here; keep one document a file");
    FINDING("? [a]\n: 1\n", "f.yaml:1:3: a key must be a plain name");
    FINDING("\"\": 1\n", "f.yaml:1:1: a key must be a plain name");
    FINDING("a: !!python/object/apply:os.system [x]\n",
            "f.yaml:1:4: the tag 'tag:yaml.org,2002:python/object/apply:os.system' is not "
            "supported; remove it");
    FINDING("a: *nowhere\n", "f.yaml:1:4: an alias without an anchor of its name before it; define "
                             "&name first");
    FINDING("a: &a [*a]\n", "f.yaml:1:8: an alias that contains itself; remove it");
    FINDING("a: \"x\\0y\"\n", "f.yaml:1:4: a NUL character in a text; remove it");
}

static void test_bytes(struct tap *tap)
{
    FINDING("a: 1\nb: 2\nc: \x80\n",
            "f.yaml:3:4: a byte that is not UTF-8; save the file as UTF-8");
    FINDING("a: 1\nb: x\0y\n", "f.yaml:2:5: a NUL byte; remove it");
    FINDING("a: 1\nb: \x07\n", "f.yaml:2:4: a character that YAML does not allow; remove it or "
                               "escape it in double quotes");
    FINDING("\xff\xfe"
            "a\0",
            "f.yaml:1:1: the file is UTF-16; save it as UTF-8");
}

static void test_byte_order_mark_is_fine(struct tap *tap)
{
    struct parsed p = parse("\xef\xbb\xbf"
                            "a: 1\n");
    REQUIRE(p.clean && p.root != NULL);
    CHECK_STR(lm_node_get(p.root, "a")->text, "1");
    lm_arena_free(p.arena);
}

static void test_empty(struct tap *tap)
{
    struct parsed p = parse("# nothing\n");
    CHECK(p.clean && p.root == NULL);
    lm_arena_free(p.arena);
}

static void test_all_duplicates_are_reported(struct tap *tap)
{
    struct parsed p = parse("a: 1\na: 2\nb: {c: 1, c: 2}\na: 3\n");
    CHECK_INT(p.diags.errors, 3);
    REQUIRE(p.root != NULL);
    CHECK_INT(p.root->count, 2);
    CHECK_STR(lm_node_get(p.root, "a")->text, "1");
    lm_arena_free(p.arena);
}

/* ---- hostile files end, and take little ---- */

/** The most memory that a hostile file may take; one that does not end is stopped by the test's own
 *  time limit. */
enum { MOST_BYTES = 400 << 20 };

static void test_megabyte_of_brackets(struct tap *tap)
{
    static const char brackets[] = "[{-";
    char *data = malloc(LM_YAML_BYTES);
    REQUIRE(data != NULL);
    for (size_t i = 0; i < sizeof brackets - 1; i++) {
        struct parsed p;
        memset(data, brackets[i], LM_YAML_BYTES);
        if (brackets[i] == '-')
            for (size_t k = 1; k < LM_YAML_BYTES; k += 2)
                data[k] = ' ';
        p = parse_bytes(data, LM_YAML_BYTES);
        CHECK(lm_arena_used(p.arena) < MOST_BYTES);
        CHECK(strstr(finding(&p, 0), brackets[i] == '{' ? "a key must be a plain name"
                                                        : "nested deeper than 64 levels") != NULL);
        CHECK_INT(p.diags.count, 1);
        lm_arena_free(p.arena);
    }
    free(data);
}

static void test_billion_laughs(struct tap *tap)
{
    char text[2048] = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; i++) {
        size_t used = strlen(text);
        int n = snprintf(text + used, sizeof text - used, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            n += snprintf(text + used + n, sizeof text - used - (size_t)n, "%s*a%d", k ? ", " : "",
                          i - 1);
        snprintf(text + used + n, sizeof text - used - (size_t)n, "]\n");
    }
    struct parsed p;
    p = parse_bytes(text, strlen(text));
    CHECK(lm_arena_used(p.arena) < MOST_BYTES);
    CHECK_STR(finding(&p, 0), "f.yaml:6:5: more than 1,000,000 values when aliases are expanded; "
                              "write fewer");
    lm_arena_free(p.arena);
}

/** Repeats a printf format with the index, n times. */
static char *repeat(const char *format, int n)
{
    size_t size = 0, capacity = (size_t)n * 32;
    char *text = malloc(capacity);
    for (int i = 0; text != NULL && i < n; i++)
        size += (size_t)snprintf(text + size, capacity - size, format, i, i);
    return text;
}

static void test_many(struct tap *tap)
{
    static const struct {
        const char *format, *want;
        int n;
    } cases[] = {
        {"- &a%d x\n", "more than 1,000 anchors; write the values out", 30000},
        {"- x\n", "more than 1,000,000 values; split the experiment", 1100000},
        {"k: x\n", "the key 'k' is given twice (first on line 1); remove one", 60000},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parsed p;
        char *text = repeat(cases[i].format, cases[i].n);
        REQUIRE(text != NULL);
        p = parse_bytes(text, strlen(text));
        CHECK(lm_arena_used(p.arena) < MOST_BYTES);
        CHECK(strstr(finding(&p, 0), cases[i].want) != NULL);
        CHECK(p.diags.count <= LM_DIAG_MAX + 1);
        lm_arena_free(p.arena);
        free(text);
    }
}

/** As many keys as an experiment of 30,000 stages has. */
static void test_many_keys(struct tap *tap)
{
    char *text = repeat("k%d: x\n", 30000);
    struct parsed p;
    REQUIRE(text != NULL);
    p = parse_bytes(text, strlen(text));
    CHECK(lm_arena_used(p.arena) < MOST_BYTES);
    CHECK_INT(p.diags.count, 0);
    CHECK(p.root != NULL && p.root->count == 30000);
    lm_arena_free(p.arena);
    free(text);
}

static void test_many_aliases(struct tap *tap)
{
    char *list = repeat("- *a\n", 5000), *text = malloc(100000);
    struct parsed p;
    REQUIRE(list != NULL && text != NULL);
    snprintf(text, 100000, "- &a x\n%s", list);
    p = parse_bytes(text, strlen(text));
    CHECK(lm_arena_used(p.arena) < MOST_BYTES);
    CHECK_STR(finding(&p, 0), "f.yaml:1002:3: more than 1,000 aliases; write the values out");
    lm_arena_free(p.arena);
    free(text);
    free(list);
}

static void test_too_large(struct tap *tap)
{
    char *data = malloc(LM_YAML_BYTES + 1);
    REQUIRE(data != NULL);
    memset(data, ' ', LM_YAML_BYTES + 1);
    check_finding(tap, data, LM_YAML_BYTES + 1, "f.yaml: larger than 64 MiB; split it");
    free(data);
}

/** No prefix or single-byte change of a good file crashes the reader. */
static void test_mutations(struct tap *tap)
{
    static const char good[] = "a: &x {b: [1, 'two', \"3\"], c: |\n  text\n  more\n}\nd: *x\n";
    static const char bytes[] = "\0\t\n:-[]{}&*!|>'\"%@`#, \x80\xff";
    char text[sizeof good];
    size_t trees = 0;
    for (size_t i = 0; i < sizeof good - 1; i++) {
        struct parsed p = parse_bytes(good, i);
        trees += p.root != NULL;
        lm_arena_free(p.arena);
        for (size_t k = 0; k < sizeof bytes; k++) {
            memcpy(text, good, sizeof good);
            text[i] = bytes[k];
            p = parse_bytes(text, sizeof good - 1);
            CHECK(p.root != NULL || p.diags.errors > 0 || p.clean);
            lm_arena_free(p.arena);
        }
    }
    CHECK(trees > 0);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_tree_and_places) TAP_ROW(test_columns_count_characters) TAP_ROW(test_aliases)
        TAP_ROW(test_syntax) TAP_ROW(test_bytes) TAP_ROW(test_byte_order_mark_is_fine)
            TAP_ROW(test_empty) TAP_ROW(test_all_duplicates_are_reported)
                TAP_ROW(test_megabyte_of_brackets) TAP_ROW(test_billion_laughs) TAP_ROW(test_many)
                    TAP_ROW(test_many_keys) TAP_ROW(test_many_aliases) TAP_ROW(test_too_large)
                        TAP_ROW(test_mutations)};
LM_TEST_FILE(tests)
