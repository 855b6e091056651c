#include "tap.h"

#include <string.h>

#include <lmpipe/rng.h>

#include "yaml/plain_yaml.h"

/** The same text with a comment that the plain reader leaves to libyaml. */
static const struct lm_node *by_events(struct lm_arena *arena, const char *text, size_t size,
                                       bool *clean)
{
    struct lm_diag_list diags = {.arena = arena};
    const struct lm_node *root = NULL;
    const char *other = lm_arena_printf(arena, "%.*s\n# \xc3\xa9\n", (int)size, text);
    *clean = other != NULL && lm_yaml_parse(&root, &diags, "f.yaml", other, strlen(other));
    return root;
}

static bool are_texts(const char *a, const char *b)
{
    return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0);
}

static bool are_places(const struct lm_origin *a, const struct lm_origin *b)
{
    return are_texts(a->file, b->file) && a->line == b->line && a->column == b->column;
}

static bool are_equal(const struct lm_node *a, const struct lm_node *b)
{
    if (a->kind != b->kind || a->plain != b->plain || !are_places(&a->at, &b->at) ||
        !are_texts(a->text, b->text) || a->count != b->count || a->expanded != b->expanded)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!are_texts(a->entries[i].key, b->entries[i].key) ||
            !are_places(&a->entries[i].key_at, &b->entries[i].key_at) ||
            !are_equal(a->entries[i].value, b->entries[i].value))
            return false;
    return true;
}

/** Is the text read, and as libyaml reads it? *wrong: it is read, and otherwise. */
static bool is_read(const char *text, size_t size, bool *wrong)
{
    bool clean;
    struct lm_arena *arena = lm_arena_create();
    const struct lm_node *root = lm_plain_yaml_read(arena, "f.yaml", text, size);
    const struct lm_node *other = root != NULL ? by_events(arena, text, size, &clean) : NULL;
    bool read = root != NULL;
    *wrong = read && (other == NULL || !clean || !are_equal(root, other));
    if (*wrong)
        printf("# read otherwise than by libyaml: <<%.*s>>\n", (int)size, text);
    lm_arena_free(arena);
    return read;
}

/* ---- what is read ---- */

static const char *const known[] = {
    "lmpipe: 1\n",
    "a: 1",
    "\n\n# first\n  # second\na: 1 # why\n\n# last",
    "a: x  y#z\nb: -5\nc: -.5\nd: a:b\ne: https://x.org/a?b=1#c\nf: ~\ng: it's \"so\"\n",
    "a: 'x: y'\nb: \"# no comment\"\nc: ''\n'd e': 1\n\"f\": 2\n",
    "a:\n  b:\n    c: 1\n  d: 2\ne: 3\n",
    "a:\n- 1\n- x y\nb:\n  - c: 1\n    d: 2\n  - c: 3\n",
    "a:\n- b:\n  - 1\n  c: 2\n-   d: 1\n    e: 2\nf: 1\n",
    "a: [1, 'b', \"c\", d e, [], {}, [x, y,],]\nb: {c: 1, d: {e: [f]}, }\n",
    "a: {b: 1,\n  c: [2, # two\n# three\n3],\nd: 4}\ne: [\n]\n",
    "a: {\"b\":1,'c': https://x/y, d-e.f: g#h}\n",
    "stages:\n  s0: {uses: download, with: {sources: [{name: a, path: in/0.txt}]}}\n"
    "  s1: {uses: download, with: {sources: [{name: a, path: in/1.txt}]}}\n",
    "a:   # nothing yet\n  # still nothing\n  b: ${vars.x}\n\n\n  c: $1\n",
    "0: 1\n_x: 2\na.b-c: 3\n",
    "a: x\n",
    "a: (1 + 2) * 3 = ; ^ < \\ $ / ~ ?\n",
    "a: ../data/x.txt\nb: ./y\nc: .5\nd: ...\n",
};

static void test_known(struct tap *tap)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        bool wrong;
        bool read = is_read(known[i], strlen(known[i]), &wrong);
        if (!read)
            printf("# left: <<%s>>\n", known[i]);
        CHECK(read);
        CHECK(!wrong);
    }
}

/* ---- what is left to libyaml ---- */

static void test_left(struct tap *tap)
{
    static const char *const texts[] = {"",
                                        "\n",
                                        "# nothing\n",
                                        "a",
                                        "- a\n",
                                        "[a]\n",
                                        "{a: 1}\n",
                                        " a: 1\n",
                                        "---\na: 1\n",
                                        "a: 1\n...\n",
                                        "%YAML 1.1\n---\na: 1\n",
                                        "a: &x 1\n",
                                        "a: 1\nb: *x\n",
                                        "a: !!str 1\n",
                                        "a: |\n  text\n",
                                        "a: >-\n  text\n",
                                        "a:\n",
                                        "a:\nb: 1\n",
                                        "a: 1\na: 2\n",
                                        "a: 1\nb: {c: 1, c: 2}\n",
                                        "a: one\n  two\n",
                                        "a: 'one\n  two'\n",
                                        "a: \"\\n\"\n",
                                        "a: 'it''s'\n",
                                        "a: b: c\n",
                                        "a: b:\n",
                                        "a : 1\n",
                                        "a:1\n",
                                        "a: [b: c]\n",
                                        "a: [1,,2]\n",
                                        "a: [1\n",
                                        "a: {b}\n",
                                        "a: {b: }\n",
                                        "a: {b:1}\n",
                                        "a: [x\n y]\n",
                                        "a: ? b\n",
                                        "? a\n",
                                        "a: @b\n",
                                        "a: `b\n",
                                        "a: %b\n",
                                        "a: [1] 2\n",
                                        "a: [1]#2\n",
                                        "a: 'b'#c\n",
                                        "a: 'b' c\n",
                                        "a:\tb\n",
                                        "a: b\tc\n",
                                        "a: b\r\n",
                                        "\xef\xbb\xbf"
                                        "a: 1\n",
                                        "a: \xc3\xa9\n",
                                        "a: 1\n # \xc3\xa9\n",
                                        "a: \x7f\n",
                                        "a:\n  b: 1\n c: 2\n",
                                        "a:\n  - 1\n - 2\n",
                                        "a:\n  - 1\n  b: 2\n",
                                        "a: - 1\n",
                                        "a:\n- - 1\n",
                                        "a:\n-\n  b: 1\n",
                                        "a: --- b\n",
                                        "a: [-]\n",
                                        "a: [b?c]\n",
                                        "a: [b:]\n",
                                        "'': 1\n",
                                        "a: {'': 1}\n",
                                        "a: {b: 'c': d}\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        bool wrong;
        if (is_read(texts[i], strlen(texts[i]), &wrong))
            printf("# read: <<%s>>\n", texts[i]);
        CHECK(!is_read(texts[i], strlen(texts[i]), &wrong));
    }
    static const char nul[] = "a: \0b\n";
    bool wrong;
    CHECK(!is_read(nul, sizeof nul - 1, &wrong));
}

