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

static const struct tap_test tests[] = {TAP_ROW(test_text) TAP_ROW(
    test_text_of_one_and_of_strangers) TAP_ROW(test_dot) TAP_ROW(test_mermaid)};
LM_TEST_MAIN(tests)
