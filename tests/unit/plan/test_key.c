#include "tap.h"

#include "base/buf.h"
#include "base/json.h"
#include "compare/reason.h"
#include "plan/key.h"
#include "plan/key_diff.h"
#include "unit/pipeline/fakes.h"

/* Golden keys: a change of one of these files means that every result of every user is computed
 * again, or worse, is not. See docs/formats/key.md. */
static const char spec_text[] =
    "lmpipe: 1\nexperiment: golden\ndescription: \"line\\nbreak \\u00e9\"\nseed: 7\n"
    "vars: {steps: 20, place: x}\n"
    "stages:\n"
    "  page: {uses: report, in: {logs: [model, model.log], card: text}}\n"
    "  model: {uses: train, in: {tokens: tokens}, with: {steps: \"${steps}\", lr: 1.0e-3, cache: "
    "7}}\n"
    "  corpus:\n    uses: download\n    with:\n      sources:\n"
    "        - {name: file, path: text.txt}\n"
    "        - {name: pinned, url: \"https://h/a\", mirrors: [\"https://h/b\"], sha256: 1234, "
    "license: MIT}\n"
    "        - {name: web, url: \"https://${env.DATA}/${place}\", allow_unpinned: true}\n"
    "  text: {uses: clean, in: {corpus: corpus}, with: {split: {valid: 0.1}, rules: [a, \"b "
    "\\\"c\\\"\"], dedup: false}}\n"
    "  tokens: {uses: encode, in: {text: text}}\n"
    "gates: [{metric: model.loss, max: 2.05}, {metric: text.kept, min: 1, max: 9}]\n";

static const struct lm_reason at_most = {.kind = LM_REASON_AT_MOST, .parts = {"1.5", "2.05"}};
static const struct lm_reason failed = {.kind = LM_REASON_FAILED, .parts = {"text"}};

static const struct lm_gate_row gates[] = {
    {"model.loss max 2.05", "model.loss", 1.5, "1.5 is at most 2.05", &at_most, "", LM_GATE_PASS},
    {"text.kept min 1 max 9", "text.kept", (double)NAN, "text has \"failed\"", &failed, "",
     LM_GATE_UNDECIDED},
};

struct keys {
    struct fake_folder folder;
    struct lm_spec *spec;
    struct lm_buf text;
};

static bool keys_open(struct keys *k, const char *text)
{
    struct lm_diags diags;
    memset(k, 0, sizeof *k);
    lm_buf_init(&k->text, 0);
    if (!fake_folder_make(&k->folder))
        return false;
    fake_write(&k->folder, "text.txt", "words\n");
    bool good = fake_load(&k->folder, text, NULL, 0, &k->spec, &diags) == LM_OK;
    for (size_t i = 0; i < diags.count; i++)
        printf("# %s\n", fake_diag(&k->folder, &diags, i));
    return good;
}

static void keys_close(struct keys *k)
{
    lm_buf_release(&k->text);
    fake_folder_remove(&k->folder);
}

static const char *key_of(struct keys *k, const char *id)
{
    static const char *const inputs[] = {"sha256:aa", "lmdb:bb", "sha256:cc"};
    static const char *const files[] = {"sha256:f0", "sha256:f1", "sha256:f2"};
    struct lm_key_facts facts = {lm_spec_taken(k->spec, k->folder.arena), inputs, files,
                                 "blas openblas 0.3.21 SkylakeX f32", gates};
    lm_buf_clear(&k->text);
    lm_key_write(&k->text, k->spec, lm_spec_find(k->spec, id, NULL), &facts);
    return lm_arena_strdup(k->folder.arena, k->text.data);
}

static void test_golden(struct tap *tap)
{
    static const char *const ids[] = {"corpus", "text", "tokens", "model", "page"};
    struct keys k;
    REQUIRE(keys_open(&k, spec_text));
    for (size_t i = 0; i < 5; i++) {
        char *want = "";
        const char *path = lm_arena_printf(k.folder.arena, "%s/keys/%s.txt", LM_TEST_DATA, ids[i]);
        CHECK(lm_file_read(&want, NULL, k.folder.arena, path, 100000, NULL) == LM_OK);
        CHECK_STR(key_of(&k, ids[i]), want);
    }
    keys_close(&k);
}