/** An arena keeps nothing of a text that is left. */
static void test_leaves_nothing(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(lm_arena_alloc(arena, 1) != NULL);
    size_t used = lm_arena_used(arena);
    CHECK(lm_plain_yaml_read(arena, "f", "a: {b: [1, 2]}\nc: |\n", 21) == NULL);
    CHECK_INT(lm_arena_used(arena), used);
    lm_arena_free(arena);
}

static void test_limits(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    char text[2100] = "a: ";
    memset(text + 3, '[', LM_YAML_DEPTH);
    memset(text + 3 + LM_YAML_DEPTH, ']', LM_YAML_DEPTH);
    CHECK(lm_plain_yaml_read(arena, "f", text, 3 + 2 * (size_t)LM_YAML_DEPTH) == NULL);
    text[4] = text[1 + 2 * LM_YAML_DEPTH] = ' ';
    CHECK(lm_plain_yaml_read(arena, "f", text, 3 + 2 * (size_t)LM_YAML_DEPTH) != NULL);
    memset(text, 'k', sizeof text);
    memcpy(text + 1024, ": 1", 3);
    CHECK(lm_plain_yaml_read(arena, "f", text, 1027) == NULL);
    memcpy(text + 900, ": 1", 3);
    CHECK(lm_plain_yaml_read(arena, "f", text, 903) != NULL);
    lm_arena_free(arena);
}

/** Keys beyond those that are compared one by one. */
static void test_many_keys(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    char text[4000] = "";
    size_t size = 0;
    bool wrong;
    for (int i = 0; i < 200; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "k%d: {v: %d}\n", i, i);
    CHECK(is_read(text, size, &wrong) && !wrong);
    size += (size_t)snprintf(text + size, sizeof text - size, "k77: 1\n");
    CHECK(!is_read(text, size, &wrong));
    lm_arena_free(arena);
}

/* ---- held against libyaml ---- */

static size_t draw(struct lm_rng rng, uint64_t step, uint64_t index, size_t below)
{
    return (size_t)lm_rng_below(rng, step, index, below);
}

/** Changes a text at a few places: bytes put in, taken out, written over, parts of others. */
static size_t mutate(char *text, size_t size, size_t room, struct lm_rng rng, uint64_t step)
{
    static const char *const bits[] = {
        " ",      "\n", ":", ": ", "- ", ",", "[", "]", "{", "}", "#", " #",  "'",   "\"", "\n  ",
        "a: 1\n", "?",  "-", "&a", "*a", "!", "|", ">", "%", "@", ".", "...", "---", "  ", "x"};
    size_t changes = 1 + draw(rng, step, 0, 4);
    for (size_t i = 0; i < changes; i++) {
        size_t at = draw(rng, step, 4 * i + 1, size + 1);
        const char *bit = bits[draw(rng, step, 4 * i + 2, sizeof bits / sizeof bits[0])];
        size_t length = strlen(bit), gone = draw(rng, step, 4 * i + 3, 3);
        gone = gone < size - at ? gone : size - at;
        length = draw(rng, step, 4 * i + 4, 4) == 0 ? 0 : length;
        if (size + length - gone > room)
            continue;
        memmove(text + at + length, text + at + gone, size - at - gone);
        memcpy(text + at, bit, length);
        size += length - gone;
    }
    return size;
}

/** What is read is read as libyaml does, whatever the text. */
static void test_mutations(struct tap *tap)
{
    enum { ROUNDS = 60000 };

    struct lm_rng rng = lm_rng_stream(1, "mutations");
    size_t read = 0, wrong_ones = 0;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        char text[512];
        const char *from = known[i % (sizeof known / sizeof known[0])];
        bool wrong;
        memcpy(text, from, strlen(from));
        size_t size = mutate(text, strlen(from), sizeof text, rng, i);
        read += is_read(text, size, &wrong);
        wrong_ones += wrong;
    }
    printf("# %zu of %d read\n", read, ROUNDS);
    CHECK(read > ROUNDS / 20);
    CHECK_INT(wrong_ones, 0);
}

static const struct tap_test tests[] = {TAP_ROW(test_known) TAP_ROW(test_left) TAP_ROW(
    test_leaves_nothing) TAP_ROW(test_limits) TAP_ROW(test_many_keys) TAP_ROW(test_mutations)};
LM_TEST_MAIN(tests)
