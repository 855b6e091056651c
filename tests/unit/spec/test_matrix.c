#include <math.h>

#include "spec/matrix.h"
#include "tap.h"

#include "unit/pipeline/fakes.h"

#define HEAD                                                                                       \
    "lmpipe: 1\nexperiment: t\nstages:\n"                                                          \
    "  c: {uses: download, with: {sources: [{name: s, url: 'https://h/x', sha256: ab}]}}\n"        \
    "  t: {uses: clean, in: {corpus: c}}\n"                                                        \
    "  k: {uses: encode, in: {text: t}}\n"
#define MODEL "  m: {uses: train, in: {tokens: k}, with: {lr: '${matrix.lr}'}}\n"
#define SEEDED                                                                                     \
    "  m: {uses: train, in: {tokens: k}, seed: '${matrix.seed}', with: {lr: '${matrix.lr}'}}\n"

struct loaded {
    struct fake_folder folder;
    struct lm_spec *spec;
    struct lm_diags diags;
    enum lm_status status;
};

static struct loaded load_with(const char *text, const struct lm_setting *settings, size_t count)
{
    struct loaded l = {.spec = NULL};
    l.status = fake_folder_make(&l.folder)
                   ? fake_load(&l.folder, text, settings, count, &l.spec, &l.diags)
                   : LM_IO;
    for (size_t i = 0; l.status != LM_OK && i < l.diags.count; i++)
        printf("# %s\n", fake_diag(&l.folder, &l.diags, i));
    return l;
}

static struct loaded load(const char *text)
{
    return load_with(text, NULL, 0);
}

static void done(struct loaded *l)
{
    fake_folder_remove(&l->folder);
}

/** The ids of a family, "m@lr=1 m@lr=2". */
static const char *ids(const struct loaded *l, const char *family)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    for (size_t f = 0; f < l->spec->family_count; f++)
        for (size_t i = 0;
             strcmp(l->spec->families[f].id, family) == 0 && i < l->spec->families[f].count; i++)
            lm_buf_printf(&out, "%s%s", i > 0 ? " " : "",
                          l->spec->stages[l->spec->families[f].first + i].id);
    const char *copy = lm_arena_strdup(l->folder.arena, out.data ? out.data : "");
    lm_buf_release(&out);
    return copy;
}

/** What a stage takes at a port: "m@lr=1 (lr=1) …", candidates with a ?, what decides with a !. */
static const char *taken(const struct loaded *l, const char *id, const char *port)
{
    static const char *const marks[] = {[LM_INPUT_NEEDED] = "",
                                        [LM_INPUT_DROPPED] = "~",
                                        [LM_INPUT_CANDIDATE] = "?",
                                        [LM_INPUT_METRIC] = "!"};
    struct lm_buf out;
    size_t stage = lm_spec_find(l->spec, id, NULL);
    lm_buf_init(&out, 0);
    for (size_t i = 0; stage != SIZE_MAX && i < l->spec->stages[stage].input_count; i++) {
        const struct lm_spec_input *input = &l->spec->stages[stage].inputs[i];
        if (strcmp(input->port->name, port) == 0)
            lm_buf_printf(&out, "%s%s%s%s%s%s", out.size > 0 ? " " : "", marks[input->role],
                          l->spec->stages[input->stage].id, input->label[0] ? "(" : "",
                          input->label, input->label[0] ? ")" : "");
    }
    const char *copy = lm_arena_strdup(l->folder.arena, out.data ? out.data : "");
    lm_buf_release(&out);
    return copy;
}

/** Loads and lists the ids of m. */
static void check_ids(struct tap *tap, const char *text, const char *want)
{
    struct loaded l = load(text);
    REQUIRE(l.status == LM_OK);
    CHECK_STR(ids(&l, "m"), want);
    done(&l);
}

/* ---- points ---- */