/** What must not matter: names, order, comments, resources, what is not in the key. */
static void test_what_is_not_in_it(struct tap *tap)
{
    struct keys a, b;
    REQUIRE(keys_open(
        &a,
        "lmpipe: 1\nexperiment: one\nstages:\n"
        "  m: {uses: train, in: {tokens: k}, with: {lr: 1.0e-3, steps: 7}}\n"
        "  k: {uses: encode, in: {text: t}}\n"
        "  t: {uses: clean, in: {corpus: c}}\n"
        "  c: {uses: download, with: {sources: [{name: n, url: 'https://a/x', sha256: ab}]}}\n"));
    REQUIRE(keys_open(
        &b, "# other\nexperiment: two\nlmpipe: 1\ndescription: x\nvars: {r: 0.001}\nstages:\n"
            "  c2: {uses: download, with: {patience: 2h, sources: [{sha256: ab, path: elsewhere, "
            "name: n}]}}\n"
            "  t2: {in: {corpus: c2.corpus}, uses: clean}\n"
            "  k: {uses: encode, in: {text: t2}, with: {vocab_size: 300}}\n"
            "  mod:\n    with: {cache: 9K, steps: 0x7, lr: \"${r}\"}\n    uses: train\n"
            "    in: {tokens: k}\n    resources: {threads: 2, memory: 1M}\n    timeout: 5m\n"
            "    retries: 3\n    publish: {log: l.jsonl}\n"));
    CHECK_STR(key_of(&b, "c2"), key_of(&a, "c"));
    CHECK_STR(key_of(&b, "t2"), key_of(&a, "t"));
    CHECK_STR(key_of(&b, "k"), key_of(&a, "k"));
    CHECK_STR(key_of(&b, "mod"), key_of(&a, "m"));
    keys_close(&a);
    keys_close(&b);
}

/** Texts cannot be made to look like other lines. */
static void test_texts_cannot_forge_lines(struct tap *tap)
{
    struct keys a;
    REQUIRE(keys_open(&a, "lmpipe: 1\nexperiment: one\nstages:\n"
                          "  c: {uses: download, with: {sources: [{name: \"x\\nseed 1\", url: "
                          "'https://a/x', license: \"unset\"}]}}\n"));
    const char *key = key_of(&a, "c");
    CHECK(strstr(key, "\nparam sources.0.name str \"x\\nseed 1\"\n") != NULL);
    CHECK(strstr(key, "\nseed") == NULL);
    CHECK(strstr(key, "\nparam sources.0.sha256 str unset\n") != NULL);
    CHECK(strstr(key, "\nparam sources.0.license str \"unset\"\n") != NULL);
    keys_close(&a);
}

