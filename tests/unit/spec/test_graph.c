#include "tap.h"

#include "unit/pipeline/fakes.h"

static const char spec_text[] =
    "lmpipe: 1\nexperiment: g\nstages:\n"
    "  corpus: {uses: download, with: {sources: [{name: s, url: 'https://h/x', sha256: ab}]}}\n"
    "  text: {uses: clean, in: {corpus: corpus}}\n"
    "  tokens: {uses: encode, in: {text: text}}\n"
    "  first: {uses: train, in: {tokens: tokens}}\n"
    "  second: {uses: train, in: {tokens: tokens, init: first}}\n"
    "  lone: {uses: twins}\n"
    "  page: {uses: report, in: {logs: [first, second, lone.first], card: text}}\n";

static void check_graph(struct tap *tap, const char *text, enum lm_graph_format format,
                        const char *want)
{
    struct fake_folder folder;
    struct lm_spec *spec = NULL;
    struct lm_diags diags;
    char *data = NULL;
    size_t size = 0;
    REQUIRE(fake_folder_make(&folder));
    REQUIRE(fake_load(&folder, text, NULL, 0, &spec, &diags) == LM_OK);
    FILE *file = open_memstream(&data, &size);
    lm_spec_print_graph(spec, format, file);
    fclose(file);
    CHECK_STR(data, want);
    free(data);
    fake_folder_remove(&folder);
}

static void test_text(struct tap *tap)
{
    check_graph(tap, spec_text, LM_GRAPH_TEXT,
                "●           corpus  download\n"
                "╰─●         text    clean\n"
                "  ├─●       tokens  encode\n"
                "  │ ├─●     first   train\n"
                "  │ ╰─┼─●   second  train\n"
                "● │   │ │   lone    twins\n"
                "╰─┴───┴─┴─● page    report\n");
}

static void test_text_of_one_and_of_strangers(struct tap *tap)
{
    check_graph(tap, "lmpipe: 1\nexperiment: g\nstages: {a: {uses: twins}}\n", LM_GRAPH_TEXT,
                "● a  twins\n");
    check_graph(tap, "lmpipe: 1\nexperiment: g\nstages: {a: {uses: twins}, bcd: {uses: twins}}\n",
                LM_GRAPH_TEXT, "● a    twins\n● bcd  twins\n");
}

static void test_dot(struct tap *tap)
{
    check_graph(tap,
                "lmpipe: 1\nexperiment: g\nstages:\n"
                "  w: {uses: twins}\n  p: {uses: report, in: {logs: [w.first, w.second]}}\n",
                LM_GRAPH_DOT,
                "digraph \"g\" {\n  rankdir=TB;\n  node [shape=box, style=rounded];\n"
                "  \"w\" [label=\"w\\ntwins\"];\n  \"p\" [label=\"p\\nreport\"];\n"
                "  \"w\" -> \"p\" [label=\"first\"];\n  \"w\" -> \"p\" [label=\"second\"];\n}\n");
}

static void test_mermaid(struct tap *tap)
{
    check_graph(tap,
                "lmpipe: 1\nexperiment: g\nstages:\n"
                "  end: {uses: twins}\n  p: {uses: report, in: {logs: end.second}}\n",
                LM_GRAPH_MERMAID,
                "flowchart TD\n  s0[\"end<br/><small>twins</small>\"]\n  "
                "s1[\"p<br/><small>report</small>\"]\n"
                "  s0 -->|second| s1\n");
}

/* A report waits for stages with gates, whether it takes something from them or not. */
static const char gates_text[] =
    "lmpipe: 1\nexperiment: g\nstages:\n"
    "  a: {uses: twins}\n  b: {uses: twins}\n  c: {uses: twins}\n  d: {uses: twins}\n"
    "  p: {uses: report, in: {logs: [b.first, c.second]}}\n"
    "  q: {uses: report, in: {logs: d.first}}\n"
    "gates: [{metric: a.x, max: 1}, {metric: c.x, min: 0}, {metric: a.y, max: 2}]\n";

static void test_gates_in_text(struct tap *tap)
{
    check_graph(tap, gates_text, LM_GRAPH_TEXT,
                "●         a  twins\n"
                "│ ●       b  twins\n"
                "│ │ ●     c  twins\n"
                "│ │ │ ●   d  twins\n"
                "╞─┴─┼─│─● p  report  after the gates of a, c\n"
                "╘───╧─┴─● q  report  after the gates of a, c\n");
}

static void test_gates_in_dot(struct tap *tap)
{
    check_graph(tap, gates_text, LM_GRAPH_DOT,
                "digraph \"g\" {\n  rankdir=TB;\n  node [shape=box, style=rounded];\n"
                "  \"a\" [label=\"a\\ntwins\"];\n  \"b\" [label=\"b\\ntwins\"];\n"
                "  \"c\" [label=\"c\\ntwins\"];\n  \"d\" [label=\"d\\ntwins\"];\n"
                "  \"p\" [label=\"p\\nreport\"];\n  \"q\" [label=\"q\\nreport\"];\n"
                "  \"b\" -> \"p\" [label=\"first\"];\n  \"c\" -> \"p\" [label=\"second\"];\n"
                "  \"a\" -> \"p\" [label=\"gates\", style=dashed];\n"
                "  \"c\" -> \"p\" [label=\"gates\", style=dashed];\n"
                "  \"d\" -> \"q\" [label=\"first\"];\n"
                "  \"a\" -> \"q\" [label=\"gates\", style=dashed];\n"
                "  \"c\" -> \"q\" [label=\"gates\", style=dashed];\n}\n");
}

static void test_gates_in_mermaid(struct tap *tap)
{
    check_graph(tap,
                "lmpipe: 1\nexperiment: g\nstages:\n  a: {uses: twins}\n  b: {uses: twins}\n"
                "  p: {uses: report, in: {logs: b.first}}\n"
                "gates: [{metric: a.x, max: 1}, {metric: b.x, max: 1}]\n",
                LM_GRAPH_MERMAID,
                "flowchart TD\n  s0[\"a<br/><small>twins</small>\"]\n"
                "  s1[\"b<br/><small>twins</small>\"]\n  s2[\"p<br/><small>report</small>\"]\n"
                "  s1 -->|first| s2\n  s0 -.->|gates| s2\n  s1 -.->|gates| s2\n");
}

static const struct tap_test tests[] = {
    TAP_ROW(test_text) TAP_ROW(test_text_of_one_and_of_strangers) TAP_ROW(test_dot)
        TAP_ROW(test_mermaid) TAP_ROW(test_gates_in_text) TAP_ROW(test_gates_in_dot)
            TAP_ROW(test_gates_in_mermaid)};
LM_TEST_FILE(tests)
