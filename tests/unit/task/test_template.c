#include "task/template.h"

#include "tap.h"

struct filling {
    struct tap *tap;
    struct lm_arena *arena;
    const char *template, *want;
    bool is_list;
};

/* The texts joined by "|", or what is wrong. */
static enum lm_status fill_row(void *user, const struct lm_row *row, struct lm_err *err)
{
    struct filling *filling = user;
    struct tap *tap = filling->tap;
    struct lm_diag_list diags = {.arena = filling->arena};
    struct lm_template template;
    struct lm_text one, *texts = &one;
    size_t count = 1;
    const struct lm_origin at = {.file = "t.yaml", .line = 3, .column = 5};
    if (!lm_template_parse(&template, filling->arena, filling->template, &at, "f", &diags)) {
        CHECK_STR(diags.items[0].text, filling->want);
        CHECK_INT(diags.items[0].line, 3);
        return LM_OK;
    }
    enum lm_status status =
        filling->is_list
            ? lm_template_fill_list(&texts, &count, filling->arena, &template, row, err)
            : lm_template_fill(&one, filling->arena, &template, row, err);
    char shown[400] = "";
    for (size_t i = 0; status == LM_OK && i < count; i++)
        snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "%s%s", i > 0 ? "|" : "",
                 texts[i].data);
    CHECK_STR(status == LM_OK ? shown : err->text, filling->want);
    return LM_OK;
}

static void check_fill(struct tap *tap, const char *template, bool is_list, const char *want)
{
    static const char text[] =
        "{\"text\":\"I don't care about  signs "
        "\\n\",\"one\":\"w\",\"zh\":\"\xe6\x98\xa5\xe7\x9c\xa0"
        "\xe4\xb8\x8d\xe8\xa7\x89\xe6\x99\x93\xe3\x80\x80\",\"empty\":\"\",\"n\":2,\"zero\":\"0\","
        "\"l\":[\"a\",\"b\"],\"k\":[1],\"none\":[],\"bad\":[{}],\"m\":{\"x\":\"deep\"},"
        "\"marks\":\"Sie ging \xe6\x98\xa5\xe3\x80\x82\xe2\x80\x9d) \",\"lines\":\"a\\r\\nb\"}";
    struct lm_err err = {.status = LM_OK};
    struct filling filling = {tap, lm_arena_create(), template, want, is_list};
    const struct lm_row_source source = {
        .file = "f", .data = text, .size = sizeof text - 1, .format = LM_ROWS_JSONL};
    CHECK(lm_rows_read(&source, filling.arena, fill_row, &filling, &err) == LM_OK);
    lm_arena_free(filling.arena);
}

static void test_fill(struct tap *tap)
{
    check_fill(tap, "", false, "");
    check_fill(tap, "Q: {one}\nA:", false, "Q: w\nA:");
    check_fill(tap, "{{{one}}} {n} {m.x} {l.1}", false, "{w} 2 deep b");
    check_fill(tap, " {text|last_word}", false, " signs");
    check_fill(tap, "{text|without_last_word}", false, "I don't care about");
    check_fill(tap, "{one|without_last_word}", false, "");
    check_fill(tap, "{zh|last_char}/{zh|without_last_char}", false,
               "\xe6\x99\x93/\xe6\x98\xa5\xe7\x9c\xa0\xe4\xb8\x8d\xe8\xa7\x89");
    check_fill(tap, "[{text|strip}][{lines|first_line}][{text|last_word|last_char}]", false,
               "[I don't care about  signs][a][s]");
    check_fill(tap, "{n|from_one}", false, "1");
    check_fill(tap, "[{marks|without_end_marks}][{marks|without_end_marks|last_char}]", false,
               "[Sie ging \xe6\x98\xa5][\xe6\x98\xa5]");
    check_fill(tap, "{_file}", false, "f");
}

static void test_fill_fails(struct tap *tap)
{
    check_fill(tap, "{tex}", false, "tex: there is no such field; did you mean 'text'?");
    check_fill(tap, "{l}", false, "l: a list where one text is expected; take one of it: {l.0}");
    check_fill(tap, "{m}", false, "m: a mapping; name a field of it: {m.NAME}");
    check_fill(tap, "{empty|last_word}", false, "empty: nothing to cut by last_word");
    check_fill(tap, "{zero|from_one}", false, "zero: nothing to cut by from_one");
    check_fill(tap, "{one|from_one}", false, "one: nothing to cut by from_one");
}

static void test_fill_list(struct tap *tap)
{
    check_fill(tap, " {l}.", true, " a.| b.");
    check_fill(tap, "{one} {l|last_char}", true, "w a|w b");
    check_fill(tap, "{one}", true, "w");
    check_fill(tap, "{l} {k}", true, "k: a second list in one text; name one alone");
    check_fill(tap, "{none}", true, "none: a list of 0; 1 to 1000 are allowed");
    check_fill(tap, "{bad}", true, "bad: an element that is no text; bad must be a list of texts");
}

static void test_parse_fails(struct tap *tap)
{
    check_fill(tap, "a {one", false, "a { without a }; write {{ for a brace");
    check_fill(tap, "a {one {n}", false, "a { without a }; write {{ for a brace");
    check_fill(tap, "a } b", false, "a } without a {; write }} for a brace");
    check_fill(tap, "{}", false,
               "no field stands between { and }; name one, or write {{ for a brace");
    check_fill(tap, "{one|last_wrd}", false,
               "no cut is called 'last_wrd'; did you mean 'last_word'?");
    check_fill(tap, "{one|strip|strip|strip|strip|strip|strip|strip|strip|strip}", false,
               "more than 8 cuts of one field; leave some out");
}

static void test_constant(struct tap *tap)
{
    static const struct {
        const char *text;
        bool is_constant;
    } rows[] = {{"", true}, {"0", true}, {"{{x}}", true}, {"{x}", false}, {"a{x}", false}};
    struct lm_arena *arena = lm_arena_create();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_template template;
        struct lm_diag_list diags = {.arena = arena};
        const struct lm_origin at = {.file = NULL};
        CHECK(lm_template_parse(&template, arena, rows[i].text, &at, "f", &diags));
        CHECK(lm_template_is_constant(&template) == rows[i].is_constant);
    }
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {
    {"fill", test_fill},           {"fill_fails", test_fill_fails},
    {"fill_list", test_fill_list}, {"parse_fails", test_parse_fails},
    {"constant", test_constant},
};

LM_TEST_FILE(tests)