/** User information is no part of a result; a query is, but may be a secret. */
static void test_addresses_without_secrets(struct tap *tap)
{
    static const struct {
        const char *url, *line;
    } rows[] = {
        {"https://a/x", "url \"https://a/x\"\n"},
        {"https://u:p@a/x", "url \"https://***@a/x\"\n"},
        {"https://a/x?t=1", "url \"https://a/x?***\" query "
                            "b361ece075663a3bb6ed530c384167624bf2900f586ed4e7845b5daa5345dac4\n"},
        {"https://${env.DATA}@a/x", "url \"https://***@a/x\"\n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct keys k;
        char text[400];
        snprintf(text, sizeof text,
                 "lmpipe: 1\nexperiment: one\nstages:\n"
                 "  c: {uses: download, with: {sources: [{name: n, url: '%s'}]}}\n",
                 rows[i].url);
        REQUIRE(keys_open(&k, text));
        CHECK(strstr(key_of(&k, "c"), rows[i].line) != NULL);
        keys_close(&k);
    }
}

static void test_environment_stays_out(struct tap *tap)
{
    struct keys a;
    struct lm_buf json;
    REQUIRE(keys_open(&a, spec_text));
    CHECK(strstr(key_of(&a, "corpus"), a.folder.path) == NULL);
    lm_buf_init(&json, 0);
    lm_key_write_experiment(&json, a.spec, lm_spec_taken(a.spec, a.folder.arena),
                            lm_spec_find(a.spec, "page", NULL), gates);
    CHECK(strstr(json.data, a.folder.path) == NULL && strstr(json.data, "https") == NULL);
    lm_buf_release(&json);
    keys_close(&a);
}

static void test_experiment_json(struct tap *tap)
{
    struct keys k;
    struct lm_json *json = NULL;
    REQUIRE(keys_open(&k, spec_text));
    lm_key_write_experiment(&k.text, k.spec, lm_spec_taken(k.spec, k.folder.arena),
                            lm_spec_find(k.spec, "page", NULL), gates);
    REQUIRE(lm_json_parse(&json, k.text.data, k.text.size, NULL) == LM_OK);
    const struct lm_json *stages = lm_json_get(json, "stages"),
                         *model = lm_json_get(stages, "model");
    CHECK_STR(lm_json_string(lm_json_get(json, "name"), NULL), "golden");
    CHECK_INT(lm_json_count(stages), 4);
    CHECK_INT(lm_json_int(lm_json_get(model, "seed"), 0), 7);
    CHECK_NEAR(lm_json_double(lm_json_get(lm_json_get(model, "params"), "lr"), 0), 0.001, 0);
    CHECK(lm_json_get(lm_json_get(model, "params"), "cache") == NULL);
    const struct lm_json *sources =
        lm_json_get(lm_json_get(lm_json_get(stages, "corpus"), "params"), "sources");
    CHECK_STR(lm_json_string(lm_json_get(lm_json_at(sources, 1), "license"), NULL), "MIT");
    CHECK(lm_json_get(lm_json_at(sources, 2), "url") == NULL);
    const struct lm_json *wiring = lm_json_get(model, "in"), *own = lm_json_get(json, "in");
    CHECK_STR(lm_json_string(lm_json_at(lm_json_get(wiring, "tokens"), 0), NULL), "tokens.tokens");
    CHECK_STR(lm_json_string(lm_json_at(lm_json_get(own, "logs"), 1), NULL), "model.log");
    const struct lm_json *files = lm_json_get(lm_json_get(stages, "corpus"), "files");
    CHECK(lm_json_count(files) > 0);
    const struct lm_json *gate = lm_json_at(lm_json_get(json, "gates"), 0);
    CHECK_STR(lm_json_string(lm_json_get(gate, "metric"), NULL), "model.loss");
    CHECK(lm_json_get(gate, "min") == NULL);
    CHECK_NEAR(lm_json_double(lm_json_get(gate, "max"), 0), 2.05, 0);
    CHECK_NEAR(lm_json_double(lm_json_get(gate, "value"), 0), 1.5, 0);
    CHECK_STR(lm_json_string(lm_json_get(gate, "name"), NULL), "model.loss max 2.05");
    CHECK_STR(lm_json_string(lm_json_get(gate, "verdict"), NULL), "pass");
    CHECK_STR(lm_json_string(lm_json_get(lm_json_get(gate, "why"), "kind"), NULL), "at_most");
    gate = lm_json_at(lm_json_get(json, "gates"), 1);
    CHECK(lm_json_get(gate, "value") == NULL);
    CHECK_STR(lm_json_string(lm_json_get(gate, "verdict"), NULL), "undecided");
    lm_json_free(json);
    keys_close(&k);
}

/* ---- differences ---- */

static const char *change(struct keys *k, const char *id, const char *before, const char *now,
                          size_t i)
{
    struct lm_key_change *changes;
    size_t stage = lm_spec_find(k->spec, id, NULL);
    size_t count = lm_key_diff(&changes, k->folder.arena, k->spec, stage, before, now, true);
    if (i >= count)
        return "";
    return lm_key_change_text(k->folder.arena, k->spec, stage, &changes[i]);
}

static void test_libraries(struct tap *tap)
{
    static const char *const libraries[] = {"pcre2 10.42 Unicode 14.0.0", NULL};
    struct lm_key_facts facts = {.libraries = libraries};
    struct keys k;
    REQUIRE(keys_open(&k, spec_text));
    lm_key_write(&k.text, k.spec, lm_spec_find(k.spec, "tokens", NULL), &facts);
    CHECK(strstr(k.text.data, "\nlibrary pcre2 10.42 Unicode 14.0.0\n") != NULL);
    CHECK_STR(change(&k, "tokens", "library pcre2 10.42 Unicode 14.0.0\n",
                     "library pcre2 10.43 Unicode 15.0.0\n", 0),
              "library pcre2 10.42 Unicode 14.0.0 → 10.43 Unicode 15.0.0");
    keys_close(&k);
}

/** A list is what it holds in its order: not how its stages are called. */
static void test_renamed_list(struct tap *tap)
{
    struct keys a, b;
    REQUIRE(keys_open(&a, spec_text));
    char *renamed = lm_arena_strdup(a.folder.arena, spec_text);
    for (char *p = renamed; (p = strstr(p, "model")) != NULL; p += 5)
        memcpy(p, "madel", 5);
    REQUIRE(keys_open(&b, renamed));
    const char *one = key_of(&a, "page"), *two = key_of(&b, "page");
    CHECK_INT(strcspn(one, "e"), strcspn(two, "e"));
    size_t length = (size_t)(strstr(one, "experiment") - one);
    CHECK(strstr(two, "experiment") - two == (ptrdiff_t)length && memcmp(one, two, length) == 0);
    CHECK(strstr(one, "input logs.0 sha256:aa\ninput logs.1 lmdb:bb\n") != NULL);
    keys_close(&a);
    keys_close(&b);
}

static void test_differences(struct tap *tap)
{
    static const struct {
        const char *id, *before, *now, *want;
    } cases[] = {
        {"model", "stage train 2\n", "stage train 3\n", "stage version 2 → 3"},
        {"model", "stage bpe 2\n", "stage train 2\n", "stage type bpe 2 → train 2"},
        {"model", "", "param x int 3\n", "param x is new: 3 (default)"},
        {"model", "param x int 3\n", "", "param x is gone (was 3) (default)"},
        {"model", "input tokens a\n", "input tokens b\n",
         "input tokens changed, produced by tokens"},
        {"page", "input logs.1 a\n", "", "input logs.1 is gone, produced by model"},
        {"page", "experiment name \"a\"\n", "experiment name \"b\"\n", NULL},
        {"page", "experiment gate.0 \"a\"\n", "experiment gate.0 \"b\"\n", NULL},
        {"page", "experiment verdict.1 pass \"a\"\n", "experiment verdict.1 fail \"b\"\n", NULL},
        {"page", "experiment gate.2 \"a\"\n", "experiment gate.2 \"b\"\n",
         "experiment gate.2 \"a\" → \"b\""},
        {"page", "experiment param model.lr float 1\n", "experiment param model.lr float 2\n",
         NULL},
        {"model", "seed 1\n", "seed 2\n", NULL},
        {"model", "a 1\nb 2\nc 3\n", "c 3\na 1\nb 2\n", ""},
    };
    struct keys k;
    REQUIRE(keys_open(&k, spec_text));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *got = change(&k, cases[i].id, cases[i].before, cases[i].now, 0);
        if (cases[i].want != NULL)
            CHECK_STR(got, cases[i].want);
        else /* traced to a line of the spec */
            CHECK(strstr(got, " → ") != NULL && strstr(got, "spec.yaml:") != NULL);
    }
    CHECK_STR(change(&k, "model", "seed 1\nx 1\n", "seed 1\nx 2\n", 1), "");
    keys_close(&k);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_golden) TAP_ROW(test_what_is_not_in_it) TAP_ROW(test_texts_cannot_forge_lines)
        TAP_ROW(test_renamed_list) TAP_ROW(test_libraries) TAP_ROW(test_addresses_without_secrets)
            TAP_ROW(test_environment_stays_out) TAP_ROW(test_experiment_json)
                TAP_ROW(test_differences)};
LM_TEST_FILE(tests)
