#define TOP "test_report_run.tmp"
#include "report_fixture.h"

/* ---- the page ---- */

static void page_is_wellformed(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_err err = {0};
    REQUIRE(start() && run(TOP "/a", &all, &err) == LM_OK);
    check_wellformed(tap, read_output(arena, TOP "/a", "html"), 300);
    check_wellformed(tap, read_output(arena, TOP "/a", "junit"), 9);
    lm_arena_free(arena);
}

/* Nothing in the page runs, loads or leaves. */
static void page_is_self_contained(struct tap *tap)
{
    static const char *const forbidden[] = {
        "<script", "<img",   "<link",    "<iframe", "<object",     "src=",        "url(",
        "@import", "onload", "href=\"h", "<form",   "<a href=\"/", "javascript:", "data:"};
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(start() && run(TOP "/a", &all, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    REQUIRE(page != NULL);
    char *visible =
        strstr(page, "<body>"); /* the card's example holds "src=" and "onerror" as text */
    REQUIRE(visible != NULL);
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        bool is_text = strcmp(forbidden[i], "src=") == 0;
        CHECK_INT(count_of(page, forbidden[i]), is_text ? 1 : 0);
    }
    CHECK_INT(count_of(page, "&lt;img src=x onerror=alert(1)&gt;"), 1);
    CHECK(strstr(page, "default-src 'none'") != NULL);
    CHECK(strstr(page, "prefers-color-scheme:dark") != NULL);
    CHECK(strstr(page, "@media print") != NULL);
    lm_arena_free(arena);
}

/* Every drawing has a title and a description that exist, and no id occurs twice. */
static void drawings_are_described(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(start() && run(TOP "/a", &all, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    REQUIRE(page != NULL);
    size_t drawings = count_of(page, "<svg ");
    CHECK_INT(drawings, 8);
    CHECK_INT(count_of(page, "role=\"img\""), drawings);
    CHECK_INT(count_of(page, "</title><desc id="), drawings);
    CHECK_INT(count_of(page, "<desc id=\"positions-d\">From 5.50 nats with one token of context to "
                             "4.00 with up to 4.</desc>"),
              1);
    for (char *at = strstr(page, " id=\""); at != NULL; at = strstr(at + 1, " id=\"")) {
        char id[64];
        snprintf(id, sizeof id, "%.*s\"", (int)strcspn(at + 5, "\"") + 5, at);
        CHECK_INT(count_of(page, id), 1);
    }
    lm_arena_free(arena);
}

static void hostile_text_is_visible_text(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(start() && run(TOP "/a", &all, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    REQUIRE(page != NULL);
    CHECK(strstr(page, "<b class=\"x\">U+202E</b>") != NULL);
    CHECK(strstr(page, "<b class=\"x\">U+001B</b>") != NULL);
    CHECK(strstr(page, "<b class=\"x\">U+0000</b>") != NULL);
    CHECK(strstr(page, "<b class=\"x\">\\xE2</b><b class=\"x\">\\x80</b>") != NULL);
    CHECK(strstr(page, "\xe2\x80\xae") == NULL);
    CHECK(strstr(page, "&lt;script&gt;alert(1)&lt;/script&gt;") != NULL);
    CHECK(strstr(page, "tiny &amp; &lt;b&gt;bold&lt;/b&gt;") != NULL);
    CHECK(strstr(page, "\xe2\x82\xac") != NULL); /* three tokens, one character */
    CHECK(strstr(page, "end of text") != NULL);
    lm_arena_free(arena);
}

static void verdict_and_gates_are_in_words(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(start() && run(TOP "/a", &all, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    char *junit = read_output(arena, TOP "/a", "junit");
    REQUIRE(page != NULL && junit != NULL);
    CHECK(strstr(page, "<h1>The model needs 2.100 bits per byte on test text, 4.5\xc2\xa0% fewer "
                       "than a bigram model. 1 of 7 gates fails.</h1>") != NULL);
    CHECK(strstr(page, "<td>2 is at most 2.05</td>") != NULL);
    CHECK(strstr(page, "<td>2 is at most 2</td>") != NULL); /* equality passes */
    CHECK(strstr(page, "<td>0.34 is below 0.35</td>") != NULL);
    CHECK(strstr(page, "<td>3.25 is at most 3.5</td>") != NULL); /* whatever its log says */
    CHECK(strstr(page, "<td>0.95 is between 0.5 and 1</td>") != NULL);
    CHECK_INT(count_of(page, "<b class=\"und\">undecided</b>"), 1);
    CHECK_INT(count_of(page, "<b class=\"und\">skipped</b>"), 1);
    CHECK_INT(count_of(junit, " tests=\"7\" failures=\"1\" errors=\"1\" skipped=\"1\" time=\"0\""),
              2);
    CHECK_INT(count_of(junit, "<testcase "), 7);
    CHECK_INT(count_of(junit, "<failure message=\"0.34 is below 0.35\"/>"), 1);
    CHECK_INT(count_of(junit, "<error "), 1);
    CHECK_INT(count_of(junit, "<skipped "), 1);
    CHECK_INT(count_of(junit, " name=\"scores.test.acc min 0.35\" "), 1);
    lm_arena_free(arena);
}

/* ---- the tokenizer ---- */

static void tokenizer_card_is_shown(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(start() && run(TOP "/a", &all, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    char *text = read_output(arena, TOP "/a", "md");
    REQUIRE(page != NULL && text != NULL);
    CHECK(strstr(page, "<td>64 tokens, 25.0\xc2\xa0%</td>") != NULL);
    CHECK(strstr(page,
                 "<tr><th scope=\"row\">Validation</th><td class=\"n\">2,000</td>"
                 "<td class=\"n\">1.500</td><td class=\"n\">4.000</td>"
                 "<td class=\"n\">25.0\xc2\xa0%</td><td class=\"n\">0.432</td></tr>") != NULL);
    CHECK(strstr(page, "<tr><th scope=\"row\">Test</th><td class=\"n\">0</td>"
                       "<td class=\"n\">\xe2\x80\x93</td>") != NULL);
    CHECK(strstr(page, "<tr><th scope=\"row\">a&lt;b&gt;</th><td class=\"n\">1,000,000</td>") !=
          NULL);
    /* three tokens of one character, then one each; what looks like markup is text */
    CHECK(strstr(page, "<i>\xe2\x82\xac<small>3</small></i><i>&lt;</i><i>s</i><i>c</i>") != NULL);
    CHECK(strstr(page, "<i><b class=\"x\">U+202E</b><small>3</small></i><i>a</i>") != NULL);
    CHECK(strstr(page, "<i>y</i>\xe2\x80\xa6</div>") != NULL); /* cut */
    CHECK(strstr(page, "Validation, document 0123456789ab, line 3<") != NULL);
    CHECK_INT(count_of(page, "<summary>1 more</summary>"), 1);
    CHECK(strstr(page, "Bytes per held-out token") == NULL);
    CHECK(strstr(text, "| Validation | 2,000 | 1.500 | 4.000 | 25.0\xc2\xa0% | 0.432 |\n") != NULL);
    CHECK(strstr(text, "25.0\xc2\xa0% of the tokens do not occur in held-out text.") != NULL);
    lm_arena_free(arena);
}

static void tokenizer_without_its_card_or_vocabulary(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct inputs in = all;
    in.tokenizer = NULL;
    REQUIRE(start() && run(TOP "/a", &in, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    char *text = read_output(arena, TOP "/a", "md");
    REQUIRE(page != NULL && text != NULL);
    CHECK(strstr(page, "id=\"tokenizer\"") != NULL && strstr(page, "By split") == NULL);
    CHECK(strstr(text, "| tokenizer |") == NULL);
    in = all;
    in.vocab = NULL;
    REQUIRE(run(TOP "/a", &in, NULL) == LM_OK);
    page = read_output(arena, TOP "/a", "html");
    check_wellformed(tap, page, 200);
    CHECK(page != NULL && strstr(page, "<th scope=\"row\">Vocabulary</th><td>257</td>") != NULL);
    CHECK(page != NULL && strstr(page, "\xe2\x82\xac&lt;script&gt;x") != NULL);
    /* what an imported vocabulary without text has */
    static const char bare[] = "{\"vocabulary\":{\"size\":9,\"merges\":2,\"pattern\":\"gpt2\"}}";
    in.tokenizer = TOP "/tokenizer";
    REQUIRE(lm_file_write(in.tokenizer, bare, sizeof bare - 1, NULL) == LM_OK);
    REQUIRE(run(TOP "/a", &in, NULL) == LM_OK);
    page = read_output(arena, TOP "/a", "html");
    check_wellformed(tap, page, 200);
    CHECK(page != NULL && strstr(page, "<td>9</td>") != NULL && strstr(page, "By split") == NULL);
    lm_arena_free(arena);
}

/** A report shows what it is handed: other values in its inputs change nothing. */
static void gates_are_not_decided_here(struct tap *tap)
{
    static const char facts[] =
        "{\"name\":\"x\",\"gates\":[{\"name\":\"n\",\"metric\":\"scores.valid.bpb\",\"max\":9,"
        "\"value\":10,\"verdict\":\"fail\",\"why\":{\"kind\":\"above\",\"because\":\"none\","
        "\"parts\":[\"10\",\"9\"]}}],\"stages\":{}}";
    static const char wrong[] =
        "{\"name\":\"x\",\"gates\":[{\"name\":\"n\",\"metric\":\"m\","
        "\"verdict\":\"good\",\"why\":{\"kind\":\"no_items\",\"because\":\"none\","
        "\"parts\":[]}}],\"stages\":{}}";
    static const char strange[] = "{\"name\":\"x\",\"gates\":[{\"name\":\"n\",\"metric\":\"m\","
                                  "\"verdict\":\"pass\",\"why\":{\"kind\":\"of tomorrow\","
                                  "\"because\":\"none\",\"parts\":[]}}],\"stages\":{}}";
    static const char none[] = "{\"name\":\"x\",\"gates\":[],\"stages\":{}}";
    struct lm_arena *arena = lm_arena_create();
    struct lm_err err = {.status = LM_OK};
    struct inputs in = all;
    in.experiment = TOP "/facts";
    REQUIRE(start() && lm_file_write(in.experiment, facts, sizeof facts - 1, NULL) == LM_OK);
    REQUIRE(run(TOP "/a", &in, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    REQUIRE(page != NULL);
    CHECK(strstr(page, "<td>10 is above 9</td>") != NULL);
    CHECK(strstr(page, "1 of 1 gate fails") != NULL);
    REQUIRE(lm_file_write(in.experiment, wrong, sizeof wrong - 1, NULL) == LM_OK);
    CHECK(run(TOP "/b", &in, &err) == LM_FORMAT && strstr(err.text, "gate n") != NULL);
    REQUIRE(lm_file_write(in.experiment, strange, sizeof strange - 1, NULL) == LM_OK);
    CHECK(run(TOP "/b", &in, &err) == LM_FORMAT && strstr(err.text, "reason of gate n") != NULL);
    REQUIRE(lm_file_write(in.experiment, none, sizeof none - 1, NULL) == LM_OK);
    REQUIRE(run(TOP "/b", &in, NULL) == LM_OK);
    char *junit = read_output(arena, TOP "/b", "junit");
    REQUIRE(junit != NULL);
    CHECK(strstr(junit, "<testsuites name=\"lmpipe\" tests=\"0\"") != NULL);
    CHECK(strstr(junit, "<testsuite ") == NULL); /* a suite without tests is a failure to some */
    lm_arena_free(arena);
}

/* ---- the other files ---- */

static void markdown_is_safe_and_small(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(start() && run(TOP "/a", &all, NULL) == LM_OK);
    char *text = read_output(arena, TOP "/a", "md");
    REQUIRE(text != NULL);
    CHECK(strlen(text) < 60000);
    CHECK(strstr(text, "<script") == NULL && strstr(text, "\n::") == NULL);
    CHECK(strstr(text, "\xe2\x80\xae") == NULL && strstr(text, "\x1b") == NULL);
    CHECK(strstr(text, "**The model needs 2.100 bits per byte") != NULL);
    CHECK(strstr(text, "| scores.valid.bpb max 2 | ") != NULL);
    CHECK(strstr(text, "### tiny &#38; &#60;b&#62;bold&#60;&#47;b&#62;\n") != NULL);
    CHECK(strstr(text, "other&#39;s has") != NULL); /* escaped once */
    CHECK(strstr(text, "- Training loss `\xe2\x96\x88") != NULL);
    CHECK_INT(count_of(text, "<details>"), count_of(text, "</details>"));
    lm_arena_free(arena);
}

static void json_holds_the_numbers(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_json *root = NULL;
    REQUIRE(start() && run(TOP "/a", &all, NULL) == LM_OK);
    char *text = read_output(arena, TOP "/a", "json");
    REQUIRE(text != NULL && lm_json_parse(&root, text, strlen(text), NULL) == LM_OK);
    CHECK_NEAR(lm_json_double(lm_json_get(lm_json_get(root, "scores"), "valid.bpb"), 0), 2, 0);
    CHECK_INT(lm_json_count(lm_json_get(root, "gates")), 7);
    const struct lm_json *loss = lm_json_get(lm_json_get(root, "training"), "loss");
    CHECK_INT(lm_json_count(lm_json_get(loss, "mean")), 8);
    CHECK_NEAR(lm_json_double(lm_json_at(lm_json_get(loss, "mean"), 7), 0), 3.75, 0);
    CHECK_INT(lm_json_count(lm_json_get(root, "samples")), 3);
    const struct lm_json *held_out = lm_json_get(lm_json_get(root, "tokenizer"), "held_out");
    CHECK_INT(lm_json_count(lm_json_get(held_out, "worst_lines")), 5);
    lm_json_free(root);
    lm_arena_free(arena);
}

/* ---- sizes ---- */

static bool write_long_log(const char *path, int lines)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    for (int i = 1; i <= lines; i++)
        lm_buf_printf(&out,
                      "{\"step\":%d,\"tokens\":%d,\"loss\":%d.5,\"lr\":0.001,\"grad_norm\":%d}\n",
                      i, i * 1024, 9 - 6 * i / lines, i % 7 == 0 ? 9 : 1);
    bool is_done = lm_file_write(path, out.data, out.size, NULL) == LM_OK;
    lm_buf_release(&out);
    return is_done;
}

static bool write_many_samples(const char *path)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_buf_puts(&out, "{\"kind\":\"method\",\"name\":\"m\",\"temperature\":1}\n");
    for (int i = 0; i < 50; i++) { /* one line of 10 kB each */
        lm_buf_puts(
            &out, "{\"kind\":\"sample\",\"method\":\"m\",\"prompt\":{\"source\":\"unconditional\","
                  "\"ids\":[],\"text\":\"\"},\"ids\":[60],\"nll\":[1],\"text\":\"");
        for (int k = 0; k < 10000; k++)
            lm_buf_putc(&out, k % 2 ? 'w' : '<');
        lm_buf_puts(&out, "\",\"end\":\"length\"}\n");
    }
    bool is_done = lm_file_write(path, out.data, out.size, NULL) == LM_OK;
    lm_buf_release(&out);
    return is_done;
}

static void size_does_not_follow_the_log(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct inputs in = all;
    in.log = TOP "/log";
    REQUIRE(start() && write_long_log(TOP "/log", 20000) && run(TOP "/a", &in, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    check_wellformed(tap, page, 300);
    CHECK(page != NULL && strlen(page) < 150000);
    CHECK(page != NULL && strstr(page, "2,857 of 20,000 logged steps were clipped.") != NULL);
    lm_arena_free(arena);
}

static void markdown_leaves_out_what_does_not_fit(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct inputs in = all;
    in.samples = TOP "/samples";
    REQUIRE(start() && write_many_samples(TOP "/samples") && run(TOP "/a", &in, NULL) == LM_OK);
    char *text = read_output(arena, TOP "/a", "md");
    REQUIRE(text != NULL);
    CHECK(strlen(text) > 20000 && strlen(text) <= 60000);
    CHECK(strstr(text, " more samples are on the page.\n") != NULL);
    CHECK_INT(count_of(text, "<pre>"), count_of(text, "</pre>"));
    lm_arena_free(arena);
}

/* 100 gates with reasons of a kilobyte, 200 samples, names of many signs: the summary of a job
 * takes it, what failed is in it, and what is not is counted. */
static void markdown_holds_hostile_sizes(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct inputs in = all;
    struct lm_buf facts, samples;
    char long_text[3001];
    memset(long_text, '@', 3000);
    long_text[3000] = '\0';
    lm_buf_init(&facts, 0);
    lm_buf_init(&samples, 0);
    lm_buf_printf(&facts, "{\"name\":\"%s\",\"description\":\"%s\",\"gates\":[", long_text,
                  long_text);
    for (int i = 0; i < 100; i++)
        lm_buf_printf(&facts,
                      "%s{\"name\":\"g%d %.200s\",\"metric\":\"m\",\"verdict\":\"%s\",\"why\":{"
                      "\"kind\":\"failed\",\"because\":\"none\",\"parts\":[\"%.900s\"]}}",
                      i > 0 ? "," : "", i, long_text, i == 99 ? "fail" : "pass", long_text);
    lm_buf_printf(
        &facts,
        "],\"in\":{\"log\":[\"%s.log\"]},\"stages\":{\"%s\":{\"uses\":\"train\",\"seed\":1,"
        "\"params\":{\"preset\":\"%s\",\"lr\":1}}}}",
        long_text, long_text, long_text);
    lm_buf_printf(&samples, "{\"kind\":\"method\",\"name\":\"%s\",\"temperature\":1}\n", long_text);
    for (int i = 0; i < 200; i++)
        lm_buf_printf(
            &samples,
            "{\"kind\":\"sample\",\"method\":\"%s\",\"prompt\":{\"source\":\"spec\",\"ids\":[],"
            "\"text\":\"%s\"},\"ids\":[60],\"nll\":[1],\"text\":\"#%d\",\"end\":\"length\"}\n",
            long_text, long_text, i);
    in.experiment = TOP "/facts";
    in.samples = TOP "/samples";
    REQUIRE(start() && lm_file_write(in.experiment, facts.data, facts.size, NULL) == LM_OK &&
            lm_file_write(in.samples, samples.data, samples.size, NULL) == LM_OK);
    REQUIRE(run(TOP "/a", &in, NULL) == LM_OK);
    char *text = read_output(arena, TOP "/a", "md");
    REQUIRE(text != NULL);
    CHECK(strlen(text) <= 60000);
    CHECK_INT(lm_utf8_valid_prefix((const uint8_t *)text, strlen(text)), strlen(text));
    CHECK(strstr(text, "| g99 ") != NULL);
    CHECK(strstr(text, " more gates are on the page.") != NULL);
    CHECK(strstr(text, " more samples are on the page.") != NULL);
    CHECK_INT(count_of(text, "<pre>"), count_of(text, "</pre>"));
    check_wellformed(tap, read_output(arena, TOP "/a", "html"), 300);
    lm_buf_release(&facts);
    lm_buf_release(&samples);
    lm_arena_free(arena);
}

/* Fifths of equally many documents by length; too few of them give nothing. */
static void loss_by_length(struct tap *tap)
{
    static const char curves[] =
        "{\"test\":{\"positions\":[{\"from\":1,\"to\":1,\"tokens\":9,\"nll\":3}]}}";
    struct lm_arena *arena = lm_arena_create();
    struct inputs in = {.scores = DATA "/scores.json", .items = TOP "/items"};
    struct lm_buf lines;
    lm_buf_init(&lines, 0);
    for (int i = 0; i < 25;
         i++) /* longest first; the longest fifth costs 2 bits a byte, others 1 */
        lm_buf_printf(&lines,
                      "{\"id\":\"%02d\",\"group\":null,\"score\":null,\"nll\":%.17g,\"bytes\":%d,"
                      "\"choice\":null,\"tie\":null}\n",
                      i, (i < 5 ? 2 : 1) * 0.69314718055994530942 * (2500 - 100 * i),
                      2500 - 100 * i);
    REQUIRE(start() && lm_dir_create(TOP "/items", NULL) == LM_OK &&
            lm_file_write(TOP "/items/curves.json", curves, sizeof curves - 1, NULL) == LM_OK &&
            lm_file_write(TOP "/items/test.jsonl", lines.data, lines.size, NULL) == LM_OK);
    REQUIRE(run(TOP "/a", &in, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    check_wellformed(tap, page, 80);
    CHECK(strstr(page, "1.000 bits per byte for the shortest fifth of the documents, 2.000 for the "
                       "longest (Test).") != NULL);
    CHECK(strstr(page, "<tr><td class=\"n\">2,100</td><td class=\"n\">2,500</td><td class=\"n\">5"
                       "</td><td class=\"n\">2.000</td></tr>") != NULL);
    REQUIRE(lm_file_write(TOP "/items/test.jsonl", lines.data, lines.size / 2, NULL) == LM_OK);
    struct lm_err err = {0};
    CHECK(run(TOP "/b", &in, &err) == LM_FORMAT && strstr(err.text, "items/test.jsonl") != NULL);
    size_t half = 0;
    for (int i = 0; i < 12; i++)
        half = (size_t)(strchr(lines.data + half, '\n') - lines.data) + 1;
    REQUIRE(lm_file_write(TOP "/items/test.jsonl", lines.data, half, NULL) == LM_OK);
    REQUIRE(run(TOP "/b", &in, NULL) == LM_OK);
    CHECK(strstr(read_output(arena, TOP "/b", "html"), "Loss by document length") == NULL);
    lm_buf_release(&lines);
    lm_arena_free(arena);
}

/* A model that writes nothing but line ends does not fill pages; a few stay as they are. */
static void line_ends_are_counted(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct inputs in = all;
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_buf_puts(&out, "{\"kind\":\"method\",\"name\":\"m\",\"temperature\":1}\n");
    for (int low = 0; low < 2; low++) { /* expected line ends, and surprising ones */
        lm_buf_puts(&out, "{\"kind\":\"sample\",\"method\":\"m\",\"prompt\":{\"source\":"
                          "\"unconditional\",\"ids\":[],\"text\":\"\"},\"ids\":[97,10,10,98");
        for (int k = 0; k < 200; k++)
            lm_buf_puts(&out, ",10");
        lm_buf_puts(&out, "],\"nll\":[0,0,0,0");
        for (int k = 0; k < 200; k++)
            lm_buf_puts(&out, low ? ",0.1" : ",9");
        lm_buf_puts(&out, "],\"text\":\"\",\"end\":\"length\"}\n");
    }
    in.samples = TOP "/samples";
    REQUIRE(start() && lm_file_write(in.samples, out.data, out.size, NULL) == LM_OK);
    REQUIRE(run(TOP "/a", &in, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    CHECK_INT(count_of(page, "<b class=\"x\">200 line ends</b>"), 2);
    CHECK_INT(count_of(page, "a\n\nb<b class=\"x\">200 line ends</b>\n"), 1);
    CHECK(strstr(page, "\n\n\n\n") == NULL);
    check_wellformed(tap, page, 300);
    lm_buf_release(&out);
    lm_arena_free(arena);
}

/* Whatever scrolls can take the focus of a keyboard. */
static void scrolling_blocks_take_focus(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(start() && run(TOP "/a", &all, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    static const char *const scrolling[] = {"class=\"wide\"", "class=\"text\"",
                                            "class=\"text cut\"", "class=\"sample text\""};
    for (size_t i = 0; i < sizeof scrolling / sizeof scrolling[0]; i++)
        for (char *at = strstr(page, scrolling[i]); at != NULL; at = strstr(at + 1, scrolling[i]))
            CHECK(strncmp(at + strlen(scrolling[i]), " tabindex=\"0\"", 13) == 0);
    lm_arena_free(arena);
}

/* ---- what may be missing, what may be broken ---- */

static void scores_alone_are_enough(struct tap *tap)
{
    const struct inputs least = {.scores = DATA "/scores.json"};
    struct lm_arena *arena = lm_arena_create();
    struct lm_err err = {0};
    REQUIRE(start() && run(TOP "/a", &least, &err) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    check_wellformed(tap, page, 50);
    CHECK(page != NULL && strstr(page, "id=\"samples\"") == NULL);
    CHECK(page != NULL && strstr(page, "<h1>The model needs 2.100 bits per byte") != NULL);
    check_wellformed(tap, read_output(arena, TOP "/a", "junit"), 1);
    lm_arena_free(arena);
}

static void works_without_a_vocabulary(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct inputs in = all;
    in.vocab = NULL;
    REQUIRE(start() && run(TOP "/a", &in, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    check_wellformed(tap, page, 200);
    CHECK(page != NULL && strstr(page, "&lt;script&gt;abc") != NULL);
    lm_arena_free(arena);
}

/* What a method wrote is said where it shows nothing. */
static void white_space_is_said(struct tap *tap)
{
    static const char text[] =
        "{\"kind\":\"method\",\"name\":\"one\",\"temperature\":0}\n"
        "{\"kind\":\"method\",\"name\":\"two\",\"temperature\":1}\n"
        "{\"kind\":\"sample\",\"method\":\"one\",\"sample\":0,\"prompt\":{\"source\":\"spec\","
        "\"ids\":[72],"
        "\"text\":\"H\"},\"ids\":[32,10],\"nll\":[1,1],\"text\":\" \\n\",\"end\":\"length\"}\n"
        "{\"kind\":\"sample\",\"method\":\"two\",\"sample\":0,\"prompt\":{\"source\":\"spec\","
        "\"ids\":[72],"
        "\"text\":\"H\"},\"ids\":[32,105],\"nll\":[1,1],\"text\":\" i\",\"end\":\"length\"}\n";
    struct lm_arena *arena = lm_arena_create();
    struct inputs in = all;
    in.samples = TOP "/samples";
    REQUIRE(start() && lm_file_write(TOP "/samples", text, sizeof text - 1, NULL) == LM_OK);
    REQUIRE(run(TOP "/a", &in, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    REQUIRE(page != NULL);
    CHECK(strstr(page, "<td dir=\"auto\"><i>white space alone</i></td><td dir=\"auto\"> i</td>"));
    lm_arena_free(arena);
}

static void names_the_broken_line(struct tap *tap)
{
    struct lm_err err = {0};
    struct inputs in = all;
    in.log = TOP "/log";
    REQUIRE(start());
    REQUIRE(lm_file_write(TOP "/log", "{\"step\":1}\n{\"step\":\n", 20, NULL) == LM_OK);
    CHECK_INT(run(TOP "/a", &in, &err), LM_FORMAT);
    CHECK(strncmp(err.text, "log, line 2: ", 13) == 0);
}

/* ---- determinism ---- */

/* Bytes of this version: other bytes mean another lm_stage_report.version. */
static void golden_bytes(struct tap *tap)
{
    static const char *const golden[OUTPUTS] = {
        "53aabbeb49c2b2ea12667547e0cf38f55454cd84fd77931829179b6da00b6275",
        "77bed6ff3f0000fb5729c38f3559289ddc19b5762469d14d10f5d1965585bfa9",
        "6fd94aa7a32cb2f12ffa8c7b3fd39151bc22acf659ad0d6bbe7570afa0b57a29",
        "29285a57e143162e29af08b71c8b59f0e28f7b98547850b0d8655f3f83fe0a7a"};
    REQUIRE(start() && run(TOP "/a", &all, NULL) == LM_OK && run(TOP "/b", &all, NULL) == LM_OK);
    for (size_t i = 0; i < OUTPUTS; i++) {
        char path[100], hex[2][LM_DIGEST_HEX];
        for (size_t k = 0; k < 2; k++) {
            struct lm_digest digest;
            snprintf(path, sizeof path, TOP "/%c/out/%s", "ab"[k], outputs[i]);
            REQUIRE(lm_sha256_file(&digest, NULL, path, NULL) == LM_OK);
            lm_digest_hex(hex[k], &digest);
        }
        CHECK_STR(hex[1], hex[0]);
        CHECK_STR(hex[0], golden[i]);
    }
}

/* ---- objectives on examples ---- */

static const struct inputs classified = {.scores = DATA "/classify/scores.json",
                                         .items = DATA "/classify/items"};
static const struct inputs translated = {.scores = DATA "/translate/scores.json",
                                         .items = DATA "/translate/items"};
static const struct inputs compared = {.scores = DATA "/similar/scores.json",
                                       .items = DATA "/similar/items"};

/* The outputs for `in`; html has been checked for being well-formed and harmless. */
struct written {
    char *html, *md, *json;
};

static void write_objective(struct tap *tap, struct written *out, struct lm_arena *arena,
                            const struct inputs *in)
{
    struct lm_err err = {0};
    *out = (struct written){NULL, NULL, NULL};
    REQUIRE(start() && run(TOP "/o", in, &err) == LM_OK);
    *out =
        (struct written){read_output(arena, TOP "/o", "html"), read_output(arena, TOP "/o", "md"),
                         read_output(arena, TOP "/o", "json")};
    check_wellformed(tap, out->html, 40);
    check_wellformed(tap, read_output(arena, TOP "/o", "junit"), 1);
    REQUIRE(out->html != NULL && out->md != NULL && out->json != NULL);
    const char *const files[] = {out->html, out->md};
    for (size_t i = 0; i < 2; i++) {
        CHECK(strstr(files[i], "<script") == NULL && strstr(files[i], "<img") == NULL);
        CHECK(strstr(files[i], "\xe2\x80\xae") == NULL && strstr(files[i], "\xe2\x81\xa6") == NULL);
        CHECK(strstr(files[i], "bits/byte") == NULL && strstr(files[i], "n/a") == NULL);
    }
}

static void labels_are_shown(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct written out;
    write_objective(tap, &out, arena, &classified);
    REQUIRE(out.html != NULL);
    CHECK(strstr(out.html,
                 "<h1>The classifier&#39;s accuracy is 70.0\xc2\xa0% on 20 test examples "
                 "(95\xc2\xa0% confidence interval 48.1\xc2\xa0%\xe2\x80\x93"
                 "85.5\xc2\xa0%), above the most frequent label (40.0\xc2\xa0%).</h1>") != NULL);
    CHECK(strstr(out.html, "<tr><th scope=\"row\">positive</th><td class=\"n\"><b>6</b></td>"
                           "<td class=\"n\">1</td><td class=\"n\">1</td></tr>") != NULL);
    CHECK(strstr(out.html, "&lt;b&gt;mixed&lt;/b&gt;") != NULL);
    CHECK(strstr(out.html, "style=\"left:48.10%;width:37.35%\"") != NULL);
    /* wrong ones only, of the split of the confusion, the surest first: e^-2 */
    CHECK_INT(count_of(out.html, "has a probability of "), 6);
    CHECK(strstr(out.html, "6 of 6, Test") != NULL);
    const char *first = strstr(out.html, "has a probability of ");
    CHECK(first != NULL && strncmp(first + 21, "13.5\xc2\xa0%", 7) == 0);
    CHECK(strstr(out.html, "of the other split") == NULL);
    /* what is behind a NUL, and a long text cut between characters */
    CHECK(strstr(out.html, "before<b class=\"x\">U+0000</b>behind <b class=\"x\">U+202E</b>") !=
          NULL);
    CHECK(strstr(out.html, "\xe2\x80\xa6</div>") != NULL && strlen(out.html) < 60000);
    CHECK(strstr(out.md, "| Accuracy | 100.0\xc2\xa0% (70.1\xc2\xa0%\xe2\x80\x93"
                         "100.0\xc2\xa0%) | "
                         "70.0\xc2\xa0% (48.1\xc2\xa0%\xe2\x80\x93"
                         "85.5\xc2\xa0%) |\n") != NULL);
    CHECK(strstr(out.md,
                 "| label, Test; predicted&#58; | positive | &#60;b&#62;mixed&#60;&#47;b&#62; | "
                 "neg&#124;ative&#91;U+202E&#93; |\n|---|---:|---:|---:|\n| positive | 6 | 1 | 1 "
                 "|\n") != NULL);
    lm_arena_free(arena);
}

static void answers_are_shown(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct written out;
    write_objective(tap, &out, arena, &translated);
    REQUIRE(out.html != NULL);
    CHECK(strstr(out.html, "4 examples are too few to compare it with the source copied.</h1>") !=
          NULL);
    CHECK(strstr(out.html, "the first 4 of 4, Test, not chosen") != NULL);
    CHECK_INT(count_of(out.html, "<th scope=\"row\" class=\"w\">Reference</th>"), 4);
    CHECK(strstr(out.html, "Ein Hund l\xc3\xa4uft im Schnee.") != NULL);
    CHECK(strstr(out.html, "&lt;img src=x") != NULL);
    CHECK(strstr(out.html, "style=\"width:51.65%\"") != NULL); /* the interval's end is full */
    lm_arena_free(arena);
}

static void pairs_are_shown(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct written out;
    write_objective(tap, &out, arena, &compared);
    REQUIRE(out.html != NULL);
    CHECK(strstr(out.html, ", below words in common (0.574).</h1>") != NULL);
    CHECK(strstr(out.html, "8 of 8 pairs, Validation") != NULL);
    /* places: of equal scores the mean; worst is score 1 (6.5 of 0…7) with the third cosine */
    const char *worst = strstr(out.html, "<h4>People ");
    CHECK(worst != NULL &&
          strncmp(worst,
                  "<h4>People 5 <span>above 86\xc2\xa0% of the pairs</span>, cosine 0.200 "
                  "<span>above 14\xc2\xa0%</span></h4>",
                  60) == 0);
    CHECK(strstr(out.html, "People 1 <span>above 7\xc2\xa0% of the pairs</span>, cosine 0.850 "
                           "<span>above 71\xc2\xa0%</span>") != NULL);
    CHECK(strstr(out.html, "style=\"left:0.00%;width:50.00%\"") != NULL); /* from below nothing */
    lm_arena_free(arena);
}

/* Text and examples side by side: each from its own split, the verdict of the text. */
static void examples_beside_text(struct tap *tap)
{
    static const char scores[] =
        "{\"valid.bpb\":2,\"valid.examples\":9,\"valid.accuracy\":1,\"test.examples\":20,"
        "\"test.accuracy\":0.7,\"test.confusion.0.0\":6,\"valid.confusion.0.0\":3}";
    struct lm_arena *arena = lm_arena_create();
    const struct inputs in = {.scores = TOP "/scores", .items = DATA "/classify/items"};
    REQUIRE(start() && lm_file_write(in.scores, scores, sizeof scores - 1, NULL) == LM_OK);
    REQUIRE(run(TOP "/o", &in, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/o", "html");
    check_wellformed(tap, page, 60);
    REQUIRE(page != NULL);
    CHECK(strstr(page, "<h1>The model needs 2.000 bits per byte on validation text.</h1>") != NULL);
    CHECK(strstr(page, "6 of 6, Test") != NULL);
    CHECK(strstr(page, "<b>70.0\xc2\xa0%<small>") != NULL); /* the tile */
    lm_arena_free(arena);
}

/* Items of another shape than evaluate writes are passed over, not trusted. */
static void odd_items_do_no_harm(struct tap *tap)
{
    static const char *const files[][2] = {
        {"{\"objective\":7,\"labels\":{\"a\":1}}", "[]\n7\nnull\n{\"gold\":\"x\"}\n"},
        {"[]", "{\"gold\":-5,\"predicted\":99,\"nll\":-1e9,\"text\":[]}\n"},
        {"{\"labels\":[1,null]}",
         "{\"gold\":1e300,\"predicted\":0,\"nll\":1e300,\"text\":\"x\"}\n"},
    };

    struct lm_arena *arena = lm_arena_create();
    const char *const scores[] = {DATA "/classify/scores.json", DATA "/translate/scores.json",
                                  DATA "/similar/scores.json"};
    REQUIRE(start() && lm_dir_create(TOP "/items", NULL) == LM_OK);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        for (size_t k = 0; k < 3; k++) {
            const struct inputs in = {.scores = scores[k], .items = TOP "/items"};
            const char *about = files[i][0], *lines = files[i][1];
            REQUIRE(lm_file_write(TOP "/items/examples.json", about, strlen(about), NULL) == LM_OK);
            REQUIRE(lm_file_write(TOP "/items/examples.test.jsonl", lines, strlen(lines), NULL) ==
                    LM_OK);
            REQUIRE(lm_file_write(TOP "/items/examples.valid.jsonl", lines, strlen(lines), NULL) ==
                    LM_OK);
            CHECK_INT(run(TOP "/o", &in, NULL), LM_OK);
            check_wellformed(tap, read_output(arena, TOP "/o", "html"), 30);
        }
    lm_arena_free(arena);
}

/* Bytes of this version of the pages of objectives. */
static void golden_objectives(struct tap *tap)
{
    static const struct {
        const struct inputs *in;
        const char *digests[OUTPUTS - 1]; /* html, md, json */
    } cases[] = {
        {&classified,
         {"48e73063ea00b7ef85650c3de952398089340c7684405f704f5371cbb4a7e059",
          "b2450a4c3228d10a45e748c4c59a3f84654e6e1936d59f185f84315d3b038a73",
          "921928ca1e0109e50b7b931a11b47b691c608bc53925201d0820be6dc9cec3a1"}},
        {&translated,
         {"a76284ed2a325fdac17f3f372b96b8b495a304042cc47024bd2a0959e98d8b06",
          "b29207adce5bb49739f447e984563ce4415f3261c34dfff4c0ac591d2fc68ae1",
          "dee476977d22d2a4fbaaa293900b92832779cf232858230ae27f13bc121560c1"}},
        {&compared,
         {"b6ccb2a2166464cb9b045165aa91039cc4a59736edfe50d307988dd92069a95a",
          "4325c942420ca7250c1428271ee336b4f91081037f0e753a1a17bd0d2bea03d7",
          "c2abe76d439ea7523743a15d3c5bc0c495eb7af2cdcc1fb2f495e74b7f76f7c7"}},
    };

    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        REQUIRE(start() && run(TOP "/o", cases[k].in, NULL) == LM_OK);
        for (size_t i = 0; i < OUTPUTS - 1; i++) {
            char path[100], hex[LM_DIGEST_HEX];
            struct lm_digest digest;
            snprintf(path, sizeof path, TOP "/o/out/%s", outputs[i]);
            REQUIRE(lm_sha256_file(&digest, NULL, path, NULL) == LM_OK);
            lm_digest_hex(hex, &digest);
            CHECK_STR(hex, cases[k].digests[i]);
        }
    }
}

static const struct tap_test tests[] = {
    TAP_ROW(page_is_wellformed) TAP_ROW(page_is_self_contained) TAP_ROW(drawings_are_described)
        TAP_ROW(hostile_text_is_visible_text) TAP_ROW(verdict_and_gates_are_in_words)
            TAP_ROW(tokenizer_card_is_shown) TAP_ROW(tokenizer_without_its_card_or_vocabulary)
                TAP_ROW(gates_are_not_decided_here) TAP_ROW(markdown_is_safe_and_small)
                    TAP_ROW(json_holds_the_numbers) TAP_ROW(size_does_not_follow_the_log) TAP_ROW(
                        markdown_leaves_out_what_does_not_fit) TAP_ROW(markdown_holds_hostile_sizes)
                        TAP_ROW(loss_by_length) TAP_ROW(line_ends_are_counted)
                            TAP_ROW(scrolling_blocks_take_focus) TAP_ROW(scores_alone_are_enough)
                                TAP_ROW(works_without_a_vocabulary) TAP_ROW(white_space_is_said)
                                    TAP_ROW(names_the_broken_line)

                                        TAP_ROW(golden_bytes) TAP_ROW(labels_are_shown)
                                            TAP_ROW(answers_are_shown) TAP_ROW(pairs_are_shown)

                                                TAP_ROW(examples_beside_text)
                                                    TAP_ROW(odd_items_do_no_harm)
                                                        TAP_ROW(golden_objectives)};
LM_TEST_FILE(tests)