static void test_points(struct tap *tap)
{
    check_ids(tap, HEAD SEEDED "matrix: {lr: [0.01, 0.003], seed: [1, 2]}\n",
              "m@lr=0.01,seed=1 m@lr=0.01,seed=2 m@lr=0.003,seed=1 m@lr=0.003,seed=2");
    check_ids(tap, HEAD MODEL "matrix: {lr: [1.0e-3, 6.0e-4], seed: [1, 2]}\n",
              "m@lr=0.001 m@lr=0.0006");
    check_ids(tap, HEAD MODEL "matrix: {lr: {from: 1.0e-4, to: 1.0e-2, n: 5, scale: log}}\n",
              "m@lr=0.0001 m@lr=0.000316 m@lr=0.001 m@lr=0.00316 m@lr=0.01");
    check_ids(tap, HEAD MODEL "matrix: {lr: {from: 0.1, to: 0.4, n: 4}}\n",
              "m@lr=0.1 m@lr=0.2 m@lr=0.3 m@lr=0.4");
    check_ids(tap, HEAD MODEL "vars: {rates: [0.5, 0.25]}\nmatrix: {lr: '${rates}'}\n",
              "m@lr=0.5 m@lr=0.25");
}

/* GitHub: drop some, and add one that the product lacks; the same one twice counts once. */
static void test_include_and_exclude(struct tap *tap)
{
    check_ids(tap,
              HEAD SEEDED
              "matrix:\n  lr: [0.1, 0.2]\n  seed: [1, 2]\n"
              "  exclude: [{lr: 0.2, seed: 1}, {lr: 7}]\n"
              "  include: [{lr: 0.9, seed: 9}, {seed: 9, lr: 0.9}, {lr: 0.1, seed: 1}]\n",
              "m@lr=0.1,seed=1 m@lr=0.1,seed=2 m@lr=0.2,seed=2 m@lr=0.9,seed=9");
    check_ids(tap, HEAD SEEDED "matrix: {lr: [0.1, 0.2], seed: [1, 2], exclude: [{seed: 2}]}\n",
              "m@lr=0.1,seed=1 m@lr=0.2,seed=1");
}

/* DVC: mappings as values. */
static void test_mappings(struct tap *tap)
{
    struct loaded l =
        load(HEAD "  m: {uses: train, in: {tokens: k}, with: {lr: '${matrix.size.lr}', steps: "
                  "'${matrix.size.deep.steps}'}}\n"
                  "matrix: {size: [{name: small one, lr: 0.5, deep: {steps: 7}},\n"
                  "                {name: big, lr: 0.25, deep: {steps: 9}}]}\n");
    REQUIRE(l.status == LM_OK);
    CHECK_STR(ids(&l, "m"), "m@size=small%20one m@size=big");
    const struct fake_train *p = l.spec->stages[lm_spec_find(l.spec, "m@size=big", NULL)].params;
    CHECK_NEAR(p->lr, 0.25, 0);
    CHECK_INT(p->steps, 9);
    done(&l);
}

/* Snakemake: axes in step. */
static void test_zip(struct tap *tap)
{
    check_ids(tap,
              HEAD "  m: {uses: train, in: {tokens: k}, seed: '${matrix.seed}', with: {lr: "
                   "'${matrix.lr}', warmup: '${matrix.warmup}'}}\n"
                   "matrix: {lr: [0.1, 0.2], seed: [1, 2], warmup: [5, 6], zip: [[lr, warmup]]}\n",
              "m@lr=0.1,seed=1,warmup=5 m@lr=0.1,seed=2,warmup=5 m@lr=0.2,seed=1,warmup=6 "
              "m@lr=0.2,seed=2,warmup=6");
}

