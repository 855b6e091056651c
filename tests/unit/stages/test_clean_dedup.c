/* What `clean` takes for the same: documents, paragraphs, lines; the first stays. */
#include "clean_fixture.h"

static void open_exact(struct fixture *f, const char **what, size_t count)
{
    fixture_open(f);
    f->params.documents.by = "separator";
    f->params.documents.separator = "%%";
    f->params.dedup.exact = (struct lm_list){what, count};
    split_by_position(f, 0.2, 0.2);
}

/** The texts of the last run in order, escaped, each in <>. */
static const char *kept(struct fixture *f, const char *text)
{
    static const char head[] = "\"text\":\"";
    const struct corpus_text one = {"s", "data", text, 0};
    if (fixture_run(f, &one, 1) != LM_OK)
        return f->err.text;
    const char *out = "";
    for (const char *at = all_text(f); (at = strstr(at, head)) != NULL;) {
        at += sizeof head - 1;
        const char *end = strstr(at, "\"}\n");
        out = lm_arena_printf(f->arena, "%s<%.*s>", out, (int)(end - at), at);
        at = end;
    }
    return out;
}

static const char corpus[] = "One, two.\n\nThree\n%%ONE two\nthree!\n%%Four\n\none TWO\n%%"
                             "Five\nfour\n***\n%%***\nSix\n%%Seven\n";

static void documents(struct tap *tap)
{
    const char *what[] = {"document"};
    struct fixture f;
    open_exact(&f, what, 0);
    CHECK_STR(kept(&f, corpus), "<One, two.\\n\\nThree><ONE two\\nthree!><Four\\n\\none TWO>"
                                "<Five\\nfour\\n***><***\\nSix><Seven>");
    CHECK(strstr(output(&f, "card"), "met_before") == NULL);
    f.params.dedup.exact.count = 1;
    CHECK_STR(kept(&f, corpus), "<One, two.\\n\\nThree><Four\\n\\none TWO><Five\\nfour\\n***>"
                                "<***\\nSix><Seven>");
    CHECK_HAS(output(&f, "card"), "\"rule\": \"duplicate_words\",\n      \"documents\": 1");
    fixture_close(&f);
}

static void paragraphs_and_lines(struct tap *tap)
{
    const char *paragraph[] = {"paragraph"}, *line[] = {"line"}, *both[] = {"line", "paragraph"};
    struct fixture f;
    open_exact(&f, paragraph, 1);
    CHECK_STR(kept(&f, corpus), "<One, two.\\n\\nThree><ONE two\\nthree!><Four><Five\\nfour\\n***>"
                                "<***\\nSix><Seven>");
    CHECK_HAS(output(&f, "card"), "\"paragraphs\": 1,\n    \"lines\": 0");
    f.params.dedup.exact.items = line;
    CHECK_STR(kept(&f, corpus), "<One, two.\\n\\nThree><Four><Five\\n***><***\\nSix><Seven>");
    CHECK_HAS(output(&f, "card"), "\"paragraphs\": 0,\n    \"lines\": 4");
    f.params.dedup.exact = (struct lm_list){both, 2};
    CHECK_STR(kept(&f, corpus), "<One, two.\\n\\nThree><Four><Five\\n***><***\\nSix><Seven>");
    CHECK_HAS(output(&f, "card"), "\"paragraphs\": 1,\n    \"lines\": 3");
    const char *serial = all_text(&f);
    f.threads = 3;
    kept(&f, corpus);
    CHECK_STR(all_text(&f), serial);
    fixture_close(&f);
}

/* What is left may be what was met: it goes as well. */
static void what_is_left_is_compared(struct tap *tap)
{
    const char *line[] = {"line"};
    struct fixture f;
    open_exact(&f, line, 1);
    CHECK_STR(kept(&f, "a\n%%***\n%%A.\n***\n%%b\n%%c\nb\n%%d\n%%e\n"), "<a><***><b><c><d><e>");
    f.params.dedup.same = false;
    CHECK_STR(kept(&f, "a\n%%***\n%%A.\n***\n%%b\n%%c\nb\n%%d\n%%e\n"),
              "<a><***><***><b><c><d><e>");
    CHECK_STR(lm_stage_clean.libraries(&f.params)[0], "utf8proc");
    f.params.nfc = false;
    CHECK_STR(lm_stage_clean.libraries(&f.params)[0], "utf8proc");
    f.params.dedup.exact.count = 0;
    CHECK(lm_stage_clean.libraries(&f.params)[0] == NULL);
    fixture_close(&f);
}

static const struct tap_test tests[] = {TAP_ROW(documents) TAP_ROW(paragraphs_and_lines)
                                            TAP_ROW(what_is_left_is_compared)};

LM_TEST_FILE(tests)