static void test_labels(struct tap *tap)
{
    static const struct {
        const char *text, *label;
        bool is_plain;
    } rows[] = {{"1.0e-3", "0.001", true},
                {"1.0e-3", "1.0e-3", false},
                {"0x10", "16", true},
                {"true", "true", true},
                {"a b/c=d,e", "a%20b%2Fc%3Dd%2Ce", true},
                {"zażółć", "za%C5%BC%C3%B3%C5%82%C4%87", true},
                {"../x", "..%2Fx", true}};
    struct lm_arena *arena = lm_arena_create();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_STR(lm_axis_label(arena, rows[i].text, rows[i].is_plain), rows[i].label);
    /* 65 bytes: the first 40, ~ and the beginning of the SHA-256 of the text. */
    const char *longest = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    CHECK_STR(lm_axis_label(arena, longest, true),
              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa~635361c4");
    CHECK_STR(lm_axis_label(arena, longest + 1, true), longest + 1);
    lm_arena_free(arena);
}

/* ---- instances and what they take ---- */

static void test_types_are_kept(struct tap *tap)
{
    struct loaded l = load(HEAD "  m: {uses: train, in: {tokens: k}, seed: '${matrix.seed}', "
                                "with: {steps: '${matrix.steps}', lr: '0.${matrix.seed}'}}\n"
                                "matrix: {seed: [3], steps: [12]}\n");
    CHECK_INT(l.status, LM_INVALID); /* parts of a text make a text, and lr is a number */
    CHECK_STR(fake_diag(&l.folder, &l.diags, 0),
              "spec.yaml:7:98: m.lr: expected a number, found the text '0.3'; remove the quotes");
    done(&l);
}

static void test_aligned(struct tap *tap)
{
    struct loaded l =
        load(HEAD SEEDED "  p: {uses: report, in: {logs: m}, publish: {html: x/p.html}}\n"
                         "matrix: {lr: [0.1, 0.2], seed: [1, 2]}\n");
    REQUIRE(l.status == LM_OK);
    CHECK_INT(l.spec->stage_count, 3 + 4 + 4);
    CHECK_STR(taken(&l, "p@lr=0.2,seed=1", "logs"), "m@lr=0.2,seed=1");
    size_t page = lm_spec_find(l.spec, "p@lr=0.2,seed=1", NULL);
    CHECK_STR(l.spec->stages[page].publish[0].path, "lr=0.2,seed=1/x/p.html");
    size_t model = lm_spec_find(l.spec, "m@lr=0.2,seed=1", NULL);
    CHECK_INT(l.spec->stages[model].seed, 1);
    CHECK_NEAR(((const struct fake_train *)l.spec->stages[model].params)->lr, 0.2, 0);
    done(&l);
}

static void test_gather(struct tap *tap)
{
    struct loaded l =
        load(HEAD SEEDED "  all: {uses: report, in: {logs: {gather: m.log}}}\n"
                         "  some: {uses: report, in: {logs: [{gather: m, over: [seed]}]}}\n"
                         "  rest: {uses: report, in: {logs: {gather: m, failed: drop}}}\n"
                         "  one: {uses: report, in: {logs: {gather: w.first}}}\n"
                         "  w: {uses: twins}\n"
                         "matrix: {lr: [0.2, 0.03, 0.1], seed: [10, 9],\n"
                         "         exclude: [{lr: 0.03, seed: 9}]}\n");
    REQUIRE(l.status == LM_OK);
    CHECK_STR(taken(&l, "all", "logs"),
              "m@lr=0.03,seed=10(lr=0.03,seed=10) m@lr=0.1,seed=9(lr=0.1,seed=9) "
              "m@lr=0.1,seed=10(lr=0.1,seed=10) m@lr=0.2,seed=9(lr=0.2,seed=9) "
              "m@lr=0.2,seed=10(lr=0.2,seed=10)");
    CHECK_STR(ids(&l, "some"), "some@lr=0.2 some@lr=0.03 some@lr=0.1");
    CHECK_STR(taken(&l, "some@lr=0.1", "logs"),
              "m@lr=0.1,seed=9(lr=0.1,seed=9) m@lr=0.1,seed=10(lr=0.1,seed=10)");
    CHECK_STR(taken(&l, "some@lr=0.03", "logs"), "m@lr=0.03,seed=10(lr=0.03,seed=10)");
    CHECK(taken(&l, "rest", "logs")[0] == '~');
    CHECK_STR(taken(&l, "one", "logs"), "w");
    done(&l);
}

static void test_select(struct tap *tap)
{
    struct loaded l =
        load(HEAD SEEDED
             "  a: {uses: report, in: {logs: {select: m, lr: 1.0e-1}}}\n"
             "  b: {uses: report, in: {logs: {select: m.log, lr: 0.2, seed: 2}}}\n"
             "  d: {uses: report, in: {logs: 'm@lr=0.1,seed=2.log'}}\n"
             "  e: {uses: train, in: {tokens: k, init: {select: m.model, lr: '${matrix.from}'}}}\n"
             "matrix: {lr: [0.1, 0.2], seed: [1, 2], from: [0.1, 0.2]}\n");
    REQUIRE(l.status == LM_OK);
    CHECK_STR(ids(&l, "a"), "a@seed=1 a@seed=2");
    CHECK_STR(taken(&l, "a@seed=2", "logs"), "m@lr=0.1,seed=2");
    CHECK_STR(taken(&l, "b", "logs"), "m@lr=0.2,seed=2");
    CHECK_STR(taken(&l, "d", "logs"), "m@lr=0.1,seed=2");
    CHECK_STR(ids(&l, "e"),
              "e@from=0.1,seed=1 e@from=0.2,seed=1 e@from=0.1,seed=2 e@from=0.2,seed=2");
    CHECK_STR(taken(&l, "e@from=0.2,seed=1", "init"), "m@lr=0.2,seed=1");
    done(&l);
}

static void test_best(struct tap *tap)
{
    struct loaded l =
        load(HEAD SEEDED
             "  a: {uses: train, in: {tokens: k, init: {best: m.model, by: m.loss, mode: min}}}\n"
             "  b: {uses: train, in: {tokens: k, init: {best: m.model, by: m.loss, mode: max, "
             "over: [lr]}}}\n"
             "  d: {uses: train, in: {tokens: k, init: {best: m.model, by: m.loss, mode: min, "
             "mean_over: [seed]}}}\n"
             "matrix: {lr: [0.1, 0.2], seed: [1, 2]}\n");
    REQUIRE(l.status == LM_OK);
    CHECK_STR(ids(&l, "a"), "a");
    CHECK_STR(taken(&l, "a", "init"),
              "?m@lr=0.1,seed=1 ?m@lr=0.1,seed=2 ?m@lr=0.2,seed=1 ?m@lr=0.2,seed=2 "
              "!m@lr=0.1,seed=1 !m@lr=0.1,seed=2 !m@lr=0.2,seed=1 !m@lr=0.2,seed=2");
    CHECK_STR(ids(&l, "b"), "b@seed=1 b@seed=2");
    CHECK_STR(taken(&l, "b@seed=2", "init"),
              "?m@lr=0.1,seed=2 ?m@lr=0.2,seed=2 !m@lr=0.1,seed=2 !m@lr=0.2,seed=2");
    CHECK_STR(ids(&l, "d"), "d@seed=1 d@seed=2");
    CHECK_STR(taken(&l, "d@seed=1", "init"),
              "?m@lr=0.1,seed=1 ?m@lr=0.2,seed=1 "
              "!m@lr=0.1,seed=1 !m@lr=0.1,seed=2 !m@lr=0.2,seed=1 !m@lr=0.2,seed=2");
    const struct lm_spec_stage *d = &l.spec->stages[lm_spec_find(l.spec, "d@seed=1", NULL)];
    REQUIRE(d->choice_count == 1);
    CHECK_INT(d->choices[0].count, 2);
    CHECK_INT(d->choices[0].by_first[1], 2);
    CHECK_INT(d->choices[0].by_first[2], 4);
    CHECK(!d->choices[0].higher_is_better);
    CHECK_STR(d->choices[0].text, "best m by m.loss");
    done(&l);
}

static void test_gates(struct tap *tap)
{
    struct loaded l = load(HEAD MODEL "matrix: {lr: [0.1, 0.2]}\n"
                                      "gates: [{metric: m.loss, max: 3}, {metric: m@lr=0.2.loss, "
                                      "min: 1}, {metric: t.kept, min: 1}]\n");
    static const char *const want[] = {"m@lr=0.1.loss max 3", "m@lr=0.2.loss max 3",
                                       "m@lr=0.2.loss min 1", "t.kept min 1"};
    REQUIRE(l.status == LM_OK);
    CHECK_INT(l.spec->gate_count, 4);
    for (size_t i = 0; i < l.spec->gate_count && i < 4; i++)
        CHECK_STR(l.spec->gates[i].text, want[i]);
    done(&l);
}

/* ---- targets and settings ---- */

static void test_targets(struct tap *tap)
{
    static const struct {
        const char *target;
        size_t count;
    } rows[] = {{"m", 4},
                {"m@lr=0.1,seed=2", 1},
                {"m@lr=0.1*", 2},
                {"m@seed=2,lr=1.0e-1", 1},
                {"@lr=2e-1", 4},
                {"m@seed=2,lr=0.3", 0},
                {"n@lr=0.1,seed=2", 0},
                {"@seed=1", 4},
                {"@seed=1,lr=0.2", 2},
                {"t", 1},
                {"*", 11},
                {"@seed=3", 0},
                {"@lrr=1", 0},
                {"m@seed=1", 0},
                {"mm", 0},
                {"@", 0}};
    struct loaded l = load(HEAD SEEDED "  p: {uses: report, in: {logs: m}}\n"
                                       "matrix: {lr: [0.1, 0.2], seed: [1, 2]}\n");
    size_t length = 0;
    const char *nearest = NULL;
    REQUIRE(l.status == LM_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_INT(lm_spec_match(l.spec, rows[i].target, NULL), rows[i].count);
    CHECK(lm_spec_find(l.spec, "m", &nearest) == SIZE_MAX);
    CHECK_STR(nearest, "m@lr=0.1,seed=1");
    CHECK_INT(lm_spec_find(l.spec, "m@seed=2,lr=1.0e-1", NULL),
              lm_spec_find(l.spec, "m@lr=0.1,seed=2", NULL));
    CHECK(lm_spec_find(l.spec, "@seed=1", NULL) == SIZE_MAX);
    CHECK(lm_spec_find(l.spec, "@sed=1", &nearest) == SIZE_MAX);
    CHECK_STR(nearest, "@seed=1");
    size_t found = lm_spec_find_longest(l.spec, "m@lr=0.2,seed=2.log/x", &length);
    CHECK(found != SIZE_MAX && strcmp(l.spec->stages[found].id, "m@lr=0.2,seed=2") == 0);
    CHECK_INT(length, strlen("m@lr=0.2,seed=2"));
    done(&l);
}

static void test_settings(struct tap *tap)
{
    static const struct lm_setting settings[] = {{"matrix.lr", "[0.5]"},
                                                 {"m.seed", "7"},
                                                 {"m.steps", "5"},
                                                 {"t.split.valid", "0.25"},
                                                 {"c.sources.0.name", "other"}};
    struct loaded l =
        load_with(HEAD SEEDED "matrix: {lr: [0.1, 0.2], seed: [1, 2]}\n", settings, 5);
    REQUIRE(l.status == LM_OK);
    CHECK_STR(ids(&l, "m"), "m@lr=0.5");
    size_t m = lm_spec_find(l.spec, "m@lr=0.5", NULL);
    CHECK_INT(l.spec->stages[m].seed, 7);
    CHECK_INT(((const struct fake_train *)l.spec->stages[m].params)->steps, 5);
    CHECK_STR(lm_spec_origin(l.spec, m, "steps").via, "-S m.steps");
    CHECK_NEAR(((const struct fake_clean *)l.spec->stages[1].params)->split.valid, 0.25, 0);
    CHECK(l.spec->is_overridden);
    done(&l);
}

static void test_many_points(struct tap *tap)
{
    struct loaded l =
        load(HEAD "  m: {uses: train, in: {tokens: k}, with: {steps: '${matrix.a}', lr: "
                  "'${matrix.b}'}}\n"
                  "  p: {uses: report, in: {logs: {gather: m}}}\n"
                  "matrix: {a: {from: 1, to: 100, n: 100}, b: {from: 0.01, to: 1, n: 100}}\n");
    REQUIRE(l.status == LM_OK);
    CHECK_INT(l.spec->stage_count, 10004);
    CHECK_INT(l.spec->stages[10003].input_count, 10000);
    done(&l);
}

/* ---- findings ---- */

static void check_findings(struct tap *tap, const char *text, const char *const *want)
{
    struct loaded l = {.spec = NULL};
    size_t i = 0;
    REQUIRE(fake_folder_make(&l.folder));
    CHECK_INT(fake_load(&l.folder, text, NULL, 0, &l.spec, &l.diags), LM_INVALID);
    for (; want[i] != NULL; i++)
        CHECK_STR(fake_diag(&l.folder, &l.diags, i), want[i]);
    CHECK_INT(l.diags.count, i);
    for (; i < l.diags.count; i++)
        printf("# also: %s\n", fake_diag(&l.folder, &l.diags, i));
    done(&l);
}

#define FINDINGS(text, ...) check_findings(tap, text, (const char *const[]){__VA_ARGS__, NULL})

static void test_wrong_axes(struct tap *tap)
{
    FINDINGS(
        HEAD "matrix: {lr: []}\n",
        "spec.yaml:7:14: matrix.lr: no values, so that there are no points; give one, or remove "
        "the axis");
    FINDINGS(HEAD "matrix: {lr: [0.1, 1.0e-1], a: [[1]], b: [{x: 1}], d: {n: 2}}\n",
             "spec.yaml:7:20: matrix.lr: the value 0.1 twice: ids would be equal; remove one, or "
             "name them apart",
             "spec.yaml:7:33: matrix.a: expected a value, found a list; an axis holds values, or "
             "mappings with a name",
             "spec.yaml:7:43: matrix.b: a mapping as a value needs a name; add name: to it",
             "spec.yaml:7:55: matrix.d: not a range of values; write a list, or {from: 1.0e-4, to: "
             "1.0e-2, n: 5, scale: log}");
    FINDINGS(HEAD "matrix: {lr: [1, 2], exclude: [{lr: 1}, {lr: 2}]}\n",
             "spec.yaml:7:9: matrix: no point is left: all of them are excluded; exclude fewer");
    FINDINGS(HEAD "matrix: {lr: [1, 2], exclude: [{lrr: 1}], include: [{}], zip: [[lr, b]]}\n",
             "spec.yaml:7:69: matrix.zip: unknown axis 'b'; known: lr");
    FINDINGS(HEAD "matrix: {a: {from: 1, to: 2, n: 200}}\n",
             "spec.yaml:7:13: matrix.a: values have three significant digits, and so many are not "
             "different; give a smaller n");
    FINDINGS(HEAD "matrix: {a: {from: 1, to: 100, n: 100}, b: {from: 101, to: 300, n: 200}}\n",
             "spec.yaml:7:9: matrix: 100 x 200 = 20000 points, at most 10000 may be; give fewer "
             "values, or exclude some");
    FINDINGS(HEAD "matrix: {a: [1, 2], b: [1, 2, 3], zip: [[a, b]]}\n",
             "spec.yaml:7:45: matrix.zip: b has 3 values, a has 2; zipped axes have as many");
}

static void test_wrong_references(struct tap *tap)
{
    FINDINGS(
        HEAD "  m: {uses: train, in: {tokens: k}, retries: '${matrix.lr}', with: {lr: "
             "'${matrix.lrr}', steps: '${matrix.lr.x}'}}\n"
             "matrix: {lr: [0.1]}\n",
        "spec.yaml:7:46: m.retries: ${matrix.AXIS} stands in a stage's with, seed or selections "
        "only; write the value out",
        "spec.yaml:7:73: m.lr: ${matrix.lrr}: unknown axis; did you mean 'lr'?",
        "spec.yaml:7:97: m.steps: ${matrix.lr.x}: the value 0.1 has no such member");
    FINDINGS(HEAD MODEL, "spec.yaml:7:48: m.lr: ${matrix.lr}: there is no matrix; declare its axes "
                         "under matrix:");
#define LONG "an_axis_with_a_name_that_does_not_want_to_end_"
#define VALUE "[{name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}]"
    FINDINGS("lmpipe: 1\nexperiment: t\nstages:\n"
             "  c: {uses: download, with: {sources: [{name: '${matrix." LONG "1}', url: "
             "'https://h/x', sha256: '${matrix." LONG "2}', license: '${matrix." LONG "3}'}]}}\n"
             "matrix:\n  " LONG "1: " VALUE "\n  " LONG "2: " VALUE "\n  " LONG "3: " VALUE "\n",
             "spec.yaml:4:3: c: its instances would have names of 340 bytes, and files are named "
             "after them; give axes and values shorter names (at most 240)");
#undef LONG
#undef VALUE
    FINDINGS("lmpipe: 1\nexperiment: t\nstages:\n  matrix: {uses: twins}\n",
             "spec.yaml:4:3: 'matrix': this name stands for something else in ${} and -S; choose "
             "another");
}

static void test_wrong_selections(struct tap *tap)
{
    FINDINGS(
        HEAD SEEDED
        "  a: {uses: report, in: {logs: {select: m, lr: 0.3, seed: 1}}}\n"
        "  b: {uses: report, in: {logs: {select: m, rate: 0.3}}}\n"
        "  d: {uses: report, in: {logs: {gather: m, over: [lrr]}}}\n"
        "  e: {uses: train, in: {tokens: k, init: {best: m.model, by: t.kept, mode: min}}}\n"
        "  f: {uses: train, in: {tokens: k, init: {best: m.model}}}\n"
        "  g: {uses: report, in: {logs: {select: t.card, lr: 1}}}\n"
        "  h: {uses: report, in: {logs: 'm@lr=0.1,seed=9.log'}}\n"
        "  i: {uses: train, in: {tokens: k, init: {best: m.model, by: m.los, mode: min}}}\n"
        "matrix: {lr: [0.1, 0.2], seed: [1, 2]}\n",
        "spec.yaml:8:32: a.in.logs: fits no instance of m for a; choose values that the matrix has "
        "together",
        "spec.yaml:9:44: b.in.logs: unknown axis 'rate'; known: lr, seed",
        "spec.yaml:10:51: d.in.logs.over: unknown axis 'lrr'; m varies by lr, seed",
        "spec.yaml:11:62: e.in.init.by: t varies by nothing, but m by lr, seed; choose by a "
        "stage that varies as it does",
        "spec.yaml:12:42: f.in.init.by: required, but not given: the metric that decides, as "
        "STAGE.METRIC",
        "spec.yaml:12:42: f.in.init.mode: required, but not given: min or max",
        "spec.yaml:13:32: g.in.logs: t does not vary by lr; it varies by nothing",
        "spec.yaml:13:41: g.in.logs: expected the kind log, but t.card is of kind card",
        "spec.yaml:14:32: h.in.logs: 'm@lr=0.1,seed=9.log' is no instance of m; name it by its "
        "values, as lmpipe plan prints it",
        "spec.yaml:15:62: i.in: m (train) gives no metric 'los'; did you mean 'loss'?");
}

static const struct tap_test tests[] = {
    TAP_ROW(test_points) TAP_ROW(test_include_and_exclude) TAP_ROW(test_mappings) TAP_ROW(test_zip)
        TAP_ROW(test_labels) TAP_ROW(test_types_are_kept) TAP_ROW(test_aligned) TAP_ROW(test_gather)
            TAP_ROW(test_select) TAP_ROW(test_best) TAP_ROW(test_gates) TAP_ROW(test_targets)
                TAP_ROW(test_settings) TAP_ROW(test_many_points) TAP_ROW(test_wrong_axes)
                    TAP_ROW(test_wrong_references) TAP_ROW(test_wrong_selections)};
LM_TEST_FILE(tests)
